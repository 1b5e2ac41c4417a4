//! The registry refuses an image.

use super::images::{self, ImageFault};
use super::pods::event;
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause {
    id: "image-credentials",
    title: "The registry refuses the image: its credentials are missing or wrong",
    find,
};

/// Docker Hub and ghcr.io answer the same for a private image and for one that does not exist, if nobody is logged in.
const AMBIGUOUS: &[&str] = &["may require authorization", "insufficient_scope", "anonymous token", "403 Forbidden"];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = images::failing(graph, ImageFault::Credentials);
    let found = all.iter().map(|ill| {
        let host = images::host(ill.container.image());
        let (pod, namespace) = (&ill.pod, &ill.pod.object.namespace);
        let names: Vec<&str> =
            pod.items("/spec/imagePullSecrets").iter().map(|one| text(one, "/name")).filter(|name| !name.is_empty()).collect();
        let missing: Vec<&&str> =
            names.iter().filter(|name| graph.get(&pod.beside("Secret", "", name)).is_absent()).collect();
        let is_ambiguous = AMBIGUOUS.iter().any(|words| ill.said.contains(words)) && missing.is_empty();
        let why = match (names.as_slice(), missing.first()) {
            (_, Some(name)) => format!("is refused by {host}: its imagePullSecret {namespace}/{name} is missing"),
            ([], None) if is_ambiguous => {
                format!("is refused by {host}: the pod names no imagePullSecrets, or there is no such image")
            }
            ([], None) => format!("is refused by {host}: the pod names no imagePullSecrets"),
            (names, None) => format!("is refused by {host}: the credentials of Secret {} are not accepted", names.join(", ")),
        };
        let mut found = images::diagnosis(graph, ill, CAUSE.id, &why);
        if let Some(event) = event(graph, pod, &["FailedToRetrieveImagePullSecret"], |_| true) {
            found = found.seen(event.message.trim(), event.at, format!("event {} of {}", event.reason, pod.object.told()));
        }
        if !names.is_empty() {
            found = found.seen(format!("spec.imagePullSecrets: {}", names.join(", ")), None, pod.object.told());
            found = found.look_at(graph.shell("kubectl get secret {} -n {}", &[names.first().unwrap_or(&""), namespace]));
        }
        if is_ambiguous {
            found = found.or("image-not-found");
        }
        found
            .mended_by(Remedy::change(
                format!(
                    "Declare a Secret of type kubernetes.io/dockerconfigjson for {host} in namespace {namespace}, sealed, name it in imagePullSecrets of the workload or its ServiceAccount, and push."
                ),
                "events say Successfully pulled image",
            ))
            .documented("https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/")
    });
    found.collect()
}
