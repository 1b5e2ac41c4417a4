//! The Markdown documents of the repository: their headings, and all their lines for the search.

use super::{BuiltReport, ReportInput, ReportKind};
use crate::app::CommandTarget;
use crate::check::working_tree;
use crate::markdown::Style;
use crate::model::Fault;
use crate::repo::EntryKind;
use crate::theme::Scope;
use crate::views::file::is_document;
use crate::views::parts::page::PageLine;

/// The report.
pub static REPORT: ReportKind = ReportKind { id: "documents", title: "documents", make };

fn make(input: &ReportInput) -> Result<BuiltReport, Fault> {
    let entries = input.snapshot.scan.entries.iter().filter(|entry| entry.kind == EntryKind::File);
    let names = entries.map(|entry| entry.path.to_string()).filter(|path| is_document(path)).collect::<Vec<_>>();
    // Without a path, all files would be listed.
    let files = if names.is_empty() { Vec::new() } else { working_tree(&input.snapshot.root, &names)? };
    let mut lines = Vec::new();
    if files.is_empty() {
        let text =
            "there is none: a README.md and pages below docs/ are shown here, and where what they are about is shown";
        lines.push(PageLine::wrapped(text, Scope::Text));
    }
    for file in &files {
        let document = file.document();
        let target = CommandTarget::File(None, file.path.clone());
        lines.push(PageLine::heading(&*file.path).opens(Some(target.clone())).at(Some(1)));
        for line in &document.lines {
            let (depth, scope) = match line.style {
                Style::Heading(level) if line.lead.is_empty() => (Some(level), Scope::Text),
                Style::Blank => continue,
                _ => (None, Scope::Dim),
            };
            let lead = "  ".repeat(usize::from(depth.unwrap_or(3)));
            let shown = PageLine::cut(format!("{}{}", line.lead, line.text), scope).after(lead, Scope::Dim);
            let shown = shown.opens(Some(target.clone())).at(Some(line.source));
            lines.push(if depth.is_some_and(|depth| depth <= 2) { shown } else { shown.hidden() });
        }
    }
    Ok(BuiltReport {
        summary: format!("{}, ‹key:filter› searches in all of them", files.len()), lines: lines.into()
    })
}
