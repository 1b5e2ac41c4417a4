//! The address of a HelmRepository has no index of charts.

use super::chart_repository_unreachable::is_of_index;
use super::trouble::{ServerTrouble, trouble};
use super::{again, failing_sources, with};
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::{Condition, ShellLine};

pub(super) const CAUSE: Cause =
    Cause { id: "chart-repository-without-index", title: "The address of a chart repository is none", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failing_sources(graph, "HelmRepository").filter_map(|(live, ready)| diagnosis(graph, &live, &ready)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition) -> Option<Diagnosis> {
    let url = live.text("/spec/url");
    let is_oci = url.starts_with("oci://");
    let (why, fix) = if ready.reason == "URLInvalid" && is_oci {
        (
            format!("{url} is a registry, and spec.type does not say so"),
            "Set spec.type: oci: a registry has no index, and each chart is fetched by its name.",
        )
    } else if ready.reason == "URLInvalid" {
        (format!("{url} is no address: {}", short(&ready.message)), "Correct spec.url.")
    } else if is_of_index(ready) && trouble(&ready.message) == Some(ServerTrouble::Missing) {
        (
            format!("{url} has no index.yaml (404): it is no chart repository, or it has moved"),
            "Correct spec.url: the folder that has index.yaml; many projects moved their charts to a registry (spec.type: oci, or an OCIRepository with spec.chartRef).",
        )
    } else if ready.reason == "IndexationFailed" || ready.message.contains("failed to load index") {
        (
            format!("what {url}/index.yaml holds is no index of charts: {}", short(&ready.message)),
            "Correct spec.url; a page of a web site or of a login is no index.",
        )
    } else {
        return None;
    };
    let diagnosis = Diagnosis::new(CAUSE.id, live.object, format!("{}: {why}", live.object.told()))
        .seen_all([live.condition_evidence(ready), live.field_evidence("spec.url", url)])
        .look_at(graph.describe(live.object))
        .look_at(ShellLine::new("curl -sSIL {}", &[&format!("{}/index.yaml", url.trim_end_matches('/'))]))
        .mended_by(Remedy::change(fix, "Ready True, and a new artifact"))
        .documented("https://fluxcd.io/flux/components/source/helmrepositories/#url");
    Some(with(diagnosis, again(graph, live.object)))
}
