//! How messages change the state: keys, rows, replies, operations.

use super::dialog::{Confirm, Prompt};
use super::guard::judge;
use super::motion::Motion;
use super::operation::{Op, OpId, outcome_line};
use super::{
    Action, App, Ask, Change, Command, Consent, Effect, Key, Layer, Msg, Notice, Target, Task, Ticket, Verdict, View,
    Watched,
};
use crate::kinds;
use crate::model::{Env, Fault, Kind, Lesson, Outcome};

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
                self.facts.now = now;
                self.unwatch_unwanted(&mut effects);
            }
            Msg::Environments(environments, unconnected) => {
                for ((env, _), watched) in std::mem::take(&mut self.watched) {
                    effects.push(Effect::Unwatch { env, kind: watched.kind });
                }
                self.facts.set_environments(environments, unconnected);
                self.facts_changed(&mut effects);
                self.rest(&mut effects);
                if let Some(view) = self.start.take() {
                    self.push(view, &mut effects);
                }
            }
            Msg::Repository(Ok(snapshot), _owed) => {
                self.facts.repository = Some(snapshot);
                self.facts.repository_fault = None;
                self.facts_changed(&mut effects);
            }
            Msg::Repository(Err(fault), _owed) => self.facts.repository_fault = Some(fault),
            Msg::FilesChanged => effects.push(Effect::Rescan),
            Msg::Watched { env, kind, generation, change, owed } => {
                self.watched(env, kind, generation, change);
                self.facts_changed(&mut effects);
                drop(owed);
            }
            Msg::Reply { ticket, payload, owed } => {
                if let Some(index) = self.layers.iter().position(|layer| layer.ticket == ticket) {
                    let actions = self.with_view(index, |view, scene| view.reply(payload, scene));
                    self.apply(ticket, actions, &mut effects);
                }
                drop(owed);
            }
            Msg::Step(id, step) => {
                if let Some(operation) = self.facts.operations.iter_mut().find(|operation| operation.id == id) {
                    operation.report(step);
                }
            }
            Msg::Ended(id, outcome, _owed) => self.ended(id, outcome),
            Msg::Told(Ok(text)) => self.tell(Notice::info(self.facts.now, text)),
            Msg::Told(Err(fault)) => self.tell(Notice::fault(self.facts.now, fault)),
            Msg::Terminate => effects.push(Effect::Quit),
        }
        self.watch_wanted(&mut effects);
        effects
    }

    fn key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        self.resting = false;
        effects.push(Effect::Rest);
        if self.filtering.is_some() {
            self.filter_key(key);
            return;
        }
        let Some(top) = self.layers.len().checked_sub(1) else { return };
        let ticket = self.top_ticket();
        if self.layers.last().is_some_and(|layer| layer.view.takes_text()) {
            let actions = self.with_view(top, |view, scene| view.text(key, scene));
            self.apply(ticket, actions, effects);
            return;
        }
        let targets = self.targets();
        let view = self.view_id();
        let own = self.keymap.commands(key).find(|command| command.scope_is(view));
        if let Some(command) = own {
            self.dispatch(command, targets, Vec::new(), Consent::None, effects);
            return;
        }
        if let Some(motion) = self.keymap.motion(key) {
            match self.with_view_option(top, |view, scene| view.motion(motion, scene)) {
                Some(actions) => self.apply(ticket, actions, effects),
                None => self.motion(motion, effects),
            }
            return;
        }
        let bound: Vec<&'static Command> = self.keymap.commands(key).collect();
        match bound.iter().find(|command| command.applies(view, &targets)) {
            Some(command) => self.dispatch(command, targets, Vec::new(), Consent::None, effects),
            None if bound.is_empty() => {
                self.tell(Notice::info(self.facts.now, format!("{key} does nothing here; ? lists the keys")));
            }
            None => {
                let what = bound.first().map_or("", |command| command.title);
                self.tell(Notice::info(
                    self.facts.now,
                    format!("{what} does not work on what is selected; ? lists the keys that do"),
                ));
            }
        }
    }

    fn motion(&mut self, motion: Motion, effects: &mut Vec<Effect>) {
        match motion {
            Motion::Back if self.notice_shown => self.notice_shown = false,
            Motion::Back => self.pop(effects),
            Motion::Filter => self.filtering = Some(String::new()),
            Motion::NextEnvironment => self.show_next(1),
            Motion::PreviousEnvironment => self.show_next(-1),
            Motion::Redraw => effects.push(Effect::Redraw),
            Motion::Open => {
                if let Some(command) = self.command("open") {
                    let targets = self.targets();
                    self.dispatch(command, targets, Vec::new(), Consent::None, effects);
                }
            }
            _ => {}
        }
    }

    fn filter_key(&mut self, key: Key) {
        let Some(text) = self.filtering.as_mut() else { return };
        let mut done = false;
        if key.is("enter") {
            done = true;
        } else if key.is("esc") {
            text.clear();
            done = true;
        } else if key.is("backspace") {
            text.pop();
        } else if let Some(character) = key.typed() {
            text.push(character);
        }
        let text = text.clone();
        if done {
            self.filtering = None;
        }
        self.filter_top(&text);
    }

    fn filter_top(&mut self, text: &str) {
        let Some(top) = self.layers.len().checked_sub(1) else { return };
        if !self.with_view_option(top, |view, scene| Some(view.filter(text, scene))).unwrap_or(false) {
            self.filtering = None;
            self.tell(Notice::info(self.facts.now, "there is nothing to filter here"));
        }
    }

    /// Pasted text goes into an input or nowhere: it never runs commands.
    fn paste(&mut self, text: &str) {
        if let Some(filter) = self.filtering.as_mut() {
            filter.push_str(text.lines().next().unwrap_or(""));
            let text = filter.clone();
            self.filter_top(&text);
            return;
        }
        let Some(top) = self.layers.len().checked_sub(1) else { return };
        if self.layers.last().is_some_and(|layer| layer.view.takes_text()) {
            self.with_view(top, |view, scene| {
                view.paste(text, scene);
                Vec::new()
            });
        } else {
            self.tell(Notice::info(self.facts.now, "pasted text was dropped: no input is open"));
        }
    }

    /// Judges and runs a command, asking first for what it needs.
    pub(super) fn dispatch(
        &mut self,
        command: &'static Command,
        targets: Vec<Target>,
        answers: Vec<(String, String)>,
        consent: Consent<'_>,
        effects: &mut Vec<Effect>,
    ) {
        let verdict = judge(command, &targets, &self.facts, consent);
        if let Verdict::Refuse(fault) = verdict {
            self.tell(Notice::fault(self.facts.now, fault));
            return;
        }
        let missing = command.questions.iter().any(|question| !answers.iter().any(|(id, _)| id == question.id));
        if missing {
            self.push(Box::new(Prompt::new(command, targets)), effects);
            return;
        }
        let permit = match verdict {
            Verdict::Go(permit) => permit,
            Verdict::Confirm => {
                let dialog = Confirm::key(command, targets, answers, &self.scene(true));
                self.push(Box::new(dialog), effects);
                return;
            }
            Verdict::Type(wanted) => {
                let dialog = Confirm::typed(command, targets, answers, wanted, &self.scene(true));
                self.push(Box::new(dialog), effects);
                return;
            }
            Verdict::Refuse(_) => return,
        };
        let ask = Ask { facts: &self.facts, targets: &targets, answers: &answers, now: self.facts.now, permit };
        let lesson = (command.title.to_owned(), (command.lesson)(&ask));
        let actions = (command.run)(&ask);
        if !lesson.1.shell.is_empty() {
            self.lesson = Some(lesson);
            self.lesson_of.clone_from(&targets);
        }
        let ticket = self.top_ticket();
        self.apply(ticket, actions, effects);
    }

    fn apply(&mut self, ticket: Ticket, actions: Vec<Action>, effects: &mut Vec<Effect>) {
        for action in actions {
            match action {
                Action::Push(view) => self.push(view, effects),
                Action::Pop => self.close_top(effects),
                Action::Replace(view) => {
                    self.close_top(effects);
                    self.push(view, effects);
                }
                Action::Tell(notice) => self.tell(notice),
                Action::Dispatch(command, targets, answers) => {
                    self.dispatch(command, targets, answers, Consent::None, effects);
                }
                Action::Confirmed(command, targets, answers, typed) => {
                    let consent = typed.as_deref().map_or(Consent::Key, Consent::Typed);
                    self.dispatch(command, targets, answers, consent, effects);
                }
                Action::Operate(operation) => {
                    let id = OpId(self.next_operation);
                    self.next_operation += 1;
                    self.facts.operations.push(Op {
                        id,
                        env: operation.env,
                        title: operation.title.clone(),
                        object: operation.object.clone(),
                        shell: operation.shell.clone(),
                        steps: Vec::new(),
                        started: self.facts.now,
                        ended: None,
                    });
                    effects.push(Effect::Operate(id, operation));
                }
                Action::Cancel(id) => {
                    effects.push(Effect::Cancel(id));
                    self.ended(id, Outcome::Cancelled);
                }
                Action::Task(task) => self.task(ticket, task, effects),
                Action::Hand(payload) => {
                    if let Some(top) = self.layers.len().checked_sub(1) {
                        let (ticket, actions) =
                            (self.top_ticket(), self.with_view(top, |view, scene| view.reply(payload, scene)));
                        self.apply(ticket, actions, effects);
                    }
                }
                Action::Mark(env, object) => {
                    let mark = (env, object);
                    if !self.facts.marked.remove(&mark) {
                        self.facts.marked.insert(mark);
                    }
                }
                Action::Show(env) => self.facts.shown = env,
                Action::Rescan => effects.push(Effect::Rescan),
                Action::Copy(text) => effects.push(Effect::Copy(text)),
                Action::ToggleLesson => self.lesson_shown = !self.lesson_shown,
                Action::Theme(name) => match self.theme.another(&name) {
                    Ok(theme) => self.theme = theme,
                    Err(error) => {
                        let why = error.to_string();
                        let fault = Fault::failed("the theme stays as it is", why, "`fluxdeck themes` lists them");
                        self.tell(Notice::fault(self.facts.now, fault));
                    }
                },
                Action::Redraw => effects.push(Effect::Redraw),
                Action::Stop => effects.push(Effect::Stop),
                Action::Quit => self.quit(effects),
            }
        }
    }

    fn task(&mut self, ticket: Ticket, task: Task, effects: &mut Vec<Effect>) {
        if self.layers.iter().any(|layer| layer.ticket == ticket) {
            effects.push(Effect::Task(ticket, task));
        }
    }

    /// Opens a view, as a command would.
    #[cfg(test)]
    pub fn open(&mut self, view: Box<dyn View>, effects: &mut Vec<Effect>) {
        self.push(view, effects);
    }

    fn push(&mut self, view: Box<dyn View>, effects: &mut Vec<Effect>) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.filtering = None;
        if let Some(below) = self.layers.last_mut().filter(|_| !view.overlay()) {
            below.view.covered();
            if below.view.secret() {
                effects.push(Effect::Forget);
            }
        }
        self.layers.push(Layer { ticket, view });
        let top = self.layers.len() - 1;
        let actions = self.with_view(top, |view, scene| view.opened(scene));
        self.apply(ticket, actions, effects);
    }

    /// Closes the view on top, unless it asks something first.
    fn pop(&mut self, effects: &mut Vec<Effect>) {
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

    fn close_top(&mut self, effects: &mut Vec<Effect>) {
        if self.layers.len() < 2 {
            return;
        }
        if let Some(layer) = self.layers.pop() {
            effects.push(Effect::Drop(layer.ticket));
            if layer.view.secret() {
                effects.push(Effect::Forget);
            }
        }
    }

    /// Ends the program, unless a view holds something that would be lost.
    fn quit(&mut self, effects: &mut Vec<Effect>) {
        let top = self.layers.len().saturating_sub(1);
        for index in (0..self.layers.len()).rev() {
            let questions = self.with_view(index, |view, scene| view.closing(scene));
            if questions.is_empty() {
                continue;
            }
            if index == top {
                self.apply(self.top_ticket(), questions, effects);
            } else {
                let title = self.layers.get(index).map(|layer| layer.view.title(&self.scene(false)));
                let what = title.unwrap_or_default();
                self.tell(Notice::fault(
                    self.facts.now,
                    Fault::failed("not left", format!("{what} has changes that are not saved"), "esc goes back to it"),
                ));
            }
            return;
        }
        effects.push(Effect::Quit);
    }

    fn top_ticket(&self) -> Ticket {
        self.layers.last().map_or(Ticket(0), |layer| layer.ticket)
    }

    /// Lends a view the scene: the view is taken off the stack for that moment, so that both can be borrowed.
    fn with_view(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut dyn View, &super::Scene<'_>) -> Vec<Action>,
    ) -> Vec<Action> {
        self.with_view_option(index, |view, scene| Some(act(view, scene))).unwrap_or_default()
    }

    fn with_view_option<T>(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut dyn View, &super::Scene<'_>) -> Option<T>,
    ) -> Option<T> {
        let mut layers = std::mem::take(&mut self.layers);
        let result = layers.get_mut(index).and_then(|layer| act(layer.view.as_mut(), &self.scene(true)));
        self.layers = layers;
        result
    }

    fn tell(&mut self, notice: Notice) {
        self.facts.notices.push(notice);
        self.notice_shown = true;
    }

    fn ended(&mut self, id: OpId, outcome: Outcome) {
        let now = self.facts.now;
        let Some(operation) = self.facts.operations.iter_mut().find(|operation| operation.id == id) else { return };
        if operation.ended.is_some() {
            return;
        }
        let place = operation.env.and_then(|env| self.facts.environments.get(env)).map(|known| known.name.clone());
        let title = place.map_or_else(|| operation.title.clone(), |name| format!("{} in {name}", operation.title));
        let notice = match &outcome {
            Outcome::Failed(fault) => Notice::fault(now, fault.clone()),
            Outcome::WillRetry { message, .. } => Notice::fault(
                now,
                Fault::failed(
                    format!("{title} failed, will retry"),
                    message.clone(),
                    "enter on the object shows its conditions and events",
                ),
            ),
            other => Notice::info(now, format!("{title}: {}", outcome_line(other))),
        };
        operation.ended = Some((now, outcome));
        self.tell(notice);
    }

    fn watched(&mut self, env: Env, kind: &'static Kind, generation: u64, change: Change) {
        let Some(table) = self.facts.tables.get_mut(env).and_then(|tables| tables.get_mut(kind.kind)) else { return };
        if table.generation != generation {
            return;
        }
        match change {
            Change::Link(link) => table.link = link,
            Change::Rows(rows) => table.rows.extend(rows.into_iter().map(|row| (row.key.clone(), row))),
            Change::Gone(keys) => {
                for key in keys {
                    table.rows.remove(&key);
                }
            }
        }
    }

    /// Begins to watch what views look at and is not watched yet. Flux kinds are watched always.
    fn watch_wanted(&mut self, effects: &mut Vec<Effect>) {
        let scene = self.scene(true);
        let mut wanted: Vec<(Env, &'static Kind)> =
            self.layers.iter().flat_map(|layer| layer.view.watches(&scene)).collect();
        for (env, _) in self.facts.environments.iter() {
            wanted.extend(kinds::flux().map(|kind| (env, kind)));
        }
        for watched in self.watched.values_mut() {
            watched.wanted = false;
        }
        for (env, kind) in wanted {
            if self.facts.unconnected.get(env).is_none_or(Option::is_some) {
                continue;
            }
            if let Some(watched) = self.watched.get_mut(&(env, kind.kind)) {
                watched.wanted = true;
                continue;
            }
            let generation = self.next_generation;
            self.next_generation += 1;
            self.watched.insert((env, kind.kind), Watched { kind, wanted: true });
            if let Some(tables) = self.facts.tables.get_mut(env) {
                tables.insert(kind.kind, super::Table { generation, ..super::Table::default() });
            }
            effects.push(Effect::Watch { env, kind, generation });
        }
    }

    /// Ends watches that nobody has looked at since the last minute.
    fn unwatch_unwanted(&mut self, effects: &mut Vec<Effect>) {
        let stale: Vec<(Env, &'static str)> =
            self.watched.iter().filter(|(_, watched)| !watched.wanted).map(|(key, _)| *key).collect();
        for key in stale {
            if let Some(watched) = self.watched.remove(&key) {
                if let Some(tables) = self.facts.tables.get_mut(key.0) {
                    tables.remove(key.1);
                }
                effects.push(Effect::Unwatch { env: key.0, kind: watched.kind });
            }
        }
    }

    /// Lets every view catch up with the facts: one that is covered shall be current when it is seen again.
    fn facts_changed(&mut self, effects: &mut Vec<Effect>) {
        for index in 0..self.layers.len() {
            let Some(ticket) = self.layers.get(index).map(|layer| layer.ticket) else { continue };
            let actions = self.with_view(index, |view, scene| view.changed(scene));
            self.apply(ticket, actions, effects);
        }
    }

    fn show_next(&mut self, by: i16) {
        let count = i16::try_from(self.facts.environments.len()).unwrap_or(i16::MAX).max(1);
        let next = (i16::from(self.facts.shown.0) + by).rem_euclid(count);
        self.facts.shown = Env(u8::try_from(next).unwrap_or(0));
    }

    /// Lets the panels that follow the selection catch up.
    fn rest(&mut self, effects: &mut Vec<Effect>) {
        self.resting = true;
        if let Some(top) = self.layers.len().checked_sub(1) {
            let ticket = self.top_ticket();
            let actions = self.with_view(top, |view, scene| view.rested(scene));
            self.apply(ticket, actions, effects);
        }
        if let Some(lesson) = self.lesson_of_selection() {
            self.lesson = Some(lesson);
        }
    }

    /// Teaches how to look at what is selected; nothing new while the lesson of a command on it is shown.
    fn lesson_of_selection(&mut self) -> Option<(String, Lesson)> {
        let targets = self.targets();
        if targets == self.lesson_of {
            return None;
        }
        self.lesson_of.clone_from(&targets);
        let (env, object) = match targets.first()? {
            Target::Object(env, object) => (env, object),
            Target::File(_, path) => return Some((format!("Look at {path}"), lesson_of_file(path))),
            Target::Environment(_) | Target::Worktree(_) => return None,
        };
        let kind = kinds::find(&object.kind)?;
        let environment = self.facts.environment(*env)?;
        let context = environment.context.as_deref().unwrap_or(&environment.name);
        Some((format!("Look at {} in {}", object.short(), environment.name), (kind.lesson)(context, Some(object))))
    }
}

/// Teaches how to find out what a file has been through.
fn lesson_of_file(path: &str) -> Lesson {
    Lesson {
        shell: format!("git log --oneline --follow -- {path}"),
        why: "Flux applies what is pushed: the log tells who changed the file, when and why; what it feeds is marked * beside."
            .to_owned(),
        look_for: "the last commit before it began; `git show COMMIT` has the change.".to_owned(),
        docs: "https://git-scm.com/docs/git-log",
    }
}
