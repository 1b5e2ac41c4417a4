//! The Table form of objects: columns and cells, in the form of `kubectl get`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::json::{list, number, text};
use crate::sim::kinds::{HELM, KUSTOMIZE, SOURCE, ServedKind};

/// A column: its name, type and format, and a function that reads its cell from an object at a time.
struct Column(&'static str, &'static str, &'static str, fn(&Value, Timestamp) -> Value);

const NAME: Column = Column("Name", "string", "name", |object, _| text(object, "/metadata/name").into());
const AGE: Column = Column("Age", "string", "", |object, now| {
    text(object, "/metadata/creationTimestamp")
        .parse::<Timestamp>()
        .map_or_else(|_| "<unknown>".to_owned(), |created| human(now.duration_since(created).as_secs()))
        .into()
});
const READY: Column = Column("Ready", "string", "", |object, _| condition(object, "Ready", "/status"));
const STATUS: Column = Column("Status", "string", "", |object, _| condition(object, "Ready", "/message"));

/// Tells whether a request asks for a Table.
pub(crate) fn is_wanted(accept: &str) -> bool {
    accept.split(',').next().is_some_and(|first| first.contains("as=Table"))
}

/// Builds the Table of some objects; `include` is the query's includeObject, and only the first event of a watch has
/// columns.
pub(crate) fn table<'a>(
    served: &ServedKind,
    objects: impl Iterator<Item = &'a Value>,
    include: &str,
    now: Timestamp,
    with_columns: bool,
) -> Value {
    let columns = columns(served);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|Column(name, kind, format, _)| {
            json!({"name": name, "type": kind, "format": format, "description": "", "priority": 0})
        })
        .collect();
    let mut version = String::new();
    let rows: Vec<Value> = objects
        .map(|object| {
            text(object, "/metadata/resourceVersion").clone_into(&mut version);
            let cells: Vec<Value> = columns.iter().map(|Column(_, _, _, read)| read(object, now)).collect();
            let mut row = json!({"cells": cells});
            let shown = match include {
                "None" => Value::Null,
                "Object" => object.clone(),
                _ => json!({
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": object["metadata"],
                }),
            };
            crate::sim::json::set(&mut row, &["object"], shown);
            row
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": if with_columns { Value::Array(definitions) } else { Value::Null },
        "rows": rows,
    })
}

fn columns(served: &ServedKind) -> Vec<Column> {
    match (served.group, served.kind) {
        ("", "Pod") => vec![
            NAME,
            Column("Ready", "string", "", |pod, _| {
                let all = list(pod, "/status/containerStatuses");
                let ready = all.iter().filter(|container| container["ready"] == true).count();
                format!("{ready}/{}", list(pod, "/spec/containers").len()).into()
            }),
            Column("Status", "string", "", |pod, _| text(pod, "/status/phase").into()),
            Column("Restarts", "string", "", |pod, _| {
                let all = list(pod, "/status/containerStatuses");
                all.iter().map(|container| number(container, "/restartCount")).sum::<i64>().to_string().into()
            }),
            AGE,
            Column("IP", "string", "", |pod, _| text(pod, "/status/podIP").into()),
            Column("Node", "string", "", |pod, _| text(pod, "/spec/nodeName").into()),
        ],
        ("apps", "Deployment") => vec![
            NAME,
            Column("Ready", "string", "", |object, _| {
                format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas")).into()
            }),
            Column("Up-to-date", "string", "", |object, _| number(object, "/status/updatedReplicas").into()),
            Column("Available", "string", "", |object, _| number(object, "/status/availableReplicas").into()),
            AGE,
        ],
        ("", "Namespace") => {
            vec![NAME, Column("Status", "string", "", |object, _| text(object, "/status/phase").into()), AGE]
        }
        (KUSTOMIZE | HELM, _) => vec![NAME, AGE, READY, STATUS],
        (SOURCE, _) => {
            vec![NAME, Column("URL", "string", "", |object, _| text(object, "/spec/url").into()), AGE, READY, STATUS]
        }
        _ => vec![NAME, AGE],
    }
}

fn condition(object: &Value, kind: &str, field: &str) -> Value {
    list(object, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == kind)
        .map_or(Value::Null, |condition| text(condition, field).into())
}

/// Returns a duration in the form of `kubectl get`: the two greatest units while they matter.
fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..0 => "<invalid>".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 if seconds % 60 > 0 => format!("{minutes}m{}s", seconds % 60),
        120..10_800 => format!("{minutes}m"),
        10_800..28_800 if minutes % 60 > 0 => format!("{hours}h{}m", minutes % 60),
        10_800..172_800 => format!("{hours}h"),
        172_800..691_200 if hours % 24 > 0 => format!("{days}d{}h", hours % 24),
        172_800..63_072_000 => format!("{days}d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn ages_are_written_as_kubectl_writes_them() {
        let written: Vec<String> = [5, 119, 125, 600, 3700, 11_000, 90_000, 190_000, 900_000].map(human).to_vec();
        assert_eq!(written, ["5s", "119s", "2m5s", "10m", "61m", "3h3m", "25h", "2d4h", "10d"]);
    }
}
