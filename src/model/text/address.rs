//! Addresses without what is secret in them.

/// Cuts the user's part out of the addresses in a text: `https://user:token@host` may hold a token. The user of
/// `ssh://git@host` is none.
pub fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        clean.extend([before, "://"]);
        let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '/' | '\'' | '"');
        let (authority, tail) = after.split_at(after.find(is_end).unwrap_or(after.len()));
        let is_harmless = |user: &str| before.ends_with("ssh") && !user.contains(':');
        let cut = authority.rsplit_once('@').filter(|(user, _)| !is_harmless(user));
        clean.push_str(cut.map_or(authority, |(_, host)| host));
        rest = tail;
    }
    clean.push_str(rest);
    clean
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
            ("a: b, c@d", "a: b, c@d"),
        ] {
            assert_eq!(without_credentials(text), clean);
        }
    }
}
