//! A screen that is one page of lines, or one for each tab: what all of them share, so that each says only what its lines are.

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::page::{Page, PageLine, SharedLines};
use super::tabs;
use crate::app::{Action, CommandTarget, Motion, Scene, View};
use crate::model::{Env, Kind};
use crate::widgets::panel;

/// Shows a page of lines. Everything but what it is called, its page and its lines has a default. Whatever is called with `&mut self` may
/// change what the lines are made of: they are made anew after it, as they are after the facts changed, and for no key else.
pub trait Paged: std::fmt::Debug + Send {
    /// Returns the view's id.
    fn id(&self) -> &'static str;

    /// Returns its title.
    fn title(&self, scene: &Scene<'_>) -> String;

    /// Returns the page that is shown, of several that of the tab.
    fn page(&self) -> Option<&Page>;

    /// Returns it to be changed.
    fn page_mut(&mut self) -> Option<&mut Page>;

    /// Writes the lines; the page keeps them.
    fn lines(&self, scene: &Scene<'_>) -> SharedLines;

    /// Forgets the lines of every page that it has.
    fn forget_lines(&self) {
        if let Some(page) = self.page() {
            page.forget_lines();
        }
    }

    /// Reads what it shows, when it is opened and when the operator asks for it again.
    fn load(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Catches up with the facts.
    fn changed(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Takes the answer of a task.
    fn reply(&mut self, _payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Returns the environment that it shows.
    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        None
    }

    /// Shows the same in another environment; `None` where it cannot.
    fn show_environment(&mut self, _env: Env, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }

    /// Answers a motion before the page does; `None` leaves it to the page.
    fn own_motion(&mut self, _motion: Motion, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }

    /// Does what enter does on a line; `None` asks for the command that opens what is selected.
    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        Some(line.and_then(|line| follow(line, scene)).into_iter().collect())
    }

    /// Returns what commands act on while the cursor is on a line.
    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        line.and_then(PageLine::link).cloned().into_iter().collect()
    }

    /// Tells whether there is something to filter or search.
    fn filters(&self) -> bool {
        true
    }

    /// Returns the kinds that it needs watched.
    fn watches(&self, _scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        Vec::new()
    }

    /// Draws what stands above the page, and returns the room that is left.
    fn head(&self, _frame: &mut Frame<'_>, inside: Rect, _scene: &Scene<'_>) -> Rect {
        inside
    }

    /// Returns the lines as they were made last, or makes them where something has changed.
    fn shown(&self, scene: &Scene<'_>) -> SharedLines {
        let Some(page) = self.page() else { return self.lines(scene) };
        page.kept_lines(scene.facts.revision(), || self.lines(scene))
    }
}

/// Does what enter does on a line: asks for its command, or opens what it names.
pub fn follow(line: &PageLine, scene: &Scene<'_>) -> Option<Action> {
    match line.command() {
        Some((id, targets)) => scene.command(id).map(|command| Action::Dispatch(command, targets.to_vec(), Vec::new())),
        None => tabs::open(line.link()?.clone(), scene),
    }
}

impl<P: Paged> View for P {
    fn id(&self) -> &'static str {
        Paged::id(self)
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        Paged::title(self, scene)
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.forget_lines();
        self.load(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.forget_lines();
        Paged::changed(self, scene)
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        self.forget_lines();
        Paged::reply(self, payload, scene)
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let env = Paged::env(self, scene).and_then(|env| scene.facts.environment_by(motion, env));
        let answered = env.and_then(|env| self.show_environment(env, scene)).or_else(|| self.own_motion(motion, scene));
        if answered.is_some() {
            self.forget_lines();
            return answered;
        }
        match motion {
            Motion::Redraw => {
                self.forget_lines();
                let mut actions = self.load(scene);
                actions.push(Action::Redraw);
                Some(actions)
            }
            Motion::Open => {
                let lines = self.shown(scene);
                let line = self.page().and_then(|page| page.current(&lines));
                let answered = self.open(line, scene);
                self.forget_lines();
                answered
            }
            _ => {
                let lines = self.shown(scene);
                self.page_mut()?.motion(motion, &lines).then(Vec::new)
            }
        }
    }

    fn env(&self, scene: &Scene<'_>) -> Option<Env> {
        Paged::env(self, scene)
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        let lines = self.shown(scene);
        let line = self.page().and_then(|page| page.current(&lines));
        Paged::targets(self, line, scene)
    }

    fn filter(&mut self, text: &str, scene: &Scene<'_>) -> bool {
        let lines = self.shown(scene);
        if let Some(page) = self.page_mut() {
            page.search(text, &lines);
        }
        self.filters()
    }

    fn watches(&self, scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        Paged::watches(self, scene)
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let lines = self.shown(scene);
        let title = Paged::title(self, scene) + &tabs::found(self.page().and_then(|page| page.found(&lines)));
        let inside = panel(frame, area, &title, scene.focus, scene.theme);
        let body = self.head(frame, inside, scene);
        if let Some(page) = self.page() {
            page.render(frame, body, &lines, scene.theme);
        }
    }
}
