//! The lock on a file that SOPS encrypted: whose age keys open it, told without decrypting or parsing.

/// Files above this size are not looked at: a Secret cannot be larger (Kubernetes' limit is 1 MiB).
pub const SIZE_LIMIT: u64 = 1024 * 1024;

/// Says that a file is encrypted, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    /// The age recipients, in the order of the file; empty when it is encrypted to other kinds of keys.
    pub recipients: Vec<String>,
}

/// Tells whether a file of this name may carry SOPS metadata that [`sniff`] knows.
pub fn is_candidate(path: &str) -> bool {
    let name = super::path::name(path);
    // The rules of SOPS look like metadata (`age: age1…`) and are none.
    name != ".sops.yaml"
        && name.rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "yaml" | "yml" | "json" | "env"))
}

/// Looks for SOPS metadata in a text: a top-level `sops` key (YAML, JSON) or `sops_version` (dotenv), and the age recipients in it.
pub fn sniff(text: &str) -> Option<Lock> {
    let marked = text.starts_with("sops:")
        || text.contains("\nsops:")
        || text.contains("\nsops_version=")
        || (text.trim_start().starts_with('{') && text.contains("\"sops\""));
    if !marked || !text.contains("mac") {
        return None;
    }
    let mut recipients: Vec<String> = Vec::new();
    for (at, _) in text.match_indices("age1") {
        let (before, rest) = text.split_at_checked(at)?;
        let line = before.rsplit('\n').next().unwrap_or(before);
        if !line.contains("recipient") {
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let recipient = rest.get(..end).unwrap_or(rest);
        // Every document of a file carries the same recipients.
        if !recipients.iter().any(|known| known == recipient) {
            recipients.push(recipient.to_owned());
        }
    }
    Some(Lock { recipients })
}

#[cfg(test)]
mod tests {
    use super::{is_candidate, sniff};

    #[test]
    fn encrypted_files_tell_their_recipients() {
        let yaml = "a: ENC[x]\nsops:\n    age:\n        - recipient: age1abc\n          enc: |\n            age1no\n        - recipient: age1def\n    mac: ENC[y]\n";
        assert_eq!(sniff(yaml).unwrap().recipients, ["age1abc", "age1def"]);
        let dotenv = "A=ENC[x]\nsops_age__list_0__map_recipient=age1abc\nsops_mac=ENC[y]\nsops_version=3.13.3\n";
        assert_eq!(sniff(dotenv).unwrap().recipients, ["age1abc"]);
        let json = "{\n\t\"a\": \"ENC[x]\",\n\t\"sops\": {\"age\": [{\"recipient\": \"age1abc\"}], \"mac\": \"m\"}}";
        assert_eq!(sniff(json).unwrap().recipients, ["age1abc"]);
    }

    #[test]
    fn plain_files_and_rules_have_no_lock() {
        assert_eq!(sniff("kind: Secret\nstringData:\n  sops: no\n"), None);
        assert!(!is_candidate("clusters/staging/.sops.yaml"));
        assert!(is_candidate("apps/staging/a.yml"));
        assert!(!is_candidate("README.md"));
    }
}
