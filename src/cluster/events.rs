//! Events: what controllers and the kubelet said of an object lately.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::{Cluster, request};
use crate::model::{Fault, ObjectRef};

/// Events are listed in pages of so many.
const PAGE: usize = 500;

/// So many pages are read at most: who needs more than 10,000 events asks for one object's.
const PAGES: usize = 20;

/// Says whose events are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventScope {
    /// Those of one object.
    Object(ObjectRef),
    /// Those of one namespace.
    Namespace(String),
    /// Those of all namespaces.
    All,
}

/// Holds one event, in the words of `fluxdeck events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When it was seen last, by the clock of who reported it.
    pub at: Option<Timestamp>,
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The reason, one word in camel case.
    pub reason: String,
    /// What it is about.
    pub object: ObjectRef,
    /// The message.
    pub message: String,
    /// How often it was seen.
    pub count: u32,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    items: Vec<Wire>,
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
            let group = involved.api_version.split_once('/').map_or("", |(group, _)| group);
            ObjectRef::new(&involved.kind, group, &involved.namespace, &involved.name)
        };
        Self {
            // Events of the old and the new API keep their times in different fields.
            at: series
                .and_then(|series| series.last_observed_time)
                .or(wire.last_timestamp)
                .or(wire.event_time)
                .or(wire.first_timestamp)
                .or(wire.metadata.creation_timestamp),
            kind: wire.kind.unwrap_or_default(),
            reason: wire.reason.unwrap_or_default(),
            object,
            message: wire.message.unwrap_or_default(),
            count: series.and_then(|series| series.count).or(wire.count).unwrap_or(1).max(1),
        }
    }
}

impl Cluster {
    /// Lists events, the newest last.
    ///
    /// # Errors
    /// Fails when the server cannot be asked or does not let us list events.
    pub async fn events(&self, scope: &EventScope) -> Result<Vec<Event>, Fault> {
        let (address, tried) = match scope {
            // The events of an object without a namespace lie in `default`: look everywhere.
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
            found.extend(page.items.into_iter().map(Event::from));
            next = page.metadata.next;
            if next.is_empty() {
                break;
            }
        }
        if let EventScope::Object(object) = scope {
            // The server chooses by kind and name; a namesake of another group has events of its own.
            found.retain(|event| object.is_open() || event.object.group == object.group);
        }
        found.sort_by_key(|event| event.at);
        Ok(found)
    }
}

fn list(namespace: &str) -> Address {
    Address::core(namespace, "events")
}
