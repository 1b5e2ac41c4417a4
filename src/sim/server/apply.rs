//! Server-side apply: a manager states its fields, owns them, and may not change those of others unless it forces that.
//!
//! Lists are owned whole; the real server merges those that have keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::route::RequestTarget;
use super::write::{check_name, keep_identity, unreadable};
use super::{Asked, ServerResponse, status};
use crate::sim::fields::{self, Writer};
use crate::sim::json::{self, list, set, text};
use crate::sim::world::Site;

/// Answers a PATCH of the type `application/apply-patch+yaml`.
pub(crate) fn apply(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    let manager = asked.parameter("fieldManager");
    if manager.is_empty() {
        return status::no_manager();
    }
    let Some(mut wanted) = std::str::from_utf8(&asked.body)
        .ok()
        .and_then(|text| crate::yaml::from_str::<Value>(text).ok())
        .filter(Value::is_object)
    else {
        return unreadable(target.served);
    };
    if let Some(refused) = check_name(target.served, target.name) {
        return refused;
    }
    without_defaults(&mut wanted);
    set(&mut wanted, &["metadata", "name"], target.name);
    if target.served.namespaced {
        set(&mut wanted, &["metadata", "namespace"], target.namespace);
    }
    let key = target.served.object(target.namespace, target.name);
    let writer = Writer { subresource: target.subresource, ..Writer::apply(manager) };
    let dry = asked.parameter("dryRun") == "All";
    site.with(|world| {
        let Some(live) = world.store.get(&key).cloned() else {
            if dry {
                return ServerResponse::json(StatusCode::CREATED, &world.draft(wanted, writer));
            }
            return ServerResponse::json(StatusCode::CREATED, &world.create(wanted, writer));
        };
        let expected = text(&wanted, "/metadata/resourceVersion");
        if !expected.is_empty() && expected != text(&live, "/metadata/resourceVersion") {
            return status::conflict(target.served, target.name);
        }
        let stated = stated(&wanted);
        let conflicts = conflicts(&live, &stated, writer);
        if !conflicts.is_empty() && !asked.is_on("force") {
            return status::apply_conflict(&conflicts);
        }
        let now = world.now();
        let change = |object: &mut Value| {
            for path in forgotten(&live, &stated, writer) {
                remove(object, &path);
            }
            for (path, value) in &stated {
                // An empty map is owned, and removes nothing that others added to it.
                let is_there = *value == json!({}) && object.pointer(&pointer(path)).is_some_and(Value::is_object);
                if is_there {
                    continue;
                }
                set(object, &path.iter().map(String::as_str).collect::<Vec<_>>(), value.clone());
            }
            keep_identity(object, &live);
            fields::claim(object, &owned(&stated), writer, now);
        };
        if dry {
            return ServerResponse::json(StatusCode::OK, &world.changed(&live, writer, change));
        }
        match world.update(&key, writer, change) {
            Some(stored) => ServerResponse::json(StatusCode::OK, &stored),
            None => status::not_found(target.served, target.name),
        }
    })
}

/// Leaves out the protocol of ports that is the default: this server stores no defaults, and kustomize-controller states
/// this one.
fn without_defaults(wanted: &mut Value) {
    let mut without = |ports: &str| {
        for port in wanted.pointer_mut(ports).and_then(Value::as_array_mut).into_iter().flatten() {
            if text(port, "/protocol") == "TCP" {
                json::remove(port, &["protocol"]);
            }
        }
    };
    without("/spec/ports");
    for containers in ["containers", "initContainers"] {
        // Charts and manifests of the demonstration have few.
        (0..8).for_each(|index| without(&format!("/spec/template/spec/{containers}/{index}/ports")));
    }
}

type Path = Vec<String>;

/// Returns the fields of a manifest, with their values.
fn stated(wanted: &Value) -> BTreeMap<Path, Value> {
    let mut all = BTreeMap::new();
    let mut wanted = wanted.clone();
    for key in ["managedFields", "resourceVersion", "name", "namespace", "uid", "creationTimestamp", "generation"] {
        json::remove(&mut wanted, &["metadata", key]);
    }
    for key in ["apiVersion", "kind", "status"] {
        json::remove(&mut wanted, &[key]);
    }
    leaves(&wanted, &mut Vec::new(), &mut all);
    all
}

fn leaves(value: &Value, path: &mut Path, all: &mut BTreeMap<Path, Value>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, inner) in map {
                path.push(key.clone());
                leaves(inner, path, all);
                path.pop();
            }
        }
        _ if path.is_empty() || path == &["metadata"] => {}
        leaf => drop(all.insert(path.clone(), leaf.clone())),
    }
}

/// Returns paths in the form of `fieldsV1`.
fn owned(stated: &BTreeMap<Path, Value>) -> Value {
    let mut fields = Value::Object(Map::new());
    for path in stated.keys() {
        let keys: Vec<String> = path.iter().map(|key| format!("f:{key}")).collect();
        set(&mut fields, &keys.iter().map(String::as_str).collect::<Vec<_>>(), json!({}));
    }
    fields
}

fn pointer(path: &[String]) -> String {
    path.iter().fold(String::new(), |pointer, key| pointer + "/" + &key.replace('~', "~0").replace('/', "~1"))
}

fn owns(entry: &Value, path: &[String]) -> bool {
    let mut fields = &entry["fieldsV1"];
    for key in path {
        match fields.get(format!("f:{key}")) {
            Some(inner) => fields = inner,
            None => return false,
        }
    }
    true
}

/// Returns the owners of differing fields: the manager and the field.
fn conflicts(live: &Value, stated: &BTreeMap<Path, Value>, writer: Writer<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, value) in stated {
        let live_value = live.pointer(&pointer(path));
        if live_value == Some(value) || (*value == json!({}) && live_value.is_some_and(Value::is_object)) {
            continue;
        }
        for entry in list(live, "/metadata/managedFields").iter().filter(|entry| !writer.wrote(entry)) {
            if owns(entry, path) {
                let how = if text(entry, "/operation") == "Update" {
                    format!("\"{}\" using {}", text(entry, "/manager"), text(entry, "/apiVersion"))
                } else {
                    format!("\"{}\"", text(entry, "/manager"))
                };
                found.push((how, format!(".{}", path.join("."))));
            }
        }
    }
    found
}

/// Returns the fields that the manager stated before and no longer does, if no other manager owns them.
fn forgotten(live: &Value, stated: &BTreeMap<Path, Value>, writer: Writer<'_>) -> Vec<Path> {
    let entries = list(live, "/metadata/managedFields");
    let Some(own) = entries.iter().find(|entry| writer.wrote(entry)) else { return Vec::new() };
    let mut before = Vec::new();
    paths(&own["fieldsV1"], &mut Vec::new(), &mut before);
    before.retain(|path| {
        !stated.keys().any(|one| one.starts_with(path))
            && !entries.iter().any(|entry| !writer.wrote(entry) && owns(entry, path))
    });
    before
}

fn paths(fields: &Value, path: &mut Path, all: &mut Vec<Path>) {
    match fields.as_object() {
        Some(map) if !map.is_empty() => {
            for (key, inner) in map {
                path.push(key.strip_prefix("f:").unwrap_or(key).to_owned());
                paths(inner, path, all);
                path.pop();
            }
        }
        _ => all.push(path.clone()),
    }
}

fn remove(object: &mut Value, path: &[String]) {
    json::remove(object, &path.iter().map(String::as_str).collect::<Vec<_>>());
}
