//! The difference of one file. Encrypted values are named, not shown; nothing is decrypted.
//!
//! ```text
//! +> apps/base/linkding/deployment.yaml  not staged ----+
//! |  @@ -12,7 +12,7 @@                                   |
//! |> -      image: linkding:1.44.1                       |
//! |  +      image: linkding:1.45.0                       |
//! +-----------------------------------------------------+
//! ```

use std::any::Any;
use std::sync::{Arc, Weak};

use crate::app::{Action, CommandTarget, Scene, Task};
use crate::model::Fault;
use crate::repo::Snapshot;
use crate::repo::git::{self, DiffKind, Side};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;
use crate::views::parts::tabs;

/// Shows a difference.
#[derive(Debug)]
pub struct Diff {
    path: String,
    side: Side,
    page: Page,
    lines: SharedLines,
    seen: Weak<Snapshot>,
}

/// The answer of the task.
type Answer = Result<String, Fault>;

impl Diff {
    /// Opens the difference of a file on one side.
    pub fn new(path: &str, side: Side) -> Self {
        let lines = vec![PageLine::cut("reading...", Scope::Dim)];
        Self {
            path: path.to_owned(),
            side,
            page: Page::new(SearchKey::Searches),
            lines: lines.into(),
            seen: Weak::new(),
        }
    }
}

fn lines(text: &str) -> Vec<PageLine> {
    if text.trim().is_empty() {
        return vec![PageLine::wrapped("nothing differs here now; ‹key:back› goes back", Scope::Dim)];
    }
    git::diff_lines(text)
        .into_iter()
        .map(|line| match line.kind {
            DiffKind::Head => PageLine::cut(line.text, Scope::Dim),
            DiffKind::Hunk => PageLine::heading(line.text),
            DiffKind::Same => PageLine::cut(line.text.replace('\t', "    "), Scope::Text),
            DiffKind::Added => PageLine::cut(line.text.replace('\t', "    "), Scope::Added),
            DiffKind::Removed => PageLine::cut(line.text.replace('\t', "    "), Scope::Removed),
        })
        .collect()
}

impl Paged for Diff {
    fn id(&self) -> &'static str {
        "diff"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        let side = match self.side {
            Side::Staged => "staged, against the last commit",
            Side::Unstaged => "not staged, against what is staged",
            Side::Untracked => "not known to git: all of it is new",
        };
        format!("{}  {side}", self.path)
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, _scene: &Scene<'_>) -> SharedLines {
        self.lines.clone()
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = &scene.facts.repository else { return Vec::new() };
        self.seen = Arc::downgrade(snapshot);
        let (root, path, side) = (snapshot.root.clone(), self.path.clone(), self.side);
        if path.ends_with('/') {
            let text =
                "git knows nothing in this folder yet: ‹key:mark› stages all of it, then each file has its difference";
            self.lines = vec![PageLine::wrapped(text, Scope::Dim)].into();
            return Vec::new();
        }
        vec![Action::Task(Task::blocking(format!("git diff {path}"), move |_| -> Answer {
            git::diff(&root, &path, side)
        }))]
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let now = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        if Weak::ptr_eq(&now, &self.seen) { Vec::new() } else { self.load(scene) }
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(answer) = payload.downcast::<Answer>() {
            self.lines = match *answer {
                Ok(text) => lines(&text),
                Err(fault) => tabs::fault(&fault),
            }
            .into();
        }
        Vec::new()
    }

    fn open(&mut self, _line: Option<&PageLine>, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }

    fn opens(&self, _line: Option<&PageLine>, _lines: &[PageLine]) -> bool {
        true
    }

    fn targets(&self, _line: Option<&PageLine>, scene: &Scene<'_>) -> Vec<CommandTarget> {
        vec![CommandTarget::File(scene.facts.environment_of(&self.path), self.path.clone())]
    }
}
