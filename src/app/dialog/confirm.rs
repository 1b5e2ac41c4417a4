//! Asks before a write: by one key, or by typing a name.
//!
//! ```text
//! +- Suspend in production? --------------------------+
//! | environment  production  PROTECTED                |
//! | object       Kustomization/flux-system/apps       |
//! | effect       nobody reconciles it until resumed   |
//! | command      flux suspend kustomization apps …    |
//! |                                                   |
//! | y yes   n no                                      |
//! +---------------------------------------------------+
//! ```

use crate::model::ShellLine;
use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{owner, readers};
use crate::app::action::Action;
use crate::app::command::{Ask, Command, CommandTarget};
use crate::app::key::Key;
use crate::app::view::{Scene, View};
use crate::repo::NewReader;
use crate::theme::Scope;
use crate::widgets::{Span, StyledLine, centred, panel, wrap};

/// How many objects are shown at once; the others are reached by scrolling, and their count is told.
const OBJECTS_SHOWN: usize = 8;

/// How many new readers are named; the others are counted.
const READERS_SHOWN: usize = 2;

/// How many lines of a command are shown at most: at 80x24 all else fits below them.
const SHELL_LINES: usize = 5;

/// Asks for leave to run a command.
#[derive(Debug)]
pub struct Confirm {
    command: &'static Command,
    targets: Vec<CommandTarget>,
    answers: Vec<(String, String)>,
    wanted: Option<String>,
    typed: String,
    shell: ShellLine,
    why: String,
    /// Who keeps the objects as they are, once the cluster has told.
    owners: Vec<String>,
    /// Who reads what is written, though nobody has agreed to him, once that was looked up.
    readers: Vec<String>,
    /// Which of the objects is the first that is shown, where there is no room for all.
    from: usize,
    /// Whether enter was pressed on something else than what is to be typed.
    refused: bool,
}

impl Confirm {
    /// Asks for one key.
    pub fn key(
        command: &'static Command,
        targets: Vec<CommandTarget>,
        answers: Vec<(String, String)>,
        scene: &Scene<'_>,
    ) -> Self {
        let ask = Ask { facts: scene.facts, targets: &targets, answers: &answers, now: scene.facts.now, permit: None };
        let lesson = (command.lesson)(&ask);
        Self {
            command,
            wanted: None,
            typed: String::new(),
            shell: lesson.shell,
            why: lesson.why,
            targets,
            answers,
            owners: Vec::new(),
            readers: Vec::new(),
            from: 0,
            refused: false,
        }
    }

    /// Asks for a text to be typed.
    pub fn typed(
        command: &'static Command,
        targets: Vec<CommandTarget>,
        answers: Vec<(String, String)>,
        wanted: String,
        scene: &Scene<'_>,
    ) -> Self {
        Self { wanted: Some(wanted), ..Self::key(command, targets, answers, scene) }
    }

    fn agree(&mut self) -> Vec<Action> {
        let typed = self.wanted.is_some().then(|| self.typed.clone());
        vec![
            Action::Pop,
            Action::Confirmed(
                self.command,
                std::mem::take(&mut self.targets),
                std::mem::take(&mut self.answers),
                typed,
            ),
        ]
    }
}

/// Breaks a name that is too long for a line, rather than lose its end.
fn broken(name: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    characters.chunks(width.max(1)).map(|part| part.iter().collect()).collect()
}

impl View for Confirm {
    fn id(&self) -> &'static str {
        "confirm"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("{}?", self.command.title)
    }

    fn overlay(&self) -> bool {
        true
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let tasks = [owner::task(&self.targets), readers::task(self.command.id, &self.targets, scene.facts)];
        tasks.into_iter().flatten().map(Action::Task).collect()
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let payload = match payload.downcast::<Vec<owner::Owned>>() {
            Ok(owned) => {
                self.owners = owned.iter().map(|one| one.line(scene.facts, self.command.id)).collect();
                return Vec::new();
            }
            Err(payload) => payload,
        };
        if let Ok(readers) = payload.downcast::<Vec<NewReader>>() {
            self.readers = readers.iter().map(ToString::to_string).collect();
        }
        Vec::new()
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        match self.wanted {
            None => &[("y", "yes"), ("n", "no"), ("esc", "back")],
            Some(_) => &[("enter", "go on once the name is typed"), ("esc", "back")],
        }
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        self.refused = false;
        if key.is("esc") {
            return vec![Action::Pop];
        }
        if key.is("down") || key.is("up") {
            let last = self.targets.len().saturating_sub(OBJECTS_SHOWN);
            self.from = if key.is("down") { (self.from + 1).min(last) } else { self.from.saturating_sub(1) };
            return Vec::new();
        }
        match (&self.wanted, key.typed()) {
            (None, Some('y' | 'Y')) => self.agree(),
            (None, Some('n' | 'N' | 'q')) => vec![Action::Pop],
            (Some(wanted), _) if key.is("enter") && *wanted == self.typed => self.agree(),
            (Some(_), _) if key.is("enter") => {
                self.refused = true;
                Vec::new()
            }
            (Some(_), _) if key.is("backspace") => {
                self.typed.pop();
                Vec::new()
            }
            (Some(_), Some(character)) => {
                self.typed.push(character);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let width = area.width.saturating_sub(8).clamp(20, 90);
        let inner = usize::from(width.saturating_sub(4));
        let mut lines = Vec::new();
        let row = |label: &str, text: Span<'static>| {
            StyledLine::from(vec![Span::styled(format!("{label:<13}"), theme.style(Scope::Dim)), text])
        };
        let mut environments: Vec<_> =
            self.targets.iter().filter_map(|target| scene.facts.environment(target.env()?)).collect();
        environments.dedup();
        let here = !self.targets.is_empty() && self.targets.iter().all(|one| matches!(one, CommandTarget::Worktree(_)));
        if environments.is_empty() && !here {
            lines.push(row(
                "environment",
                Span::styled("not known: treated as protected", theme.style(Scope::Protected)),
            ));
        }
        for environment in environments {
            let label = if environment.protected { "  PROTECTED" } else { "" };
            let own = environment.colour.as_deref().and_then(|colour| theme.coloured(colour));
            lines.push(row(
                "environment",
                Span::styled(
                    format!("{}{label}", environment.name),
                    own.unwrap_or_else(|| theme.style(Scope::Protected)),
                ),
            ));
            if let Some(reason) = &environment.protected_by {
                for text in wrap(&format!("protected by {reason}"), inner.saturating_sub(13)) {
                    lines.push(row("", Span::styled(text, theme.style(Scope::Dim))));
                }
            }
        }
        for target in self.targets.iter().skip(self.from).take(OBJECTS_SHOWN) {
            for (index, text) in broken(&target.name(), inner.saturating_sub(13)).into_iter().enumerate() {
                let label = if index == 0 { "object" } else { "" };
                lines.push(row(label, Span::styled(text, theme.style(Scope::Title))));
            }
        }
        if self.targets.len() > OBJECTS_SHOWN {
            let last = (self.from + OBJECTS_SHOWN).min(self.targets.len());
            let text = format!("{} to {last} of {}; up and down show the others", self.from + 1, self.targets.len());
            lines.push(row("", Span::styled(text, theme.style(Scope::Waiting))));
        }
        for (index, text) in wrap(&self.why, inner.saturating_sub(13)).into_iter().enumerate() {
            lines.push(row(if index == 0 { "effect" } else { "" }, Span::raw(text)));
        }
        for owner in &self.owners {
            for (index, text) in wrap(owner, inner.saturating_sub(13)).into_iter().enumerate() {
                let label = if index == 0 { "kept by" } else { "" };
                lines.push(row(label, Span::styled(text, theme.style(Scope::Waiting))));
            }
        }
        for reader in self.readers.iter().take(READERS_SHOWN) {
            for (index, text) in wrap(reader, inner.saturating_sub(13)).into_iter().enumerate() {
                let label = if index == 0 { "new reader" } else { "" };
                lines.push(row(label, Span::styled(text, theme.style(Scope::Error))));
            }
        }
        if let more @ 1.. = self.readers.len().saturating_sub(READERS_SHOWN) {
            let text = format!("and {more} more: fluxdeck secret verify names them");
            lines.push(row("", Span::styled(text, theme.style(Scope::Error))));
        }
        // A line for many objects is long; the question below it must stay on the screen, and the lesson has all of it.
        let shell = wrap(self.shell.as_str(), inner.saturating_sub(13));
        let cut = shell.len().saturating_sub(SHELL_LINES);
        for (index, text) in shell.into_iter().take(SHELL_LINES).enumerate() {
            let more = if cut > 0 && index + 1 == SHELL_LINES { " ..." } else { "" };
            let text = format!("{text}{more}");
            lines.push(row(if index == 0 { "command" } else { "" }, Span::styled(text, theme.style(Scope::Shell))));
        }
        lines.push(StyledLine::default());
        match &self.wanted {
            None => lines.push(StyledLine::from(vec![
                Span::styled("y", theme.style(Scope::Key)),
                Span::raw(" yes    "),
                Span::styled("n", theme.style(Scope::Key)),
                Span::raw(" no"),
            ])),
            Some(wanted) => {
                lines.push(StyledLine::from(format!("Type {wanted} and press enter; esc goes back.")));
                lines.push(StyledLine::from(vec![
                    Span::raw("> "),
                    Span::styled(format!("{}_", self.typed), theme.style(Scope::Input)),
                ]));
                if self.refused {
                    let text = format!("that is not {wanted}: nothing was done");
                    lines.push(StyledLine::styled(text, theme.style(Scope::Error)));
                }
            }
        }
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = panel(frame, centred(area, width, height), &self.title(scene), true, theme);
        frame.render_widget(crate::widgets::Paragraph::new(lines), inside);
    }
}
