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

use super::outgoing::{self, Outgoing};
use super::{owner, readers};
use crate::app::action::Action;
use crate::app::command::{Ask, Command, CommandTarget};
use crate::app::key::Key;
use crate::app::keymap::Keymap;
use crate::app::view::{Scene, View};
use crate::repo::NewReader;
use crate::theme::{Scope, Theme};
use crate::widgets::{Span, StyledLine, centred, fit, panel, wrap};

/// The number of objects shown at once; the user scrolls to the others, and their count is shown.
const OBJECTS_SHOWN: usize = 8;

/// The number of new readers that are named; the others are counted.
const READERS_SHOWN: usize = 2;

/// Below this height the dialog of a push shows only its commits and impact.
const ROOMY: u16 = 22;

/// The most lines of a command: at 80x24 all else fits below them.
const SHELL_LINES: usize = 5;

/// Asks for the permission to run a command.
#[derive(Debug)]
pub struct Confirm {
    command: &'static Command,
    targets: Vec<CommandTarget>,
    answers: Vec<(String, String)>,
    wanted: Option<String>,
    typed: String,
    shell: ShellLine,
    why: String,
    /// The owners of the objects, once the cluster has answered.
    owners: Vec<String>,
    /// The new readers of the encrypted values that no user has agreed to, once they are known.
    readers: Vec<String>,
    /// The commits of a push, and how far the branch is behind, once git has answered.
    commits: Option<(Vec<String>, usize)>,
    /// The impact of the commits in each environment, once it was rendered.
    impact: Option<Vec<String>>,
    /// Whether the impact comes, and nothing is agreed to before it: it reaches a protected environment.
    needs_impact: bool,
    /// The index of the first object on the screen, if there is no room for all.
    from: usize,
    /// Whether the user pressed enter on a wrong text.
    refused: bool,
}

impl Confirm {
    /// Returns the lines of the question itself, and what answers it.
    fn question(&self, theme: &Theme) -> Vec<StyledLine<'static>> {
        let mut lines = Vec::new();
        match &self.wanted {
            None if self.waits() => lines.push(StyledLine::from(vec![
                Span::styled("n", theme.style(Scope::Key)),
                Span::raw(" no    "),
                Span::styled("y is taken once the impact is told", theme.style(Scope::Waiting)),
            ])),
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
        lines
    }

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
            commits: None,
            impact: None,
            needs_impact: false,
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

    /// Tells whether the impact on a protected environment is still to come.
    fn waits(&self) -> bool {
        self.needs_impact && self.impact.is_none()
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

/// Lists the commits and the impact of a push: each line with its label and its colour. Only as many commits are named
/// as there is room.
fn outgoing_lines(
    commits: &(Vec<String>, usize),
    impact: Option<&[String]>,
    room: usize,
    width: usize,
    keymap: &Keymap,
) -> Vec<(&'static str, String, Scope)> {
    let (commits, behind) = commits;
    let mut lines = Vec::new();
    if *behind > 0 {
        let text = format!(
            "{behind} behind: the remote has {} not here, and refuses the push; ‹key:git-pull› pulls first",
            if *behind == 1 { "a commit that is" } else { "commits that are" }
        );
        lines.extend(wrap(&keymap.written(&text), width).into_iter().map(|text| ("", text, Scope::Error)));
    }
    if commits.is_empty() {
        lines.push(("", "none: all is pushed, and is only followed until it is applied".to_owned(), Scope::Dim));
    } else {
        lines.push(("", format!("{}, newest first:", outgoing::count(commits.len())), Scope::Text));
    }
    let told = impact.map_or(1, <[String]>::len);
    let shown = match room.saturating_sub(lines.len().saturating_add(told)).max(1) {
        room if room >= commits.len() => commits.len(),
        room => room.saturating_sub(1).max(1),
    };
    lines.extend(commits.iter().take(shown).map(|commit| ("", fit(commit, width), Scope::Title)));
    if let more @ 1.. = commits.len().saturating_sub(shown) {
        let text = format!("and {more} more: the git screen (‹key:git›) lists them");
        lines.push(("", keymap.written(&text).into_owned(), Scope::Waiting));
    }
    if let Some(first) = lines.first_mut() {
        first.0 = "commits";
    }
    let from = lines.len();
    match impact {
        None => lines.push(("", "rendering...".to_owned(), Scope::Dim)),
        Some(told) => lines.extend(told.iter().map(|line| {
            let scope = if line.contains("DELETED") { Scope::Failed } else { Scope::Progressing };
            ("", fit(line, width), scope)
        })),
    }
    if let Some(first) = lines.get_mut(from) {
        first.0 = "impact";
    }
    lines
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
        let (id, targets) = (self.command.id, &self.targets);
        let pushed = outgoing::task(id, targets, &self.answers, scene.facts);
        let guarded = |env| scene.facts.environment(env).is_none_or(|environment| environment.protected);
        self.needs_impact = pushed.is_some() && targets.iter().filter_map(CommandTarget::env).any(guarded);
        let tasks = [owner::task(targets), readers::task(id, targets, scene.facts), pushed];
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
        let payload = match payload.downcast::<Outgoing>() {
            Ok(told) => {
                match *told {
                    Outgoing::Commits(commits, behind) => self.commits = Some((commits, behind)),
                    Outgoing::Impact(told) => self.impact = Some(told),
                }
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
        match (&self.wanted, self.waits()) {
            (None, true) => &[("n", "no"), ("esc", "back")],
            (None, false) => &[("y", "yes"), ("n", "no"), ("esc", "back")],
            (Some(_), true) => &[("esc", "back")],
            (Some(_), false) => &[("enter", "continue once the name is typed"), ("esc", "back")],
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
            (None, Some('y' | 'Y')) if self.waits() => Vec::new(),
            (None, Some('y' | 'Y')) => self.agree(),
            (None, Some('n' | 'N' | 'q')) => vec![Action::Pop],
            (Some(wanted), _) if key.is("enter") && *wanted == self.typed && self.waits() => Vec::new(),
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
        // For a push the environments are above, and its commits say more than their number.
        let is_push = self.commits.is_some();
        for target in self.targets.iter().skip(self.from).take(if is_push { 0 } else { OBJECTS_SHOWN }) {
            for (index, text) in broken(&target.name(), inner.saturating_sub(13)).into_iter().enumerate() {
                let label = if index == 0 { "object" } else { "" };
                lines.push(row(label, Span::styled(text, theme.style(Scope::Title))));
            }
        }
        if self.targets.len() > OBJECTS_SHOWN && !is_push {
            let last = (self.from + OBJECTS_SHOWN).min(self.targets.len());
            let text = format!("{} to {last} of {}; up and down show the others", self.from + 1, self.targets.len());
            lines.push(row("", Span::styled(text, theme.style(Scope::Waiting))));
        }
        // The lesson has the reason, too.
        let is_tight = is_push && area.height < ROOMY;
        let why = if is_tight { Vec::new() } else { wrap(&self.why, inner.saturating_sub(13)) };
        for (index, text) in why.into_iter().enumerate() {
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
        // A command for many objects is long; the question below it must stay on the screen, and the lesson has the
        // whole command.
        let shell = wrap(self.shell.as_str(), inner.saturating_sub(13));
        let mut shell_lines = SHELL_LINES;
        if let Some(commits) = &self.commits {
            // The borders, an empty line and the question are always there; two lines of the command stay.
            let height = usize::from(area.height).saturating_sub(4);
            let room = height.saturating_sub(lines.len()).saturating_sub(shell.len().min(2));
            let told = outgoing_lines(commits, self.impact.as_deref(), room, inner.saturating_sub(13), scene.keymap);
            lines.extend(
                told.into_iter().map(|(label, text, scope)| row(label, Span::styled(text, theme.style(scope)))),
            );
            shell_lines = height.saturating_sub(lines.len()).clamp(1, SHELL_LINES);
        }
        let cut = shell.len().saturating_sub(shell_lines);
        for (index, text) in shell.into_iter().take(shell_lines).enumerate() {
            let more = if cut > 0 && index + 1 == shell_lines { " ..." } else { "" };
            let text = format!("{text}{more}");
            lines.push(row(if index == 0 { "command" } else { "" }, Span::styled(text, theme.style(Scope::Shell))));
        }
        lines.push(StyledLine::default());
        lines.extend(self.question(theme));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = panel(frame, centred(area, width, height), &self.title(scene), true, theme);
        frame.render_widget(crate::widgets::Paragraph::new(lines), inside);
    }
}
