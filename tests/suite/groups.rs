//! Kinds of one name in two groups: what was typed is what is asked for, and nothing else.

use serde_json::{Value, json};

use super::support::api::{Answer, Api, error};
use super::support::workspace::Workspace;

/// What the server serves beside Flux: a kind of each, in groups of other people; `Cluster` is one of two groups.
const SERVED: [(&str, &str, &str); 5] = [
    ("source.toolkit.fluxcd.io", "Bucket", "buckets"),
    ("s3.aws.upbound.io", "Bucket", "buckets"),
    ("pkg.crossplane.io", "Provider", "providers"),
    ("postgresql.cnpg.io", "Cluster", "clusters"),
    ("cluster.x-k8s.io", "Cluster", "clusters"),
];

/// Answers as a server with those kinds, each of which has whatever object is asked for.
fn answer(request: &str) -> Option<Answer> {
    let address = request.split([' ', '\n']).nth(1)?.split('?').next()?;
    let group = |name: &str| {
        let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
        json!({"name": name, "versions": [version], "preferredVersion": version})
    };
    let mut names: Vec<&str> = SERVED.iter().map(|(name, ..)| *name).collect();
    names.dedup();
    if address == "/apis" {
        let groups: Vec<Value> = names.iter().map(|name| group(name)).collect();
        return Some(Answer::Object(json!({"kind": "APIGroupList", "groups": groups})));
    }
    let mut parts = address.strip_prefix("/apis/")?.split('/');
    let asked = names.into_iter().find(|name| parts.clone().next() == Some(name))?;
    let _group = parts.next();
    let kinds = || SERVED.iter().filter(|(name, ..)| *name == asked);
    match parts.collect::<Vec<_>>().as_slice() {
        [] => Some(Answer::Object(group(asked))),
        ["v1"] => {
            let resources: Vec<Value> = kinds()
                .map(|(_, kind, plural)| {
                    json!({"name": plural, "singularName": "", "namespaced": asked == "source.toolkit.fluxcd.io",
                           "kind": kind, "verbs": ["get", "list", "delete"]})
                })
                .collect();
            let version = format!("{asked}/v1");
            Some(Answer::Object(json!({"kind": "APIResourceList", "groupVersion": version, "resources": resources})))
        }
        [.., name] if request.starts_with("DELETE") || *name == "x" => {
            let kind = kinds().next().map_or("", |(_, kind, _)| *kind);
            Some(Answer::Object(json!({
                "apiVersion": format!("{asked}/v1"), "kind": kind,
                "metadata": {"name": "x", "uid": "1", "resourceVersion": "1"},
            })))
        }
        _ => None,
    }
}

#[test]
fn what_is_deleted_is_of_the_group_that_was_typed() {
    let api = Api::new(answer);
    let workspace = Workspace::on(&api);
    let call = ["delete", "Bucket.s3.aws.upbound.io//x", "--env", "staging", "--confirm", "x", "--timeout", "1s"];
    let (_, out, complaint) = workspace.run(call);
    assert_eq!(api.count("DELETE", "/apis/s3.aws.upbound.io/v1/buckets/x"), 1, "{out} {complaint}");
    assert_eq!(api.count("DELETE", ""), 1, "{out} {complaint}");
    assert_eq!(api.count("GET", "source.toolkit.fluxcd.io"), 0, "{out} {complaint}");
    assert!(out.contains("Bucket.s3.aws.upbound.io//x"), "what is told can be typed back: {out}");
}

#[test]
fn flux_verbs_are_for_flux_kinds_whatever_others_are_called() {
    let api = Api::new(answer);
    let workspace = Workspace::on(&api);
    for verb in ["reconcile", "suspend", "resume"] {
        let (code, _, complaint) = workspace.run([verb, "Bucket.s3.aws.upbound.io//x", "--env", "staging"]);
        assert!(code != 0, "{verb}: {complaint}");
    }
    assert_eq!(api.count("PATCH", ""), 0);
}

#[test]
fn what_is_described_is_of_the_group_that_was_typed() {
    let api = Api::new(answer);
    let workspace = Workspace::on(&api);
    for typed in ["Provider.pkg.crossplane.io//x", "Provider.v1.pkg.crossplane.io//x"] {
        let (code, out, complaint) = workspace.run(["describe", typed, "--env", "staging"]);
        assert_eq!(code, 0, "{out} {complaint}");
    }
    assert_eq!(api.count("GET", "/apis/pkg.crossplane.io/v1/providers/x"), 2);
    assert_eq!(api.count("GET", "notification.toolkit.fluxcd.io"), 0);
}

#[test]
fn a_bare_kind_of_two_groups_is_a_question_and_no_guess() {
    let api = Api::new(answer);
    let workspace = Workspace::on(&api);
    let call = ["delete", "Cluster//x", "--env", "staging", "--confirm", "x", "--timeout", "1s"];
    let (code, out, complaint) = workspace.run(call);
    assert_eq!(code, 2, "{out} {complaint}");
    let told = out + &complaint;
    assert!(told.contains("Cluster.postgresql.cnpg.io") && told.contains("Cluster.cluster.x-k8s.io"), "{told}");
    assert_eq!(api.count("DELETE", ""), 0);
    let (code, out, complaint) = workspace.run(["get", "clusters", "--env", "staging"]);
    let told = out + &complaint;
    assert!(code == 2 && told.contains("Cluster.cluster.x-k8s.io"), "{code} {told}");
}

#[test]
fn a_group_that_nobody_serves_is_said_to_be_so() {
    let api = Api::new(|request| {
        answer(request).or_else(|| request.contains("/apis/stranger.example.org").then(|| error(404, "not found")))
    });
    let workspace = Workspace::on(&api);
    let call = ["delete", "Bucket.stranger.example.org//x", "--env", "staging", "--confirm", "x", "--timeout", "1s"];
    let (code, out, complaint) = workspace.run(call);
    assert!(
        code == 1 && complaint.contains("does not serve Bucket in group stranger.example.org"),
        "{out} {complaint}"
    );
    assert_eq!(api.count("DELETE", ""), 0);
}
