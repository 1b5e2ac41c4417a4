//! The detail through its keys: the requests and the screen after each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

use super::load::{Answer, whole};
use super::pods::{Answer as PodsAnswer, PodsOf};
use super::{Detail, Tab};
use crate::app::key::parse_keys;
use crate::app::test_support::facts;
use crate::app::{App, CommandTarget, Effect, Facts, Keymap, Msg, Ticket};
use crate::cluster::WatchEvent;
use crate::cluster::{self, Event, mask};
use crate::commands::COMMANDS;
use crate::kinds;
use crate::model::{Connection, Env, Fault, ObjectRef, Row};
use crate::theme::{Depth, Theme};

const STAGING: Env = Env(0);

fn now() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

/// A Kustomization as kustomize-controller leaves it, with the changes of a test.
fn kustomization(name: &str, ready: &Value, spec: &Value) -> Value {
    let mut value = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {
            "name": name, "namespace": "flux-system", "generation": 1, "creationTimestamp": "2025-12-15T12:00:00Z",
            "labels": {
                "kustomize.toolkit.fluxcd.io/name": "flux-system",
                "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
            },
        },
        "spec": {
            "interval": "10m", "path": "./apps/staging", "prune": true,
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        },
        "status": {
            "observedGeneration": 1, "conditions": [ready],
            "lastAppliedRevision": "main@sha1:dc5f0391c7c5b1ac1e0e9a5e4d3f0b6c7a8d9e0f",
            "inventory": {"entries": [
                {"id": "linkding_linkding_apps_Deployment", "v": "v1"},
                {"id": "_linkding__Namespace", "v": "v1"},
                {"id": "linkding_linkding-env__Secret", "v": "v1"},
            ]},
        },
    });
    for (key, part) in spec.as_object().unwrap() {
        value["spec"][key] = part.clone();
    }
    value
}

fn ready() -> Value {
    json!({"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded",
        "lastTransitionTime": "2026-01-15T11:56:00Z", "message": "Applied revision: main@sha1:dc5f0391"})
}

fn row(value: &Value) -> Row {
    let kind = kinds::find(value["kind"].as_str().unwrap()).unwrap();
    (kind.decode)(value.to_string().as_bytes()).unwrap()
}

fn apps() -> ObjectRef {
    kinds::KUSTOMIZATION.object("flux-system", "apps")
}

/// An app that shows the detail of an object, with the facts of a test.
fn open(object: &ObjectRef, tab: Tab, facts: Facts) -> (App, Vec<Effect>) {
    let theme = Theme::load("terminal", Depth::None, true).unwrap();
    let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
    let mut app = App::new(facts, theme, keymap, COMMANDS, Box::new(Detail::new(STAGING, object, tab)));
    // The app does not open its root view: a redraw makes it request its data.
    let effects = press(&mut app, "<ctrl-l>");
    (app, effects)
}

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    parse_keys(keys).unwrap().into_iter().flat_map(|key| app.update(Msg::Key(key))).collect()
}

fn tasks(effects: &[Effect]) -> Vec<String> {
    let label = |effect: &Effect| match effect {
        Effect::Task(_, task) => Some(task.label.clone()),
        _ => None,
    };
    effects.iter().filter_map(label).collect()
}

fn answer(app: &mut App, answer: Answer) {
    app.update(Msg::Reply { ticket: Ticket(0), payload: Box::new(answer), pending: None });
}

fn read(object: &ObjectRef, mut value: Value) -> Answer {
    if mask::is_secret(object) {
        mask::secret(&mut value);
    }
    Answer::Whole(STAGING, cluster::ObjectDetail::from_value(object, value).map(|detail| Some(whole(detail))))
}

/// Sends a row as a watch would.
fn watched(app: &mut App, value: &Value) -> Vec<Effect> {
    let kind = kinds::find(value["kind"].as_str().unwrap()).unwrap();
    let generation = app.facts.table(STAGING, kind).unwrap().generation;
    let change = |change| Msg::Watched { env: STAGING, kind, generation, change, pending: None };
    app.update(change(WatchEvent::Link(Connection::Live)));
    app.update(change(WatchEvent::Rows(vec![row(value)])))
}

/// The screen without its footer, which lists all commands.
fn screen(app: &App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| app.render(frame)).unwrap();
    let seen = terminal.backend().to_string();
    seen.trim_end().rsplit_once('\n').unwrap().0.to_owned()
}

fn started() -> Facts {
    let mut facts = facts();
    facts.now = now();
    facts
}

#[test]
fn an_object_is_read_with_its_events_and_again_when_its_row_changes() {
    let (mut app, effects) = open(&apps(), Tab::Overview, started());
    let both = ["read Kustomization/flux-system/apps", "events of Kustomization/flux-system/apps"];
    assert_eq!(tasks(&effects), both);
    let value = kustomization("apps", &ready(), &json!({}));
    assert_eq!(tasks(&watched(&mut app, &value)), both);
    assert_eq!(tasks(&watched(&mut app, &value)), [""; 0]);
    let other = kustomization("monitoring", &ready(), &json!({}));
    assert_eq!(tasks(&watched(&mut app, &other)), [""; 0]);
    let suspended = kustomization("apps", &ready(), &json!({"suspend": true}));
    assert_eq!(tasks(&watched(&mut app, &suspended)), both);
}

#[test]
fn loading_and_faults_say_what_to_do() {
    let (mut app, _) = open(&apps(), Tab::Overview, started());
    insta::assert_snapshot!("loading", screen(&app, 80, 24));
    let fault = Fault::failed("cannot read it in staging", "forbidden", "ask for the permission");
    answer(&mut app, Answer::Whole(STAGING, Err(fault.clone())));
    answer(&mut app, Answer::Events(STAGING, Err(fault)));
    insta::assert_snapshot!("fault", screen(&app, 80, 24));
}

#[test]
fn a_waiting_kustomization_names_what_it_waits_for() {
    let mut facts = started();
    facts.now = now();
    let (mut app, _) = open(&apps(), Tab::Overview, facts);
    let failed = json!({"type": "Ready", "status": "False", "reason": "HealthCheckFailed",
        "lastTransitionTime": "2026-01-15T10:00:00Z",
        "message": "health check failed after 3m0s: timeout waiting for: [Certificate/cert-manager/wildcard status: 'InProgress']"});
    watched(&mut app, &kustomization("infrastructure-configs", &failed, &json!({"dependsOn": []})));
    let waits = json!({"type": "Ready", "status": "False", "reason": "DependencyNotReady",
        "lastTransitionTime": "2026-01-15T11:00:00Z",
        "message": "dependency 'flux-system/infrastructure-configs' is not ready"});
    let value = kustomization("apps", &waits, &json!({"dependsOn": [{"name": "infrastructure-configs"}]}));
    watched(&mut app, &value);
    answer(&mut app, read(&apps(), value));
    insta::assert_snapshot!("waiting", screen(&app, 120, 36));
    // Enter on the line of the dependency opens it.
    let effects = press(&mut app, "jj<enter>");
    assert_eq!(tasks(&effects).first().unwrap(), "read Kustomization/flux-system/infrastructure-configs");
    assert!(screen(&app, 120, 36).contains("timeout waiting for"));
}

#[test]
fn who_suspended_it_and_why_is_said() {
    let (mut app, _) = open(&apps(), Tab::Overview, started());
    let mut value = kustomization("apps", &ready(), &json!({"suspend": true}));
    value["metadata"]["annotations"] = json!({
        "fluxdeck.dev/suspend-reason": "migrating the database", "fluxdeck.dev/suspend-by": "anna",
        "fluxdeck.dev/suspend-until": "2026-01-16T00:00:00Z",
    });
    watched(&mut app, &value);
    answer(&mut app, read(&apps(), value));
    let seen = screen(&app, 80, 24);
    assert!(seen.contains("by anna, until 2026-01-16T00:00:00Z"), "{seen}");
    assert!(seen.contains("migrating the database") && seen.contains("never, until it is resumed"), "{seen}");
}

#[test]
fn events_come_newest_first_with_their_whole_message() {
    let (mut app, _) = open(&apps(), Tab::Events, started());
    answer(&mut app, Answer::Events(STAGING, Ok(Vec::new())));
    assert!(screen(&app, 80, 24).contains("no events"));
    let event = |at: &str, kind: &str, reason: &str, message: &str, count| Event {
        uid: String::new(),
        at: Some(at.parse().unwrap()),
        kind: kind.to_owned(),
        reason: reason.to_owned(),
        object: apps(),
        message: message.to_owned(),
        count,
        from: "kustomize-controller".to_owned(),
    };
    let events = vec![
        event("2026-01-15T11:00:00Z", "Normal", "ReconciliationSucceeded", "Reconciliation finished in 1.2s", 1),
        event(
            "2026-01-15T11:58:00Z",
            "Warning",
            "BuildFailed",
            "kustomize build failed: accumulating resources: accumulation err='accumulating resources from \
             'deployment.yaml': open deployment.yaml: no such file or directory'",
            7,
        ),
    ];
    answer(&mut app, Answer::Events(STAGING, Ok(events)));
    insta::assert_snapshot!("events", screen(&app, 80, 24));
}

#[test]
fn yaml_is_searched_and_secrets_stay_masked() {
    let secret = ObjectRef::new("Secret", "", "linkding", "linkding-env");
    let (mut app, _) = open(&secret, Tab::Yaml, started());
    let value = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "linkding-env", "namespace": "linkding"},
        "data": {"PASSWORD": "aHVudGVyMg=="}, "stringData": {"TOKEN": "hunter2"},
    });
    answer(&mut app, read(&secret, value));
    press(&mut app, "/pass<enter>");
    let seen = screen(&app, 80, 24);
    assert!(seen.contains(">  PASSWORD: (masked, 7 bytes)") && seen.contains("1 found"), "{seen}");
    assert!(!seen.contains("hunter2") && !seen.contains("aHVudGVyMg"), "{seen}");
}

#[test]
fn the_inventory_shows_live_states_and_opens_objects() {
    let (mut app, _) = open(&apps(), Tab::Overview, started());
    let value = kustomization("apps", &ready(), &json!({}));
    watched(&mut app, &value);
    answer(&mut app, read(&apps(), value));
    let effects = press(&mut app, "6");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Watch { kind, .. } if kind.kind == "Deployment")));
    let deployment = json!({
        "kind": "Deployment", "metadata": {"name": "linkding", "namespace": "linkding", "generation": 1},
        "spec": {"replicas": 1}, "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1},
    });
    watched(&mut app, &deployment);
    insta::assert_snapshot!("inventory", screen(&app, 120, 36));
    assert_eq!(app.targets(), [CommandTarget::Object(STAGING, "Deployment.apps/linkding/linkding".parse().unwrap())]);
    press(&mut app, "/env<enter>");
    assert_eq!(tasks(&press(&mut app, "<enter>")).first().unwrap(), "read Secret/linkding/linkding-env");
}

#[test]
fn an_object_that_was_deleted_says_so_and_stays_readable() {
    let (mut app, _) = open(&apps(), Tab::Overview, started());
    let value = kustomization("apps", &ready(), &json!({}));
    watched(&mut app, &value);
    answer(&mut app, read(&apps(), value));
    let generation = app.facts.table(STAGING, kinds::KUSTOMIZATION).unwrap().generation;
    let gone = WatchEvent::Gone(vec![app.facts.row(STAGING, &apps()).unwrap().key.clone()]);
    let kind = kinds::KUSTOMIZATION;
    let effects = app.update(Msg::Watched { env: STAGING, kind, generation, change: gone, pending: None });
    assert_eq!(tasks(&effects).len(), 2);
    answer(&mut app, Answer::Whole(STAGING, Ok(None)));
    insta::assert_snapshot!("deleted", screen(&app, 80, 24));
}

#[test]
fn the_same_object_is_shown_in_the_other_environment() {
    let (mut app, _) = open(&apps(), Tab::Overview, started());
    answer(&mut app, read(&apps(), kustomization("apps", &ready(), &json!({}))));
    let effects = press(&mut app, ">");
    assert_eq!(tasks(&effects).len(), 2);
    assert!(screen(&app, 80, 24).contains("Kustomization/flux-system/apps  production"));
    // The late answer of the first environment is dropped.
    answer(&mut app, read(&apps(), kustomization("apps", &ready(), &json!({}))));
    assert!(screen(&app, 80, 24).contains("reading..."));
}

fn web() -> ObjectRef {
    kinds::DEPLOYMENT.object("shop", "web")
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "generation": 1},
        "spec": {"replicas": 3},
        "status": {"observedGeneration": 1, "replicas": 3, "readyReplicas": 1, "updatedReplicas": 3, "availableReplicas": 1},
    })
}

/// The pods: running, crashing, and without an image.
fn pods() -> Vec<Value> {
    let pod = |name: &str, state: Value, last: Value| {
        json!({
            "metadata": {"name": name, "namespace": "shop"}, "spec": {"nodeName": "node-1", "containers": [{"name": "web"}]},
            "status": {"phase": "Running", "containerStatuses": [{
                "name": "web", "ready": state.get("running").is_some(), "restartCount": 3, "state": state, "lastState": last,
            }]},
        })
    };
    let pull =
        json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"web:2\": not found"}});
    let crash = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting"}});
    let killed = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-15T11:57:00Z"}});
    vec![
        pod("web-1", json!({"running": {}}), json!({})),
        pod("web-2", crash, killed),
        pod("web-3", pull.clone(), json!({})),
        pod("web-4", pull, json!({})),
    ]
}

#[test]
fn a_workload_says_what_its_pods_suffer_from_and_leads_to_them() {
    let (mut app, effects) = open(&web(), Tab::Overview, started());
    assert!(tasks(&effects).contains(&"pods of Deployment/shop/web".to_owned()), "{:?}", tasks(&effects));
    answer(&mut app, read(&web(), deployment()));
    let found = PodsOf::new(&web(), pods());
    app.update(Msg::Reply { ticket: Ticket(0), payload: Box::new(PodsAnswer(STAGING, Ok(found))), pending: None });
    for (width, height) in [(80, 24), (120, 36), (170, 48), (200, 50)] {
        insta::assert_snapshot!(format!("pods-{width}x{height}"), screen(&app, width, height));
    }
    let seen = screen(&app, 120, 36);
    assert!(seen.contains("1 of 4 pods: CrashLoopBackOff: web: ended with exit code 137 (OOMKilled)"), "{seen}");
    assert!(seen.contains("2 of 4 pods: ImagePullBackOff: web: Back-off pulling image"), "{seen}");
    let effects = press(&mut app, "/1 of 4<enter><esc>jjjjj<enter>");
    assert!(
        tasks(&effects).iter().any(|label| label.contains("Pod/shop/web-")),
        "{:?} {}",
        tasks(&effects),
        screen(&app, 120, 36)
    );
}

#[test]
fn a_node_is_described_with_its_pods() {
    let node = kinds::NODE.object("", "node-1");
    let (mut app, effects) = open(&node, Tab::Describe, started());
    assert!(tasks(&effects).contains(&"pods of Node//node-1".to_owned()), "{:?}", tasks(&effects));
    let value = json!({"kind": "Node", "metadata": {"name": "node-1"}, "status": {"allocatable": {"cpu": "2", "memory": "4Gi"}}});
    answer(&mut app, read(&node, value));
    assert!(screen(&app, 120, 36).contains("(not read)"));
    let found = PodsOf::new(&node, pods());
    app.update(Msg::Reply { ticket: Ticket(0), payload: Box::new(PodsAnswer(STAGING, Ok(found))), pending: None });
    for (width, height) in [(80, 24), (120, 36), (170, 48), (200, 50)] {
        insta::assert_snapshot!(format!("node-{width}x{height}"), screen(&app, width, height));
    }
    assert!(screen(&app, 120, 36).contains("Non-terminated Pods:  (4 in total)"));
}

#[test]
fn a_line_of_yaml_names_its_field_and_help_explains_it() {
    use super::field_of;
    use crate::theme::Scope;
    use crate::views::parts::page::PageLine;
    let text = "apiVersion: x\nmetadata:\n  name: apps\nspec:\n  interval: 10m\n  postBuild:\n    substituteFrom:\n    - kind: ConfigMap\n      name: vars\n  prune: true\nstatus:\n  interval: 1";
    let lines: Vec<PageLine> = text.lines().map(|line| PageLine::cut(line, Scope::Text)).collect();
    let fields: Vec<Option<String>> = lines.iter().map(|line| field_of(line, &lines)).collect();
    let field = |index: usize| fields[index].as_deref();
    assert_eq!((field(0), field(2), field(3), field(11)), (None, None, None, None));
    assert_eq!(field(4), Some("spec.interval"));
    assert_eq!(field(6), Some("spec.postBuild.substituteFrom"));
    assert_eq!(field(8), Some("spec.postBuild.substituteFrom.name"));
    assert_eq!(field(9), Some("spec.prune"));
}
