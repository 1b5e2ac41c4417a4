//! Compares single objects with a cluster: what is read and asked for each, and what is refused.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::fields::comparable;
use super::judge::{Answers, absent, judge, pruned, removed, replaced};
use super::normal::{FORCE, PRUNE, RECONCILE, SSA, says};
use super::served::{Kinds, is_lost, with_version};
use super::veil::Veil;
use super::wanted::{AppliedSet, Arrivals, WantedObject};
use super::{AT_ONCE, ComparisonProgress, DifferenceKind, LiveDifference, Uncompared};
use crate::cluster::failure::Failure;
use crate::cluster::{Cluster, Resource};
use crate::model::{Fault, ObjectRef};

/// The most tries for an object that somebody changes meanwhile.
const TRIES: usize = 3;

/// The field that tells the states of an object apart.
const VERSION: &str = "/metadata/resourceVersion";

/// The name of a dry run that shows what the server fills in by itself.
const STAND_IN: &str = "fluxdeck-dry-run";

/// The result for one object.
pub(super) enum Judged {
    Same,
    Different(Box<LiveDifference>),
    Not(Uncompared),
}

/// Names the work on one object.
pub(super) enum Job<'a> {
    Wanted(&'a WantedObject),
    Gone(&'a ObjectRef),
}

/// Holds what is known for all objects.
pub(super) struct Known<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) kinds: &'a Kinds,
    pub(super) arrivals: &'a Arrivals,
    pub(super) kind: DifferenceKind,
}

impl Known<'_> {
    /// Compares all objects, some at a time.
    pub(super) async fn judge_all(
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
        if resource.namespaced && wanted.object.namespace.is_empty() {
            // kustomize-controller: "namespace not specified".
            let why = "it names no namespace, and neither does spec.targetNamespace of its Kustomization";
            let uncompared = Uncompared::of(&set.env, &set.shown, &wanted.object, why);
            return Ok(Judged::Not(Uncompared { refused: true, ..uncompared }));
        }
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
        let form = comparable(&wanted.body);
        let veil = Veil::new(&wanted.object, &[&form], &wanted.values, &wanted.hidden);
        let message = failure.to_string();
        let code = failure.code();
        if code == Some(404) && live.is_none() && self.arrivals.namespaces.contains(&wanted.object.namespace) {
            return self.after(set, wanted, "its namespace, which is not there yet");
        }
        let is_fixed = matches!(code, Some(409 | 422)) || message.contains("immutable");
        if let Some(live) = live.filter(|live| {
            is_fixed && (set.forces || says(&wanted.body, FORCE, "enabled") || says(live, FORCE, "enabled"))
        }) {
            return Judged::Different(Box::new(replaced(set, wanted, live, &veil.told(&message))));
        }
        let is_forbidden =
            code == Some(403) && !message.contains("admission") && !message.contains("denied the request");
        let why = if is_forbidden {
            refusal(failure, "patch", &wanted.object)
        } else {
            format!("the API server refuses it: {}", veil.told(&message))
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
        let wanted = WantedObject::new(object.clone(), live);
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
        _ => failure.to_string(),
    }
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
