//! The pods whose containers have started again: found in the server's table, a few bytes a pod, and only those read
//! whole.
//!
//! Format: Table of `meta.k8s.io/v1` with `includeObject=None`: cells alone. They lack the namespace, so that a pod is then
//! read by its name in all namespaces; pods of one name are few. The column counts an init container only until it has
//! ended well.

use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;
use super::turning::Turning;
use super::{Cluster, Resource, request, table};
use crate::model::Fault;

/// The rows of a page.
const PAGE: usize = 500;

/// The number of pods that are read at once.
const AT_ONCE: usize = 16;

/// The share of the pods from which on one list of all costs less: one request in so many pods.
const FEW: usize = 4;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    kind: String,
    #[serde(default)]
    metadata: ListMetadata,
    #[serde(default)]
    column_definitions: Option<Vec<Column>>,
    #[serde(default)]
    rows: Option<Vec<Cells>>,
}

#[derive(Deserialize, Default)]
struct ListMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

#[derive(Deserialize)]
struct Cells {
    #[serde(default)]
    cells: Vec<Value>,
}

impl Cluster {
    /// Reads the pods of all namespaces whose containers have started again, whole, and possibly some others.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or refuses.
    pub async fn restarted_pods(&self) -> Result<Vec<Value>, Fault> {
        let resource = self.resource("", "Pod").await?;
        let found = self.restarted(&resource).await;
        let Some((names, all)) = found.map_err(|failure| failure.fault(&self.name, "list pods"))? else {
            // The server prints no table of pods.
            return self.objects("", "Pod", "").await;
        };
        if names.len().saturating_mul(FEW) > all {
            return self.objects("", "Pod", "").await;
        }
        let read = names.into_iter().map(|name| async move {
            self.listed("", "Pod", "", "", &format!("metadata.name={name}")).await.map(Option::unwrap_or_default)
        });
        let mut read = futures::stream::iter(read).buffer_unordered(AT_ONCE);
        let mut pods = Vec::new();
        while let Some(found) = read.next().await {
            pods.extend(found?);
        }
        Ok(pods)
    }

    /// Names the pods with restarts, and counts all; `None` where the server does not tell.
    async fn restarted(&self, resource: &Resource) -> Result<Option<(Vec<String>, usize)>, Failure> {
        let list = resource.list("").with("limit", PAGE).with("includeObject", "None");
        let (mut names, mut all, mut next, mut places) = (Vec::new(), 0_usize, String::new(), None);
        let mut turning = Turning::default();
        loop {
            let address = list.clone().with_some("continue", &next);
            let bytes = request::read_as(self, &address, table::ACCEPT).await?;
            let page: Page = request::parse(&bytes)?;
            if page.kind != "Table" {
                return Ok(None);
            }
            if let Some(columns) = page.column_definitions.filter(|columns| !columns.is_empty()) {
                let place = |name: &str| columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
                places = place("name").zip(place("restarts"));
            }
            let rows = page.rows.unwrap_or_default();
            turning.took(rows.len(), bytes.len())?;
            let Some((name, restarts)) = places else { return Ok(None) };
            all = all.saturating_add(rows.len());
            names.extend(
                rows.iter()
                    .filter(|row| has_restarts(row.cells.get(restarts)))
                    .filter_map(|row| row.cells.get(name).and_then(Value::as_str).map(str::to_owned)),
            );
            next = page.metadata.next;
            if !turning.turn(&next)? {
                names.sort_unstable();
                names.dedup();
                return Ok(Some((names, all)));
            }
        }
    }
}

/// Tells whether a cell counts restarts: `3`, or `3 (5m ago)`.
fn has_restarts(cell: Option<&Value>) -> bool {
    match cell {
        Some(Value::String(text)) => text.split(' ').next().is_none_or(|count| count != "0"),
        Some(Value::Number(count)) => count.as_u64() != Some(0),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use crate::cluster::testing;
    use crate::model::{Clock, Env};
    use crate::sim::{Scenario, Simulation};

    #[tokio::test]
    async fn only_pods_that_have_started_again_are_read_whole() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        let cluster = testing::cluster(move |request| {
            notes.lock().unwrap().push(request.query.clone());
            let row = |name: &str, restarts: Value| json!({"cells": [name, "1/1", "Running", restarts, "2d"], "object": null});
            let columns: Vec<Value> =
                ["Name", "Ready", "Status", "Restarts", "Age"].iter().map(|name| json!({"name": name})).collect();
            if !request.query.contains("includeObject=None") {
                return testing::ok(json!({"kind": "PodList", "items": [{"metadata": {"name": "web-1"}}]}));
            }
            let is_first = !request.query.contains("continue");
            let quiet = (0..20).map(|number| row(&format!("web-{number}"), json!("0")));
            let rows: Vec<Value> = if is_first {
                quiet.collect()
            } else {
                vec![row("web-1", json!("3 (5m ago)")), row("web-2", json!(0))]
            };
            testing::ok(json!({
                "kind": "Table", "metadata": {"continue": if is_first { "next" } else { "" }},
                "columnDefinitions": if is_first { json!(columns) } else { Value::Null }, "rows": rows
            }))
        });
        let pods = cluster.restarted_pods().await.unwrap();
        assert_eq!(pods, [json!({"metadata": {"name": "web-1"}})]);
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 3, "{asked:?}");
        assert!(asked[2].contains("fieldSelector=metadata.name%3Dweb-1"), "{asked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_table_without_objects_is_a_small_part_of_the_pods() {
        let now: jiff::Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let simulation = Simulation::new(&Scenario::named("healthy").unwrap(), Clock::from_fn(move || now));
        let cluster = simulation.cluster(Env(0), "staging");
        let resource = cluster.resource("", "Pod").await.unwrap();
        let address = resource.list("").with("limit", 500);
        let whole = crate::cluster::request::read(&cluster, &address).await.unwrap().len();
        let address = address.with("includeObject", "None");
        let printed =
            crate::cluster::request::read_as(&cluster, &address, crate::cluster::table::ACCEPT).await.unwrap().len();
        assert!(printed * 8 < whole, "{printed} of {whole} bytes");
        assert_eq!(cluster.restarted_pods().await.unwrap().len(), 0);
    }
}
