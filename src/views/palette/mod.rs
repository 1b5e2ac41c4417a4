//! The palette: type a part of a command's name, enter runs it on the selection; or type a kind as kubectl names it,
//! enter lists it.
//!
//! ```text
//! +> palette ---------------------------------------+
//! | : recon_                                        |
//! |>R       Reconcile                               |
//! | W       Reconcile with source                   |
//! +-------------------------------------------------+
//! ```

mod entry;

use std::any::Any;
use std::cell::OnceCell;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::{Action, Command, CommandTarget, Key, Scene, View};
use crate::cluster::Served;
use crate::explain::Topics;
use crate::model::Env;
use crate::model::signs;
use crate::theme::Scope;
use crate::views::explain::topics_with;
use crate::views::served;
use crate::widgets::{Scroll, Span, StyledLine, centred, fit, lines, pad, panel};
use entry::Entry;

/// Finds commands and kinds by name.
#[derive(Debug)]
pub struct Palette {
    /// The environment of the kinds.
    env: Env,
    /// The marks, else the selection.
    targets: Vec<CommandTarget>,
    /// The selection.
    selected_below: Vec<CommandTarget>,
    /// The kinds that the cluster serves; empty before its answer, and without one.
    served: Vec<Served>,
    /// The commands that have no effect now, by their ids, each with its reason.
    refused: Vec<(&'static str, String)>,
    /// Every topic, once one is asked for.
    topics: OnceCell<Topics>,
    typed: String,
    selected: usize,
    scroll: Scroll,
}

impl Palette {
    /// Opens it for the selection.
    pub fn new(env: Env, targets: Vec<CommandTarget>, selected_below: Vec<CommandTarget>) -> Self {
        let (served, typed) = (Vec::new(), String::new());
        let (refused, topics) = (Vec::new(), OnceCell::new());
        Self { env, targets, selected_below, served, refused, topics, typed, selected: 0, scroll: Scroll::default() }
    }

    /// Notes the commands that have no effect now, each with its reason.
    pub fn refusing(mut self, refused: Vec<(&'static str, String)>) -> Self {
        self.refused = refused;
        self
    }

    /// Tells why an entry has no effect.
    fn refusal(&self, entry: &Entry<'_>) -> Option<&str> {
        let Entry::Command(command) = entry else { return None };
        self.refused.iter().find(|(id, _)| *id == command.id).map(|(_, why)| why.as_str())
    }

    fn targets_of(&self, command: &Command) -> &[CommandTarget] {
        if command.takes_marks() { &self.targets } else { &self.selected_below }
    }

    /// Lists the matches of the typed text, best first.
    fn found(&self, scene: &Scene<'_>) -> Vec<Entry<'_>> {
        if let Some(words) = self.typed.trim_start().strip_prefix("explain ").filter(|words| !words.trim().is_empty()) {
            return entry::topics(words, self.topics.get_or_init(|| topics_with(scene.commands)));
        }
        let applies =
            |command: &&'static Command| command.id != "palette" && command.applies("", self.targets_of(command));
        let commands: Vec<&'static Command> = scene.commands.iter().copied().filter(applies).collect();
        entry::find(&self.typed, &commands, &self.served)
    }
}

impl View for Palette {
    fn id(&self) -> &'static str {
        "palette"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "palette".to_owned()
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if scene.facts.unconnected_fault(self.env).is_some() {
            return Vec::new();
        }
        vec![served::ask(self.env)]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        // Without an answer the palette offers the kinds that fluxdeck knows, and Home shows the fault of the cluster.
        if let Ok(answer) = payload.downcast::<served::Answer>()
            && let Ok(served) = answer.0
        {
            self.served = served;
        }
        Vec::new()
    }

    fn overlay(&self) -> bool {
        true
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("enter", "run"), ("up down tab", "choose"), ("esc", "back")]
    }

    fn text(&mut self, key: Key, scene: &Scene<'_>) -> Vec<Action> {
        let count = self.found(scene).len();
        if key.is("esc") {
            return vec![Action::Pop];
        } else if key.is("enter") {
            let found = self.found(scene);
            let Some(entry) = found.get(self.selected) else { return Vec::new() };
            if let Entry::Topic(topic) = entry {
                let Some(command) = scene.command("explain") else { return Vec::new() };
                let answers = vec![("topic".to_owned(), topic.id.clone())];
                return vec![Action::Pop, Action::Dispatch(command, self.selected_below.clone(), answers)];
            }
            let actions =
                entry.actions((self.env, scene.facts.context(self.env)), |command| self.targets_of(command).to_vec());
            return std::iter::once(Action::Pop).chain(actions).collect();
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
            let text = scene.keymap.written("no command and no kind matches; ‹key:back› goes back");
            frame.render_widget(StyledLine::styled(text.into_owned(), scene.theme.style(Scope::Dim)), list);
        }
        lines(frame, list, &self.scroll, self.selected, found.len(), |index, selected| {
            let Some(entry) = found.get(index) else { return StyledLine::default() };
            let key = match entry {
                Entry::Command(command) => scene.keymap.keys_of(command.id).first().map(ToString::to_string),
                Entry::Topic(_) => Some("explain".to_owned()),
                Entry::Known(..) | Entry::Served(..) | Entry::Namespace(_) => Some("list".to_owned()),
            };
            let key = key.unwrap_or_default();
            let why = self.refusal(entry);
            let plain = if why.is_some() { Scope::Dim } else { Scope::Text };
            let scope = if selected { Scope::Selection } else { plain };
            let title = why.map_or_else(|| entry.title(), |why| format!("{}: {why}", entry.title()));
            StyledLine::from(vec![
                Span::styled(if selected { signs::SELECTED.sign } else { " " }, scene.theme.style(Scope::Selection)),
                Span::styled(pad(&key, 9), scene.theme.style(Scope::Key)),
                Span::styled(fit(&title, usize::from(list.width).saturating_sub(12)), scene.theme.style(scope)),
            ])
        });
    }
}
