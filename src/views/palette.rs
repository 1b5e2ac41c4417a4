//! The palette: type a part of a command's name, enter runs it on what is selected.
//!
//! ```text
//! +> palette ---------------------------------------+
//! | : recon_                                        |
//! |>R       Reconcile                               |
//! | W       Reconcile with source                   |
//! +-------------------------------------------------+
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::{Action, Command, CommandTarget, Key, Scene, View};
use crate::theme::Scope;
use crate::widgets::{Scroll, Span, StyledLine, centred, fit, lines, pad, panel};

/// Finds commands by name.
#[derive(Debug)]
pub struct Palette {
    /// What is marked, else what is selected.
    targets: Vec<CommandTarget>,
    /// What is selected.
    selected_below: Vec<CommandTarget>,
    typed: String,
    selected: usize,
    scroll: Scroll,
}

impl Palette {
    /// Opens it for what is selected.
    pub fn new(targets: Vec<CommandTarget>, selected_below: Vec<CommandTarget>) -> Self {
        Self { targets, selected_below, typed: String::new(), selected: 0, scroll: Scroll::default() }
    }

    fn targets_of(&self, command: &Command) -> &[CommandTarget] {
        if command.takes_marks() { &self.targets } else { &self.selected_below }
    }

    /// Lists what matches: every typed word must stand in the title or the id. What begins with the text comes first.
    fn found(&self, scene: &Scene<'_>) -> Vec<&'static Command> {
        let typed = self.typed.to_lowercase();
        let mut found: Vec<&'static Command> = scene
            .commands
            .iter()
            .copied()
            .filter(|command| command.id != "palette" && command.applies("", self.targets_of(command)))
            .filter(|command| {
                let text = format!("{} {}", command.title.to_lowercase(), command.id);
                typed.split_whitespace().all(|word| text.contains(word))
            })
            .collect();
        found.sort_by_key(|command| !command.title.to_lowercase().starts_with(&typed));
        found
    }
}

impl View for Palette {
    fn id(&self) -> &'static str {
        "palette"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "palette".to_owned()
    }

    fn overlay(&self) -> bool {
        true
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text(&mut self, key: Key, scene: &Scene<'_>) -> Vec<Action> {
        let count = self.found(scene).len();
        if key.is("esc") {
            return vec![Action::Pop];
        } else if key.is("enter") {
            let Some(command) = self.found(scene).get(self.selected).copied() else { return Vec::new() };
            return vec![Action::Pop, Action::Dispatch(command, self.targets_of(command).to_vec(), Vec::new())];
        } else if key.is("down") || key.is("tab") {
            self.selected = (self.selected + 1).min(count.saturating_sub(1));
        } else if key.is("up") || key.is("backtab") {
            self.selected = self.selected.saturating_sub(1);
        } else if key.is("backspace") {
            self.typed.pop();
            self.selected = 0;
        } else if let Some(character) = key.typed() {
            self.typed.push(character);
            self.selected = 0;
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _scene: &Scene<'_>) {
        self.typed.push_str(text.lines().next().unwrap_or(""));
        self.selected = 0;
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let width = area.width.saturating_sub(8).clamp(20, 72);
        let inside = panel(frame, centred(area, width, area.height.min(18)), "palette", scene.focus, scene.theme);
        let [input, list] = ratatui::layout::Layout::vertical([
            ratatui::layout::Constraint::Length(1),
            ratatui::layout::Constraint::Fill(1),
        ])
        .areas(inside);
        frame.render_widget(
            StyledLine::from(vec![
                Span::styled(": ", scene.theme.style(Scope::Key)),
                Span::styled(format!("{}_", self.typed), scene.theme.style(Scope::Input)),
            ]),
            input,
        );
        let found = self.found(scene);
        if found.is_empty() {
            frame.render_widget(
                StyledLine::styled("no command matches; esc goes back", scene.theme.style(Scope::Dim)),
                list,
            );
        }
        lines(frame, list, &self.scroll, self.selected, found.len(), |index, selected| {
            let Some(command) = found.get(index) else { return StyledLine::default() };
            let key = scene.keymap.keys_of(command.id).first().map(ToString::to_string).unwrap_or_default();
            let scope = if selected { Scope::Selection } else { Scope::Text };
            StyledLine::from(vec![
                Span::styled(if selected { ">" } else { " " }, scene.theme.style(Scope::Selection)),
                Span::styled(pad(&key, 9), scene.theme.style(Scope::Key)),
                Span::styled(fit(command.title, usize::from(list.width).saturating_sub(12)), scene.theme.style(scope)),
            ])
        });
    }
}
