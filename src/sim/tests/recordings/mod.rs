//! The results of the model, compared with those of the real controllers: the same steps as in
//! `tests/recordings/record.sh`, with each state compared.

mod failures;
mod ordinary;
mod workloads;

use std::path::Path;

use regex::Regex;
use serde_json::{Value, json};

use super::{get, patch, ready, until};
use crate::cluster::Cluster;
use crate::model::Env;
use crate::sim::json::{list, text};
use crate::sim::{Commit, Scenario, Simulation};
use std::sync::{Arc, LazyLock};

/// The steps with compared states, so that no recorded one is forgotten.
struct Replay {
    simulation: Arc<Simulation>,
    cluster: Cluster,
    compared: Vec<String>,
    differences: Vec<String>,
}

fn path(kind: &str, name: &str) -> String {
    let group = match kind {
        "kustomizations" => "kustomize.toolkit.fluxcd.io/v1",
        "helmreleases" => "helm.toolkit.fluxcd.io/v2",
        _ => "source.toolkit.fluxcd.io/v1",
    };
    format!("/apis/{group}/namespaces/flux-system/{kind}/{name}")
}

const SCRUBS: &[(&str, &str)] = &[
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z", "TIME"),
    (r"(sha1|sha256):[0-9a-f]{40,64}", "$1:HASH"),
    (r"[0-9a-f]{40,64}", "HASH"),
    (r"sha256:HASH\.yaml", "HASH.yaml"),
    (r"source-controller\.flux-system\.svc\.cluster\.local\.", "HOST"),
    (r"kustomization-[0-9]+", "kustomization-N"),
    (r"(?s)Last Helm logs:.*", "Last Helm logs: LOGS"),
    (r"size [0-9.]+ ?k?B", "size SIZE"),
    (r"( in| after) ([0-9]+m)?[0-9]+(\.[0-9]+)?(ms|µs|s)", "$1 DURATION"),
];

/// The replaced expressions, compiled once: that costs more than their use.
static SCRUBBERS: LazyLock<Vec<(Regex, &str)>> =
    LazyLock::new(|| SCRUBS.iter().map(|(what, with)| (Regex::new(what).unwrap(), *with)).collect());

/// Replaces values that differ from run to run, as record.sh does.
fn clean(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            SCRUBBERS.iter().fold(text.clone(), |text, (what, with)| what.replace_all(&text, *with).into_owned()).into()
        }
        Value::Array(all) => all.iter().map(clean).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let value = match key.as_str() {
                    "size" => "SIZE".into(),
                    key if key.ends_with("Duration") => "DURATION".into(),
                    _ => clean(value),
                };
                (key.clone(), value)
            })
            .collect(),
        other => other.clone(),
    }
}

/// Writes a value in lines, a leaf each, sorted, so that differences can be reported.
fn leaves(at: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| leaves(&format!("{at}/{key}"), value, lines)),
        Value::Array(all) if at.ends_with("/conditions") => {
            for one in all {
                leaves(&format!("{at}/{}", text(one, "/type")), one, lines);
            }
        }
        Value::Array(all) if at.ends_with("/events") => all.iter().for_each(|one| lines.push(format!("{at} {one}"))),
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(place, one)| leaves(&format!("{at}/{place}"), one, lines));
        }
        leaf => lines.push(format!("{at} = {leaf}")),
    }
}

fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    leaves("", value, &mut lines);
    lines.sort();
    lines.dedup();
    lines
}

impl Replay {
    fn new() -> Self {
        let commit = |digit: &str, subject: &str| Commit {
            branch: "main".to_owned(),
            sha: digit.repeat(40),
            subject: subject.to_owned(),
            ..Commit::default()
        };
        let scenario =
            Scenario::named("healthy").unwrap().with_commits(commit("a", "the first commit"), commit("0", "none"));
        let simulation = Simulation::new(&scenario, super::clock());
        let cluster = simulation.cluster(Env(0), "staging");
        Self { simulation, cluster, compared: Vec::new(), differences: Vec::new() }
    }

    fn apply(&self, manifest: Value) {
        self.simulation.apply("staging", manifest);
    }

    async fn until(&self, kind: &str, name: &str, wanted: impl Fn(&Value) -> bool) {
        until(&self.cluster, &path(kind, name), wanted).await;
    }

    async fn ask(&self, kind: &str, name: &str, token: &str) {
        super::request(&self.cluster, &path(kind, name), token).await;
    }

    async fn suspend(&self, kind: &str, name: &str, suspend: bool) {
        patch(&self.cluster, &path(kind, name), &json!({"spec": {"suspend": suspend}})).await;
    }

    /// Compares the object's state with the recording of a step.
    async fn compare(&mut self, step: &str, kind: &str, name: &str) {
        self.compare_at(step, &path(kind, name)).await;
    }

    async fn compare_at(&mut self, step: &str, address: &str) {
        let object = get(&self.cluster, address).await;
        let (kind, name) = (text(&object, "/kind"), text(&object, "/metadata/name"));
        let address = format!(
            "/api/v1/namespaces/flux-system/events?fieldSelector=involvedObject.name%3D{name},involvedObject.kind%3D{kind}"
        );
        let events = get(&self.cluster, &address).await;
        let events: Vec<Value> = list(&events, "/items")
            .iter()
            // The time of a garbage collection varies.
            .filter(|event| text(event, "/reason") != "GarbageCollectionSucceeded")
            .map(|event| json!({"message": event["message"], "reason": event["reason"], "type": event["type"]}))
            .collect();
        let model = json!({"kind": kind, "generation": object["metadata"]["generation"], "status": object["status"], "events": events});
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/recordings/{step}.json"));
        let real: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let (model, real) = (lines(&clean(&model)), lines(&clean(&real)));
        self.compared.push(step.to_owned());
        for line in &real {
            if !model.contains(line) {
                self.differences.push(format!("{step}: only the real controller says {line}"));
            }
        }
        for line in &model {
            if !real.contains(line) {
                self.differences.push(format!("{step}: only the simulation says {line}"));
            }
        }
    }
}

fn handled(token: &'static str) -> impl Fn(&Value) -> bool {
    move |object| text(object, "/status/lastHandledReconcileAt") == token
}

fn is_ready(object: &Value) -> bool {
    ready(object).0 == "True"
}

fn reason(reason: &'static str) -> impl Fn(&Value) -> bool {
    move |object| ready(object).1 == reason
}

fn observed(generation: i64) -> impl Fn(&Value) -> bool {
    move |object| object["status"]["observedGeneration"] == generation
}

fn object(api_version: &str, kind: &str, name: &str, spec: Value) -> Value {
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"namespace": "flux-system", "name": name}});
    object["spec"] = spec;
    object
}

fn kustomization(name: &str, timeout: &str, dependency: Option<&str>) -> Value {
    let spec = json!({
        "interval": "10m", "retryInterval": "10m", "timeout": timeout, "path": "./", "prune": true, "wait": true,
        "sourceRef": {"kind": "GitRepository", "name": "repository"},
        "dependsOn": dependency.map(|name| json!({"name": name})).into_iter().collect::<Vec<_>>(),
    });
    object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, spec)
}

fn release(name: &str, version: &str, dependency: Option<&str>) -> Value {
    let chart = json!({"chart": "demo", "version": version, "sourceRef": {"kind": "HelmRepository", "name": "charts"}});
    let spec = json!({
        "interval": "10m", "chart": {"spec": chart}, "values": {"colour": "red"},
        "dependsOn": dependency.map(|name| json!({"name": name})).into_iter().collect::<Vec<_>>(),
    });
    object("helm.toolkit.fluxcd.io/v2", "HelmRelease", name, spec)
}

fn settings(colour: &str) -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}, "data": {"colour": colour}}),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_model_says_what_the_real_controllers_say() {
    let mut replay = Replay::new();
    ordinary::sources(&mut replay).await;
    ordinary::kustomizations(&mut replay).await;
    ordinary::a_new_commit(&mut replay).await;
    ordinary::releases(&mut replay).await;
    let mut failing = Replay::new();
    failures::kustomizations(&mut failing).await;
    failures::roll_outs(&mut failing).await;
    failures::sources(&mut failing).await;
    failures::releases(&mut failing).await;
    failures::remediated_releases(&mut failing).await;
    failures::drift(&mut failing).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(step) = name.strip_suffix(".json") {
            let mut compared = replay.compared.iter().chain(&failing.compared);
            assert!(compared.any(|compared| compared == step), "{step} is recorded and never compared");
        }
    }
    replay.differences.extend(failing.differences);
    assert!(replay.differences.is_empty(), "\n{}", replay.differences.join("\n"));
}
