//! The dialling of the API server: proxy, TCP, TLS, HTTP, and the headers of every request.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::PROXY_AUTHORIZATION;
use http::{HeaderValue, Request, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt as _};
use tower::{BoxError, Service as _, ServiceBuilder, ServiceExt as _};

use super::connect::{Broken, HttpResponse, Speaks};
use super::fault::chain;
use super::login_certificate as identity;
use super::proxy::{self, ProxyConnector};
use super::trust;

/// A whole HTTP stack, ready for requests.
pub(crate) type Service = tower::util::BoxCloneSyncService<Request<Body>, HttpResponse, BoxError>;

/// The longest TCP handshake: a host that is up needs one round trip; a firewall that drops packets would take minutes.
const TCP: Duration = Duration::from_secs(5);

/// TCP, proxy and TLS together; shorter than the wait of a list, so that the nearer cause is reported.
const DIAL: Duration = Duration::from_secs(9);

/// The interval of pings on a connection with watches, and the wait for each reply: a laptop that slept, a VPN that closed
/// or a firewall that dropped the connection is noticed within ten seconds rather than at the end of the watch.
const ALIVE: Duration = Duration::from_secs(4);

/// Connects, and builds the stack on the connection.
pub(crate) async fn service(config: kube::Config, speaks: Speaks) -> Result<Service, Broken> {
    let server = config.cluster_url.clone();
    let dialled = async {
        let own = |name: &str| std::env::var(name).ok();
        let proxy = proxy::proxy(config.proxy_url.as_ref(), &config.cluster_url, own).map_err(|place| {
            Broken::new(
                format!("the address of the proxy cannot be used ({place})"),
                "write it as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT; kubectl refuses it too",
            )
        })?;
        let Some(proxy) = proxy else {
            return stack(&config, tcp(), speaks, None).await;
        };
        let is_plain = config.cluster_url.scheme_str() == Some("http");
        let login = proxy.basic_auth().cloned();
        let address = proxy.uri().clone();
        match address.scheme_str().unwrap_or_default() {
            "socks5" | "socks5h" => {
                let mut connector = SocksV5::new(address, tcp());
                if let Some((user, password)) = proxy.raw_auth() {
                    connector = connector.with_auth(user.to_owned(), password.to_owned());
                }
                stack(&config, connector, speaks, None).await
            }
            "https" => {
                // Our credentials are for the server, not for the proxy.
                let anonymous = identity::without(&config);
                let secure =
                    anonymous.rustls_https_connector_with_connector(tcp()).map_err(|error| unusable(&error))?;
                if is_plain {
                    return stack(&config, ProxyConnector { proxy: address, connector: secure }, speaks, login).await;
                }
                stack(&config, tunnel(&proxy, address, secure), speaks, None).await
            }
            _ if is_plain => stack(&config, ProxyConnector { proxy: address, connector: tcp() }, speaks, login).await,
            _ => stack(&config, tunnel(&proxy, address, tcp()), speaks, None).await,
        }
    };
    tokio::time::timeout(DIAL, dialled).await.unwrap_or_else(|_| Err(silent(&server)))
}

fn silent(server: &Uri) -> Broken {
    Broken::new(
        format!("{} does not answer (waited {} s)", authority(server), DIAL.as_secs()),
        "is the cluster up, and the VPN or tunnel to it open?",
    )
}

fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    // Nagle's algorithm and delayed acknowledgements cost 44 ms on every fresh connection.
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(TCP));
    connector.set_keepalive(Some(ALIVE));
    connector
}

pub(super) fn is_local(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tunnel<C>(proxy: &Intercept, address: Uri, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(address, connector);
    match proxy.basic_auth() {
        Some(login) => tunnel.with_auth(login.clone()),
        None => tunnel,
    }
}

/// Connects once, to learn which HTTP the server speaks and to report precisely why it cannot be reached; the
/// connection is then used. `login` is the header that a forwarding proxy requires in each request.
async fn stack<C>(
    config: &kube::Config,
    connector: C,
    speaks: Speaks,
    login: Option<HeaderValue>,
) -> Result<Service, Broken>
where
    C: tower::Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Sync + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    let mut tls = match config.rustls_client_config() {
        // API servers accept certificates of version 1; rustls does not parse them when it compares them with their
        // keys.
        Err(error) if chain(&error).contains("UnsupportedCertVersion") => {
            let mut tls = identity::without(config).rustls_client_config().map_err(|error| unusable(&error))?;
            identity::put(&mut tls, &config.auth_info)
                .map_err(|why| Broken::new(why, "look at the client certificate of this user in the kubeconfig"))?;
            tls
        }
        tls => tls.map_err(|error| unusable(&error))?,
    };
    if let Some(authority) = config.root_cert.as_deref().filter(|_| !config.accept_invalid_certs) {
        trust::accept_named(&mut tls, authority);
    }
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = &config.tls_server_name {
        let name = name.clone().try_into().map_err(|_| {
            Broken::new(format!("tls-server-name {name} is not a valid server name"), "correct it in the kubeconfig")
        })?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let mut connector = match speaks {
        Speaks::Http1 => builder.enable_http1().wrap_connector(connector),
        Speaks::Http2 => builder.enable_all_versions().wrap_connector(connector),
    };
    sendable(config)?;
    let server = config.cluster_url.clone();
    let unreachable = |error: BoxError| unreachable(&server, &*error);
    let ready = connector.ready().await.map_err(unreachable)?;
    let first = ready.call(server.clone()).await.map_err(unreachable)?;
    let http2 = first.connected().is_negotiated_h2();
    let prepared = Prepared { first: Arc::new(Mutex::new(Some(first))), connector, server };
    let client = Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_only(http2)
        .http2_keep_alive_interval(ALIVE)
        .http2_keep_alive_timeout(ALIVE)
        .build::<_, Body>(prepared);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(|error| unusable(&error))?)
        .layer(config.extra_headers_layer().map_err(|error| unusable(&error))?)
        .map_request(move |mut request: Request<Body>| {
            if let Some(login) = &login {
                request.headers_mut().insert(PROXY_AUTHORIZATION, login.clone());
            }
            request
        })
        .map_response(|response: http::Response<_>| {
            response.map(|body: Incoming| body.map_err(BoxError::from).boxed_unsync())
        })
        .map_err(BoxError::from)
        .service(client);
    Ok(Service::new(service))
}

/// Refuses a token that no header can carry: the layer that adds it would panic.
fn sendable(config: &kube::Config) -> Result<(), Broken> {
    use age::secrecy::ExposeSecret as _;
    let fits = |token: &str| HeaderValue::from_str(token).is_ok();
    match &config.auth_info.token {
        Some(token) if !fits(token.expose_secret()) => Err(Broken::new(
            "the token of this user has a line break or another control character in it, so it is not sent",
            "look at `token`, `tokenFile` or the credential plug-in of this user in the kubeconfig",
        )),
        _ => Ok(()),
    }
}

fn unusable(error: &kube::Error) -> Broken {
    Broken::new(chain(error), "look at the user and the cluster of this context in the kubeconfig")
}

fn authority(server: &Uri) -> &str {
    server.authority().map_or("the server", http::uri::Authority::as_str)
}

fn unreachable(server: &Uri, error: &(dyn std::error::Error + 'static)) -> Broken {
    let text = chain(error);
    let todo = if text.contains("certificate") {
        "compare certificate-authority and tls-server-name of this cluster in the kubeconfig with what the server shows"
    } else if text.contains("tls handshake eof") || text.contains("InvalidContentType") {
        "does the server speak TLS at this address? compare `server` of this cluster in the kubeconfig with what it should be"
    } else if text.contains("dns error") {
        "is the name right, and the VPN to it open?"
    } else {
        "is the cluster up, and the VPN or tunnel to it open?"
    };
    Broken::new(format!("no connection to {}: {text}", authority(server)), todo)
}

/// Hands out the first connection, then opens new ones.
struct Prepared<C, T> {
    first: Arc<Mutex<Option<T>>>,
    connector: C,
    server: Uri,
}

// A derived impl would require cloneable connections.
impl<C: Clone, T> Clone for Prepared<C, T> {
    fn clone(&self) -> Self {
        Self { first: self.first.clone(), connector: self.connector.clone(), server: self.server.clone() }
    }
}

impl<C, T> tower::Service<Uri> for Prepared<C, T>
where
    C: tower::Service<Uri, Response = T, Error = BoxError>,
    C::Future: Send + 'static,
    T: Send + 'static,
{
    type Response = T;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<T, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if let Some(first) = self.first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return futures::future::ready(Ok(first)).boxed();
        }
        let server = self.server.clone();
        let dialled = self.connector.call(uri);
        async move {
            match tokio::time::timeout(DIAL, dialled).await {
                Ok(Ok(connection)) => Ok(connection),
                Ok(Err(error)) => Err(unreachable(&server, &*error).into()),
                Err(_) => Err(silent(&server).into()),
            }
        }
        .boxed()
    }
}
