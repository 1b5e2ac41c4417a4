//! Compares sets of objects with a cluster: reads and dry runs, side by side.

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::laid_out;
use super::normal::{self, RECONCILE, says};
use super::objects::{Job, Judged, Known};
use super::served::{is_lost, kinds};
use super::substituted::{KnownVariables, values_of};
use super::wanted::{AppliedSet, Arrivals};
use super::writers::OtherWriters;
use super::{AT_ONCE, ComparisonProgress, DifferenceKind, LiveComparison, LiveDifference};
use crate::cluster::Cluster;
use crate::model::{Fault, FaultKind, ObjectRef};

/// Compares sets of objects with a cluster, and reports the progress.
///
/// # Errors
/// Fails when the server cannot be reached; what it refuses or does not serve is counted in the result.
pub async fn compare(
    cluster: &Cluster,
    mut sets: Vec<AppliedSet>,
    arrivals: &Arrivals,
    kind: DifferenceKind,
    tell: &(dyn Fn(ComparisonProgress) + Send + Sync),
) -> Result<LiveComparison, Fault> {
    // The futures are boxed, because a stream of closures would have to hold for every lifetime.
    let mut asked: Vec<BoxFuture<'_, Result<Option<Value>, Fault>>> = Vec::new();
    for set in &sets {
        asked.push(Box::pin(owner(cluster, &set.owner)));
    }
    let owners: Vec<Option<Value>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let mut result = LiveComparison::default();
    for (set, owner) in sets.iter_mut().zip(&owners) {
        prepare(set, owner.as_ref());
        fill(cluster, set).await?;
        laid_out::settle(cluster, set, owner.as_ref()).await?;
        result.uncompared.append(&mut set.uncompared);
        result.remarks.extend(remarks(set, owner.as_ref(), kind));
    }
    let gone: Vec<Vec<ObjectRef>> = match kind {
        DifferenceKind::Next => sets.iter().zip(&owners).map(|(set, owner)| unbuilt(set, owner.as_ref())).collect(),
        DifferenceKind::Drift => sets.iter().map(|_| Vec::new()).collect(),
    };
    let mut objects: Vec<&ObjectRef> = gone.iter().flatten().collect();
    objects.extend(sets.iter().flat_map(|set| &set.objects).map(|wanted| &wanted.object));
    let kinds = kinds(cluster, &objects).await?;
    let others = match kind {
        DifferenceKind::Next => OtherWriters::default(),
        DifferenceKind::Drift => Box::pin(OtherWriters::of(cluster)).await,
    };
    let known = Known { cluster, kinds: &kinds, arrivals, others: &others, kind };
    let mut jobs: Vec<(&AppliedSet, Job<'_>)> = Vec::new();
    for (set, gone) in sets.iter().zip(&gone) {
        jobs.extend(set.objects.iter().map(|wanted| (set, Job::Wanted(wanted))));
        jobs.extend(gone.iter().map(|object| (set, Job::Gone(object))));
    }
    for one in known.judge_all(jobs, tell).await? {
        match one {
            Judged::Same => result.compared += 1,
            Judged::Different(difference) => {
                result.compared += 1;
                result.differences.push(*difference);
            }
            Judged::Not(uncompared) => result.uncompared.push(uncompared),
        }
    }
    let order = |one: &LiveDifference| (one.env.clone(), one.kustomization.clone(), one.object.clone());
    result.differences.sort_by_key(order);
    if kind == DifferenceKind::Drift {
        super::events::add(cluster, &mut result.differences).await;
    }
    result.uncompared.sort_by(|a, b| (&a.kustomization, &a.object).cmp(&(&b.kustomization, &b.object)));
    Ok(result)
}

/// Asks whether a server answers, before anything is rendered for it.
///
/// # Errors
/// Fails when the server cannot be reached.
pub async fn reach(cluster: &Cluster) -> Result<(), Fault> {
    let asked = cluster.look_up(crate::model::known::KUSTOMIZE, "Kustomization").await;
    match asked {
        Err(failure) if is_lost(&failure) => Err(failure.fault(&cluster.name, "compare anything")),
        _ => Ok(()),
    }
}

/// Reads a live object; where that is forbidden, nothing is known of it.
pub(super) async fn owner(cluster: &Cluster, object: &ObjectRef) -> Result<Option<Value>, Fault> {
    match cluster.looked_up(object).await {
        Err(fault) if fault.kind == FaultKind::Unreachable => Err(fault),
        found => Ok(found.ok().flatten()),
    }
}

/// Notes what only the live owner tells.
fn prepare(set: &mut AppliedSet, owner: Option<&Value>) {
    let spec = |key: &str| owner.and_then(|owner| owner.pointer(&format!("/spec/{key}")));
    if spec("suspend").and_then(Value::as_bool) == Some(true) {
        set.keeps = Some(format!("{} is suspended, so nothing takes it back until it is resumed", set.owner.short()));
    }
}

fn remarks(set: &AppliedSet, owner: Option<&Value>, kind: DifferenceKind) -> Vec<String> {
    let mut found = Vec::new();
    let named = |text: String| format!("{}: {}: {text}", set.env, set.shown);
    if owner.is_some_and(|owner| says(owner, RECONCILE, "disabled")) {
        found.push(named("it is annotated kustomize.toolkit.fluxcd.io/reconcile: disabled".to_owned()));
    }
    if let Some(why) = &set.partial {
        found.push(named(format!("{why}; so nothing is told of what would be pruned")));
    }
    if set.keeps.is_some() && kind == DifferenceKind::Next {
        found.push(named("it is suspended: this is what it would change once it is resumed".to_owned()));
    }
    if owner.is_none() && kind == DifferenceKind::Next && set.partial.is_none() {
        found.push(named("it is not in the cluster yet, or may not be read".to_owned()));
    }
    found
}

/// Substitutes the variables that the build did not know: those of Secrets, and those of objects in the cluster alone.
async fn fill(cluster: &Cluster, set: &mut AppliedSet) -> Result<(), Fault> {
    if !set.objects.iter().any(|wanted| wanted.waiting.is_some()) {
        return Ok(());
    }
    let mut known = KnownVariables::default();
    for source in &set.variables {
        if source.values.is_some() {
            known.add(source, source.values.as_ref());
        } else {
            let live = owner(cluster, &source.object).await?.map(|mut found| values_of(&mut found));
            known.add(source, live.as_ref());
        }
    }
    let all = std::mem::take(&mut set.objects);
    for mut wanted in all {
        if wanted.waiting.is_some() {
            let why = match (known.put_in(&mut wanted), known.missing.first()) {
                (Err(why), _) => Some(why),
                (Ok(true), Some(object)) => Some(format!(
                    "its variables come from {object}, which is neither in the repository nor readable in the cluster"
                )),
                (Ok(_), _) => None,
            };
            set.built.insert(wanted.object.clone());
            if let Some(why) = why {
                set.leave(&wanted.object, &why);
                continue;
            }
            normal::applied_by(&mut wanted.body, &set.owner);
        }
        set.objects.push(wanted);
    }
    Ok(())
}

/// Lists what the inventory has and the set has not.
fn unbuilt(set: &AppliedSet, owner: Option<&Value>) -> Vec<ObjectRef> {
    if !set.prunes || set.partial.is_some() {
        return Vec::new();
    }
    // A generator gives its object a name with a hash, which is not known here.
    let sealed = |object: &ObjectRef| {
        object.name.rsplit_once('-').is_some_and(|(base, _)| {
            set.built.iter().any(|one| {
                let stem = one.name.rsplit_once('-').map(|(stem, _)| stem);
                (&one.kind, &one.namespace) == (&object.kind, &object.namespace)
                    && stem == Some(base)
                    && !set.objects.iter().any(|wanted| wanted.object == *one)
            })
        })
    };
    inventory(owner).filter(|object| !set.built.contains(object) && !sealed(object)).collect()
}

/// Lists what a live Kustomization applied.
pub(super) fn inventory(owner: Option<&Value>) -> impl Iterator<Item = ObjectRef> {
    let entries = owner.and_then(|owner| owner.pointer("/status/inventory/entries")).and_then(Value::as_array);
    let ids = entries.into_iter().flatten().filter_map(|entry| entry.get("id").and_then(Value::as_str));
    ids.filter_map(ObjectRef::from_inventory)
}
