//! The message of a commit: a subject, and a body below it. It survives a refused commit, with the hook's output above
//! it.
//!
//! ```text
//! +> commit 2 files ------------------------------------+
//! | feat(linkding): take 1.45.0_                         |
//! |                                                      |
//! |   apps/base/linkding/deployment.yaml                 |
//! +------------------------------------------------------+
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::act::GitAction;
use crate::app::{Action, CommandTarget, Key, Scene, View};
use crate::model::Fault;
use crate::theme::Scope;
use crate::widgets::{Paragraph, StyledLine, fit, panel, wrap};

/// The longest subject that most tools show uncut in a list.
const SUBJECT: usize = 72;

/// Takes the message of a commit.
#[derive(Debug)]
pub struct Message {
    lines: Vec<String>,
    row: usize,
    column: usize,
    staged: Vec<String>,
    fault: Option<Fault>,
    /// The commit to amend, in full; `None` for a new one.
    amended: Option<String>,
}

impl Message {
    /// Opens with the last draft.
    pub fn new(draft: &str, staged: Vec<String>) -> Self {
        let mut lines: Vec<String> = draft.lines().map(str::to_owned).collect();
        if lines.is_empty() {
            lines.push(String::new());
        }
        let row = lines.len() - 1;
        let column = lines.last().map_or(0, |line| line.chars().count());
        Self { lines, row, column, staged, fault: None, amended: None }
    }

    /// Opens again after a commit was refused.
    pub fn refused(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Amends a commit instead.
    pub fn amending(mut self, commit: &str) -> Self {
        self.amended = Some(commit.to_owned());
        self
    }

    fn text_so_far(&self) -> String {
        self.lines.join("\n")
    }

    fn commit(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.lines.first().is_none_or(|subject| subject.trim().is_empty()) {
            self.fault = Some(Fault::failed("not committed yet", "the first line is empty", "say in it what changes"));
            return Vec::new();
        }
        let id = if self.amended.is_some() { "git-amend-now" } else { "git-commit" };
        let Some(command) = scene.command(id) else { return Vec::new() };
        let files = match (self.staged.as_slice(), &self.amended) {
            ([only], _) => only.clone(),
            ([], Some(commit)) => format!("the message of {}", crate::model::revision::short(commit)),
            (several, _) => format!("{} files", several.len()),
        };
        let mut answers = vec![("message".to_owned(), self.text_so_far())];
        answers.extend(self.amended.iter().map(|commit| ("commit".to_owned(), commit.clone())));
        vec![Action::Pop, Action::Dispatch(command, vec![CommandTarget::Worktree(files)], answers)]
    }

    /// Edits the line of the cursor, and moves the cursor by a number of characters.
    fn edit(&mut self, change: impl FnOnce(&mut Vec<char>, usize), by: isize) {
        let column = self.column;
        if let Some(line) = self.lines.get_mut(self.row) {
            let mut letters: Vec<char> = line.chars().collect();
            let column = column.min(letters.len());
            change(&mut letters, column);
            *line = letters.into_iter().collect();
            self.column = column.saturating_add_signed(by);
        }
    }

    fn new_line(&mut self) {
        let mut rest = String::new();
        self.edit(|letters, column| rest = letters.drain(column..).collect(), 0);
        self.row += 1;
        self.lines.insert(self.row.min(self.lines.len()), rest);
        self.column = 0;
    }

    fn back(&mut self) {
        if self.column > 0 {
            self.edit(
                |letters, column| {
                    if column > 0 {
                        letters.remove(column - 1);
                    }
                },
                -1,
            );
        } else if self.row > 0 {
            let line = self.lines.remove(self.row);
            self.row -= 1;
            if let Some(above) = self.lines.get_mut(self.row) {
                self.column = above.chars().count();
                above.push_str(&line);
            }
        }
    }

    fn length(&self) -> usize {
        self.lines.get(self.row).map_or(0, |line| line.chars().count())
    }
}

impl View for Message {
    fn id(&self) -> &'static str {
        "git-message"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        let files = match (self.staged.len(), &self.amended) {
            (0, Some(_)) => "nothing but its message".to_owned(),
            (1, _) => "1 file".to_owned(),
            (count, _) => format!("{count} files"),
        };
        match &self.amended {
            Some(commit) => format!("amend {}, which is not pushed: {files}", crate::model::revision::short(commit)),
            None => format!("commit {files}"),
        }
    }

    fn overlay(&self) -> bool {
        false
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        match self.amended {
            None => &[("ctrl-s", "commit"), ("enter", "new line"), ("esc", "back, the message is kept")],
            Some(_) => &[("ctrl-s", "amend"), ("enter", "new line"), ("esc", "back, the commit stays as it is")],
        }
    }

    fn text(&mut self, key: Key, scene: &Scene<'_>) -> Vec<Action> {
        if key.is("esc") {
            // The message of an existing commit is no draft of the next.
            let kept = self.amended.is_none().then(|| Action::Hand(Box::new(GitAction::Keep(self.text_so_far()))));
            return std::iter::once(Action::Pop).chain(kept).collect();
        } else if key.to_string() == "ctrl-s" {
            return self.commit(scene);
        } else if key.is("enter") {
            self.new_line();
        } else if key.is("backspace") {
            self.back();
        } else if key.is("delete") {
            self.edit(
                |letters, column| {
                    if column < letters.len() {
                        letters.remove(column);
                    }
                },
                0,
            );
        } else if key.is("left") {
            self.column = self.column.saturating_sub(1);
        } else if key.is("right") {
            self.column = (self.column + 1).min(self.length());
        } else if key.is("home") {
            self.column = 0;
        } else if key.is("end") {
            self.column = self.length();
        } else if key.is("up") {
            self.row = self.row.saturating_sub(1);
            self.column = self.column.min(self.length());
        } else if key.is("down") {
            self.row = (self.row + 1).min(self.lines.len().saturating_sub(1));
            self.column = self.column.min(self.length());
        } else if let Some(character) = key.typed() {
            self.edit(|letters, column| letters.insert(column, character), 1);
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _scene: &Scene<'_>) {
        for (index, line) in text.lines().enumerate() {
            if index > 0 {
                self.new_line();
            }
            let letters = line.chars().map(|letter| if letter == '\t' { ' ' } else { letter });
            let letters: Vec<char> = letters.filter(|letter| !letter.is_control()).collect();
            let count = isize::try_from(letters.len()).unwrap_or(0);
            self.edit(|known, column| drop(known.splice(column..column, letters)), count);
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let inside = panel(frame, area, &self.title(scene), true, theme);
        let width = usize::from(inside.width).max(1);
        let mut shown: Vec<StyledLine<'_>> = Vec::new();
        if let Some(fault) = &self.fault {
            for text in wrap(&format!("{}: {}\n{}", fault.what, fault.why, scene.keymap.written(&fault.todo)), width)
                .into_iter()
                .take(12)
            {
                shown.push(StyledLine::styled(text, theme.style(Scope::Error)));
            }
            shown.push(StyledLine::default());
        }
        for (index, line) in self.lines.iter().enumerate() {
            let mut text = line.clone();
            if index == self.row {
                let at = line.char_indices().nth(self.column).map_or(line.len(), |(at, _)| at);
                text.insert(at, '_');
            }
            let scope = if index == 0 { Scope::Title } else { Scope::Text };
            shown.push(StyledLine::styled(fit(&text, width), theme.style(scope)));
        }
        let subject = self.lines.first().map_or(0, |line| line.chars().count());
        shown.push(StyledLine::default());
        let (hint, scope) = if subject > SUBJECT {
            (format!("the first line has {subject} characters: lists cut it at {SUBJECT}"), Scope::Waiting)
        } else {
            (
                "first line what, then an empty line, then why; feat: fix: chore: docs: are usual beginnings"
                    .to_owned(),
                Scope::Dim,
            )
        };
        shown.extend(wrap(&hint, width).into_iter().map(|text| StyledLine::styled(text, theme.style(scope))));
        shown.push(StyledLine::default());
        for path in self.staged.iter().take(20) {
            shown.push(StyledLine::styled(fit(&format!("  {path}"), width), theme.style(Scope::Dim)));
        }
        frame.render_widget(Paragraph::new(shown), inside);
    }
}
