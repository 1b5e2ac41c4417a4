//! Writes a comparison as lines: what differs, where Flux would fail, and what is not known.

use crate::app::{CommandTarget, Scene};
use crate::difference::{self, DifferenceKind, LiveComparison, LiveDifference};
use crate::helm::diff::DocumentChange;
use crate::model::Env;
use crate::model::clock::age;
use crate::theme::Scope;
use crate::views::parts::page::PageLine;

/// Writes all of it.
pub(super) fn lines(found: &LiveComparison, kind: DifferenceKind, env: Env, scene: &Scene<'_>) -> Vec<PageLine> {
    let about = match kind {
        DifferenceKind::Next => {
            "from the live objects to what the working tree renders to, by dry runs of the API server"
        }
        DifferenceKind::Drift => "from what was applied last to the live objects",
    };
    let mut lines = vec![PageLine::wrapped(about, Scope::Dim)];
    let mut head = "";
    for one in &found.differences {
        if one.kustomization != head {
            lines.push(PageLine::heading(one.kustomization.as_str()));
            head = &one.kustomization;
        }
        difference_lines(&mut lines, one, kind, env, scene);
    }
    if found.differences.is_empty() {
        let scope = if found.is_whole() { Scope::Ready } else { Scope::Unknown };
        lines.push(PageLine::wrapped(found.without_differences(kind), scope));
    }
    let (refused, reasons): (Vec<_>, Vec<_>) = found.reasons().into_iter().partition(|(_, refused, _)| *refused);
    for (why, _, objects) in refused {
        let text = format!("Flux would fail at {}: {why}", difference::some_of(&objects));
        lines.push(PageLine::wrapped(text, Scope::Failed).after("x ", Scope::Failed));
    }
    if !reasons.is_empty() || !found.remarks.is_empty() {
        lines.push(PageLine::heading("not compared, or not known"));
    }
    for (why, _, objects) in reasons {
        let text = format!("{}: {why}", difference::some_of(&objects));
        lines.push(PageLine::wrapped(text, Scope::Unknown).after("? ", Scope::Unknown));
    }
    lines.extend(
        found.remarks.iter().map(|remark| PageLine::wrapped(&**remark, Scope::Unknown).after("? ", Scope::Unknown)),
    );
    lines
}

fn difference_lines(
    lines: &mut Vec<PageLine>,
    one: &LiveDifference,
    kind: DifferenceKind,
    env: Env,
    scene: &Scene<'_>,
) {
    let (sign, scope) = match (one.change, kind) {
        (DocumentChange::Create, _) => ("+ create", Scope::Ready),
        (DocumentChange::Update, DifferenceKind::Next) => ("~ change", Scope::Progressing),
        (DocumentChange::Update, DifferenceKind::Drift) => ("~ differs", Scope::Progressing),
        (DocumentChange::Delete, DifferenceKind::Next) => ("- delete", Scope::Failed),
        (DocumentChange::Delete, DifferenceKind::Drift) => ("- missing", Scope::Failed),
    };
    let target = Some(CommandTarget::Object(env, one.target.clone()));
    let line = PageLine::cut(&*one.object, Scope::Text).after(format!("  {sign}  "), scope);
    lines.push(line.opens(target.clone()));
    if let Some(note) = &one.note {
        lines.push(PageLine::wrapped(&**note, Scope::Waiting).after("      ", Scope::Dim).opens(target.clone()));
    }
    for field in &one.fields {
        let scope = if field.undone { Scope::Progressing } else { Scope::Waiting };
        let text = field.told(scene.facts.now_in(env));
        lines.push(PageLine::wrapped(text, scope).after("      ", Scope::Dim).opens(target.clone()));
    }
    for event in &one.events {
        let ago = event.at.map(|at| format!(", {} ago", age(scene.facts.now_in(env), at))).unwrap_or_default();
        let text = format!("event: {}: {} ({}{ago})", event.reason, event.message, event.from);
        lines.push(PageLine::wrapped(text, Scope::Dim).after("      ", Scope::Dim).opens(target.clone()));
    }
    for line in one.diff.lines() {
        let scope = match line.as_bytes().first() {
            Some(b'+') => Scope::Added,
            Some(b'-') => Scope::Removed,
            _ => Scope::Dim,
        };
        lines.push(PageLine::cut(line, scope).after("      ", Scope::Dim).opens(target.clone()));
    }
}
