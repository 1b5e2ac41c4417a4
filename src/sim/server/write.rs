//! Writing objects: create, replace, patch.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use super::route::RequestTarget;
use super::{Asked, ServerResponse, apply, status};
use crate::sim::fields::Writer;
use crate::sim::json::{self, merge, set, text};
use crate::sim::kinds::{self, ServedKind};
use crate::sim::world::Site;

/// Answers a POST to a list.
pub(crate) fn create(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    let Some(mut object) = body(asked) else { return unreadable(target.served) };
    if target.served.namespaced {
        set(&mut object, &["metadata", "namespace"], target.namespace);
    }
    set(&mut object, &["apiVersion"], target.served.api_version());
    set(&mut object, &["kind"], target.served.kind);
    let key = json::reference(&object);
    if let Some(refused) = check_name(target.served, &key.name) {
        return refused;
    }
    site.with(|world| {
        if target.served.namespaced
            && let Some(served) = kinds::by_kind("", "Namespace")
            && world.store.get(&served.object("", target.namespace)).is_none()
        {
            return status::not_found(served, target.namespace);
        }
        if world.store.get(&key).is_some() {
            return status::exists(target.served, &key.name);
        }
        if asked.parameter("dryRun") == "All" {
            let draft = world.draft(object, Writer::update(manager(asked)));
            return ServerResponse::json(StatusCode::CREATED, &draft);
        }
        let stored = world.create(object, Writer::update(manager(asked)));
        ServerResponse::json(StatusCode::CREATED, &stored)
    })
}

/// Answers a PUT to an object or its status.
pub(crate) fn replace(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    let Some(object) = body(asked) else { return unreadable(target.served) };
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
        if let Some(status) = object.get("status").filter(|_| target.subresource == "status") {
            set(live, &["status"], status.clone());
        }
        Some(())
    })
}

/// Answers a PATCH of an object or its status. Merge patches are exact; a strategic merge is handled as a merge patch,
/// which differs in lists.
pub(crate) fn patch(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    match asked.content_type.split(';').next().unwrap_or_default() {
        "application/apply-patch+yaml" => apply::apply(site, target, asked),
        "application/merge-patch+json" | "application/strategic-merge-patch+json" => match body(asked) {
            None => unreadable(target.served),
            Some(patch) => change(site, target, asked, &patch, |live| {
                merge(live, &patch);
                Some(())
            }),
        },
        "application/json-patch+json" => match serde_json::from_slice::<Value>(&asked.body) {
            Ok(patch) if patch.is_array() => {
                change(site, target, asked, &Value::Null, |live| crate::model::json_patch::apply(live, &patch))
            }
            _ => status::bad_request(
                "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
            ),
        },
        _ => status::unsupported(),
    }
}

/// Changes an object unless the request names another version; fields that a writer may not change stay.
fn change(
    site: &Arc<Site>,
    target: RequestTarget<'_>,
    asked: &Asked,
    sent: &Value,
    apply: impl FnOnce(&mut Value) -> Option<()>,
) -> ServerResponse {
    let key = target.served.object(target.namespace, target.name);
    let expected = text(sent, "/metadata/resourceVersion");
    site.with(|world| {
        let Some(live) = world.store.get(&key).map(Arc::clone) else {
            return status::not_found(target.served, target.name);
        };
        if !expected.is_empty() && expected != text(&live, "/metadata/resourceVersion") {
            return status::conflict(target.served, target.name);
        }
        let mut draft = Value::clone(&live);
        if apply(&mut draft).is_none() {
            return status::impossible_patch();
        }
        if target.subresource == "status" {
            let status = draft.get("status").cloned().unwrap_or_default();
            draft = Value::clone(&live);
            set(&mut draft, &["status"], status);
        } else {
            keep_identity(&mut draft, &live);
        }
        let writer = Writer { subresource: target.subresource, ..Writer::update(manager(asked)) };
        if asked.parameter("dryRun") == "All" {
            return ServerResponse::json(StatusCode::OK, &world.changed(&live, writer, |object| *object = draft));
        }
        match world.update(&key, writer, |object| *object = draft) {
            Some(stored) => ServerResponse::json(StatusCode::OK, &stored),
            None => status::not_found(target.served, target.name),
        }
    })
}

/// Restores fields that a writer may not change.
pub(crate) fn keep_identity(object: &mut Value, live: &Value) {
    for part in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "name",
        "namespace",
        "managedFields",
    ] {
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
}

/// Refuses an invalid name.
pub(crate) fn check_name(served: &ServedKind, name: &str) -> Option<ServerResponse> {
    let good = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    if name.is_empty() {
        return Some(status::invalid_name(
            served,
            name,
            "FieldValueRequired",
            "Required value: name or generateName is required",
        ));
    }
    // Names of roles and their bindings may contain colons.
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.first().is_some_and(|first| good(*first))
            && bytes.last().is_some_and(|last| good(*last))
            && bytes.iter().all(|letter| good(*letter) || *letter == b'-')
    };
    if name.split('.').all(label) || served.group == "rbac.authorization.k8s.io" {
        return None;
    }
    let message = format!("Invalid value: \"{name}\": {NAME_RULE}");
    Some(status::invalid_name(served, name, "FieldValueInvalid", &message))
}

const NAME_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

fn body(asked: &Asked) -> Option<Value> {
    serde_json::from_slice::<Value>(&asked.body).ok().filter(Value::is_object)
}

/// 400 for a body that is no object.
pub(crate) fn unreadable(served: &ServedKind) -> ServerResponse {
    status::bad_request(&format!(
        "the object provided is unrecognized (must be of type {}): couldn't get version/kind",
        served.kind
    ))
}

/// Names the field manager as the API server does: by the parameter, else by the user agent up to its version.
fn manager(asked: &Asked) -> &str {
    match asked.parameter("fieldManager") {
        "" => match asked.user_agent.split('/').next() {
            None | Some("") => "unknown",
            Some(agent) => agent,
        },
        named => named,
    }
}
