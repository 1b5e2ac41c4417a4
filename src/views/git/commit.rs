//! One commit: its author, time and message, its impact on each environment, and the difference of each file.
//!
//! ```text
//! +> commit 3f2a1bc  feat(web): take 1.45.0 ---------------------------+
//! | author     Jane Doe <jane@example.org>                              |
//! | when       2026-01-02 12:00, 4d ago                                 |
//! | impact     staging: 1 changed                                       |
//! |            production: no object differs                            |
//! | M apps/base/web/deployment.yaml                                     |
//! |>    -      image: web:1.44.1                                        |
//! +---------------------------------------------------------------------+
//! ```

use std::any::Any;

use super::applied;
use crate::app::{Action, CommandTarget, Scene, Task, TaskContext};
use crate::helm::diff::DocumentChange;
use crate::model::Fault;
use crate::model::clock::age;
use crate::render::Stop;
use crate::render::impact::{Impact, impact};
use crate::render::revision::Revision;
use crate::repo::git::{self, CommitDetails, DiffKind};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;
use crate::views::parts::tabs;

/// The most files that are shown with their differences; of the others only the names are shown.
const FILES: usize = 40;

/// Shows one commit.
#[derive(Debug)]
pub struct CommitView {
    commit: String,
    page: Page,
    details: Option<Result<CommitDetails, Fault>>,
    /// The difference of each file.
    files: Vec<PageLine>,
    impact: Option<Result<Impact, Fault>>,
}

/// A message of the task.
#[derive(Debug)]
enum Piece {
    Details(Result<CommitDetails, Fault>),
    Files(Vec<(char, String, Result<String, Fault>)>),
    Impact(Result<Box<Impact>, Fault>),
}

impl CommitView {
    /// Opens a commit.
    pub fn new(commit: &str) -> Self {
        Self {
            commit: commit.to_owned(),
            page: Page::new(SearchKey::Searches),
            details: None,
            files: Vec::new(),
            impact: None,
        }
    }

    fn head(details: &CommitDetails, scene: &Scene<'_>) -> Vec<PageLine> {
        let row = |label: &str, text: String, scope: Scope| {
            PageLine::wrapped(text, scope).after(format!("{label:<11}"), Scope::Dim)
        };
        let now = scene.facts.now;
        let mut lines = vec![row("commit", details.commit.clone(), Scope::Text)];
        lines.push(row("author", details.author.clone(), Scope::Text));
        if let Some(committer) = &details.committer {
            lines.push(row("committed", committer.clone(), Scope::Text));
        }
        if let Some(at) = details.committed {
            let day = at.to_string().chars().take(16).collect::<String>().replace('T', " ");
            lines.push(row("when", format!("{day} UTC, {} ago", age(now, at)), Scope::Text));
        }
        let pushed = match details.pushed.as_slice() {
            [] => ("to no branch of a remote, as far as it was fetched".to_owned(), Scope::Waiting),
            branches => (branches.join(", "), Scope::Text),
        };
        lines.push(row("pushed", pushed.0, pushed.1));
        let envs = scene.facts.environments.iter();
        let has: Vec<String> = envs.filter_map(|(env, _)| applied::word(scene.facts, env, &details.commit)).collect();
        if !has.is_empty() {
            lines.push(row("applied", has.join(", "), Scope::Ready));
        }
        if details.parents.len() > 1 {
            let text =
                format!("a merge of {}; what is shown is against the first", short(&details.parents).join(" and "));
            lines.push(row("", text, Scope::Dim));
        }
        lines.push(PageLine::cut("", Scope::Text));
        lines.extend(
            details
                .message
                .lines()
                .enumerate()
                .map(|(index, line)| PageLine::wrapped(line, if index == 0 { Scope::Title } else { Scope::Text })),
        );
        lines.push(PageLine::cut("", Scope::Text));
        lines
    }

    fn impact_lines(&self, scene: &Scene<'_>) -> Vec<PageLine> {
        let mut lines = vec![PageLine::heading("impact, as kustomize renders it before and after")];
        let found = match &self.impact {
            None => {
                lines.push(PageLine::cut("rendering...", Scope::Dim).after("  ", Scope::Dim));
                return lines;
            }
            Some(Err(fault)) => {
                lines.extend(tabs::fault(fault));
                return lines;
            }
            Some(Ok(found)) => found,
        };
        for ((env, known), told) in scene
            .facts
            .environments
            .iter()
            .zip(found.by_environment(scene.facts.environments.iter().map(|(_, known)| known.name.as_str())))
        {
            let protected = if known.protected { "  PROTECTED" } else { "" };
            let changes: Vec<_> = found.changes.iter().filter(|change| change.env == known.name).collect();
            let scope = if changes.is_empty() { Scope::Dim } else { Scope::Progressing };
            lines.push(PageLine::cut(format!("{told}{protected}"), scope).after("  ", Scope::Dim));
            for change in changes {
                let (sign, scope) = match change.change {
                    DocumentChange::Create => ("+", Scope::Ready),
                    DocumentChange::Update => ("~", Scope::Progressing),
                    DocumentChange::Delete => ("-", Scope::Failed),
                };
                let target = change.object.parse().ok().map(|object| CommandTarget::Object(env, object));
                let text = format!("{}  by Kustomization {}", change.object, change.kustomization);
                lines.push(PageLine::cut(text, Scope::Text).after(format!("    {sign} "), scope).opens(target));
            }
        }
        lines
    }
}

fn short(commits: &[String]) -> Vec<&str> {
    commits.iter().map(|commit| crate::model::revision::short(commit)).collect()
}

/// Writes the difference of each file; the line of a file opens it.
fn differences(files: Vec<(char, String, Result<String, Fault>)>) -> Vec<PageLine> {
    let mut lines = vec![PageLine::heading(format!("files ({})", files.len()))];
    for (letter, path, diff) in files {
        let target = CommandTarget::File(None, path.clone());
        lines.push(
            PageLine::cut(&*path, Scope::Title).after(format!("  {letter} "), Scope::Git).opens(Some(target.clone())),
        );
        match diff {
            Ok(diff) => lines.extend(git::diff_lines(&diff).into_iter().filter_map(|line| {
                let scope = match line.kind {
                    DiffKind::Head => return None,
                    DiffKind::Hunk | DiffKind::Same => Scope::Dim,
                    DiffKind::Added => Scope::Added,
                    DiffKind::Removed => Scope::Removed,
                };
                let text = line.text.replace('\t', "    ");
                Some(PageLine::cut(text, scope).after("      ", Scope::Dim).opens(Some(target.clone())))
            })),
            Err(fault) => lines.push(PageLine::wrapped(fault.why, Scope::Dim).after("      ", Scope::Dim)),
        }
    }
    lines
}

impl Paged for CommitView {
    fn id(&self) -> &'static str {
        "git-commit"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        let short = crate::model::revision::short(&self.commit);
        match &self.details {
            Some(Ok(details)) => format!("commit {short}  {}", details.message.lines().next().unwrap_or_default()),
            _ => format!("commit {short}"),
        }
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        let details = match &self.details {
            None => return vec![PageLine::cut("reading...", Scope::Dim)].into(),
            Some(Err(fault)) => return tabs::fault(fault).into(),
            Some(Ok(details)) => details,
        };
        let mut lines = Self::head(details, scene);
        lines.extend(self.impact_lines(scene));
        if self.files.is_empty() {
            lines.push(PageLine::heading(format!("files ({})", details.files.len())));
        }
        lines.extend(self.files.iter().cloned());
        lines.into()
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = scene.facts.repository.clone() else { return Vec::new() };
        let commit = self.commit.clone();
        vec![Action::Task(Task::stream("git show", move |task_context: TaskContext, mut reply| async move {
            let stop = Stop::default();
            let _given_up_with_the_screen = stop.with_its_owner();
            let (root, name) = (snapshot.root.clone(), commit.clone());
            let details =
                task_context.away(move || git::commit_details(&root, &name)).await.and_then(|details| details);
            let Ok((files, parent)) =
                details.as_ref().map(|details| (details.files.clone(), details.parents.first().cloned()))
            else {
                reply.send(Piece::Details(details)).await;
                return;
            };
            reply.send_part(Piece::Details(details)).await;
            let (root, name, given_up) = (snapshot.root.clone(), commit.clone(), stop.clone());
            let read = move || {
                let one = |(index, (letter, path)): (usize, (char, String))| {
                    let diff = if index < FILES && !given_up.is_given_up() {
                        git::commit_diff(&root, &name, &path)
                    } else {
                        let why = "the differences of so many files are not shown here: git show says them all";
                        Err(Fault::failed("it is not shown", why, "git show"))
                    };
                    (letter, path, diff)
                };
                files.into_iter().enumerate().map(one).collect::<Vec<_>>()
            };
            if let Ok(files) = task_context.away(read).await {
                reply.send_part(Piece::Files(files)).await;
            }
            let worker = task_context.renderer.clone();
            let render = move || {
                let Some(parent) = parent else {
                    let why = "it is the first: everything in it is new";
                    return Err(Fault::failed(
                        "its impact is not told",
                        why,
                        "‹key:compare› compares the environments as they are",
                    ));
                };
                let (old, new) = (Revision::Commit(parent), Revision::Commit(commit));
                worker.until(&stop, |renderer| impact(&snapshot, &old, &new, renderer)).map(Box::new)
            };
            let found = task_context.away(render).await.and_then(|found| found);
            reply.send(Piece::Impact(found)).await;
        }))]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(piece) = payload.downcast::<Piece>() {
            match *piece {
                Piece::Details(details) => self.details = Some(details),
                Piece::Files(files) => self.files = differences(files),
                Piece::Impact(found) => self.impact = Some(found.map(|found| *found)),
            }
        }
        Vec::new()
    }

    fn targets(&self, line: Option<&PageLine>, scene: &Scene<'_>) -> Vec<CommandTarget> {
        let target = line.and_then(PageLine::link).cloned().map(|target| match target {
            CommandTarget::File(_, path) => CommandTarget::File(scene.facts.environment_of(&path), path),
            other => other,
        });
        vec![target.unwrap_or_else(|| CommandTarget::Commit(None, self.commit.clone()))]
    }
}

#[cfg(test)]
mod tests;
