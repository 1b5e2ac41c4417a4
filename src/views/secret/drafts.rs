//! Unsaved changes survive a crash: a draft beside the journal, encrypted for the file's own recipients, is offered
//! when the file is opened again.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ratatui::Frame;
use ratatui::layout::Rect;
use sha2::{Digest as _, Sha256};

use super::{EditorAction, SecretView, tell};
use crate::app::{Action, Key, Notice, Scene, Task, TaskContext, View};
use crate::model::{Fault, FaultKind};
use crate::theme::Scope;
use crate::widgets::{Paragraph, StyledLine, centred, fit, panel};

/// The largest draft: no larger file is edited here.
const LARGEST: u64 = crate::files::MANIFEST_LIMIT;

/// The answer of the task that reads a draft: its encrypted text.
pub(super) struct Found(Option<String>);

/// The answer of the task that writes a draft; `None` if it succeeded.
pub(super) struct Written(Option<Fault>);

/// The answer of the task that removes a draft.
pub(super) struct Dropped;

/// Returns the path of a file's draft; `None` if nothing is kept, as in a demonstration.
fn place(task_context: &TaskContext, file: &str) -> Option<PathBuf> {
    let folder = task_context.journal.as_ref()?.parent()?.join("drafts");
    let root = task_context.root.as_deref().unwrap_or(Path::new("/"));
    let hash = Sha256::digest(root.join(file).to_string_lossy().as_bytes());
    let name: String = hash
        .iter()
        .take(16)
        .map(|byte| {
            char::from_digit(u32::from(byte >> 4), 16)
                .into_iter()
                .chain(char::from_digit(u32::from(byte & 15), 16))
                .collect::<String>()
        })
        .collect();
    Some(folder.join(format!("{name}.sops")))
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = path.with_extension(format!("{}", std::process::id()));
    let _ = std::fs::remove_file(&beside);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

impl SecretView {
    /// Writes a draft of the changes after a while without a key; it has the same content as a save, so it is
    /// encrypted.
    pub(super) fn keep_draft(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let (now, file) = (scene.facts.now, self.file.clone());
        let Some(document) = self.document().filter(|_| !self.saving) else { return Vec::new() };
        if !document.opened().is_changed() {
            return if std::mem::take(&mut self.drafted).is_some() { vec![self.drop_draft()] } else { Vec::new() };
        }
        let paths = document.changes();
        if self.drafted.as_ref() == Some(&paths) {
            return Vec::new();
        }
        // Saving reports the values that cannot be encrypted yet.
        let Ok(text) = document.opened().save(now) else { return Vec::new() };
        self.drafted = Some(paths);
        vec![Action::Task(Task::blocking("keep a draft", move |task_context| {
            let written = place(&task_context, &file).map(|path| write(&path, &text));
            Written(written.and_then(Result::err).map(|error| {
                Fault::failed("no draft is kept", error.to_string(), "save the changes before you leave the desk")
            }))
        }))]
    }

    /// Removes the draft.
    pub(super) fn drop_draft(&self) -> Action {
        let file = self.file.clone();
        Action::Task(Task::blocking("drop the draft", move |task_context| {
            if let Some(path) = place(&task_context, &file) {
                // There may be no draft.
                let _ = std::fs::remove_file(path);
            }
            Dropped
        }))
    }

    /// Reads the draft of the opened file.
    pub(super) fn find_draft(&self) -> Action {
        let file = self.file.clone();
        Action::Task(Task::blocking("look for a draft", move |task_context| {
            Found(place(&task_context, &file).and_then(|path| crate::files::own_text(&path, LARGEST).ok()))
        }))
    }

    /// Offers the draft, if it differs from the file.
    pub(super) fn found(&mut self, Found(text): Found, scene: &Scene<'_>) -> Vec<Action> {
        let (Some(text), Some(document)) = (text, self.document()) else { return Vec::new() };
        let plain = document.opened().reopened(&text).and_then(|draft| draft.plaintext());
        match (plain, document.opened().plaintext()) {
            (Ok(draft), Ok(current)) if draft == current => vec![self.drop_draft()],
            (Ok(draft), _) => {
                self.draft = Some(draft);
                vec![Action::Push(Box::new(Question { file: self.file.clone() }))]
            }
            (Err(_), _) => {
                let fault = Fault::new(
                    FaultKind::Undecryptable,
                    format!("the draft of {} no longer fits it", self.file),
                    "the file has another data key now",
                    "change the values again; the draft is kept until you save",
                );
                vec![Action::Tell(Notice::fault(scene.facts.now, fault))]
            }
        }
    }

    /// Takes the draft as the text of the file.
    pub(super) fn take_draft(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let (Some(draft), Some(document)) = (self.draft.take(), self.document_mut()) else { return Vec::new() };
        match document.replace(&draft) {
            Ok(_) => {
                self.reshaped(None);
                tell(scene, "the draft is taken: ‹key:save› shows what would be saved, ‹key:secret-undo› takes it back")
            }
            Err(fault) => vec![Action::Tell(Notice::fault(scene.facts.now, fault))],
        }
    }

    /// Reports a draft that could not be written.
    pub(super) fn kept(Written(fault): Written, scene: &Scene<'_>) -> Vec<Action> {
        fault.map(|fault| Action::Tell(Notice::fault(scene.facts.now, fault))).into_iter().collect()
    }

    /// Continues after the draft was removed: closes the editor if the user is leaving.
    pub(super) fn dropped(&mut self) -> Vec<Action> {
        if self.leaving { vec![Action::Pop] } else { Vec::new() }
    }
}

/// Asks what to do with a draft.
#[derive(Debug)]
struct Question {
    file: String,
}

impl View for Question {
    fn id(&self) -> &'static str {
        "draft"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("unsaved changes of {}", self.file)
    }

    fn overlay(&self) -> bool {
        true
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("t", "take them"), ("d", "drop them"), ("esc", "back")]
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        match key.typed() {
            Some('t' | 'T') => vec![Action::Pop, Action::Hand(Box::new(EditorAction::TakeDraft))],
            Some('d' | 'D') => vec![Action::Pop, Action::Hand(Box::new(EditorAction::DropDraft))],
            _ if key.is("esc") => vec![Action::Pop],
            _ => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let width = area.width.saturating_sub(8).clamp(20, 90);
        let room = usize::from(width.saturating_sub(4));
        let style = scene.theme.style(Scope::Key);
        let lines = vec![
            StyledLine::from(fit("fluxdeck ended before these changes were saved; they were kept, encrypted.", room)),
            StyledLine::default(),
            StyledLine::styled(fit("t take them; S then shows each before it is saved", room), style),
            StyledLine::styled(fit("d drop them", room), style),
            StyledLine::styled(fit("esc decide the next time", room), style),
        ];
        let inside = panel(frame, centred(area, width, 7), &self.title(scene), true, scene.theme);
        frame.render_widget(Paragraph::new(lines), inside);
    }
}
