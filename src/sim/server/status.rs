//! The server's answers when it does not do what it was asked: `Status` objects with the API server's own words.

use http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use crate::sim::kinds::Served;
use crate::sim::store::Expired;

/// Builds a failure as the API server words it.
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

fn details(served: &Served, name: &str) -> Value {
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
pub(crate) fn not_found(served: &Served, name: &str) -> Answer {
    let message = format!("{} \"{name}\" not found", served.resource());
    Answer::json(StatusCode::NOT_FOUND, &failure(StatusCode::NOT_FOUND, "NotFound", &message, &details(served, name)))
}

/// 404 for an address that is not served.
pub(crate) fn no_page() -> Answer {
    Answer::plain(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// 403 for a verb on a kind, in the authorizer's words.
pub(crate) fn forbidden(served: &Served, verb: &str, namespace: &str, name: &str) -> Answer {
    let scope = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{namespace}\"")
    };
    let subject = if name.is_empty() { served.resource() } else { format!("{} \"{name}\"", served.resource()) };
    let message = format!(
        "{subject} is forbidden: User \"{}\" cannot {verb} resource \"{}\" in API group \"{}\" {scope}",
        super::review::USER,
        served.plural,
        served.group
    );
    Answer::json(StatusCode::FORBIDDEN, &failure(StatusCode::FORBIDDEN, "Forbidden", &message, &details(served, name)))
}

/// 409 for an object that exists.
pub(crate) fn exists(served: &Served, name: &str) -> Answer {
    let message = format!("{} \"{name}\" already exists", served.resource());
    Answer::json(
        StatusCode::CONFLICT,
        &failure(StatusCode::CONFLICT, "AlreadyExists", &message, &details(served, name)),
    )
}

/// 409 for a write on an old version.
pub(crate) fn conflict(served: &Served, name: &str) -> Answer {
    let message = format!(
        "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your changes to the latest version and try again",
        served.resource()
    );
    Answer::json(StatusCode::CONFLICT, &failure(StatusCode::CONFLICT, "Conflict", &message, &details(served, name)))
}

/// 410 inside a watch: an event of type ERROR.
pub(crate) fn expired_watch(asked: u64, expired: &Expired) -> Value {
    let message = format!("too old resource version: {asked} ({})", expired.oldest);
    failure(StatusCode::GONE, "Expired", &message, &Value::Null)
}

/// 410 for a list's continue token.
pub(crate) fn expired_continue() -> Answer {
    let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";
    Answer::json(StatusCode::GONE, &failure(StatusCode::GONE, "Expired", message, &Value::Null))
}

/// 429 as the API server's own limit answers: plain text, with `Retry-After`.
pub(crate) fn busy() -> Answer {
    let mut answer = Answer::plain(StatusCode::TOO_MANY_REQUESTS, "Too many requests, please try again later.\n");
    answer.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from_static("1"));
    answer
}

/// 400 with the server's words.
pub(crate) fn bad_request(message: &str) -> Answer {
    Answer::json(StatusCode::BAD_REQUEST, &failure(StatusCode::BAD_REQUEST, "BadRequest", message, &Value::Null))
}

/// 405 for a verb that an address does not take.
pub(crate) fn not_allowed() -> Answer {
    let code = StatusCode::METHOD_NOT_ALLOWED;
    let message = "the server does not allow this method on the requested resource";
    Answer::json(code, &failure(code, "MethodNotAllowed", message, &json!({})))
}

/// 415 for a patch of a kind that is not understood.
pub(crate) fn unsupported(given: &str) -> Answer {
    let code = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml (sent: {given})"
    );
    Answer::json(code, &failure(code, "UnsupportedMediaType", &message, &json!({})))
}
