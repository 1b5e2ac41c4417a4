//! Asks before changes are lost, and shows what would be saved: by key, masked until x reveals it.

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::Do;
use super::hiding::Glimpse;
use super::table::MASK;
use crate::app::{Action, Command, Key, Scene, Target, View};
use crate::secret::Secret;
use crate::theme::Scope;
use crate::widgets::{centred, fit, panel};

/// So many are shown at a time.
const LISTED: usize = 6;

/// Says what the answer yes does.
#[derive(Debug)]
enum Yes {
    /// Leaves the editor; the changes are lost.
    Leave,
    /// Asks for the command that saves.
    Save(&'static Command, Vec<Target>, Vec<(String, String)>),
}

/// One value that is not as the file holds it.
pub struct Difference {
    /// `+` where it is new, `-` where it is taken out, `*` where it changes.
    pub sign: &'static str,
    /// Its path, as people say it.
    pub path: String,
    /// What it was, and what it becomes; `None` where there is none.
    pub values: [Option<Secret>; 2],
    /// Whether the file holds it encrypted.
    pub encrypted: bool,
}

impl std::fmt::Debug for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Difference").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Writes a value in one line: its beginning, and how many lines it has.
pub(super) fn in_one_line(value: &Secret, room: usize) -> String {
    let lines = value.expose().lines().count();
    let first = value.expose().lines().next().unwrap_or("(empty)");
    let more = if lines > 1 { format!(" … {lines} lines") } else { String::new() };
    fit(first, room.saturating_sub(more.chars().count())) + &more
}

/// Asks about changes, with what was changed.
#[derive(Debug)]
pub struct Changes {
    rows: Vec<Difference>,
    glimpse: Glimpse,
    first: usize,
    yes: Yes,
}

impl Changes {
    /// Asks whether changes may be lost.
    pub fn discard(rows: Vec<Difference>) -> Self {
        Self { rows, glimpse: Glimpse::default(), first: 0, yes: Yes::Leave }
    }

    /// Asks whether changes shall be saved by a command.
    pub fn save(
        rows: Vec<Difference>,
        command: &'static Command,
        targets: Vec<Target>,
        answers: Vec<(String, String)>,
    ) -> Self {
        Self { rows, glimpse: Glimpse::default(), first: 0, yes: Yes::Save(command, targets, answers) }
    }

    /// Writes a value in one line: masked, or its beginning and how many lines it has.
    fn value(&self, row: &Difference, value: &Secret, room: usize) -> String {
        if row.encrypted && !self.glimpse.is_open() {
            return MASK.to_owned();
        }
        in_one_line(value, room)
    }

    fn agree(&mut self) -> Vec<Action> {
        match std::mem::replace(&mut self.yes, Yes::Leave) {
            Yes::Leave => vec![Action::Pop, Action::Hand(Box::new(Do::Leave))],
            Yes::Save(command, targets, answers) => vec![Action::Pop, Action::Dispatch(command, targets, answers)],
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
            Yes::Save(..) => "Save?".to_owned(),
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
        self.glimpse.heard(payload.as_ref())
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        self.glimpse.stir();
        let saves = matches!(self.yes, Yes::Save(..));
        match key.typed() {
            Some('y' | 'Y') => self.agree(),
            Some('n' | 'N' | 'q') => vec![Action::Pop],
            _ if key.is("esc") => vec![Action::Pop],
            _ if saves && key.is("enter") => self.agree(),
            Some('x') => self.glimpse.turn(),
            Some('j') => {
                self.first = self.first.saturating_add(1).min(self.rows.len().saturating_sub(LISTED));
                Vec::new()
            }
            Some('k') => {
                self.first = self.first.saturating_sub(1);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let width = area.width.saturating_sub(4).clamp(20, 110);
        let room = usize::from(width.saturating_sub(4));
        let (head, keys) = match self.yes {
            Yes::Leave => {
                ("These changes are not saved and would be lost:", "y leave, changes are lost    n stay    x reveal")
            }
            Yes::Save(..) => (
                "Only these values change in the file, besides lastmodified and mac:",
                "enter save    n not now    x reveal",
            ),
        };
        let theme = scene.theme;
        let mut lines = vec![Line::from(fit(head, room))];
        for row in self.rows.iter().skip(self.first).take(LISTED) {
            lines.push(Line::styled(fit(&format!(" {} {}", row.sign, row.path), room), theme.style(Scope::Title)));
            for (value, sign, scope) in row
                .values
                .iter()
                .zip(["-", "+"])
                .zip([Scope::Removed, Scope::Added])
                .map(|((value, sign), scope)| (value, sign, scope))
            {
                if let Some(value) = value {
                    let text = format!("     {sign} {}", self.value(row, value, room.saturating_sub(7)));
                    lines.push(Line::styled(fit(&text, room), theme.style(scope)));
                }
            }
        }
        let below = self.rows.len().saturating_sub(self.first.saturating_add(LISTED));
        if below > 0 || self.first > 0 {
            lines.push(Line::from(format!("  {} above, {below} below: j and k", self.first)));
        }
        lines.push(Line::default());
        lines.push(Line::styled(keys, theme.style(Scope::Key)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = panel(frame, centred(area, width, height), &self.title(scene), true, theme);
        frame.render_widget(Paragraph::new(lines), inside);
    }
}
