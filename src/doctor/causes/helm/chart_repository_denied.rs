//! The server of a chart repository or of a registry does not let source-controller in.

use super::chart_repository_unreachable::{address, at_fault, is_of_index, is_of_pull};
use super::trouble::{ServerTrouble, host, trouble};
use super::{again, failing_sources, with};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::{Condition, ObjectRef};

pub(super) const CAUSE: Cause =
    Cause { id: "chart-repository-denied", title: "A chart repository or registry refuses the credentials", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let said = |(live, ready): (LiveObject<'_>, Condition)| match trouble(&ready.message)? {
        ServerTrouble::Denied(why) => Some(diagnosis(graph, &at_fault(graph, &live), &live, &ready, &why)),
        ServerTrouble::Unreachable(_) | ServerTrouble::Missing => None,
    };
    let repositories = failing_sources(graph, "HelmRepository").filter(|(_, ready)| is_of_index(ready));
    let charts = failing_sources(graph, "HelmChart").filter(|(_, ready)| is_of_pull(ready));
    repositories.filter_map(said).chain(charts.filter_map(said)).collect()
}

fn diagnosis(graph: &LiveGraph, object: &ObjectRef, live: &LiveObject<'_>, ready: &Condition, why: &str) -> Diagnosis {
    let repository = graph.get(object).found().unwrap_or(*live);
    let url = address(graph, object, &ready.message);
    let secret = repository.text("/spec/secretRef/name");
    // A chart names the repository, and only that one names the Secret.
    let is_known = repository.object.kind == "HelmRepository";
    let with_what = match secret {
        "" if !is_known => "its HelmRepository may not be read".to_owned(),
        "" => "no spec.secretRef gives it any".to_owned(),
        name => format!("those of Secret {}/{name} are not accepted", object.namespace),
    };
    let message = format!("{}: {} {why}, and {with_what}", object.told(), host(url));
    let mut diagnosis = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([live.condition_evidence(ready), repository.field_evidence("spec.url", url)])
        .explaining([live.object.clone()])
        .look_at(graph.describe(live.object));
    diagnosis = if secret.is_empty() {
        diagnosis.mended_by(Remedy::change(
            "Add spec.secretRef with a Secret of username and password (of type kubernetes.io/dockerconfigjson for a registry), or make the chart public; some registries also refuse what does not exist, so check spec.url.",
            "Ready True",
        ))
    } else {
        diagnosis.look_at(graph.shell("kubectl get secret {} -n {}", &[secret, &object.namespace])).mended_by(
            Remedy::change(
                "Renew the user and the token in that Secret, with the right to read; the token may have ended.",
                "Ready True",
            ),
        )
    };
    diagnosis = diagnosis.documented("https://fluxcd.io/flux/components/source/helmrepositories/#secret-reference");
    with(diagnosis, again(graph, live.object))
}
