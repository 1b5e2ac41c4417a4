//! The working tree and its history: what changed, what the next commit has, and which environment applied which commit.
//!
//! ```text
//! +> git  main -> origin/main  1 ahead ------------+
//! |  staged (1)                                    |
//! |>  M apps/base/linkding/deployment.yaml         |
//! |  not known to git (1)                          |
//! |   ? notes.md                                   |
//! +------------------------------------------------+
//! + commits ---------------------------------------+
//! |   dc5f039 Describe the first page   staging all 6
//! +------------------------------------------------+
//! ```

pub mod act;
pub mod applied;
pub mod diff;
pub mod files;
pub mod message;
mod paint;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use self::act::{GitAction, GitAnswer, ToggleScope};
use self::files::{ChangedFile, Group, changed};
use crate::app::motion::step;
use crate::app::{Action, CommandTarget, Motion, Notice, Scene, Task, View};
use crate::check;
use crate::model::{Fault, FaultKind};
use crate::repo::Snapshot;
use crate::repo::git::{self, CommitEntry, Destination, GitChange, GitState, Head};
use crate::widgets::Scroll;
use crate::workflows::git::change;

/// How many commits are read.
const COMMITS: usize = 100;

/// Shows the working tree and its history.
#[derive(Debug, Default)]
pub struct Git {
    /// The selected file, kept over a reload by what it is.
    selected: Option<ChangedFile>,
    row: usize,
    commit: usize,
    history: bool,
    scroll: Scroll,
    history_scroll: Scroll,
    log: Option<Result<Vec<CommitEntry>, Fault>>,
    /// Files that hold what is refused, and whose names were typed.
    allowed: BTreeSet<String>,
    /// A message that was not committed.
    draft: String,
    seen: Weak<Snapshot>,
}

/// Returns git's state, or why there is none.
fn state<'a>(scene: &'a Scene<'_>) -> Option<&'a Result<GitState, Fault>> {
    scene.facts.repository.as_ref().map(|snapshot| &snapshot.git)
}

fn files_of(scene: &Scene<'_>) -> Vec<ChangedFile> {
    state(scene).and_then(|state| state.as_ref().ok()).map(changed).unwrap_or_default()
}

impl Git {
    /// Opens the screen.
    pub fn new() -> Self {
        Self::default()
    }

    fn index(&self, files: &[ChangedFile]) -> usize {
        let exact = self.selected.as_ref().and_then(|wanted| files.iter().position(|file| file == wanted));
        exact.unwrap_or(self.row.min(files.len().saturating_sub(1)))
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = &scene.facts.repository else { return Vec::new() };
        self.seen = Arc::downgrade(snapshot);
        let root = snapshot.root.clone();
        vec![Action::Task(Task::blocking("git log", move |_| GitAnswer::Log(git::log(&root, COMMITS))))]
    }

    /// Works out what a key on the selection means: files that are staged are taken out, all others are staged.
    fn toggle(&self, reach: ToggleScope, scene: &Scene<'_>) -> Vec<Action> {
        let files = files_of(scene);
        let Some(chosen) = files.get(self.index(&files)) else {
            return vec![tell(scene, "nothing is changed: there is nothing to stage")];
        };
        let folder = chosen.path.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder);
        let within = |file: &&ChangedFile| match reach {
            ToggleScope::File => *file == chosen,
            ToggleScope::Folder => folder.is_empty() || file.path.starts_with(&format!("{folder}/")),
            ToggleScope::All => true,
        };
        let taken: Vec<&ChangedFile> = files.iter().filter(within).collect();
        let stage = match reach {
            ToggleScope::File => chosen.group != Group::Staged,
            _ => taken.iter().any(|file| file.group != Group::Staged),
        };
        let wanted = taken.into_iter().filter(|file| (file.group == Group::Staged) != stage);
        let paths: Vec<String> = wanted.map(|file| file.path.clone()).collect();
        let id = if stage { "git-stage" } else { "git-unstage" };
        dispatch(scene, id, paths.into_iter().map(CommandTarget::Worktree).collect(), Vec::new())
    }

    /// Asks git where a push goes; it is judged by the answer.
    fn push(scene: &Scene<'_>) -> Vec<Action> {
        let Some(Ok(state)) = state(scene) else { return Vec::new() };
        let refuse = |why: &str, todo: &str| {
            vec![Action::Tell(Notice::fault(scene.facts.now, Fault::failed("nothing was pushed", why, todo)))]
        };
        match &state.head {
            Head::Branch(_) => {}
            Head::Unborn(_) => return refuse("there is no commit yet", "c makes the first"),
            Head::Detached => {
                return refuse(
                    "HEAD is detached: no branch would carry the commit",
                    "git switch main, or git switch -c NAME",
                );
            }
        }
        if let Some(operation) = state.operation {
            let why = format!("git is {}", operation.word());
            return refuse(&why, "finish it (git status says how), then push");
        }
        let Some(root) = scene.facts.repository.as_ref().map(|snapshot| snapshot.root.clone()) else {
            return Vec::new();
        };
        vec![Action::Task(Task::blocking("git remote", move |_| GitAnswer::Goes(git::destination(&root))))]
    }

    /// Asks for the push to be judged in each environment that it reaches, now that it is known where it goes.
    fn push_to(scene: &Scene<'_>, to: &Destination) -> Vec<Action> {
        let followers = applied::followers(scene.facts, to);
        let mut targets: Vec<CommandTarget> = followers.into_iter().map(CommandTarget::Environment).collect();
        if targets.is_empty() {
            targets.push(CommandTarget::Worktree(format!("{}, which no environment follows", to.branch())));
        }
        dispatch(scene, "git-push-reconcile", targets, act::answers(to))
    }

    fn act(&mut self, wanted: GitAction, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = scene.facts.repository.clone() else { return Vec::new() };
        let root = snapshot.root.clone();
        match wanted {
            GitAction::Toggle(reach) => self.toggle(reach, scene),
            GitAction::Move { stage, paths, permit: Some(permit) } => {
                let allowed = self.allowed.clone();
                vec![Action::Task(Task::blocking("git add", move |reach| {
                    if !stage {
                        return GitAnswer::Moved(git::unstage(&root, &paths, &permit));
                    }
                    match check::working_tree(&root, &paths)
                        .map(|files| check::refusal(&files, &snapshot, &allowed, "staged", &reach.renderer))
                    {
                        Ok(None) => GitAnswer::Moved(git::stage(&root, &paths, &permit)),
                        Ok(Some((path, fault))) => GitAnswer::Refused(path, fault),
                        Err(fault) => GitAnswer::Moved(Err(fault)),
                    }
                }))]
            }
            GitAction::Allow(path, Some(permit)) => {
                self.allowed.insert(path.clone());
                vec![Action::Task(Task::blocking("git add", move |_| {
                    GitAnswer::Moved(git::stage(&root, &[path], &permit))
                }))]
            }
            GitAction::Write => self.write(scene),
            GitAction::Keep(draft) => {
                self.draft.clone_from(&draft);
                vec![Action::KeepMessage(draft)]
            }
            GitAction::Commit(message, Some(permit)) => {
                let allowed = self.allowed.clone();
                self.draft.clone_from(&message);
                vec![
                    Action::KeepMessage(message.clone()),
                    Action::Task(Task::once("git commit", move |reach| async move {
                        let (folder, renderer) = (root.clone(), reach.renderer.clone());
                        let look = move || {
                            check::index(&folder)
                                .map(|files| check::refusal(&files, &snapshot, &allowed, "committed", &renderer))
                        };
                        match reach.away(look).await.and_then(|found| found) {
                            Ok(None) => {
                                GitAnswer::Committed(change(&reach, &root, GitChange::Commit(message), permit).await)
                            }
                            Ok(Some((path, fault))) => GitAnswer::Refused(path, fault),
                            Err(fault) => GitAnswer::Committed(Err(fault)),
                        }
                    })),
                ]
            }
            GitAction::Push => Self::push(scene),
            GitAction::Fetch | GitAction::Pull => {
                let id = if matches!(wanted, GitAction::Pull) { "git-pull-now" } else { "git-fetch-now" };
                dispatch(scene, id, vec![CommandTarget::Worktree("the working tree".to_owned())], Vec::new())
            }
            GitAction::Update { pull, permit: Some(permit) } => vec![
                tell(scene, if pull { "pulling..." } else { "fetching..." }),
                Action::Task(Task::once("git fetch", move |reach| async move {
                    let wanted = if pull { GitChange::Pull } else { GitChange::Fetch };
                    GitAnswer::Updated(change(&reach, &root, wanted, permit).await)
                })),
            ],
            // Without the guard's leave nothing is done.
            _ => Vec::new(),
        }
    }

    fn write(&self, scene: &Scene<'_>) -> Vec<Action> {
        let staged: Vec<String> =
            files_of(scene).into_iter().filter(|file| file.group == Group::Staged).map(|file| file.path).collect();
        let merging = state(scene).and_then(|state| state.as_ref().ok()?.operation).is_some();
        if staged.is_empty() && !merging {
            return vec![tell(scene, "nothing is staged: space stages the selected file, a stages all")];
        }
        vec![Action::Push(Box::new(message::Message::new(&self.draft, staged)))]
    }

    fn answered(&mut self, answer: GitAnswer, scene: &Scene<'_>) -> Vec<Action> {
        let fault = |fault: Fault| Action::Tell(Notice::fault(scene.facts.now, fault));
        match answer {
            GitAnswer::Log(log) => {
                self.log = Some(log);
                Vec::new()
            }
            GitAnswer::Moved(Ok(())) => vec![Action::Rescan],
            GitAnswer::Committed(Ok(said)) => {
                self.draft.clear();
                let first = said.lines().find(|line| line.starts_with('[')).unwrap_or("committed").to_owned();
                let asked = git::missed_terminal(&said).map(|line| {
                    format!("; a hook wanted to ask on the terminal, and went on without an answer: {line}")
                });
                let told = tell(scene, format!("{first}{}; P pushes it", asked.unwrap_or_default()));
                vec![told, Action::KeepMessage(String::new()), Action::Rescan]
            }
            GitAnswer::Updated(Ok(said)) => {
                let last = said.lines().last().unwrap_or("nothing new").to_owned();
                vec![tell(scene, last), Action::Rescan]
            }
            GitAnswer::Goes(Ok(to)) => Self::push_to(scene, &to),
            GitAnswer::Moved(Err(why)) | GitAnswer::Updated(Err(why)) | GitAnswer::Goes(Err(why)) => vec![fault(why)],
            GitAnswer::Committed(Err(why)) => {
                let staged: Vec<String> = files_of(scene)
                    .into_iter()
                    .filter(|file| file.group == Group::Staged)
                    .map(|file| file.path)
                    .collect();
                vec![Action::Push(Box::new(message::Message::new(&self.draft, staged).refused(why)))]
            }
            GitAnswer::Refused(path, why) => {
                // A conflict is to be solved; a key may be meant, which its name is typed for.
                let may_be_meant = why.kind == FaultKind::Refused;
                let mut actions = vec![fault(why)];
                if !may_be_meant {
                    return actions;
                }
                actions.extend(dispatch(scene, "git-stage-anyway", vec![CommandTarget::Worktree(path)], Vec::new()));
                actions
            }
        }
    }
}

/// Asks for a command by its id, for the guard to judge.
fn dispatch(scene: &Scene<'_>, id: &str, targets: Vec<CommandTarget>, answers: Vec<(String, String)>) -> Vec<Action> {
    scene.command(id).map(|command| Action::Dispatch(command, targets, answers)).into_iter().collect()
}

fn tell(scene: &Scene<'_>, text: impl Into<String>) -> Action {
    Action::Tell(Notice::info(scene.facts.now, text))
}

impl View for Git {
    fn id(&self) -> &'static str {
        "git"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        match state(scene) {
            Some(Ok(state)) => paint::title(state, scene.facts.now),
            Some(Err(_)) => "git".to_owned(),
            None => "git  reading...".to_owned(),
        }
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.draft.clone_from(&scene.facts.message);
        self.load(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let now = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        if Weak::ptr_eq(&now, &self.seen) { Vec::new() } else { self.load(scene) }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let [above, below] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
        paint::files(self, frame, above, scene);
        paint::history(self, frame, below, scene);
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let files = files_of(scene);
        match motion {
            Motion::NextPanel | Motion::PreviousPanel => self.history = !self.history,
            Motion::Panel(number) => self.history = number > 1,
            Motion::Mark if !self.history => return Some(self.toggle(ToggleScope::File, scene)),
            Motion::Open if !self.history => {
                let file = files.get(self.index(&files))?;
                return Some(vec![Action::Push(Box::new(diff::Diff::new(&file.path, file.group.side())))]);
            }
            Motion::Open | Motion::Mark => return Some(Vec::new()),
            Motion::Redraw => {
                let mut actions = self.load(scene);
                actions.extend([Action::Rescan, Action::Redraw]);
                return Some(actions);
            }
            _ if self.history => {
                let count = self.log.as_ref().and_then(|log| log.as_ref().ok()).map_or(0, Vec::len);
                self.commit = step(self.commit, count, self.history_scroll.page(), motion)?;
            }
            _ => {
                self.row = step(self.index(&files), files.len(), self.scroll.page(), motion)?;
                self.selected = files.get(self.row).cloned();
            }
        }
        Some(Vec::new())
    }

    fn targets(&self, scene: &Scene<'_>) -> Vec<CommandTarget> {
        let files = files_of(scene);
        let path = files.get(self.index(&files)).filter(|_| !self.history).map(|file| file.path.clone());
        path.filter(|path| !path.ends_with('/'))
            .map(|path| CommandTarget::File(scene.facts.environment_of(&path), path))
            .into_iter()
            .collect()
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        match payload.downcast::<GitAnswer>() {
            Ok(answer) => self.answered(*answer, scene),
            Err(payload) => {
                payload.downcast::<GitAction>().map_or_else(|_| Vec::new(), |wanted| self.act(*wanted, scene))
            }
        }
    }
}
