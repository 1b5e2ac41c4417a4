//! Addresses without what is secret in them.

/// Cuts the user's part out of the addresses in a text: `https://user:token@host` may hold a token. The user of
/// `ssh://git@host` is none. A password may hold a `/` that should have been escaped: what stands before the first `/` then
/// has a colon and no port behind it, and the user's part goes to the last `@`.
pub fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        clean.extend([before, "://"]);
        let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '/' | '\'' | '"');
        let end = after.find(is_end).unwrap_or(after.len());
        let end = after.get(..end).filter(|part| is_cut_short(part)).and_then(|_| end_of_user(after)).unwrap_or(end);
        let (authority, tail) = after.split_at(end);
        let is_harmless = |user: &str| before.ends_with("ssh") && !user.contains(':');
        let cut = authority.rsplit_once('@').filter(|(user, _)| !is_harmless(user));
        clean.push_str(cut.map_or(authority, |(_, host)| host));
        rest = tail;
    }
    clean.push_str(rest);
    clean
}

/// Tells whether what looks like host and port is the beginning of a user and a password.
fn is_cut_short(part: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_ipv6 = part.starts_with('[');
    !is_ipv6 && !part.contains('@') && part.split_once(':').is_some_and(|(_, rest)| !is_port(rest))
}

/// Finds the end of the host behind the last `@` of an address.
fn end_of_user(after: &str) -> Option<usize> {
    let address = after.split(|letter: char| letter.is_whitespace() || matches!(letter, '\'' | '"')).next()?;
    let at = address.rfind('@')?;
    let host = address.get(at..)?;
    Some(at + host.find('/').unwrap_or(host.len()))
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn an_address_is_kept_without_its_user() {
        for (text, clean) in [
            ("https://user:token@git.example.org/fleet", "https://git.example.org/fleet"),
            ("unable to clone 'https://token@a.example.org': no", "unable to clone 'https://a.example.org': no"),
            ("https://example.org/a@b", "https://example.org/a@b"),
            ("http://a@b http://c:d@e", "http://b http://e"),
            (
                "fatal: https://me:token@host/a.git and ssh://git@b:22/x",
                "fatal: https://host/a.git and ssh://git@b:22/x",
            ),
            ("ssh://git:password@host", "ssh://host"),
            ("https://me:pa/ss@git.example.org/fleet", "https://git.example.org/fleet"),
            ("'https://me:p/a@s/s@host:8443/a.git': no", "'https://host:8443/a.git': no"),
            ("oci://host:5000/a/b@sha256:0f", "oci://host:5000/a/b@sha256:0f"),
            ("https://[::1]:80/a@b", "https://[::1]:80/a@b"),
            ("https://host:abc/a and b@c", "https://host:abc/a and b@c"),
            ("a: b, c@d", "a: b, c@d"),
        ] {
            assert_eq!(without_credentials(text), clean);
        }
    }
}
