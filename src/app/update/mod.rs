//! How messages change the state: keys, rows, replies, operations.

mod dispatch;
mod keys;
mod layers;
mod operations;
mod rest;
mod watches;

use std::sync::Arc;

use super::dialog::{Agree, AskPlugin};
use super::{App, Effect, Msg, Notice, OnScreen};

impl App {
    /// Takes a message, changes the state, and returns what the outside must do.
    pub fn update(&mut self, message: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        match message {
            Msg::Key(key) => self.key(key, &mut effects),
            Msg::Paste(text) => self.paste(&text),
            Msg::Resize => {}
            Msg::Rested => self.rest(&mut effects),
            Msg::Time(now) => {
                self.facts.tell_time(now);
                self.facts.judge_by_clock();
                self.unwatch_unwanted(&mut effects);
                self.facts_changed(&mut effects);
            }
            Msg::Environments(environments, unconnected) => {
                for ((env, _), watched) in std::mem::take(&mut self.watched) {
                    effects.push(Effect::Unwatch { env, kind: watched.kind });
                }
                self.facts.set_environments(environments, unconnected);
                self.marks = None;
                self.facts_changed(&mut effects);
                self.rest(&mut effects);
                if let Some(view) = self.start.take() {
                    self.push(view, &mut effects);
                }
                if let Some(question) = Agree::next(&self.facts, 0) {
                    self.push(Box::new(question), &mut effects);
                }
            }
            Msg::Repository(Ok(snapshot), owed) => {
                // A glance, which nothing is owed for, is followed by the whole.
                if owed.is_some() {
                    effects.push(Effect::Survey(Arc::clone(&snapshot)));
                }
                self.facts.set_repository(snapshot);
                self.facts.take_graph();
                self.repository_changed(&mut effects);
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
            Msg::Watched { env, kind, generation, change, owed } => {
                self.watched(env, kind, generation, change);
                self.facts.judge_environment(env);
                self.views_follow(&mut effects);
                drop(owed);
            }
            Msg::Reply { ticket, payload, owed } => {
                if let Some(index) = self.layers.iter().position(|layer| layer.ticket == ticket) {
                    let actions = self.with_view(index, |view, scene| view.reply(payload, scene));
                    self.apply(ticket, actions, &mut effects);
                }
                drop(owed);
            }
            Msg::Noted(id) => self.noted(id),
            Msg::Step(id, step) => {
                if let Some(operation) = self.facts.operations.iter_mut().find(|operation| operation.id == id) {
                    operation.report(step);
                }
            }
            Msg::Ended(id, outcome, _owed) => {
                self.ended(id, outcome);
                // It may have written files, committed or pushed.
                effects.push(Effect::Rescan);
            }
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
        self.watch_wanted(&mut effects);
        effects
    }
}
