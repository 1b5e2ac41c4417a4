//! The latest events of drifted objects: what controllers did about the drift, and when.

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};

use super::LiveDifference;
use crate::cluster::mask::message;
use crate::cluster::{Cluster, Event, EventScope};

/// The number of objects whose events are read at once.
const AT_ONCE: usize = 16;
/// The most objects whose events are read: with more, the fields tell enough.
const MOST: usize = 64;
/// The number of events that are kept of an object.
const KEPT: usize = 3;

/// The field that is changed through a subresource, for which the API server notes no time, and the reason of the event
/// that a controller writes about it.
const SCALED: (&str, &str) = ("spec.replicas", "ScalingReplicaSet");

/// Adds the latest events; where they may not be read, nothing is added.
pub(super) async fn add(cluster: &Cluster, differences: &mut [LiveDifference]) {
    let mut asked: Vec<BoxFuture<'_, Vec<Event>>> = Vec::new();
    for one in differences.iter().take(MOST) {
        let scope = EventScope::Object(one.target.clone());
        asked.push(Box::pin(async move { cluster.events(&scope).await.unwrap_or_default() }));
    }
    let all: Vec<Vec<Event>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    for (one, events) in differences.iter_mut().zip(all) {
        take(one, events);
    }
}

/// Keeps the latest events of an object, and takes from them the time that no manager has.
fn take(one: &mut LiveDifference, mut events: Vec<Event>) {
    let (path, reason) = SCALED;
    let scaled = events.iter().rev().find(|event| event.reason == reason).and_then(|event| event.at);
    for field in one.fields.iter_mut().filter(|field| field.path == path) {
        field.at = field.at.or(scaled);
    }
    one.events = events.split_off(events.len().saturating_sub(KEPT));
    for event in &mut one.events {
        event.message = message(&event.message).into_owned();
    }
}
