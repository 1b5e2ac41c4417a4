//! The readers of an encrypted file, and those among them that the user has not agreed to yet: recipients that are not
//! in the last commit, or not those of the file's creation rule.
//!
//! Everyone with write access to the repository can add a recipient to a file's `sops` block, which its MAC does not
//! cover, or to `.sops.yaml`, and can read the values from the next encryption on. So new readers are reported before
//! that.

use std::collections::BTreeSet;
use std::path::Path;

use super::creation::Creation;
use super::snapshot::Snapshot;
use super::{contents, git};
use crate::model::{Fault, Step, StepState};
use crate::sops::{Config, CreationRule, Format, SopsFile};

/// The most values that are named.
const NAMED: usize = 3;

/// Names a present or future reader of a file that the user has not agreed to yet.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NewReader {
    /// The file: an encrypted one, or a `.sops.yaml`.
    pub file: String,
    /// The public key.
    pub recipient: String,
    /// The reason that the reader is new.
    pub why: String,
    /// The values that the reader sees: the first ones of the file; for a `.sops.yaml` the values encrypted by it.
    pub reads: String,
}

impl std::fmt::Display for NewReader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} reads {}: {}", self.recipient, self.reads, self.why)
    }
}

impl NewReader {
    /// Returns a warning of the reader: one step for each, so that all of them stay visible.
    pub fn step(&self, at: jiff::Timestamp) -> Step {
        let message = format!("he reads {}: {}", self.reads, self.why);
        Step {
            at,
            step: format!("new reader of {}: {}", self.file, self.recipient),
            state: StepState::Warning,
            message,
        }
    }
}

/// Holds the recipients of the last commit.
#[derive(Debug)]
pub struct Committed {
    /// The last commit; `None` if there is none.
    last: Result<Option<git::LastCommit>, Fault>,
    /// The recipients of every `.sops.yaml`; `None` if there is no commit, or none with such a file, so that no reader
    /// is new.
    configured: Option<BTreeSet<String>>,
}

impl Committed {
    /// Reads the recipients of the last commit. It runs git.
    pub fn read(root: &Path) -> Self {
        let (mut last, mut named) = (git::LastCommit::read(root), Vec::new());
        if let Ok(Some(known)) = &last {
            match known.texts(known.names().filter(|name| is_config(name))) {
                Ok(configs) => named.extend(configs.iter().map(|(_, text)| configured(text))),
                Err(fault) => last = Err(fault),
            }
        }
        Self { last, configured: (!named.is_empty()).then(|| named.into_iter().flatten().collect()) }
    }

    /// Returns the recipients of every `.sops.yaml`; `None` if there is no commit, or none with such a file, so that no
    /// reader is new.
    ///
    /// # Errors
    /// The fault of git: new readers are unknown then.
    pub fn configured(&self) -> Result<Option<&BTreeSet<String>>, &Fault> {
        self.last.as_ref().map(|_| self.configured.as_ref())
    }

    /// Reads a file of the last commit; `None` if it has no such file.
    ///
    /// # Errors
    /// The fault of git.
    pub fn text(&self, file: &str) -> Result<Option<String>, Fault> {
        self.last.as_ref().map_err(Clone::clone)?.as_ref().map_or(Ok(None), |last| last.text(file))
    }

    fn knows(&self, recipient: &str) -> bool {
        self.configured.as_ref().is_some_and(|known| known.contains(recipient))
    }
}

/// Returns the recipients that a configuration names.
fn configured(text: &str) -> BTreeSet<String> {
    let config = Config::parse(text).unwrap_or_default();
    config.rules.iter().flat_map(CreationRule::recipients).collect()
}

/// Tells whether a file is a configuration of sops.
pub fn is_config(file: &str) -> bool {
    file == ".sops.yaml" || file.ends_with("/.sops.yaml")
}

/// Returns the recipients of a text: of an encrypted file, or of a configuration. Empty if it is neither.
pub fn recipients(file: &str, text: &str) -> BTreeSet<String> {
    if is_config(file) {
        return configured(text);
    }
    let sealed = SopsFile::parse(Format::from_path(file), text);
    sealed.map(|file| file.recipients().into_iter().collect()).unwrap_or_default()
}

/// Returns the readers that a file's new text adds to the one before. Without a text before, readers that are `known`
/// in the repository are not new.
pub fn gained(file: &str, before: Option<&str>, after: &str, known: &BTreeSet<String>) -> Vec<NewReader> {
    let (known, why) = match before {
        Some(text) => (&recipients(file, text), "he could not read it before"),
        None => (known, "he was named nowhere before"),
    };
    let reads = reads(file, after);
    let new = recipients(file, after).into_iter().filter(|one| !known.contains(one));
    new.map(|recipient| NewReader { file: file.to_owned(), recipient, why: why.to_owned(), reads: reads.clone() })
        .collect()
}

/// Describes the values that a reader of a file sees.
pub fn reads(file: &str, text: &str) -> String {
    if is_config(file) {
        return format!("whatever is encrypted by {file} from now on");
    }
    let Ok(sealed) = SopsFile::parse(Format::from_path(file), text) else { return file.to_owned() };
    let keys: Vec<String> = (0..sealed.documents().len()).flat_map(|document| sealed.secret_keys(document)).collect();
    let more = keys.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named: Vec<String> = keys.into_iter().take(NAMED).collect();
    if named.is_empty() { file.to_owned() } else { format!("{}{more} of {file}", named.join(", ")) }
}

/// Selects the recipients of a file after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The present readers.
    Same,
    /// The recipients of its creation rule.
    ByRule,
}

impl Snapshot {
    /// Lists the encrypted files that concern these environments and no other. It runs git.
    ///
    /// # Errors
    /// If git cannot list the files.
    pub fn encrypted_files(&self, environments: &[String]) -> Result<Vec<String>, Fault> {
        let concerns = |file: &String| {
            let readers = self.readers_of(file);
            !readers.is_empty() && readers.iter().all(|reader| environments.contains(reader))
        };
        let is_encrypted =
            |file: &String| contents::text(&self.root, file).is_ok_and(|text| crate::sops::sniff(&text).is_some());
        let all = git::files(&self.root, &[])?;
        Ok(all.into_iter().filter(|file| concerns(file) && is_encrypted(file)).collect())
    }

    /// Finds the readers after a write that the user has not agreed to yet. It runs git.
    pub fn readers_after(&self, files: &[String], wanted: Wanted) -> Vec<NewReader> {
        let committed = Committed::read(&self.root);
        let new = |file: &String| {
            let text = contents::text(&self.root, file).ok();
            let recipients = match wanted {
                Wanted::Same => text.as_deref().map(|text| recipients(file, text).into_iter().collect()),
                Wanted::ByRule => self.creation(file).ok().map(|creation| creation.rule.recipients()),
            };
            self.new_readers(file, &recipients.unwrap_or_default(), text.as_deref(), &committed)
        };
        files.iter().flat_map(new).collect()
    }

    /// Finds an encrypted file that a recipient of a new one cannot read: any of the same creation rule, or, if the
    /// rule has no other, one of the repository if the recipient can read none of it.
    fn closed_to(&self, recipient: &str, creation: &Creation, others: &[(String, BTreeSet<String>)]) -> Option<String> {
        let is_peer = |name: &str| {
            self.creation(name)
                .is_ok_and(|known| known.config == creation.config && known.rule.index == creation.rule.index)
        };
        let peers: Vec<_> = others.iter().filter(|(name, _)| is_peer(name)).collect();
        let closed = |(_, readers): &&(String, BTreeSet<String>)| !readers.contains(recipient);
        match peers.as_slice() {
            [] if others.iter().all(|other| closed(&other)) => others.first().map(|(name, _)| name.clone()),
            peers => peers.iter().copied().find(closed).map(|(name, _)| name.clone()),
        }
    }

    /// Returns the other encrypted files of the repository, each with its readers.
    ///
    /// # Errors
    /// If git does not list them.
    fn others(&self, file: &str) -> Result<Vec<(String, BTreeSet<String>)>, Fault> {
        let sealed = |other: String| {
            let text = contents::text(&self.root, &other).ok().filter(|_| other != file)?;
            crate::sops::sniff(&text)?;
            let readers = recipients(&other, &text);
            (!readers.is_empty()).then_some((other, readers))
        };
        // Outside of a repository there is nothing to compare with, as without a commit.
        let all = if git::is_in_repository(&self.root) { git::files(&self.root, &[])? } else { Vec::new() };
        Ok(all.into_iter().filter_map(sealed).collect())
    }

    /// Finds, among the present or planned recipients of a file, those that the user has not agreed to yet: those
    /// outside of its creation rule, and those that could not read the file of the last commit. A `.sops.yaml` of the
    /// last commit is no agreement: it may have come with a pull. For a new file, the other files of the same rule are
    /// compared. If git fails, each recipient is named with that reason. `text` is the present file, if it is
    /// encrypted. It runs git.
    pub fn new_readers(
        &self,
        file: &str,
        recipients: &[String],
        text: Option<&str>,
        committed: &Committed,
    ) -> Vec<NewReader> {
        let rule = self.creation(file).ok().filter(|creation| !creation.rule.recipients().is_empty());
        let of_rule = rule.as_ref().map(|creation| creation.rule.recipients());
        let before = committed.text(file).map(|text| text.map(|text| self::recipients(file, &text)));
        let before = before.map(|known| known.filter(|known| !known.is_empty()));
        let others = match &before {
            Ok(None) if rule.is_some() => self.others(file),
            _ => Ok(Vec::new()),
        };
        // Without an answer from git the earlier readers are unknown, which is not the same as none.
        let unknown = before.as_ref().err().or(others.as_ref().err()).cloned();
        let (before, others) = (before.ok().flatten(), others.unwrap_or_default());
        let reads = text.map_or_else(|| file.to_owned(), |text| reads(file, text));
        let mut found: Vec<NewReader> = Vec::new();
        for recipient in recipients {
            let is_of_rule = of_rule.as_ref().is_none_or(|known| known.contains(recipient));
            let closed_to = rule.as_ref().and_then(|creation| self.closed_to(recipient, creation, &others));
            let was_there = match &before {
                Some(known) => known.contains(recipient),
                None if others.is_empty() => committed.knows(recipient),
                None => closed_to.is_none(),
            };
            let can_tell = committed.configured.is_some() || before.is_some() || !others.is_empty();
            let why = match (&rule, is_of_rule, was_there || !can_tell, &unknown) {
                (_, true, _, Some(fault)) => format!("whether he is new is not known: {}: {}", fault.what, fault.why),
                (_, true, true, None) => continue,
                (Some(creation), false, false, _) if !committed.knows(recipient) => {
                    format!("{} does not name him, and neither does the last commit", creation.name())
                }
                (Some(creation), false, ..) => format!("{} does not name him", creation.name()),
                _ if committed.knows(recipient) => match &closed_to {
                    Some(other) => format!("he cannot read {other}"),
                    None => {
                        "a .sops.yaml of the last commit names him, but he cannot read the file as it has it".to_owned()
                    }
                },
                _ => "the last commit names him neither in the file nor in a .sops.yaml".to_owned(),
            };
            if !found.iter().any(|known| known.recipient == *recipient) {
                found.push(NewReader {
                    file: file.to_owned(),
                    recipient: recipient.clone(),
                    why,
                    reads: reads.clone(),
                });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Committed, gained};
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;
    use crate::secret::Secret;
    use crate::sops::{Format, NewFile, create, generate};

    fn config(recipients: &[&str]) -> String {
        format!("creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: {}\n", recipients.join(","))
    }

    fn sealed(recipients: &[&str]) -> String {
        let recipients: Vec<String> = recipients.iter().map(|one| (*one).to_owned()).collect();
        let text = Secret::new("kind: Secret\nmetadata:\n  name: a\nstringData:\n  a: b\n  c: d\n");
        let new = NewFile::for_recipients(&recipients, "^(data|stringData)$");
        create(Format::Yaml, &text, &new, jiff::Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn whoever_the_rule_or_the_last_commit_does_not_name_is_new() {
        let (ours, junk) = (generate().1, generate().1);
        let repository = TestRepository::new();
        let new = |recipients: &[&str], text: &str| {
            let recipients: Vec<String> = recipients.iter().map(|one| (*one).to_owned()).collect();
            let snapshot = Snapshot::load(repository.path());
            let found = snapshot.new_readers("secret.yaml", &recipients, Some(text), &Committed::read(&snapshot.root));
            found.into_iter().map(|one| (one.recipient, one.why)).collect::<Vec<_>>()
        };
        let text = sealed(&[&ours]);
        // With nothing to compare with, no reader is new.
        assert_eq!(new(&[&ours], &text), []);
        repository.write(".sops.yaml", &config(&[&ours]));
        repository.write("secret.yaml", &text);
        assert_eq!(new(&[&ours], &text), []);
        repository.commit("first");
        assert_eq!(new(&[&ours], &text), []);
        // Slipped into the file, whether or not it was committed.
        let found = new(&[&ours, &junk], &text);
        assert!(
            found.len() == 1 && found[0].0 == junk && found[0].1.contains("neither does the last commit"),
            "{found:?}"
        );
        repository.write("secret.yaml", &sealed(&[&ours, &junk]));
        repository.commit("second");
        let found = new(&[&ours, &junk], &text);
        assert!(found.len() == 1 && found[0].1 == "rule 1 of .sops.yaml does not name him", "{found:?}");
        // Slipped into the configuration.
        repository.write("secret.yaml", &text);
        repository.commit("third");
        repository.write(".sops.yaml", &config(&[&ours, &junk]));
        let found = new(&[&ours, &junk], &text);
        assert!(found.len() == 1 && found[0].1.contains("neither in the file nor in a .sops.yaml"), "{found:?}");
        // A commit that names him, which may have come with a pull, is no agreement; a file encrypted for him is.
        repository.commit("named");
        let found = new(&[&ours, &junk], &text);
        assert!(found.len() == 1 && found[0].0 == junk && found[0].1.contains("as it has it"), "{found:?}");
        repository.write("secret.yaml", &sealed(&[&ours, &junk]));
        repository.commit("agreed");
        assert_eq!(new(&[&ours, &junk], &text), []);
    }

    #[test]
    fn who_reads_a_new_file_and_not_the_others_of_its_rule_is_new() {
        let (ours, junk) = (generate().1, generate().1);
        let repository = TestRepository::new();
        repository.write(".sops.yaml", &config(&[&ours, &junk]));
        repository.write("secret.yaml", &sealed(&[&ours]));
        repository.commit("pulled");
        let new = |file: &str| {
            let snapshot = Snapshot::load(repository.path());
            let wanted = [ours.clone(), junk.clone()];
            let found = snapshot.new_readers(file, &wanted, None, &Committed::read(&snapshot.root));
            found.into_iter().map(|one| (one.recipient, one.why)).collect::<Vec<_>>()
        };
        let found = new("other.yaml");
        assert!(found.len() == 1 && found[0].0 == junk && found[0].1.contains("cannot read secret.yaml"), "{found:?}");
        // A file of his own is no proof for him.
        repository.write("bait.yaml", &sealed(&[&ours, &junk]));
        repository.commit("bait");
        assert_eq!(new("other.yaml").len(), 1);
        // If the rule has no other file, he counts as new if he reads none of the repository's.
        repository.write("near/.sops.yaml", &config(&[&ours, &junk]));
        assert_eq!(new("near/other.yaml"), []);
        std::fs::remove_file(repository.path().join("bait.yaml")).unwrap();
        assert_eq!(new("near/other.yaml").len(), 1);
        repository.write("secret.yaml", &sealed(&[&ours, &junk]));
        assert_eq!(new("other.yaml"), []);
    }

    #[test]
    fn who_is_new_where_git_cannot_tell_is_not_nobody() {
        let ours = generate().1;
        let repository = TestRepository::new();
        repository.write(".sops.yaml", &config(&[&ours]));
        repository.write("secret.yaml", &sealed(&[&ours]));
        repository.commit("first");
        let new = || {
            let snapshot = Snapshot::load(repository.path());
            let wanted = std::slice::from_ref(&ours);
            let found = snapshot.new_readers("secret.yaml", wanted, None, &Committed::read(&snapshot.root));
            found.into_iter().map(|one| (one.recipient, one.why)).collect::<Vec<_>>()
        };
        assert_eq!(new(), []);
        std::fs::write(repository.path().join(".git/HEAD"), "no reference\n").unwrap();
        let found = new();
        assert!(found.len() == 1 && found[0].0 == ours && found[0].1.contains("is not known"), "{found:?}");
        // A folder outside of a repository has nothing to compare with.
        std::fs::remove_dir_all(repository.path().join(".git")).unwrap();
        assert_eq!(new(), []);
    }

    #[test]
    fn who_gains_a_file_is_named_with_what_he_reads() {
        let (ours, junk) = (generate().1, generate().1);
        let known = std::collections::BTreeSet::from([ours.clone()]);
        let new = gained("a.yaml", None, &sealed(&[&ours, &junk]), &known);
        assert_eq!(new.iter().map(|one| one.recipient.as_str()).collect::<Vec<_>>(), [junk.as_str()]);
        let found = gained("a.yaml", Some(&sealed(&[&ours])), &sealed(&[&ours, &junk]), &known);
        assert_eq!(
            found.iter().map(|one| (one.recipient.as_str(), one.reads.as_str())).collect::<Vec<_>>(),
            [(junk.as_str(), "a, c of a.yaml")]
        );
        let found = gained("b/.sops.yaml", Some(&config(&[&ours])), &config(&[&junk]), &known);
        assert!(
            found.len() == 1 && found[0].to_string().contains("whatever is encrypted by b/.sops.yaml"),
            "{found:?}"
        );
        assert_eq!(gained("c.yaml", None, "a: b\n", &known), []);
    }
}
