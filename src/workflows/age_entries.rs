//! The entries of the Secret that a Kustomization decrypts with, as kustomize-controller reads them
//! (`internal/decryptor`, `ImportKeys`): entries with names in `.agekey` count, each of their lines is one identity,
//! and an invalid line fails the whole Kustomization.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::sops::Identities;

/// The ending of names of entries with age identities.
pub(super) const ENDING: &str = ".agekey";

/// Holds the controller's view of a Secret.
#[derive(Default)]
pub(super) struct Entries {
    /// The identities of all entries together.
    pub(super) identities: Identities,
    /// The reason that the controller accepts none of them, if there is one.
    pub(super) broken: Option<String>,
    /// The entries that it silently ignores, and perhaps should not.
    pub(super) passed_over: Vec<String>,
}

/// Reads the entries.
pub(super) fn read(values: &BTreeMap<String, Zeroizing<Vec<u8>>>) -> Entries {
    let mut entries = Entries::default();
    for (name, value) in values {
        if !name.ends_with(ENDING) {
            let holds = value.windows(15).any(|window| window == b"AGE-SECRET-KEY-");
            if holds {
                let message =
                    format!("{name} holds an age key, and Flux passes over it: only names that end in {ENDING} count");
                entries.passed_over.push(message);
            }
            continue;
        }
        if let Err(why) = entries.take(name, value) {
            entries.broken.get_or_insert(format!("{name}, {why}"));
        }
    }
    entries
}

/// Returns the other entries whose keys the controller accepts, too, if only one is written.
pub(super) fn beside(values: &BTreeMap<String, Zeroizing<Vec<u8>>>, written: &str) -> Vec<String> {
    values.keys().filter(|name| name.ends_with(ENDING) && *name != written).cloned().collect()
}

impl Entries {
    fn take(&mut self, name: &str, value: &[u8]) -> Result<(), String> {
        for (line, number) in value.split(|byte| *byte == b'\n').zip(1_usize..) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let none = |why: &str| format!("line {number}: {why}");
            let text = std::str::from_utf8(line).map_err(|_| none("it is not text"))?;
            if text.starts_with("AGE-PLUGIN-") {
                self.passed_over
                    .push(format!("{name}, line {number}: an age plug-in, which the controller does not have"));
                continue;
            }
            // The line may contain nothing else, not even a blank.
            if !text.starts_with("AGE-SECRET-KEY-") || text.contains(char::is_whitespace) {
                return Err(none("it is not an age key and nothing else (AGE-SECRET-KEY-…)"));
            }
            let found = Identities::from_text(&Secret::new(text)).map_err(|_| none("the age key is damaged"))?;
            self.identities.merge(found);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::sops::{KeyKind, generate};

    fn entries(list: &[(&str, String)]) -> super::Entries {
        read(&list.iter().map(|(name, text)| ((*name).to_owned(), text.clone().into_bytes().into())).collect())
    }

    #[test]
    fn what_stays_beside_the_entry_that_is_written_is_named() {
        let names = ["age.agekey", "old.agekey", "keys.txt", ".agekey"];
        let values = names.map(|name| (name.to_owned(), Vec::<u8>::new().into())).into_iter().collect();
        assert_eq!(super::beside(&values, "age.agekey"), [".agekey", "old.agekey"]);
    }

    #[test]
    fn every_key_of_every_agekey_entry_counts_and_other_names_are_passed_over() {
        let [one, two, three] = [generate(), KeyKind::PostQuantum.generate(), generate()];
        let found = entries(&[
            ("age.agekey", format!("# a\n\n{}\r\n{}\n", one.0.expose(), two.0.expose())),
            (".agekey", three.0.expose().to_owned()),
            ("keys.txt", format!("# b\n{}\n", generate().0.expose())),
            ("empty.agekey", String::new()),
            ("sops.asc", "-----BEGIN PGP PRIVATE KEY BLOCK-----".to_owned()),
            ("readme", "AGE-".to_owned()),
        ]);
        assert_eq!(found.identities.recipients(), [three.1, one.1, two.1]);
        assert_eq!(found.broken, None);
        assert_eq!(
            found.passed_over,
            ["keys.txt holds an age key, and Flux passes over it: only names that end in .agekey count"]
        );
    }

    #[test]
    fn a_line_that_is_no_age_key_breaks_the_whole_and_is_never_shown() {
        let good = generate().0;
        for (wrong, line) in [
            (format!("{}\nhunter2\n", good.expose()), 2),
            (format!(" {}", good.expose()), 1),
            (format!("{} ", good.expose()), 1),
            (format!("{}\n \n", good.expose()), 2),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n".to_owned(), 1),
            ("AGE-SECRET-KEY-1QQQ\n".to_owned(), 1),
        ] {
            let broken = entries(&[("age.agekey", wrong)]).broken.unwrap();
            assert!(broken.starts_with(&format!("age.agekey, line {line}: ")), "{broken}");
            assert!(!broken.contains("hunter2") && !broken.contains("QQQ"), "{broken}");
        }
        let plugin = entries(&[("age.agekey", "AGE-PLUGIN-YUBIKEY-1QQ\n".to_owned())]);
        assert!(plugin.broken.is_none() && plugin.passed_over[0].contains("plug-in"));
    }
}
