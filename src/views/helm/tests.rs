//! The inspector through its keys: the requests and the screen after each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;

use super::history::Choice;
use super::part::{comparison, values};
use super::{Answer, Inspector, InspectorTab};
use crate::app::key::parse_keys;
use crate::app::test_support::facts;
use crate::app::{App, CommandTarget, Effect, Keymap, Msg, Ticket};
use crate::cluster::{Event, WatchEvent};
use crate::commands::COMMANDS;
use crate::helm::diff::{DocumentChange as Changed, DocumentDiff};
use crate::helm::storage::ChartMetadata;
use crate::helm::{Comparison, Inspection, ReleaseRevision, ValueRow};
use crate::kinds;
use crate::lineage::{Lineage, LineageNode};
use crate::model::{Condition, Connection, Env, Fault, ObjectRef, State};
use crate::theme::{Depth, Theme};
use crate::views::detail::family::{Family, FamilyAnswer};
use crate::views::parts::page::PageLine;

const STAGING: Env = Env(0);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn web() -> ObjectRef {
    kinds::find("HelmRelease").unwrap().object("apps", "web")
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: Some(at("2026-01-15T11:00:00Z")),
        observed_generation: Some(2),
    }
}

fn revision(number: u32, status: &str, chart: &str, description: &str) -> ReleaseRevision {
    ReleaseRevision {
        revision: number,
        status: status.to_owned(),
        chart: chart.to_owned(),
        app_version: "2.4.1".to_owned(),
        deployed: Some(at("2026-01-13T12:00:00Z")),
        description: description.to_owned(),
    }
}

/// A release whose upgrade failed and was rolled back: the Released condition has the cause.
fn inspection() -> Inspection {
    let failed = "Helm upgrade failed for release apps/web with chart web@1.3.0: context deadline exceeded";
    let conditions = vec![
        condition("Ready", "False", "RollbackSucceeded", "Helm rollback to previous release apps/web.v2 succeeded"),
        condition("Released", "False", "UpgradeFailed", failed),
        condition("Remediated", "True", "RollbackSucceeded", "Helm rollback to previous release apps/web.v2 succeeded"),
    ];
    Inspection {
        object: web(),
        release: "apps-web".to_owned(),
        namespace: "apps".to_owned(),
        storage_namespace: "apps".to_owned(),
        suspended: false,
        chart: ChartMetadata { name: "web".to_owned(), version: "1.2.0".to_owned(), app_version: "2.4.1".to_owned() },
        wanted: ("web".to_owned(), ">=1.2.0".to_owned()),
        source: kinds::find("HelmRepository").map(|kind| kind.object("flux-system", "charts")),
        helm_chart: kinds::find("HelmChart").map(|kind| kind.object("flux-system", "apps-web")),
        cause: conditions.get(1).cloned(),
        conditions,
        values_from: vec![
            serde_json::from_value(json!({"kind": "Secret", "name": "web-values", "valuesKey": "v"})).unwrap(),
        ],
        history: vec![
            revision(3, "deployed", "web-1.2.0", "Rollback to 1"),
            revision(2, "failed", "web-1.3.0", "Upgrade \"apps-web\" failed: context deadline exceeded"),
            revision(1, "superseded", "web-1.2.0", "Install complete"),
        ],
    }
}

fn row(path: &str, value: serde_json::Value, origin: &str, secret: bool) -> ValueRow {
    ValueRow { path: path.to_owned(), value, origin: origin.to_owned(), secret }
}

fn open() -> App {
    let mut facts = facts();
    facts.now = at("2026-01-15T12:00:00Z");
    let theme = Theme::load("terminal", Depth::None, true).unwrap();
    let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
    App::new(facts, theme, keymap, COMMANDS, Box::new(Inspector::new(STAGING, &web())))
}

/// An inspector with its history.
fn opened() -> App {
    let mut app = open();
    answer(&mut app, Answer::Inspection(STAGING, Ok(Box::new(inspection()))));
    app
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

fn part(app: &mut App, tab: InspectorTab, choice: Choice, lines: Vec<PageLine>) {
    answer(app, Answer::Part(STAGING, tab, choice, Ok(lines)));
}

/// The screen without its footer, which lists all commands.
fn screen(app: &App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| app.render(frame)).unwrap();
    let seen = terminal.backend().to_string();
    seen.trim_end().rsplit_once('\n').unwrap().0.to_owned()
}

#[test]
fn it_reads_at_first_and_again_when_its_row_changes() {
    let mut app = open();
    let both = ["inspect HelmRelease/apps/web", "events of HelmRelease/apps/web"];
    assert_eq!(tasks(&press(&mut app, "<ctrl-l>")), both);
    assert!(screen(&app, 80, 24).contains("reading..."));
    let kind = kinds::find("HelmRelease").unwrap();
    let generation = app.facts.table(STAGING, kind).unwrap().generation;
    let change = |change| Msg::Watched { env: STAGING, kind, generation, change, pending: None };
    let value = json!({"metadata": {"name": "web", "namespace": "apps"}, "spec": {"interval": "10m"}, "status": {}});
    let seen = (kind.decode)(value.to_string().as_bytes()).unwrap();
    assert_eq!(tasks(&app.update(change(WatchEvent::Link(Connection::Live)))), [""; 0]);
    assert_eq!(tasks(&app.update(change(WatchEvent::Rows(vec![seen])))), both);
}

#[test]
fn what_cannot_be_read_says_why() {
    let mut app = open();
    let fault = Fault::failed("cannot read it in staging", "not found", "is it installed?");
    answer(&mut app, Answer::Inspection(STAGING, Err(fault)));
    assert!(screen(&app, 80, 24).contains("cannot read it in staging: not found"));
}

#[test]
fn after_a_rollback_the_true_cause_is_shown() {
    insta::assert_snapshot!("overview", screen(&opened(), 120, 36));
}

#[test]
fn revisions_are_chosen_and_what_is_shown_follows() {
    let mut app = opened();
    press(&mut app, "]j<space>");
    insta::assert_snapshot!("history", screen(&app, 80, 24));
    // Enter shows the values of the revision under the cursor, regardless of the choice.
    assert_eq!(tasks(&press(&mut app, "j<enter>")), ["values of HelmRelease/apps/web"]);
    assert!(screen(&app, 80, 24).contains("revision 1"));
    // Going back and forth reads nothing again; another choice does.
    assert_eq!(tasks(&press(&mut app, "[]")), [""; 0]);
    assert_eq!(tasks(&press(&mut app, "[k<space>]]]")).len(), 3);
    assert!(screen(&app, 80, 24).contains("revisions 1 and 2"));
}

#[test]
fn values_stand_beside_their_origin_and_secrets_stay_masked() {
    let mut app = opened();
    press(&mut app, "3");
    let rows = [
        row("image.tag", json!("2.4.1"), "inline", false),
        row("login.password", json!("hunter2"), "Secret/web-values v", true),
        row("replicas", json!(2), "ConfigMap/web values.yaml", false),
        row("resources", json!({}), "chart", false),
    ];
    part(&mut app, InspectorTab::Values, Choice::default(), values(&rows, None));
    let seen = screen(&app, 80, 24);
    assert!(!seen.contains("hunter2"));
    insta::assert_snapshot!("values", seen);
}

#[test]
fn an_answer_for_another_choice_is_dropped() {
    let mut app = opened();
    press(&mut app, "]<enter>");
    part(&mut app, InspectorTab::Values, Choice::default(), values(&[], None));
    assert!(screen(&app, 80, 24).contains("reading..."));
    part(&mut app, InspectorTab::Values, Choice::single(3), values(&[], Some(3)));
    assert!(screen(&app, 80, 24).contains("there are no values"));
}

#[test]
fn a_difference_shows_values_and_then_documents() {
    let mut app = opened();
    press(&mut app, "5");
    let found = Comparison {
        old: 2,
        new: 3,
        values: "@@ -1,2 +1,2 @@\n-image.tag: \"2.5.0\"\n+image.tag: \"2.4.1\"\n replicas: 2\n".to_owned(),
        documents: vec![DocumentDiff {
            object: "Secret//web-secret".to_owned(),
            change: Changed::Update,
            diff: "@@ -3,3 +3,3 @@\n data:\n-  password: (masked, f52fbd32)\n+  password: (masked, 00c6ee2e)\n"
                .to_owned(),
        }],
    };
    part(&mut app, InspectorTab::Diff, Choice::default(), comparison(&found));
    insta::assert_snapshot!("diff", screen(&app, 80, 24));
    let same = Comparison { values: String::new(), documents: Vec::new(), ..found };
    part(&mut app, InspectorTab::Diff, Choice::default(), comparison(&same));
    assert!(screen(&app, 80, 24).contains("values and rendered documents are the same"));
}

#[test]
fn a_release_has_what_it_made_and_what_was_said_of_it_as_tabs() {
    let mut app = opened();
    let event = |kind: &str, reason: &str, message: &str| Event {
        uid: String::new(),
        at: Some(at("2026-01-15T11:58:00Z")),
        kind: kind.to_owned(),
        reason: reason.to_owned(),
        object: web(),
        message: message.to_owned(),
        count: 1,
        from: "helm-controller".to_owned(),
    };
    let events = vec![
        event("Normal", "InstallSucceeded", "Helm install succeeded for release apps/web.v1 with chart web@1.2.0"),
        event("Warning", "UpgradeFailed", "Helm upgrade failed for release apps/web with chart web@1.3.0: timed out"),
    ];
    answer(&mut app, Answer::Events(STAGING, Ok(events)));
    assert_eq!(tasks(&press(&mut app, "7")), ["tree of HelmRelease/apps/web"]);
    let node = |object: &str, group: &str, state, note: &str| LineageNode {
        object: ObjectRef { group: group.to_owned(), ..object.parse().unwrap() },
        state,
        note: note.to_owned(),
        children: Vec::new(),
    };
    let pods = vec![node("Pod/apps/web-6c6f-qk2rn", "", State::Failed, "CrashLoopBackOff")];
    let deployment = LineageNode { children: pods, ..node("Deployment/apps/web", "apps", State::Failed, "0/1") };
    let release = node("HelmRelease/apps/web", "helm.toolkit.fluxcd.io", State::Failed, "Helm upgrade failed");
    let kustomization =
        node("Kustomization/flux-system/apps", "kustomize.toolkit.fluxcd.io", State::Ready, "main@dc5f039");
    let origin =
        Lineage { chain: vec![release.clone(), kustomization], revision: Some("main@sha1:dc5f039".to_owned()) };
    let service = node("Service/apps/web", "", State::Ready, "");
    let family = Family::new(origin, LineageNode { children: vec![deployment, service], ..release });
    app.update(Msg::Reply { ticket: Ticket(0), payload: Box::new(FamilyAnswer(STAGING, Ok(family))), pending: None });
    for (width, height) in [(80, 24), (120, 36), (170, 48), (200, 50)] {
        insta::assert_snapshot!(format!("tree-{width}x{height}"), screen(&app, width, height));
    }
    // A key on a line of the tree acts on the object of that line.
    press(&mut app, "/Pod<enter>");
    assert_eq!(app.targets().first().map(CommandTarget::name).as_deref(), Some("Pod/apps/web-6c6f-qk2rn"));
    press(&mut app, "8");
    for (width, height) in [(80, 24), (120, 36), (170, 48), (200, 50)] {
        insta::assert_snapshot!(format!("events-{width}x{height}"), screen(&app, width, height));
    }
    assert!(screen(&app, 80, 24).contains("[events 2]"));
}
