//! A thousand Flux objects, ten thousand pods, and much of it broken: what an examination asks for, and what it looks at,
//! grows as the environment does and no faster.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Diagnosis;
use super::graph::{ListQuery, LiveGraph, Want};
use super::testing::{examined_at_once, is_chosen};
use crate::model::ObjectRef;

const NOW: &str = "2026-11-29T12:00:00Z";
const LONG_AGO: &str = "2026-11-01T12:00:00Z";
const PODS_OF_ONE: usize = 20;
const NAMESPACES: usize = 25;

/// Holds an environment: half of its Flux objects are Kustomizations that wait on one another in a chain whose first one
/// fails, half are releases, every second of which timed out on a Deployment with two crashing pods.
struct Environment {
    of_kind: BTreeMap<(String, String), Vec<(ObjectRef, Value)>>,
    by_label: BTreeMap<(String, String), Vec<Value>>,
    requests: BTreeMap<&'static str, usize>,
}

fn metadata(namespace: &str, name: &str) -> Value {
    json!({"name": name, "namespace": namespace, "generation": 1, "creationTimestamp": LONG_AGO})
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "observedGeneration": 1,
        "lastTransitionTime": "2026-11-29T11:00:00Z", "message": message})
}

fn kustomization(number: usize) -> Value {
    let name = format!("layer-{number:04}");
    let mut spec = json!({"interval": "10m", "path": "./layer", "prune": true,
        "sourceRef": {"kind": "GitRepository", "name": "flux-system"}});
    let ready = if let Some(before) = number.checked_sub(1) {
        let before = format!("layer-{before:04}");
        spec["dependsOn"] = json!([{"name": before}]);
        let said = format!("dependency 'flux-system/{before}' is not ready");
        condition("Ready", "False", "DependencyNotReady", &said)
    } else {
        condition(
            "Ready",
            "False",
            "ArtifactFailed",
            "kustomization path not found: stat /tmp/kustomization-1/layer: no such file or directory",
        )
    };
    json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": metadata("flux-system", &name), "spec": spec,
        "status": {"observedGeneration": 1, "conditions": [ready]}})
}

fn release(namespace: &str, name: &str, is_well: bool) -> Value {
    let said =
        format!("Helm upgrade failed for release {namespace}/{name} with chart web@1.2.0: context deadline exceeded");
    let conditions = if is_well {
        json!([condition("Ready", "True", "UpgradeSucceeded", "Helm upgrade succeeded")])
    } else {
        json!([
            condition("Ready", "False", "UpgradeFailed", &said),
            condition("Released", "False", "UpgradeFailed", &said)
        ])
    };
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": metadata(namespace, name),
        "spec": {"interval": "10m", "chart": {"spec": {"chart": "web", "version": "1.2.0",
            "sourceRef": {"kind": "HelmRepository", "name": "charts", "namespace": "flux-system"}}}},
        "status": {"observedGeneration": 1, "helmChart": format!("flux-system/{namespace}-{name}"), "conditions": conditions}})
}

fn deployment(namespace: &str, name: &str, failing: usize) -> Value {
    let mut metadata = metadata(namespace, name);
    metadata["labels"] = json!({"helm.toolkit.fluxcd.io/name": name, "helm.toolkit.fluxcd.io/namespace": namespace});
    let ready = PODS_OF_ONE - failing;
    let available = if failing == 0 { "True" } else { "False" };
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": {"replicas": PODS_OF_ONE, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "image": "registry.example.org/web:1.2.0"}]}}},
        "status": {"observedGeneration": 1, "replicas": PODS_OF_ONE, "updatedReplicas": PODS_OF_ONE, "readyReplicas": ready,
            "availableReplicas": ready, "unavailableReplicas": failing, "conditions": [
                condition("Available", available, "MinimumReplicas", ""),
                condition("Progressing", "True", "NewReplicaSetAvailable", "")]}})
}

fn pod(namespace: &str, workload: &str, number: usize, crashes: bool) -> Value {
    let mut metadata = metadata(namespace, &format!("{workload}-5f5bc58874-{number:05}"));
    metadata["labels"] = json!({"app": workload, "pod-template-hash": "5f5bc58874"});
    metadata["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "name": format!("{workload}-5f5bc58874"), "uid": "1", "controller": true}]);
    let state = if crashes {
        json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}})
    } else {
        json!({"running": {"startedAt": LONG_AGO}})
    };
    let last = json!({"terminated": {"exitCode": 1, "reason": "Error", "startedAt": NOW, "finishedAt": NOW}});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry.example.org/web:1.2.0"}]},
        "status": {"phase": "Running",
            "conditions": [condition("Ready", if crashes { "False" } else { "True" }, "", ""), condition("PodScheduled", "True", "", "")],
            "containerStatuses": [{"name": "main", "image": "web", "imageID": "", "ready": !crashes, "started": true,
                "restartCount": if crashes { 7 } else { 0 }, "state": state,
                "lastState": if crashes { last } else { json!({}) }}]}})
}

impl Environment {
    fn of(flux_objects: usize) -> Self {
        let mut made = Self { of_kind: BTreeMap::new(), by_label: BTreeMap::new(), requests: BTreeMap::new() };
        let revision = "main@sha1:9f1c2aa47d3b60e8815f2c94ab07de6613c5f80b";
        made.add(json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": metadata("flux-system", "flux-system"),
            "spec": {"interval": "1m", "url": "https://git.example.org/fleet", "ref": {"branch": "main"}},
            "status": {"observedGeneration": 1, "artifact": {"revision": revision, "lastUpdateTime": NOW},
                "conditions": [condition("Ready", "True", "Succeeded", "stored artifact")]}}));
        made.add(
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "creationTimestamp": LONG_AGO},
            "status": {"conditions": [condition("Ready", "True", "KubeletReady", "")]}}),
        );
        for number in 0..flux_objects / 2 {
            made.add(kustomization(number));
            let (namespace, name) = (format!("team-{:02}", number % NAMESPACES), format!("web-{number:04}"));
            let failing = if number % 2 == 0 { 2 } else { 0 };
            made.add(release(&namespace, &name, failing == 0));
            made.add(deployment(&namespace, &name, failing));
            for one in 0..PODS_OF_ONE {
                made.add(pod(&namespace, &name, one, one < failing));
            }
        }
        made
    }

    fn add(&mut self, value: Value) {
        let object = ObjectRef::of_body(&value);
        if let Some(app) = value.pointer("/metadata/labels/app").and_then(Value::as_str) {
            self.by_label.entry((object.namespace.clone(), format!("app={app}"))).or_default().push(value.clone());
        }
        self.of_kind.entry((object.group.clone(), object.kind.clone())).or_default().push((object, value));
    }

    fn listed(&self, query: &ListQuery) -> Vec<Value> {
        if !query.labels.is_empty() && query.kind == "Pod" {
            let found = self.by_label.get(&(query.namespace.clone(), query.labels.clone()));
            return found.cloned().unwrap_or_default();
        }
        let all = self.of_kind.get(&(query.group.clone(), query.kind.clone())).into_iter().flatten();
        all.filter(|(object, value)| is_chosen(query, object, value)).map(|(_, value)| value.clone()).collect()
    }

    fn answer(&mut self, graph: &mut LiveGraph, want: Want) {
        let kind = match &want {
            Want::List(_) => "lists",
            Want::Object(_) => "objects",
            Want::Events(_) => "events",
            Want::Log(_) => "logs",
        };
        *self.requests.entry(kind).or_default() += 1;
        match want {
            Want::List(query) => {
                let found = self.listed(&query);
                graph.add_list(query, found);
            }
            Want::Object(object) => graph.add_object(object, None),
            Want::Events(object) => graph.add_events(object, Vec::new()),
            Want::Log(query) => graph.add_log(query, vec!["panic: no database".to_owned()]),
        }
    }

    /// Examines it; returns the roots and how many objects causes were shown.
    fn examined(&mut self) -> (Vec<Diagnosis>, usize) {
        let now: Timestamp = NOW.parse().expect("a time");
        let mut graph = LiveGraph::new("staging", "staging", now);
        let found = examined_at_once(&mut graph, |graph, want| self.answer(graph, want));
        (found.roots, graph.shown.get())
    }
}

#[test]
fn a_thousand_flux_objects_and_ten_thousand_pods_are_looked_at_in_proportion() {
    let mut small = Environment::of(250);
    let (_, shown_of_small) = small.examined();
    let mut large = Environment::of(1000);
    let (roots, shown) = large.examined();
    let of_cause = |cause: &str| roots.iter().filter(|root| root.cause == cause).count();
    assert_eq!((of_cause("path-missing"), of_cause("crash-loop"), roots.len()), (1, 250, 251));
    let chain = roots.iter().find(|root| root.cause == "path-missing").expect("the first of the chain");
    assert_eq!(chain.blocks.len(), 499, "what waits hangs below it");
    // Each failing Deployment costs its pods, the events and the log of one of them, and its release an event.
    let requests: usize = large.requests.values().sum();
    assert!(requests <= 250 * 4 + 120, "{:?}", large.requests);
    // Some 13,000 objects are read; a hundred and more causes look at the few that are not well.
    assert!(shown < 250_000, "{shown} objects were shown");
    // Four times as much is looked at about four times as often.
    assert!(shown <= shown_of_small * 5, "{shown_of_small} objects were shown, and {shown} of four times as many");
}
