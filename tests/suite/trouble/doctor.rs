//! The doctor on clusters that answer badly: it says what it did not see, ends within seconds, and invents nothing.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::support::api::{Answer, Api, error};
use super::super::support::proxy::{Link, Proxy};
use super::super::support::workspace::Workspace;

/// A Kustomization that failed an hour ago.
fn failed(name: &str, reason: &str, message: &str, depends_on: &[&str]) -> Value {
    let since = (Timestamp::now() - SignedDuration::from_hours(1)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let depends_on: Vec<Value> = depends_on.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system", "uid": name, "resourceVersion": "1", "generation": 1,
            "creationTimestamp": since},
        "spec": {"interval": "10m", "path": "./apps", "prune": true, "dependsOn": depends_on,
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"}},
        "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "False", "reason": reason,
            "message": message, "lastTransitionTime": since, "observedGeneration": 1}]},
    })
}

/// The source of all, which is well.
fn source() -> Value {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let ready = json!({"type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored artifact",
        "lastTransitionTime": now, "observedGeneration": 1});
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": {"name": "flux-system", "namespace": "flux-system", "uid": "s", "resourceVersion": "1", "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"interval": "1m", "url": "https://git.example.org/fleet"},
        "status": {"observedGeneration": 1, "conditions": [ready],
            "artifact": {"revision": "main@sha1:0123456789abcdef0123456789abcdef01234567", "lastUpdateTime": now}},
    })
}

/// A group that the server has, with the plurals of its kinds.
struct ServedGroup {
    name: &'static str,
    version: &'static str,
    kinds: &'static [(&'static str, &'static str)],
}

const fn group(
    name: &'static str,
    version: &'static str,
    kinds: &'static [(&'static str, &'static str)],
) -> ServedGroup {
    ServedGroup { name, version, kinds }
}

const CORE: &[(&str, &str)] = &[
    ("pods", "Pod"),
    ("nodes", "Node"),
    ("services", "Service"),
    ("secrets", "Secret"),
    ("configmaps", "ConfigMap"),
    ("events", "Event"),
];

const SERVED: &[ServedGroup] = &[
    group("apps", "v1", &[("deployments", "Deployment"), ("statefulsets", "StatefulSet"), ("daemonsets", "DaemonSet")]),
    group("kustomize.toolkit.fluxcd.io", "v1", &[("kustomizations", "Kustomization")]),
    group("source.toolkit.fluxcd.io", "v1", &[("gitrepositories", "GitRepository")]),
    group("helm.toolkit.fluxcd.io", "v2", &[("helmreleases", "HelmRelease")]),
];

/// Answers what is served, and that all else is not there.
fn served(request: &str) -> Option<Answer> {
    let address = request.split([' ', '\n']).nth(1).unwrap_or_default();
    let path = address.split('?').next().unwrap_or_default();
    let document = |group: &ServedGroup| {
        let version = json!({"groupVersion": format!("{}/{}", group.name, group.version), "version": group.version});
        json!({"kind": "APIGroup", "name": group.name, "versions": [version], "preferredVersion": version})
    };
    let resources = |kinds: &[(&str, &str)]| {
        let one = |(plural, kind): &(&str, &str)| {
            json!({"name": plural, "singularName": kind.to_lowercase(), "namespaced": *kind != "Node", "kind": kind,
                "verbs": ["get", "list", "patch", "watch"]})
        };
        let all: Vec<Value> = kinds.iter().map(one).collect();
        Some(Answer::Object(json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": all})))
    };
    let missing = || Some(error(404, "the server could not find the requested resource"));
    match path {
        "/apis" => {
            let all: Vec<Value> = SERVED.iter().map(document).collect();
            return Some(Answer::Object(json!({"kind": "APIGroupList", "groups": all})));
        }
        "/api/v1" => return resources(CORE),
        _ => {}
    }
    let mut parts = path.strip_prefix("/apis/")?.split('/');
    let name = parts.next()?;
    let Some(known) = SERVED.iter().find(|group| group.name == name) else { return missing() };
    match (parts.next(), parts.next()) {
        (None, _) => Some(Answer::Object(document(known))),
        (Some(version), _) if version != known.version => missing(),
        (Some(_), None) => resources(known.kinds),
        (Some(_), Some(_)) if known.kinds.iter().any(|(plural, _)| path.contains(&format!("/{plural}"))) => None,
        (Some(_), Some(_)) => missing(),
    }
}

/// Answers with these Kustomizations, and with the source that they have.
fn listed(request: &str, kustomizations: &[Value]) -> Option<Answer> {
    let list = |items: &[Value]| {
        let metadata = json!({"resourceVersion": "1"});
        Some(Answer::Object(json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items})))
    };
    match request {
        watch if watch.contains("watch=") => None,
        _ if request.contains("/kustomizations?") => list(kustomizations),
        _ if request.contains("/gitrepositories?") => list(&[source()]),
        _ => served(request),
    }
}

/// Examines staging as JSON; returns the exit code, the roots, and what was complained of. It takes seconds.
fn examined(workspace: &Workspace) -> (i32, Vec<Value>, String) {
    let begun = Instant::now();
    let (code, out, complaint) = workspace.run(["doctor", "--env", "staging", "-o", "json"]);
    assert!(begun.elapsed() < Duration::from_mins(1), "it took {:?}", begun.elapsed());
    let roots = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {complaint}"));
    (code, roots, complaint)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn with_half_of_the_kinds_forbidden_it_says_what_it_did_not_see_and_finds_the_rest() {
    let refused =
        ["/secrets", "/configmaps", "/pods", "/nodes", "/deployments", "/events", "/services", "/helmreleases"];
    let missing = "kustomization path not found: stat /tmp/kustomization-1/apps: no such file or directory";
    let broken = failed("apps", "ArtifactFailed", missing, &[]);
    let api = Api::new(move |request| {
        let address = request.lines().next().unwrap_or_default();
        let is_refused = refused.iter().any(|kind| address.contains(kind));
        if is_refused {
            return Some(error(403, "it is forbidden: User \"op\" cannot list resource"));
        }
        listed(request, std::slice::from_ref(&broken))
    });
    let workspace = Workspace::on(&api);
    let (code, roots, complaint) = examined(&workspace);
    assert_eq!((code, roots.len()), (1, 1), "{roots:#?} {complaint}");
    assert_eq!(text(&roots[0], "/cause"), "path-missing");
    for kind in ["deployments", "nodes", "helmreleases"] {
        let is_told = |line: &str| line.contains("not looked at") && line.contains(kind) && line.contains("forbidden");
        assert!(complaint.lines().any(is_told), "{kind}: {complaint}");
    }

    let mut deck = workspace.stage().open();
    deck.press("z");
    deck.tells("a path that is not in");
    deck.tells("not looked at");
}

#[test]
fn where_nothing_failed_and_half_is_forbidden_it_does_not_say_that_all_is_well() {
    let api = Api::new(|request| {
        let is_refused = request.contains("/deployments");
        if is_refused { Some(error(403, "it is forbidden")) } else { served(request) }
    });
    let (code, roots, complaint) = examined(&Workspace::on(&api));
    assert!(roots.iter().all(|root| text(root, "/cause") != "controller-missing"), "{roots:#?}");
    assert!(complaint.contains("not looked at") && !complaint.contains("nothing is wrong\n"), "{complaint}");
    assert_eq!(code, i32::from(!roots.is_empty()), "{complaint}");
}

#[test]
fn a_cluster_that_hangs_is_told_as_that_and_ends_it() {
    let api = Api::healthy();
    let proxy = Proxy::to(api.address(), Link::Hanging);
    let workspace = Workspace::new();
    workspace.reaches(&format!("http://127.0.0.1:{}", proxy.port()), "token: hunter2");
    let (code, told, complaint) = examined(&workspace);
    assert_eq!(code, 4, "{complaint}");
    assert!(text(&told[0], "/error").contains("does not answer (waited 10 s)"), "{told:#?}");
}

#[test]
fn one_kind_that_hangs_hides_no_other() {
    let missing = "kustomization path not found: stat /tmp/kustomization-1/apps: no such file or directory";
    let broken = failed("apps", "ArtifactFailed", missing, &[]);
    // The head of an answer, and never its body.
    let api = Api::new(move |request| {
        let is_hanging = request.contains("/deployments?");
        if is_hanging { Some(Answer::Changes(Vec::new())) } else { listed(request, std::slice::from_ref(&broken)) }
    });
    let (code, roots, complaint) = examined(&Workspace::on(&api));
    assert_eq!((code, text(&roots[0], "/cause"), roots.len()), (1, "path-missing", 1), "{roots:#?} {complaint}");
    assert!(complaint.contains("not looked at") && complaint.contains("does not answer"), "{complaint}");
}

#[test]
fn an_unknown_message_in_another_language_is_told_as_it_stands() {
    let said = "Die Anwendung ist fehlgeschlagen: オブジェクトが見つかりません";
    let broken = failed("apps", "ReconciliationFailed", said, &[]);
    let api = Api::new(move |request| listed(request, std::slice::from_ref(&broken)));
    let workspace = Workspace::on(&api);
    let (code, roots, complaint) = examined(&workspace);
    assert_eq!((code, text(&roots[0], "/cause"), roots.len()), (1, "not-recognised", 1), "{roots:#?} {complaint}");
    assert_eq!(text(&roots[0], "/evidence/0/text"), said);
    let mut deck = workspace.stage().open();
    deck.press("z");
    deck.tells("the cause is not recognised");
    deck.tells("ist fehlgeschlagen");
}

#[test]
fn an_object_of_a_megabyte_is_cut_and_says_so() {
    let broken = failed("apps", "ReconciliationFailed", &format!("begins {} ends", "x".repeat(1 << 20)), &[]);
    let api = Api::new(move |request| listed(request, std::slice::from_ref(&broken)));
    let workspace = Workspace::on(&api);
    let (code, roots, _) = examined(&workspace);
    assert_eq!((code, text(&roots[0], "/cause")), (1, "not-recognised"));
    let kept = text(&roots[0], "/evidence/0/text");
    assert!(kept.len() < 8192 && kept.starts_with("begins ") && kept.ends_with(" ends"), "{} bytes", kept.len());
    assert!(kept.contains("bytes left out"));
    let (_, out, _) = workspace.run(["doctor", "--env", "staging"]);
    assert!(out.len() < 32_768, "{} bytes", out.len());
}

#[test]
fn a_status_without_conditions_is_named_with_the_object() {
    for status in [json!({}), json!({"conditions": []}), Value::Null] {
        let mut broken = failed("apps", "", "", &[]);
        broken["status"] = status.clone();
        let api = Api::new(move |request| listed(request, std::slice::from_ref(&broken)));
        let (code, roots, complaint) = examined(&Workspace::on(&api));
        assert_eq!(code, 1, "{status}: {complaint}");
        let names = |root: &Value| root.to_string().contains("flux-system/apps");
        assert!(roots.len() == 1 && names(&roots[0]), "{status}: {roots:#?}");
    }
}

#[test]
fn a_circle_of_dependencies_ends_in_one_root() {
    let waits = |on: &str| format!("dependency 'flux-system/{on}' is not ready");
    let circle = [
        failed("a", "DependencyNotReady", &waits("b"), &["b"]),
        failed("b", "DependencyNotReady", &waits("c"), &["c"]),
        failed("c", "DependencyNotReady", &waits("a"), &["a"]),
    ];
    let api = Api::new(move |request| listed(request, &circle));
    let workspace = Workspace::on(&api);
    let (code, roots, complaint) = examined(&workspace);
    assert_eq!((code, text(&roots[0], "/cause"), roots.len()), (1, "dependency-circle", 1), "{roots:#?} {complaint}");
    assert_eq!(roots[0]["blocks"].as_array().map(Vec::len), Some(2));
    let mut deck = workspace.stage().open();
    deck.press("z");
    deck.tells("wait for each other");
}
