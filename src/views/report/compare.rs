//! Two environments side by side, as the repository renders them: the documents that are the same, that differ, that
//! only one has.

use std::collections::BTreeMap;

use super::{BuiltReport, ReportInput, ReportKind, difference};
use crate::app::CommandTarget;
use crate::helm::diff::DocumentChange;
use crate::model::Fault;
use crate::render::compare::{Difference, environments};
use crate::theme::Scope;
use crate::views::parts::page::PageLine;

/// The report.
pub static REPORT: ReportKind = ReportKind { id: "compare", title: "environments compared", make };

/// Returns the environment to begin with and the one after it, or before it for the last.
fn pair(input: &ReportInput) -> Option<(&str, &str)> {
    let all = &input.environments;
    let at = all.iter().position(|(env, _)| Some(*env) == input.begins).unwrap_or(0);
    let other = all.get(at + 1).or_else(|| all.get(at.checked_sub(1)?))?;
    all.get(at).map(|(_, one)| (one.as_str(), other.1.as_str()))
}

fn make(input: &ReportInput) -> Result<BuiltReport, Fault> {
    let Some((one, other)) = pair(input) else {
        let line = PageLine::wrapped("there is one environment: two are compared", Scope::Text);
        return Ok(BuiltReport { summary: "one environment".to_owned(), lines: vec![line].into() });
    };
    let rendering = input.rendering()?;
    let compared = environments(&rendering, one, other);
    let mut applications: BTreeMap<String, Vec<&Difference>> = BTreeMap::new();
    for difference in &compared.differences {
        applications.entry(difference.kustomization.clone()).or_default().push(difference);
    }
    let mut lines = vec![PageLine::wrapped(
        format!(
            "- is {one}, + is {other}: ‹key:right› shows the lines, ‹key:left› hides them; values of encrypted secrets are not compared"
        ),
        Scope::Dim,
    )];
    for (application, differences) in &applications {
        let same = compared.same.get(application).copied().unwrap_or_default();
        lines.push(PageLine::heading(format!("{application}  {} differ, {same} the same", differences.len())));
        // The width of "+ only " and the longer name, and two cells between columns.
        let room = one.len().max(other.len()).saturating_add(9);
        for found in differences {
            let (words, scope, env) = match found.change {
                DocumentChange::Update => ("~ differs".to_owned(), Scope::Progressing, one),
                DocumentChange::Create => (format!("+ only {other}"), Scope::Waiting, other),
                DocumentChange::Delete => (format!("- only {one}"), Scope::Waiting, one),
            };
            let object = found.object.parse().ok();
            let target = input.env(env).zip(object).map(|(env, object)| CommandTarget::Object(env, object));
            let count = |sign: char| found.diff.lines().filter(|line| line.starts_with(sign)).count();
            let size = match found.change {
                DocumentChange::Update => format!("  -{} +{}", count('-'), count('+')),
                DocumentChange::Create | DocumentChange::Delete => String::new(),
            };
            lines.push(
                PageLine::cut(format!("{}{size}", found.object), Scope::Text)
                    .after(format!("  {words:<room$}"), scope)
                    .opens(target.clone()),
            );
            let mut folded = Vec::new();
            difference(&mut folded, &found.diff, target.as_ref());
            lines.extend(folded.into_iter().map(PageLine::below));
        }
    }
    let quiet: Vec<String> = compared
        .same
        .iter()
        .filter(|(application, _)| !applications.contains_key(*application))
        .map(|(application, count)| format!("{application} ({count})"))
        .collect();
    if !quiet.is_empty() {
        lines.push(PageLine::heading("the same in both"));
        lines.push(PageLine::wrapped(quiet.join(", "), Scope::Dim).after("  ", Scope::Dim));
    }
    let same: usize = compared.same.values().sum();
    Ok(BuiltReport { summary: format!("{} differ, {same} the same", compared.differences.len()), lines: lines.into() })
}
