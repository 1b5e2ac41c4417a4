//! Views of one stored revision, or of two: values, manifest, notes, differences; all of them are masked.

use serde::Serialize;
use serde_json::Value;

use super::diff::{self, DocumentDiff};
use super::inspector::{effective_values, history, release};
use super::storage::Release;
use super::values::{self, ValueRow};
use crate::cluster::Cluster;
use crate::model::{Fault, ObjectRef};

/// The shortest secret that is searched for in notes: a shorter one would match ordinary words.
const SHORTEST_SECRET: usize = 4;

/// Holds the difference between two revisions; secrets are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The older revision.
    pub old: u32,
    /// The newer revision.
    pub new: u32,
    /// The unified difference of the values, one path a line; empty when they are equal.
    pub values: String,
    /// The differing documents.
    pub documents: Vec<DocumentDiff>,
}

/// Lists the values of a revision, or those for the next run.
///
/// # Errors
/// Fails when the HelmRelease, its storage or a source of its values cannot be read.
pub async fn values_of(cluster: &Cluster, object: &ObjectRef, revision: Option<u32>) -> Result<Vec<ValueRow>, Fault> {
    let now = effective_values(cluster, object).await;
    if revision.is_none() {
        return now;
    }
    let stored = release(cluster, object, revision).await?;
    Ok(rows(&stored, now.ok().as_deref()))
}

/// Holds the rendering of a revision, with secret values masked.
#[derive(Debug, Clone)]
pub struct RenderedManifest {
    /// The number of the revision.
    pub revision: u32,
    /// The installed objects, several YAML documents.
    pub manifest: String,
    /// The hooks that Helm itself runs beside them: a description, and the manifest.
    pub hooks: Vec<(String, String)>,
}

/// Returns the rendering of a revision, or of the newest.
///
/// # Errors
/// Fails when the HelmRelease or its storage cannot be read, or there is no such revision.
pub async fn rendered_of(
    cluster: &Cluster,
    object: &ObjectRef,
    revision: Option<u32>,
) -> Result<RenderedManifest, Fault> {
    let stored = release(cluster, object, revision).await?;
    let hook = |hook: &super::storage::Hook| {
        let heading = format!("hook {}/{}, run by Helm at {}", hook.kind, hook.name, hook.events.join(", "));
        (heading, diff::masked_manifest(&hook.manifest))
    };
    Ok(RenderedManifest {
        revision: stored.revision,
        manifest: diff::masked_manifest(&stored.manifest),
        hooks: stored.hooks.iter().map(hook).collect(),
    })
}

/// Returns the number and the notes of a revision, or of the newest; secret values in them are masked.
///
/// # Errors
/// Fails when the HelmRelease or its storage cannot be read, or there is no such revision.
pub async fn notes_of(cluster: &Cluster, object: &ObjectRef, revision: Option<u32>) -> Result<(u32, String), Fault> {
    let stored = release(cluster, object, revision).await?;
    let now = effective_values(cluster, object).await;
    let mut notes = stored.info.notes.clone();
    for row in rows(&stored, now.ok().as_deref()).iter().filter(|row| row.secret) {
        hide(&row.value, &mut notes);
    }
    Ok((stored.revision, notes))
}

/// Compares a revision (or the newest) with another (or the one before it).
///
/// # Errors
/// Fails when the HelmRelease or its storage cannot be read, or there is no revision to compare with.
pub async fn compare(
    cluster: &Cluster,
    object: &ObjectRef,
    old: Option<u32>,
    new: Option<u32>,
) -> Result<Comparison, Fault> {
    let new = release(cluster, object, new).await?;
    let before = if let Some(old) = old {
        old
    } else {
        let stored = history(cluster, object).await?.into_iter().map(|revision| revision.revision);
        stored.filter(|revision| *revision < new.revision).max().ok_or_else(|| {
            Fault::failed(
                format!("cannot compare revision {} of {object} in {}", new.revision, cluster.name),
                "no earlier one is stored",
                "spec.maxHistory says how many are kept; fluxdeck helm history lists them",
            )
        })?
    };
    let old = release(cluster, object, Some(before)).await?;
    let now = effective_values(cluster, object).await.ok();
    Ok(Comparison {
        old: old.revision,
        new: new.revision,
        values: diff::values(&rows(&old, now.as_deref()), &rows(&new, now.as_deref())),
        documents: diff::manifests(&old.manifest, &new.manifest),
    })
}

/// Tells what the next run would change in the values of a revision, or of the newest; empty if nothing differs.
///
/// # Errors
/// Fails when the HelmRelease, its storage or a source of its values cannot be read.
pub async fn next_values(cluster: &Cluster, object: &ObjectRef, revision: Option<u32>) -> Result<String, Fault> {
    let next = effective_values(cluster, object).await?;
    let stored = release(cluster, object, revision).await?;
    Ok(diff::values(&rows(&stored, Some(&next)), &next))
}

/// Lists the values of a stored release. If the current secrets are unknown, every configured value counts as secret.
fn rows(stored: &Release, now: Option<&[ValueRow]>) -> Vec<ValueRow> {
    let mut rows = values::of_revision(&stored.chart.values, &stored.config, now.unwrap_or_default());
    if now.is_none() {
        for row in rows.iter_mut().filter(|row| row.origin != "chart") {
            row.secret = true;
        }
    }
    rows
}

/// Masks a value, or every text within it, everywhere in a text.
fn hide(value: &Value, text: &mut String) {
    match value {
        Value::String(secret) if secret.len() >= SHORTEST_SECRET => *text = text.replace(secret.as_str(), "(masked)"),
        Value::Array(items) => items.iter().for_each(|item| hide(item, text)),
        Value::Object(map) => map.values().for_each(|item| hide(item, text)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{hide, rows};
    use crate::helm::storage::Release;

    fn stored() -> Release {
        serde_json::from_value(json!({
            "version": 2, "chart": {"values": {"colour": "red"}}, "config": {"colour": "blue", "login": {"pin": "hunter2"}},
        }))
        .unwrap()
    }

    #[test]
    fn where_it_is_not_known_what_is_secret_everything_configured_is() {
        let told = |now| rows(&stored(), now).iter().map(|row| (row.path.clone(), row.secret)).collect::<Vec<_>>();
        assert_eq!(told(None), [("colour".to_owned(), true), ("login.pin".to_owned(), true)]);
        assert_eq!(told(Some(&[])), [("colour".to_owned(), false), ("login.pin".to_owned(), false)]);
    }

    #[test]
    fn notes_hide_secret_values_within_lists_too() {
        let mut notes = "log in with hunter2 or letmein, twice hunter2".to_owned();
        hide(&json!([{"a": "hunter2"}, "letmein", "in"]), &mut notes);
        assert_eq!(notes, "log in with (masked) or (masked), twice (masked)");
    }
}
