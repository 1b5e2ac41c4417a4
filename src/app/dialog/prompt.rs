//! Asks a command's questions, one field each.
//!
//! ```text
//! +- Suspend ------------------------------------+
//! | Why?                      waiting for a disk_ |
//! | Until when? (may stay empty)                  |
//! |                                               |
//! | tab next   enter go on   esc back             |
//! +-----------------------------------------------+
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::action::Action;
use crate::app::command::{Command, CommandTarget};
use crate::app::key::Key;
use crate::app::view::{Scene, View};
use crate::theme::Scope;
use crate::widgets::{Span, StyledLine, centred, panel};

/// Asks for the answers that a command needs.
#[derive(Debug)]
pub struct Prompt {
    command: &'static Command,
    targets: Vec<CommandTarget>,
    answers: Vec<String>,
    field: usize,
    complaint: Option<String>,
}

impl Prompt {
    /// Asks a command's questions.
    pub fn new(command: &'static Command, targets: Vec<CommandTarget>) -> Self {
        let answers = command.questions.iter().map(|_| String::new()).collect();
        Self { command, targets, answers, field: 0, complaint: None }
    }

    fn done(&mut self, now: jiff::Timestamp) -> Vec<Action> {
        let empty = self
            .command
            .questions
            .iter()
            .zip(&self.answers)
            .position(|(question, answer)| !question.optional && answer.trim().is_empty());
        if let Some(field) = empty {
            self.field = field;
            self.complaint = Some("an answer is needed here".to_owned());
            return Vec::new();
        }
        let mut asked = self.command.questions.iter().zip(&self.answers).enumerate();
        let wrong = asked.find_map(|(field, (question, answer))| Some((field, question.fault(answer.trim(), now)?)));
        if let Some((field, fault)) = wrong {
            // The form stays, with the typed text.
            self.field = field;
            self.complaint = Some(format!("{}; {}", fault.why, fault.todo));
            return Vec::new();
        }
        let answers = self
            .command
            .questions
            .iter()
            .zip(&self.answers)
            .map(|(question, answer)| (question.id.to_owned(), answer.trim().to_owned()))
            .collect();
        vec![Action::Pop, Action::Dispatch(self.command, std::mem::take(&mut self.targets), answers)]
    }
}

impl View for Prompt {
    fn id(&self) -> &'static str {
        "prompt"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        self.command.title.to_owned()
    }

    fn overlay(&self) -> bool {
        true
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("enter", "go on"), ("tab", "next field"), ("esc", "back")]
    }

    fn text(&mut self, key: Key, scene: &Scene<'_>) -> Vec<Action> {
        self.complaint = None;
        let last = self.answers.len().saturating_sub(1);
        if key.is("esc") {
            return vec![Action::Pop];
        } else if key.is("enter") && self.field == last {
            return self.done(scene.facts.now);
        } else if key.is("enter") || key.is("tab") || key.is("down") {
            self.field = if self.field == last { 0 } else { self.field + 1 };
        } else if key.is("backtab") || key.is("up") {
            self.field = self.field.checked_sub(1).unwrap_or(last);
        } else if let Some(answer) = self.answers.get_mut(self.field) {
            if key.is("backspace") {
                answer.pop();
            } else if let Some(character) = key.typed() {
                answer.push(character);
            }
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _scene: &Scene<'_>) {
        if let (Some(answer), Some(line)) = (self.answers.get_mut(self.field), text.lines().next()) {
            answer.push_str(line);
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let mut lines = Vec::new();
        for target in self.targets.iter().take(4) {
            let place = target.env().map_or("", |env| scene.facts.name(env));
            lines.push(StyledLine::styled(format!("{} in {place}", target.name()), theme.style(Scope::Title)));
        }
        for (index, (question, answer)) in self.command.questions.iter().zip(&self.answers).enumerate() {
            let cursor = if index == self.field { "_" } else { "" };
            let hint = if question.optional { " (may stay empty)" } else { "" };
            lines.push(StyledLine::styled(format!("{}{hint}", question.label), theme.style(Scope::Dim)));
            lines.push(StyledLine::from(vec![
                Span::raw("> "),
                Span::styled(format!("{answer}{cursor}"), theme.style(Scope::Input)),
            ]));
        }
        lines.push(
            self.complaint
                .as_ref()
                .map_or_else(StyledLine::default, |text| StyledLine::styled(text.clone(), theme.style(Scope::Error))),
        );
        lines.push(StyledLine::styled("enter go on   tab next field   esc back", theme.style(Scope::Dim)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let width = area.width.saturating_sub(8).clamp(20, 80);
        let inside = panel(frame, centred(area, width, height), self.command.title, true, theme);
        frame.render_widget(crate::widgets::Paragraph::new(lines), inside);
    }
}
