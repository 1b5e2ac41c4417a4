//! Discovery: the served groups, versions and kinds.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};

use super::{ServerResponse, status};
use crate::sim::kinds::{SERVED, ServedKind};

/// Answers `/version`.
pub(crate) fn version() -> ServerResponse {
    ServerResponse::json(
        StatusCode::OK,
        &json!({
            "major": "1",
            "minor": "34",
            "gitVersion": "v1.34.2+k3s1",
            "gitCommit": "0000000000000000000000000000000000000000",
            "gitTreeState": "clean",
            "buildDate": "2025-11-12T00:00:00Z",
            "goVersion": "go1.24.9",
            "compiler": "gc",
            "platform": "linux/arm64",
        }),
    )
}

/// Answers `/api`.
pub(crate) fn core() -> ServerResponse {
    let addresses = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}]);
    let versions = json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses});
    ServerResponse::json(StatusCode::OK, &versions)
}

/// Answers `/apis`.
pub(crate) fn groups(absent: &BTreeSet<String>) -> ServerResponse {
    let mut names: Vec<&str> = Vec::new();
    for served in present(absent).filter(|served| !served.group.is_empty()) {
        if !names.contains(&served.group) {
            names.push(served.group);
        }
    }
    let groups: Vec<Value> = names.into_iter().filter_map(|name| describe(name, absent)).collect();
    ServerResponse::json(StatusCode::OK, &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
}

/// Answers `/apis/GROUP`.
pub(crate) fn group(name: &str, absent: &BTreeSet<String>) -> ServerResponse {
    match describe(name, absent) {
        Some(mut group) => {
            crate::sim::json::set(&mut group, &["kind"], "APIGroup");
            crate::sim::json::set(&mut group, &["apiVersion"], "v1");
            ServerResponse::json(StatusCode::OK, &group)
        }
        None => status::no_page(),
    }
}

/// Answers `/api/v1` and `/apis/GROUP/VERSION`.
pub(crate) fn resources(group: &str, version: &str, absent: &BTreeSet<String>) -> ServerResponse {
    let resources: Vec<Value> = present(absent)
        .filter(|served| served.group == group && served.version == version)
        .flat_map(resource)
        .collect();
    if resources.is_empty() {
        return status::no_page();
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    ServerResponse::json(
        StatusCode::OK,
        &json!({
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": group_version,
            "resources": resources,
        }),
    )
}

fn present(absent: &BTreeSet<String>) -> impl Iterator<Item = &'static ServedKind> {
    SERVED.iter().filter(|served| !absent.contains(served.kind))
}

/// Describes a group; the newest of its versions is the preferred one, `v1` before `v1beta3`.
fn describe(name: &str, absent: &BTreeSet<String>) -> Option<Value> {
    let mut versions: Vec<&str> = present(absent)
        .filter(|served| served.group == name && !name.is_empty())
        .map(|served| served.version)
        .collect();
    versions.sort_by_key(|version| (version.contains("beta"), *version));
    versions.dedup();
    let entry = |version: &str| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let preferred = versions.first()?;
    Some(json!({
        "name": name,
        "versions": versions.iter().map(|version| entry(version)).collect::<Vec<_>>(),
        "preferredVersion": entry(preferred),
    }))
}

fn resource(served: &'static ServedKind) -> Vec<Value> {
    let entry = |name: String, verbs: &[&str]| {
        json!({
            "name": name,
            "singularName": if name.contains('/') { String::new() } else { served.kind.to_lowercase() },
            "namespaced": served.namespaced,
            "kind": served.kind,
            "verbs": verbs,
        })
    };
    let mut main = entry(
        served.plural.to_owned(),
        &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    );
    if !served.short.is_empty() {
        crate::sim::json::set(&mut main, &["shortNames"], served.short);
    }
    let mut all = vec![main];
    if served.kind == "Pod" {
        all.push(entry("pods/log".to_owned(), &["get"]));
    }
    if served.status && !matches!(served.kind, "ConfigMap" | "Secret" | "Event" | "ServiceAccount") {
        all.push(entry(format!("{}/status", served.plural), &["get", "patch", "update"]));
    }
    all
}
