//! Events: recent reports of controllers and the kubelet about an object.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::{Cluster, request};
use crate::model::{Fault, ObjectRef};

/// The number of events in a page.
const PAGE: usize = 500;

/// The most pages that are read: a user who needs more than 10,000 events queries one object.
const PAGES: usize = 20;

/// Selects events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventScope {
    /// The events of one object.
    Object(ObjectRef),
    /// The events of one namespace.
    Namespace(String),
    /// The events of all namespaces.
    All,
}

/// Holds one event, with the field names of `fluxdeck events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The last time it was seen, by the reporter's clock.
    pub at: Option<Timestamp>,
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The reason, one word in camel case.
    pub reason: String,
    /// The object that it is about.
    pub object: ObjectRef,
    /// The UID of that object: a later one of the same name has another. Empty where the event has none.
    #[serde(skip)]
    pub uid: String,
    /// The message.
    pub message: String,
    /// The number of times that it was seen.
    pub count: u32,
    /// The reporter, as in `kubectl describe`: `kubelet, node-1`; empty where the event names none.
    pub from: String,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    /// Null where the server writes an empty list so.
    #[serde(deserialize_with = "Option::deserialize")]
    items: Option<Vec<Wire>>,
}

#[derive(Deserialize, Default)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    metadata: Metadata,
    #[serde(default)]
    involved_object: Involved,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    count: Option<u32>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    first_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    last_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    event_time: Option<Timestamp>,
    series: Option<Series>,
    #[serde(default)]
    source: Option<EventSource>,
    reporting_component: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EventSource {
    component: Option<String>,
    host: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    creation_timestamp: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Involved {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    uid: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    count: Option<u32>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    last_observed_time: Option<Timestamp>,
}

impl From<Wire> for Event {
    fn from(wire: Wire) -> Self {
        let series = wire.series.as_ref();
        let involved = wire.involved_object;
        let object = if involved.api_version.is_empty() {
            ObjectRef::bare(&involved.kind, &involved.namespace, &involved.name)
        } else {
            let group = crate::model::api_group(&involved.api_version);
            ObjectRef::new(&involved.kind, group, &involved.namespace, &involved.name)
        };
        Self {
            // The old and the new API keep the times of events in different fields.
            at: series
                .and_then(|series| series.last_observed_time)
                .or(wire.last_timestamp)
                .or(wire.event_time)
                .or(wire.first_timestamp)
                .or(wire.metadata.creation_timestamp),
            kind: wire.kind.unwrap_or_default(),
            reason: wire.reason.unwrap_or_default(),
            object,
            uid: involved.uid,
            message: wire.message.unwrap_or_default(),
            count: series.and_then(|series| series.count).or(wire.count).unwrap_or(1).max(1),
            from: from(wire.source.unwrap_or_default(), wire.reporting_component),
        }
    }
}

/// Returns the reporter of an event: the old API has it as the source, the new one as the component.
fn from(source: EventSource, reporting: Option<String>) -> String {
    let component = source.component.filter(|component| !component.is_empty()).or(reporting).unwrap_or_default();
    match source.host.filter(|host| !host.is_empty()) {
        Some(host) if !component.is_empty() => format!("{component}, {host}"),
        Some(host) => host,
        None => component,
    }
}

/// Reads an event as the server sends it.
#[cfg(test)]
pub(crate) fn event_of(value: serde_json::Value) -> Result<Event, serde_json::Error> {
    serde_json::from_value::<Wire>(value).map(Event::from)
}

impl Cluster {
    /// Lists events, the newest last.
    ///
    /// # Errors
    /// Fails when the server cannot be queried or forbids listing events.
    pub async fn events(&self, scope: &EventScope) -> Result<Vec<Event>, Fault> {
        let (address, tried) = match scope {
            // The events of a cluster-scoped object are in `default`, so all namespaces are searched.
            EventScope::Object(object) => {
                let about = [("involvedObject.kind", &*object.kind), ("involvedObject.name", &*object.name)];
                (list(&object.namespace).with_fields(&about), format!("list the events of {object}"))
            }
            EventScope::Namespace(namespace) => (list(namespace), format!("list the events of namespace {namespace}")),
            EventScope::All => (list(""), "list events".to_owned()),
        };
        let mut found: Vec<Event> = Vec::new();
        let mut next = String::new();
        for _ in 0..PAGES {
            let address = address.clone().with("limit", PAGE).with_some("continue", &next);
            let page =
                request::get::<Page>(self, &address).await.map_err(|failure| failure.fault(&self.name, &tried))?;
            found.extend(page.items.into_iter().flatten().map(Event::from));
            next = page.metadata.next;
            if next.is_empty() {
                break;
            }
        }
        if let EventScope::Object(object) = scope {
            // The server selects by kind and name; a namesake in another group has its own events.
            found.retain(|event| object.is_open() || event.object.group == object.group);
        }
        found.sort_by_key(|event| event.at);
        Ok(found)
    }
}

fn list(namespace: &str) -> Address {
    Address::core(namespace, "events")
}
