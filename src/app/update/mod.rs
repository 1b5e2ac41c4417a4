//! The changes of the state by messages: keys, rows, replies, operations.

mod dispatch;
mod examination;
pub(super) mod first_focus;
mod keys;
mod layers;
mod operations;
mod rest;
mod watches;

use std::sync::Arc;

use super::dialog::{Agree, AskPlugin};
pub(super) use examination::Examined;

use super::{App, Effect, Msg, Notice, OnScreen};
use crate::model::{Environment, Fault};

impl App {
    /// Handles a message, changes the state, and returns the effects for the outside.
    pub fn update(&mut self, message: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        match message {
            Msg::Key(key) => self.pressed(key, &mut effects),
            Msg::Paste(text) => self.paste(&text),
            Msg::Resize => {}
            Msg::Rested => self.rest(&mut effects),
            Msg::Time(now) => {
                self.facts.tell_time(now);
                self.facts.judge_by_clock();
                self.forget_old();
                self.unwatch_unwanted(&mut effects);
                self.facts_changed(&mut effects);
            }
            Msg::Environments(environments, unconnected) => {
                self.found_environments(environments, unconnected, &mut effects);
            }
            Msg::Repository(Ok(snapshot), pending) => {
                // The whole snapshot follows a glance, for which no answer is pending.
                if pending.is_some() {
                    effects.push(Effect::Survey(Arc::clone(&snapshot)));
                }
                self.facts.set_repository(snapshot);
                self.facts.take_graph();
                self.repository_changed(&mut effects);
            }
            Msg::Examined { env, generation, found, pending } => {
                self.examined(env, generation, found, &mut effects);
                drop(pending);
            }
            Msg::Surveyed(Ok(survey), _owed) => {
                self.facts.survey = Some(survey);
                self.facts.building = None;
                self.facts.survey_fault = None;
                self.facts.take_graph();
                self.repository_changed(&mut effects);
            }
            Msg::Surveyed(Err(fault), _owed) => {
                if self.facts.survey_fault.as_ref() != Some(&fault) {
                    self.tell(Notice::fault(self.facts.now, fault.clone()));
                }
                self.facts.survey_fault = Some(fault);
                self.repository_changed(&mut effects);
            }
            Msg::Repository(Err(fault), _owed) => {
                if self.facts.repository.is_some() {
                    self.tell(Notice::fault(self.facts.now, fault.clone()));
                }
                self.facts.repository_fault = Some(fault);
            }
            Msg::Building(progress) => {
                self.facts.building = Some(progress).filter(|progress| progress.done < progress.total);
            }
            Msg::FilesChanged => effects.push(Effect::Rescan),
            Msg::Watched { env, kind, generation, change, pending } => {
                self.watched(env, kind, generation, change);
                self.facts.judge_environment(env);
                self.views_follow(&mut effects);
                self.choose_first_focus(&mut effects);
                drop(pending);
            }
            Msg::Reply { ticket, payload, pending } => {
                if let Some(index) = self.layers.iter().position(|layer| layer.ticket == ticket) {
                    let actions = self.with_view(index, |view, scene| view.reply(payload, scene));
                    self.apply(ticket, actions, &mut effects);
                }
                drop(pending);
            }
            Msg::Noted(id) => self.noted(id),
            Msg::Step(id, step) => self.reported(id, step),
            Msg::Ended(id, outcome, _owed) => {
                self.ended(id, outcome);
                // The operation may have written files, committed or pushed.
                effects.push(Effect::Rescan);
            }
            Msg::Lessons(before) => self.remember_lessons(before),
            Msg::Told(Ok(text)) => self.tell(Notice::info(self.facts.now, text)),
            Msg::Told(Err(fault)) => self.tell(Notice::fault(self.facts.now, fault)),
            Msg::Added(text) => {
                if let Some(last) = self.facts.notices.last_mut() {
                    last.what = format!("{}; {text}", last.what);
                }
            }
            Msg::Terminate => effects.push(Effect::OnScreen(OnScreen::Quit)),
        }
        if let Some(wanted) = self.wanted_plugin.take()
            && self.view_id() != "plugin"
        {
            self.push(Box::new(AskPlugin::new(wanted)), &mut effects);
        }
        self.judge_exercise();
        self.watch_wanted(&mut effects);
        self.examine_wanted(&mut effects);
        effects
    }

    /// Takes the environments that were found, and drops all that was known of the former ones.
    fn found_environments(
        &mut self,
        environments: Vec<Environment>,
        unconnected: Vec<Option<Fault>>,
        effects: &mut Vec<Effect>,
    ) {
        for ((env, _), watched) in std::mem::take(&mut self.watched) {
            effects.push(Effect::Unwatch { env, kind: watched.kind });
        }
        self.facts.set_environments(environments, unconnected);
        self.marks = None;
        self.examined.clear();
        self.facts_changed(effects);
        self.rest(effects);
        self.begin(effects);
        if let Some(question) = Agree::next(&self.facts, 0) {
            self.push(Box::new(question), effects);
        }
    }

    /// Opens the first view, once; what was told at the start is told on it.
    fn begin(&mut self, effects: &mut Vec<Effect>) {
        let Some(view) = self.start.take() else { return };
        let was_told = self.notice_of.is_some();
        self.push(view, effects);
        self.notice_of = was_told.then(|| self.top_ticket());
    }
}
