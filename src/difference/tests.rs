//! Comparisons with simulated and scripted servers.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::substituted::{LaterSteps, VariableSource};
use super::wanted::{AppliedSet, Arrivals, WantedObject};
use super::{DifferenceKind, LiveComparison, compare, normal};
use crate::cluster::Cluster;
use crate::cluster::testing::{self, Answer};
use crate::helm::diff::DocumentChange;
use crate::model::field_manager::KUSTOMIZE_CONTROLLER;
use crate::model::{Clock, Env, FaultKind, ObjectRef};
use crate::sim::{Scenario, Simulation};

fn simulated() -> (Arc<Simulation>, Cluster) {
    let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
    let simulation = Simulation::new(&Scenario::named("healthy").unwrap(), Clock::from_fn(move || now));
    let cluster = simulation.cluster(Env(0), "staging");
    (simulation, cluster)
}

fn owner() -> ObjectRef {
    ObjectRef::new("Kustomization", crate::model::known::KUSTOMIZE, "flux-system", "trial")
}

/// Returns the set of these manifests, as a Kustomization applies them.
fn set(manifests: &[Value]) -> AppliedSet {
    let mut set = AppliedSet::new("staging", owner(), "trial".to_owned(), KUSTOMIZE_CONTROLLER);
    for manifest in manifests {
        let mut body = manifest.clone();
        normal::applied_by(&mut body, &set.owner);
        let object = ObjectRef::of_body(&body);
        set.built.insert(object.clone());
        set.objects.push(WantedObject::new(object, body));
    }
    set
}

async fn compared(cluster: &Cluster, set: AppliedSet, kind: DifferenceKind) -> LiveComparison {
    compare(cluster, vec![set], &Arrivals::default(), kind, &|_| ()).await.unwrap()
}

async fn send(cluster: &Cluster, address: &str, form: &str, body: &Value) -> Value {
    let request = http::Request::patch(address).header("content-type", form).body(body.to_string().into_bytes());
    cluster.client().request(request.unwrap()).await.unwrap()
}

/// Applies manifests as kustomize-controller does.
async fn apply(cluster: &Cluster, set: &AppliedSet) {
    for wanted in &set.objects {
        let address = cluster.resource(&wanted.object.group, &wanted.object.kind).await.unwrap();
        let list = if address.group.is_empty() {
            "/api/v1".to_owned()
        } else {
            format!("/apis/{}/{}", address.group, address.version)
        };
        let ObjectRef { namespace, name, .. } = &wanted.object;
        let address = format!(
            "{list}/namespaces/{namespace}/{}/{name}?fieldManager=kustomize-controller&force=true",
            address.plural
        );
        send(cluster, &address, "application/apply-patch+yaml", &wanted.body).await;
    }
}

async fn edit(cluster: &Cluster, address: &str, manager: &str, change: &Value) {
    send(cluster, &format!("{address}?fieldManager={manager}"), "application/merge-patch+json", change).await;
}

fn manifests() -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "linkding"}, "data": {"a": "1", "b": "2"}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web", "namespace": "linkding"}, "stringData": {"password": "hunter2-live", "user": "someone"}}),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "linkding"},
            "spec": {
                "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
            }
        }),
    ]
}

const MAP: &str = "/api/v1/namespaces/linkding/configmaps/web";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/linkding/deployments/web";

#[tokio::test(start_paused = true)]
async fn what_was_applied_differs_in_nothing_and_a_dry_run_stores_nothing() {
    let (simulation, cluster) = simulated();
    let first = compared(&cluster, set(&manifests()), DifferenceKind::Next).await;
    let told: Vec<_> = first.differences.iter().map(|one| (one.change, one.object.as_str())).collect();
    assert_eq!(
        told,
        [
            (DocumentChange::Create, "ConfigMap/linkding/web"),
            (DocumentChange::Create, "Deployment/linkding/web"),
            (DocumentChange::Create, "Secret/linkding/web")
        ]
    );
    for one in &first.differences {
        assert!(!one.diff.contains("hunter2") && !one.diff.contains("aHVudGVyMi"), "{}", one.diff);
        assert_eq!(simulation.object("staging", &one.target), None, "a dry run stores nothing");
    }
    apply(&cluster, &set(&manifests())).await;
    let deployment = first.differences[1].target.clone();
    let before = simulation.object("staging", &deployment);
    assert_eq!(compared(&cluster, set(&manifests()), DifferenceKind::Next).await.differences, []);
    assert_eq!(compared(&cluster, set(&manifests()), DifferenceKind::Drift).await.differences, []);
    let mut changed = manifests();
    changed[1]["stringData"]["password"] = json!("hunter2-next");
    changed[2]["spec"]["replicas"] = json!(4);
    let next = compared(&cluster, set(&changed), DifferenceKind::Next).await;
    assert_eq!((next.compared, next.differences.len()), (3, 2));
    assert!(next.differences[0].diff.contains("-  replicas: 1\n+  replicas: 4\n"), "{}", next.differences[0].diff);
    let secret = &next.differences[1].diff;
    assert!(secret.contains("-  password: (masked)\n+  password: (masked, changed)\n"), "{secret}");
    assert!(secret.contains("   user: (masked)\n") && !secret.contains("hunter2"), "{secret}");
    assert_eq!(simulation.object("staging", &deployment), before, "a dry run stores nothing");
}

#[tokio::test(start_paused = true)]
async fn a_drift_tells_who_changed_what_and_whether_it_is_taken_back() {
    let (_simulation, cluster) = simulated();
    apply(&cluster, &set(&manifests())).await;
    edit(&cluster, DEPLOYMENT, "kubectl", &json!({"spec": {"replicas": 3}})).await;
    edit(&cluster, DEPLOYMENT, "k9s", &json!({"metadata": {"annotations": {"team": "a"}}})).await;
    edit(&cluster, MAP, "kubectl-edit", &json!({"data": {"b": "9", "by-hand": "x"}})).await;
    edit(&cluster, MAP, "cert-manager-cainjector", &json!({"metadata": {"labels": {"injected": "yes"}}})).await;
    let request = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}});
    edit(&cluster, DEPLOYMENT, "flux-client-side-apply", &request).await;
    let found = compared(&cluster, set(&manifests()), DifferenceKind::Drift).await;
    let told: Vec<_> = found
        .differences
        .iter()
        .flat_map(|one| &one.fields)
        .map(|field| {
            let word = |value: &Option<Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
            (
                field.path.as_str(),
                word(&field.applied),
                word(&field.live),
                field.by.as_deref().unwrap_or_default(),
                field.undone,
            )
        })
        .collect();
    let field = |path, applied: &str, live: &str, by, undone| (path, applied.to_owned(), live.to_owned(), by, undone);
    assert_eq!(
        told,
        [
            field("data.b", "\"2\"", "\"9\"", "kubectl-edit", true),
            field("data.by-hand", "", "\"x\"", "kubectl-edit", true),
            field("spec.replicas", "1", "3", "kubectl", true),
            field("metadata.annotations.team", "", "\"a\"", "k9s", false),
        ]
    );
    assert!(found.differences[1].fields[0].at.is_some());
    assert!(
        found.differences[0].diff.contains("-  b: '2'\n+  b: '9'\n+  by-hand: x\n"),
        "{}",
        found.differences[0].diff
    );
    assert!(found.differences[1].diff.contains("+    team: a"), "{}", found.differences[1].diff);
    // The next run takes back what it takes back, and no more.
    let next = compared(&cluster, set(&manifests()), DifferenceKind::Next).await;
    assert_eq!(next.differences.len(), 2);
    assert!(!next.differences[1].diff.contains("team: a\n+"), "{}", next.differences[1].diff);
    let mut suspended = set(&manifests());
    suspended.keeps = Some("suspended".to_owned());
    let kept = compared(&cluster, suspended, DifferenceKind::Drift).await;
    assert!(kept.differences.iter().flat_map(|one| &one.fields).all(|field| !field.undone && field.why == "suspended"));
}

#[tokio::test(start_paused = true)]
async fn annotations_of_an_object_say_whether_it_is_applied() {
    let (_simulation, cluster) = simulated();
    apply(&cluster, &set(&manifests())).await;
    edit(&cluster, MAP, "kubectl-edit", &json!({"data": {"b": "9"}})).await;
    for (key, value, is_left) in [
        (normal::SSA, "Ignore", true),
        (normal::SSA, "IfNotPresent", true),
        (normal::RECONCILE, "disabled", true),
        (normal::SSA, "Merge", false),
    ] {
        let mut annotated = manifests();
        annotated.truncate(1);
        annotated[0]["metadata"]["annotations"] = json!({key: value});
        let next = compared(&cluster, set(&annotated), DifferenceKind::Next).await;
        assert_eq!(next.differences.is_empty(), is_left, "{key}: {value}");
        let drift = compared(&cluster, set(&annotated), DifferenceKind::Drift).await;
        let field = drift.differences[0].fields.iter().find(|field| field.path == "data.b").unwrap();
        assert_eq!(field.undone, !is_left, "{key}: {value}: {}", field.why);
    }
}

/// Answers as a server that has one ConfigMap, and notes what it is asked for.
/// The method and the address of each request.
type AskedRequests = Arc<Mutex<Vec<(String, String)>>>;

fn scripted(answer: impl Fn(&testing::Asked) -> Option<Answer> + Send + 'static) -> (Cluster, AskedRequests) {
    let asked = AskedRequests::default();
    let notes = Arc::clone(&asked);
    let cluster = testing::cluster(move |request| {
        notes.lock().unwrap().push((request.method.clone(), format!("{}?{}", request.path, request.query)));
        answer(request).unwrap_or_else(|| testing::error(404, "not found"))
    });
    (cluster, asked)
}

#[tokio::test]
async fn every_request_reads_or_is_a_dry_run() {
    let (cluster, asked) = scripted(|request| {
        let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "linkding", "uid": "1"}, "data": {}});
        let is_map = request.path.contains("/configmaps/");
        is_map.then(|| testing::ok(if request.method == "GET" { live } else { request.body.clone() }))
    });
    for kind in [DifferenceKind::Next, DifferenceKind::Drift] {
        let mut own = set(&manifests());
        own.objects.truncate(2);
        compared(&cluster, own, kind).await;
    }
    let asked = asked.lock().unwrap();
    let (reads, others): (Vec<_>, Vec<_>) = asked.iter().partition(|(method, _)| method == "GET");
    assert!(!reads.is_empty() && others.len() == 4, "{asked:?}");
    for (method, address) in others {
        let query = address.split_once('?').unwrap().1;
        assert!(method == "PATCH" && query.split('&').any(|part| part == "dryRun=All"), "{method} {address}");
    }
}

#[tokio::test]
async fn what_is_forbidden_or_refused_is_named_and_passed_over() {
    let (cluster, _) = scripted(|request| {
        match (request.method.as_str(), request.path.rsplit('/').next().unwrap_or_default()) {
            (_, _) if request.path.contains("/secrets/") => Some(testing::error(403, "secrets \"web\" is forbidden")),
            ("PATCH", _) => Some(testing::error(
                422,
                "ConfigMap \"web\" is invalid: data: Forbidden: field is immutable when `immutable` is set",
            )),
            ("GET", "web") => Some(testing::ok(
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "linkding"}, "data": {"a": "0"}}),
            )),
            _ => None,
        }
    });
    let own = |forces: bool| {
        let mut own = set(&[
            &manifests()[..2],
            &[json!({"apiVersion": "example.org/v1", "kind": "Odd", "metadata": {"name": "a", "namespace": "b"}})],
        ]
        .concat());
        own.forces = forces;
        own
    };
    let found = compared(&cluster, own(false), DifferenceKind::Next).await;
    let told: Vec<_> =
        found.uncompared.iter().map(|one| (one.object.as_str(), one.refused, one.why.as_str())).collect();
    assert_eq!(told[0].0, "ConfigMap/linkding/web");
    assert!(told[0].1 && told[0].2.contains("immutable"), "{told:?}");
    assert_eq!(told[1], ("Odd/b/a", false, "the API server does not serve Odd.example.org"));
    assert_eq!(told[2], ("Secret/linkding/web", false, "you may not get Secret"));
    // With force it is deleted and created anew.
    let found = compared(&cluster, own(true), DifferenceKind::Next).await;
    assert!(found.differences[0].note.as_ref().unwrap().starts_with("it is deleted and created anew"), "{found:?}");
    assert!(found.differences[0].diff.contains("-  a: '0'\n+  a: '1'\n"), "{}", found.differences[0].diff);
    // What comes on the way is not missing.
    let mut arrivals = Arrivals::default();
    arrivals.kinds.insert(("example.org".to_owned(), "Odd".to_owned()));
    let found = compare(&cluster, vec![own(false)], &arrivals, DifferenceKind::Next, &|_| ()).await.unwrap();
    assert!(found.differences[0].note.as_ref().unwrap().contains("CustomResourceDefinition"), "{found:?}");
}

#[tokio::test]
async fn what_is_not_built_any_more_is_pruned_where_the_owner_is_the_same() {
    let labelled = |name: &str, more: Value| {
        let labels = json!({"kustomize.toolkit.fluxcd.io/name": if name == "adopted" { "other" } else { "trial" }, "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "linkding", "labels": labels, "annotations": more}})
    };
    let (cluster, _) = scripted(move |request| {
        let name = request.path.rsplit('/').next().unwrap_or_default();
        Some(testing::ok(match name {
            "trial" => {
                let entry = |name: &str| json!({"id": format!("linkding_{name}__ConfigMap"), "v": "v1"});
                let entries: Vec<Value> = ["web", "old", "kept", "adopted", "gone"].map(entry).to_vec();
                json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "trial"}, "status": {"inventory": {"entries": entries}}})
            }
            "old" | "adopted" => labelled(name, json!({})),
            "kept" => labelled(name, json!({"kustomize.toolkit.fluxcd.io/prune": "disabled"})),
            "web" => request.body.as_object().map_or_else(|| labelled("web", json!({})), |_| request.body.clone()),
            _ => return None,
        }))
    });
    for (prunes, expected) in [(true, vec!["ConfigMap/linkding/old"]), (false, Vec::new())] {
        let mut own = set(&manifests()[..1]);
        own.prunes = prunes;
        let found = compared(&cluster, own, DifferenceKind::Next).await;
        let deleted = found.differences.iter().filter(|one| one.change == DocumentChange::Delete);
        assert_eq!(deleted.map(|one| one.object.as_str()).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_server_that_is_gone_ends_the_comparison() {
    let cluster = testing::cluster(|_| Answer::Broken);
    let fault = compare(&cluster, vec![set(&manifests())], &Arrivals::default(), DifferenceKind::Next, &|_| ())
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault:?}");
}

#[tokio::test]
async fn variables_of_a_secret_in_the_cluster_go_in_and_are_not_shown() {
    let (cluster, _) = scripted(|request| {
        match (request.method.as_str(), request.path.rsplit('/').next().unwrap_or_default()) {
            ("GET", "settings") => Some(testing::ok(
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "settings"}, "data": {"PIN": "aHVudGVyMg=="}}),
            )),
            ("PATCH", "web") => Some(testing::ok(request.body.clone())),
            _ => None,
        }
    });
    let mut own = set(&[
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "linkding"}, "data": {"url": "//a:${PIN}@b", "open": "x"}}),
    ]);
    own.objects[0].waiting = Some(LaterSteps::default());
    let object = ObjectRef::new("Secret", "", "flux-system", "settings");
    own.variables.push(VariableSource { object, is_optional: false, values: None });
    let found = compared(&cluster, own, DifferenceKind::Next).await;
    let diff = &found.differences[0].diff;
    assert!(diff.contains("+  open: x\n+  url: (masked, added)\n") && !diff.contains("hunter2"), "{diff}");
}

#[tokio::test]
async fn replicas_that_nobody_owns_are_told_with_the_time_of_their_event() {
    let (cluster, _) = scripted(|request| {
        let name = request.path.rsplit('/').next().unwrap_or_default();
        let live = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "linkding"},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}}
        });
        let event = json!({
            "reason": "ScalingReplicaSet", "message": "Scaled up replica set web-1 from 1 to 2", "type": "Normal", "count": 1,
            "metadata": {"name": "a"}, "involvedObject": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "linkding", "name": "web"},
            "lastTimestamp": "2026-11-29T11:00:00Z", "source": {"component": "deployment-controller"}
        });
        match name {
            "apps" => Some(testing::ok(
                json!({"name": "apps", "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"}}),
            )),
            "v1" => Some(testing::ok(
                json!({"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [{"name": "deployments", "singularName": "", "namespaced": true, "kind": "Deployment", "verbs": ["get"]}]}),
            )),
            "web" => Some(testing::ok(live)),
            "events" => Some(testing::ok(json!({"items": [event]}))),
            _ => None,
        }
    });
    let mut free = manifests().remove(2);
    free["spec"].as_object_mut().unwrap().remove("replicas");
    let found = compared(&cluster, set(&[free.clone()]), DifferenceKind::Drift).await;
    let field = &found.differences[0].fields[0];
    assert_eq!((field.path.as_str(), &field.live, field.undone), ("spec.replicas", &Some(json!(2)), false));
    assert_eq!(field.at, Some("2026-11-29T11:00:00Z".parse().unwrap()));
    assert_eq!(found.differences[0].events[0].message, "Scaled up replica set web-1 from 1 to 2");
    assert_eq!(compared(&cluster, set(&[free]), DifferenceKind::Next).await.differences, []);
}

#[tokio::test]
async fn what_a_controller_changes_between_two_answers_is_no_difference() {
    let reads = Mutex::new(0);
    let (cluster, _) = scripted(move |request| {
        let object = |version: &str, more: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "linkding", "resourceVersion": version, "annotations": more}, "data": {"a": "1"}});
        let changed = || object("2", json!({"by-controller": "1"}));
        if request.method != "GET" {
            return request.path.ends_with("/web").then(|| testing::ok(changed()));
        }
        let mut reads = reads.lock().unwrap();
        *reads += usize::from(request.path.ends_with("/web"));
        request
            .path
            .ends_with("/web")
            .then(|| testing::ok(if *reads == 1 { object("1", json!({})) } else { changed() }))
    });
    let found = compared(&cluster, set(&manifests()[..1]), DifferenceKind::Next).await;
    assert_eq!((found.compared, found.differences), (1, Vec::new()));
}

/// Answers each request after a second, as a server that has every object as it is applied.
fn slow() -> (Cluster, AskedRequests) {
    scripted(|request| {
        let name = request.path.rsplit('/').next().unwrap_or_default().to_owned();
        let body =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "linkding"}});
        let found =
            if request.path.contains("/configmaps/") { testing::ok(body) } else { testing::error(404, "not found") };
        Some(Answer::Late(std::time::Duration::from_secs(1), Box::new(found)))
    })
}

fn many(count: usize) -> AppliedSet {
    let map = |number| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("map-{number}"), "namespace": "linkding"}});
    set(&(0..count).map(map).collect::<Vec<_>>())
}

#[tokio::test(start_paused = true)]
async fn objects_are_asked_for_side_by_side_with_two_requests_each() {
    let (cluster, asked) = slow();
    let began = tokio::time::Instant::now();
    let found = compared(&cluster, many(160), DifferenceKind::Next).await;
    assert_eq!(found.compared, 160);
    let requests = asked.lock().unwrap().iter().filter(|(_, address)| address.contains("/configmaps/")).count();
    assert_eq!(requests, 320);
    // 16 at a time, a read and a dry run one after the other, and a second or two for the owner and the kinds.
    assert!(began.elapsed() < std::time::Duration::from_secs(25), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_comparison_that_is_left_asks_for_nothing_more() {
    let (cluster, asked) = slow();
    let limit = std::time::Duration::from_secs(5);
    let left = tokio::time::timeout(limit, compared(&cluster, many(160), DifferenceKind::Next)).await;
    assert!(left.is_err(), "it was left before its end");
    let before = asked.lock().unwrap().len();
    assert!(before > 16 && before < 160, "{before}");
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    assert_eq!(asked.lock().unwrap().len(), before);
}

#[tokio::test]
async fn owners_that_may_not_be_read_are_named_and_the_rest_is_compared() {
    let (cluster, _) = scripted(|request| {
        let is_flux = request.path.contains("fluxcd.io");
        is_flux.then(|| testing::error(403, "kustomizations is forbidden"))
    });
    let found = super::applied_commits(&cluster, vec![owner()]).await.unwrap();
    assert_eq!(found.commits.len(), 0);
    assert!(found.unknown[0].1.contains("forbidden"), "{:?}", found.unknown);
    let drift = super::of_all_releases(&cluster, "staging", DifferenceKind::Drift, &|_| ()).await.unwrap();
    assert!(drift.remarks[0].starts_with("staging: HelmReleases: not compared: "), "{:?}", drift.remarks);
}

/// Answers as a server with one object and its dry run, the workload `keda-operator`, and an autoscaler of the Deployment
/// front; what else it is asked for is not there.
fn with_programs(live: Value) -> Cluster {
    let resource = |name: &str, kind: &str| json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list"]});
    let (cluster, _) = scripted(move |request| {
        let group = |name: &str, version: &str| json!({"name": name, "preferredVersion": {"groupVersion": format!("{name}/{version}"), "version": version}});
        let served = |name: &str, resources: Vec<Value>| json!({"kind": "APIResourceList", "groupVersion": name, "resources": resources});
        let listed = |items: Value| json!({"metadata": {}, "items": items});
        Some(testing::ok(match request.path.as_str() {
            "/apis/apps" => group("apps", "v1"),
            "/apis/autoscaling" => group("autoscaling", "v2"),
            "/apis/apps/v1" => served(
                "apps/v1",
                vec![
                    resource("deployments", "Deployment"),
                    resource("daemonsets", "DaemonSet"),
                    resource("statefulsets", "StatefulSet"),
                ],
            ),
            "/apis/autoscaling/v2" => {
                served("autoscaling/v2", vec![resource("horizontalpodautoscalers", "HorizontalPodAutoscaler")])
            }
            "/apis/apps/v1/deployments" => {
                listed(json!([{"metadata": {"name": "keda-operator", "namespace": "keda", "uid": "1"}}]))
            }
            path if path.ends_with("/horizontalpodautoscalers") => listed(
                json!([{"metadata": {"name": "front", "namespace": "linkding"}, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "front"}}}]),
            ),
            path if path.ends_with(live["metadata"]["name"].as_str().unwrap()) => live.clone(),
            _ => return None,
        }))
    });
    cluster
}

fn told(found: &LiveComparison) -> Vec<(&str, &str, bool)> {
    let fields = found.differences.iter().flat_map(|one| &one.fields);
    fields.map(|field| (field.path.as_str(), field.by.as_deref().unwrap_or_default(), field.undone)).collect()
}

#[tokio::test]
async fn fields_of_programs_that_run_are_no_drift_and_finalizers_of_kubectl_are_taken_back() {
    let written = |manager: &str, fields: Value| json!({"manager": manager, "operation": "Update", "time": "2026-11-29T10:00:00Z", "fieldsV1": {"f:metadata": fields}});
    let live = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": "web", "namespace": "linkding", "finalizers": ["example.org/by-hand"],
            "labels": {"by-script": "yes"}, "annotations": {"by-keda": "yes"},
            "managedFields": [
                {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}}},
                written("kubectl-patch", json!({"f:finalizers": {".": {}, "v:\"example.org/by-hand\"": {}}})),
                written("keda", json!({"f:annotations": {".": {}, "f:by-keda": {}}})),
                written("my-script", json!({"f:labels": {".": {}, "f:by-script": {}}})),
            ],
        },
        "data": {"a": "1", "b": "2"},
    });
    let cluster = with_programs(live);
    let drift = compared(&cluster, set(&manifests()[..1]), DifferenceKind::Drift).await;
    assert_eq!(
        told(&drift),
        [("metadata.finalizers", "kubectl-patch", true), ("metadata.labels.by-script", "my-script", false)]
    );
    assert!(drift.differences[0].diff.contains("+  finalizers:\n+  - example.org/by-hand\n"), "{drift:?}");
    let next = compared(&cluster, set(&manifests()[..1]), DifferenceKind::Next).await;
    assert!(next.differences[0].diff.contains("-  finalizers:\n-  - example.org/by-hand\n"), "{next:?}");
}

#[tokio::test]
async fn what_an_autoscaler_scales_is_no_drift_unless_git_scales_it_too() {
    let deployment = |replicas: Option<u32>| {
        let mut deployment = manifests().remove(2);
        deployment["metadata"]["name"] = json!("front");
        let spec = deployment["spec"].as_object_mut().unwrap();
        spec.remove("replicas");
        spec.extend(replicas.map(|count| ("replicas".to_owned(), json!(count))));
        deployment
    };
    let scaled = compared(&with_programs(deployment(Some(3))), set(&[deployment(None)]), DifferenceKind::Drift).await;
    assert_eq!(scaled.differences, []);
    let mut other = deployment(Some(3));
    other["metadata"]["name"] = json!("back");
    let mut free = deployment(None);
    free["metadata"]["name"] = json!("back");
    let by_hand = compared(&with_programs(other), set(&[free]), DifferenceKind::Drift).await;
    assert_eq!(told(&by_hand), [("spec.replicas", "", false)]);
    let why = &by_hand.differences[0].fields[0].why;
    assert!(why.contains("no HorizontalPodAutoscaler scales it"), "{why}");
}

#[tokio::test]
async fn a_field_that_a_kind_does_not_have_is_left_out_as_flux_does() {
    let (cluster, _) = scripted(|request| {
        let is_map = request.path.ends_with("/configmaps/web");
        let is_odd = request.body.get("dataa").is_some();
        let message = "failed to create typed patch object (linkding/web; /v1, Kind=ConfigMap): .dataa: field not declared in schema";
        (is_map && request.method == "PATCH")
            .then(|| if is_odd { testing::error(500, message) } else { testing::ok(request.body.clone()) })
    });
    let mut odd = manifests().remove(0);
    odd["dataa"] = json!({"a": "1"});
    let found = compared(&cluster, set(&[odd]), DifferenceKind::Next).await;
    assert_eq!(found.uncompared, Vec::new());
    assert_eq!(found.differences[0].note.as_deref(), Some("Flux leaves out dataa: ConfigMap has no such field"));
    assert!(!found.differences[0].diff.contains("dataa"), "{}", found.differences[0].diff);
}
