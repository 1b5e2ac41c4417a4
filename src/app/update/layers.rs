//! The stack of views: opening, closing, and lending a view the scene.

use crate::app::{Action, App, Effect, Layer, LessonShown, Notice, OnScreen, Scene, Ticket, View};
use crate::model::Fault;

impl App {
    /// Opens a view, as a command would.
    #[cfg(test)]
    pub fn open(&mut self, view: Box<dyn View>, effects: &mut Vec<Effect>) {
        self.push(view, effects);
    }

    pub(super) fn push(&mut self, view: Box<dyn View>, effects: &mut Vec<Effect>) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.filtering = None;
        if !view.overlay() && !self.layers.last().is_some_and(|below| below.view.keeps_filter()) {
            self.lift_filter();
        }
        if let Some(below) = self.layers.last_mut().filter(|_| !view.overlay()) {
            below.view.covered();
            if below.view.secret() {
                effects.push(Effect::OnScreen(OnScreen::Forget));
            }
        }
        let below = Some(self.lesson_shown());
        if !view.overlay() {
            self.notice_of = None;
            // What a command taught belongs to the screen that it ran on.
            if self.lesson_of.is_none() {
                (self.lesson, self.lesson_of) = (None, Some(Vec::new()));
            }
        }
        self.layers.push(Layer { ticket, view, filter: String::new(), below });
        let top = self.layers.len() - 1;
        let actions = self.with_view(top, |view, scene| view.opened(scene));
        self.apply(ticket, actions, effects);
    }

    /// Closes the view on top, unless it asks a question first.
    pub(super) fn pop(&mut self, effects: &mut Vec<Effect>) {
        if self.layers.len() < 2 {
            return;
        }
        let top = self.layers.len() - 1;
        let ticket = self.top_ticket();
        let questions = self.with_view(top, |view, scene| view.closing(scene));
        if questions.is_empty() {
            self.close_top(effects);
        } else {
            self.apply(ticket, questions, effects);
        }
    }

    pub(super) fn close_top(&mut self, effects: &mut Vec<Effect>) {
        if self.layers.len() < 2 {
            return;
        }
        if let Some(layer) = self.layers.pop() {
            // A dialog closes with a word about what it did: the screen below tells it.
            let is_shown = self.notice_of.take_if(|ticket| *ticket == layer.ticket).is_some();
            if is_shown && layer.view.overlay() {
                self.notice_of = Some(self.top_ticket());
            }
            self.marks.take_if(|marks| marks.are_of(layer.ticket));
            if let Some(below) = layer.below {
                (self.lesson, self.lesson_of) = below;
            }
            effects.push(Effect::Drop(layer.ticket));
            if layer.view.secret() {
                effects.push(Effect::OnScreen(OnScreen::Forget));
            }
        }
    }

    /// Replaces the view on top, and keeps the lesson.
    pub(super) fn replace(&mut self, view: Box<dyn View>, effects: &mut Vec<Effect>) {
        let below = self.layers.last_mut().and_then(|layer| layer.below.take());
        self.close_top(effects);
        let place = self.layers.len();
        self.push(view, effects);
        if let Some(layer) = self.layers.get_mut(place) {
            layer.below = below;
        }
    }

    /// Returns the lesson that is shown, to show it again later.
    pub(super) fn lesson_shown(&self) -> LessonShown {
        (self.lesson.clone(), self.lesson_of.clone())
    }

    /// Ends the program, unless a view has unsaved changes.
    pub(super) fn quit(&mut self, effects: &mut Vec<Effect>) {
        let top = self.layers.len().saturating_sub(1);
        for index in (0..self.layers.len()).rev() {
            let questions = self.with_view(index, |view, scene| view.closing(scene));
            if questions.is_empty() {
                continue;
            }
            if index == top {
                self.apply(self.top_ticket(), questions, effects);
            } else {
                let title = self.layers.get(index).map(|layer| layer.view.title(&self.scene(layer.ticket, false)));
                let what = title.unwrap_or_default();
                self.tell(Notice::fault(
                    self.facts.now,
                    Fault::failed(
                        "not left",
                        format!("{what} has changes that are not saved"),
                        "‹key:back› goes back to it",
                    ),
                ));
            }
            return;
        }
        effects.push(Effect::OnScreen(OnScreen::Quit));
    }

    pub(in crate::app) fn top_ticket(&self) -> Ticket {
        self.layers.last().map_or(Ticket(0), |layer| layer.ticket)
    }

    /// Lends a view the scene: the view leaves the stack for that moment, so that both can be borrowed.
    pub(super) fn with_view(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut dyn View, &Scene<'_>) -> Vec<Action>,
    ) -> Vec<Action> {
        self.with_view_option(index, |view, scene| Some(act(view, scene))).unwrap_or_default()
    }

    pub(super) fn with_view_option<T>(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut dyn View, &Scene<'_>) -> Option<T>,
    ) -> Option<T> {
        let mut layers = std::mem::take(&mut self.layers);
        let result = layers.get_mut(index).and_then(|layer| {
            let ticket = layer.ticket;
            act(layer.view.as_mut(), &self.scene(ticket, true))
        });
        self.layers = layers;
        result
    }
}
