//! The overview of a HelmRelease: its state, with the true cause of a failure, its chart and the sources of its values.

use crate::app::{CommandTarget, Facts};
use crate::helm::Inspection;
use crate::model::{Env, ObjectRef};
use crate::theme::Scope;
use crate::views::detail::overview::{conditions, field, of_flux, origin, state};
use crate::views::parts::page::PageLine;

/// Writes the overview.
pub(super) fn lines(env: Env, object: &ObjectRef, found: &Inspection, facts: &Facts) -> Vec<PageLine> {
    let row = facts.row(env, object);
    let mut lines = Vec::new();
    if let Some(row) = row {
        state(&mut lines, row, facts.now_in(env));
    }
    if let Some(cause) = &found.cause {
        let text = format!("{} is {}: {}", cause.kind, cause.status, cause.reason);
        lines.push(field("cause", text));
        // The row's message is the Ready condition's; after a rollback the cause is elsewhere.
        if row.is_none_or(|row| *row.message != *cause.message) {
            lines.push(PageLine::wrapped(&cause.message, Scope::Error).after(" ".repeat(13), Scope::Text));
        }
    }
    chart(&mut lines, env, found);
    if let Some((row, flux)) = row.and_then(|row| Some((row, row.flux.as_ref()?))) {
        of_flux(&mut lines, env, row, flux, facts);
    }
    values(&mut lines, env, found);
    origin(&mut lines, env, object, row, None, facts);
    conditions(&mut lines, &found.conditions, facts.now_in(env));
    lines
}

fn chart(lines: &mut Vec<PageLine>, env: Env, found: &Inspection) {
    let (name, version) = &found.wanted;
    let chart = &found.chart;
    if chart.name.is_empty() {
        lines.push(field("chart", "nothing is deployed yet"));
    } else {
        let app = if chart.app_version.is_empty() { String::new() } else { format!(", app {}", chart.app_version) };
        lines.push(field("chart", format!("{} {}{app}", chart.name, chart.version)));
    }
    if !name.is_empty() {
        lines.push(field("asked for", format!("{name} {version}")));
    }
    if let Some(helm_chart) = &found.helm_chart {
        lines.push(
            field("fetched by", helm_chart.to_string()).opens(Some(CommandTarget::Object(env, helm_chart.clone()))),
        );
    }
    let own = found.object.namespace == found.namespace && found.object.name == found.release;
    if !own {
        lines.push(field("release", format!("{} in {}", found.release, found.namespace)));
    }
    if found.storage_namespace != found.object.namespace {
        lines.push(field("stored in", found.storage_namespace.as_str()));
    }
}

fn values(lines: &mut Vec<PageLine>, env: Env, found: &Inspection) {
    for (index, reference) in found.values_from.iter().enumerate() {
        let optional = if reference.optional { ", optional" } else { "" };
        let at =
            if reference.target_path.is_empty() { String::new() } else { format!(" at {}", reference.target_path) };
        let text = format!("{}/{} {}{at}{optional}", reference.kind, reference.name, reference.key());
        let target = ObjectRef::bare(&reference.kind, &found.object.namespace, &reference.name);
        let label = if index == 0 { "values from" } else { "" };
        lines.push(field(label, text).opens(Some(CommandTarget::Object(env, target))));
    }
}
