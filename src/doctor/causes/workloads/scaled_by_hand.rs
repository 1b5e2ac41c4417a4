//! A workload was scaled by hand to fewer pods than Git declares.

use super::autoscalers::is_autoscaled;
use crate::check::DeclaredObject;
use crate::doctor::by_hand::reconciled;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::clock::age;
use crate::model::field_manager::ManagerKind;
use crate::model::managed_fields::ManagerEntry;

pub(super) const CAUSE: Cause =
    Cause { id: "scaled-by-hand", title: "Scaled by hand to fewer pods than Git declares", find };

/// The number of pods where no field says it (Kubernetes API reference, `spec.replicas`).
const DEFAULT: i64 = 1;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    // A DaemonSet has no number of pods of its own.
    let scaled = kinds::WORKLOADS.iter().filter(|kind| kind.kind != "DaemonSet");
    scaled.flat_map(|kind| graph.all(kind.group, kind.kind)).filter_map(|live| diagnosis(graph, &live)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let declared = graph.declared(live).filter(|declared| !declared.keeps_live)?;
    let said = declared.spec.get("replicas").and_then(serde_json::Value::as_i64);
    // What a variable fills in that is not known here says nothing.
    if said.is_none() && declared.spec.get("replicas").is_some() {
        return None;
    }
    let (wanted, replicas) = (said.unwrap_or(DEFAULT), live.number("/spec/replicas").unwrap_or(DEFAULT));
    if replicas >= wanted || live.is_deleting() || live.owner().is_some() {
        return None;
    }
    let writers = ManagerEntry::all(live.value).filter(|entry| entry.owns(&["spec", "replicas"]));
    let last = writers.max_by_key(|entry| entry.at);
    match last.map(|entry| ManagerKind::of(entry.manager)) {
        Some(ManagerKind::Person) => {}
        // Another commit of Git, an autoscaler, or nobody knows.
        Some(_) => return None,
        // The scale subresource leaves no owner of a field that had none. What Git states has one.
        None if said.is_some() || is_autoscaled(graph, live)? => return None,
        None => {}
    }
    if is_autoscaled(graph, live) == Some(true) {
        return None;
    }
    let object = live.object;
    let at = last.and_then(|entry| entry.at);
    let ago = at.map(|at| format!(" {} ago", age(graph.now, at))).unwrap_or_default();
    let what = if said.is_some() { format!("Git says {wanted}") } else { format!("Git leaves it at {wanted}") };
    let told = object.told();
    let message = match last {
        Some(entry) => format!("{told} was scaled to {replicas} by hand with {}{ago}; {what}", entry.words()),
        None => format!("{told} is scaled to {replicas}, and {what}; who scaled it is nowhere noted"),
    };
    let mut field = live.field_evidence("spec.replicas", &replicas.to_string());
    field.at = at;
    let found = Diagnosis::new(CAUSE.id, object, message).unless_deeper().seen_all([field]).seen(
        what,
        None,
        declared.file.clone(),
    );
    let found = if replicas == 0 { found } else { found.warning() };
    let found = found
        .look_at(graph.describe(object))
        .look_at(graph.yaml(object))
        .documented("https://fluxcd.io/flux/faq/#why-are-kubectl-edits-rolled-back-by-flux");
    Some(mended(graph, live, declared, said, wanted).into_iter().fold(found, Diagnosis::mended_by))
}

/// Finds what takes it back. The scale subresource is not taken over, so a number that Git does not state stays.
fn mended(
    graph: &LiveGraph,
    live: &LiveObject<'_>,
    declared: &DeclaredObject,
    said: Option<i64>,
    wanted: i64,
) -> Vec<Remedy> {
    let look_for = format!("{wanted} of {wanted} pods ready");
    let mut found = if said.is_some() { reconciled(graph, declared, &look_for) } else { Vec::new() };
    if found.is_empty() {
        let (kind, replicas) = (live.object.kind.to_lowercase(), wanted.to_string());
        let scale = graph.shell(
            "kubectl scale {} {} -n {} --replicas={}",
            &[&kind, &live.object.name, &live.object.namespace, &replicas],
        );
        let why = "Nothing in Git sets replicas, so no run of Flux takes it back.";
        found.push(Remedy::new(scale, why, look_for));
    }
    found.push(Remedy::change(
        format!("If it is to stay so, set replicas in {} and push.", declared.file),
        "the file says what is live",
    ));
    found
}
