//! The API of metrics is missing or does not answer, so nothing scales by CPU or memory.

use super::autoscalers::{self, Unscaled};
use super::pods::joined;
use super::routing::Workloads;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Lookup, Remedy};
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause = Cause {
    id: "autoscaler-without-metrics",
    title: "Autoscalers have no metrics: metrics.k8s.io is missing or does not answer",
    find,
};

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = autoscalers::idle(graph, Unscaled::MetricsApi);
    let service = ObjectRef::new("APIService", "apiregistration.k8s.io", "", "v1beta1.metrics.k8s.io");
    joined(all.iter().filter_map(|idle| {
        let live = graph.get(&service);
        let (object, why, fix) = match live {
            Lookup::Unknown => return None,
            Lookup::Absent => (
                idle.autoscaler.object,
                "is not installed: no APIService v1beta1.metrics.k8s.io".to_owned(),
                "Install metrics-server, from the repository.",
            ),
            Lookup::Found(live) => {
                let available = live.condition("Available").filter(|condition| condition.status != "True");
                let said = available.map(|condition| condition.message)?;
                let object = broken_server(graph, &live).unwrap_or(live.object);
                (
                    object,
                    format!("does not answer: {}", crate::doctor::message::short(&said)),
                    "Bring the pods of metrics-server back.",
                )
            }
        };
        let message = format!("{} cannot scale {}: metrics.k8s.io {why}", idle.autoscaler.object.told(), idle.target());
        let mut found = idle
            .diagnosis(graph, CAUSE.id, object, message)
            .look_at(graph.shell("kubectl get apiservice {}", &[&service.name]))
            .mended_by(Remedy::change(fix, "kubectl top pods shows numbers, and ScalingActive True"));
        if !live.is_absent() {
            // The APIService, or its server, has a cause of its own.
            found = found.unless_deeper();
        }
        Some((service.name.clone(), found))
    }))
}

/// Finds the workload behind an `APIService`, if it is not ready.
fn broken_server<'a>(graph: &'a LiveGraph, live: &LiveObject<'_>) -> Option<&'a ObjectRef> {
    let service = ObjectRef::new("Service", "", live.text("/spec/service/namespace"), live.text("/spec/service/name"));
    let service = graph.get(&service).found()?;
    let mut workloads = Workloads::of(graph).behind(&service).into_iter();
    workloads.find(|one| graph.row(one.object).is_some_and(|row| row.state != State::Ready)).map(|one| one.object)
}
