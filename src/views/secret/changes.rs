//! Asks before changes are lost, and shows what would be saved.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::app::{Action, Command, Key, Scene, Target, View};
use crate::theme::Scope;
use crate::widgets::{centred, fit, panel};

/// More paths than this are counted rather than listed.
const LISTED: usize = 12;

/// Says what the answer yes does.
#[derive(Debug)]
enum Yes {
    /// Leaves the editor; the changes are lost.
    Leave,
    /// Asks for the command that saves.
    Save(&'static Command, Vec<Target>, Vec<(String, String)>),
}

/// Asks about changes, with the paths of what was changed.
#[derive(Debug)]
pub struct Changes {
    paths: Vec<String>,
    yes: Yes,
}

impl Changes {
    /// Asks whether changes may be lost.
    pub fn discard(paths: Vec<String>) -> Self {
        Self { paths, yes: Yes::Leave }
    }

    /// Asks whether changes shall be saved by a command.
    pub fn save(
        paths: Vec<String>,
        command: &'static Command,
        targets: Vec<Target>,
        answers: Vec<(String, String)>,
    ) -> Self {
        Self { paths, yes: Yes::Save(command, targets, answers) }
    }

    fn agree(&mut self) -> Vec<Action> {
        match std::mem::replace(&mut self.yes, Yes::Leave) {
            Yes::Leave => vec![Action::Pop, Action::Pop],
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

    fn takes_text(&self) -> bool {
        true
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        let saves = matches!(self.yes, Yes::Save(..));
        match key.typed() {
            Some('y' | 'Y') => self.agree(),
            Some('n' | 'N' | 'q') => vec![Action::Pop],
            _ if key.is("esc") => vec![Action::Pop],
            _ if saves && key.is("enter") => self.agree(),
            _ => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let width = area.width.saturating_sub(8).clamp(20, 80);
        let room = usize::from(width.saturating_sub(4));
        let (head, keys) = match self.yes {
            Yes::Leave => ("These changes are not saved and would be lost:", "y leave, changes are lost    n stay"),
            Yes::Save(..) => {
                ("Only these values change in the file, besides lastmodified and mac:", "enter save    n not now")
            }
        };
        let mut lines = vec![Line::from(fit(head, room))];
        for path in self.paths.iter().take(LISTED) {
            lines.push(Line::styled(fit(&format!("  {path}"), room), scene.theme.style(Scope::Title)));
        }
        if let Some(more) = self.paths.len().checked_sub(LISTED).filter(|more| *more > 0) {
            lines.push(Line::from(format!("  and {more} more")));
        }
        lines.push(Line::default());
        lines.push(Line::styled(keys, scene.theme.style(Scope::Key)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = panel(frame, centred(area, width, height), &self.title(scene), true, scene.theme);
        frame.render_widget(Paragraph::new(lines), inside);
    }
}
