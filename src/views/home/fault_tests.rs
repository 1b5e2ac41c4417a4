//! Home with one fault at a time beside a healthy environment, at four sizes. The messages are those of the real
//! controllers (`tests/recordings`, `tests/real/faults.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

use super::Home;
use crate::app::test_support::facts;
use crate::app::{App, CommandTarget, Keymap, KindTable, Msg};
use crate::check::Survey;
use crate::commands::COMMANDS;
use crate::kinds;
use crate::model::{Connection, Env, Fault, FaultKind, Kind};
use crate::runtime::{PictureFormat, picture};
use crate::theme::{Depth, Theme};

const NOW: &str = "2026-01-01T10:00:00Z";
const SIZES: [(u16, u16); 4] = [(80, 24), (120, 36), (170, 48), (200, 50)];
const REVISION: &str = "main@sha1:9f1c2aa47d3b60e8815f2c94ab07de6613c5f80b";
const BEFORE: &str = "main@sha1:dc5f03918e7a42bb06cd5523f1e8a90b74d6c21f";

/// The objects of an environment, by kind.
type Objects = BTreeMap<&'static str, Vec<Value>>;

fn metadata(namespace: &str, name: &str) -> Value {
    json!({"name": name, "namespace": namespace, "generation": 1, "creationTimestamp": "2025-12-01T10:00:00Z"})
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": "2026-01-01T09:56:00Z", "observedGeneration": 1})
}

fn flux(name: &str, spec: Value, conditions: Value) -> Value {
    let mut spec = spec;
    spec["interval"] = "10m".into();
    json!({"metadata": metadata("flux-system", name), "spec": spec, "status": {"observedGeneration": 1, "conditions": conditions,
        "lastAppliedRevision": REVISION, "lastAttemptedRevision": REVISION}})
}

fn ready() -> Value {
    json!([condition("Ready", "True", "ReconciliationSucceeded", "Applied revision")])
}

fn failed(reason: &str, message: &str) -> Value {
    json!([condition("Ready", "False", reason, message)])
}

fn kustomization(name: &str, conditions: Value, inventory: &[&str]) -> Value {
    let mut object = flux(
        name,
        json!({"path": format!("./{name}"), "sourceRef": {"kind": "GitRepository", "name": "flux-system"}}),
        conditions,
    );
    let entries: Vec<Value> = inventory.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
    object["status"]["inventory"] = json!({"entries": entries});
    object
}

fn release(conditions: Value) -> Value {
    let chart = json!({"spec": {"chart": "shop", "version": "9.9.9", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}});
    let mut object = flux("shop", json!({"chart": chart}), conditions);
    object["status"]["history"] = json!([{"chartName": "shop", "chartVersion": "9.9.8"}]);
    object["status"]["lastAttemptedRevision"] = "9.9.9".into();
    object
}

fn source(kind: &str, name: &str, conditions: Value) -> Value {
    let mut object = flux(name, json!({"url": "https://example.org/x"}), conditions);
    object["status"]["artifact"] = json!({"revision": REVISION, "lastUpdateTime": "2026-01-01T08:00:00Z"});
    object["kind"] = kind.into();
    object
}

fn deployment(namespace: &str, name: &str, wanted: u32, ready: u32) -> Value {
    json!({"metadata": metadata(namespace, name), "spec": {"replicas": wanted}, "status": {"observedGeneration": 1, "replicas": wanted,
        "readyReplicas": ready, "updatedReplicas": wanted, "availableReplicas": ready}})
}

fn node(name: &str, ready: Value) -> Value {
    json!({"metadata": {"name": name}, "status": {"conditions": [ready]}})
}

/// A healthy environment.
fn well() -> Objects {
    let node = |name: &str| node(name, condition("Ready", "True", "KubeletReady", ""));
    BTreeMap::from([
        ("GitRepository", vec![source("GitRepository", "flux-system", ready())]),
        (
            "Kustomization",
            vec![
                kustomization("flux-system", ready(), &["flux-system_helm-controller_apps_Deployment"]),
                kustomization("apps", ready(), &["web_shop_apps_Deployment", "web_cart_apps_Deployment"]),
            ],
        ),
        ("HelmRepository", vec![source("HelmRepository", "charts", ready())]),
        ("HelmRelease", vec![release(ready())]),
        (
            "Deployment",
            vec![
                deployment("flux-system", "helm-controller", 1, 1),
                deployment("web", "shop", 1, 1),
                deployment("web", "cart", 1, 1),
            ],
        ),
        ("Node", vec![node("node-1"), node("node-2")]),
        ("Event", Vec::new()),
    ])
}

/// An environment with a fault of the apps' Kustomization.
fn apps(reason: &str, message: &str) -> Objects {
    let mut objects = well();
    let apps =
        kustomization("apps", failed(reason, message), &["web_shop_apps_Deployment", "web_cart_apps_Deployment"]);
    objects.get_mut("Kustomization").unwrap()[1] = apps;
    objects
}

fn with(kind: &'static str, place: usize, object: Value) -> Objects {
    let mut objects = well();
    objects.get_mut(kind).unwrap()[place] = object;
    objects
}

fn table(kind: &'static Kind, objects: &[Value]) -> KindTable {
    let rows = objects.iter().map(|object| (kind.decode)(object.to_string().as_bytes()).unwrap()).collect();
    KindTable { link: Connection::Live, rows, ..KindTable::default() }
}

fn fault(why: &str) -> Fault {
    Fault::new(
        FaultKind::Unreachable,
        "cannot list kustomizations",
        why,
        "is the cluster up, and the VPN or tunnel to it open?",
    )
}

/// Draws Home with a healthy staging and these objects in production, at a size; `last` changes the facts at the end.
fn screen(objects: &Objects, last: impl Fn(&mut App), size: (u16, u16)) -> String {
    pressed(objects, last, size, "3j").0
}

/// Draws it after keys, and tells what is selected then; the screen is drawn after each key, as the cockpit does.
fn pressed(
    objects: &Objects,
    last: impl Fn(&mut App),
    (width, height): (u16, u16),
    keys: &str,
) -> (String, Vec<CommandTarget>) {
    let mut facts = facts();
    let now: Timestamp = NOW.parse().unwrap();
    facts.now = now;
    let environments: Vec<_> = facts.environments.iter().map(|(_, known)| known.clone()).collect();
    let theme = Theme::load("terminal", Depth::None, true).unwrap();
    let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
    let mut app = App::new(facts, theme, keymap, COMMANDS, Box::new(Home::new()));
    app.update(Msg::Environments(environments, vec![None, None]));
    let fill = |app: &mut App| {
        for (env, objects) in [(Env(0), &well()), (Env(1), objects)] {
            let tables = app.facts.tables.get_mut(env).unwrap();
            for kind in kinds::KINDS.iter().chain(kinds::BESIDE) {
                let of_kind = objects.get(kind.kind).map(Vec::as_slice).unwrap_or_default();
                tables.insert(kind.group_kind(), table(kind, of_kind));
            }
        }
    };
    // The facts decide the further watches, and a watch starts without rows.
    fill(&mut app);
    app.update(Msg::Time(now));
    fill(&mut app);
    last(&mut app);
    app.update(Msg::Time(now));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    for key in crate::app::key::parse_keys(keys).unwrap() {
        app.update(Msg::Key(key));
        terminal.draw(|frame| app.render(frame)).unwrap();
    }
    let screen = picture(terminal.backend().buffer(), PictureFormat::Text, false);
    (screen, app.targets())
}

fn holds(name: &str, objects: &Objects, words: &[&str], last: impl Fn(&mut App)) {
    for size in SIZES {
        let screen = screen(objects, &last, size);
        let cells = |line: &str| line.rsplit('|').nth(1).unwrap_or_default().trim().to_owned();
        let panel: String = screen.lines().map(cells).collect::<Vec<_>>().join(" ");
        let panel = panel.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(panel.contains(word) || screen.contains(word), "{name} {size:?}: {word}\n{screen}");
        }
        assert!(!screen.contains("production: healthy") && !screen.contains("/tmp/"), "{name} {size:?}\n{screen}");
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), screen);
    }
}

#[test]
fn git_is_unreachable() {
    let message = "failed to checkout and determine revision: unable to clone 'https://example.org/x': dial tcp 127.0.0.1:1: connect: connection refused";
    let objects =
        with("GitRepository", 0, source("GitRepository", "flux-system", failed("GitOperationFailed", message)));
    holds("git-unreachable", &objects, &["fetch fails", "connection refused", "W try the fetch again"], |_| {});
}

#[test]
fn a_chart_repository_is_unreachable_and_its_release_is_green() {
    let message = "failed to fetch Helm repository index: failed to cache index to temporary file: Get \"https://example.org/x/index.yaml\": dial tcp: lookup example.org: no such host";
    let objects = with("HelmRepository", 0, source("HelmRepository", "charts", failed("Failed", message)));
    let words = ["HelmRepository/charts cannot be fetched", "no such host", "W try the fetch again"];
    holds("charts-unreachable", &objects, &words, |_| {});
}

#[test]
fn a_node_is_lost() {
    let mut objects = well();
    let lost = condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.");
    objects.get_mut("Node").unwrap()[1] = node("node-2", lost);
    objects.get_mut("Deployment").unwrap()[1] = deployment("web", "shop", 1, 0);
    let pod = json!({"metadata": metadata("web", "shop-5d4f8c7b9-abcde"), "spec": {"nodeName": "node-2", "containers": [{"name": "main"}]},
        "status": {"phase": "Running", "conditions": [condition("Ready", "False", "", "")],
            "containerStatuses": [{"name": "main", "ready": true, "state": {"running": {}}}]}});
    objects.insert("Pod", vec![pod]);
    holds("node-lost", &objects, &["node node-2 is not ready", "~ shop", "its node node-2 does not answer"], |_| {});
    // The node has no line in the deployment order, and is selected above it.
    let (screen, targets) = pressed(&objects, |_| {}, (120, 36), "3k");
    let is_node = matches!(targets.as_slice(), [CommandTarget::Object(Env(1), object)] if *object == kinds::NODE.object("", "node-2"));
    assert!(is_node && screen.contains("|>node node-2 is not ready"), "{screen}");
}

#[test]
fn a_deployment_is_scaled_to_0_by_hand() {
    let objects = with("Deployment", 1, deployment("web", "shop", 0, 0));
    let words = ["shop 0/0", ". shop", "scaled to 0 by hand; Git says 1"];
    holds("scaled", &objects, &words, |app| {
        let object = kinds::DEPLOYMENT.object("web", "shop");
        app.facts.survey = Some(Arc::new(Survey::saying("production", object, 1)));
    });
}

#[test]
fn sops_age_is_missing() {
    let message = "cannot get sops age key Secret 'flux-system/sops-age': secrets \"sops-age\" not found";
    holds(
        "keyless",
        &apps("BuildFailed", message),
        &["\"sops-age\" not found", "A give the cluster its age key"],
        |_| {},
    );
}

#[test]
fn the_key_is_another() {
    let message = "decryption failed for 'web/shop': failed to decrypt and format data: cannot get sops data key: Error getting data key: 0 successful groups required, got 0: no identity matched any of the recipients";
    let words = ["no identity matched any of the recipients", "A see for which key it is"];
    holds("locked", &apps("BuildFailed", message), &words, |_| {});
}

#[test]
fn an_index_is_stale() {
    let message = "HelmChart 'flux-system/flux-system-shop' is not ready: invalid chart reference: failed to get chart version for remote reference: no 'shop' chart with version matching '9.9.9' found: no chart version found for shop-9.9.9";
    let objects = with("HelmRelease", 0, release(failed("SourceNotReady", message)));
    holds("stale", &objects, &["shop-9.9.9", "W read the chart repository anew"], |_| {});
}

#[test]
fn retries_are_exhausted() {
    let message = "Helm install failed for release web/shop with chart shop@9.9.8: no matches for kind \"Nowhere\" in version \"example.org/v1\"";
    let conditions = json!([
        condition("Stalled", "True", "RetriesExceeded", "Failed to install after 1 attempt(s)"),
        condition("Ready", "False", "InstallFailed", message),
    ]);
    let objects = with("HelmRelease", 0, release(conditions));
    holds("exhausted", &objects, &["no matches for kind \"Nowhere\"", "Reset Helm retries  try again"], |_| {});
}

#[test]
fn a_rendering_is_broken() {
    let message = "kustomize build failed: accumulating resources: accumulation err='accumulating resources from 'absent.yaml': open /tmp/kustomization-2033670909/apps/absent.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/tmp/kustomization-2033670909/apps/absent.yaml' : lstat /tmp/kustomization-2033670909/apps/absent.yaml: no such file or directory";
    let words = ["cannot read apps/absent.yaml: no such file or directory", "C its file and line"];
    holds("broken", &apps("BuildFailed", message), &words, |_| {});
}

#[test]
fn a_field_is_immutable() {
    let message = "Deployment/web/shop dry-run failed (Invalid): Deployment.apps \"shop\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"after\"}}: field is immutable";
    let words = ["field is immutable", "delete the object, or"];
    holds("immutable", &apps("ReconciliationFailed", message), &words, |_| {});
}

#[test]
fn a_quota_is_used_up() {
    let message = "ConfigMap/web/one-too-many dry-run failed (Forbidden): configmaps \"one-too-many\" is forbidden: exceeded quota: full, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1";
    let words = ["limited: count/configmaps=1", "d what its namespace's quota"];
    holds("quota", &apps("ReconciliationFailed", message), &words, |_| {});
}

#[test]
fn a_controller_is_down() {
    let objects = with("Deployment", 0, deployment("flux-system", "helm-controller", 0, 0));
    holds("controller-down", &objects, &["helm-controller is down", "x helm-controller", "scaled to 0"], |_| {});
}

#[test]
fn a_health_check_runs() {
    let doing =
        "Running health checks for revision main@sha1:dc5f03918e7a42bb06cd5523f1e8a90b74d6c21f with a timeout of 9m30s";
    let conditions = json!([
        condition("Reconciling", "True", "Progressing", doing),
        condition("Ready", "Unknown", "Progressing", "Reconciliation in progress"),
        condition("Healthy", "Unknown", "Progressing", doing),
    ]);
    let mut objects = well();
    let mut apps = kustomization("apps", conditions, &["web_shop_apps_Deployment", "web_cart_apps_Deployment"]);
    apps["status"]["lastAttemptedRevision"] = BEFORE.into();
    apps["status"]["lastAppliedRevision"] = BEFORE.into();
    objects.get_mut("Kustomization").unwrap()[1] = apps;
    objects.get_mut("Deployment").unwrap()[1] = deployment("web", "shop", 1, 0);
    let words = ["health checks, 5m left: wait for Deployment/shop", "main@9f1c2aa waits behind it", "~ shop"];
    holds("checking", &objects, &words, |_| {});
}

#[test]
fn one_lags_behind() {
    let mut objects = well();
    objects.get_mut("Kustomization").unwrap()[1]["status"]["lastAppliedRevision"] = BEFORE.into();
    holds(
        "lagging",
        &objects,
        &["1 of 2 at an older commit", "~ apps", "still at main@dc5f039", "applied 1/2"],
        |_| {},
    );
}

#[test]
fn the_cluster_does_not_answer() {
    let objects = Objects::new();
    let words = ["production cannot be reached", "does not answer", "is the cluster up"];
    holds("silent", &objects, &words, |app| {
        let tables = app.facts.tables.get_mut(Env(1)).unwrap();
        for table in tables.values_mut() {
            table.link = Connection::Unreachable(fault("the API server does not answer (waited 10 s)"));
        }
    });
}

/// The outlook is below the lines if there is room.
#[test]
fn what_comes_next_stands_below_where_there_is_room() {
    let event = |name: &str, about: (&str, &str), reason: &str, message: &str, minute: u8, count: u32| {
        json!({"metadata": {"name": name, "namespace": "web"}, "involvedObject": {"apiVersion": "v1", "kind": about.0, "namespace": "web", "name": about.1},
            "type": "Warning", "reason": reason, "message": message, "count": count, "lastTimestamp": format!("2026-01-01T09:{minute}:00Z")})
    };
    let mut objects = well();
    objects.get_mut("Deployment").unwrap()[1] = deployment("web", "shop", 1, 0);
    let pod = json!({"metadata": metadata("web", "shop-5d4f8c7b9-abcde"), "spec": {"nodeName": "node-2", "containers": [{"name": "main"}]},
        "status": {"phase": "Running", "conditions": [condition("Ready", "False", "ContainersNotReady", "containers with unready status: [main]")],
            "containerStatuses": [{"name": "main", "ready": false, "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T09:58:00Z"}}}]}});
    objects.insert("Pod", vec![pod]);
    objects.insert("Event", vec![
        event("a", ("Pod", "shop-5d4f8c7b9-abcde"), "BackOff", "Back-off restarting failed container main in pod shop-5d4f8c7b9-abcde", 58, 31),
        event("b", ("Pod", "shop-5d4f8c7b9-abcde"), "Unhealthy", "Readiness probe failed: Get \"http://10.1.0.7:8080/ready\": dial tcp 10.1.0.7:8080: connect: connection refused", 54, 3),
        event("c", ("PersistentVolumeClaim", "data"), "ProvisioningFailed", "storageclass.storage.k8s.io \"fast\" not found", 52, 1),
    ]);
    let certificate = |name: &str, end: &str, renewal: &str| {
        json!({"metadata": metadata("web", name), "spec": {"secretName": name}, "status": {"notAfter": end, "renewalTime": renewal,
            "conditions": [condition("Ready", "True", "Ready", "")]}})
    };
    objects.insert(
        "Certificate",
        vec![
            certificate("shop", "2026-01-06T10:00:00Z", "2025-12-20T10:00:00Z"),
            certificate("cart", "2026-03-06T10:00:00Z", "2026-02-20T10:00:00Z"),
        ],
    );
    holds("below", &objects, &["shop 0/1", "ended with exit code 137 (OOMKilled)"], |_| {});
    let at = |size| screen(&objects, |_| {}, size);
    for (size, words) in [
        ((120, 36), "pods not ready: 1"),
        ((200, 50), "warnings of the last 10 minutes: 3"),
        ((170, 48), "5d  web/shop, renewal 12d late"),
    ] {
        assert!(at(size).contains(words), "{}", at(size));
    }
    assert!(!at((200, 50)).contains("web/cart"), "it is renewed in time");
    // What is below is selected as the lines are, and each object once.
    let selected = |keys: &str| {
        let (screen, targets) = pressed(&objects, |_| {}, (200, 50), keys);
        let sign =
            screen.lines().filter_map(|line| line.split('|').nth(5)).filter(|cell| cell.starts_with('>')).count();
        assert!(sign == 1, "{keys}: {sign} lines have the sign\n{screen}");
        match targets.as_slice() {
            [CommandTarget::Object(Env(1), object)] => object.to_string(),
            _ => panic!("{keys} selects no object\n{screen}"),
        }
    };
    assert_eq!(selected("3G"), "Certificate/web/shop");
    assert_eq!(selected("3Gk"), "PersistentVolumeClaim/web/data");
    assert_eq!(selected("3Gkk"), "Pod/web/shop-5d4f8c7b9-abcde");
    assert_eq!(selected("3Gkkk"), "HelmRelease/flux-system/shop");
    assert_eq!(selected("3Gkkkj"), "Pod/web/shop-5d4f8c7b9-abcde");
    assert!(!at((80, 24)).contains("warnings of"), "a small terminal keeps to the lines");
}

/// Without permission to read events, Home does not report that there were no warnings.
#[test]
fn where_events_may_not_be_read_none_is_called_absent() {
    let forbidden = |app: &mut App| {
        let tables = app.facts.tables.get_mut(Env(1)).unwrap();
        let refused = Fault::new(FaultKind::Refused, "cannot list events", "forbidden", "ask for the right");
        tables.get_mut(&kinds::WARNING.group_kind()).unwrap().link = Connection::Forbidden(refused);
    };
    let screen = screen(&well(), forbidden, (200, 50));
    assert!(screen.contains("not allowed to read events") && screen.contains("production: healthy"), "{screen}");
    assert_eq!(screen.matches("no warnings in the last 10 minutes").count(), 1, "{screen}");
}
