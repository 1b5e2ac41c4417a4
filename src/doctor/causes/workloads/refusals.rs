//! Why the API server refuses the pods of a controller, by the words of the admission plugin.

use super::pods::{after_colon, job_or_cron_job};
use crate::doctor::{Diagnosis, Evidence, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::ObjectRef;

/// Names who refuses a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// A `ResourceQuota`.
    Quota,
    /// A `LimitRange`.
    LimitRange,
    /// Its ServiceAccount is missing.
    ServiceAccount,
    /// The Pod Security Standard of the namespace.
    PodSecurity,
    /// A webhook, or a policy of the API server.
    Policy,
    /// A webhook that does not answer.
    WebhookDown,
    /// Something else.
    Other,
}

/// Describes pods that could not be created.
pub(super) struct Refused {
    pub(super) workload: ObjectRef,
    pub(super) said: String,
    pub(super) evidence: Evidence,
}

impl Refused {
    /// Starts the diagnosis.
    pub(super) fn diagnosis(&self, cause: &'static str, object: &ObjectRef, message: impl Into<String>) -> Diagnosis {
        Diagnosis::new(cause, object, message).seen_all([self.evidence.clone()]).explaining([self.workload.clone()])
    }
}

/// Recognises who refuses a pod (kube-apiserver 1.35).
pub(super) fn classify(said: &str) -> Admission {
    if said.contains("exceeded quota: ") || said.contains("failed quota: ") {
        Admission::Quota
    } else if said.contains("violates PodSecurity") {
        Admission::PodSecurity
    } else if said.contains("serviceaccount \"") && said.contains("not found") {
        Admission::ServiceAccount
    } else if said.contains("failed calling webhook") {
        Admission::WebhookDown
    } else if (said.contains("admission webhook") || said.contains("ValidatingAdmissionPolicy"))
        && said.contains("denied")
    {
        Admission::Policy
    } else if said.contains(" usage per ") || said.contains("limit to request ratio") {
        Admission::LimitRange
    } else {
        Admission::Other
    }
}

/// Finds the workloads whose pods are refused in one way.
pub(super) fn refused(graph: &LiveGraph, wanted: Admission) -> Vec<Refused> {
    let mut found = all(graph);
    // Its predecessor still ends, which takes no long time or has a cause of its own.
    let is_late = |said: &str| said.contains("object is being deleted") || said.contains("already exists");
    found.retain(|one| classify(&one.said) == wanted && !is_late(&one.said));
    found
}

fn all(graph: &LiveGraph) -> Vec<Refused> {
    let mut found = Vec::new();
    for kind in kinds::WORKLOADS {
        found.extend(graph.not_ready(kind.group, kind.kind).filter_map(|live| of_workload(graph, &live)));
    }
    for job in graph.all("batch", "Job") {
        let is_open = job.condition("Complete").is_none() && job.condition("Failed").is_none();
        let has_pods = ["active", "succeeded", "failed", "ready", "terminating"]
            .iter()
            .any(|field| job.number(&format!("/status/{field}")).unwrap_or_default() > 0);
        if is_open && !has_pods && !job.is_true("/spec/suspend") && !job.is_deleting() {
            let workload = job_or_cron_job(graph, job.object.clone());
            found.extend(by_event(graph, &job).map(|one| Refused { workload, ..one }));
        }
    }
    found
}

fn of_workload(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Refused> {
    let number = |pointer: &str| live.number(pointer).unwrap_or_default();
    match live.object.kind.as_str() {
        "Deployment" => {
            let condition = live.condition("ReplicaFailure").filter(|condition| condition.status == "True")?;
            let evidence = live.condition_evidence(&condition);
            Some(Refused { workload: live.object.clone(), said: condition.message, evidence })
        }
        "DaemonSet" => {
            let lacks = number("/status/currentNumberScheduled") < number("/status/desiredNumberScheduled");
            lacks.then(|| by_event(graph, live)).flatten()
        }
        _ => {
            let lacks = number("/status/replicas") < live.number("/spec/replicas").unwrap_or(1);
            lacks.then(|| by_event(graph, live)).flatten()
        }
    }
}

/// Reads it from the event of the controller, which tries again at the latest after 17 minutes.
fn by_event(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Refused> {
    let event = graph.event(live.object, &["FailedCreate"]).filter(|event| !graph.is_past(event.at, 1200))?;
    let from = format!("event {} of {}", event.reason, live.object.told());
    let evidence = Evidence { text: event.message.clone(), at: event.at, from };
    Some(Refused { workload: live.object.clone(), said: event.message.clone(), evidence })
}

/// Tells that nothing stands in the way any more, and that the controller has not tried again yet: it waits longer each
/// time, up to 17 minutes.
pub(super) fn mended(graph: &LiveGraph, found: Diagnosis) -> Diagnosis {
    let object = found.object.clone();
    let message = format!("{}; nothing refuses them any more, and the controller tries again by itself", found.message);
    let mut found = Diagnosis { message, fix: Vec::new(), ..found.warning() };
    if object.kind == "Deployment" {
        let line = "kubectl rollout restart deployment {} -n {} --field-manager=flux-client-side-apply";
        found = found.mended_by(
            Remedy::new(
                graph.shell(line, &[&object.name, &object.namespace]),
                "The controller waits up to 17 minutes before it tries again; a new rollout tries at once.",
                "READY n/n",
            )
            .by("restart", &object),
        );
    }
    found
}

/// Writes what an admission plugin said, without the words before it.
pub(super) fn plain(said: &str) -> String {
    let rest = said.split_once(" is forbidden: ").map_or(said, |(_, rest)| rest);
    let rest = rest.strip_prefix("Error creating: ").unwrap_or(rest);
    after_colon(rest)
}

#[cfg(test)]
mod tests {
    use super::{Admission, classify, plain};

    #[test]
    fn the_words_of_admission_plugins_are_told_apart() {
        let quota =
            "pods \"web-5f-\" is forbidden: exceeded quota: compute, requested: cpu=1, used: cpu=4, limited: cpu=4";
        assert_eq!(classify(quota), Admission::Quota);
        assert_eq!(plain(quota), ": exceeded quota: compute, requested: cpu=1, used: cpu=4, limited: cpu=4");
        assert_eq!(
            classify("pods \"a\" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi"),
            Admission::LimitRange
        );
        assert_eq!(
            classify(
                "pods \"a-\" is forbidden: error looking up service account web/x: serviceaccount \"x\" not found"
            ),
            Admission::ServiceAccount
        );
        assert_eq!(
            classify("pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": x"),
            Admission::PodSecurity
        );
        assert_eq!(classify("admission webhook \"v.kyverno.svc\" denied the request: no"), Admission::Policy);
        assert_eq!(classify("Internal error occurred: failed calling webhook \"m\": x"), Admission::WebhookDown);
        assert_eq!(classify("pods \"a\" is forbidden: no PriorityClass with name x was found"), Admission::Other);
    }
}
