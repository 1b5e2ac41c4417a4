//! The commits that changed an object's rendered form or a file, newest first, each as soon as it is known.
//!
//! ```text
//! +> 12 of 29 commits that touch Kustomization/web, 1 changed Deployment/web of staging -+
//! | as kustomize renders it before and after each commit to the files of its ...        |
//! |> 3f2a1bc  2026-01-02  Jane Doe  feat(web): take 1.45.0                              |
//! |        -  image: web:1.44.1                                                         |
//! |        +  image: web:1.45.0                                                         |
//! +-------------------------------------------------------------------------------------+
//! ```

use std::any::Any;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use ratatui::Frame;
use ratatui::layout::Rect;

use super::git::commit::CommitView;
use super::parts::tabs;
use crate::app::{Action, CommandTarget, Motion, Notice, Scene, Task, TaskContext};
use crate::model::{Env, Fault, ObjectRef};
use crate::render::history::{HistoryWalk, ObjectVersion};
use crate::render::{Stop, Worker};
use crate::repo::Snapshot;
use crate::repo::git::{self, CommitEntry, DiffKind};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;
use crate::widgets::{Paragraph, StyledLine, wrap};

/// The most commits that are read.
const COUNT: usize = 30;

/// Tells the history to stop the search.
#[derive(Debug, Clone, Copy)]
pub struct StopHistory;

/// Names the subject of the history.
#[derive(Debug, Clone)]
enum Subject {
    Object { env: Env, name: String, object: ObjectRef },
    File { env: Option<Env>, path: String },
}

/// Holds the progress of the search.
#[derive(Debug)]
enum Progress {
    Reading,
    Looking,
    Ended,
    Stopped,
    Failed(Fault),
}

/// A message of the task.
#[derive(Debug)]
enum Piece {
    /// The number of commits to read, and the Kustomization that applies the object, if there is one.
    Begun(usize, Option<String>),
    /// One commit was read, with the changes that it made.
    Looked(Vec<(CommitEntry, String)>),
    /// All commits were read, or the search failed.
    Ended(Result<(), Fault>),
}

/// Shows the commits that changed an object or a file.
#[derive(Debug)]
pub struct History {
    subject: Subject,
    page: Page,
    lines: Vec<PageLine>,
    /// The lines on the screen.
    shown: SharedLines,
    /// The commits on the screen.
    found: Vec<String>,
    looked: usize,
    total: usize,
    /// The Kustomization that applies the object.
    kustomization: Option<String>,
    /// Whether the search has started; it waits for the repository.
    is_begun: bool,
    progress: Progress,
    stop: Stop,
}

impl History {
    /// Opens the history of an object.
    pub fn of_object(env: Env, name: &str, object: &ObjectRef) -> Self {
        Self::new(Subject::Object { env, name: name.to_owned(), object: object.clone() })
    }

    /// Opens the history of a file.
    pub fn of_file(env: Option<Env>, path: &str) -> Self {
        Self::new(Subject::File { env, path: path.to_owned() })
    }

    fn new(subject: Subject) -> Self {
        Self {
            subject,
            page: Page::new(SearchKey::Searches),
            lines: Vec::new(),
            shown: SharedLines::default(),
            found: Vec::new(),
            looked: 0,
            total: 0,
            kustomization: None,
            is_begun: false,
            progress: Progress::Reading,
            stop: Stop::default(),
        }
    }

    fn is_running(&self) -> bool {
        matches!(self.progress, Progress::Reading | Progress::Looking)
    }

    /// Returns the commit of a line.
    fn commit(&self, line: Option<&PageLine>) -> Option<&str> {
        line.and_then(PageLine::place).and_then(|place| self.found.get(place)).map(String::as_str)
    }

    fn name(&self) -> String {
        match &self.subject {
            Subject::Object { name, object, .. } => format!("{} of {name}", object.short()),
            Subject::File { path, .. } => path.clone(),
        }
    }

    /// Counts the commits that are read, and says which they are.
    fn commits(&self) -> String {
        let all = self.total;
        match (&self.subject, &self.kustomization) {
            (Subject::File { .. }, _) => format!("{all} commits"),
            (Subject::Object { .. }, Some(name)) => format!("{all} commits that touch Kustomization/{name}"),
            (Subject::Object { .. }, None) => format!("{all} commits to declarations of Kustomizations"),
        }
    }

    /// Writes the lines again: those of the commits, and the progress below them.
    fn write(&mut self) {
        let mut lines = self.lines.clone();
        match &self.progress {
            Progress::Reading => lines.push(PageLine::cut("finding the commits that touched it...", Scope::Dim)),
            Progress::Looking => {
                let text = format!(
                    "{} of {} commits looked at; ‹key:back› or ‹key:history-stop› stops",
                    self.looked, self.total
                );
                lines.push(PageLine::cut(text, Scope::Progressing));
            }
            Progress::Stopped => {
                let text = format!(
                    "stopped: {} of {} commits were looked at; what is shown stays, and ‹key:redraw› begins anew",
                    self.looked, self.total
                );
                lines.push(PageLine::wrapped(text, Scope::Waiting));
            }
            Progress::Failed(fault) => lines.extend(tabs::fault(fault)),
            Progress::Ended if self.found.is_empty() => {
                let text = match (&self.subject, self.total) {
                    (Subject::File { .. }, 0) => "no commit has it: git does not know it yet".to_owned(),
                    (Subject::File { .. }, _) => "no commit changed it".to_owned(),
                    (Subject::Object { .. }, _) => format!(
                        "none of the last {} changed it; fluxdeck history --count looks further back",
                        self.commits()
                    ),
                };
                lines.push(PageLine::wrapped(text, Scope::Text));
            }
            Progress::Ended if self.total >= COUNT => {
                let text =
                    format!("the last {COUNT} commits were looked at; fluxdeck history --count looks further back");
                lines.push(PageLine::wrapped(text, Scope::Dim));
            }
            Progress::Ended => {}
        }
        self.shown = lines.into();
    }

    fn take(&mut self, entry: &CommitEntry, diff: &str) {
        let place = Some(self.found.len());
        self.found.push(entry.commit.clone());
        let day = entry.at.map(|at| at.to_string().chars().take(10).collect::<String>()).unwrap_or_default();
        self.lines.push(
            PageLine::cut(entry.subject.as_str(), Scope::Title)
                .after(format!("{}  ", entry.author), Scope::Dim)
                .after(format!("{}  {day}  ", entry.short()), Scope::Waiting)
                .at(place),
        );
        // kustomize's documents are compared line by line; git's diff of a file also has its line numbers.
        let is_file = matches!(self.subject, Subject::File { .. });
        let lines = git::diff_lines(diff).into_iter().filter(|line| !is_file || line.kind != DiffKind::Head);
        self.lines.extend(lines.map(|line| {
            let scope = match line.text.as_bytes().first() {
                Some(b'+') => Scope::Added,
                Some(b'-') => Scope::Removed,
                _ => Scope::Dim,
            };
            PageLine::cut(line.text.replace('\t', "    "), scope).after("      ", Scope::Dim).at(place)
        }));
    }

    /// Stops the search, with a notice; the found commits stay.
    fn halt(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.stop.stop();
        self.progress = Progress::Stopped;
        self.write();
        let text = format!("stopped after {} of {} commits; what is shown stays", self.looked, self.total);
        vec![Action::Tell(Notice::info(scene.facts.now, text))]
    }
}

/// Reads one commit after the other, and sends a message for each.
fn look(
    subject: &Subject,
    snapshot: &Arc<Snapshot>,
    worker: &Worker,
    stop: &Stop,
    tell: &UnboundedSender<Piece>,
) -> Result<(), Fault> {
    // The view may be closed: then the search stops, too.
    let say = |piece: Piece| drop(tell.unbounded_send(piece));
    match subject {
        Subject::File { path, .. } => {
            let commits = git::log_of(&snapshot.root, std::slice::from_ref(path), COUNT)?;
            say(Piece::Begun(commits.len(), None));
            for entry in commits {
                if stop.is_given_up() {
                    break;
                }
                let diff = git::commit_diff(&snapshot.root, &entry.commit, path)?;
                say(Piece::Looked(vec![(entry, diff)]));
            }
        }
        Subject::Object { name, object, .. } => {
            let mut walk =
                worker.until(stop, |renderer| HistoryWalk::begin(snapshot, name, object, COUNT, renderer))?;
            say(Piece::Begun(walk.total(), walk.kustomization().map(str::to_owned)));
            // The renderer is released after each commit: other tasks wait for it, too.
            while let Some(versions) = worker.until(stop, |renderer| walk.step(renderer))? {
                say(Piece::Looked(versions.into_iter().map(entry).collect()));
            }
        }
    }
    Ok(())
}

fn entry(version: ObjectVersion) -> (CommitEntry, String) {
    let ObjectVersion { commit, author, at, subject, change } = version;
    (CommitEntry { commit, author, at, subject }, change.diff)
}

impl Paged for History {
    fn id(&self) -> &'static str {
        "history"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        let (name, found) = (self.name(), self.found.len());
        let (looked, commits) = (self.looked, self.commits());
        match self.progress {
            Progress::Reading => format!("commits that changed {name}"),
            Progress::Looking => format!("{looked} of {commits}, {found} changed {name}; ‹key:back› stops"),
            Progress::Stopped => format!("stopped after {looked} of {commits}, {found} changed {name}"),
            Progress::Ended | Progress::Failed(_) => format!("{found} of {commits} changed {name}"),
        }
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        match (&scene.facts.repository, &scene.facts.repository_fault) {
            (None, Some(fault)) => tabs::fault(fault).into(),
            (None, None) => vec![PageLine::cut("reading the repository...", Scope::Dim)].into(),
            (Some(_), _) => self.shown.clone(),
        }
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.stop.stop();
        self.stop = Stop::default();
        let Some(snapshot) = scene.facts.repository.clone() else { return Vec::new() };
        (self.looked, self.total, self.progress) = (0, 0, Progress::Reading);
        self.is_begun = true;
        self.found.clear();
        self.lines.clear();
        self.write();
        let (subject, stop) = (self.subject.clone(), self.stop.clone());
        vec![Action::Task(Task::stream("history", move |task_context: TaskContext, mut reply| async move {
            let _given_up_with_the_screen = stop.with_its_owner();
            let (tell, mut told) = unbounded();
            let worker = task_context.renderer.clone();
            let work = task_context.away(move || {
                let ended = look(&subject, &snapshot, &worker, &stop, &tell);
                drop(tell.unbounded_send(Piece::Ended(ended)));
            });
            let pass_on = async {
                while let Some(piece) = told.next().await {
                    let is_last = matches!(piece, Piece::Ended(_));
                    let is_received = if is_last { reply.send(piece).await } else { reply.send_part(piece).await };
                    if !is_received {
                        break;
                    }
                }
            };
            let _done = futures::join!(work, pass_on);
        }))]
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        // The search starts once the repository is read, and uses the state at the time of the request.
        let waits = matches!(self.progress, Progress::Reading) && !self.is_begun;
        if waits { self.load(scene) } else { Vec::new() }
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let Err(payload) = payload.downcast::<StopHistory>() else { return self.halt(scene) };
        let Ok(piece) = payload.downcast::<Piece>() else { return Vec::new() };
        // A stopped search does not continue.
        if !self.is_running() {
            return Vec::new();
        }
        match *piece {
            Piece::Begun(total, kustomization) => {
                (self.total, self.kustomization, self.progress) = (total, kustomization, Progress::Looking);
            }
            Piece::Looked(versions) => {
                self.looked = self.looked.saturating_add(1);
                for (entry, diff) in &versions {
                    self.take(entry, diff);
                }
            }
            Piece::Ended(Ok(())) => self.progress = Progress::Ended,
            Piece::Ended(Err(fault)) => self.progress = Progress::Failed(fault),
        }
        self.write();
        Vec::new()
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        match &self.subject {
            Subject::Object { env, .. } => Some(*env),
            Subject::File { env, .. } => *env,
        }
    }

    fn own_motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        (motion == Motion::Back && self.is_running()).then(|| self.halt(scene))
    }

    fn open(&mut self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        let view = self.commit(line).map(|commit| Action::Push(Box::new(CommitView::new(commit))));
        Some(view.into_iter().collect())
    }

    fn opens(&self, line: Option<&PageLine>, _lines: &[PageLine]) -> bool {
        self.commit(line).is_some()
    }

    fn refusal(&self, command: &str) -> Option<String> {
        (command == "history-stop" && !self.is_running()).then(|| "nothing is looked at any more".to_owned())
    }

    // It is above the page, so that the cursor begins on the first commit.
    fn head(&self, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>) -> Rect {
        let text = match &self.subject {
            Subject::Object { .. } => {
                "as kustomize renders it before and after each commit to its Kustomization, to what fills in its variables, or to Kustomizations themselves"
            }
            Subject::File { .. } => "the file before and after each commit; ‹key:open› looks into a commit",
        };
        let style = scene.theme.style(Scope::Dim);
        let rows = wrap(&scene.keymap.written(text), usize::from(inside.width))
            .into_iter()
            .map(|row| StyledLine::styled(row, style));
        let rows: Vec<StyledLine<'_>> = rows.collect();
        let height = u16::try_from(rows.len()).unwrap_or(0).min(inside.height);
        frame.render_widget(Paragraph::new(rows), Rect { height, ..inside });
        Rect { y: inside.y + height, height: inside.height - height, ..inside }
    }

    fn targets(&self, _line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        vec![match &self.subject {
            Subject::Object { env, object, .. } => CommandTarget::Object(*env, object.clone()),
            Subject::File { env, path } => CommandTarget::File(*env, path.clone()),
        }]
    }
}

#[cfg(test)]
mod tests;
