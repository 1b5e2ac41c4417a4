//! The working tree and its history: the changes, the content of the next commit, and the commits that each environment
//! applied.
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
mod asking;
pub mod commit;
pub mod diff;
pub mod files;
pub mod message;
mod paint;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use self::act::{GitAction, GitAnswer, ToggleScope};
use self::files::{ChangedFile, Group, changed};
use crate::app::motion::step;
use crate::app::{Action, Ask, CommandTarget, Motion, MotionHint, Notice, Permit, Scene, Task, TaskContext, View};
use crate::check;
use crate::model::{Fault, FaultKind};
use crate::repo::Snapshot;
use crate::repo::git::{self, CommitEntry, GitChange, GitState, Side};
use crate::widgets::Scroll;
use crate::workflows::git::change;

/// The target of a change that concerns no single file.
const WORKTREE: &str = "the working tree";

/// The message after an aborted operation.
const LEFT: &str = "all is as it was before";

/// The number of commits that are read.
const COMMITS: usize = 100;

/// Shows the working tree and its history.
#[derive(Debug, Default)]
pub struct Git {
    /// The selected file, which stays selected over a reload.
    selected: Option<ChangedFile>,
    row: usize,
    commit: usize,
    history: bool,
    scroll: Scroll,
    history_scroll: Scroll,
    log: Option<Result<Vec<CommitEntry>, Fault>>,
    /// Files with refused content whose names the user typed.
    allowed: BTreeSet<String>,
    /// The draft of a message.
    draft: String,
    /// The commit to amend, and its new message.
    amending: (String, String),
    /// Whether git is committing, and whether the user asked for a push meanwhile: it must carry the new commit.
    committing: bool,
    push_next: bool,
    /// The commits that environments have applied and that are missing here, each with its environments.
    missing: Vec<(String, String)>,
    /// The applied commits of each environment at the last query.
    applied: Vec<(String, BTreeSet<String>)>,
    seen: Weak<Snapshot>,
}

/// Opens a commit.
pub fn open(target: &CommandTarget, _ask: &Ask<'_>) -> Option<Box<dyn View>> {
    match target {
        CommandTarget::Commit(_, hash) => Some(Box::new(commit::CommitView::new(hash))),
        _ => None,
    }
}

/// Returns git's state, or its fault.
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

    /// Returns the selected commit.
    fn entry(&self) -> Option<&CommitEntry> {
        self.log.as_ref().and_then(|log| log.as_ref().ok()?.get(self.commit))
    }

    fn index(&self, files: &[ChangedFile]) -> usize {
        let exact = self.selected.as_ref().and_then(|wanted| files.iter().position(|file| file == wanted));
        exact.unwrap_or(self.row.min(files.len().saturating_sub(1)))
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = &scene.facts.repository else { return Vec::new() };
        self.seen = Arc::downgrade(snapshot);
        let root = snapshot.root.clone();
        let mut actions =
            vec![Action::Task(Task::blocking("git log", move |_| GitAnswer::Log(git::log(&root, COMMITS))))];
        self.applied.clear();
        actions.extend(self.look_for_applied(scene));
        actions
    }

    /// Queries git for the applied commits that are missing here, if the applied ones differ from the last query.
    fn look_for_applied(&mut self, scene: &Scene<'_>) -> Option<Action> {
        let root = scene.facts.repository.as_ref()?.root.clone();
        let of = |env| (scene.facts.name(env).to_owned(), applied::commits(scene.facts, env));
        let now: Vec<(String, BTreeSet<String>)> = scene.facts.environments.iter().map(|(env, _)| of(env)).collect();
        if now == self.applied {
            return None;
        }
        self.applied.clone_from(&now);
        Some(Action::Task(Task::blocking("git rev-parse", move |_| {
            let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (name, commits) in now {
                for commit in commits {
                    missing.entry(commit).or_default().push(name.clone());
                }
            }
            missing.retain(|commit, _| git::commit(&root, commit).is_none());
            GitAnswer::Missing(missing.into_iter().map(|(commit, names)| (commit, names.join(", "))).collect())
        })))
    }

    /// Stages or unstages the selection: staged files are unstaged, all others are staged.
    fn toggle(&self, scope: ToggleScope, scene: &Scene<'_>) -> Vec<Action> {
        let files = files_of(scene);
        let Some(chosen) = files.get(self.index(&files)) else {
            return vec![tell(scene, "nothing is changed: there is nothing to stage")];
        };
        let folder = chosen.path.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder);
        let within = |file: &&ChangedFile| match scope {
            ToggleScope::File => *file == chosen,
            ToggleScope::Folder => folder.is_empty() || file.path.starts_with(&format!("{folder}/")),
            ToggleScope::All => true,
        };
        let taken: Vec<&ChangedFile> = files.iter().filter(within).collect();
        let stage = match scope {
            ToggleScope::File => chosen.group != Group::Staged,
            _ => taken.iter().any(|file| file.group != Group::Staged),
        };
        let wanted = taken.into_iter().filter(|file| (file.group == Group::Staged) != stage);
        let paths: Vec<String> = wanted.map(|file| file.path.clone()).collect();
        let id = if stage { "git-stage" } else { "git-unstage" };
        dispatch(scene, id, paths.into_iter().map(CommandTarget::Worktree).collect(), Vec::new())
    }

    fn act(&mut self, wanted: GitAction, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = scene.facts.repository.clone() else { return Vec::new() };
        let root = snapshot.root.clone();
        match wanted {
            GitAction::Toggle(scope) => self.toggle(scope, scene),
            GitAction::Move { stage, paths, permit: Some(permit) } => {
                let allowed = self.allowed.clone();
                vec![Action::Task(Task::blocking("git add", move |scope| {
                    if !stage {
                        return GitAnswer::Moved(git::unstage(&root, &paths, &permit).map(|()| Vec::new()));
                    }
                    match check::working_tree(&root, &paths)
                        .map(|files| check::refusal(&files, &snapshot, &allowed, "staged", &scope.renderer))
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
                let looked = Committing { root, snapshot, allowed: self.allowed.clone() };
                self.draft.clone_from(&message);
                self.committing = true;
                vec![
                    Action::KeepMessage(message.clone()),
                    Action::Task(Task::once("git commit", move |scope| async move {
                        looked.make(&scope, GitChange::Commit(message), permit, GitAnswer::Committed).await
                    })),
                ]
            }
            GitAction::WriteAmend => Self::write_amend(scene),
            GitAction::Amend { commit, message, permit: Some(permit) } => {
                let looked = Committing { root, snapshot, allowed: self.allowed.clone() };
                self.amending.1.clone_from(&message);
                self.committing = true;
                vec![Action::Task(Task::once("git commit --amend", move |scope| async move {
                    looked.make(&scope, GitChange::Amend { commit, message }, permit, GitAnswer::Amended).await
                }))]
            }
            GitAction::AskDiscard => self.ask_discard(scene),
            GitAction::Discard(path, side, measured, Some(permit)) => {
                vec![Action::Task(Task::blocking("git restore", move |_| {
                    let done = git::discard(&root, &path, side, &measured, &permit);
                    GitAnswer::Discarded(path, side, done)
                }))]
            }
            GitAction::Push if self.committing => {
                self.push_next = true;
                vec![tell(scene, "git is committing: the push is asked for once it has")]
            }
            GitAction::Push => Self::push(scene),
            GitAction::Fetch => {
                dispatch(scene, "git-fetch-now", vec![CommandTarget::Worktree(WORKTREE.to_owned())], Vec::new())
            }
            GitAction::Pull => Self::pull(scene),
            GitAction::Continue | GitAction::Skip | GitAction::Abort => Self::finish(&wanted, scene),
            GitAction::Update(wanted, Some(permit)) => {
                let looked = Committing { root, snapshot, allowed: self.allowed.clone() };
                let told = match wanted {
                    GitChange::Fetch => "fetching...",
                    GitChange::Pull | GitChange::PullRebase => "pulling...",
                    _ => "working...",
                };
                vec![
                    tell(scene, told),
                    Action::Task(Task::once("git fetch", move |scope| async move {
                        match wanted {
                            // A continued operation commits the staged changes.
                            GitChange::Continue(_) => looked.make(&scope, wanted, permit, GitAnswer::Updated).await,
                            GitChange::Abort(_) => {
                                let left = change(&scope, &looked.root, wanted, permit).await;
                                GitAnswer::Updated(left.map(|_| LEFT.to_owned()))
                            }
                            _ => GitAnswer::Updated(change(&scope, &looked.root, wanted, permit).await),
                        }
                    })),
                ]
            }
            // Without the guard's permit nothing is done.
            _ => Vec::new(),
        }
    }

    fn write(&self, scene: &Scene<'_>) -> Vec<Action> {
        let staged = staged(scene);
        vec![Action::Push(Box::new(message::Message::new(&self.draft, staged)))]
    }

    fn answered(&mut self, answer: GitAnswer, scene: &Scene<'_>) -> Vec<Action> {
        if let GitAnswer::Committed(made) | GitAnswer::Amended(made) = &answer {
            let (is_made, is_wanted) = (made.is_ok(), self.push_next);
            (self.committing, self.push_next) = (false, false);
            let mut actions = self.settled(answer, scene);
            if is_made && is_wanted {
                actions.extend(Self::push(scene));
            }
            return actions;
        }
        self.settled(answer, scene)
    }

    fn settled(&mut self, answer: GitAnswer, scene: &Scene<'_>) -> Vec<Action> {
        let fault = |fault: Fault| Action::Tell(Notice::fault(scene.facts.now, fault));
        match answer {
            GitAnswer::Log(log) => {
                self.log = Some(log);
                Vec::new()
            }
            GitAnswer::Missing(missing) => {
                self.missing = missing;
                Vec::new()
            }
            GitAnswer::Moved(Ok(gone)) if gone.is_empty() => vec![Action::Rescan],
            GitAnswer::Moved(Ok(gone)) => {
                let names = match gone.as_slice() {
                    [only] => format!("{only} is"),
                    [first, rest @ ..] => format!("{first} and {} more are", rest.len()),
                    [] => "nothing is".to_owned(),
                };
                vec![tell(scene, format!("{names} not there any more, and was skipped")), Action::Rescan]
            }
            GitAnswer::Loss(path, side, Ok((loss, measured))) => {
                let answer = |id: &str, text: &str| (id.to_owned(), text.to_owned());
                let answers = vec![
                    answer("path", &path),
                    answer("side", act::side_word(side)),
                    answer("loss", &loss),
                    answer("measured", measured.as_answer()),
                ];
                let name = crate::repo::path::name(path.trim_end_matches('/')).to_owned();
                dispatch(scene, "git-discard-now", vec![CommandTarget::Worktree(name)], answers)
            }
            GitAnswer::Discarded(path, side, Ok(stays)) => {
                let more = if stays && side == Side::Untracked { "; what git ignores in it stays" } else { "" };
                vec![tell(scene, format!("{path}: its changes are gone{more}")), Action::Rescan]
            }
            GitAnswer::Amendable(Ok((commit, message))) => {
                let view = message::Message::new(&message, staged(scene)).amending(&commit);
                self.amending = (commit, message);
                vec![Action::Push(Box::new(view))]
            }
            GitAnswer::Amended(Ok(said)) => {
                let first = said.lines().find(|line| line.starts_with('[')).unwrap_or("amended").to_owned();
                vec![tell(scene, format!("{first}; ‹key:git-push› pushes it")), Action::Rescan]
            }
            GitAnswer::Amended(Err(why)) => {
                let (commit, message) = &self.amending;
                let view = message::Message::new(message, staged(scene)).amending(commit).refused(why);
                vec![Action::Push(Box::new(view))]
            }
            GitAnswer::Committed(Ok(said)) => {
                self.draft.clear();
                let first = said.lines().find(|line| line.starts_with('[')).unwrap_or("committed").to_owned();
                let asked = git::missed_terminal(&said).map(|line| {
                    format!("; a hook wanted to ask on the terminal, and went on without an answer: {line}")
                });
                let told = tell(scene, format!("{first}{}; ‹key:git-push› pushes it", asked.unwrap_or_default()));
                vec![told, Action::KeepMessage(String::new()), Action::Rescan]
            }
            GitAnswer::Updated(Ok(said)) => {
                let last = said.lines().last().unwrap_or("nothing new").to_owned();
                vec![tell(scene, last), Action::Rescan]
            }
            GitAnswer::Goes(Ok(to)) => Self::push_to(scene, &to),
            GitAnswer::Moved(Err(why))
            | GitAnswer::Goes(Err(why))
            | GitAnswer::Loss(_, _, Err(why))
            | GitAnswer::Amendable(Err(why)) => vec![fault(why)],
            // Git may have stopped in the middle.
            GitAnswer::Updated(Err(why)) | GitAnswer::Discarded(_, _, Err(why)) => vec![fault(why), Action::Rescan],
            GitAnswer::Committed(Err(why)) => {
                vec![Action::Push(Box::new(message::Message::new(&self.draft, staged(scene)).refused(why)))]
            }
            GitAnswer::Refused(path, why) => {
                // A conflict must be resolved first; a key may be intended, and its name must be typed.
                let may_be_meant = why.kind == FaultKind::Refused;
                let told = fault(why);
                if !may_be_meant {
                    return vec![told];
                }
                // The dialog shows the reason: a notice belongs to the screen on which it is told.
                let asked = dispatch(scene, "git-stage-anyway", vec![CommandTarget::Worktree(path)], Vec::new());
                asked.into_iter().chain([told]).collect()
            }
        }
    }
}

/// Tells whether commits are here that the upstream lacks: a pull then rebases them.
pub fn has_own_commits(state: &GitState) -> bool {
    state.upstream.as_ref().is_some_and(|upstream| upstream.ahead.is_some_and(|ahead| ahead > 0))
}

fn staged(scene: &Scene<'_>) -> Vec<String> {
    files_of(scene).into_iter().filter(|file| file.group == Group::Staged).map(|file| file.path).collect()
}

/// Commits the staged changes, after a check for content that must not be committed.
struct Committing {
    root: PathBuf,
    snapshot: Arc<Snapshot>,
    /// The refused files whose names the user typed.
    allowed: BTreeSet<String>,
}

impl Committing {
    async fn make(
        self,
        scope: &TaskContext,
        wanted: GitChange,
        permit: Permit,
        answer: impl FnOnce(Result<String, Fault>) -> GitAnswer,
    ) -> GitAnswer {
        let Self { root, snapshot, allowed } = self;
        let (folder, renderer) = (root.clone(), scope.renderer.clone());
        let look = move || {
            check::index(&folder).map(|files| check::refusal(&files, &snapshot, &allowed, "committed", &renderer))
        };
        match scope.away(look).await.and_then(|found| found) {
            Ok(None) => answer(change(scope, &root, wanted, permit).await),
            Ok(Some((path, fault))) => GitAnswer::Refused(path, fault),
            Err(fault) => answer(Err(fault)),
        }
    }
}

/// Requests a command by its id, for the guard to judge.
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
            Some(Ok(state)) => paint::title(state, scene),
            Some(Err(_)) => "git".to_owned(),
            None => "git  reading...".to_owned(),
        }
    }

    fn refusal(&self, command: &str, scene: &Scene<'_>) -> Option<String> {
        self.refused(command, scene)
    }

    fn motions(&self) -> &'static [MotionHint] {
        const PANEL: MotionHint = MotionHint { motions: &[Motion::NextPanel], what: "panel" };
        const STAGE: MotionHint = MotionHint { motions: &[Motion::Mark], what: "stage" };
        if self.history { &[PANEL] } else { &[STAGE, PANEL] }
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.draft.clone_from(&scene.facts.message);
        self.load(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let now = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        if Weak::ptr_eq(&now, &self.seen) {
            self.look_for_applied(scene).into_iter().collect()
        } else {
            self.load(scene)
        }
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
            // The command opens the selected commit, and teaches how to look at it.
            Motion::Open => return None,
            Motion::Mark => return Some(Vec::new()),
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
        if self.history {
            return self.entry().map(|entry| CommandTarget::Commit(None, entry.commit.clone())).into_iter().collect();
        }
        let files = files_of(scene);
        let path = files.get(self.index(&files)).map(|file| file.path.clone());
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
