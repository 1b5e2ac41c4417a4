//! The judging and running of commands, and the handling of their actions.

use crate::app::dialog::{AskPlugin, Confirm, Prompt};
use crate::app::guard::judge;
use crate::app::{
    Action, App, Ask, Command, CommandTarget, Consent, Effect, Marks, Notice, OnScreen, Op, OpId, Task, Ticket, Verdict,
};
use crate::model::{Env, Fault, Lesson, LessonMode, ObjectRef};

impl App {
    /// Judges and runs a command, after its questions.
    pub(in crate::app) fn dispatch(
        &mut self,
        command: &'static Command,
        targets: Vec<CommandTarget>,
        answers: Vec<(String, String)>,
        consent: Consent<'_>,
        effects: &mut Vec<Effect>,
    ) {
        if command.id != "open"
            && let Some(why) = self.refusal(command)
        {
            self.tell(Notice::info(self.facts.now, why));
            return;
        }
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
        // The question comes before the first start, not after a refusal; a confirmation counts only for its own
        // command.
        if consent == Consent::None
            && let Some(question) = AskPlugin::before(command, &targets, &answers, &self.facts, &self.asked_plugins)
        {
            self.asked_plugins.insert(question.plugin().to_owned());
            self.push(Box::new(question), effects);
            return;
        }
        let permit = match verdict {
            Verdict::Go(permit) => permit,
            Verdict::Confirm => {
                let dialog = Confirm::key(command, targets, answers, &self.scene(self.top_ticket(), true));
                self.push(Box::new(dialog), effects);
                return;
            }
            Verdict::Type(wanted) => {
                let dialog = Confirm::typed(command, targets, answers, wanted, &self.scene(self.top_ticket(), true));
                self.push(Box::new(dialog), effects);
                return;
            }
            Verdict::Refuse(_) => return,
        };
        // News that no key asked for stays until a command runs: it may name the command that comes next.
        if self.facts.notices.last().is_some_and(|notice| notice.fault.is_none()) {
            self.notice_of = None;
        }
        let here = self.here();
        self.facts.note_here(here);
        if matches!(command.id, "help" | "palette") {
            let refused = self.refusals();
            self.facts.note_refused(refused);
            let topics = self.topics();
            self.facts.note_topics(topics);
        }
        let ask = Ask { facts: &self.facts, targets: &targets, answers: &answers, now: self.facts.now, permit };
        let lesson = (command.title.to_owned(), (command.lesson)(&ask));
        let actions = (command.run)(&ask);
        let (before, screens) = (self.lesson_shown(), self.layers.len());
        self.meet_lesson(&lesson.0, &lesson.1, effects);
        self.teach(lesson.0.clone(), lesson.1.clone());
        // A write removes the marks of its targets: the next write is another one.
        if actions.iter().any(|action| matches!(action, Action::Operate(_))) {
            let acted = |marks: &Marks| {
                targets
                    .iter()
                    .any(|one| matches!(one, CommandTarget::Object(env, object) if marks.contains(*env, object)))
            };
            drop(self.marks.take_if(|marks| acted(marks)));
        }
        let ticket = self.top_ticket();
        self.apply(ticket, actions, effects);
        // The screen that the command opened has its lesson; the one below keeps its own.
        if let Some(opened) = self.layers.get_mut(screens) {
            opened.below = Some(before);
            if self.lesson.is_none() {
                self.teach(lesson.0, lesson.1);
            }
        }
    }

    /// Shows a lesson until the selection moves; a lesson without a line to type is not shown.
    fn teach(&mut self, title: String, lesson: Lesson) {
        if !lesson.shell.is_empty() {
            self.lesson = Some((title, self.with_lesson_keys(lesson)));
            self.lesson_of = None;
        }
    }

    /// Returns the environment of the topmost screen that has one, else the focused one.
    fn here(&self) -> Env {
        let shown = self.layers.iter().rev().find_map(|layer| layer.view.env(&self.scene(layer.ticket, true)));
        shown.unwrap_or(self.facts.focused)
    }

    /// Marks an object or removes its mark; marks of another screen or environment go first, with a notice.
    fn mark(&mut self, screen: Ticket, env: Env, object: ObjectRef) {
        match &mut self.marks {
            Some(marks) if marks.are_of(screen) && marks.env() == env => {
                marks.toggle(object);
                self.marks.take_if(|marks| marks.is_empty());
            }
            other => {
                if let Some(old) = other.replace(Marks::starting_with(screen, env, object)) {
                    let (count, place) = (old.len(), self.facts.name(old.env()).to_owned());
                    let what = format!(
                        "{count} marked in {place} no longer: marks belong to one screen and one environment, and begin anew here"
                    );
                    self.tell(Notice::info(self.facts.now, what));
                }
            }
        }
    }

    pub(super) fn apply(&mut self, ticket: Ticket, actions: Vec<Action>, effects: &mut Vec<Effect>) {
        for action in actions {
            match action {
                Action::Push(view) => self.push(view, effects),
                Action::Pop => {
                    // A screen that closes itself has done what it was opened for: the word about it stays.
                    let has_told = self.notice_of == Some(self.top_ticket());
                    self.close_top(effects);
                    if has_told {
                        self.notice_of = Some(self.top_ticket());
                    }
                }
                Action::Replace(view) => {
                    self.replace(view, effects);
                }
                Action::Teach(title, lesson) => self.teach(title, lesson),
                Action::KeepMessage(message) => self.facts.message = message,
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
                    let started = self.facts.now;
                    self.facts.operations.push(Op {
                        id,
                        env: operation.env,
                        title: operation.title.clone(),
                        object: operation.object.clone(),
                        shell: operation.shell.clone(),
                        noted: false,
                        steps: Vec::new(),
                        started,
                        ended: None,
                    });
                    effects.push(Effect::Operate(id, operation));
                }
                // The operation itself reports that it has stopped, and how: an earlier message might not be true.
                Action::Cancel(id) => effects.push(Effect::Cancel(id)),
                Action::Task(task) => self.task(ticket, task, effects),
                Action::NextHint => self.next_hint(),
                Action::Hand(payload) => {
                    if let Some(top) = self.layers.len().checked_sub(1) {
                        let (ticket, actions) =
                            (self.top_ticket(), self.with_view(top, |view, scene| view.reply(payload, scene)));
                        self.apply(ticket, actions, effects);
                    }
                }
                Action::Move(motion) => self.moves(motion, effects),
                Action::BackOr(at_root) => {
                    if self.layers.len() > 1 {
                        self.pop(effects);
                    } else {
                        self.apply(ticket, at_root, effects);
                    }
                }
                Action::Filter(text) => self.filter_top(&text),
                Action::Agreed(env, context) => self.facts.agree(env, &context),
                Action::Mark(env, object) => self.mark(ticket, env, object),
                Action::Unmark => drop(self.marks.take_if(|marks| marks.are_of(ticket))),
                Action::Focus(env) => self.facts.focused = env,
                Action::Rescan => effects.push(Effect::Rescan),
                Action::Copy(text) => effects.push(Effect::OnScreen(OnScreen::Copy(text))),
                Action::CopySecret(text) => effects.push(Effect::OnScreen(OnScreen::CopySecret(text))),
                Action::CopyLesson => {
                    let actions = self.copy_lesson();
                    self.apply(ticket, actions, effects);
                }
                Action::OpenLesson => {
                    let actions = self.open_lesson();
                    self.apply(ticket, actions, effects);
                }
                Action::ToggleLesson => self.toggle_lesson(),
                Action::NextLessonMode => {
                    let mode = self.next_lesson_mode();
                    effects.push(Effect::KeepLessons(self.habits.clone()));
                    self.tell(Notice::info(self.facts.now, said(mode)));
                }
                Action::Theme(name) => match self.theme.another(&name) {
                    Ok(theme) => self.theme = theme,
                    Err(error) => {
                        let why = error.to_string();
                        let fault = Fault::failed("the theme stays as it is", why, "`fluxdeck themes` lists them");
                        self.tell(Notice::fault(self.facts.now, fault));
                    }
                },
                Action::Redraw => effects.push(Effect::OnScreen(OnScreen::Redraw)),
                Action::Stop => effects.push(Effect::OnScreen(OnScreen::Stop)),
                Action::Quit => self.quit(effects),
            }
        }
    }

    fn task(&mut self, ticket: Ticket, task: Task, effects: &mut Vec<Effect>) {
        if self.layers.iter().any(|layer| layer.ticket == ticket) {
            effects.push(Effect::Task(ticket, task));
        }
    }
}

/// Says what a mode of lessons means.
fn said(mode: LessonMode) -> &'static str {
    match mode {
        LessonMode::Always => "lessons are shown, until they were met often",
        LessonMode::First => "lessons are shown in whole the first time, then their command alone",
        LessonMode::Never => "lessons are shown on request alone",
    }
}
