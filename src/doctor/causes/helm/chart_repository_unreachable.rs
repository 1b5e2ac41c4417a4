//! The server of a chart repository or of a registry is not reached.

use super::trouble::{ServerTrouble, host, trouble};
use super::{again, failing_sources, source_of, with};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::{Condition, ObjectRef};

pub(super) const CAUSE: Cause =
    Cause { id: "chart-repository-unreachable", title: "A chart repository or registry is not reached", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let said = |(live, ready): (LiveObject<'_>, Condition)| match trouble(&ready.message)? {
        ServerTrouble::Unreachable(why) => Some(diagnosis(graph, &at_fault(graph, &live), &live, &ready, &why)),
        ServerTrouble::Denied(_) | ServerTrouble::Missing => None,
    };
    let repositories = failing_sources(graph, "HelmRepository").filter(|(_, ready)| is_of_index(ready));
    let charts = failing_sources(graph, "HelmChart").filter(|(_, ready)| is_of_pull(ready));
    repositories.filter_map(said).chain(charts.filter_map(said)).collect()
}

/// source-controller: `failed to fetch Helm repository index: …`.
pub(super) fn is_of_index(ready: &Condition) -> bool {
    ready.message.contains("failed to fetch Helm repository index") || ready.message.contains("failed to cache index")
}

/// source-controller: `chart pull error: …`, and of a registry's tags and login `could not get tags for …`.
pub(super) fn is_of_pull(ready: &Condition) -> bool {
    matches!(ready.reason.as_str(), "ChartPullError" | "Failed" | "AuthenticationFailed" | "Unknown")
        && !ready.message.contains("secrets \"")
}

/// Finds the object to look at: a registry's address stands in the HelmRepository, which has no status of its own.
pub(super) fn at_fault(graph: &LiveGraph, live: &LiveObject<'_>) -> ObjectRef {
    let registry = source_of(graph, live.object)
        .filter(|source| graph.get(source).found().is_some_and(|source| source.text("/spec/type") == "oci"));
    registry.unwrap_or(live.object).clone()
}

/// Finds the address that was asked.
pub(super) fn address<'a>(graph: &'a LiveGraph, object: &ObjectRef, said: &'a str) -> &'a str {
    match graph.get(object).found().map(|found| found.text("/spec/url")) {
        Some(url) if !url.is_empty() => url,
        _ => crate::doctor::message::between(said, "Get \"", "\"")
            .or_else(|| crate::doctor::message::between(said, "GET \"", "\""))
            .unwrap_or_default(),
    }
}

fn diagnosis(graph: &LiveGraph, object: &ObjectRef, live: &LiveObject<'_>, ready: &Condition, why: &str) -> Diagnosis {
    let url = address(graph, object, &ready.message);
    let artifact = live.text("/status/artifact/revision");
    let meanwhile = match artifact {
        "" => "nothing was ever fetched, so its releases wait",
        _ => "its releases stay at what was fetched before",
    };
    let message = format!("{}: {} {why}; {meanwhile}", object.told(), host(url));
    let test = by_hand(url);
    let diagnosis = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([live.condition_evidence(ready), live.field_evidence("spec.url", url)])
        .explaining([live.object.clone()])
        .look_at(graph.describe(live.object))
        .look_at(test)
        .mended_by(Remedy::change(
            "Correct spec.url (or the proxy and certSecretRef) if the address is wrong; else the server, its DNS name or the way out of the cluster has to be mended.",
            "Ready True, and a new artifact",
        ))
        .documented("https://fluxcd.io/flux/components/source/helmrepositories/");
    with(diagnosis, again(graph, live.object))
}

/// Writes how the same address is asked by hand.
fn by_hand(url: &str) -> crate::model::ShellLine {
    match url.strip_prefix("oci://") {
        Some(rest) => crate::model::ShellLine::new("curl -sSI {}", &[&format!("https://{}/v2/", host(rest))]),
        None => crate::model::ShellLine::new("curl -sSI {}", &[&format!("{}/index.yaml", url.trim_end_matches('/'))]),
    }
}
