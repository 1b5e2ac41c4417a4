//! What a HelmRelease applied: the manifest of its deployed revision, compared as helm-controller's own detection of
//! drift does.

use std::collections::BTreeSet;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use serde_json::Value;

use super::compare::compare;
use super::ignore::IgnoreRule;
use super::wanted::{AppliedSet, Arrivals, WantedObject};
use super::{ComparisonProgress, DifferenceKind, LiveComparison, LiveDifference, normal};
use crate::cluster::Cluster;
use crate::helm::diff::DocumentChange;
use crate::helm::{self, ReleaseRevision};
use crate::model::{Fault, FaultKind, ObjectRef, known};
use crate::yaml;

/// The number of releases that are read at once.
const AT_ONCE: usize = 8;

/// The field manager of helm-controller.
const HELM_CONTROLLER: &str = "helm-controller";

/// What was read of a HelmRelease: its objects, and the change of its values.
type Read = (Result<ReadSet, Fault>, Result<Option<LiveDifference>, Fault>, ObjectRef);

/// Lists the HelmReleases of a cluster; none where their kind is not served.
///
/// # Errors
/// Fails when the server cannot be queried, or refuses.
async fn releases(cluster: &Cluster) -> Result<Vec<ObjectRef>, Fault> {
    let found = cluster.listed(known::HELM, "HelmRelease", "", "", "").await?.unwrap_or_default();
    let named = |object: &Value| {
        let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        ObjectRef::new("HelmRelease", known::HELM, word("/metadata/namespace"), word("/metadata/name"))
    };
    let mut found: Vec<ObjectRef> = found.iter().map(named).collect();
    found.sort();
    Ok(found)
}

/// Holds what was read of the objects of a HelmRelease.
struct ReadSet {
    /// What helm-controller applied last.
    set: AppliedSet,
    /// What somebody did to the release itself.
    remark: Option<String>,
}

/// Returns the objects of the revision that helm-controller deployed last.
///
/// # Errors
/// Fails when the HelmRelease or its storage cannot be read, or its manifest is no YAML.
async fn set_of_release(cluster: &Cluster, env: &str, object: &ObjectRef) -> Result<ReadSet, Fault> {
    let owner = cluster.looked_up(object).await?.unwrap_or_default();
    let history = helm::history(cluster, object).await?;
    let noted = noted(&owner);
    if history.is_empty() && !noted.is_empty() {
        return Err(Fault::failed(
            format!("cannot compare {object} in {}", cluster.name),
            "Helm's storage has none of its revisions: somebody uninstalled it, or deleted their Secrets; the next run installs it again",
            format!("fluxdeck timeline {object} tells what happened"),
        ));
    }
    // While it runs, it may have stored what it has not noted yet.
    let by_hand = made_by_hand(&history, &noted).filter(|_| !is_reconciling(&owner));
    let deployed = history.iter().find(|one| one.status == "deployed");
    let baseline = by_hand.and_then(|_| history.iter().find(|one| noted.contains(&one.revision))).or(deployed);
    let release = helm::release(cluster, object, baseline.map(|one| one.revision)).await?;
    let spec = owner.get("spec").cloned().unwrap_or_default();
    let documents = yaml::documents(&release.manifest).map_err(|error| {
        Fault::failed(
            format!("cannot compare {object} in {}", cluster.name),
            format!(
                "the manifest of its revision {} is no YAML (line {})",
                release.revision,
                error.line().unwrap_or(0)
            ),
            "helm get manifest shows it",
        )
    })?;
    let mut set = AppliedSet {
        ignored: IgnoreRule::of(&spec),
        namespace: release.namespace.clone(),
        // A revision that is not its own makes helm-controller upgrade again.
        keeps: keeps(&spec, object).filter(|_| by_hand.is_none() || is_suspended(&spec)),
        ..AppliedSet::new(env, object.clone(), object.to_string(), HELM_CONTROLLER)
    };
    for document in documents {
        let Ok(mut body) = serde_json::to_value(document) else { continue };
        let items = body.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take);
        let is_list = body.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
        for mut body in items.filter(|_| is_list).unwrap_or_else(|| vec![body]) {
            normal::released_by(&mut body, &release);
            set.objects.push(WantedObject::new(ObjectRef::of_body(&body), body));
        }
    }
    let remark = by_hand.map(|one| {
        let (revision, what) = (one.revision, &one.description);
        let next = if is_suspended(&spec) { "its next run after it is resumed" } else { "the next run" };
        format!("{env}: {object}: revision {revision} ({what}) is not of helm-controller: somebody used helm; {next} upgrades to what Git says")
    });
    Ok(ReadSet { set, remark })
}

/// Lists the revisions that helm-controller noted as its own.
fn noted(owner: &Value) -> BTreeSet<u32> {
    let history = owner.pointer("/status/history").and_then(Value::as_array).into_iter().flatten();
    history.filter_map(|one| u32::try_from(one.get("version")?.as_u64()?).ok()).collect()
}

/// Returns the newest revision, if helm-controller did not make it: it has not noted it, and it is done.
fn made_by_hand<'a>(history: &'a [ReleaseRevision], noted: &BTreeSet<u32>) -> Option<&'a ReleaseRevision> {
    let (newest, last) = (history.first()?, noted.last()?);
    (newest.revision > *last && newest.status == "deployed").then_some(newest)
}

fn is_reconciling(owner: &Value) -> bool {
    let conditions = owner.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.into_iter().any(|one| {
        one.get("type").is_some_and(|kind| kind == "Reconciling") && one.get("status").is_some_and(|it| it == "True")
    })
}

fn is_suspended(spec: &Value) -> bool {
    spec.get("suspend").and_then(Value::as_bool) == Some(true)
}

/// Returns why the next run of helm-controller takes nothing back, if it does not.
fn keeps(spec: &Value, object: &ObjectRef) -> Option<String> {
    if is_suspended(spec) {
        return Some(format!("{} is suspended, so nothing takes it back until it is resumed", object.short()));
    }
    match spec.pointer("/driftDetection/mode").and_then(Value::as_str).unwrap_or("disabled") {
        "enabled" => None,
        "warn" => {
            Some("spec.driftDetection.mode is warn: an event tells it, and the next upgrade takes it back".to_owned())
        }
        _ => Some("spec.driftDetection.mode is not enabled: only the next upgrade takes it back".to_owned()),
    }
}

/// Tells what the next run of a HelmRelease would change in its values; `None` if nothing differs.
///
/// # Errors
/// Fails when the HelmRelease, its storage or a source of its values cannot be read.
async fn next_values(cluster: &Cluster, env: &str, object: &ObjectRef) -> Result<Option<LiveDifference>, Fault> {
    let deployed = deployed_revision(cluster, object).await?;
    let diff = helm::next_values(cluster, object, deployed).await?;
    Ok((!diff.is_empty()).then(|| LiveDifference {
        env: env.to_owned(),
        kustomization: object.to_string(),
        object: object.to_string(),
        change: DocumentChange::Update,
        diff,
        note: Some("the values of its next run, against those of its deployed revision".to_owned()),
        fields: Vec::new(),
        events: Vec::new(),
        target: object.clone(),
    }))
}

/// Compares all HelmReleases of a cluster with it; where they may not be listed, the result says so.
///
/// # Errors
/// Fails when the server cannot be reached.
pub async fn of_all_releases(
    cluster: &Cluster,
    env: &str,
    kind: DifferenceKind,
    tell: &(dyn Fn(ComparisonProgress) + Send + Sync),
) -> Result<LiveComparison, Fault> {
    match releases(cluster).await {
        Ok(found) => of_releases(cluster, env, found, kind, tell).await,
        Err(fault) if fault.kind == FaultKind::Unreachable => Err(fault),
        Err(fault) => {
            let remarks = vec![format!("{env}: HelmReleases: not compared: {}", fault.why)];
            Ok(LiveComparison { remarks, ..LiveComparison::default() })
        }
    }
}

/// Compares HelmReleases with a cluster: their objects, and the values of their next run.
///
/// # Errors
/// Fails when the server cannot be reached; a release that cannot be read is told in the result.
pub async fn of_releases(
    cluster: &Cluster,
    env: &str,
    releases: Vec<ObjectRef>,
    kind: DifferenceKind,
    tell: &(dyn Fn(ComparisonProgress) + Send + Sync),
) -> Result<LiveComparison, Fault> {
    let (mut result, mut sets) = (LiveComparison::default(), Vec::new());
    let mut asked: Vec<BoxFuture<'_, Read>> = Vec::new();
    for object in releases {
        asked.push(Box::pin(async move {
            let values = match kind {
                DifferenceKind::Next => next_values(cluster, env, &object).await,
                DifferenceKind::Drift => Ok(None),
            };
            (set_of_release(cluster, env, &object).await, values, object)
        }));
    }
    let all: Vec<Read> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    for (set, values, object) in all {
        match set {
            Ok(ReadSet { set, remark }) => {
                result.remarks.extend(remark);
                // What its next run applies is its manifest only where it corrects drift.
                if kind == DifferenceKind::Drift || set.keeps.is_none() {
                    sets.push(set);
                } else {
                    result.remarks.extend(set.keeps.map(|why| format!("{env}: {object}: {why}")));
                }
            }
            Err(fault) => result.remarks.push(told(env, &object, fault)?),
        }
        match values {
            Ok(values) => result.differences.extend(values),
            Err(fault) => result.remarks.push(told(env, &object, fault)?),
        }
    }
    result.add(compare(cluster, sets, &Arrivals::default(), kind, tell).await?);
    Ok(result)
}

/// Tells a fault of one release; one of the whole server is an error.
fn told(env: &str, object: &ObjectRef, fault: Fault) -> Result<String, Fault> {
    match fault.kind {
        FaultKind::Unreachable => Err(fault),
        _ => Ok(format!("{env}: {object}: not compared: {}", fault.why)),
    }
}

async fn deployed_revision(cluster: &Cluster, object: &ObjectRef) -> Result<Option<u32>, Fault> {
    let history = helm::history(cluster, object).await?;
    Ok(history.iter().find(|one| one.status == "deployed").map(|one| one.revision))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{made_by_hand, noted};
    use crate::helm::ReleaseRevision;

    #[test]
    fn a_revision_that_helm_controller_has_not_noted_was_made_by_hand() {
        let revision = |revision, status: &str| ReleaseRevision {
            revision,
            status: status.to_owned(),
            ..ReleaseRevision::default()
        };
        let owner = json!({"status": {"history": [{"version": 3, "status": "deployed"}, {"version": 2, "status": "superseded"}]}});
        let found = |history: &[ReleaseRevision]| made_by_hand(history, &noted(&owner)).map(|one| one.revision);
        assert_eq!(found(&[revision(4, "deployed"), revision(3, "superseded")]), Some(4));
        assert_eq!(found(&[revision(3, "deployed"), revision(2, "superseded")]), None);
        // The controller itself is at work, or nothing is known.
        assert_eq!(found(&[revision(4, "pending-upgrade"), revision(3, "deployed")]), None);
        assert_eq!(made_by_hand(&[revision(4, "deployed")], &noted(&json!({}))), None);
        assert_eq!(found(&[]), None);
    }
}
