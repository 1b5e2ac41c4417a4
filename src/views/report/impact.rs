//! What the changes that are not pushed yet will do.

use super::{Input, Made, Report, difference};
use crate::app::Target;
use crate::helm::diff::Change;
use crate::model::Fault;
use crate::render::compare::Difference;
use crate::render::impact::impact;
use crate::render::revision::Revision;
use crate::render::{Cache, Tool};
use crate::theme::Scope;
use crate::views::page::PageLine;

/// The report.
pub static REPORT: Report = Report { id: "impact", title: "what your changes will do", make };

fn make(input: &Input) -> Result<Made, Fault> {
    let (tool, cache) = (Tool::at_hand()?, Cache::of_user());
    let commit = |name: &str| Revision::Commit(name.to_owned());
    let upstream = commit("@{upstream}");
    let against = |old: &Revision| impact(&input.snapshot, old, &Revision::WorkingTree, &tool, &cache);
    // A branch that follows nothing is compared with its last commit.
    let (found, from) = match against(&upstream) {
        Ok(found) => (found, "what is pushed"),
        Err(_) => (against(&commit("HEAD"))?, "the last commit"),
    };
    let mut lines =
        vec![PageLine::wrapped(format!("from {from} to the working tree, as kustomize renders both"), Scope::Dim)];
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
            PageLine::cut(&**file, Scope::Dim).after("  ", Scope::Dim).opens(Some(Target::File(None, file.clone())))
        }));
    }
    for finding in &found.findings {
        let text = format!("{}: {}: {}", finding.file, finding.fault.what, finding.fault.why);
        lines.push(PageLine::wrapped(text, Scope::Failed).opens(Some(Target::File(None, finding.file.clone()))));
    }
    let count = |change: Change| found.changes.iter().filter(|one| one.change == change).count();
    let (created, changed, deleted) = (count(Change::Create), count(Change::Update), count(Change::Delete));
    Ok(Made { summary: format!("{created} created, {changed} changed, {deleted} deleted"), lines })
}

fn rows(lines: &mut Vec<PageLine>, change: &Difference, input: &Input) {
    let (sign, scope) = match change.change {
        Change::Create => ("+ create", Scope::Ready),
        Change::Update => ("~ change", Scope::Progressing),
        Change::Delete => ("- delete", Scope::Failed),
    };
    let object = change.object.parse().ok();
    let target = input.env(&change.env).zip(object).map(|(env, object)| Target::Object(env, object));
    let line = PageLine::cut(&*change.object, Scope::Text).after(format!("  {sign}  "), scope);
    lines.push(line.opens(target.clone()));
    difference(lines, &change.diff, target.as_ref());
}
