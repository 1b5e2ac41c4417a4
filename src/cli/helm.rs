//! `fluxdeck helm`: the releases of a HelmRelease, decoded from their storage; secrets masked.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;

use super::Call;
use super::call::columns;
use super::operate::only_environment;
use super::out::{self, Raw};
use crate::cluster::Cluster;
use crate::helm::diff::{DocumentChange, DocumentDiff};
use crate::helm::{self, ValueRow};
use crate::kinds;
use crate::model::{Fault, FaultKind, ObjectRef};

/// Arguments of `helm`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List its revisions
    History {
        /// The HelmRelease: NAMESPACE/NAME, or HelmRelease/NAMESPACE/NAME
        release: String,
    },
    /// List the values that the next run would take, or those of a revision, each with its origin
    Values {
        #[command(flatten)]
        of: Of,
    },
    /// Print what a revision rendered; by default the newest
    Manifest {
        #[command(flatten)]
        of: Of,
    },
    /// Compare a revision (by default the newest) with the one before it
    Diff {
        #[command(flatten)]
        of: Of,
        /// The revision to compare with
        #[arg(long, value_name = "N")]
        with: Option<u32>,
    },
}

#[derive(Debug, Args)]
struct Of {
    /// The HelmRelease: NAMESPACE/NAME, or HelmRelease/NAMESPACE/NAME
    release: String,
    /// The revision
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
}

#[derive(Serialize)]
struct Valued {
    path: String,
    value: Value,
    origin: String,
}

impl From<ValueRow> for Valued {
    fn from(row: ValueRow) -> Self {
        Self { value: row.shown(), path: row.path, origin: row.origin }
    }
}

/// Prints the requested part of a release.
///
/// # Errors
/// Fails when the call is wrong, or the release cannot be read.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        match arguments.what {
            What::History { release } => {
                let (cluster, object) = cluster_and_release(call, &release)?;
                call.print(&helm::history(&cluster, &object).await?, |history| {
                    if history.is_empty() {
                        return format!("no revision of {object} is stored\n");
                    }
                    let titles = ["REVISION", "STATUS", "CHART", "APP", "DEPLOYED", "DESCRIPTION"];
                    let rows = history.iter().map(|one| {
                        vec![
                            one.revision.to_string(),
                            one.status.clone(),
                            one.chart.clone(),
                            one.app_version.clone(),
                            one.deployed.map(|at| at.to_string()).unwrap_or_default(),
                            one.description.clone(),
                        ]
                    });
                    columns(&std::iter::once(titles.map(str::to_owned).to_vec()).chain(rows).collect::<Vec<_>>())
                })?;
            }
            What::Values { of } => {
                let (cluster, object) = cluster_and_release(call, &of.release)?;
                let rows = helm::values_of(&cluster, &object, of.revision).await?;
                let values: Vec<Valued> = rows.into_iter().map(Valued::from).collect();
                call.print(&values, |values| {
                    let titles = ["PATH", "ORIGIN", "VALUE"].map(str::to_owned).to_vec();
                    let rows = values.iter().map(|one| vec![one.path.clone(), one.origin.clone(), line(&one.value)]);
                    columns(&std::iter::once(titles).chain(rows).collect::<Vec<_>>())
                })?;
            }
            What::Manifest { of } => {
                let (cluster, object) = cluster_and_release(call, &of.release)?;
                let manifest = helm::rendered_of(&cluster, &object, of.revision).await?.manifest;
                let documents = crate::yaml::documents(&manifest).map_err(|error| {
                    Fault::failed("cannot read the manifest", error.to_string(), "`-o text` prints it as it is stored")
                });
                match call.global.output {
                    super::Output::Text | super::Output::Yaml => out::write_raw(&Raw::Document(manifest.into_bytes()))?,
                    _ => call.print(&documents?, |_| String::new())?,
                }
            }
            What::Diff { of, with } => {
                let (cluster, object) = cluster_and_release(call, &of.release)?;
                let found = helm::compare(&cluster, &object, with, of.revision).await?;
                let mut diffs = found.documents;
                if !found.values.is_empty() {
                    let values = DocumentDiff {
                        object: "values".to_owned(),
                        change: DocumentChange::Update,
                        diff: found.values,
                    };
                    diffs.insert(0, values);
                }
                let head = format!("revision {} to {}\n", found.old, found.new);
                call.print(&diffs, |diffs| {
                    let blocks: Vec<String> = diffs.iter().map(|one| format!("{}\n{}", one.object, one.diff)).collect();
                    head + if blocks.is_empty() { "the same\n" } else { "\n" } + &blocks.join("\n")
                })?;
            }
        }
        Ok(0)
    })
}

/// Writes a value on one line.
fn line(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\n', "\\n"),
        other => other.to_string(),
    }
}

/// Finds the cluster and the HelmRelease of the call.
fn cluster_and_release(call: &Call, release: &str) -> Result<(Arc<Cluster>, ObjectRef), Fault> {
    let object = parse(release)?;
    let session = call.session()?;
    let env = only_environment(call, &session)?;
    Ok((session.task_context().cluster(env)?, object))
}

/// Parses the name of a HelmRelease.
fn parse(release: &str) -> Result<ObjectRef, Fault> {
    let parts: Vec<&str> = release.split('/').collect();
    let kind = kinds::find("HelmRelease");
    let named = match parts.as_slice() {
        [namespace, name] => Some((*namespace, *name)),
        [word, namespace, name] if kind.is_some_and(|kind| kind.is_called(word)) => Some((*namespace, *name)),
        _ => None,
    };
    match (kind, named.filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty())) {
        (Some(kind), Some((namespace, name))) => Ok(kind.object(namespace, name)),
        _ => Err(Fault::new(
            FaultKind::Usage,
            "cannot read the release",
            format!("`{release}` names no HelmRelease"),
            "write NAMESPACE/NAME, such as cert-manager/cert-manager; `fluxdeck status` lists them",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn releases_are_named_in_two_ways() {
        for text in ["apps/web", "HelmRelease/apps/web", "hr/apps/web"] {
            assert_eq!(parse(text).unwrap().to_string(), "HelmRelease/apps/web", "{text}");
        }
        for text in ["web", "Pod/apps/web", "apps/", "/web", "a/b/c/d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
