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

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::{Action, CommandTarget, Motion, Scene, Task, View};
use crate::model::Fault;
use crate::repo::Snapshot;
use crate::repo::git::{self, DiffKind, Side};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::tabs;
use crate::widgets::panel;

/// Shows a difference.
#[derive(Debug)]
pub struct Diff {
    path: String,
    side: Side,
    page: Page,
    lines: SharedLines,
    seen: Weak<Snapshot>,
}

/// What the task answers.
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

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = &scene.facts.repository else { return Vec::new() };
        self.seen = Arc::downgrade(snapshot);
        let (root, path, side) = (snapshot.root.clone(), self.path.clone(), self.side);
        if path.ends_with('/') {
            let text =
                "git knows nothing in this folder yet: space stages all of it, then each file has its difference";
            self.lines = vec![PageLine::wrapped(text, Scope::Dim)].into();
            return Vec::new();
        }
        vec![Action::Task(Task::blocking(format!("git diff {path}"), move |_| -> Answer {
            git::diff(&root, &path, side)
        }))]
    }
}

fn lines(text: &str) -> Vec<PageLine> {
    if text.trim().is_empty() {
        return vec![PageLine::wrapped("nothing differs here any more; esc goes back", Scope::Dim)];
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

impl View for Diff {
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

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.load(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let now = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        if Weak::ptr_eq(&now, &self.seen) { Vec::new() } else { self.load(scene) }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let title = self.title(scene) + &tabs::found(self.page.found(&self.lines));
        let inside = panel(frame, area, &title, scene.focus, scene.theme);
        self.page.render(frame, inside, &self.lines, scene.theme);
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        match motion {
            Motion::Redraw => {
                let mut actions = self.load(scene);
                actions.push(Action::Redraw);
                Some(actions)
            }
            _ => self.page.motion(motion, &self.lines).then(Vec::new),
        }
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        vec![CommandTarget::File(scene.facts.environment_of(&self.path), self.path.clone())]
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

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        self.page.search(text, &self.lines);
        true
    }
}
