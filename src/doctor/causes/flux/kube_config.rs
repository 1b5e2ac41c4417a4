//! The kubeconfig of the cluster that an object is applied to is missing or cannot be used, or that cluster is away.

use super::failure::{Failure, appliers, is_there, then_reconcile};
use super::retry_pending;
use super::transport::{Trouble, reason, trouble};
use crate::doctor::Cause;
use crate::doctor::causes::elsewhere::{self, elsewhere};
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "kube-config", title: "Another cluster's kubeconfig is missing, or that cluster is away", find };

/// fluxcd/pkg/runtime 0.88 says `unable to read KubeConfig secret 'ns/n' error: …`, `KubeConfig secret 'ns/n' does not contain
/// a 'value' key with a kubeconfig` and `invalid KubeConfig in secret 'ns/n': …`; helm-controller 1.4 `could not get KubeConfig
/// secret 'ns/n': …`, and kustomize-controller 1.9 `failed to get configmap ns/n: …`. What was built with a whole one fails as the other cluster answers.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let remote = appliers(graph).filter(|failure| failure.live.value.pointer("/spec/kubeConfig").is_some());
    remote.filter_map(|failure| diagnosis(graph, &failure)).collect()
}

fn diagnosis(graph: &LiveGraph, failure: &Failure<'_>) -> Option<Diagnosis> {
    let object = failure.object();
    let page = if crate::kinds::HELM_RELEASE.is(object) {
        "https://fluxcd.io/flux/components/helm/helmreleases/#kubeconfig-remote-clusters"
    } else {
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#kubeconfig-remote-clusters"
    };
    let (kind, name) = match failure.live.text("/spec/kubeConfig/secretRef/name") {
        "" => ("ConfigMap", failure.live.text("/spec/kubeConfig/configMapRef/name")),
        name => ("Secret", name),
    };
    let holder = failure.live.beside(kind, "", name);
    let begun = |said: String| failure.found(CAUSE.id, said).look_at(graph.describe(object)).documented(page);
    let named = format!("{}/{name}", object.namespace);
    let says_config =
        failure.message().to_lowercase().contains("kubeconfig") || failure.says(&format!("configmap {named}:"));
    if says_config && !is_there(graph, &holder) {
        let hint = elsewhere::told(elsewhere(graph, &holder).as_ref());
        let found = failure
            .found_at(CAUSE.id, &holder, format!("{} cannot reach its cluster: {} does not exist{hint}", object.told(), holder.told()))
            .lacking(&holder)
            .look_at(graph.describe(object))
            .documented(page)
            .mended_by(Remedy::change(
                "Add it in the object's own namespace (a Secret sealed, with the kubeconfig as its entry value), before what uses it, or correct spec.kubeConfig; then push.",
                "Ready True",
            ));
        return Some(then_reconcile(graph, found, object));
    }
    if says_config && failure.says("not found") {
        return Some(retry_pending::of(graph, failure, &format!("{} is there now", holder.told())));
    }
    if says_config {
        let found = begun(format!("{} cannot use the kubeconfig in {}: {}", object.told(), holder.told(), short(failure.message())))
            .mended_by(Remedy::change(
                "Put a whole kubeconfig into the Secret's entry value (or name the entry in spec.kubeConfig.secretRef.key): certificates and tokens in it, no paths and no exec plug-in.",
                "Ready True",
            ));
        return Some(then_reconcile(graph, found, object));
    }
    // A health check of what is there has its time too.
    if !failure.says_any(&["dial tcp", "x509:", "provide credentials", "Unauthorized"]) {
        return None;
    }
    let how = match trouble(failure.message()).unwrap_or(Trouble::Credentials) {
        Trouble::UnknownHost | Trouble::Unreachable => "does not answer",
        Trouble::Certificate => "has a certificate that is not trusted",
        Trouble::Credentials => "refuses the credentials",
        Trouble::Secret | Trouble::HostKey | Trouble::Missing => return None,
    };
    let found = begun(format!(
        "{} is applied to another cluster, which {how} ({}); its kubeconfig is in {}",
        object.told(),
        reason(failure.message()),
        holder.told()
    ))
    .mended_by(Remedy::change(
        "See that the other cluster's API server runs and may be reached from this one; where it was made anew, put its new kubeconfig into the Secret.",
        "Ready True",
    ));
    Some(then_reconcile(graph, found, object))
}
