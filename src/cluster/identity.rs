//! The user that a cluster sees in us, for the journal.

use serde::Deserialize;
use serde_json::json;

use super::address::Address;
use super::failure::Failure;
use super::{Cluster, request};
use crate::model::Fault;

#[derive(Deserialize)]
struct Review {
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    user_info: UserInfo,
}

#[derive(Deserialize)]
struct UserInfo {
    #[serde(default)]
    username: String,
}

impl Cluster {
    /// Queries the server once for our user (`SelfSubjectReview`) and caches the answer.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or is older than Kubernetes 1.28 and lacks the API.
    pub async fn user(&self) -> Result<&str, Fault> {
        let asked = self.user.get_or_try_init(|| async {
            let question = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
            let address = Address::version("authentication.k8s.io", "v1").at("selfsubjectreviews");
            let review: Review = request::ask(self, &address, &question).await?;
            Ok(review.status.user_info.username)
        });
        let asked: Result<&String, Failure> = asked.await;
        asked.map(String::as_str).map_err(|failure| failure.fault(&self.name, "ask who we are"))
    }
}
