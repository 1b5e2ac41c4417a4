//! The tab of the inventory: the objects that a Kustomization applied, by kind, each with its live state if its kind is
//! watched.

use std::collections::BTreeMap;

use crate::app::health::state_scope;
use crate::app::{CommandTarget, Facts};
use crate::kinds;
use crate::model::{Env, ObjectRef, Row};
use crate::theme::Scope;
use crate::views::parts::page::PageLine;

/// The kinds that are watched beside those of Flux while the inventory is open.
pub(super) const WATCHED: &[&str] = &["Deployment"];

/// Writes the inventory.
pub(super) fn lines(env: Env, row: &Row, facts: &Facts) -> Vec<PageLine> {
    let ids = row.flux.as_ref().map(|flux| flux.inventory.as_slice()).unwrap_or_default();
    if ids.is_empty() {
        let text = "it has applied nothing yet: the overview says what holds it";
        return vec![PageLine::wrapped(text, Scope::Text)];
    }
    let mut groups: BTreeMap<(bool, String), Vec<ObjectRef>> = BTreeMap::new();
    for object in ids.iter().filter_map(|id| ObjectRef::from_inventory(id)) {
        let flux = kinds::kind_of(&object).is_some_and(|kind| kind.flux);
        groups.entry((!flux, object.kind.clone())).or_default().push(object);
    }
    let mut lines = Vec::new();
    for ((_, kind), mut objects) in groups {
        objects.sort();
        lines.push(PageLine::heading(format!("{kind} {}", objects.len())));
        lines.extend(objects.iter().map(|object| line(env, object, facts)));
    }
    lines
}

fn line(env: Env, object: &ObjectRef, facts: &Facts) -> PageLine {
    let name =
        if object.namespace.is_empty() { object.name.clone() } else { format!("{}/{}", object.namespace, object.name) };
    let known = kinds::kind_of(object);
    let table = known.and_then(|kind| facts.table(env, kind));
    let target = CommandTarget::Object(env, object.clone());
    match (facts.row(env, object).filter(|_| known.is_some()), table) {
        (Some(row), _) => {
            let cells: Vec<&str> =
                row.cells.iter().map(AsRef::as_ref).filter(|cell| !cell.is_empty()).take(1).collect();
            let message = row.message.lines().next().unwrap_or("");
            let text = format!("{name}  {}  {message}", cells.join("  "));
            PageLine::cut(text.trim_end(), Scope::Text)
                .after(format!("  {} ", row.state.sign()), state_scope(row.state))
                .opens(Some(target))
        }
        (None, Some(table)) if table.link.is_live() => {
            PageLine::cut(format!("{name}  is not there"), Scope::Text).after("  x ", Scope::Failed).opens(Some(target))
        }
        _ => PageLine::cut(name, Scope::Text).after("    ", Scope::Text).opens(Some(target)),
    }
}
