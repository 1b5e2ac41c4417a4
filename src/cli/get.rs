//! `fluxdeck get KIND`: the objects of any kind, with the columns that the API server prints.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Call;
use super::call::columns;
use super::operate::only_environment;
use crate::cluster::{Cluster, Resource};
use crate::model::clock::age;
use crate::model::{Fault, FaultKind};

// Flags of `get`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The kind as kubectl knows it, such as certificates, cert or certificates.cert-manager.io
    kind: String,
    /// Only this namespace
    #[arg(long, short = 'n')]
    namespace: Option<String>,
}

/// Lists objects of a kind.
///
/// # Errors
/// Fails when the call is wrong, the kind is not served, or the cluster cannot be queried.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    list(&arguments.kind, arguments.namespace.as_deref(), call)
}

#[derive(Serialize)]
struct Object {
    kind: String,
    namespace: String,
    name: String,
    created: Option<jiff::Timestamp>,
    /// The server's columns, by their lower-case names.
    #[serde(flatten)]
    cells: Map<String, Value>,
}

/// Lists the objects of a kind, given by any of its names.
pub(super) fn list(word: &str, namespace: Option<&str>, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let cluster = session.task_context().cluster(env)?;
        let resource = find(&cluster, word).await?;
        let table = cluster.table(&resource, namespace.unwrap_or_default()).await?;
        let names: Vec<String> = table.columns.iter().map(|column| column.name.to_lowercase()).collect();
        let objects: Vec<Object> = table
            .rows
            .iter()
            .map(|row| Object {
                kind: resource.kind.clone(),
                namespace: row.key.namespace.to_string(),
                name: row.key.name.to_string(),
                created: row.created,
                cells: names.iter().cloned().zip(row.cells.iter().map(|cell| Value::from(&**cell))).collect(),
            })
            .collect();
        let now = cluster.server_now(&session.clock);
        call.print(&objects, |_| {
            let shown: Vec<usize> = (0..table.columns.len())
                .filter(|place| table.columns.get(*place).is_some_and(|column| !column.wide))
                .collect();
            let mut head = vec!["NAMESPACE".to_owned(), "NAME".to_owned()];
            head.extend(shown.iter().filter_map(|place| table.columns.get(*place)).map(|one| one.name.to_uppercase()));
            head.push("AGE".to_owned());
            let mut rows = vec![head];
            for row in &table.rows {
                let mut line = vec![row.key.namespace.to_string(), row.key.name.to_string()];
                line.extend(
                    shown.iter().map(|place| row.cells.get(*place).map(ToString::to_string).unwrap_or_default()),
                );
                line.push(row.created.map(|created| age(now, created)).unwrap_or_default());
                rows.push(line);
            }
            if !resource.namespaced {
                for row in &mut rows {
                    row.remove(0);
                }
            }
            columns(&rows)
        })?;
        Ok(0)
    })
}

/// Finds a resource by any of its names.
///
/// # Errors
/// Fails when the cluster cannot be queried or serves nothing of that name.
pub(super) async fn find(cluster: &Cluster, word: &str) -> Result<Resource, Fault> {
    let served = cluster.served().await?;
    let mut called: Vec<Resource> =
        served.into_iter().filter(|served| served.is_called(word)).map(|served| served.resource).collect();
    // A name without a group means the kind of the core group, Kubernetes or Flux; otherwise it must be unambiguous.
    let meant = called.iter().position(|one| crate::model::known::group_of(&one.kind) == Some(one.group.as_str()));
    if let Some(meant) = meant {
        return Ok(called.swap_remove(meant));
    }
    if called.len() > 1 {
        let ways: Vec<String> = called.iter().map(|one| format!("{}.{}", one.kind, one.group)).collect();
        return Err(Fault::new(
            FaultKind::Usage,
            format!("which {word} in {}?", cluster.name),
            format!("{} groups have a kind of that name", called.len()),
            format!("write {}", ways.join(" or ")),
        ));
    }
    called.pop().ok_or_else(|| {
        Fault::new(
            FaultKind::Usage,
            format!("cannot list {word}"),
            format!("{} serves nothing of that name", cluster.name),
            "`kubectl api-resources` and the cockpit's list of kinds name what there is",
        )
    })
}
