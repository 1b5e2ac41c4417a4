//! The user at the terminal, by the system's records: the account of the process, or the account behind root.

use std::path::Path;

use crate::files;

/// The list of the system's accounts.
const ACCOUNTS: &str = "/etc/passwd";

/// The largest list of accounts, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Finds the login. A variable can be set to anything, so it counts only where the system's list lacks the account, as
/// with a directory service, and where sudo's name matches its number.
pub(super) fn login() -> String {
    let uid = rustix::process::getuid().as_raw();
    let accounts = files::own(Path::new(ACCOUNTS), LARGEST).unwrap_or_default();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    login_of(uid, &String::from_utf8_lossy(&accounts), variable)
}

fn login_of(uid: u32, accounts: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    let name_of = |uid: u32| {
        let mut lines = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
        lines.find_map(|fields| match fields.as_slice() {
            [name, _, number, ..] if number.parse() == Ok(uid) => Some((*name).to_owned()),
            _ => None,
        })
    };
    let behind = || {
        let (name, number) = (variable("SUDO_USER")?, variable("SUDO_UID")?.parse().ok()?);
        // A directory service may have accounts that the list lacks.
        (uid == 0 && number != 0 && name_of(number).is_none_or(|known| known == name)).then_some(name)
    };
    behind()
        .or_else(|| name_of(uid))
        .or_else(|| variable("LOGNAME"))
        .or_else(|| variable("USER"))
        .unwrap_or_else(|| format!("uid {uid}"))
}

#[cfg(test)]
mod tests {
    use super::login_of;

    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\nmaria:x:1000:1000::/home/maria:/bin/sh\nbroken\n";

    #[test]
    fn the_system_says_who_it_is() {
        let of = |uid: u32, variables: &[(&str, &str)]| {
            login_of(uid, ACCOUNTS, |name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(1000, &[]), "maria", "USER unset is not unknown");
        assert_eq!(of(1000, &[("USER", "root"), ("LOGNAME", "root")]), "maria");
        assert_eq!(of(0, &[("SUDO_USER", "maria"), ("SUDO_UID", "1000")]), "maria");
        assert_eq!(of(0, &[("SUDO_USER", "somebody"), ("SUDO_UID", "1000")]), "root");
        assert_eq!(of(0, &[("SUDO_USER", "maria")]), "root");
        assert_eq!(of(1000, &[("SUDO_USER", "somebody"), ("SUDO_UID", "77")]), "maria", "only root was become by sudo");
        assert_eq!(of(0, &[("SUDO_USER", "anna"), ("SUDO_UID", "70001")]), "anna", "of a directory service");
        assert_eq!(of(70001, &[("LOGNAME", "anna")]), "anna");
        assert_eq!(of(70001, &[]), "uid 70001");
    }
}
