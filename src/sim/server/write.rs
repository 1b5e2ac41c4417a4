//! Writing objects: create, replace, patch, delete.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::route::Target;
use super::{Answer, Asked, status};
use crate::sim::fields::Writer;
use crate::sim::json::{self, merge, set, text};
use crate::sim::world::Site;

/// Answers a POST to a list.
pub(crate) fn create(site: &Arc<Site>, target: Target<'_>, asked: &Asked) -> Answer {
    let Some(mut object) = body(asked) else { return unreadable() };
    if target.served.namespaced {
        set(&mut object, &["metadata", "namespace"], target.namespace);
    }
    set(&mut object, &["apiVersion"], target.served.api_version());
    set(&mut object, &["kind"], target.served.kind);
    let key = json::reference(&object);
    if key.name.is_empty() {
        return status::bad_request("name or generateName is required");
    }
    site.with(|world| {
        if world.store.get(&key).is_some() {
            return status::exists(target.served, &key.name);
        }
        if asked.parameter("dryRun") == "All" {
            return Answer::json(StatusCode::CREATED, &object);
        }
        let stored = world.create(object, Writer::update(manager(asked)));
        Answer::json(StatusCode::CREATED, &stored)
    })
}

/// Answers a PUT to an object or its status.
pub(crate) fn replace(site: &Arc<Site>, target: Target<'_>, asked: &Asked) -> Answer {
    let Some(object) = body(asked) else { return unreadable() };
    change(site, target, asked, &object, |live| {
        for part in ["spec", "data", "stringData", "type"] {
            match object.get(part) {
                Some(value) => set(live, &[part], value.clone()),
                None => json::remove(live, &[part]),
            }
        }
        for part in ["labels", "annotations", "finalizers", "ownerReferences"] {
            match object.pointer(&format!("/metadata/{part}")) {
                Some(value) => set(live, &["metadata", part], value.clone()),
                None => json::remove(live, &["metadata", part]),
            }
        }
    })
}

/// Answers a PATCH of an object or its status. Merge patches are exact; a strategic merge is taken for a merge patch, which differs in lists.
pub(crate) fn patch(site: &Arc<Site>, target: Target<'_>, asked: &Asked) -> Answer {
    let kind = asked.content_type.split(';').next().unwrap_or_default();
    if !matches!(kind, "application/merge-patch+json" | "application/strategic-merge-patch+json") {
        return status::unsupported(kind);
    }
    let Some(patch) = body(asked) else { return unreadable() };
    change(site, target, asked, &patch, |live| merge(live, &patch))
}

/// Answers a DELETE of an object.
pub(crate) fn delete(site: &Arc<Site>, target: Target<'_>) -> Answer {
    let key = target.served.object(target.namespace, target.name);
    site.with(|world| match world.delete(&key) {
        None => status::not_found(target.served, target.name),
        Some(last) => Answer::json(
            StatusCode::OK,
            &json!({
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "details": {
                    "name": target.name,
                    "group": target.served.group,
                    "kind": target.served.plural,
                    "uid": text(&last, "/metadata/uid"),
                },
            }),
        ),
    })
}

/// Changes an object unless it is of another version than was sent; what a writer may not touch stays as it was.
fn change(site: &Arc<Site>, target: Target<'_>, asked: &Asked, sent: &Value, apply: impl FnOnce(&mut Value)) -> Answer {
    let key = target.served.object(target.namespace, target.name);
    let expected = text(sent, "/metadata/resourceVersion");
    site.with(|world| {
        let Some(live) = world.store.get(&key).map(Arc::clone) else {
            return status::not_found(target.served, target.name);
        };
        if !expected.is_empty() && expected != text(&live, "/metadata/resourceVersion") {
            return status::conflict(target.served, target.name);
        }
        let of_status = target.subresource == "status";
        let writer = Writer { subresource: target.subresource, ..Writer::update(manager(asked)) };
        let changed = |object: &mut Value| {
            let status = if of_status { sent.get("status").cloned() } else { None };
            if of_status {
                if let Some(status) = status {
                    let mut now = object["status"].clone();
                    merge(&mut now, &status);
                    set(object, &["status"], now);
                }
                return;
            }
            apply(object);
            for part in
                ["uid", "creationTimestamp", "generation", "resourceVersion", "name", "namespace", "managedFields"]
            {
                match live.pointer(&format!("/metadata/{part}")) {
                    Some(value) => set(object, &["metadata", part], value.clone()),
                    None => json::remove(object, &["metadata", part]),
                }
            }
            for part in ["apiVersion", "kind", "status"] {
                match live.get(part) {
                    Some(value) => set(object, &[part], value.clone()),
                    None => json::remove(object, &[part]),
                }
            }
        };
        if asked.parameter("dryRun") == "All" {
            let mut draft = Value::clone(&live);
            changed(&mut draft);
            return Answer::json(StatusCode::OK, &draft);
        }
        match world.update(&key, writer, changed) {
            Some(stored) => Answer::json(StatusCode::OK, &stored),
            None => status::not_found(target.served, target.name),
        }
    })
}

fn body(asked: &Asked) -> Option<Value> {
    serde_json::from_slice::<Value>(&asked.body).ok().filter(Value::is_object)
}

fn unreadable() -> Answer {
    status::bad_request("the object provided is unrecognized (must be of type JSON object)")
}

/// Names the field manager as the API server does: what was asked for, else the user agent up to its version.
fn manager(asked: &Asked) -> &str {
    match asked.parameter("fieldManager") {
        "" => match asked.user_agent.split('/').next() {
            None | Some("") => "unknown",
            Some(agent) => agent,
        },
        named => named,
    }
}
