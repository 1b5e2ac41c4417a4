//! The reports of operations, and their notices to the user.

use crate::app::operation::outcome_line;
use crate::app::{App, Notice, NoticeEnd, OpId};
use crate::model::{Fault, Outcome, Step, WantedPlugin};

impl App {
    pub(in crate::app) fn tell(&mut self, mut notice: Notice) {
        notice.what = self.keymap.written(&notice.what).into_owned();
        if let Some(fault) = &mut notice.fault {
            fault.todo = self.keymap.written(&fault.todo).into_owned();
        }
        let wanted = notice.fault.as_ref().and_then(|fault| fault.plugin.as_deref());
        // There is no question in read-only mode, nor about a plug-in that the user was just asked about.
        let is_open = |wanted: &WantedPlugin| !self.facts.read_only && !self.asked_plugins.contains(&wanted.name);
        self.wanted_plugin = wanted.cloned().filter(is_open).or(self.wanted_plugin.take());
        self.notice_end = NoticeEnd::Command;
        self.facts.notices.push(notice);
        self.notice_of = Some(self.top_ticket());
    }

    /// Takes a step of an operation.
    pub(super) fn reported(&mut self, id: OpId, mut step: Step) {
        step.message = self.keymap.written(&step.message).into_owned();
        if let Some(operation) = self.facts.operations.iter_mut().find(|operation| operation.id == id) {
            operation.report(step);
        }
    }

    /// Records that the journal has an operation.
    pub(super) fn noted(&mut self, id: OpId) {
        if let Some(operation) = self.facts.operations.iter_mut().find(|operation| operation.id == id) {
            operation.noted = true;
        }
    }

    pub(super) fn ended(&mut self, id: OpId, outcome: Outcome) {
        let now = self.facts.now;
        let facts = &mut *self.facts;
        let Some(operation) = facts.operations.iter_mut().find(|operation| operation.id == id) else { return };
        if operation.ended.is_some() {
            return;
        }
        let place = operation.env.and_then(|env| facts.environments.get(env)).map(|known| known.name.clone());
        let title = place.map_or_else(|| operation.title.clone(), |name| format!("{} in {name}", operation.title));
        let notice = match &outcome {
            Outcome::Failed(fault) => Notice::fault(now, fault.clone()),
            Outcome::WillRetry { message, .. } => Notice::fault(
                now,
                Fault::failed(
                    format!("{title} failed, will retry"),
                    message.clone(),
                    "‹key:open|fluxdeck describe› on the object shows its conditions and events",
                ),
            ),
            other => Notice::info(now, format!("{title}: {}", outcome_line(other))),
        };
        operation.ended = Some((now, outcome));
        self.tell(notice);
    }
}
