//! How the server serves the kinds of objects.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::AT_ONCE;
use crate::cluster::failure::Failure;
use crate::cluster::{Cluster, Resource};
use crate::model::{Fault, ObjectRef};

/// Each kind with how the server serves it: `None` where it does not, or why that is not known.
pub(super) type Kinds = BTreeMap<(String, String), Result<Option<Resource>, String>>;

/// Looks up how the server serves each kind: one request a group, side by side.
pub(super) async fn kinds(cluster: &Cluster, objects: &[&ObjectRef]) -> Result<Kinds, Fault> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for object in objects {
        groups.entry(object.group.clone()).or_default().insert(object.kind.clone());
    }
    let mut asked: Vec<BoxFuture<'_, Result<Kinds, Fault>>> = Vec::new();
    for (group, kinds) in groups {
        asked.push(Box::pin(of_group(cluster, group, kinds)));
    }
    let all: Vec<Kinds> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(all.into_iter().flatten().collect())
}

async fn of_group(cluster: &Cluster, group: String, kinds: BTreeSet<String>) -> Result<Kinds, Fault> {
    let mut found = Kinds::new();
    for kind in kinds {
        let served = match cluster.look_up(&group, &kind).await {
            Ok(served) => Ok(served),
            Err(failure) if is_lost(&failure) => return Err(failure.fault(&cluster.name, &format!("look up {kind}"))),
            Err(failure) => Err(failure.to_string()),
        };
        found.insert((group.clone(), kind), served);
    }
    Ok(found)
}

/// Tells whether a failure is one of the whole server.
pub(super) fn is_lost(failure: &Failure) -> bool {
    match failure {
        Failure::Misnamed(_) | Failure::Unreadable(_) => false,
        _ => matches!(failure.code(), None | Some(401)),
    }
}

/// Returns the address of a kind in the version that the manifest states.
pub(super) fn with_version(resource: &Resource, body: &Value) -> Resource {
    let version = body.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let version = version.rsplit('/').next().unwrap_or_default();
    Resource { version: version.to_owned(), ..resource.clone() }
}
