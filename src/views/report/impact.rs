//! The impact of the changes that are not pushed yet.

use super::{BuiltReport, ReportInput, ReportKind, difference, findings};
use crate::app::CommandTarget;
use crate::check::{CheckedState, Finding, condensed};
use crate::helm::diff::DocumentChange;
use crate::model::Fault;
use crate::render::compare::Difference;
use crate::render::impact::impact;
use crate::render::revision::Revision;
use crate::repo::git;
use crate::sops::Identities;
use crate::theme::Scope;
use crate::views::parts::page::PageLine;

/// The report.
pub static REPORT: ReportKind = ReportKind { id: "impact", title: "what your changes will do", make };

/// The pushed state, as of the last fetch.
const UPSTREAM: &str = "@{upstream}";
const PUSHED: &str = "what is pushed";
/// The most commits that are listed for an environment.
const COMMITS: usize = 10;

fn make(input: &ReportInput) -> Result<BuiltReport, Fault> {
    let commit = |name: &str| Revision::Commit(name.to_owned());
    let upstream = commit(UPSTREAM);
    let against =
        |old: &Revision| input.rendered(|renderer| impact(&input.snapshot, old, &Revision::WorkingTree, renderer));
    // A branch without an upstream is compared with its last commit.
    let (found, from) = match against(&upstream) {
        Ok(found) => (found, PUSHED),
        Err(_) => (against(&commit("HEAD"))?, "the last commit"),
    };
    let mut lines =
        vec![PageLine::wrapped(format!("from {from} to the working tree, as kustomize renders both"), Scope::Dim)];
    let new = if found.files.is_empty() { Vec::new() } else { new(input, from)? };
    if !new.is_empty() {
        lines.push(PageLine::heading("what they break"));
        findings::by_file(&mut lines, &new, input, |_| Vec::new());
    }
    let mut last = (String::new(), String::new());
    for change in &found.changes {
        let own = (change.env.clone(), change.kustomization.clone());
        if own != last {
            lines.push(PageLine::heading(format!("{}  Kustomization {}", own.0, own.1)));
            last = own;
        }
        rows(&mut lines, change, input);
    }
    if found.changes.is_empty() {
        let text = if found.files.is_empty() {
            "nothing is changed: what you edit appears here before it is pushed"
        } else {
            "renders nothing: no object differs in any environment"
        };
        lines.push(PageLine::wrapped(text, Scope::Text));
    }
    if !found.inert.is_empty() {
        lines.push(PageLine::heading("renders nothing new"));
        lines.extend(found.inert.iter().map(|file| {
            PageLine::cut(&**file, Scope::Dim)
                .after("  ", Scope::Dim)
                .opens(Some(CommandTarget::File(None, file.clone())))
        }));
    }
    lines.extend(found.charts.iter().map(|chart| PageLine::wrapped(chart.clone(), Scope::Progressing)));
    for finding in &found.findings {
        let text = format!("{}: {}: {}", finding.file, finding.fault.what, finding.fault.why);
        lines.push(PageLine::wrapped(text, Scope::Failed).opens(Some(CommandTarget::File(None, finding.file.clone()))));
    }
    lines.extend(not_applied(input));
    let count = |change: DocumentChange| found.changes.iter().filter(|one| one.change == change).count();
    let (created, changed, deleted) =
        (count(DocumentChange::Create), count(DocumentChange::Update), count(DocumentChange::Delete));
    let found = match new.len() {
        0 => String::new(),
        1 => ", 1 new finding".to_owned(),
        count => format!(", {count} new findings"),
    };
    Ok(BuiltReport {
        summary: format!("{created} created, {changed} changed, {deleted} deleted{found}"),
        lines: lines.into(),
    })
}

/// Returns the findings on the working tree that are new.
fn new(input: &ReportInput, from: &str) -> Result<Vec<Finding>, Fault> {
    // No key is used here, as in the list of findings.
    let (none, root) = (Identities::default(), &input.snapshot.root);
    let before = if from == PUSHED { UPSTREAM } else { "HEAD" };
    let state = CheckedState::with_live(&input.snapshot, &Revision::WorkingTree, &none, &input.live, &input.renderer)?;
    let Some(commit) = git::commit(root, before) else { return Ok(condensed(&state.findings)) };
    let before =
        CheckedState::with_live(&input.snapshot, &Revision::Commit(commit), &none, &input.live, &input.renderer)?;
    Ok(condensed(&state.without(&before).findings))
}

/// Lists the pushed commits that an environment has not applied everywhere.
fn not_applied(input: &ReportInput) -> Vec<PageLine> {
    let root = &input.snapshot.root;
    let mut lines = Vec::new();
    for (env, applied) in &input.applied {
        let missing = |commit: &String| git::log_between(root, commit, UPSTREAM, COMMITS).unwrap_or_default();
        let missing = applied.iter().map(missing).max_by_key(Vec::len).unwrap_or_default();
        let name = input.environments.iter().find(|(known, _)| known == env).map_or("", |(_, name)| name);
        if !missing.is_empty() {
            lines.push(PageLine::heading(format!("pushed, and not yet applied everywhere in {name}")));
        }
        lines.extend(missing.iter().map(|entry| {
            PageLine::cut(&*entry.subject, Scope::Text).after(format!("  {}  ", entry.short()), Scope::Waiting)
        }));
    }
    lines
}

fn rows(lines: &mut Vec<PageLine>, change: &Difference, input: &ReportInput) {
    let (sign, scope) = match change.change {
        DocumentChange::Create => ("+ create", Scope::Ready),
        DocumentChange::Update => ("~ change", Scope::Progressing),
        DocumentChange::Delete => ("- delete", Scope::Failed),
    };
    let object = change.object.parse().ok();
    let target = input.env(&change.env).zip(object).map(|(env, object)| CommandTarget::Object(env, object));
    let line = PageLine::cut(&*change.object, Scope::Text).after(format!("  {sign}  "), scope);
    lines.push(line.opens(target.clone()));
    if let Some(note) = &change.note {
        lines.push(PageLine::wrapped(note.clone(), Scope::Progressing).opens(target.clone()));
    }
    difference(lines, &change.diff, target.as_ref());
}
