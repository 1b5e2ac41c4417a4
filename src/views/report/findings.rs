//! The findings of the repository, by the rules of `check`.

use super::{BuiltReport, ReportInput, ReportKind};
use crate::app::CommandTarget;
use crate::check::{self, Finding, Other, Quiet, Severity, Survey};
use crate::model::{Env, Fault};
use crate::theme::Scope;
use crate::views::file::look_of;
use crate::views::parts::page::PageLine;

/// The report.
pub static REPORT: ReportKind = ReportKind { id: "findings", title: "what is wrong in the repository", make };

/// The number of documents that are offered with a finding.
const PAGES: usize = 2;

fn make(input: &ReportInput) -> Result<BuiltReport, Fault> {
    let survey = Survey::until(&input.stop, &input.snapshot, &input.live, &input.renderer)?;
    let mut lines = Vec::new();
    if let Some(fault) = &survey.fault {
        lines.push(PageLine::wrapped(format!("{}: {}; {}", fault.what, fault.why, fault.todo), Scope::Failed));
    }
    let told = check::condensed(&survey.findings);
    lines.extend(not_run(&survey.quiet));
    by_file(&mut lines, &told, input, |finding| {
        let pages = survey.pages_of(finding).into_iter().take(PAGES).map(|place| {
            let target = CommandTarget::File(None, place.page.file.clone());
            let text = format!("read: {place}  {}", place.page.title);
            let line = PageLine::cut(text, Scope::Linked).after("          ", Scope::Dim);
            line.opens(Some(target)).at(place.line)
        });
        pages.collect()
    });
    if survey.findings.is_empty() && survey.fault.is_none() {
        let text = format!("nothing: {} files and {} rules", survey.files, check::all().count());
        lines.push(PageLine::wrapped(text, Scope::Ready));
    }
    lines.extend(silenced(survey.silenced));
    let count = |severity| told.iter().filter(|finding| finding.severity == severity).count();
    let words = [Severity::Error, Severity::Warning, Severity::Hint].map(|severity| {
        let count = count(severity);
        format!("{count} {}{}", severity.word(), if count == 1 { "" } else { "s" })
    });
    let partly = match Quiet::count(&survey.quiet) {
        0 => String::new(),
        1 => "; 1 rule did not run on everything".to_owned(),
        count => format!("; {count} rules did not run on everything"),
    };
    Ok(BuiltReport { summary: words.join(", ") + &partly, lines: lines.into() })
}

/// Writes which rules did not run, before the findings: without them a short list is not a clean one.
pub(super) fn not_run(quiet: &[Quiet]) -> Vec<PageLine> {
    quiet.iter().map(|quiet| PageLine::wrapped(quiet.to_string(), Scope::Unknown)).collect()
}

/// Writes the number of silenced findings.
fn silenced(count: usize) -> Option<PageLine> {
    let text = format!("silenced by a comment of their file, or by .fluxdeck.toml: {count}");
    (count > 0).then(|| PageLine::wrapped(text, Scope::Dim))
}

/// Finds the environment of a finding, the first of several.
fn env_of(names: Option<&str>, input: &ReportInput) -> Option<Env> {
    names.and_then(|names| input.env(names.split(", ").next()?))
}

/// Writes findings below the names of their files, each with its details.
pub(super) fn by_file(
    lines: &mut Vec<PageLine>,
    findings: &[Finding],
    input: &ReportInput,
    more: impl Fn(&Finding) -> Vec<PageLine>,
) {
    let mut last = "";
    for finding in findings {
        if finding.file != last {
            last = &finding.file;
            let target = CommandTarget::File(env_of(finding.env.as_deref(), input), finding.file.clone());
            lines.push(PageLine::heading(&*finding.file).opens(Some(target)));
        }
        lines.extend(rows(finding, input));
        lines.extend(others(finding, input));
        lines.extend(more(finding));
    }
}

/// Lists the other places of the same finding, folded below it.
fn others(finding: &Finding, input: &ReportInput) -> Vec<PageLine> {
    if finding.others.is_empty() {
        return Vec::new();
    }
    let row = |other: &Other| {
        let target = CommandTarget::File(env_of(other.env.as_deref(), input), other.file.clone());
        let line = other.line.map(|line| format!(":{line}")).unwrap_or_default();
        let what: String = other.env.iter().chain(&other.object).flat_map(|part| [part.as_str(), ": "]).collect();
        let row = PageLine::cut(format!("{what}{}{line}", other.file), Scope::Text).after("            ", Scope::Dim);
        row.opens(Some(target)).at(other.line).below()
    };
    let count = finding.others.len();
    let places = if count == 1 { "place" } else { "places" };
    let head = PageLine::wrapped(format!("also at {count} {places}"), Scope::Dim).after("          ", Scope::Dim);
    std::iter::once(head).chain(finding.others.iter().map(row)).collect()
}

/// Writes a finding: place and fault, effect, remedy.
fn rows(finding: &Finding, input: &ReportInput) -> [PageLine; 3] {
    let (sign, scope) = look_of(finding.severity);
    let target = CommandTarget::File(env_of(finding.env.as_deref(), input), finding.file.clone());
    let place = finding.line.map(|line| line.to_string()).unwrap_or_default();
    let line = |text: String, scope: Scope| {
        let line = PageLine::wrapped(text, scope).opens(Some(target.clone())).at(finding.line);
        line.explained_by([format!("rule.{}", finding.rule)])
    };
    [
        line(format!("{}{} [{}]", finding.subject(), finding.said(), finding.rule), Scope::Text)
            .after(format!("{place:>4}  "), Scope::Dim)
            .after(format!("  {sign} "), scope),
        line(format!("leads to: {}", finding.why), Scope::Dim).after("          ", Scope::Dim),
        line(format!("to do: {}", finding.fix), Scope::Dim).after("          ", Scope::Dim),
    ]
}
