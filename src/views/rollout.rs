//! What is left to do until a changed file has reached the clusters: commit, push, reconcile, see that the live Secret has the new values,
//! and restart what reads them only when it starts.
//!
//! ```text
//! +> apps/staging/linkding/secret.yaml on its way ---------------------------------+
//! |   = saved                                                                        |
//! |>  ~ committed    not yet: enter opens the git screen, where c commits it         |
//! |   . staging                                                                      |
//! |   . applied      waits for the push                                              |
//! +----------------------------------------------------------------------------------+
//! ```

use std::any::Any;
use std::collections::HashMap;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::health::state_scope;
use crate::app::{Action, CommandTarget, Motion, Scene, Task, View};
use crate::model::{Env, Fault, ObjectRef, State};
use crate::repo::secrets::{SecretEntry, secrets};
use crate::repo::users::Use;
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey};
use crate::widgets::{pad, panel};
use crate::workflows::journey::{CommitQuestion, ReadingKustomization, SecretProgress};
use crate::workflows::live_secret::{SyncState, compare, users};

/// Follows one file.
#[derive(Debug)]
pub struct Rollout {
    file: String,
    page: Page,
    known: Option<Result<Known, Fault>>,
    standing: HashMap<(Env, usize), SyncState>,
    users: HashMap<(Env, usize), Vec<Use>>,
    /// What was asked last, so that it is asked anew only once that changed.
    asked: Option<CommitQuestion>,
}

/// What git and the repository tell of the file.
#[derive(Debug, Clone)]
struct Known {
    journey: SecretProgress,
    entries: Vec<(Env, SecretEntry)>,
}

/// Answers of the tasks.
enum Answer {
    Known(Result<Known, Fault>),
    Stands(Env, usize, SyncState),
    Used(Env, usize, Vec<Use>),
}

/// What enter does on a line.
#[derive(Debug, Clone)]
enum Next {
    Git,
    Reconcile(Env, ObjectRef),
    Compare,
    Restart(Env, ObjectRef),
}

impl Rollout {
    /// Follows a file, below the repository's root.
    pub fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            page: Page::new(SearchKey::Searches).at(1),
            known: None,
            standing: HashMap::new(),
            users: HashMap::new(),
            asked: None,
        }
    }

    fn look(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let (Some(snapshot), Some(question)) =
            (scene.facts.repository.clone(), CommitQuestion::new(scene.facts, &self.file))
        else {
            return Vec::new();
        };
        self.asked = Some(question.clone());
        let file = self.file.clone();
        let environments: Vec<(Env, String)> =
            scene.facts.environments.iter().map(|(env, known)| (env, known.name.clone())).collect();
        vec![Action::Task(Task::blocking(format!("follow {file}"), move |_| {
            let known = || -> Result<Known, Fault> {
                let journey = question.answer()?;
                let entries = secrets(&snapshot)?.into_iter().filter(|entry| entry.file == file);
                let env = |name: &str| environments.iter().find(|(_, known)| known == name).map(|(env, _)| *env);
                let entries = entries.filter_map(|entry| Some((env(&entry.env)?, entry))).collect();
                Ok(Known { journey, entries })
            };
            Answer::Known(known())
        }))]
    }

    /// Compares the live Secrets, and asks who uses them.
    fn compare(&self) -> Vec<Action> {
        let Some(Ok(known)) = &self.known else { return Vec::new() };
        let mut actions = Vec::new();
        for (env, entry) in known.entries.iter().filter(|(_, entry)| entry.is_object()) {
            let (env, entry) = (*env, entry.clone());
            let (document, namespace, name) = (entry.document, entry.namespace.clone(), entry.name.clone());
            actions.push(Action::Task(Task::once("compare with the cluster", move |reach| async move {
                Answer::Stands(env, entry.document, compare(&reach, env, &entry).await)
            })));
            actions.push(Action::Task(Task::once(format!("who uses {name}"), move |reach| async move {
                let found = match reach.cluster(env) {
                    Ok(cluster) => users(&cluster, &namespace, &name).await.unwrap_or_default(),
                    Err(_) => Vec::new(),
                };
                Answer::Used(env, document, found)
            })));
        }
        actions
    }

    fn lines(&self, scene: &Scene<'_>) -> Vec<(PageLine, Option<Next>)> {
        let facts = scene.facts;
        let mut lines: Vec<(PageLine, Option<Next>)> = Vec::new();
        let mut put = |state: State, label: &str, words: String, next: Option<Next>| {
            let line = PageLine::wrapped(words, if state == State::Waiting { Scope::Dim } else { Scope::Text })
                .after(format!("{} ", pad(label, 14)), Scope::Title)
                .after(format!(" {} ", state.sign()), state_scope(state));
            lines.push((line, next));
        };
        put(State::Ready, "saved", self.file.clone(), None);
        let known = match &self.known {
            Some(Ok(known)) => known,
            Some(Err(fault)) => {
                put(State::Failed, "git", format!("{}: {}", fault.what, fault.why), None);
                return lines;
            }
            None => {
                put(State::Progressing, "git", "looking...".to_owned(), None);
                return lines;
            }
        };
        let SecretProgress { commit, is_committed: committed, is_pushed: pushed, readers } = &known.journey;
        let (committed, pushed) = (*committed, *pushed);
        match (commit, committed) {
            (Some(commit), true) => {
                put(State::Ready, "committed", format!("{} {}", commit.short(), commit.subject), None);
            }
            _ => put(
                State::Progressing,
                "committed",
                "not yet: enter opens the git screen; space stages the file, c commits it".to_owned(),
                Some(Next::Git),
            ),
        }
        match (committed, pushed) {
            (false, _) => put(State::Waiting, "pushed", "waits for the commit".to_owned(), None),
            (true, true) => put(State::Ready, "pushed", "the followed branch has it".to_owned(), None),
            (true, false) => put(
                State::Progressing,
                "pushed",
                "not yet: enter opens the git screen; P pushes, and reconciles what follows the branch".to_owned(),
                Some(Next::Git),
            ),
        }
        if readers.is_empty() {
            put(State::Unknown, "applied", "no Kustomization reads it".to_owned(), None);
        }
        for (ReadingKustomization { env, object, .. }, has) in readers {
            let label = format!("in {}", facts.name(*env));
            match (pushed, has) {
                (true, true) => put(State::Ready, &label, format!("{object} has applied it"), None),
                (true, false) => put(
                    State::Progressing,
                    &label,
                    format!("{object} has not applied it yet: enter reconciles it with its source"),
                    Some(Next::Reconcile(*env, object.clone())),
                ),
                (false, _) => put(State::Waiting, &label, format!("{object} waits for the push"), None),
            }
            if !has || !pushed {
                continue;
            }
            for (_, entry) in known.entries.iter().filter(|(known, entry)| known == env && entry.is_object()) {
                let standing = self.standing.get(&(*env, entry.document));
                let title = entry.title();
                match standing.map(SyncState::agrees) {
                    None => put(State::Progressing, "live values", format!("Secret {title}: comparing..."), None),
                    Some(Some(true)) => {
                        put(State::Ready, "live values", format!("Secret {title} has the new values"), None);
                    }
                    Some(_) => put(
                        State::Failed,
                        "live values",
                        format!(
                            "Secret {title}: {}; enter compares again",
                            standing.map(SyncState::words).unwrap_or_default()
                        ),
                        Some(Next::Compare),
                    ),
                }
                if standing.and_then(SyncState::agrees) != Some(true) {
                    continue;
                }
                for one in self.users.get(&(*env, entry.document)).into_iter().flatten() {
                    let object = format!("{}/{}", one.object.kind, one.object.name);
                    if one.restart {
                        let words = format!(
                            "{object} reads it when it starts ({}): enter restarts it, unless it was since",
                            one.how
                        );
                        put(State::Progressing, "restart", words, Some(Next::Restart(*env, one.object.clone())));
                    } else {
                        put(State::Ready, "used by", format!("{object} ({}) follows by itself", one.how), None);
                    }
                }
            }
        }
        lines
    }

    fn next(&self, scene: &Scene<'_>) -> Option<Next> {
        let lines = self.lines(scene);
        let page: Vec<PageLine> = lines.iter().map(|(line, _)| line.clone()).collect();
        lines.get(self.page.index(&page)?)?.1.clone()
    }
}

impl View for Rollout {
    fn id(&self) -> &'static str {
        "rollout"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("{} on its way", self.file)
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let mut actions = self.look(scene);
        actions.push(Action::Rescan);
        actions
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if CommitQuestion::new(scene.facts, &self.file) == self.asked { Vec::new() } else { self.look(scene) }
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        let Ok(answer) = payload.downcast::<Answer>() else { return Vec::new() };
        match *answer {
            Answer::Known(known) => {
                self.known = Some(known);
                return self.compare();
            }
            Answer::Stands(env, document, standing) => {
                self.standing.insert((env, document), standing);
            }
            Answer::Used(env, document, found) => {
                self.users.insert((env, document), found);
            }
        }
        Vec::new()
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        if motion == Motion::Redraw {
            let mut actions = self.look(scene);
            actions.extend([Action::Rescan, Action::Redraw]);
            return Some(actions);
        }
        if motion == Motion::Open {
            let ask = |id: &str, targets: Vec<CommandTarget>| {
                scene.command(id).map(|command| Action::Dispatch(command, targets, Vec::new())).into_iter().collect()
            };
            return Some(match self.next(scene) {
                Some(Next::Git) => ask("git", Vec::new()),
                Some(Next::Reconcile(env, object)) => {
                    ask("reconcile-with-source", vec![CommandTarget::Object(env, object)])
                }
                Some(Next::Restart(env, object)) => ask("restart", vec![CommandTarget::Object(env, object)]),
                Some(Next::Compare) => self.compare(),
                None => Vec::new(),
            });
        }
        let lines: Vec<PageLine> = self.lines(scene).into_iter().map(|(line, _)| line).collect();
        self.page.motion(motion, &lines).then(Vec::new)
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        match self.next(scene) {
            Some(Next::Reconcile(env, object) | Next::Restart(env, object)) => vec![CommandTarget::Object(env, object)],
            _ => vec![CommandTarget::File(scene.facts.environment_of(&self.file), self.file.clone())],
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let lines: Vec<PageLine> = self.lines(scene).into_iter().map(|(line, _)| line).collect();
        let inside = panel(frame, area, &self.title(scene), scene.focus, scene.theme);
        self.page.render(frame, inside, &lines, scene.theme);
    }
}
