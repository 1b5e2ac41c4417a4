//! The commits that changed what an object renders to.

use super::{BuiltReport, ReportInput, ReportKind, difference};
use crate::app::CommandTarget;
use crate::model::Fault;
use crate::render::history::history;
use crate::theme::Scope;
use crate::views::parts::page::PageLine;

/// The report.
pub static REPORT: ReportKind = ReportKind { id: "history", title: "commits that changed it", make };

/// How many commits are looked at.
const COUNT: usize = 30;

fn make(input: &ReportInput) -> Result<BuiltReport, Fault> {
    let Some((name, object)) = input.about.as_ref().and_then(|target| match target {
        CommandTarget::Object(env, object) => {
            let name = input.environments.iter().find(|(known, _)| known == env).map(|(_, name)| name)?;
            Some((name, object))
        }
        _ => None,
    }) else {
        return Ok(BuiltReport { summary: "nothing".to_owned(), lines: Vec::new().into() });
    };
    let (found, _) = input.rendered(|renderer| history(&input.snapshot, name, object, COUNT, renderer))?;
    let mut lines = vec![PageLine::wrapped(
        format!("{object} of {name}, as kustomize renders it before and after each commit"),
        Scope::Dim,
    )];
    for one in &found {
        let commit = one.commit.get(..7).unwrap_or(&one.commit);
        let day = one.at.map(|at| at.to_string().chars().take(10).collect::<String>()).unwrap_or_default();
        lines.push(PageLine::heading(format!("{commit}  {day}  {}  {}", one.author, one.subject)));
        difference(&mut lines, &one.change.diff, None);
    }
    if found.is_empty() {
        let text = format!("none of the last {COUNT} commits to its Kustomization's files changed it");
        lines.push(PageLine::wrapped(text, Scope::Text));
    }
    Ok(BuiltReport { summary: format!("{} of {}", found.len(), object.short()), lines: lines.into() })
}
