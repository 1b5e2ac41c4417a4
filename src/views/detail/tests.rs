//! The detail as an operator meets it: keys in, what is asked and what is seen out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

use super::load::{Answer, whole};
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

/// A Kustomization as kustomize-controller leaves it, with what a test changes.
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

/// An app that shows the detail of an object, with facts as a test wants them.
fn open(object: &ObjectRef, tab: Tab, facts: Facts) -> (App, Vec<Effect>) {
    let theme = Theme::load("terminal", Depth::None, true).unwrap();
    let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
    let mut app = App::new(facts, theme, keymap, COMMANDS, Box::new(Detail::new(STAGING, object, tab)));
    // The root view is not opened: what it would read is asked for by drawing anew.
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
    app.update(Msg::Reply { ticket: Ticket(0), payload: Box::new(answer), owed: None });
}

fn read(object: &ObjectRef, mut value: Value) -> Answer {
    if mask::is_secret(object) {
        mask::secret(&mut value);
    }
    Answer::Whole(STAGING, cluster::ObjectDetail::from_value(object, value).map(|detail| Some(whole(detail))))
}

/// Rows as a watch would bring them.
fn watched(app: &mut App, value: &Value) -> Vec<Effect> {
    let kind = kinds::find(value["kind"].as_str().unwrap()).unwrap();
    let generation = app.facts.table(STAGING, kind).unwrap().generation;
    let change = |change| Msg::Watched { env: STAGING, kind, generation, change, owed: None };
    app.update(change(WatchEvent::Link(Connection::Live)));
    app.update(change(WatchEvent::Rows(vec![row(value)])))
}

/// The screen without its footer, which lists whatever commands there are.
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
        at: Some(at.parse().unwrap()),
        kind: kind.to_owned(),
        reason: reason.to_owned(),
        object: apps(),
        message: message.to_owned(),
        count,
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
    let effects = app.update(Msg::Watched { env: STAGING, kind, generation, change: gone, owed: None });
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
