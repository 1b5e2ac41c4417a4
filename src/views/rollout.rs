//! The remaining steps until a changed file has reached the clusters: commit, push, reconcile, check that the live
//! Secret has the new values, and restart the pods that read them only at their start.
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

use crate::app::health::state_scope;
use crate::app::{Action, CommandTarget, Scene, Task};
use crate::model::{Env, Fault, State};
use crate::repo::secrets::{SecretEntry, secrets};
use crate::repo::users::Use;
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::{Paged, follow};
use crate::widgets::pad;
use crate::workflows::live_secret::{SyncState, compare, users};
use crate::workflows::secret_progress::{CommitQuestion, ReadingKustomization, SecretProgress};

/// Follows one file.
#[derive(Debug)]
pub struct Rollout {
    file: String,
    page: Page,
    known: Option<Result<Known, Fault>>,
    sync: HashMap<(Env, usize), SyncState>,
    users: HashMap<(Env, usize), Vec<Use>>,
    /// The last question; a new one is asked only if it differs.
    asked: Option<CommitQuestion>,
}

/// The state of the file in git and the repository.
#[derive(Debug, Clone)]
struct Known {
    progress: SecretProgress,
    entries: Vec<(Env, SecretEntry)>,
}

/// Answers of the tasks.
enum Answer {
    Known(Result<Known, Fault>),
    Stands(Env, usize, SyncState),
    Used(Env, usize, Vec<Use>),
}

/// The id of a new comparison, which enter starts on a line without the new values; it is no command.
const COMPARE: &str = "compare again";

/// The next step of a file that is not committed.
const NOT_COMMITTED: &str =
    "not yet: ‹key:open› opens the git screen; ‹key:mark› stages the file, ‹key:git-message› commits it";

impl Rollout {
    /// Follows a file, below the repository's root.
    pub fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            page: Page::new(SearchKey::Searches).at(1),
            known: None,
            sync: HashMap::new(),
            users: HashMap::new(),
            asked: None,
        }
    }

    fn read_progress(&mut self, scene: &Scene<'_>) -> Vec<Action> {
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
                let progress = question.answer()?;
                let entries = secrets(&snapshot)?.into_iter().filter(|entry| entry.file == file);
                let env = |name: &str| environments.iter().find(|(_, known)| known == name).map(|(env, _)| *env);
                let entries = entries.filter_map(|entry| Some((env(&entry.env)?, entry))).collect();
                Ok(Known { progress, entries })
            };
            Answer::Known(known())
        }))]
    }

    /// Compares the live Secrets, and requests their users.
    fn compare(&self) -> Vec<Action> {
        let Some(Ok(known)) = &self.known else { return Vec::new() };
        let mut actions = Vec::new();
        for (env, entry) in known.entries.iter().filter(|(_, entry)| entry.is_object()) {
            let (env, entry) = (*env, entry.clone());
            let (document, namespace, name) = (entry.document, entry.namespace.clone(), entry.name.clone());
            actions.push(Action::Task(Task::once("compare with the cluster", move |task_context| async move {
                Answer::Stands(env, entry.document, compare(&task_context, env, &entry).await)
            })));
            actions.push(Action::Task(Task::once(format!("who uses {name}"), move |task_context| async move {
                let found = match task_context.cluster(env) {
                    Ok(cluster) => users(&cluster, &namespace, &name).await.unwrap_or_default(),
                    Err(_) => Vec::new(),
                };
                Answer::Used(env, document, found)
            })));
        }
        actions
    }

    fn written(&self, scene: &Scene<'_>) -> Vec<PageLine> {
        let facts = scene.facts;
        let mut lines: Vec<PageLine> = Vec::new();
        let mut put =
            |state: State, label: &str, words: String, command: Option<(&'static str, Vec<CommandTarget>)>| {
                let line = PageLine::wrapped(words, if state == State::Waiting { Scope::Dim } else { Scope::Text })
                    .after(format!("{} ", pad(label, 14)), Scope::Title)
                    .after(format!(" {} ", state.sign()), state_scope(state));
                lines.push(match command {
                    Some((id, targets)) => line.runs(id, targets),
                    None => line,
                });
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
        let SecretProgress { commit, is_committed: committed, is_pushed: pushed, readers } = &known.progress;
        let (committed, pushed) = (*committed, *pushed);
        match (commit, committed) {
            (Some(commit), true) => {
                put(State::Ready, "committed", format!("{} {}", commit.short(), commit.subject), None);
            }
            _ => put(State::Progressing, "committed", NOT_COMMITTED.to_owned(), Some(("git", Vec::new()))),
        }
        match (committed, pushed) {
            (false, _) => put(State::Waiting, "pushed", "waits for the commit".to_owned(), None),
            (true, true) => put(State::Ready, "pushed", "the followed branch has it".to_owned(), None),
            (true, false) => put(
                State::Progressing,
                "pushed",
                "not yet: ‹key:open› opens the git screen; ‹key:git-push› pushes, and reconciles what follows the branch".to_owned(),
                Some(("git", Vec::new())),
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
                    format!("{object} has not applied it yet: ‹key:open› reconciles it with its source"),
                    Some(("reconcile-with-source", vec![CommandTarget::Object(*env, object.clone())])),
                ),
                (false, _) => put(State::Waiting, &label, format!("{object} waits for the push"), None),
            }
            if !has || !pushed {
                continue;
            }
            for (_, entry) in known.entries.iter().filter(|(known, entry)| known == env && entry.is_object()) {
                let sync = self.sync.get(&(*env, entry.document));
                let title = entry.title();
                let difference = sync.map(SyncState::description).unwrap_or_default();
                match sync.map(SyncState::agrees) {
                    None => put(State::Progressing, "live values", format!("Secret {title}: comparing..."), None),
                    Some(Some(true)) => {
                        put(State::Ready, "live values", format!("Secret {title} has the new values"), None);
                    }
                    Some(_) => put(
                        State::Failed,
                        "live values",
                        format!("Secret {title}: {difference}; ‹key:open› compares again"),
                        Some((COMPARE, Vec::new())),
                    ),
                }
                if sync.and_then(SyncState::agrees) != Some(true) {
                    continue;
                }
                for one in self.users.get(&(*env, entry.document)).into_iter().flatten() {
                    let object = format!("{}/{}", one.object.kind, one.object.name);
                    if one.restart {
                        let words = format!(
                            "{object} reads it when it starts ({}): ‹key:open› restarts it, unless it was since",
                            one.how
                        );
                        let target = CommandTarget::Object(*env, one.object.clone());
                        put(State::Progressing, "restart", words, Some(("restart", vec![target])));
                    } else {
                        put(State::Ready, "used by", format!("{object} ({}) follows by itself", one.how), None);
                    }
                }
            }
        }
        lines
    }
}

impl Paged for Rollout {
    fn id(&self) -> &'static str {
        "rollout"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("{} on its way", self.file)
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        self.written(scene).into()
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let mut actions = self.read_progress(scene);
        actions.push(Action::Rescan);
        actions
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if CommitQuestion::new(scene.facts, &self.file) == self.asked { Vec::new() } else { self.read_progress(scene) }
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        let Ok(answer) = payload.downcast::<Answer>() else { return Vec::new() };
        match *answer {
            Answer::Known(known) => {
                self.known = Some(known);
                return self.compare();
            }
            Answer::Stands(env, document, sync) => {
                self.sync.insert((env, document), sync);
            }
            Answer::Used(env, document, found) => {
                self.users.insert((env, document), found);
            }
        }
        Vec::new()
    }

    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        if line.and_then(PageLine::command).is_some_and(|(id, _)| id == COMPARE) {
            return Some(self.compare());
        }
        Some(line.and_then(|line| follow(line, scene)).into_iter().collect())
    }

    fn targets(&self, line: Option<&PageLine>, scene: &Scene<'_>) -> Vec<CommandTarget> {
        match line.and_then(PageLine::command) {
            Some((_, targets)) if !targets.is_empty() => targets.to_vec(),
            _ => vec![CommandTarget::File(scene.facts.environment_of(&self.file), self.file.clone())],
        }
    }
}
