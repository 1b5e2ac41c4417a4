//! Contexts of the kubeconfig: the name of each, and its API server.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// The name of the context of our own pod's service account; settings call it `in-cluster`. No kubeconfig has it.
pub const IN_CLUSTER: &str = "in-cluster (service account)";

/// Describes a context of the kubeconfig.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubeContext {
    /// Its name; `FILE:NAME` if files of the kubeconfig have different contexts of one name.
    pub name: String,
    /// The full path of its file; empty if it comes from none.
    pub file: String,
    /// The name of its cluster in the kubeconfig.
    pub cluster: String,
    /// Its API server; `None` if that is unknown.
    pub server: Option<Server>,
}

impl KubeContext {
    /// Returns its name alone, as in its file.
    pub fn bare(&self) -> &str {
        self.name.strip_prefix(self.file.as_str()).and_then(|rest| rest.strip_prefix(':')).unwrap_or(&self.name)
    }

    /// Tells whether the operator's text names it: by its name, or `FILE:NAME` with the file's whole path or the end of
    /// it.
    pub fn is_meant(&self, words: &str) -> bool {
        let of_file = || {
            let file = words.strip_suffix(self.bare())?.strip_suffix(':')?;
            let rest = self.file.strip_suffix(file)?;
            Some(!file.is_empty() && (rest.is_empty() || rest.ends_with('/')))
        };
        let of_pod = self.name == IN_CLUSTER && words == "in-cluster";
        self.name == words || of_pod || of_file().unwrap_or(false)
    }

    /// Tells whether two contexts reach one API server, as far as the kubeconfig shows.
    ///
    /// One address is one server, unless different proxies lead to servers of different authorities. One authority is
    /// one server if a name is the same, too: authorities of companies and of minikube sign for many clusters.
    pub fn reaches_as(&self, other: &Self) -> bool {
        if self.name == other.name {
            return true;
        }
        let (Some(one), Some(two)) = (&self.server, &other.server) else { return false };
        let is_unknown = one.authorities.is_empty() || two.authorities.is_empty();
        // A bundle may contain the certificate that the other names alone.
        let is_shared = !one.authorities.is_disjoint(&two.authorities);
        if one.address() == two.address() {
            return one.proxy == two.proxy || is_unknown || is_shared;
        }
        let same = |one: Option<&str>, two: Option<&str>| one.is_some() && one == two;
        is_shared
            && (self.cluster == other.cluster
                || one.path == two.path && same(one.certified_name(), two.certified_name()))
    }
}

/// Describes an API server of a kubeconfig, in one spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: u16,
    path: String,
    /// The proxy on the way.
    proxy: Option<String>,
    /// The name that its certificate must have, if that is not its host.
    certified: Option<String>,
    /// The certificates of its authority, each as its base64 alone; empty if none is named.
    authorities: BTreeSet<String>,
}

impl Server {
    /// Reads a server's URL. The case of scheme and host, the default port and a slash at the end make no difference,
    /// nor does the name of this machine. `None` if it is no URL.
    pub fn at(url: &str) -> Option<Self> {
        Self::on(url, &rustix::system::uname().nodename().to_string_lossy())
    }

    /// Does the same on a machine with a given name.
    fn on(url: &str, machine: &str) -> Option<Self> {
        let (scheme, rest) = url.trim().split_once("://")?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match authority.rsplit_once(':') {
            // The colons within brackets are those of an IPv6 address.
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, if scheme.eq_ignore_ascii_case("http") { 80 } else { 443 }),
        };
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        // The certificate of a server names its own machine, and a tunnel that ends here may lead to the server.
        let certified = is_name_of(&host, machine).then(|| host.clone());
        let host = match address_of(&host) {
            Some(address) if is_here(address) => "localhost".to_owned(),
            Some(address) => address.to_string(),
            None if is_named_here(&host) || certified.is_some() => "localhost".to_owned(),
            None => host,
        };
        if host.is_empty() {
            return None;
        }
        Some(Self { host, port, path: path.trim_end_matches('/').to_owned(), certified, ..Self::default() })
    }

    /// Adds the proxy on the way, the name that its certificate must have, and its authority's certificates.
    #[must_use]
    pub fn through(self, proxy: Option<&str>, certified: Option<&str>, authority: Option<&str>) -> Self {
        let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let authorities = authority.map(certificates).unwrap_or_default();
        let certified = said(certified).map(|name| name.to_ascii_lowercase()).or(self.certified);
        Self { proxy: said(proxy), certified, authorities, ..self }
    }

    fn address(&self) -> (&str, u16, &str) {
        (&self.host, self.port, &self.path)
    }

    /// Returns the name that its certificate must have. This machine's host counts as none: many tunnels end here.
    fn certified_name(&self) -> Option<&str> {
        self.certified.as_deref().or_else(|| Some(self.host.as_str()).filter(|host| *host != "localhost"))
    }
}

/// Lists the certificates of a text: the base64 of each PEM block, without the text around them (as `openssl x509
/// -text` writes it). A text without a block is used as a whole.
fn certificates(text: &str) -> BTreeSet<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let blocks = text.split(BEGIN).skip(1).map(|rest| squeezed(rest.split("-----END").next().unwrap_or(rest)));
    let mut found: BTreeSet<String> = blocks.filter(|block| !block.is_empty()).collect();
    let whole = squeezed(text);
    if found.is_empty() && !whole.is_empty() {
        found.insert(whole);
    }
    found
}

/// Reads an address in every spelling that systems resolve: also an IPv4 address within an IPv6 one, and the forms of
/// `inet_aton`: one to four numbers, decimal, octal or hexadecimal, of which the last fills the rest.
fn address_of(host: &str) -> Option<IpAddr> {
    if let Ok(address) = host.split('%').next().unwrap_or(host).parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let number = |part: &str| match part.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
        None => part.parse().ok(),
    };
    let parts = host.split('.').map(number).collect::<Option<Vec<u32>>>()?;
    let (last, first) = parts.split_last().filter(|(_, first)| first.len() < 4)?;
    let room = 32_u32.saturating_sub(u32::try_from(first.len()).ok()?.saturating_mul(8));
    let fits = first.iter().all(|part| *part < 256) && u64::from(*last) < 1_u64.checked_shl(room)?;
    let begun = (0_u32..).zip(first).fold(0_u32, |all, (place, part)| {
        all | part.checked_shl(24_u32.saturating_sub(place.saturating_mul(8))).unwrap_or_default()
    });
    fits.then(|| IpAddr::from(std::net::Ipv4Addr::from(begun | *last)))
}

/// Tells whether it is an address of `localhost`, or the one for all addresses of this machine; other loopback
/// addresses are given to clusters one by one.
fn is_here(address: IpAddr) -> bool {
    address.is_unspecified() || address == IpAddr::from([127, 0, 0, 1]) || (address.is_ipv6() && address.is_loopback())
}

/// Tells whether a name means this machine everywhere (RFC 6761, and `/etc/hosts` of the usual systems).
fn is_named_here(host: &str) -> bool {
    host.ends_with(".localhost")
        || ["localhost.localdomain", "localhost6", "ip6-localhost", "ip6-loopback"].contains(&host)
}

/// Tells whether a host is the named machine: by that name, its first part, or its name in the local network.
fn is_name_of(host: &str, machine: &str) -> bool {
    let machine = machine.trim_end_matches('.').to_ascii_lowercase();
    let first = machine.split('.').next().unwrap_or_default();
    !first.is_empty() && (host == machine || host == first || host.strip_suffix(".local") == Some(first))
}

#[cfg(test)]
mod tests {
    use super::{KubeContext, Server};

    fn context(name: &str, cluster: &str, url: &str, certified: Option<&str>, authority: Option<&str>) -> KubeContext {
        let server = Server::at(url).map(|server| server.through(None, certified, authority));
        KubeContext { name: name.to_owned(), cluster: cluster.to_owned(), server, ..KubeContext::default() }
    }

    #[test]
    fn one_server_has_many_spellings() {
        for (one, two) in [
            ("https://k8s.example", "HTTPS://K8S.Example.:443/"),
            ("https://k8s.example:6443/k8s", "https://user@k8s.example:6443/k8s//"),
            ("http://127.0.0.1:80", "http://localhost"),
            ("https://[::1]:6443", "https://localhost:6443"),
            ("https://[2001:db8:0::1]", "https://[2001:DB8::1]:443"),
            ("http://k8s.example:6443", "https://k8s.example:6443"),
            ("https://0.0.0.0:6443", "https://localhost:6443"),
            ("https://[::]:6443", "https://127.0.0.1:6443"),
            ("https://127.1:6443", "https://127.0.0.1:6443"),
            ("https://2130706433:6443", "https://127.0.0.1:6443"),
            ("https://0x7f000001:6443", "https://127.0.0.1:6443"),
            ("https://0X7F.1:6443", "https://127.0.0.1:6443"),
            ("https://0177.0.0.1:6443", "https://127.0.0.1:6443"),
            ("https://[::ffff:127.0.0.1]:6443", "https://127.0.0.1:6443"),
            ("https://k3d.localhost:6443", "https://127.0.0.1:6443"),
            ("https://[::ffff:10.0.0.1]", "https://10.1"),
        ] {
            assert_eq!(Server::at(one), Server::at(two), "{one} {two}");
            assert!(context("a", "a", one, None, None).reaches_as(&context("b", "b", two, None, None)));
        }
        for (one, two) in [
            ("https://k8s.example", "https://k8s.example:6443"),
            ("https://rancher.example/k8s/clusters/a", "https://rancher.example/k8s/clusters/b"),
            ("https://127.0.0.1:6443", "https://127.0.0.2:6443"),
            ("https://127.256:6443", "https://127.1.0:6443"),
            ("https://1.2.3.4.5", "https://1.2.3.4"),
        ] {
            let (one, two) = (context("a", "a", one, None, Some("ca")), context("b", "b", two, None, Some("other")));
            assert!(!one.reaches_as(&two), "{one:?} {two:?}");
        }
        assert_eq!((Server::at("k8s.example"), Server::at("https://:443")), (None, None));
    }

    #[test]
    fn the_machine_s_own_name_is_itself() {
        let named = |url: &str| {
            let server = Server::on(url, "Deck.lan").unwrap();
            KubeContext {
                name: url.to_owned(),
                cluster: url.to_owned(),
                server: Some(server.through(None, None, Some("ca"))),
                ..KubeContext::default()
            }
        };
        let here = named("https://127.0.0.1:6443");
        for url in ["https://deck.lan:6443", "https://DECK:6443", "https://deck.local:6443", "https://localhost:6443"] {
            assert!(here.reaches_as(&named(url)), "{url}");
        }
        for url in ["https://deck.lan:6444", "https://deck.example:6443", "https://decks:6443", "https://lan:6443"] {
            assert!(!here.reaches_as(&named(url)), "{url}");
        }
        let tunnel = context("t", "t", "https://127.0.0.1:7443", Some("deck.lan"), Some("ca"));
        assert!(named("https://deck.lan:6443").reaches_as(&tunnel), "a tunnel to the same name");
        assert!(!named("https://localhost:6443").reaches_as(&tunnel));
    }

    #[test]
    fn an_authority_is_its_certificates_however_the_file_is_written() {
        let (one, two) = ("https://10.0.0.1:6443", "https://10.0.0.2:6443");
        let plain = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";
        let with_text = format!("Certificate:\n    Data:\n{}", plain.replace("AAAA\nBBBB", "AAAABB\nBB"));
        let bundle = format!("{}{plain}", plain.replace("AAAA", "CCCC"));
        let named = |url, authority: &str| context(url, url, url, Some("kube.example"), Some(authority));
        for other in [&with_text, &bundle] {
            assert!(named(one, plain).reaches_as(&named(two, other)), "{other}");
        }
        assert!(!named(one, plain).reaches_as(&named(two, &plain.replace("AAAA", "DDDD"))));
    }

    #[test]
    fn one_authority_is_one_server_where_a_name_is_the_same() {
        let (one, two) = ("https://10.0.0.1:6443", "https://127.0.0.1:7443");
        let ca = Some("-----BEGIN\nAAAA\n");
        let reaches = |one: KubeContext, two: KubeContext| one.reaches_as(&two);
        assert!(reaches(
            context("a", "k3s", one, None, ca),
            context("b", "k3s", two, None, Some("-----BEGIN\r\nAAAA"))
        ));
        assert!(reaches(context("a", "x", one, Some("K8s.lan"), ca), context("b", "y", two, Some("k8s.lan"), ca)));
        assert!(reaches(context("a", "x", one, None, ca), context("b", "y", "https://10.0.0.1:8443", None, ca)));
        let direct = context("a", "x", "https://k8s.lan:6443", None, ca);
        assert!(reaches(direct, context("b", "y", two, Some("k8s.lan"), ca)), "a tunnel to the same name");
        // Authorities that sign for many clusters, K3s with all clusters named `default`, and tunnels.
        assert!(!reaches(context("a", "x", one, None, ca), context("b", "y", two, None, ca)));
        assert!(!reaches(context("a", "default", one, None, ca), context("b", "default", two, None, Some("other"))));
        assert!(!reaches(context("a", "x", two, None, ca), context("b", "y", "https://localhost:7444", None, ca)));
    }

    #[test]
    fn one_address_behind_two_proxies_is_told_apart_by_its_authority() {
        let behind = |proxy: &str, authority: Option<&str>| KubeContext {
            name: format!("{proxy}{authority:?}"),
            server: Server::at("https://127.0.0.1:6443").map(|server| server.through(Some(proxy), None, authority)),
            ..KubeContext::default()
        };
        assert!(!behind("socks5://a", Some("1")).reaches_as(&behind("socks5://b", Some("2"))));
        assert!(behind("socks5://a", Some("1")).reaches_as(&behind("socks5://b", Some("1"))));
        assert!(behind("socks5://a", None).reaches_as(&behind("socks5://b", Some("2"))), "not known is not different");
        assert!(behind("socks5://a", Some("1")).reaches_as(&behind("socks5://a", Some("2"))));
    }
}
