//! The journal: the writes to clusters and the repository, with their users and results; and the notices of this run.
//!
//! ```text
//! +> journal ------------------------------------------------------------------+
//! | 2m   production  maria  flux reconcile kustomization apps …                 |
//! |                         applied main@sha1:dc5f0390                          |
//! +-----------------------------------------------------------------------------+
//! ```

use std::any::Any;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use jiff::Timestamp;

use crate::app::{Action, Scene, Task};
use crate::model::clock::age;
use crate::model::{Fault, JournalEntry};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;
use crate::widgets::pad;

/// The bytes read from the file's end: some thousand writes.
const END: u64 = 1024 * 1024;

/// Shows the journal.
#[derive(Debug)]
pub struct JournalView {
    page: Page,
    entries: Option<Result<Vec<JournalEntry>, Fault>>,
}

impl Default for JournalView {
    fn default() -> Self {
        Self { page: Page::new(SearchKey::Filters), entries: None }
    }
}

/// Reads the end of the file: one entry for each operation, with its result if there is one, newest first.
fn read(path: Option<&Path>) -> Result<Vec<JournalEntry>, Fault> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let fault = |error: std::io::Error| {
        Fault::failed("cannot read the journal", error.to_string(), format!("look at {}", path.display()))
    };
    let mut file = match crate::files::open_own(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(error)),
    };
    let length = file.metadata().map_err(fault)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END))).map_err(fault)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(fault)?;
    let mut entries = JournalEntry::operations(&String::from_utf8_lossy(&bytes));
    entries.reverse();
    Ok(entries)
}

impl JournalView {
    fn written(&self, scene: &Scene<'_>) -> Vec<PageLine> {
        let now = scene.facts.now;
        let mut lines = Vec::new();
        if !scene.facts.notices.is_empty() {
            lines.push(PageLine::heading("notices of this run"));
            for notice in scene.facts.notices.iter().rev() {
                let scope = if notice.fault.is_some() { Scope::Error } else { Scope::Text };
                lines.push(PageLine::wrapped(notice.line(), scope).after(pad(&age(now, notice.at), 6), Scope::Dim));
            }
            lines.push(PageLine::heading(""));
        }
        lines.push(PageLine::heading("writes, newest first"));
        match &self.entries {
            None => lines.push(PageLine::wrapped("reading...", Scope::Dim)),
            Some(Err(fault)) => {
                lines.push(PageLine::wrapped(format!("{}: {}. {}", fault.what, fault.why, fault.todo), Scope::Error));
            }
            Some(Ok(entries)) if entries.is_empty() => {
                let text = if scene.facts.demo {
                    "the demonstration keeps no journal: its clusters are not real"
                } else {
                    "nothing was written yet: what you reconcile, suspend, restart, delete, push or save will stand here"
                };
                lines.push(PageLine::wrapped(text, Scope::Text));
            }
            Some(Ok(entries)) => entries.iter().for_each(|entry| write(entry, &mut lines, now)),
        }
        lines
    }
}

/// Writes an operation: its command and its result.
fn write(entry: &JournalEntry, lines: &mut Vec<PageLine>, now: Timestamp) {
    let who = format!("{} {} ", pad(entry.env.as_deref().unwrap_or("-"), 12), pad(&entry.login, 10));
    lines.push(
        PageLine::wrapped(&*entry.command, Scope::Shell)
            .after(who, Scope::Title)
            .after(pad(&age(now, entry.at), 6), Scope::Dim),
    );
    let result = entry.result.as_deref().unwrap_or("it began, and its end was not written down");
    lines.push(PageLine::wrapped(result, Scope::Text).after(" ".repeat(8), Scope::Dim));
}

impl Paged for JournalView {
    fn id(&self) -> &'static str {
        "journal"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "journal and notices".to_owned()
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        self.written(scene).into()
    }

    fn load(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        vec![Action::Task(Task::blocking("read the journal", |task_context| read(task_context.journal.as_deref())))]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(entries) = payload.downcast::<Result<Vec<JournalEntry>, Fault>>() {
            self.entries = Some(*entries);
        }
        Vec::new()
    }

    fn open(&mut self, _line: Option<&PageLine>, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_operation_is_one_entry_with_its_result_and_what_is_no_entry_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        assert_eq!(read(Some(&path)), Ok(Vec::new()), "there is none yet");
        let line = |id: &str, result: &str| {
            format!(
                r#"{{"at":"2026-01-02T03:04:05Z","id":"{id}","user":null,"login":"maria","env":"staging","object":"o","command":"flux {id}","result":{result}}}"#
            )
        };
        let text =
            [&line("1", "null"), "half a li", &line("2", "null"), &line("1", "\"applied\"")].map(ToString::to_string);
        std::fs::write(&path, text.join("\n")).unwrap();
        let entries = read(Some(&path)).unwrap();
        let told: Vec<_> = entries.iter().map(|entry| (entry.command.as_str(), entry.result.as_deref())).collect();
        assert_eq!(told, [("flux 2", None), ("flux 1", Some("applied"))]);
    }
}
