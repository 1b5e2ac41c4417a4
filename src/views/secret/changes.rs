//! The question before changes are lost or saved: it shows them by key, masked until x reveals them.

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::EditorAction;
use super::difference::DiffLine;
use super::hiding::Glimpse;
use crate::app::guard::{confirmation, judge};
use crate::app::{Action, Ask, Command, CommandTarget, Consent, Key, Scene, Verdict, View};
use crate::model::signs;
use crate::secret::Secret;
use crate::theme::{Scope, Theme};
use crate::widgets::{Paragraph, StyledLine, centred, fit, panel, wrap};
use crate::workflows::secret::document::MASK;
use crate::workflows::secret::document::{Document, ValueDifference};

/// The most lines of the command.
const SHELL_LINES: usize = 3;

/// The number of changes shown at a time.
const LISTED: usize = 20;

/// Names the effect of the answer yes.
#[derive(Debug)]
enum Yes {
    /// Leaves the editor; the changes are lost.
    Leave,
    /// Requests the command that saves.
    Save(&'static Command, Vec<CommandTarget>, Vec<(String, String)>),
}

/// Writes a value in one line: its beginning, and the number of its lines.
pub(super) fn in_one_line(value: &Secret, room: usize) -> String {
    let lines = value.expose().lines().count();
    let first = value.expose().lines().next().unwrap_or("(empty)");
    let more = if lines > 1 { format!(" … {lines} lines") } else { String::new() };
    fit(first, room.saturating_sub(more.chars().count())) + &more
}

/// Asks about changes, with a list of them.
#[derive(Debug)]
pub struct Changes {
    rows: Vec<ValueDifference>,
    text: Vec<DiffLine>,
    /// Whether the difference of the text is shown, rather than the values.
    as_text: bool,
    glimpse: Glimpse,
    first: usize,
    /// The new readers that no user has agreed to.
    readers: Vec<String>,
    /// The value that would be read back as another one.
    other_value: Option<String>,
    /// The protected environments of the file; `None` if fewer keys are enough.
    protected: Option<String>,
    /// The equivalent command line, if the question is about saving.
    shell: String,
    yes: Yes,
}

impl Changes {
    /// Asks whether to discard the changes.
    pub fn discard(document: &Document) -> Self {
        Self::new(document, Yes::Leave)
    }

    /// Asks whether to save the changes by a command.
    pub fn save(
        document: &Document,
        command: &'static Command,
        targets: Vec<CommandTarget>,
        answers: Vec<(String, String)>,
        scene: &Scene<'_>,
    ) -> Self {
        let ask = Ask { facts: scene.facts, targets: &targets, answers: &answers, now: scene.facts.now, permit: None };
        let shell = (command.lesson)(&ask).shell.as_str().to_owned();
        let asks = matches!(judge(command, &targets, scene.facts, Consent::None), Verdict::Confirm);
        let protected = asks.then(|| confirmation(&targets, scene.facts));
        Self { protected, shell, ..Self::new(document, Yes::Save(command, targets, answers)) }
    }

    fn new(document: &Document, yes: Yes) -> Self {
        let (rows, text) = (document.differences(), document.text_difference());
        // Comments and layout are no values.
        let as_text = rows.is_empty();
        let readers = document.ruling.iter().flat_map(|ruling| &ruling.readers).map(ToString::to_string).collect();
        let other_value = document.opened().changed_by_sealing();
        Self {
            rows,
            text,
            as_text,
            glimpse: Glimpse::default(),
            first: 0,
            readers,
            other_value,
            protected: None,
            shell: String::new(),
            yes,
        }
    }

    /// Writes the changes: the text, or the values.
    fn body(&self, room: usize, theme: &Theme) -> Vec<StyledLine<'static>> {
        if self.as_text {
            return self.text.iter().map(|line| line.line(self.glimpse.is_open(), room, theme)).collect();
        }
        let mut lines = Vec::new();
        for row in &self.rows {
            lines
                .push(StyledLine::styled(fit(&format!(" {} {}", row.sign, row.path), room), theme.style(Scope::Title)));
            let sides =
                row.values.iter().zip([(signs::REMOVED.sign, Scope::Removed), (signs::ADDED.sign, Scope::Added)]);
            for (value, (sign, scope)) in sides {
                if let Some(value) = value {
                    let text = format!("     {sign} {}", self.value(row, value, room.saturating_sub(7)));
                    lines.push(StyledLine::styled(fit(&text, room), theme.style(scope)));
                }
            }
        }
        lines
    }

    /// Writes a value in one line: masked, or its beginning and the number of its lines.
    fn value(&self, row: &ValueDifference, value: &Secret, room: usize) -> String {
        if row.encrypted && !self.glimpse.is_open() {
            return MASK.to_owned();
        }
        in_one_line(value, room)
    }

    fn go_to(&mut self, first: usize) -> Vec<Action> {
        let count = if self.as_text {
            self.text.len()
        } else {
            self.rows.iter().map(|row| row.values.iter().flatten().count().saturating_add(1)).sum()
        };
        self.first = first.min(count.saturating_sub(1));
        Vec::new()
    }

    fn agree(&mut self) -> Vec<Action> {
        match std::mem::replace(&mut self.yes, Yes::Leave) {
            Yes::Leave => vec![Action::Pop, Action::Hand(Box::new(EditorAction::Leave))],
            // This question covers all that the guard needs: there is no second one.
            Yes::Save(command, targets, answers) => {
                vec![Action::Pop, Action::Confirmed(command, targets, answers, None)]
            }
        }
    }
}

impl View for Changes {
    fn id(&self) -> &'static str {
        "changes"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        match self.yes {
            Yes::Leave => "Leave without saving?".to_owned(),
            Yes::Save(..) => match &self.protected {
                Some(names) => format!("Save?  {names} PROTECTED"),
                None => "Save?".to_owned(),
            },
        }
    }

    fn overlay(&self) -> bool {
        true
    }

    fn secret(&self) -> bool {
        true
    }

    fn covered(&mut self) {
        self.glimpse = Glimpse::default();
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        self.glimpse.hide_when_idle(payload.as_ref())
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        match self.yes {
            Yes::Save(..) if self.protected.is_some() => {
                &[("y", "save"), ("n", "not now"), ("x", "reveal"), ("d", "as text"), ("esc", "back")]
            }
            Yes::Save(..) => {
                &[("enter", "save"), ("x", "reveal"), ("d", "as text"), ("j k", "scroll"), ("esc", "back")]
            }
            Yes::Leave => {
                &[("y", "leave, changes are lost"), ("n", "stay"), ("x", "reveal"), ("d", "as text"), ("esc", "back")]
            }
        }
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        self.glimpse.stir();
        // The key that closes other dialogs does not save to a protected environment.
        let saves = matches!(self.yes, Yes::Save(..)) && self.protected.is_none();
        match key.typed() {
            Some('y' | 'Y') => self.agree(),
            Some('n' | 'N' | 'q') => vec![Action::Pop],
            _ if key.is("esc") => vec![Action::Pop],
            _ if saves && key.is("enter") => self.agree(),
            Some('x') => self.glimpse.turn(),
            Some('d') => {
                (self.as_text, self.first) = (!self.as_text, 0);
                Vec::new()
            }
            Some('j') => self.go_to(self.first.saturating_add(1)),
            Some('k') => self.go_to(self.first.saturating_sub(1)),
            _ if key.is("down") => self.go_to(self.first.saturating_add(1)),
            _ if key.is("up") => self.go_to(self.first.saturating_sub(1)),
            _ => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let width = area.width.saturating_sub(4).clamp(20, 110);
        let room = usize::from(width.saturating_sub(4));
        let other = if self.as_text { "d by value" } else { "d as text" };
        let (head, keys) = match self.yes {
            Yes::Leave => ("These changes are not saved and would be lost:", "y leave, changes are lost    n stay"),
            Yes::Save(..) => {
                let keys = if self.protected.is_some() { "y save    n not now" } else { "enter save    n not now" };
                ("Only this changes in the file, besides lastmodified and mac:", keys)
            }
        };
        let theme = scene.theme;
        let body = self.body(room, theme);
        let saves = matches!(self.yes, Yes::Save(..));
        let readers = self.readers.iter().map(|reader| format!("A new reader: {reader}"));
        let kept =
            self.other_value.iter().map(|kept| format!("Another value is kept: {kept}; in quotes it stays as it is"));
        let told: Vec<String> = readers.chain(kept).filter(|_| saves).flat_map(|text| wrap(&text, room)).collect();
        let shell = if self.protected.is_some() { wrap(&self.shell, room) } else { Vec::new() };
        let shell: Vec<String> = shell.into_iter().take(SHELL_LINES).collect();
        // Around it are the frame, the head, the warnings, the arrows above and below, an empty line and the keys.
        let most = usize::from(area.height).saturating_sub(6).saturating_sub(told.len() + shell.len()).clamp(3, LISTED);
        let (count, first) = (body.len(), self.first.min(body.len().saturating_sub(most)));
        let mut lines = vec![StyledLine::from(fit(head, room))];
        lines.extend(body.into_iter().skip(first).take(most));
        let below = count.saturating_sub(first.saturating_add(most));
        if below > 0 || first > 0 {
            lines.push(StyledLine::from(format!("  {first} above, {below} below: j and k")));
        }
        lines.extend(told.into_iter().map(|text| StyledLine::styled(text, theme.style(Scope::Error))));
        lines.extend(shell.into_iter().map(|text| StyledLine::styled(text, theme.style(Scope::Shell))));
        lines.push(StyledLine::default());
        lines.push(StyledLine::styled(format!("{keys}    x reveal    {other}"), theme.style(Scope::Key)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = panel(frame, centred(area, width, height), &self.title(scene), true, theme);
        frame.render_widget(Paragraph::new(lines), inside);
    }
}
