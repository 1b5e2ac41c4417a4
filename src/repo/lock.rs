//! The lock on a file that SOPS encrypted: whose age keys open it, told without decrypting or parsing.

use crate::sops;

/// Files above this size are not looked at: a Secret cannot be larger (Kubernetes' limit is 1 MiB).
pub const SIZE_LIMIT: u64 = 1024 * 1024;

/// Says that a file is encrypted, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    /// The age recipients, in the order of the file; empty when it is encrypted to other kinds of keys.
    pub recipients: Vec<String>,
}

/// Tells whether a file of this name may be encrypted in a way that [`sniff`] knows.
pub fn is_candidate(path: &str) -> bool {
    matches!(extension(path), "yaml" | "yml" | "json" | "env")
}

/// Looks for the metadata of SOPS in the text of a file, in the form that the file's name calls for.
pub fn sniff(path: &str, text: &str) -> Option<Lock> {
    let recipients = match extension(path) {
        "yaml" | "yml" => sops::sniff(text)?,
        "json" => marked(text, "\"sops\": {")?,
        "env" => marked(text, "\nsops_mac=")?,
        _ => return None,
    };
    Some(Lock { recipients })
}

fn extension(path: &str) -> &str {
    super::path::name(path).rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Reads the recipients off the lines that name one, where the text carries a mark and encrypted values.
fn marked(text: &str, mark: &str) -> Option<Vec<String>> {
    if !text.contains("ENC[AES256_GCM") || !text.contains(mark) {
        return None;
    }
    let mut recipients: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| line.contains("recipient")) {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric());
        for recipient in words.filter(|word| word.starts_with("age1")) {
            if !recipients.iter().any(|known| known == recipient) {
                recipients.push(recipient.to_owned());
            }
        }
    }
    Some(recipients)
}

#[cfg(test)]
mod tests {
    use super::{is_candidate, sniff};

    #[test]
    fn encrypted_files_tell_their_recipients() {
        let recipients = |path: &str, text: &str| sniff(path, text).unwrap().recipients;
        let yaml = "a: ENC[AES256_GCM,x]\nsops:\n    age:\n        - recipient: age1abc\n        - recipient: age1def\n    mac: ENC[y]\n";
        assert_eq!(recipients("a/b.yml", yaml), ["age1abc", "age1def"]);
        let dotenv =
            "A=ENC[AES256_GCM,x]\nsops_age__list_0__map_recipient=age1abc\nsops_mac=ENC[y]\nsops_version=3.13.3\n";
        assert_eq!(recipients("b/.env", dotenv), ["age1abc"]);
        let json = "{\n\t\"a\": \"ENC[AES256_GCM,x]\",\n\t\"sops\": {\n\t\t\"age\": [\n\t\t\t{\n\t\t\t\t\"recipient\": \"age1abc\"\n";
        assert_eq!(recipients("c.json", json), ["age1abc"]);
    }

    #[test]
    fn plain_files_have_no_lock() {
        assert_eq!(sniff("a.yaml", "kind: Secret\nstringData:\n  sops: no\n"), None);
        assert_eq!(sniff("clusters/staging/.sops.yaml", "creation_rules:\n  - age: age1abc\n"), None);
        assert_eq!(sniff("a.env", "A=recipient age1abc\n"), None);
        assert!(is_candidate("apps/staging/a.yml"));
        assert!(!is_candidate("README.md"));
    }
}
