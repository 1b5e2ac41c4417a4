//! Verbs against a scripted API server, with time paused.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::perform;
use crate::cluster::testing::{Answer, Asked, cluster, error, event, ok};
use crate::cluster::verbs::{Reconcile, Resume, Suspend, Verb};
use crate::model::permit::grant;
use crate::model::{Clock, ObjectRef, Outcome, Step};

const NOW: &str = "2026-01-02T03:04:05.000000006Z";

fn clock() -> Clock {
    Clock::fixed(NOW.parse().unwrap())
}

fn reconcile() -> Reconcile {
    Reconcile { with_source: false, force: false, reset: false, no_wait: false, timeout: Duration::from_mins(5) }
}

fn apps() -> ObjectRef {
    "Kustomization/flux-system/apps".parse().unwrap()
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message, "observedGeneration": 1})
}

/// Returns a Kustomization that has handled a token, with conditions.
fn object(token: &str, conditions: &[Value]) -> Value {
    json!({
        "metadata": {"name": "apps", "namespace": "flux-system", "uid": "u1", "resourceVersion": "7", "generation": 1},
        "spec": {"interval": "10m", "retryInterval": "2m", "sourceRef": {"kind": "GitRepository", "name": "home"}},
        "status": {
            "observedGeneration": 1, "lastHandledReconcileAt": token, "conditions": conditions,
            "lastAppliedRevision": "main@sha1:dc5f0390000000000000000000000000000000ab",
        },
    })
}

fn ready(token: &str) -> Value {
    object(token, &[condition("Ready", "True", "ReconciliationSucceeded", "Applied revision")])
}

fn failed(token: &str, reason: &str, message: &str) -> Value {
    object(
        token,
        &[
            condition("Ready", "False", reason, message),
            condition("Reconciling", "True", "ProgressingWithRetry", "retrying"),
        ],
    )
}

/// Runs a verb; `watched` is the content of the object's watch. Returns the outcome, the steps and the requests.
async fn run(verb: &dyn Verb, before: Value, watched: Vec<(Duration, Value)>) -> (Outcome, Vec<Step>, Vec<Asked>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let cluster = cluster(move |request| {
        log.lock().unwrap().push(request.clone());
        if request.query.starts_with("watch=1") {
            let pieces = watched.iter().map(|(pause, object)| (*pause, event("MODIFIED", object))).collect();
            return Answer::Open(pieces);
        }
        ok(before.clone())
    });
    let mut steps = Vec::new();
    let outcome = perform(&cluster, verb, &apps(), &clock(), &mut |step| steps.push(step), &grant()).await;
    let asked = asked.lock().unwrap().clone();
    (outcome, steps, asked)
}

#[tokio::test(start_paused = true)]
async fn a_request_is_one_patch_and_its_outcome_comes_with_the_final_status() {
    let running = object("old", &[condition("Reconciling", "True", "Progressing", "Running health checks")]);
    let watched = vec![(Duration::from_secs(1), running), (Duration::from_secs(2), ready(NOW))];
    let (outcome, steps, asked) = run(&reconcile(), ready("old"), watched).await;
    assert_eq!(outcome, Outcome::Done("applied main@sha1:dc5f0390".to_owned()));
    let patch = asked.iter().find(|request| request.method == "PATCH").unwrap();
    assert_eq!(patch.query, "fieldManager=flux-client-side-apply");
    assert_eq!(patch.body, json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": NOW}}}));
    let watch = asked.last().unwrap();
    assert_eq!(watch.query, "watch=1&resourceVersion=7&fieldSelector=metadata.name%3Dapps");
    let told: Vec<_> = steps.iter().map(|step| (step.step.as_str(), step.message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("request", "asking for Kustomization/flux-system/apps"),
            ("request", "asked for Kustomization/flux-system/apps"),
            ("reconcile", "Running health checks"),
            ("reconcile", "applied main@sha1:dc5f0390"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_object_is_told_at_once_with_the_next_try() {
    let watched = vec![(Duration::from_secs(3), failed(NOW, "BuildFailed", "secrets \"sops-age\" not found"))];
    let (outcome, _, _) = run(&reconcile(), ready("old"), watched).await;
    let next = Some("2026-01-02T03:06:05.000000006Z".parse().unwrap());
    assert_eq!(outcome, Outcome::WillRetry { next, message: "secrets \"sops-age\" not found".to_owned() });
    let waits = vec![(Duration::from_secs(3), failed(NOW, "DependencyNotReady", "dependency 'a/b' is not ready"))];
    let (outcome, _, _) = run(&reconcile(), ready("old"), waits).await;
    assert!(matches!(outcome, Outcome::WillRetry { next: Some(next), .. } if next.to_string().contains("03:04:35")));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_object_failed_for_good() {
    let stalled = object(
        NOW,
        &[
            condition("Ready", "False", "UpgradeFailed", "the true cause"),
            condition("Stalled", "True", "RetriesExceeded", "Failed to upgrade after 1 attempt(s)"),
        ],
    );
    let (outcome, _, _) = run(&reconcile(), ready("old"), vec![(Duration::ZERO, stalled)]).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
    assert_eq!(fault.why, "the true cause (Failed to upgrade after 1 attempt(s))");
    assert!(fault.todo.contains("--reset"), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn a_suspended_object_is_refused_with_who_and_why() {
    let mut held = ready("old");
    held["spec"]["suspend"] = true.into();
    held["metadata"]["annotations"] =
        json!({"fluxdeck.dev/suspend-reason": "storage is moved", "fluxdeck.dev/suspend-by": "ada"});
    held["metadata"]["managedFields"] =
        json!([{"manager": "flux", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:suspend": {}}}}]);
    let (outcome, steps, asked) = run(&reconcile(), held, vec![]).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
    assert_eq!(fault.why, "it is suspended by ada since 2026-01-01T00:00:00Z: storage is moved");
    assert!(fault.todo.contains("resume"), "{fault:?}");
    assert!(steps.is_empty() && asked.iter().all(|request| request.method == "GET"));
}

#[tokio::test(start_paused = true)]
async fn a_run_under_way_queues_ours_and_its_end_is_not_ours() {
    let running = object("old", &[condition("Reconciling", "True", "Progressing", "building")]);
    let watched =
        vec![(Duration::from_secs(1), failed("old", "BuildFailed", "not ours")), (Duration::from_secs(9), ready(NOW))];
    let (outcome, steps, _) = run(&reconcile(), running, watched).await;
    assert!(outcome.is_done(), "{outcome:?}");
    assert!(steps.iter().any(|step| step.message.starts_with("queued")));
}

#[tokio::test(start_paused = true)]
async fn no_answer_in_time_says_that_the_controller_goes_on() {
    let (outcome, _, _) = run(&reconcile(), ready("old"), vec![]).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
    assert!(fault.what.ends_with("after 300 s") && fault.todo.contains("goes on"), "{fault:?}");
    assert!(fault.why.contains("has not answered the request"));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_never_one_that_was_seen() {
    let (_, _, asked) = run(&reconcile(), ready(NOW), vec![]).await;
    let patch = asked.iter().find(|request| request.method == "PATCH").unwrap();
    assert_eq!(
        patch.body["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"],
        "2026-01-02T03:04:05.000000007Z"
    );
}

#[tokio::test(start_paused = true)]
async fn not_waiting_ends_with_the_patch() {
    let verb = Reconcile { with_source: false, force: true, reset: true, no_wait: true, timeout: Duration::ZERO };
    let (outcome, _, asked) = run(&verb, ready("old"), vec![]).await;
    assert!(outcome.is_done());
    assert_eq!(asked.last().unwrap().method, "PATCH");
    // Only a HelmRelease can be forced.
    assert_eq!(asked.last().unwrap().body["metadata"]["annotations"].as_object().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_broken_watch_is_read_again_and_a_refused_one_is_polled() {
    for refused in [false, true] {
        let mut reads = 0;
        let cluster = cluster(move |request| {
            if request.query.starts_with("watch=1") {
                return if refused { error(403, "no watch for you") } else { Answer::Broken };
            }
            if request.method == "PATCH" {
                return ok(ready("old"));
            }
            reads += 1;
            match reads {
                1 | 4 => ok(ready("old")),
                2 | 3 => Answer::Broken,
                _ => ok(ready(NOW)),
            }
        });
        let mut steps = Vec::new();
        let outcome = perform(&cluster, &reconcile(), &apps(), &clock(), &mut |step| steps.push(step), &grant()).await;
        assert!(outcome.is_done(), "{outcome:?}");
        assert!(steps.iter().any(|step| step.message.starts_with("connection lost")), "{steps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_does_not_hide_the_outcome() {
    let mut reads = 0;
    let cluster = cluster(move |request| {
        if request.query.starts_with("watch=1") {
            // A half-closed connection: the watch is accepted, or not even that, and no event ever comes.
            return if reads < 3 { Answer::Open(vec![]) } else { Answer::Silence };
        }
        reads += 1;
        if reads < 5 { ok(ready("old")) } else { ok(ready(NOW)) }
    });
    let outcome = perform(&cluster, &reconcile(), &apps(), &clock(), &mut |_| {}, &grant()).await;
    assert!(outcome.is_done(), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_server_refuses_is_told_in_its_words() {
    for (code, word) in [(403, "permission"), (404, "deleted")] {
        let cluster = cluster(move |_| error(code, "the server's words"));
        let outcome = perform(&cluster, &reconcile(), &apps(), &clock(), &mut |_| {}, &grant()).await;
        let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
        assert_eq!(fault.why, "the server's words");
        assert!(fault.todo.contains(word), "{fault:?}");
    }
    let mut patches = 0;
    let cluster = cluster(move |request| {
        if request.method != "PATCH" {
            return ok(ready("old"));
        }
        patches += 1;
        if patches == 1 { error(409, "modified") } else { ok(ready(NOW)) }
    });
    let verb = Reconcile { with_source: false, force: false, reset: false, no_wait: true, timeout: Duration::ZERO };
    assert!(perform(&cluster, &verb, &apps(), &clock(), &mut |_| {}, &grant()).await.is_done());
}

#[tokio::test(start_paused = true)]
async fn an_object_deleted_meanwhile_ends_the_waiting() {
    let cluster = cluster(|request| {
        if request.query.starts_with("watch=1") {
            return Answer::Open(vec![(Duration::from_secs(1), event("DELETED", &ready("old")))]);
        }
        ok(ready("old"))
    });
    let outcome = perform(&cluster, &reconcile(), &apps(), &clock(), &mut |_| {}, &grant()).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
    assert!(fault.why.contains("deleted while we waited"));
}

#[tokio::test(start_paused = true)]
async fn suspend_keeps_the_reason_and_resume_removes_it() {
    let until = Some("2026-02-01T00:00:00Z".parse().unwrap());
    let verb = Suspend { reason: "storage".to_owned(), by: "ada".to_owned(), until, manifests: Vec::new() };
    let (outcome, _, asked) = run(&verb, ready("old"), vec![]).await;
    assert!(outcome.is_done());
    assert_eq!(
        asked.last().unwrap().body,
        json!({
            "metadata": {"annotations": {
                "fluxdeck.dev/suspend-reason": "storage",
                "fluxdeck.dev/suspend-by": "ada",
                "fluxdeck.dev/suspend-until": "2026-02-01T00:00:00Z",
            }},
            "spec": {"suspend": true},
        })
    );
    let verb = Resume { timeout: Duration::from_mins(1) };
    let (outcome, _, asked) = run(&verb, ready("old"), vec![(Duration::from_secs(1), ready(NOW))]).await;
    assert!(outcome.is_done(), "{outcome:?}");
    let patch = asked.iter().find(|request| request.method == "PATCH").unwrap();
    assert_eq!(patch.body["spec"], json!({"suspend": null}));
    assert_eq!(patch.body["metadata"]["annotations"]["fluxdeck.dev/suspend-reason"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_suspension_that_git_takes_back_is_told_with_the_file() {
    let manifest =
        |says_suspend| super::ObjectManifest { object: apps(), file: "clusters/apps.yaml".to_owned(), says_suspend };
    let verb = |says_suspend| Suspend {
        reason: String::new(),
        by: String::new(),
        until: None,
        manifests: vec![manifest(says_suspend)],
    };
    let said = async |verb: Suspend, object: Value| match run(&verb, object, vec![]).await.0 {
        Outcome::Done(message) => message,
        other => panic!("{other:?}"),
    };
    assert!(!said(verb(false), ready("old")).await.contains("Git says"));
    assert!(said(verb(true), ready("old")).await.ends_with("takes this back; change clusters/apps.yaml"));
    let mut managed = ready("old");
    managed["metadata"]["managedFields"] =
        json!([{"manager": "kustomize-controller", "fieldsV1": {"f:spec": {"f:suspend": {}}}}]);
    assert!(said(verb(false), managed).await.contains("Git says `suspend: false`"));
}

#[tokio::test(start_paused = true)]
async fn with_source_runs_the_chart_s_source_then_the_chart_then_the_release() {
    let patched = Arc::new(Mutex::new(Vec::<String>::new()));
    let log = patched.clone();
    let cluster = cluster(move |request| {
        let chart =
            json!({"spec": {"sourceRef": {"kind": "GitRepository", "name": "home", "namespace": "flux-system"}}});
        let base = |token: &str| {
            let mut object = ready(token);
            object["spec"]["chart"] = chart.clone();
            object
        };
        if request.method == "PATCH" {
            log.lock().unwrap().push(request.path.rsplit('/').take(2).collect::<Vec<_>>().join(" of "));
            let mut object = base(NOW);
            object["status"]["lastHandledReconcileAt"] =
                request.body["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].clone();
            return ok(object);
        }
        ok(base("old"))
    });
    let verb =
        Reconcile { with_source: true, force: true, reset: false, no_wait: false, timeout: Duration::from_mins(5) };
    let release = "HelmRelease/immich/immich".parse().unwrap();
    let outcome = perform(&cluster, &verb, &release, &clock(), &mut |_| {}, &grant()).await;
    assert!(outcome.is_done(), "{outcome:?}");
    assert_eq!(
        *patched.lock().unwrap(),
        ["home of gitrepositories", "immich-immich of helmcharts", "immich of helmreleases"]
    );
}

#[tokio::test(start_paused = true)]
async fn other_kinds_are_refused() {
    let cluster = cluster(|_| error(500, "must not be asked"));
    let pod = "Pod/default/web".parse().unwrap();
    let outcome = perform(&cluster, &reconcile(), &pod, &clock(), &mut |_| {}, &grant()).await;
    assert!(matches!(outcome, Outcome::Failed(fault) if fault.why == "it is not a Flux kind"));
}
