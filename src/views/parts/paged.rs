//! The shared parts of screens with one page of lines, or one for each tab: each screen only writes its lines.

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::page::{Page, PageLine, SharedLines};
use super::tabs;
use crate::app::{Action, CommandTarget, Motion, MotionHint, Scene, View};
use crate::model::{Env, Kind};
use crate::widgets::panel;

/// Shows a page of lines. Everything but the id, the title, the page and its lines has a default. Each method with
/// `&mut self` may change the source of the lines: they are written again after it and after a change of the facts, but
/// after no other key.
pub trait Paged: std::fmt::Debug + Send {
    /// Returns the view's id.
    fn id(&self) -> &'static str;

    /// Returns its title.
    fn title(&self, scene: &Scene<'_>) -> String;

    /// Returns the page on the screen; of several, that of the tab.
    fn page(&self) -> Option<&Page>;

    /// Returns the same page, mutable.
    fn page_mut(&mut self) -> Option<&mut Page>;

    /// Writes the lines, which the page keeps.
    fn lines(&self, scene: &Scene<'_>) -> SharedLines;

    /// Drops the lines of all its pages.
    fn forget_lines(&self) {
        if let Some(page) = self.page() {
            page.forget_lines();
        }
    }

    /// Reads its content, when it opens and when the user requests it again.
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

    /// Shows the same in another environment; `None` if it cannot.
    fn show_environment(&mut self, _env: Env, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }

    /// Handles a motion before the page does; `None` leaves it to the page.
    fn own_motion(&mut self, _motion: Motion, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }

    /// Handles enter on a line; `None` requests the command that opens the selection.
    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        Some(line.and_then(|line| follow(line, scene)).into_iter().collect())
    }

    /// Tells whether enter has an effect on a line, which is one of `lines`.
    fn opens(&self, line: Option<&PageLine>, _lines: &[PageLine]) -> bool {
        line.is_some_and(|line| line.command().is_some() || line.link().is_some())
    }

    /// Tells why a command has no effect now; `None` if it has one.
    fn refusal(&self, _command: &str) -> Option<String> {
        None
    }

    /// Returns the targets of commands while the cursor is on a line.
    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        line.and_then(PageLine::link).cloned().into_iter().collect()
    }

    /// Returns what the whole page is about.
    fn subject(&self) -> Option<CommandTarget> {
        None
    }

    /// Names the topics that explain a line, which is one of `lines`, the most special first.
    fn topics(&self, line: Option<&PageLine>, _lines: &[PageLine]) -> Vec<String> {
        line.map(|line| line.topics().to_vec()).unwrap_or_default()
    }

    /// Tells whether it can be filtered or searched.
    fn filters(&self) -> bool {
        true
    }

    /// Returns the kinds that it needs watched.
    fn watches(&self, _scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        Vec::new()
    }

    /// Lists the motions with an effect of their own here.
    fn motions(&self) -> &'static [MotionHint] {
        &[]
    }

    /// Draws the part above the page, and returns the room that is left.
    fn head(&self, _frame: &mut Frame<'_>, inside: Rect, _scene: &Scene<'_>) -> Rect {
        inside
    }

    /// Returns the last written lines, or writes them if something has changed.
    fn shown(&self, scene: &Scene<'_>) -> SharedLines {
        let lines = || self.lines(scene).with_keys(scene.keymap);
        let Some(page) = self.page() else { return lines() };
        page.kept_lines(scene.facts.revision(), lines)
    }
}

/// Handles enter on a line: requests its command, or opens its target.
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
        scene.keymap.written(&Paged::title(self, scene)).into_owned()
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

    fn refusal(&self, command: &str, scene: &Scene<'_>) -> Option<String> {
        if command != "open" {
            return Paged::refusal(self, command);
        }
        let lines = self.shown(scene);
        let line = self.page().and_then(|page| page.current(&lines));
        (!self.opens(line, &lines)).then(|| "this line leads nowhere".to_owned())
    }

    fn env(&self, scene: &Scene<'_>) -> Option<Env> {
        Paged::env(self, scene)
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        let lines = self.shown(scene);
        let line = self.page().and_then(|page| page.current(&lines));
        Paged::targets(self, line, scene)
    }

    fn subject(&self) -> Option<CommandTarget> {
        Paged::subject(self)
    }

    fn is_openable(&self, scene: &Scene<'_>) -> bool {
        let lines = self.shown(scene);
        self.opens(self.page().and_then(|page| page.current(&lines)), &lines)
    }

    fn topics(&self, scene: &Scene<'_>) -> Vec<String> {
        let lines = self.shown(scene);
        let line = self.page().and_then(|page| page.current(&lines));
        Paged::topics(self, line, &lines)
    }

    fn filter(&mut self, text: &str, scene: &Scene<'_>) -> bool {
        let lines = self.shown(scene);
        if let Some(page) = self.page_mut() {
            page.search(text, &lines);
        }
        self.filters()
    }

    fn filtered(&self, scene: &Scene<'_>) -> Option<(usize, usize)> {
        let lines = self.shown(scene);
        self.page()?.found_of_all(&lines)
    }

    fn filter_word(&self) -> &'static str {
        if self.page().is_some_and(Page::filters) { "filter" } else { "search" }
    }

    fn keeps_filter(&self) -> bool {
        true
    }

    fn watches(&self, scene: &Scene<'_>) -> Vec<(Env, &'static Kind)> {
        Paged::watches(self, scene)
    }

    fn motions(&self) -> &'static [MotionHint] {
        Paged::motions(self)
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let lines = self.shown(scene);
        let title = View::title(self, scene) + &tabs::found(self.page().and_then(|page| page.found(&lines)));
        let inside = panel(frame, area, &title, scene.focus, scene.theme);
        let body = self.head(frame, inside, scene);
        if let Some(page) = self.page() {
            page.render(frame, body, &lines, scene);
        }
    }
}
