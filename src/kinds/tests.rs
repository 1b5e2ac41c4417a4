//! Objects as the real controllers wrote them (source-controller 1.7.3, kustomize-controller 1.7.3, helm-controller
//! 1.4.3).

use std::collections::HashSet;

use jiff::Timestamp;

use super::{KINDS, find, flux, watched};
use crate::model::{FluxFacts, Kind, ObjectRef, Row, State};

fn decode(kind: &str, json: &str) -> Row {
    let kind: &Kind = find(kind).unwrap();
    let row = (kind.decode)(json.as_bytes()).unwrap();
    assert_eq!(row.cells.len(), kind.columns.len());
    assert!(row.created.is_some());
    row
}

fn facts(row: &Row) -> &FluxFacts {
    row.flux.as_deref().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_kustomization_that_is_applied() {
    let row = decode("ks", include_str!("fixtures/kustomization-ready.json"));
    assert_eq!((row.state, &*row.key.namespace, &*row.key.name), (State::Ready, "flux-system", "apps"));
    assert_eq!(&*row.cells[0], "main@e1b2bac");
    let facts = facts(&row);
    assert_eq!((facts.ready, facts.reason.as_str()), (Some(true), "ReconciliationSucceeded"));
    assert_eq!(facts.revision, "main@sha1:e1b2bac3ac903b368b1fc964cd9ace0cd733e70a");
    assert_eq!(facts.attempted, None);
    assert_eq!(facts.path.as_deref(), Some("apps"));
    assert_eq!(facts.source.as_ref().unwrap().to_string(), "GitRepository/flux-system/fleet");
    assert_eq!(facts.depends_on[0].to_string(), "Kustomization/flux-system/infra");
    assert_eq!(*facts.inventory[0], *"web_app_apps_Deployment");
    assert_eq!(facts.next, Some(at("2026-11-22T23:00:06Z")));
}

#[test]
fn a_kustomization_that_failed_is_tried_again_after_its_retry_interval() {
    let row = decode("ks", include_str!("fixtures/kustomization-failed.json"));
    assert_eq!(row.state, State::Failed, "although its controller says that it progresses");
    assert!(row.message.starts_with("kustomize build failed: "));
    let facts = facts(&row);
    assert_eq!((facts.ready, facts.reason.as_str(), facts.revision.as_str()), (Some(false), "BuildFailed", ""));
    assert!(facts.attempted.is_some());
    assert_eq!(facts.next, Some(at("2026-11-22T22:52:33Z")));
}

#[test]
fn a_kustomization_that_waits_for_another() {
    let row = decode("ks", include_str!("fixtures/kustomization-waiting.json"));
    assert_eq!((row.state, &*row.message), (State::Waiting, "dependency 'flux-system/bad' is not ready"));
    assert_eq!(facts(&row).next, Some(at("2026-11-22T22:46:32Z")));
}

#[test]
fn a_suspended_kustomization_says_why_until_when_and_since_when() {
    let row = decode("ks", include_str!("fixtures/kustomization-suspended.json"));
    assert_eq!(row.state, State::Suspended);
    let facts = facts(&row);
    assert_eq!(facts.next, None);
    let suspended = facts.suspended.as_ref().unwrap();
    assert_eq!(suspended.reason.as_deref(), Some("maintenance of the node"));
    assert_eq!(suspended.until.as_deref(), Some("2026-11-23T08:00:00Z"));
    assert_eq!(suspended.by.as_deref(), Some("flux-client-side-apply"), "the manager of spec.suspend");
    assert_eq!(suspended.since, Some(at("2026-11-22T22:49:59Z")));
}

#[test]
fn a_release_and_the_kustomization_that_applied_it() {
    let row = decode("hr", include_str!("fixtures/helmrelease-ready.json"));
    assert_eq!(row.state, State::Ready);
    assert_eq!(
        row.cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        ["web", "1.2.3", "9.9", "GitRepository/fleet"]
    );
    let facts = facts(&row);
    assert_eq!(facts.owner.as_ref().unwrap().to_string(), "Kustomization/flux-system/apps");
    assert_eq!(facts.source.as_ref().unwrap().to_string(), "GitRepository/flux-system/fleet");
    assert_eq!(facts.next, Some(at("2026-11-22T22:52:34Z")));
}

#[test]
fn a_release_that_was_rolled_back_tells_the_true_cause() {
    let row = decode("hr", include_str!("fixtures/helmrelease-rolled-back.json"));
    assert_eq!(row.state, State::Failed);
    assert_eq!(
        &*row.message,
        "Helm upgrade failed for release web/roll with chart roll@0.1.0: context deadline exceeded"
    );
    assert_eq!(facts(&row).next, None, "its retries are exhausted");
}

#[test]
fn sources() {
    let git = decode("gitrepository", include_str!("fixtures/gitrepository-ready.json"));
    assert_eq!(git.state, State::Ready);
    assert_eq!(
        git.cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        ["main@e1b2bac", "main", "http://127.0.0.1:31050/fleet.git"]
    );
    let oci = decode("ocirepository", include_str!("fixtures/ocirepository-failed.json"));
    assert_eq!((oci.state, facts(&oci).reason.as_str()), (State::Failed, "OCIArtifactPullFailed"));
    let helm = decode("helmrepository", include_str!("fixtures/helmrepository-oci.json"));
    assert_eq!((helm.state, &*helm.cells[1]), (State::Ready, "oci"));
    let chart = decode("helmchart", include_str!("fixtures/helmchart-ready.json"));
    assert_eq!(chart.state, State::Ready);
    assert_eq!(chart.cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["charts/web", "*", "1.2.3"]);
    assert_eq!(facts(&chart).source.as_ref().unwrap().to_string(), "GitRepository/flux-system/fleet");
}

#[test]
fn workloads() {
    let deployment = decode("deploy", include_str!("fixtures/deployment-ready.json"));
    assert_eq!((deployment.state, &*deployment.cells[0]), (State::Ready, "2/2"));
    let pod = decode("po", include_str!("fixtures/pod-running.json"));
    assert_eq!((pod.state, &*pod.cells[0], &*pod.cells[1]), (State::Ready, "1/1", "Running"));
}

#[test]
fn every_name_means_one_kind() {
    let mut names = HashSet::new();
    for kind in KINDS {
        let own: HashSet<String> = [kind.kind.to_lowercase(), kind.plural.to_owned()]
            .into_iter()
            .chain(kind.aliases.iter().map(ToString::to_string))
            .collect();
        for name in own {
            assert!(names.insert(name.clone()), "{name} is used twice");
        }
    }
    assert_eq!(find("KS").map(|kind| kind.kind), Some("Kustomization"));
    assert_eq!(find("helmreleases").map(|kind| kind.kind), Some("HelmRelease"));
    assert!(find("nothing").is_none());
    assert_eq!((flux().count(), watched().count()), (14, 7));
}

#[test]
fn every_lesson_is_whole() {
    for kind in KINDS {
        let object = kind.object("team", "thing");
        for object in [None, Some(&object)] {
            let lesson = (kind.lesson)("arn:aws:eks/prod env", object);
            assert!(lesson.shell.contains("--context 'arn:aws:eks/prod env'"), "{}", lesson.shell);
            if object.is_some() {
                assert!(lesson.shell.contains("thing") && lesson.shell.contains("-n team"), "{}", lesson.shell);
            }
            assert!(lesson.why.len() > 20 && lesson.look_for.len() > 20, "{}", kind.kind);
            assert!(lesson.docs.starts_with("https://"), "{}", kind.kind);
        }
        assert!(!kind.columns.is_empty());
        let hostile = "x'$(pwned)\n;`pwned`";
        let line = (kind.lesson)(hostile, Some(&kind.object(hostile, hostile))).shell.to_string();
        assert!(!crate::model::shell::unquoted(&line).contains("pwned"), "{line}");
    }
}

#[test]
fn kinds_without_a_status_are_ready_once_they_are_there() {
    let alert = (find("alert").unwrap().decode)(
        br#"{"metadata": {"name": "all", "namespace": "flux-system"},
             "spec": {"providerRef": {"name": "ntfy"}, "eventSeverity": "error", "eventSources": [{"kind": "Kustomization", "name": "*"}]}}"#,
    )
    .unwrap();
    assert_eq!((alert.state, &*alert.message), (State::Ready, ""));
    assert_eq!(alert.cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["ntfy", "error", "Kustomization/*"]);
}

#[test]
fn an_image_policy_names_the_tag_that_it_chose() {
    let policy = (find("imagepolicy").unwrap().decode)(
        br#"{"metadata": {"name": "web", "namespace": "flux-system", "generation": 1}, "spec": {"imageRepositoryRef": {"name": "web"}},
             "status": {"observedGeneration": 1, "latestRef": {"name": "ghcr.io/web", "tag": "1.2.3"},
                        "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "m"}]}}"#,
    )
    .unwrap();
    assert_eq!(policy.state, State::Ready);
    assert_eq!(policy.cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["web", "ghcr.io/web:1.2.3"]);
}

#[test]
fn a_bare_kind_means_the_registry_s_group_and_a_typed_group_is_kept() {
    for kind in super::KINDS {
        assert_eq!(crate::model::known::group_of(kind.kind), Some(kind.group), "{}", kind.kind);
        let bare: ObjectRef = format!("{}/n/a", kind.kind).parse().unwrap();
        assert!(kind.is(&bare) && super::kind_of(&bare).is_some_and(|found| std::ptr::eq(found, *kind)));
        assert_eq!(bare.to_string(), format!("{}/n/a", kind.kind), "what is known well is written bare");
        // A kind of the same name in another group, or with a similar word, is not one of ours.
        for word in [kind.kind, kind.plural].into_iter().chain(kind.aliases.iter().copied()) {
            let foreign: ObjectRef = format!("{word}.stranger.example.org/n/a").parse().unwrap();
            assert_eq!(super::complete(foreign.clone()), foreign);
            assert!(
                super::kind_of(&foreign).is_none() && super::find(&format!("{word}.stranger.example.org")).is_none()
            );
            assert_eq!(foreign.to_string(), format!("{word}.stranger.example.org/n/a"));
            // Nor is the kind of a CRD whose name equals one of our short names.
            let kind_of_theirs: String =
                word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
            let written = ObjectRef::new(&kind_of_theirs, "stranger.example.org", "n", "a").to_string();
            assert!(super::kind_of(&super::complete(written.parse().unwrap())).is_none(), "{written}");
            let typed: ObjectRef = format!("{word}/n/a").parse().unwrap();
            assert_eq!(super::complete(typed), kind.object("n", "a"), "{word}");
        }
    }
}

#[test]
fn what_flux_calls_a_kind_stands_in_its_file() {
    for kind in super::KINDS {
        assert_eq!(kind.flux, !kind.noun.is_empty(), "{}", kind.kind);
        assert_eq!(kind.flux && kind.kind != "ExternalArtifact", !kind.controller.is_empty(), "{}", kind.kind);
    }
}

/// Returns a Flux object with two conditions, in their order: Ready and Reconciling.
fn with_conditions(kind: &str, generation: i64, ready: &str, reconciling: &str) -> Row {
    let json = format!(
        r#"{{"metadata": {{"name": "app", "namespace": "web", "generation": {generation}, "creationTimestamp": "2026-11-22T09:00:00Z"}},
        "spec": {{"interval": "10m", "chart": {{"spec": {{"chart": "x", "sourceRef": {{"kind": "HelmRepository", "name": "x"}}}}}},
            "sourceRef": {{"kind": "GitRepository", "name": "x"}}}},
        "status": {{"observedGeneration": {generation}, "conditions": [{ready}, {reconciling}]}}}}"#
    );
    (find(kind).unwrap().decode)(json.as_bytes()).unwrap()
}

#[test]
fn what_should_have_ended_long_ago_is_stuck() {
    let running = r#"{"type": "Ready", "status": "Unknown", "reason": "Progressing", "lastTransitionTime": "2026-11-22T10:00:00Z",
        "message": "Running 'install' action with timeout of 5m0s"}"#;
    let reconciling = r#"{"type": "Reconciling", "status": "True", "reason": "Progressing", "message": "Running"}"#;
    let mut row = with_conditions("hr", 1, running, reconciling);
    assert_eq!(facts(&row).until.unwrap().0, at("2026-11-22T10:05:00Z"));
    assert!(!row.judge_by_clock(at("2026-11-22T10:10:59Z")), "a test may follow the install");
    assert!(row.judge_by_clock(at("2026-11-22T15:05:00Z")));
    assert_eq!(row.state, State::Failed);
    assert!(
        row.message.starts_with("stuck: no controller works on it; its time was over 5h ago (Running 'install'"),
        "{}",
        row.message
    );
    assert!(!row.judge_by_clock(at("2026-11-22T16:05:00Z")), "once");
}

#[test]
fn what_is_stalled_says_why_and_not_what_went_well_before() {
    for status in ["True", "Unknown"] {
        let ready = format!(
            r#"{{"type": "Ready", "status": "{status}", "reason": "Succeeded", "message": "Applied revision: main@sha1:1"}}"#
        );
        let stalled = r#"{"type": "Stalled", "status": "True", "reason": "InvalidCELExpression", "message": "readyExpr: no such key"}"#;
        for kind in ["ks", "hr"] {
            let row = with_conditions(kind, 1, &ready, stalled);
            assert_eq!((row.state, &*row.message), (State::Failed, "readyExpr: no such key"), "{kind} {status}");
        }
    }
}

#[test]
fn the_message_of_an_older_generation_is_not_told() {
    let old = r#"{"type": "Ready", "status": "False", "reason": "DependencyNotReady", "observedGeneration": 3,
        "message": "dependency 'flux-system/x' is not ready"}"#;
    let now = r#"{"type": "Reconciling", "status": "True", "reason": "ProgressingWithRetry", "observedGeneration": 17,
        "message": "Detecting drift for revision main@sha1:1 with a timeout of 9m30s"}"#;
    let row = with_conditions("ks", 17, old, now);
    assert_eq!((row.state, facts(&row).ready), (State::Progressing, None));
    assert!(row.message.starts_with("Detecting drift"), "{}", row.message);
}

#[test]
fn an_address_of_charts_never_fails() {
    let old = r#"{"metadata": {"name": "old", "namespace": "web"}, "spec": {"type": "oci", "url": "oci://registry.example/x"},
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Progressing", "message": "waiting to be reconciled"}]}}"#;
    assert_eq!((find("HelmRepository").unwrap().decode)(old.as_bytes()).unwrap().state, State::Ready);
}
