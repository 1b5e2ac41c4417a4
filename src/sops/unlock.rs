//! Opening a file of the repository with the available keys, and replacing it: the common part of the editor and the
//! headless twins.

use std::path::Path as FilePath;

use jiff::Timestamp;

use super::atomic::write_atomically;
use super::edit::opened::Opened;
use super::error::SopsError;
use super::file::SopsFile;
use super::format::Format;
use super::keys::identities::Identities;
use super::keys::prompts::SecretPrompt;
use super::keys::sources::IdentitySources;
use crate::model::{Fault, FaultKind, Permit};

/// The largest file that is opened, in bytes.
pub const LARGEST: u64 = crate::files::MANIFEST_LIMIT;

/// Holds an opened file and the problems of other keys.
#[derive(Debug)]
pub struct Unlocked {
    /// The file, decrypted in memory, its MAC verified.
    pub opened: Opened,
    /// The unusable keys, each with the reason.
    pub problems: Vec<String>,
}

/// Explains why a file stays closed, and names its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// The fault: what happened, why, what to do.
    pub fault: Fault,
    /// The public keys that the file is encrypted for; empty if it could not be read.
    pub recipients: Vec<String>,
    /// The public keys of the available identities.
    pub at_hand: Vec<String>,
    /// The unusable keys, each with the reason.
    pub problems: Vec<String>,
    /// The questions whose answers may open it on another try; empty if no answer would help.
    pub questions: Vec<SecretPrompt>,
}

impl Locked {
    /// Describes a file that could not even be read.
    pub fn unread(fault: Fault) -> Box<Self> {
        let (recipients, at_hand, problems, questions) = Default::default();
        Box::new(Self { fault, recipients, at_hand, problems, questions })
    }
}

/// Opens a file with the identities of the sources. It blocks: it reads files, and runs commands that print keys.
///
/// # Errors
/// If the file cannot be read, is not encrypted with SOPS, no key fits, or its values are not the saved ones.
pub fn unlock(
    path: &FilePath,
    name: &str,
    environment: Option<&str>,
    sources: &[IdentitySources],
) -> Result<Unlocked, Box<Locked>> {
    let closed = Locked::unread;
    let refused = |why: String, todo: &str| closed(Fault::failed(format!("cannot open {name}"), why, todo));
    let todo = "see that it is there and that you may read it";
    let text = crate::files::text(path, LARGEST).map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => {
            refused(error.to_string(), "Kubernetes takes no Secret above 1 MiB: is this the right file?")
        }
        _ => refused(error.to_string(), todo),
    })?;
    let file =
        SopsFile::parse(Format::from_path(name), text).map_err(|error| closed(error.fault(name, environment)))?;
    let recipients = file.recipients();
    let (mut identities, mut problems) = (Identities::default(), Vec::new());
    for source in sources {
        match Identities::load(source, &recipients) {
            Ok(found) => identities.merge(found),
            Err(fault) => problems.push(fault.why),
        }
    }
    problems.extend(identities.problems().iter().cloned());
    problems.dedup();
    match file.decrypt(&identities) {
        Ok(opened) => Ok(Unlocked { opened, problems }),
        Err(error) => {
            let at_hand = identities.recipients().iter().cloned().chain(identities.locked()).collect();
            let mut questions: Vec<SecretPrompt> = Vec::new();
            for prompts in sources.iter().map(|source| &source.prompts) {
                if let (SopsError::Unanswered { .. }, false) = (&error, prompts.is_live()) {
                    questions.extend(
                        prompts.take_open().into_iter().filter(|one| !questions.contains(one)).collect::<Vec<_>>(),
                    );
                }
            }
            Err(Box::new(Locked { fault: error.fault(name, environment), recipients, at_hand, problems, questions }))
        }
    }
}

/// Replaces the file by the opened one with its changes, and returns the result. It blocks until the disk has it.
///
/// # Errors
/// If nothing was changed, it cannot be written, or the file changed on the disk meanwhile; the file is then unchanged,
/// and the changes are still in memory.
pub fn save(opened: &Opened, path: &FilePath, name: &str, now: Timestamp, permit: &Permit) -> Result<Opened, Fault> {
    let fault = |error: SopsError| {
        let fault = error.fault(name, None);
        Fault { what: format!("cannot save {name}"), ..fault }
    };
    if !opened.is_changed() {
        return Err(Fault::new(
            FaultKind::Usage,
            format!("{name} was not saved"),
            "nothing was changed",
            "change a value first",
        ));
    }
    // The text is opened again before it is written: an unreadable file must not replace a readable one.
    let (text, again) = opened.saved(now).map_err(fault)?;
    write_atomically(path, opened.file().text(), &text, permit)?;
    Ok(again)
}

#[cfg(test)]
mod tests {
    use super::{save, unlock};
    use crate::model::FaultKind;
    use crate::model::permit::grant;
    use crate::secret::Secret;
    use crate::sops::{IdentitySources, Path, Segment};

    fn sources(environment: &str) -> Vec<IdentitySources> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let key_file = folder.join(format!("tests/keys/{environment}-throwaway.txt"));
        vec![IdentitySources { key_file: Some(key_file), ..IdentitySources::default() }]
    }

    fn copy() -> (tempfile::TempDir, std::path::PathBuf) {
        let from = "repo-template/apps/staging/linkding/linkding-container-env-secret.yaml";
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret.yaml");
        std::fs::copy(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(from), &file).unwrap();
        (folder, file)
    }

    fn password() -> Path {
        Path::new(["stringData", "LD_SUPERUSER_PASSWORD"].map(|key| Segment::Key(key.to_owned())).to_vec())
    }

    #[test]
    fn a_saved_file_can_be_changed_and_saved_again() {
        let (_folder, file) = copy();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let mut opened = unlock(&file, "secret.yaml", Some("staging"), &sources("staging")).unwrap().opened;
        assert_eq!(save(&opened, &file, "secret.yaml", now, &grant()).unwrap_err().kind, FaultKind::Usage);
        for value in ["throwaway-1", "throwaway-2"] {
            opened.set(0, &password(), &Secret::new(value)).unwrap();
            opened = save(&opened, &file, "secret.yaml", now, &grant()).unwrap();
            assert!(opened.changes().is_empty());
            let again = unlock(&file, "secret.yaml", None, &sources("staging")).unwrap();
            assert_eq!(again.opened.find(0, "stringData.LD_SUPERUSER_PASSWORD").unwrap().secret.expose(), value);
            assert_eq!(again.opened.openers().len(), 1);
        }
    }

    #[test]
    fn a_file_that_somebody_else_changed_is_left_alone_and_the_change_kept() {
        let (_folder, file) = copy();
        let mut opened = unlock(&file, "secret.yaml", Some("staging"), &sources("staging")).unwrap().opened;
        opened.set(0, &password(), &Secret::new("throwaway")).unwrap();
        let theirs = std::fs::read_to_string(&file).unwrap() + "# theirs\n";
        std::fs::write(&file, &theirs).unwrap();
        let fault = save(&opened, &file, "secret.yaml", jiff::Timestamp::UNIX_EPOCH, &grant()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Refused);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
        assert_eq!(opened.changes().len(), 1);
    }

    #[test]
    fn the_wrong_key_is_told_with_whose_it_is_and_whose_it_should_be() {
        let (_folder, file) = copy();
        let locked = unlock(&file, "secret.yaml", Some("staging"), &sources("production")).unwrap_err();
        assert_eq!(locked.fault.kind, FaultKind::Undecryptable);
        assert_eq!((locked.recipients.len(), locked.at_hand.len()), (1, 1));
        assert_ne!(locked.recipients, locked.at_hand);
        let none = unlock(&file, "secret.yaml", Some("staging"), &[IdentitySources::default()]).unwrap_err();
        assert!(none.at_hand.is_empty() && none.fault.why.contains("no age key is at hand"), "{none:?}");
    }
}
