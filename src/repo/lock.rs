//! The lock on a file that SOPS encrypted: the age keys that open it, found without decrypting or parsing.

use crate::sops;

/// The size above which files are not read: a Secret cannot be larger (Kubernetes' limit is 1 MiB).
pub const SIZE_LIMIT: u64 = 1024 * 1024;

/// Marks a file as encrypted, and names its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    /// The age recipients, in the order of the file; empty if it is encrypted to other kinds of keys.
    pub recipients: Vec<String>,
}

/// Returns the names of an encrypted file of variables, empty if it is encrypted as a whole; `None` if it is not
/// encrypted.
pub fn sealed_names(text: &str) -> Option<Vec<&str>> {
    sops::sniff(text)?;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let names: Vec<&str> = lines.filter_map(|line| Some(line.split_once('=')?.0.trim())).collect();
    let is_flat = names.contains(&"sops_mac");
    Some(names.into_iter().filter(|name| is_flat && !name.starts_with("sops_")).collect())
}

/// The endings of files that are likely to be encrypted, beside those that sops knows: a file that is encrypted as a
/// whole keeps its own ending.
const LIKELY: [&str; 16] = [
    "agekey",
    "bin",
    "cfg",
    "cnf",
    "conf",
    "crt",
    "enc",
    "ini",
    "jks",
    "key",
    "p12",
    "pem",
    "pfx",
    "properties",
    "sops",
    "toml",
];

/// Tells whether a file of this name may be encrypted.
pub fn is_candidate(path: &str) -> bool {
    let extension = extension(path);
    matches!(extension, "yaml" | "yml" | "json" | "env") || LIKELY.contains(&extension)
}

/// Looks for the metadata of SOPS in the text of a file.
pub fn sniff(text: &str) -> Option<Lock> {
    sops::sniff(text).map(|recipients| Lock { recipients })
}

fn extension(path: &str) -> &str {
    super::path::name(path).rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::{is_candidate, sniff};

    #[test]
    fn encrypted_files_tell_their_recipients() {
        let yaml = "a: ENC[AES256_GCM,x]\nsops:\n    age:\n        - recipient: age1abc\n        - recipient: age1def\n    mac: ENC[y]\n";
        assert_eq!(sniff(yaml).unwrap().recipients, ["age1abc", "age1def"]);
    }

    #[test]
    fn plain_files_have_no_lock() {
        assert_eq!(sniff("kind: Secret\nstringData:\n  sops: no\n"), None);
        assert_eq!(sniff("creation_rules:\n  - age: age1abc\n"), None);
        assert_eq!(sniff("A=recipient age1abc\n"), None);
        assert!(["apps/staging/a.yml", "b/.env", "c.json", "d.ini", "tls.key"].into_iter().all(is_candidate));
        assert!(!is_candidate("README.md"));
    }
}
