//! `HorizontalPodAutoscalers` that do not scale, by what their controller says.

use crate::doctor::live::text;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject};
use crate::model::{Condition, ObjectRef, State};

/// Names why an autoscaler does not scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unscaled {
    /// The API of metrics is missing or does not answer.
    MetricsApi,
    /// A container has no request to compare the use with.
    NoRequest,
    /// The target is missing.
    NoTarget,
    /// A metric is missing.
    NoMetric,
}

/// Describes an autoscaler that does not scale.
pub(super) struct Idle<'a> {
    pub(super) autoscaler: LiveObject<'a>,
    pub(super) condition: Condition,
}

impl Idle<'_> {
    /// Starts the diagnosis: a warning, because the pods run.
    pub(super) fn diagnosis(
        &self,
        graph: &LiveGraph,
        cause: &'static str,
        object: &ObjectRef,
        message: String,
    ) -> Diagnosis {
        Diagnosis::new(cause, object, message)
            .warning()
            .explaining([self.autoscaler.object.clone()])
            .seen_all([self.autoscaler.condition_evidence(&self.condition)])
            .look_at(graph.describe(self.autoscaler.object))
            .documented("https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/")
    }

    /// Returns the target.
    pub(super) fn target_object(&self) -> ObjectRef {
        let part = |name: &str| self.autoscaler.text(&format!("/spec/scaleTargetRef/{name}"));
        let group = crate::model::api_group(part("apiVersion"));
        self.autoscaler.beside(part("kind"), group, part("name"))
    }

    /// Names the target: `Deployment/web`.
    pub(super) fn target(&self) -> String {
        let part = |name: &str| self.autoscaler.text(&format!("/spec/scaleTargetRef/{name}"));
        format!("{}/{}", part("kind"), part("name"))
    }
}

fn classify(condition: &Condition) -> Unscaled {
    let said = condition.message.as_str();
    if condition.reason == "FailedGetScale" {
        Unscaled::NoTarget
    } else if said.contains("missing request for") {
        Unscaled::NoRequest
    } else if said.contains("metrics.k8s.io)") && !said.contains("custom.metrics") && !said.contains("external.metrics")
    {
        Unscaled::MetricsApi
    } else {
        Unscaled::NoMetric
    }
}

/// Finds autoscalers that do not scale for a reason. `ScalingDisabled` is a target that was scaled to 0 on purpose.
pub(super) fn idle(graph: &LiveGraph, wanted: Unscaled) -> Vec<Idle<'_>> {
    let found = graph.all("autoscaling", "HorizontalPodAutoscaler").filter_map(|autoscaler| {
        let condition = ["AbleToScale", "ScalingActive"]
            .into_iter()
            .find_map(|kind| autoscaler.condition(kind).filter(|condition| condition.status == "False"))?;
        let fails = condition.reason.starts_with("FailedGet") || condition.reason.starts_with("Invalid");
        let why = classify(&condition);
        // Metrics of new pods take a minute; those that are not ready have none.
        let is_old = graph.is_past(autoscaler.created(), 120) && graph.is_past(condition.last_transition_time, 60);
        let is_sure = why == Unscaled::MetricsApi || (is_old && is_target_well(graph, &autoscaler));
        (fails && is_sure && why == wanted).then_some(Idle { autoscaler, condition })
    });
    found.collect()
}

/// Tells whether the target is not what is wrong: pods that are not ready have no metrics.
fn is_target_well(graph: &LiveGraph, autoscaler: &LiveObject<'_>) -> bool {
    let target = autoscaler.beside(
        autoscaler.text("/spec/scaleTargetRef/kind"),
        "apps",
        autoscaler.text("/spec/scaleTargetRef/name"),
    );
    graph.row(&target).is_none_or(|row| row.state == State::Ready)
}

/// Tells whether an autoscaler sets the number of pods; `None` while that is not known.
pub(in crate::doctor::causes) fn is_autoscaled(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<bool> {
    // Programs that scale by the clock note what was before: `downscaler/original-replicas`.
    let annotations = live.value.pointer("/metadata/annotations").and_then(serde_json::Value::as_object);
    if annotations.into_iter().flatten().any(|(key, _)| key.ends_with("/original-replicas")) {
        return Some(true);
    }
    let targets = |group: &str, kind: &str| {
        let is_it = |one: LiveObject<'_>| {
            let target = one.value.pointer("/spec/scaleTargetRef");
            let named = target.map(|target| (text(target, "/kind"), text(target, "/name"))).unwrap_or_default();
            // KEDA's kind is a Deployment where it says none.
            one.object.namespace == live.object.namespace
                && named.1 == live.object.name
                && (named.0 == live.object.kind || (named.0.is_empty() && live.object.kind == "Deployment"))
        };
        graph.all(group, kind).any(is_it)
    };
    let autoscalers = [("autoscaling", "HorizontalPodAutoscaler"), ("keda.sh", "ScaledObject")];
    let known = autoscalers.map(|(group, kind)| (graph.is_served(group, kind), targets(group, kind)));
    if known.iter().any(|(_, is_target)| *is_target) {
        return Some(true);
    }
    known.iter().all(|(is_served, _)| is_served.is_some()).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::{Unscaled, classify};
    use crate::model::Condition;

    #[test]
    fn the_words_of_the_autoscaler_are_told_apart() {
        let told = |reason: &str, message: &str| {
            let value =
                serde_json::json!({"type": "ScalingActive", "status": "False", "reason": reason, "message": message});
            classify(&serde_json::from_value::<Condition>(value).unwrap())
        };
        let api = "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
        assert_eq!(told("FailedGetResourceMetric", api), Unscaled::MetricsApi);
        assert_eq!(
            told(
                "FailedGetResourceMetric",
                "failed to get cpu utilization: missing request for cpu in container main of Pod web-1"
            ),
            Unscaled::NoRequest
        );
        assert_eq!(told("FailedGetScale", "deployments.apps \"web\" not found"), Unscaled::NoTarget);
        assert_eq!(
            told("FailedGetPodsMetric", "no custom metrics API (custom.metrics.k8s.io) registered"),
            Unscaled::NoMetric
        );
    }
}
