//! The tabs that are read once they are open. All values from here are masked: the view never holds a secret value.

use serde_json::Value;

use super::InspectorTab;
use super::history::Choice;
use crate::cluster::Cluster;
use crate::helm::diff::DocumentChange;
use crate::helm::{self, Comparison, ValueRow};
use crate::model::{Fault, ObjectRef};
use crate::theme::Scope;
use crate::views::parts::page::PageLine;

/// Reads a tab for a choice of revisions.
pub(super) async fn read(
    cluster: &Cluster,
    object: &ObjectRef,
    tab: InspectorTab,
    choice: Choice,
) -> Result<Vec<PageLine>, Fault> {
    let shown = choice.shown();
    Ok(match tab {
        InspectorTab::Values => values(&helm::values_of(cluster, object, shown).await?, shown),
        InspectorTab::Manifest => {
            let rendered = helm::rendered_of(cluster, object, shown).await?;
            let heading = format!("manifest of revision {}", rendered.revision);
            let mut lines = text(&heading, &rendered.manifest, "it rendered nothing");
            for (heading, hook) in &rendered.hooks {
                lines.push(PageLine::heading(""));
                lines.extend(text(heading, hook, "it rendered nothing"));
            }
            lines
        }
        InspectorTab::Notes => {
            let (revision, notes) = helm::notes_of(cluster, object, shown).await?;
            text(&format!("notes of revision {revision}"), &notes, "the chart has no notes")
        }
        InspectorTab::Diff => comparison(&helm::compare(cluster, object, choice.compared(), shown).await?),
        InspectorTab::Overview | InspectorTab::History | InspectorTab::Tree | InspectorTab::Events => Vec::new(),
    })
}

/// Writes values, each with its origin.
pub(super) fn values(rows: &[ValueRow], revision: Option<u32>) -> Vec<PageLine> {
    let title = match revision {
        Some(revision) => format!("values of revision {revision}; configured ones over the chart's defaults"),
        None => "values in effect: what the next run would take, each with where it comes from".to_owned(),
    };
    if rows.is_empty() {
        return vec![PageLine::heading(title), PageLine::wrapped("there are no values", Scope::Text)];
    }
    let line = |row: &ValueRow| {
        let (text, scope) = match row.shown() {
            Value::String(text) if row.secret => (text, Scope::Masked),
            Value::String(text) => (text.replace('\n', " "), Scope::Text),
            other => (other.to_string(), Scope::Text),
        };
        PageLine::wrapped(text, scope).cell(&row.path, Scope::Title).cell(&row.origin, Scope::Dim)
    };
    std::iter::once(PageLine::heading(title)).chain(rows.iter().map(line)).collect()
}

fn text(title: &str, text: &str, empty: &str) -> Vec<PageLine> {
    let mut lines = vec![PageLine::heading(title)];
    if text.trim().is_empty() {
        lines.push(PageLine::wrapped(empty, Scope::Text));
    }
    let scope = |line: &str| if line.contains("(masked") { Scope::Masked } else { Scope::Text };
    lines.extend(text.lines().map(|line| PageLine::cut(line, scope(line))));
    lines
}

/// Writes the difference of two revisions: values first, then the documents.
pub(super) fn comparison(found: &Comparison) -> Vec<PageLine> {
    let mut lines = vec![PageLine::heading(format!("from revision {} to {}", found.old, found.new))];
    if found.values.is_empty() && found.documents.is_empty() {
        lines.push(PageLine::wrapped("values and rendered documents are the same", Scope::Text));
        return lines;
    }
    let mut block = |title: String, diff: &str| {
        lines.push(PageLine::heading(String::new()));
        lines.push(PageLine::heading(title));
        lines.extend(diff.lines().map(line));
    };
    if found.values.is_empty() {
        block("values: the same".to_owned(), "");
    } else {
        block("values".to_owned(), &found.values);
    }
    if found.documents.is_empty() {
        block("documents: the same; the change renders nothing new".to_owned(), "");
    }
    for document in &found.documents {
        let word = match document.change {
            DocumentChange::Create => "new",
            DocumentChange::Update => "changed",
            DocumentChange::Delete => "removed",
        };
        block(format!("{} {word}", document.object), &document.diff);
    }
    lines
}

/// Styles a line of a unified difference; its sign has the same meaning without colour.
fn line(text: &str) -> PageLine {
    let scope = match text.chars().next() {
        Some('+') => Scope::Added,
        Some('-') => Scope::Removed,
        Some('@') => Scope::Dim,
        _ => Scope::Text,
    };
    PageLine::cut(text, scope)
}
