//! Asks before leaving while operations run.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::{Action, Key, Scene, View};
use crate::theme::Scope;
use crate::widgets::{Paragraph, StyledLine, centred, panel};

/// Asks whether to quit although operations run.
#[derive(Debug)]
pub struct Leave {
    running: usize,
}

impl Leave {
    /// Asks with the number of running operations.
    pub fn new(running: usize) -> Self {
        Self { running }
    }
}

impl View for Leave {
    fn id(&self) -> &'static str {
        "leave"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "Quit?".to_owned()
    }

    fn overlay(&self) -> bool {
        true
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("y", "quit"), ("n", "stay"), ("esc", "back")]
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        match key.typed() {
            Some('y' | 'Y') => vec![Action::Quit],
            Some('n' | 'N' | 'q') => vec![Action::Pop],
            _ if key.is("esc") => vec![Action::Pop],
            _ => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let inside = panel(frame, centred(area, 62, 5), "Quit?", true, scene.theme);
        let what = if self.running == 1 {
            "One operation runs".to_owned()
        } else {
            format!("{} operations run", self.running)
        };
        let lines = vec![
            StyledLine::from(format!("{what}. The controllers go on with what they were asked.")),
            StyledLine::default(),
            StyledLine::styled("y quit    n stay", scene.theme.style(Scope::Key)),
        ];
        frame.render_widget(Paragraph::new(lines), inside);
    }
}
