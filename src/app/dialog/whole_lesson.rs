//! The whole lesson: every command as it runs, to be copied one by one, the reason, the expected result, the
//! documentation.
//!
//! ```text
//! +> lesson: Push and reconcile, staging ------------+
//! | >git push origin main:main                       |
//! |  flux reconcile source git flux-system -n …      |
//! |                                                  |
//! |  Why       …                                     |
//! |  Look for  …                                     |
//! |  Read      https://git-scm.com/docs/git-push     |
//! +--------------------------------------------------+
//! ```

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::lesson::copied;
use crate::app::motion::{Motion, step};
use crate::app::{Action, Scene, View};
use crate::model::Lesson;
use crate::theme::Scope;
use crate::widgets::{Scroll, Span, StyledLine, command_rows, lines, panel, wrap};

/// The width of the labels.
const LABELS: usize = 10;

/// Shows a lesson.
#[derive(Debug)]
pub struct WholeLesson {
    title: String,
    lesson: Lesson,
    selected: usize,
    scroll: Scroll,
}

/// Requests to copy the selected command; the key of this screen sends it.
#[derive(Debug, Clone, Copy)]
pub struct CopyCommand;

impl WholeLesson {
    /// The id of the screen.
    pub(in crate::app) const ID: &'static str = "lesson";

    /// Shows a lesson under its title.
    pub fn new(title: String, lesson: Lesson) -> Self {
        Self { title, lesson, selected: 0, scroll: Scroll::default() }
    }

    /// Lists the rows, those of a command with its number.
    fn rows(&self, width: usize) -> Vec<(Option<usize>, String)> {
        let commands = self.lesson.commands().enumerate().flat_map(|(index, command)| {
            command_rows(command, width.saturating_sub(1)).into_iter().map(move |row| (Some(index), row))
        });
        let mut rows: Vec<_> = commands.collect();
        let parts = [("Why", &*self.lesson.why), ("Look for", &*self.lesson.look_for), ("Read", &*self.lesson.docs)];
        for (label, text) in parts {
            rows.push((None, String::new()));
            let wrapped = wrap(text, width.saturating_sub(LABELS + 1));
            rows.extend(
                wrapped
                    .into_iter()
                    .enumerate()
                    .map(|(index, row)| (None, format!("{:LABELS$}{row}", if index == 0 { label } else { "" }))),
            );
        }
        rows
    }
}

impl View for WholeLesson {
    fn id(&self) -> &'static str {
        Self::ID
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("lesson: {}", self.title)
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let inside = panel(frame, area, &self.title(scene), scene.focus, scene.theme);
        let rows = self.rows(usize::from(inside.width));
        let at = rows.iter().position(|(command, _)| *command == Some(self.selected)).unwrap_or_default();
        lines(frame, inside, &self.scroll, at, rows.len(), |index, _| {
            let Some((command, text)) = rows.get(index) else { return StyledLine::default() };
            let is_selected = *command == Some(self.selected);
            let scope = match command {
                Some(_) if is_selected => Scope::Selection,
                Some(_) => Scope::Shell,
                None => Scope::Text,
            };
            let sign = if is_selected && index == at { ">" } else { " " };
            StyledLine::from(vec![
                Span::styled(sign, scene.theme.style(Scope::Selection)),
                Span::styled(text.clone(), scene.theme.style(scope)),
            ])
        });
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.selected = step(self.selected, self.lesson.commands().count(), self.scroll.page(), motion)?;
        Some(Vec::new())
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let command = payload.downcast::<CopyCommand>().ok().and_then(|_| self.lesson.commands().nth(self.selected));
        command.map(|command| copied(command, scene.facts.now)).unwrap_or_default()
    }
}
