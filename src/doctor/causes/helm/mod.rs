//! Causes in releases: charts, values, installs, upgrades, retries.

mod failure;
mod owned;
mod trouble;

use super::Cause;

causes! {
    chart_build_failed, chart_not_found, chart_not_loaded, chart_repository_denied, chart_repository_secret_missing, chart_repository_unreachable,
    chart_repository_without_index, chart_version_not_found, release_crd_missing,
    release_denied_by_policy, release_expression_not_met, release_failed_though_well, release_force_replace, release_field_immutable,
    release_forbidden, release_hook_failed, release_kubernetes_too_old, release_last_failed, release_manifest_invalid, release_mended_meanwhile,
    release_namespace_missing, release_operation_pending, release_ownership_conflict, release_post_render_failed, release_retries_exhausted,
    release_rollback_target_missing, release_template_failed, release_test_failed,
    release_timed_out, values_reference_missing, release_values_rejected, release_without_deployed, released_twice,
}

use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::{Condition, ObjectRef, ShellLine, State};

/// The manual of the HelmRelease.
const MANUAL: &str = "https://fluxcd.io/flux/components/helm/helmreleases/";

/// Iterates over the releases that are not well: neither Ready, nor suspended, nor on their way out.
fn unwell(graph: &LiveGraph) -> impl Iterator<Item = LiveObject<'_>> {
    let kind = kinds::HELM_RELEASE;
    graph.all(kind.group, kind.kind).filter(|live| {
        let state = graph.row(live.object).map(|row| row.state);
        !matches!(state, Some(State::Ready | State::Suspended)) && !live.is_true("/spec/suspend") && !live.is_deleting()
    })
}

/// Iterates over the releases that are not Ready for a reason, by the present generation.
fn failing<'a>(graph: &'a LiveGraph, reason: &'a str) -> impl Iterator<Item = (LiveObject<'a>, Condition)> {
    unwell(graph).filter_map(move |live| {
        Some((live, live.present_condition("Ready", "False").filter(|ready| ready.reason == reason)?))
    })
}

/// Iterates over the charts or the chart repositories that are not Ready, by the present generation.
fn failing_sources<'a>(graph: &'a LiveGraph, kind: &'a str) -> impl Iterator<Item = (LiveObject<'a>, Condition)> {
    graph.all(crate::model::known::SOURCE, kind).filter_map(move |live| {
        let state = graph.row(live.object)?.state;
        let is_well = matches!(state, State::Ready | State::Suspended) || live.is_deleting();
        let ready = live.present_condition("Ready", "False").filter(|_| !is_well)?;
        Some((live, ready))
    })
}

/// Diagnoses each HelmChart whose failure is recognised.
fn charts_that(
    graph: &LiveGraph,
    is_it: fn(&Condition) -> bool,
    diagnosis: fn(&LiveGraph, &LiveObject<'_>, &Condition) -> Diagnosis,
) -> Vec<Diagnosis> {
    let failing = failing_sources(graph, "HelmChart").filter(|(_, ready)| is_it(ready));
    failing.map(|(live, ready)| diagnosis(graph, &live, &ready)).collect()
}

/// Finds the source that a HelmChart or a HelmRelease names.
fn source_of<'a>(graph: &'a LiveGraph, object: &ObjectRef) -> Option<&'a ObjectRef> {
    graph.row(object)?.flux.as_ref()?.source.as_ref()
}

/// Finds the object to change for a chart: the release that it was made for, else itself.
fn declared<'a>(graph: &'a LiveGraph, chart: &LiveObject<'a>) -> &'a ObjectRef {
    let name = format!("{}/{}", chart.object.namespace, chart.object.name);
    let kind = kinds::HELM_RELEASE;
    let made = graph.all(kind.group, kind.kind).find(|live| live.text("/status/helmChart") == name);
    made.map_or(chart.object, |live| live.object)
}

/// Asks the controller to look again, once the cause is mended.
fn again(graph: &LiveGraph, object: &ObjectRef) -> Option<Remedy> {
    let line = graph.reconcile(object)?;
    Some(
        Remedy::new(line, "Its controller looks again at once instead of at its next try.", "Ready True")
            .by("reconcile", object),
    )
}

/// Writes a line of helm: it names the context in its own way.
fn helm(graph: &LiveGraph, fixed: &'static str, words: &[&str]) -> ShellLine {
    ShellLine::new(fixed, words).option(" --kube-context {}", &graph.context)
}

/// Adds the remedies that there are.
fn with(diagnosis: Diagnosis, remedies: impl IntoIterator<Item = Remedy>) -> Diagnosis {
    remedies.into_iter().fold(diagnosis, Diagnosis::mended_by)
}
