//! The updates after a while without a key: the panels and the lesson that follow the selection.

use crate::app::lesson::{LOOK, lesson_of_commit};
use crate::app::{App, CommandTarget, Effect};
use crate::kinds;
use crate::model::{Lesson, ShellLine, revision};

impl App {
    /// Lets the panels that follow the selection catch up.
    pub(super) fn rest(&mut self, effects: &mut Vec<Effect>) {
        self.resting = true;
        if let Some(top) = self.layers.len().checked_sub(1) {
            let ticket = self.top_ticket();
            let actions = self.with_view(top, |view, scene| view.rested(scene));
            self.apply(ticket, actions, effects);
        }
        if let Some((title, lesson)) = self.lesson_of_selection() {
            self.meet_selection(&title, &lesson, effects);
            self.lesson = Some((title, self.with_lesson_keys(lesson)));
            self.lesson_whole = false;
        }
    }

    /// Lets every view catch up with the repository: the panels of the selection depend on it, too, and without a key
    /// nothing else would request them again.
    pub(super) fn repository_changed(&mut self, effects: &mut Vec<Effect>) {
        self.facts_changed(effects);
        if self.resting {
            self.rest(effects);
        }
    }

    /// Records the selection before it moves: from then on the lesson follows it.
    pub(super) fn lesson_follows(&mut self) {
        if self.lesson_of.is_none() {
            self.lesson_of = Some(self.selected());
        }
    }

    /// Returns the lesson of the selection; `None` while it stays, or while it has not moved since the last command.
    fn lesson_of_selection(&mut self) -> Option<(String, Lesson)> {
        let targets = self.selected();
        let known = self.lesson_of.as_mut()?;
        if targets == *known {
            return None;
        }
        known.clone_from(&targets);
        let Some(first) = targets.first() else {
            return Some((format!("{LOOK}the repository"), lesson_of_repository()));
        };
        let (env, object) = match first {
            CommandTarget::Object(env, object) => (env, object),
            CommandTarget::File(_, path) => return Some((format!("{LOOK}{path}"), lesson_of_file(path))),
            CommandTarget::Commit(_, hash) => {
                return Some((format!("{LOOK}commit {}", revision::short(hash)), lesson_of_commit(hash)));
            }
            CommandTarget::Environment(_) | CommandTarget::Worktree(_) => return None,
        };
        let kind = kinds::kind_of(object)?;
        let environment = self.facts.environment(*env)?;
        let context = self.facts.context(*env);
        Some((format!("{LOOK}{} in {}", object.short(), environment.name), (kind.lesson)(context, Some(object))))
    }
}

/// Returns the lesson for an empty selection: where to begin.
fn lesson_of_repository() -> Lesson {
    Lesson {
        shell: "git status --short --branch\ngit log --oneline -5".into(),
        place: String::new(),
        why: "Flux applies what is pushed to its branch, and nothing else: what is changed here or not yet pushed runs nowhere.".to_owned(),
        look_for: "`ahead` counts commits that are not pushed; the revision of an environment is the commit that it applied.".to_owned(),
        docs: "https://git-scm.com/docs/git-status".into(),
    }
}

/// Returns the lesson about the history of a file.
fn lesson_of_file(path: &str) -> Lesson {
    Lesson {
        shell: ShellLine::new("git log --oneline --follow -- {}", &[path]),
        place: String::new(),
        why: "Flux applies what is pushed: the log tells who changed the file, when and why; what it feeds is marked * beside."
            .to_owned(),
        look_for: "the last commit before it began; `git show COMMIT` has the change.".to_owned(),
        docs: "https://git-scm.com/docs/git-log".into(),
    }
}
