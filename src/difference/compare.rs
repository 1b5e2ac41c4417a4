//! Compares sets of objects with a cluster: reads and dry runs, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use zeroize::Zeroizing;

use super::judge::{Answers, absent, judge, pruned, removed, replaced};
use super::normal::{FORCE, PRUNE, RECONCILE, SSA, says};
use super::wanted::{AppliedSet, Arrivals, WantedObject, values_of};
use super::{ComparisonProgress, DifferenceKind, LiveComparison, LiveDifference, Uncompared};
use crate::cluster::failure::Failure;
use crate::cluster::{Cluster, Resource};
use crate::model::{Fault, FaultKind, ObjectRef};
use crate::render;

/// The number of objects that are asked for at once.
const AT_ONCE: usize = 16;

/// The most tries for an object that somebody changes meanwhile.
const TRIES: usize = 3;

/// The field that tells the states of an object apart.
const VERSION: &str = "/metadata/resourceVersion";

/// The name of a dry run that shows what the server fills in by itself.
const STAND_IN: &str = "fluxdeck-dry-run";

/// Each kind with how the server serves it: `None` where it does not, or why that is not known.
type Kinds = BTreeMap<(String, String), Result<Option<Resource>, String>>;

/// The result for one object.
enum Judged {
    Same,
    Different(Box<LiveDifference>),
    Not(Uncompared),
}

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
    let known = Known { cluster, kinds: &kinds, arrivals, kind };
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

/// Names the work on one object.
enum Job<'a> {
    Wanted(&'a WantedObject),
    Gone(&'a ObjectRef),
}

/// Reads the live owner; where that is forbidden, nothing is known of it.
async fn owner(cluster: &Cluster, object: &ObjectRef) -> Result<Option<Value>, Fault> {
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
    if !set.objects.iter().any(|wanted| wanted.has_forms) {
        return Ok(());
    }
    let (mut values, mut secret, mut missing) = (BTreeMap::new(), Vec::new(), Vec::new());
    for source in &set.variables {
        let own = match &source.values {
            Some(values) => Some(values.clone()),
            None => owner(cluster, &source.object).await?.map(|mut found| values_of(&mut found)),
        };
        let Some(own) = own else {
            missing.extend((!source.is_optional).then(|| source.object.to_string()));
            continue;
        };
        if crate::cluster::mask::is_secret(&source.object) {
            secret.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        values.extend(own.into_iter().map(|(name, value)| (name, value.to_string())));
    }
    let all = std::mem::take(&mut set.objects);
    for mut wanted in all {
        if wanted.has_forms {
            if let Some(why) = put_in(&mut wanted, &values, &secret, &missing, set.is_open) {
                set.leave(&wanted.object, &why);
                continue;
            }
            // A name may have had a variable.
            let namespace = std::mem::take(&mut wanted.object.namespace);
            wanted.object = ObjectRef { namespace, ..ObjectRef::of_body(&wanted.body) };
            set.built.insert(wanted.object.clone());
        }
        set.objects.push(wanted);
    }
    Ok(())
}

/// Substitutes in one object; returns the reason if it cannot be compared then.
fn put_in(
    wanted: &mut WantedObject,
    values: &BTreeMap<String, String>,
    secret: &[(String, Zeroizing<String>)],
    missing: &[String],
    is_open: bool,
) -> Option<String> {
    if let Some(object) = missing.first() {
        return Some(format!(
            "its variables come from {object}, which is neither in the repository nor readable in the cluster"
        ));
    }
    let mut hidden = Vec::new();
    forms(&wanted.body, "", &mut |pointer, text| {
        let names = |name: &str| text.contains(&format!("${{{name}"));
        let used = secret.iter().filter(|(name, _)| names(name));
        let used: Vec<Zeroizing<String>> = used.map(|(_, value)| value.clone()).collect();
        if !used.is_empty() {
            hidden.push(pointer.to_owned());
            wanted.values.extend(used);
        }
    });
    wanted.hidden = hidden;
    render::fill(&mut wanted.body, values, is_open).err().map(|form| format!("Flux cannot substitute {form} in it"))
}

/// Visits the texts with forms of variables.
fn forms(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) if text.contains("${") => visit(pointer, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                forms(item, &super::fields::below(pointer, &index.to_string()), visit);
            }
        }
        Value::Object(fields) => {
            for (key, item) in fields {
                forms(item, &super::fields::below(pointer, key), visit);
            }
        }
        _ => {}
    }
}

/// Lists what the inventory has and the set has not.
fn unbuilt(set: &AppliedSet, owner: Option<&Value>) -> Vec<ObjectRef> {
    if !set.prunes || set.partial.is_some() {
        return Vec::new();
    }
    let entries = owner.and_then(|owner| owner.pointer("/status/inventory/entries")).and_then(Value::as_array);
    let ids = entries.into_iter().flatten().filter_map(|entry| entry.get("id").and_then(Value::as_str));
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
    ids.filter_map(ObjectRef::from_inventory).filter(|object| !set.built.contains(object) && !sealed(object)).collect()
}

/// Looks up how the server serves each kind: one request a group, side by side.
async fn kinds(cluster: &Cluster, objects: &[&ObjectRef]) -> Result<Kinds, Fault> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for object in objects {
        groups.entry(object.group.clone()).or_default().insert(object.kind.clone());
    }
    let mut asked: Vec<BoxFuture<'_, Result<Kinds, Fault>>> = Vec::new();
    for (group, kinds) in groups {
        asked.push(Box::pin(of_group(cluster, group, kinds)));
    }
    let all: Vec<Kinds> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(all.into_iter().flatten().collect())
}

async fn of_group(cluster: &Cluster, group: String, kinds: BTreeSet<String>) -> Result<Kinds, Fault> {
    let mut found = Kinds::new();
    for kind in kinds {
        let served = match cluster.look_up(&group, &kind).await {
            Ok(served) => Ok(served),
            Err(failure) if is_lost(&failure) => return Err(failure.fault(&cluster.name, &format!("look up {kind}"))),
            Err(failure) => Err(failure.to_string()),
        };
        found.insert((group.clone(), kind), served);
    }
    Ok(found)
}

/// Tells whether a failure is one of the whole server.
fn is_lost(failure: &Failure) -> bool {
    match failure {
        Failure::Misnamed(_) | Failure::Unreadable(_) => false,
        _ => matches!(failure.code(), None | Some(401)),
    }
}

/// Holds what is known for all objects.
struct Known<'a> {
    cluster: &'a Cluster,
    kinds: &'a Kinds,
    arrivals: &'a Arrivals,
    kind: DifferenceKind,
}

impl Known<'_> {
    /// Compares all objects, some at a time.
    async fn judge_all(
        &self,
        jobs: Vec<(&AppliedSet, Job<'_>)>,
        tell: &(dyn Fn(ComparisonProgress) + Send + Sync),
    ) -> Result<Vec<Judged>, Fault> {
        let (done, total) = (AtomicUsize::new(0), jobs.len());
        let done = &done;
        let mut asked: Vec<BoxFuture<'_, Result<Judged, Fault>>> = Vec::new();
        for (set, job) in jobs {
            asked.push(Box::pin(async move {
                let judged = match job {
                    Job::Wanted(wanted) => self.wanted(set, wanted).await,
                    Job::Gone(object) => self.gone(set, object).await,
                };
                tell(ComparisonProgress { done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
                judged
            }));
        }
        stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Compares one object.
    async fn wanted(&self, set: &AppliedSet, wanted: &WantedObject) -> Result<Judged, Fault> {
        let not = |why: String| Ok(Judged::Not(Uncompared::of(&set.env, &set.shown, &wanted.object, &why)));
        let resource = match self.resource(&wanted.object) {
            Ok(Some(resource)) => resource,
            Ok(None) => {
                let key = (wanted.object.group.clone(), wanted.object.kind.clone());
                if !self.arrivals.kinds.contains(&key) {
                    return not(format!("the API server does not serve {}", wanted.object.whole_kind()));
                }
                return Ok(self.after(set, wanted, "its CustomResourceDefinition, which is not there yet"));
            }
            Err(why) => return not(why),
        };
        let (resource, wanted) = (with_version(resource, &wanted.body), placed(resource, wanted, &set.namespace));
        let mut tries = 1;
        loop {
            let (judged, is_current) = self.once(set, &resource, &wanted).await?;
            // A controller may have changed the object between the two answers.
            if is_current || tries == TRIES {
                return Ok(judged);
            }
            tries += 1;
        }
    }

    /// Reads an object and asks for its dry run; also tells whether both answers are about the same state of it.
    async fn once(
        &self,
        set: &AppliedSet,
        resource: &Resource,
        wanted: &WantedObject,
    ) -> Result<(Judged, bool), Fault> {
        let not = |why: String| Ok((Judged::Not(Uncompared::of(&set.env, &set.shown, &wanted.object, &why)), true));
        let (namespace, name) = (&wanted.object.namespace, &wanted.object.name);
        let live = match self.cluster.stored(resource, namespace, name).await {
            Ok(live) => live,
            Err(failure) if is_lost(&failure) => return Err(self.fault(&failure, &wanted.object)),
            Err(failure) => return not(refusal(&failure, "get", &wanted.object)),
        };
        let mut keeps = None;
        if let Some(why) = skipped(&wanted.body, live.as_ref()) {
            if self.kind == DifferenceKind::Next {
                return Ok((Judged::Same, true));
            }
            keeps = Some(why);
        }
        // What is skipped is not taken back either.
        let kept = keeps.map(|why| set.kept_because(&why));
        let set = kept.as_ref().unwrap_or(set);
        let dry = match self.cluster.dry_apply(resource, &wanted.body, set.manager).await {
            Ok(dry) => dry,
            Err(failure) if is_lost(&failure) => return Err(self.fault(&failure, &wanted.object)),
            Err(failure) => return Ok((self.refused(set, wanted, live.as_ref(), &failure), true)),
        };
        let Some(live) = live else {
            return Ok((Judged::Different(Box::new(absent(set, wanted, self.kind))), true));
        };
        let fresh = self.fresh(set, wanted, (&live, &dry), resource).await;
        let answers = Answers { live: &live, dry: &dry, fresh: fresh.as_ref() };
        let is_same_state = live.pointer(VERSION) == dry.pointer(VERSION);
        Ok(match judge(set, wanted, &answers, self.kind) {
            Some(one) => (Judged::Different(Box::new(one)), is_same_state),
            None => (Judged::Same, true),
        })
    }

    /// Finds what the server fills in by itself, where something would be removed that it may set again.
    async fn fresh(
        &self,
        set: &AppliedSet,
        wanted: &WantedObject,
        (live, dry): (&Value, &Value),
        resource: &Resource,
    ) -> Option<Value> {
        if !removed(set, wanted, live, dry).iter().any(|pointer| !pointer.starts_with("/metadata/")) {
            return None;
        }
        let mut stand_in = wanted.body.clone();
        *stand_in.pointer_mut("/metadata/name")? = STAND_IN.into();
        self.cluster.dry_apply(resource, &stand_in, set.manager).await.ok()
    }

    /// Judges a refused dry run.
    fn refused(&self, set: &AppliedSet, wanted: &WantedObject, live: Option<&Value>, failure: &Failure) -> Judged {
        let message = failure.to_string();
        let code = failure.code();
        if code == Some(404) && live.is_none() && self.arrivals.namespaces.contains(&wanted.object.namespace) {
            return self.after(set, wanted, "its namespace, which is not there yet");
        }
        let is_fixed = matches!(code, Some(409 | 422)) || message.contains("immutable");
        if let Some(live) = live.filter(|live| {
            is_fixed && (set.forces || says(&wanted.body, FORCE, "enabled") || says(live, FORCE, "enabled"))
        }) {
            let why = told(&wanted.object, &message);
            return Judged::Different(Box::new(replaced(set, wanted, live, &why)));
        }
        let is_forbidden =
            code == Some(403) && !message.contains("admission") && !message.contains("denied the request");
        let why = if is_forbidden {
            refusal(failure, "patch", &wanted.object)
        } else {
            format!("the API server refuses it: {}", told(&wanted.object, &message))
        };
        let uncompared = Uncompared::of(&set.env, &set.shown, &wanted.object, &why);
        Judged::Not(Uncompared { refused: !is_forbidden, ..uncompared })
    }

    /// Compares an object that is not built any more.
    async fn gone(&self, set: &AppliedSet, object: &ObjectRef) -> Result<Judged, Fault> {
        let not = |why: String| Ok(Judged::Not(Uncompared::of(&set.env, &set.shown, object, &why)));
        let resource = match self.resource(object) {
            Ok(Some(resource)) => resource,
            // Nothing is left of it.
            Ok(None) => return Ok(Judged::Same),
            Err(why) => return not(why),
        };
        let live = match self.cluster.stored(resource, &object.namespace, &object.name).await {
            Ok(Some(live)) => live,
            Ok(None) => return Ok(Judged::Same),
            Err(failure) if is_lost(&failure) => return Err(self.fault(&failure, object)),
            Err(failure) => return not(refusal(&failure, "get", object)),
        };
        let label = |key: &str| {
            let label = format!("{}/{key}", set.owner.group);
            live.pointer("/metadata/labels").and_then(|labels| labels.get(&label)).and_then(Value::as_str)
        };
        let is_own = label("name") == Some(&set.owner.name) && label("namespace") == Some(&set.owner.namespace);
        if !is_own || says(&live, PRUNE, "disabled") || says(&live, RECONCILE, "disabled") {
            return Ok(Judged::Same);
        }
        let entries = live.pointer("/status/inventory/entries").and_then(Value::as_array).map_or(0, Vec::len);
        let prunes = live.pointer("/spec/prune").and_then(Value::as_bool) == Some(true);
        let note = (entries > 0 && prunes)
            .then(|| format!("what it applied goes with it: {entries} objects of its inventory"));
        let wanted = WantedObject {
            object: object.clone(),
            body: live,
            hidden: Vec::new(),
            values: Vec::new(),
            has_forms: false,
        };
        Ok(Judged::Different(Box::new(pruned(set, &wanted, note))))
    }

    /// Describes an object that comes after something else.
    fn after(&self, set: &AppliedSet, wanted: &WantedObject, what: &str) -> Judged {
        let mut found = absent(set, wanted, self.kind);
        if self.kind == DifferenceKind::Next {
            found.note = Some(format!("it is created after {what}"));
        }
        Judged::Different(Box::new(found))
    }

    fn resource(&self, object: &ObjectRef) -> Result<Option<&Resource>, String> {
        let key = (object.group.clone(), object.kind.clone());
        match self.kinds.get(&key) {
            Some(Ok(found)) => Ok(found.as_ref()),
            Some(Err(why)) => Err(why.clone()),
            None => Ok(None),
        }
    }

    fn fault(&self, failure: &Failure, object: &ObjectRef) -> Fault {
        failure.fault(&self.cluster.name, &format!("compare {object}"))
    }
}

/// Returns why a request was refused: equal for all objects of a kind, so that they are told together.
fn refusal(failure: &Failure, verb: &str, object: &ObjectRef) -> String {
    match failure.code() {
        Some(403) => format!("you may not {verb} {}", object.whole_kind()),
        _ => told(object, &failure.to_string()),
    }
}

/// Returns a message of the server, without what may be a value of a Secret.
fn told(object: &ObjectRef, message: &str) -> String {
    let is_told = !crate::cluster::mask::is_secret(object) || !message.contains("Invalid value");
    if is_told { message.to_owned() } else { "a value of the Secret is invalid (not shown)".to_owned() }
}

/// Returns the address of a kind in the version that the manifest states.
fn with_version(resource: &Resource, body: &Value) -> Resource {
    let version = body.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let version = version.rsplit('/').next().unwrap_or_default();
    Resource { version: version.to_owned(), ..resource.clone() }
}

/// Gives an object the namespace of its set where it names none, and takes one from an object that can have none.
fn placed(resource: &Resource, wanted: &WantedObject, namespace: &str) -> WantedObject {
    let mut wanted = wanted.clone();
    let is_empty = wanted.object.namespace.is_empty();
    let namespace = match (resource.namespaced, is_empty) {
        (true, true) => namespace.to_owned(),
        (true, false) => wanted.object.namespace.clone(),
        (false, _) => String::new(),
    };
    if let Some(metadata) = wanted.body.get_mut("metadata").and_then(Value::as_object_mut) {
        if namespace.is_empty() {
            metadata.shift_remove("namespace");
        } else {
            metadata.insert("namespace".to_owned(), namespace.clone().into());
        }
    }
    wanted.object.namespace = namespace;
    wanted
}

/// Returns why a controller leaves an object alone, if it does.
fn skipped(wanted: &Value, live: Option<&Value>) -> Option<String> {
    let any = |key: &str, value: &str| says(wanted, key, value) || live.is_some_and(|live| says(live, key, value));
    if any(RECONCILE, "disabled") {
        return Some(format!("it is annotated {RECONCILE}: disabled, so Flux leaves it as it is"));
    }
    if any(SSA, "Ignore") {
        return Some(format!("it is annotated {SSA}: Ignore, so Flux leaves it as it is"));
    }
    let is_there_once = live.is_some() && says(wanted, SSA, "IfNotPresent");
    is_there_once.then(|| format!("it is annotated {SSA}: IfNotPresent, so Flux leaves it as it is once it is there"))
}
