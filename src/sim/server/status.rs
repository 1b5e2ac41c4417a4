//! The server's answers to a refused or failed request: `Status` objects with the API server's own words.

use http::StatusCode;
use serde_json::{Value, json};

use super::ServerResponse;
use crate::sim::json::set;
use crate::sim::kinds::ServedKind;
use crate::sim::store::Expired;

/// Builds a failure in the API server's words.
pub(crate) fn failure(code: StatusCode, reason: &str, message: &str, details: &Value) -> Value {
    let mut status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
    });
    if let Some(map) = status.as_object_mut() {
        if !details.is_null() {
            map.insert("details".to_owned(), details.clone());
        }
        map.insert("code".to_owned(), code.as_u16().into());
    }
    status
}

/// Returns an object's name as the details of a status.
pub(crate) fn details(served: &ServedKind, name: &str) -> Value {
    let mut details = json!({});
    if let Some(map) = details.as_object_mut() {
        if !name.is_empty() {
            map.insert("name".to_owned(), name.into());
        }
        if !served.group.is_empty() {
            map.insert("group".to_owned(), served.group.into());
        }
        map.insert("kind".to_owned(), served.plural.into());
    }
    details
}

/// 404 for an object.
pub(crate) fn not_found(served: &ServedKind, name: &str) -> ServerResponse {
    let message = format!("{} \"{name}\" not found", served.resource());
    ServerResponse::json(
        StatusCode::NOT_FOUND,
        &failure(StatusCode::NOT_FOUND, "NotFound", &message, &details(served, name)),
    )
}

/// 404 for a URL that is not served.
pub(crate) fn no_page() -> ServerResponse {
    ServerResponse::plain(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// 403 for a verb on a kind, in the authorizer's words.
pub(crate) fn forbidden(served: &ServedKind, verb: &str, namespace: &str, name: &str) -> ServerResponse {
    let scope = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{namespace}\"")
    };
    let name = if verb == "create" { "" } else { name };
    let subject = if name.is_empty() { served.resource() } else { format!("{} \"{name}\"", served.resource()) };
    let message = format!(
        "{subject} is forbidden: User \"{}\" cannot {verb} resource \"{}\" in API group \"{}\" {scope}",
        super::review::USER,
        served.plural,
        served.group
    );
    ServerResponse::json(
        StatusCode::FORBIDDEN,
        &failure(StatusCode::FORBIDDEN, "Forbidden", &message, &details(served, name)),
    )
}

/// 409 for an object that exists.
pub(crate) fn exists(served: &ServedKind, name: &str) -> ServerResponse {
    let message = format!("{} \"{name}\" already exists", served.resource());
    ServerResponse::json(
        StatusCode::CONFLICT,
        &failure(StatusCode::CONFLICT, "AlreadyExists", &message, &details(served, name)),
    )
}

/// 409 for a write on an old version.
pub(crate) fn conflict(served: &ServedKind, name: &str) -> ServerResponse {
    let message = format!(
        "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your changes to the latest version and try again",
        served.resource()
    );
    ServerResponse::json(
        StatusCode::CONFLICT,
        &failure(StatusCode::CONFLICT, "Conflict", &message, &details(served, name)),
    )
}

/// 410 inside a watch: an event of type ERROR.
pub(crate) fn expired_watch(asked: u64, expired: &Expired) -> Value {
    let message = format!("too old resource version: {asked} ({})", expired.oldest);
    failure(StatusCode::GONE, "Expired", &message, &Value::Null)
}

/// 410 for a list's continue token.
pub(crate) fn expired_continue() -> ServerResponse {
    let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";
    ServerResponse::json(StatusCode::GONE, &failure(StatusCode::GONE, "Expired", message, &Value::Null))
}

/// 429 as the API server's own limit answers: plain text, with `Retry-After`.
pub(crate) fn busy() -> ServerResponse {
    let mut answer =
        ServerResponse::plain(StatusCode::TOO_MANY_REQUESTS, "Too many requests, please try again later.\n");
    answer.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from_static("1"));
    answer
}

/// 400 with the server's message.
pub(crate) fn bad_request(message: &str) -> ServerResponse {
    ServerResponse::json(
        StatusCode::BAD_REQUEST,
        &failure(StatusCode::BAD_REQUEST, "BadRequest", message, &Value::Null),
    )
}

/// 405 for a verb that a URL does not support.
pub(crate) fn not_allowed() -> ServerResponse {
    let code = StatusCode::METHOD_NOT_ALLOWED;
    let message = "the server does not allow this method on the requested resource";
    ServerResponse::json(code, &failure(code, "MethodNotAllowed", message, &json!({})))
}

/// 404 for a plural that a built-in group does not have.
pub(crate) fn no_resource() -> ServerResponse {
    let code = StatusCode::NOT_FOUND;
    ServerResponse::json(
        code,
        &failure(code, "NotFound", "the server could not find the requested resource", &json!({})),
    )
}

/// 415 for an unknown kind of patch.
pub(crate) fn unsupported() -> ServerResponse {
    let code = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    ServerResponse::json(code, &failure(code, "UnsupportedMediaType", "415: Unsupported Media Type", &json!({})))
}

/// 422 for a JSON patch that fails.
pub(crate) fn impossible_patch() -> ServerResponse {
    let code = StatusCode::UNPROCESSABLE_ENTITY;
    let message = "the server rejected our request due to an error in our request";
    ServerResponse::json(code, &failure(code, "Invalid", message, &json!({})))
}

fn invalid(subject: &str, details: &Value, reason: &str, message: &str, field: &str) -> ServerResponse {
    let code = StatusCode::UNPROCESSABLE_ENTITY;
    let mut details = details.clone();
    set(&mut details, &["causes"], json!([{"reason": reason, "message": message, "field": field}]));
    ServerResponse::json(
        code,
        &failure(code, "Invalid", &format!("{subject} is invalid: {field}: {message}"), &details),
    )
}

/// 422 for an invalid name.
pub(crate) fn invalid_name(served: &ServedKind, name: &str, reason: &str, message: &str) -> ServerResponse {
    let group = if served.group.is_empty() { String::new() } else { format!(".{}", served.group) };
    let mut about = details(served, name);
    set(&mut about, &["kind"], served.kind);
    invalid(&format!("{}{group} \"{name}\"", served.kind), &about, reason, message, "metadata.name")
}

/// 422 for an apply without a manager.
pub(crate) fn no_manager() -> ServerResponse {
    let about = json!({"group": "meta.k8s.io", "kind": "PatchOptions"});
    let message = "Required value: is required for apply patch";
    invalid("PatchOptions.meta.k8s.io \"\"", &about, "FieldValueRequired", message, "fieldManager")
}

/// 422 for an unknown propagation policy.
pub(crate) fn unknown_propagation(given: &str) -> ServerResponse {
    let about = json!({"group": "meta.k8s.io", "kind": "DeleteOptions"});
    let message = format!(
        "Unsupported value: \"{given}\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
    );
    invalid("DeleteOptions.meta.k8s.io \"\"", &about, "FieldValueNotSupported", &message, "propagationPolicy")
}

/// 409 for a DELETE of another object or version than the present one.
pub(crate) fn precondition(served: &ServedKind, name: &str, field: &str, wanted: &str, live: &str) -> ServerResponse {
    let (what, hint) = match field {
        "uid" => ("UID", "The object might have been deleted and then recreated"),
        _ => ("ResourceVersion", "The object might have been modified"),
    };
    let kind =
        if served.group.is_empty() { served.kind.to_owned() } else { format!("{}.{}", served.kind, served.group) };
    let message = format!(
        "Operation cannot be fulfilled on {kind} \"{name}\": the {what} in the precondition ({wanted}) does not match the {what} in record ({live}). {hint}"
    );
    let mut about = details(served, name);
    set(&mut about, &["kind"], served.kind);
    ServerResponse::json(StatusCode::CONFLICT, &failure(StatusCode::CONFLICT, "Conflict", &message, &about))
}

/// 409 for an apply of others' fields: each conflict is the owner and the field.
pub(crate) fn apply_conflict(conflicts: &[(String, String)]) -> ServerResponse {
    let owners: std::collections::BTreeSet<&str> = conflicts.iter().map(|(owner, _)| owner.as_str()).collect();
    let said = if let [(owner, field)] = conflicts {
        format!("1 conflict: conflict with {owner}: {field}")
    } else {
        let each = owners.iter().map(|owner| {
            let fields: Vec<String> =
                conflicts.iter().filter(|(one, _)| one == owner).map(|(_, field)| format!("\n- {field}")).collect();
            format!("conflicts with {owner}:{}", fields.concat())
        });
        format!("{} conflicts: {}", conflicts.len(), each.collect::<Vec<_>>().join("\n"))
    };
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|(owner, field)| {
            json!({"reason": "FieldManagerConflict", "message": format!("conflict with {owner}"), "field": field})
        })
        .collect();
    let body =
        failure(StatusCode::CONFLICT, "Conflict", &format!("Apply failed with {said}"), &json!({"causes": causes}));
    ServerResponse::json(StatusCode::CONFLICT, &body)
}
