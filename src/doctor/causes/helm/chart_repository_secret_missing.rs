//! The Secret with a repository's credentials or certificates is not there.

use super::{again, failing_sources, source_of, with};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::Condition;

pub(super) const CAUSE: Cause =
    Cause { id: "chart-repository-secret-missing", title: "The Secret of a chart repository is missing", find };

/// source-controller 1.7: `failed to get authentication secret 'NAMESPACE/NAME': secrets "NAME" not found`, of a
/// registry at the HelmChart.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = failing_sources(graph, "HelmRepository").chain(failing_sources(graph, "HelmChart"));
    all.filter_map(|(live, ready)| diagnosis(graph, &live, &ready)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition) -> Option<Diagnosis> {
    let name =
        between(&ready.message, "secrets \"", "\" not found").filter(|_| ready.reason == "AuthenticationFailed")?;
    let secret = live.beside("Secret", "", name);
    // It may have been made since.
    if graph.get(&secret).found().is_some() {
        return None;
    }
    let repository = source_of(graph, live.object).unwrap_or(live.object);
    let message =
        format!("Secret {}/{name} is missing, which {} needs for its server", secret.namespace, repository.told());
    let diagnosis = Diagnosis::new(CAUSE.id, &secret, message)
        .seen_all([live.condition_evidence(ready)])
        .explaining([live.object.clone(), repository.clone()])
        .look_at(graph.shell("kubectl get secret {} -n {}", &[name, &secret.namespace]))
        .mended_by(Remedy::change(
            "Add the Secret to what is applied before the repository, encrypted, in the same namespace; or correct the name in spec.secretRef or spec.certSecretRef.",
            "the Secret is there, and Ready True",
        ))
        .documented("https://fluxcd.io/flux/components/source/helmrepositories/#secret-reference");
    Some(with(diagnosis, again(graph, live.object)))
}
