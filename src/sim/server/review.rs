//! The server's name for our user.

use http::StatusCode;
use serde_json::json;

use super::ServerResponse;

/// The user of every request.
pub(crate) const USER: &str = "operator@example.com";

/// Answers a SelfSubjectReview.
pub(crate) fn who() -> ServerResponse {
    ServerResponse::json(
        StatusCode::CREATED,
        &json!({
            "kind": "SelfSubjectReview",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"creationTimestamp": null},
            "status": {"userInfo": {"username": USER, "groups": ["operators", "system:authenticated"]}},
        }),
    )
}
