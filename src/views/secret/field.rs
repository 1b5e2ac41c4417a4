//! The uses of the editor's field, at its value or at the foot: a value, a key, a file's name, or the characters of a
//! new password.

use zeroize::Zeroizing;

use super::editor::Editor;
use super::{SecretView, tell};
use crate::app::operation::StepSender;
use crate::app::{Action, CommandTarget, Notice, Operation, Permit, Scene, Task, TaskContext};
use crate::model::{Fault, FaultKind, Outcome, ShellLine};
use crate::programs::own_folder;
use crate::repo::git;
use crate::secret::Secret;
use crate::sops::{self, LETTERS, Path, SecretPrompt};
use crate::workflows::secret::document::{Document, place as place_of, shown};

/// The largest file that is read, in bytes: a Secret has 1 MiB at most.
const LARGEST: u64 = crate::files::VALUE_LIMIT;
/// The longest password.
const LONGEST: usize = 4096;

/// Names the use of the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// An existing value.
    Value(usize),
    /// The name of a new key, beside the selected value.
    Key(Option<usize>),
    /// The value of a new key.
    Added(usize, Path),
    /// A new name for a key.
    Name(usize),
    /// The length and the characters of a new password.
    Letters(usize),
    /// The file to read a value from.
    From(usize),
    /// The file to write a value into.
    To(usize),
    /// The whole document.
    Text,
    /// The answer to an identity's question, before the file opens.
    Answer(SecretPrompt),
    /// A private key for this session.
    PrivateKey,
}

/// The answer of the task that reads a file for a value.
pub(super) struct Read(usize, Path, Result<Zeroizing<Vec<u8>>, Fault>);

impl Field {
    /// Writes the field's title: its use, and its keys.
    pub(super) fn title(&self, document: Option<&Document>, lines: usize) -> String {
        let entry = |index: &usize| document?.entries().get(*index);
        let path = |index: &usize| entry(index).map(|entry| entry.path.to_string()).unwrap_or_default();
        let keys = if lines > 1 { "ctrl-s keep  esc drop" } else { "enter keep  esc drop" };
        match self {
            Self::Value(index) if lines > 1 => format!("{keys}   {}", path(index)),
            Self::Value(index) => format!("{keys}  alt-enter new line   {}", path(index)),
            Self::Key(near) => {
                let place = document.map(|document| document.place("KEY", *near).1.to_string()).unwrap_or_default();
                format!("{keys}   new key: {place}, or /data/KEY for another place")
            }
            Self::Added(_, path) => format!("{keys}  alt-enter new line   {path}, a new key"),
            Self::Name(index) => format!("{keys}   another key for {}", path(index)),
            Self::Letters(index) => {
                format!("enter make it  esc drop   length, letters for {}", path(index))
            }
            Self::From(index) => format!("enter read  esc drop   file for {}", path(index)),
            Self::To(index) => {
                format!("enter write  esc drop   a file outside of the repository for {}", path(index))
            }
            Self::Answer(question) => format!("enter answer  esc leave it closed   {}", question.text),
            Self::PrivateKey => "enter try it  esc drop   an age private key, kept until fluxdeck ends".to_owned(),
            Self::Text => "ctrl-s keep  esc drop   the whole document".to_owned(),
        }
    }

    /// Tells whether the typed text is as secret as a value.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Self::Value(_) | Self::Added(..) | Self::Text | Self::Answer(_) | Self::PrivateKey)
    }
}

impl SecretView {
    /// Opens the field for a request about the selected value.
    pub(super) fn begin(
        &mut self,
        field: impl FnOnce(usize) -> Field,
        text: impl FnOnce(&Document, usize) -> String,
        scene: &Scene<'_>,
    ) -> Vec<Action> {
        if self.saving {
            return tell(scene, "the file is being saved");
        }
        let (Some(index), Some(document)) = (self.value(), self.document()) else { return Vec::new() };
        let text = text(document, index);
        self.editing = Some((field(index), Editor::new(&Secret::new(text))));
        self.watch_over()
    }

    /// Opens the field for a new key.
    pub(super) fn begin_key(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.saving {
            return tell(scene, "the file is being saved");
        }
        self.editing = Some((Field::Key(self.value()), Editor::new(&Secret::new(""))));
        self.watch_over()
    }

    /// Accepts the typed text; the field stays open if it is not valid.
    pub(super) fn keep(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some((field, editor)) = self.editing.take() else { return Vec::new() };
        match self.take_over(&field, &editor.text(), scene) {
            Ok(mut actions) => {
                actions.extend(self.watch_over());
                actions
            }
            Err(fault) => {
                self.editing = Some((field, editor));
                vec![Action::Tell(Notice::fault(scene.facts.now, fault))]
            }
        }
    }

    fn take_over(&mut self, field: &Field, text: &Secret, scene: &Scene<'_>) -> Result<Vec<Action>, Fault> {
        if matches!(field, Field::Answer(_) | Field::PrivateKey) {
            return self.give(field.clone(), text.duplicate(), scene);
        }
        let (file, words) = (self.file.clone(), text.expose().trim().to_owned());
        let Some(document) = self.document_mut() else { return Ok(Vec::new()) };
        match field {
            Field::Value(index) => document.change(&file, *index, text).map(|_| Vec::new()),
            Field::Key(near) => {
                let (place, path) = document.place(&words, *near);
                document.may_add(place, &path)?;
                self.editing = Some((Field::Added(place, path), Editor::new(&Secret::new(""))));
                Ok(Vec::new())
            }
            Field::Added(place, path) => {
                document.add(*place, path, text)?;
                self.reshaped(Some((*place, path.clone())));
                Ok(Vec::new())
            }
            Field::Name(index) => {
                let entry = document.entries().get(*index).map(|entry| (entry.document, entry.path.clone()));
                document.rename(*index, &words)?;
                let renamed = entry.map(|(place, path)| {
                    (place, path.parent().unwrap_or_default().child(sops::Segment::Key(words.clone())))
                });
                self.reshaped(renamed);
                Ok(Vec::new())
            }
            Field::Letters(index) => {
                let (length, letters) = recipe(&words)?;
                let made = sops::password_of(length, &letters);
                document.change(&file, *index, &made)?;
                let bits = entropy(length, letters.len());
                Ok(tell(
                    scene,
                    &format!("made a password of {length} characters out of {}: {bits} bits", letters.len()),
                ))
            }
            Field::From(index) => {
                let Some(entry) = document.entries().get(*index) else { return Ok(Vec::new()) };
                let (place, path) = (entry.document, entry.path.clone());
                let from = home(&words);
                Ok(vec![Action::Task(Task::blocking(format!("read {words}"), move |_| Read(place, path, read(&from))))])
            }
            Field::To(index) => {
                let Some(entry) = document.entries().get(*index) else { return Ok(Vec::new()) };
                let (place, path) = (entry.document, entry.path.clone());
                let written = place_of(&path);
                self.exporting = Some((place, path, home(&words)));
                let targets = vec![CommandTarget::Worktree(words.clone())];
                let answers =
                    vec![("place".to_owned(), written), ("of".to_owned(), file.clone()), ("file".to_owned(), words)];
                let ask = |command| Action::Dispatch(command, targets, answers);
                Ok(scene.command("secret-write-out").map(ask).into_iter().collect())
            }
            Field::Answer(_) | Field::PrivateKey => Ok(Vec::new()),
            Field::Text => {
                let differs = document.replace(text)?;
                self.reshaped(None);
                Ok(if differs { Vec::new() } else { tell(scene, "nothing was changed") })
            }
        }
    }

    /// Catches up after keys were added or removed: the positions of revealed values may now be those of others.
    pub(super) fn reshaped(&mut self, select: Option<(usize, Path)>) {
        self.revealed.clear();
        let Some(document) = self.document() else { return };
        let index = select.and_then(|(place, path)| {
            document.entries().iter().position(|entry| entry.document == place && entry.path == path)
        });
        if let Some(place) = index.and_then(|index| self.values().iter().position(|known| *known == index)) {
            self.selected = place;
        }
    }

    /// Takes a file's bytes for a value.
    pub(super) fn imported(&mut self, read: Read, scene: &Scene<'_>) -> Vec<Action> {
        let Read(place, path, bytes) = read;
        let Some(document) = self.document_mut() else { return Vec::new() };
        let index = document.entries().iter().position(|entry| entry.document == place && entry.path == path);
        let done =
            bytes.and_then(|bytes| index.map_or(Ok(()), |index| document.import(index, &bytes)).map(|()| bytes.len()));
        match done {
            Ok(size) => tell(scene, &format!("{path} has the {size} bytes of the file")),
            Err(fault) => vec![Action::Tell(Notice::fault(scene.facts.now, fault))],
        }
    }

    /// Writes a value into the named file, with the guard's permit.
    pub(super) fn export(&mut self, permit: Permit) -> Vec<Action> {
        let Some((place, path, to)) = self.exporting.take() else { return Vec::new() };
        let Some(document) = self.document() else { return Vec::new() };
        let index = document.entries().iter().position(|entry| entry.document == place && entry.path == path);
        let Some(bytes) = index.and_then(|index| document.bytes(index)) else { return Vec::new() };
        let object = self.file.clone();
        let shell = ShellLine::new(
            "sops decrypt --extract {} {path} > {path}",
            &[&place_of(&path), &object, &to.to_string_lossy()],
        );
        let work = Box::new(move |task_context: TaskContext, _steps: StepSender| {
            let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
                let root = task_context.root.clone();
                match task_context.away(move || write(root.as_deref(), &to, &bytes)).await.flatten() {
                    Ok(words) => Outcome::Done(words),
                    Err(fault) => Outcome::Failed(fault),
                }
            });
            work
        });
        let (title, stopped) = (format!("Write {path} into a file"), "no longer waited for; look at the file");
        vec![Action::Operate(Operation { title, env: None, object, shell, stopped, permit, work })]
    }

    /// Copies the selected value to the clipboard, and clears it later.
    pub(super) fn copy(&self, scene: &Scene<'_>) -> Vec<Action> {
        let entry = self.value().and_then(|index| self.document()?.entries().get(index));
        let Some(entry) = entry else { return Vec::new() };
        let mut actions = vec![Action::CopySecret(shown(entry).1)];
        actions.extend(tell(scene, &format!("copied {}; the clipboard is cleared in 30 s", entry.path)));
        actions
    }
}

impl Document {
    /// Tells whether a key can be added, before the user enters its value.
    fn may_add(&self, place: usize, path: &Path) -> Result<(), Fault> {
        self.fits(place, path)?;
        if self.entries().iter().any(|entry| entry.document == place && entry.path == *path) {
            let why = "the key exists already";
            return Err(Fault::new(
                FaultKind::Usage,
                format!("{path} was not added"),
                why,
                "name another, or edit it (‹key:secret-edit›)",
            ));
        }
        Ok(())
    }
}

/// Parses a recipe such as `32 a-zA-Z0-9-_`: the length, then characters with ranges; without characters, those that
/// need no quotes.
fn recipe(words: &str) -> Result<(usize, Vec<char>), Fault> {
    let wrong = |why: &str| Fault::new(FaultKind::Usage, "no password was made", why, "write it as: 32 a-zA-Z0-9");
    let (length, class) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let length: usize = length.parse().map_err(|_| wrong("it begins with the length"))?;
    if length == 0 || length > LONGEST {
        return Err(wrong("the length is from 1 to 4096"));
    }
    let class = if class.trim().is_empty() { LETTERS } else { class.trim() };
    let mut letters: Vec<char> = Vec::new();
    let all: Vec<char> = class.chars().collect();
    let mut rest = all.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        let last = match rest {
            ['-', last, after @ ..] if first <= last => {
                rest = after;
                *last
            }
            _ => *first,
        };
        letters.extend((*first..=last).filter(|letter| !letter.is_control() && !letter.is_whitespace()));
    }
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 2 {
        return Err(wrong("there are fewer than two letters to choose from"));
    }
    Ok((length, letters))
}

/// Calculates the bits of a password: its length times the binary logarithm of the number of different characters.
fn entropy(length: usize, letters: usize) -> u32 {
    let letters = u32::try_from(letters).unwrap_or(u32::MAX);
    let bits = f64::from(letters).log2() * f64::from(u32::try_from(length).unwrap_or(u32::MAX));
    // The number of bits is small, and its fraction does not matter.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive and small")]
    let whole = bits as u32;
    whole
}

/// Resolves `~/` as a shell does.
fn home(words: &str) -> std::path::PathBuf {
    match (words.strip_prefix("~/"), own_folder("HOME")) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => std::path::PathBuf::from(words),
    }
}

fn read(path: &std::path::Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let failed = |why: String| Fault::failed(format!("cannot read {}", path.display()), why, "name another file");
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > LARGEST {
        return Err(failed("it has more than 1 MiB, the most that a Secret takes".to_owned()));
    }
    crate::files::own(path, LARGEST).map(Zeroizing::new).map_err(|error| failed(error.to_string()))
}

/// Writes a value into a new file that only the user can read; not into the repository, where the next commit would
/// include it.
fn write(root: Option<&std::path::Path>, path: &std::path::Path, bytes: &[u8]) -> Result<String, Fault> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let shown = path.display();
    let what = format!("{shown} was not written");
    let folder = std::path::absolute(path).ok().and_then(|path| path.parent()?.canonicalize().ok());
    let inside =
        folder.zip(root.and_then(|root| root.canonicalize().ok())).filter(|(folder, root)| folder.starts_with(root));
    if let Some((folder, root)) = inside
        && !git::is_ignored(&root, &folder.join(path.file_name().unwrap_or_default()))
    {
        let why = "it lies in the repository, and git would take the plain value into the next commit";
        return Err(Fault::new(FaultKind::Refused, what, why, "name a file outside of the repository"));
    }
    let written = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = written.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| Fault::failed(what, error.to_string(), "name a file that is not there yet"))?;
    Ok(format!("wrote {} bytes to {shown}, readable by you alone; remove it when it is no longer needed", bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::{entropy, recipe, write};

    #[test]
    fn a_recipe_is_a_length_and_letters_with_ranges() {
        let letters =
            |words: &str| recipe(words).map(|(length, letters)| (length, letters.into_iter().collect::<String>()));
        assert_eq!(letters("8 a-cX-Z!").unwrap(), (8, "!XYZabc".to_owned()));
        assert_eq!(letters("8 z-a").unwrap(), (8, "-az".to_owned()));
        assert_eq!(letters("20").unwrap().1.len(), 62);
        for wrong in ["", "x", "0", "5000", "8 a", "-1"] {
            assert!(recipe(wrong).is_err(), "{wrong}");
        }
        assert_eq!(entropy(32, 62), 190);
    }

    #[test]
    fn a_value_is_written_for_its_owner_alone_and_never_into_the_repository() {
        use std::os::unix::fs::PermissionsExt as _;
        let repository = crate::repo::git::tests::TestRepository::new();
        repository.write(".gitignore", "*.secret\n");
        let root = Some(repository.path());
        let refused = write(root, &repository.path().join("value.txt"), b"hunter2").unwrap_err();
        assert!(refused.why.contains("in the repository") && !repository.path().join("value.txt").exists());
        write(root, &repository.path().join("value.secret"), b"hunter2").unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join("value.bin");
        write(root, &file, &[0, 255]).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write(root, &file, b"again").is_err(), "nothing is overwritten");
        assert_eq!(std::fs::read(&file).unwrap(), [0, 255]);
    }
}
