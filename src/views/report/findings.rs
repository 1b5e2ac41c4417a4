//! What is wrong in the repository, by the rules of `check`.

use super::{Input, Made, Report};
use crate::app::Target;
use crate::check::{self, Context, Finding, Severity};
use crate::model::Fault;
use crate::sops::Identities;
use crate::theme::Scope;
use crate::views::page::PageLine;

/// The report.
pub static REPORT: Report = Report { id: "findings", title: "what is wrong in the repository", make };

fn make(input: &Input) -> Result<Made, Fault> {
    let rendering = input.rendering();
    let files = check::working_tree(&input.snapshot.root, &[])?;
    // No key is asked for here: whether values were changed behind sops's back is told by `secret verify`.
    let identities = Identities::default();
    let context = Context::new(&input.snapshot, &identities, rendering.as_ref().ok());
    let report = check::inspect(&files, &context);
    let mut lines = Vec::new();
    if let Err(fault) = &rendering {
        lines.push(PageLine::wrapped(format!("{}: {}; {}", fault.what, fault.why, fault.todo), Scope::Failed));
    }
    let mut last = "";
    for finding in &report.findings {
        if finding.file != last {
            last = &finding.file;
            lines.push(PageLine::heading(&*finding.file));
        }
        lines.extend(rows(finding, input));
    }
    if report.findings.is_empty() && rendering.is_ok() {
        let text = format!("nothing: {} files and {} rules", files.len(), check::all().count());
        lines.push(PageLine::wrapped(text, Scope::Ready));
    }
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let words = [Severity::Error, Severity::Warning, Severity::Hint].map(|severity| {
        let count = count(severity);
        format!("{count} {}{}", severity.word(), if count == 1 { "" } else { "s" })
    });
    Ok(Made { summary: words.join(", "), lines })
}

fn rows(finding: &Finding, input: &Input) -> [PageLine; 3] {
    let (sign, scope) = match finding.severity {
        Severity::Error => ("x", Scope::Failed),
        Severity::Warning => ("!", Scope::Progressing),
        Severity::Hint => (".", Scope::Waiting),
    };
    let env = finding.env.as_deref();
    let target = Target::File(env.and_then(|name| input.env(name)), finding.file.clone());
    let place = finding.line.map(|line| line.to_string()).unwrap_or_default();
    let env = env.map(|name| format!("{name}: ")).unwrap_or_default();
    let object = finding.object.as_ref().map(|object| format!("{object}: ")).unwrap_or_default();
    let line = |text: String, scope: Scope| PageLine::wrapped(text, scope).opens(Some(target.clone()));
    [
        line(format!("{env}{object}{} [{}]", finding.message, finding.rule), Scope::Text)
            .after(format!("{place:>4}  "), Scope::Dim)
            .after(format!("  {sign} "), scope),
        line(format!("leads to: {}", finding.why), Scope::Dim).after("          ", Scope::Dim),
        line(format!("to do: {}", finding.fix), Scope::Dim).after("          ", Scope::Dim),
    ]
}
