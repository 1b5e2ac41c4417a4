//! The proxy of an API server, chosen as in kubectl: `proxy-url` of the cluster, else the environment, interpreted as
//! in Go's net/http (golang.org/x/net/http/httpproxy).
//!
//! curl interprets the same variables differently: it supports `ALL_PROXY`, but no `*.example.org` and no ports, and
//! `.example.org` also matches the host itself.

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tower::BoxError;

/// Finds the proxy of a server, `None` where it is reached directly; `get` reads a variable of the environment.
///
/// # Errors
/// Fails with the place of an invalid address: the server is not contacted directly against the user's setting.
pub(super) fn proxy(
    told: Option<&Uri>,
    server: &Uri,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Option<Intercept>, &'static str> {
    let (place, address) = match told {
        Some(told) => ("proxy-url of the kubeconfig", told.to_string()),
        None => match from_environment(server, get) {
            Some(address) if server.scheme_str() == Some("https") => ("HTTPS_PROXY", address),
            Some(address) => ("HTTP_PROXY", address),
            None => return Ok(None),
        },
    };
    Matcher::builder().all(address).build().intercept(server).map(Some).ok_or(place)
}

fn from_environment(server: &Uri, get: impl Fn(&str) -> Option<String>) -> Option<String> {
    let any = |names: [&str; 2]| names.into_iter().filter_map(&get).find(|value| !value.is_empty());
    let is_secure = server.scheme_str() == Some("https");
    let proxy = if is_secure { any(["HTTPS_PROXY", "https_proxy"]) } else { any(["HTTP_PROXY", "http_proxy"]) }?;
    // In a CGI program, a client sets HTTP_PROXY through a header.
    if !is_secure && get("REQUEST_METHOD").is_some_and(|method| !method.is_empty()) {
        return None;
    }
    let port = server.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let host = server.host().unwrap_or_default();
    let none = any(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    (!is_direct(host, port, &none)).then_some(proxy)
}

/// Tells whether a host is reached without a proxy: this machine always, and those that `NO_PROXY` names.
fn is_direct(host: &str, port: u16, none: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    none.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        if entry == "*" {
            return true;
        }
        if let Some((network, length)) = entry.split_once('/') {
            return address.is_some_and(|address| is_within(address, network, length));
        }
        // An IPv6 address contains colons.
        let (name, own_port) = match entry.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
            Some((name, port)) => (name, Some(port)),
            None if entry.matches(':').count() == 1 => {
                entry.split_once(':').map_or((entry.as_str(), None), |(name, port)| (name, Some(port)))
            }
            None => (entry.trim_start_matches('[').trim_end_matches(']'), None),
        };
        if name.is_empty() || own_port.is_some_and(|own| own != port.to_string()) {
            return false;
        }
        if let Ok(named) = name.parse::<IpAddr>() {
            return address == Some(named);
        }
        match name.strip_prefix("*.").or_else(|| name.strip_prefix('.')) {
            Some(domain) => host.ends_with(&format!(".{domain}")),
            None => host == name || host.ends_with(&format!(".{name}")),
        }
    })
}

/// Tells whether an address is in a network in CIDR notation.
fn is_within(address: IpAddr, network: &str, length: &str) -> bool {
    let Ok(length) = length.parse::<u32>() else { return false };
    match (address, network.parse::<IpAddr>()) {
        (IpAddr::V4(address), Ok(IpAddr::V4(network))) if length <= 32 => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or_default();
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), Ok(IpAddr::V6(network))) if length <= 128 => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(length)).unwrap_or_default();
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

/// Connects to a proxy in the place of a server that speaks plain HTTP: the proxy then gets the whole address, because
/// many tunnel only to the port of HTTPS.
#[derive(Debug, Clone)]
pub(super) struct ProxyConnector<C> {
    pub(super) proxy: Uri,
    pub(super) connector: C,
}

impl<C, T> tower::Service<Uri> for ProxyConnector<C>
where
    C: tower::Service<Uri, Response = T>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
    T: Send + 'static,
{
    type Response = ProxiedStream<T>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<ProxiedStream<T>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, _server: Uri) -> Self::Future {
        let dialled = self.connector.call(self.proxy.clone());
        async move { dialled.await.map(ProxiedStream).map_err(Into::into) }.boxed()
    }
}

/// Holds a connection to a proxy that forwards requests.
#[derive(Debug)]
pub(super) struct ProxiedStream<T>(T);

impl<T: Connection> Connection for ProxiedStream<T> {
    fn connected(&self) -> Connected {
        self.0.connected().proxy(true)
    }
}

impl<T: Read + Unpin> Read for ProxiedStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<T: Write + Unpin> Write for ProxiedStream<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::{is_direct, proxy};

    /// Expected values from a program that uses golang.org/x/net/http/httpproxy.
    #[test]
    fn what_is_asked_without_a_proxy_is_what_go_asks_so() {
        for (none, server, direct) in [
            ("", "k8s.example.org:6443", false),
            ("", "localhost:6443", true),
            ("", "127.0.0.9:6443", true),
            ("", "[::1]:6443", true),
            ("*", "k8s.example.org:6443", true),
            ("example.org", "k8s.example.org:6443", true),
            ("example.org", "example.org:6443", true),
            ("example.org", "notexample.org:6443", false),
            (".example.org", "k8s.example.org:6443", true),
            (".example.org", "example.org:6443", false),
            ("*.example.org", "k8s.example.org:6443", true),
            ("*.example.org", "example.org:6443", false),
            ("a.test, EXAMPLE.org ,b.test", "K8S.example.ORG:6443", true),
            ("example.org:6443", "k8s.example.org:6443", true),
            ("example.org:1", "k8s.example.org:6443", false),
            ("192.0.2.7", "192.0.2.7:6443", true),
            ("192.0.2.7:1", "192.0.2.7:6443", false),
            ("192.0.2.0/24", "192.0.2.7:6443", true),
            ("192.0.2.0/31", "192.0.2.7:6443", false),
            ("0.0.0.0/0", "192.0.2.7:6443", true),
            ("2001:db8::/32", "[2001:db8::7]:6443", true),
            ("[2001:db8::7]:6443", "[2001:db8::7]:6443", true),
            ("2001:db8::7", "[2001:db8::7]:6443", true),
            ("192.0.2.0/24", "k8s.example.org:6443", false),
            (":6443", "k8s.example.org:6443", false),
        ] {
            let uri: http::Uri = format!("https://{server}").parse().unwrap();
            assert_eq!(is_direct(uri.host().unwrap(), uri.port_u16().unwrap(), none), direct, "{none}: {server}");
        }
    }

    #[test]
    fn the_variables_are_those_that_go_knows() {
        let found = |server: &str, told: Option<&str>, variables: &[(&str, &str)]| {
            let get =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let told = told.map(|told| told.parse::<http::Uri>().unwrap());
            let found = proxy(told.as_ref(), &server.parse().unwrap(), get).unwrap();
            found.map(|found| found.uri().host().unwrap().to_owned())
        };
        for address in ["ftp://a.test:1", "://", "a b"] {
            let get = |name: &str| (name == "HTTPS_PROXY").then(|| address.to_owned());
            let unusable = proxy(None, &"https://k8s.example.org".parse().unwrap(), get);
            assert_eq!(unusable.err(), Some("HTTPS_PROXY"), "{address}");
        }
        let (secure, plain) = ("https://k8s.example.org:6443", "http://k8s.example.org:8080");
        let of = |host: &str| Some(host.to_owned());
        assert_eq!(found(secure, None, &[("HTTPS_PROXY", "http://a.test:1")]), of("a.test"));
        assert_eq!(found(secure, None, &[("HTTPS_PROXY", ""), ("https_proxy", "a.test:1")]), of("a.test"));
        assert_eq!(found(secure, None, &[("HTTP_PROXY", "http://a.test:1"), ("ALL_PROXY", "http://b.test:1")]), None);
        assert_eq!(found(plain, None, &[("http_proxy", "http://a.test:1")]), of("a.test"));
        assert_eq!(found(plain, None, &[("HTTP_PROXY", "http://a.test:1"), ("REQUEST_METHOD", "GET")]), None);
        assert_eq!(found(secure, None, &[("HTTPS_PROXY", "http://a.test:1"), ("no_proxy", "*.example.org")]), None);
        // The kubeconfig's proxy applies to every server.
        assert_eq!(found("http://127.0.0.1:1", Some("http://a.test:1"), &[("NO_PROXY", "*")]), of("a.test"));
    }
}
