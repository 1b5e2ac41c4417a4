//! One order from what each side tells.

use jiff::Timestamp;
use serde_json::json;

use super::{TimelineEntry, TimelineLink, TimelinePart, entries, journal, merged};
use crate::cluster::Event;
use crate::helm::ReleaseRevision;
use crate::model::{JournalEntry, ObjectRef};
use crate::repo::git::CommitEntry;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn kustomization() -> serde_json::Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {
            "name": "apps", "namespace": "flux-system", "creationTimestamp": "2026-11-01T00:00:00Z",
            "managedFields": [
                {"manager": "kustomize-controller", "operation": "Apply", "time": "2026-11-29T11:00:00Z", "fieldsV1": {}},
                {"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-29T11:30:00Z",
                 "fieldsV1": {"f:spec": {"f:suspend": {}, "f:interval": {}}}},
            ],
        },
        "status": {
            "conditions": [{"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "kustomize build failed\nmore",
                            "lastTransitionTime": "2026-11-29T11:40:00Z"}],
            "history": [{"firstReconciled": "2026-11-29T09:00:00Z", "lastReconciled": "2026-11-29T11:20:00Z", "lastReconciledDuration": "2s",
                         "lastReconciledStatus": "ReconciliationSucceeded", "totalReconciliations": 15,
                         "metadata": {"revision": "main@sha1:9f1c2aa000000000000000000000000000000000"}}],
        },
    })
}

fn parts() -> Vec<TimelinePart> {
    let apps: ObjectRef = ObjectRef::of_body(&kustomization());
    let release = ObjectRef::new("HelmRelease", "helm.toolkit.fluxcd.io", "web", "web");
    let source = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "flux-system", "namespace": "flux-system"},
        "status": {"artifact": {"revision": "main@sha1:9f1c2aa000000000000000000000000000000000", "lastUpdateTime": "2026-11-29T08:59:00Z"}}});
    let pod = json!({"metadata": {"name": "web-0", "namespace": "web"}, "status": {"containerStatuses": [
        {"name": "main", "restartCount": 3, "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-29T10:00:00Z"}}},
        {"name": "quiet", "restartCount": 0, "lastState": {}}]}});
    let event = Event {
        uid: String::new(),
        at: Some(at("2026-11-29T11:41:00Z")),
        kind: "Warning".to_owned(),
        reason: "BuildFailed".to_owned(),
        object: apps.clone(),
        message: "kustomize build failed".to_owned(),
        count: 4,
        from: "kustomize-controller".to_owned(),
    };
    let revision = ReleaseRevision {
        revision: 4,
        status: "deployed".to_owned(),
        chart: "web-1.2.3".to_owned(),
        app_version: String::new(),
        deployed: Some(at("2026-11-29T09:30:00Z")),
        description: "Upgrade complete".to_owned(),
    };
    let written = |env: &str| JournalEntry {
        at: at("2026-11-29T11:35:00Z"),
        id: "1".to_owned(),
        user: None,
        login: "maria".to_owned(),
        env: Some(env.to_owned()),
        object: "Kustomization/flux-system/apps".to_owned(),
        command: "flux reconcile kustomization apps".to_owned(),
        result: Some("done".to_owned()),
    };
    let commit = CommitEntry {
        commit: "9f1c2aa000000000000000000000000000000000".to_owned(),
        author: "Maria".to_owned(),
        at: Some(at("2026-11-29T08:58:00Z")),
        subject: "raise the limit".to_owned(),
    };
    vec![
        TimelinePart::Objects(vec![kustomization(), source]),
        TimelinePart::Pods(vec![pod]),
        TimelinePart::Events(vec![event]),
        TimelinePart::Releases(release, vec![revision]),
        TimelinePart::Journal(vec![written("staging"), written("production")]),
        TimelinePart::Commits(None, vec![commit]),
    ]
}

fn all() -> Vec<TimelineEntry> {
    parts().iter().flat_map(|part| entries("staging", part)).collect()
}

#[test]
fn all_sides_stand_in_one_order_and_each_entry_says_where_it_was_read() {
    let told = merged(all(), Some(at("2026-11-29T00:00:00Z")));
    let lines: Vec<String> = told
        .iter()
        .map(|entry| format!("{:.0} {} | {} | {}", entry.at, entry.object, entry.what, entry.from))
        .collect();
    let wanted = [
        "2026-11-29T08:58:00Z  | 9f1c2aa raise the limit (Maria) | git",
        "2026-11-29T08:59:00Z GitRepository/flux-system/flux-system | fetched main@9f1c2aa | status.artifact",
        "2026-11-29T09:00:00Z Kustomization/flux-system/apps | first run of main@9f1c2aa | status.history",
        "2026-11-29T09:30:00Z HelmRelease/web/web | revision 4 of web-1.2.3, deployed: Upgrade complete | Helm storage",
        "2026-11-29T10:00:00Z Pod/web/web-0 | container main ended: OOMKilled, exit 137; 3 restarts so far | lastState",
        "2026-11-29T11:20:00Z Kustomization/flux-system/apps | ReconciliationSucceeded main@9f1c2aa in 2s, 15 runs | status.history",
        "2026-11-29T11:30:00Z Kustomization/flux-system/apps | written by kubectl-edit, update: spec.suspend, spec.interval | metadata.managedFields",
        "2026-11-29T11:35:00Z Kustomization/flux-system/apps | flux reconcile kustomization apps by maria: done | journal",
        "2026-11-29T11:40:00Z Kustomization/flux-system/apps | Ready=False BuildFailed: kustomize build failed | condition Ready",
        "2026-11-29T11:41:00Z Kustomization/flux-system/apps | Warning BuildFailed: kustomize build failed (4 times) | event of kustomize-controller",
    ];
    assert_eq!(lines, wanted);
}

#[test]
fn what_is_before_the_time_and_what_stands_twice_is_left_out() {
    let twice: Vec<TimelineEntry> = all().into_iter().chain(all()).collect();
    assert_eq!(merged(twice.clone(), None).len(), all().len());
    let late = merged(twice.clone(), Some(at("2026-11-29T11:40:00Z")));
    assert_eq!(late.len(), 2, "{late:#?}");
    let mut turned = twice;
    turned.reverse();
    assert_eq!(merged(turned, None), merged(all(), None), "the order in which the sides answer does not count");
}

#[test]
fn commits_and_objects_open_and_json_has_the_five_fields() {
    let told = merged(all(), None);
    let commit = told.iter().find(|entry| entry.from == "git").unwrap();
    assert!(matches!(&commit.link, TimelineLink::Commit(commit) if commit.starts_with("9f1c2aa")));
    let value = serde_json::to_value(commit).unwrap();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["at", "env", "object", "what", "from"]);
}

#[test]
fn odd_values_are_passed_over() {
    let odd = json!({"kind": 1, "metadata": {"managedFields": [{"manager": "kubectl", "time": "never"}, 7], "creationTimestamp": null},
        "status": {"conditions": [{"type": "Ready"}, null], "history": [{}, "x"], "artifact": []}});
    let part = TimelinePart::Objects(vec![odd.clone(), json!(null)]);
    assert_eq!(entries("staging", &part), Vec::new());
    assert_eq!(entries("staging", &TimelinePart::Pods(vec![odd, json!([])])), Vec::new());
}

#[test]
fn a_journal_that_is_not_there_holds_nothing_and_another_objects_lines_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    assert!(matches!(journal(Some(&path), None), Ok(TimelinePart::Journal(found)) if found.is_empty()));
    let line = |object: &str| {
        format!(
            "{{\"at\":\"2026-11-29T11:35:00Z\",\"id\":\"{object}\",\"env\":\"staging\",\"object\":\"{object}\",\"command\":\"x\"}}\n"
        )
    };
    std::fs::write(&path, line("Kustomization/flux-system/apps") + &line("Kustomization/flux-system/web") + "cut")
        .unwrap();
    let apps: ObjectRef = "Kustomization/flux-system/apps".parse().unwrap();
    let Ok(TimelinePart::Journal(found)) = journal(Some(&path), Some(&apps)) else { panic!() };
    assert_eq!(found.len(), 1);
}
