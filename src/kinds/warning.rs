//! Event of type Warning: what a controller, the scheduler or a kubelet could not do.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::shell;
use crate::model::{Column, Kind, Labels, Lesson, ObjectRef, Row, RowKey, State, WatchedPart};

/// So long a warning is news.
const NEWS: Duration = Duration::from_mins(10);

/// So many are read and kept: two pages.
const MOST: usize = 600;

pub(super) static KIND: Kind = Kind {
    kind: "Event",
    group: "",
    version: "v1",
    plural: "events",
    aliases: &["ev"],
    namespaced: true,
    flux: false,
    noun: "",
    controller: "",
    watched: false,
    // Servers keep events for an hour, most of them of type Normal.
    part: Some(WatchedPart { field_selector: "type=Warning", within: NEWS, most: MOST }),
    columns: &[
        Column { title: "Reason", width: 20 },
        Column { title: "Object", width: 40 },
        Column { title: "Count", width: 6 },
    ],
    decode,
    lesson,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    metadata: Metadata,
    #[serde(default, rename = "involvedObject")]
    involved: Involved,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    message: Option<Box<str>>,
    #[serde(default)]
    count: Option<u32>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    first_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    last_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    event_time: Option<Timestamp>,
    #[serde(default)]
    series: Option<Series>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Box<str>,
    #[serde(default)]
    namespace: Box<str>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    creation_timestamp: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Involved {
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    #[serde(default)]
    count: Option<u32>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    last_observed_time: Option<Timestamp>,
}

/// Reads an event. The row's time is when it was seen last: events of the old and the new API keep it in different fields.
fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let event: Object = serde_json::from_slice(bytes)?;
    let about = event.involved;
    let group = crate::model::api_group(&about.api_version);
    let object = ObjectRef::new(&about.kind, group, &about.namespace, &about.name);
    let series = event.series.as_ref();
    let seen = series.and_then(|series| series.last_observed_time);
    let seen = seen.or(event.last_timestamp).or(event.event_time).or(event.first_timestamp);
    let count = series.and_then(|series| series.count).or(event.count).unwrap_or(1).max(1);
    Ok(Row {
        state: State::Waiting,
        message: event.message.unwrap_or_default(),
        created: seen.or(event.metadata.creation_timestamp),
        cells: [event.reason.unwrap_or_default(), object.to_string(), count.to_string()].map(Into::into).into(),
        note: None,
        labels: Labels::default(),
        since: None,
        flux: None,
        key: RowKey { namespace: event.metadata.namespace, name: event.metadata.name },
    })
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        place: String::new(),
        shell: shell::kubectl("events", context, object),
        why: "An event of type Warning says what a controller, the scheduler or a kubelet could not do; servers keep them for an hour.".to_owned(),
        look_for: "the newest first, and which grow in number.".to_owned(),
        docs: "https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/".into(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{KIND, decode};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_event_is_as_old_as_it_was_seen_last() {
        let old = r#"{"metadata": {"name": "web.1", "namespace": "web", "creationTimestamp": "2026-11-22T10:00:00Z"},
            "involvedObject": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "web", "name": "web"}, "type": "Warning",
            "reason": "FailedCreate", "message": "quota", "count": 3, "firstTimestamp": "2026-11-22T10:00:00Z", "lastTimestamp": "2026-11-22T10:07:00Z"}"#;
        let row = decode(old.as_bytes()).unwrap();
        assert_eq!(row.created, Some(at("2026-11-22T10:07:00Z")));
        assert_eq!(
            row.cells.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
            ["FailedCreate", "Deployment/web/web", "3"]
        );
        let new = r#"{"metadata": {"name": "web.2"}, "eventTime": "2026-11-22T10:01:00.000000Z", "lastTimestamp": null, "message": null,
            "series": {"count": 9, "lastObservedTime": "2026-11-22T10:09:00.000000Z"}}"#;
        let row = decode(new.as_bytes()).unwrap();
        assert_eq!((row.created, &*row.cells[2]), (Some(at("2026-11-22T10:09:00Z")), "9"));
        let part = KIND.part.unwrap();
        assert!(part.takes(&row, at("2026-11-22T10:19:00Z")) && !part.takes(&row, at("2026-11-22T10:19:01Z")));
    }
}
