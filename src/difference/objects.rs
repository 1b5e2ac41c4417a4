//! Compares single objects with a cluster: what is read and asked for each, and what is refused.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::fields::{comparable, path_of, without};
use super::ignore::is_left_out;
use super::judge::{Answers, absent, judge, pruned, removed, replaced};
use super::normal::{DETECTION, FORCE, PRUNE, RECONCILE, SSA, says};
use super::served::{Kinds, is_lost, with_version};
use super::typed::sent;
use super::undeclared::undeclared;
use super::veil::Veil;
use super::wanted::{AppliedSet, Arrivals, WantedObject};
use super::writers::OtherWriters;
use super::{AT_ONCE, ComparisonProgress, DifferenceKind, LiveDifference, Uncompared};
use crate::cluster::failure::Failure;
use crate::cluster::{Cluster, Resource};
use crate::model::field_manager::KUSTOMIZE_CONTROLLER;
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
    pub(super) others: &'a OtherWriters,
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
        let (resource, mut wanted) = (with_version(resource, &wanted.body), placed(resource, wanted, &set.namespace));
        if resource.namespaced && wanted.object.namespace.is_empty() {
            // kustomize-controller: "namespace not specified".
            let why = "it names no namespace, and neither does spec.targetNamespace of its Kustomization";
            let uncompared = Uncompared::of(&set.env, &set.shown, &wanted.object, why);
            return Ok(Judged::Not(Uncompared { refused: true, ..uncompared }));
        }
        let mut tries = 1;
        loop {
            let (judged, is_current) = self.once(set, &resource, &mut wanted).await?;
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
        wanted: &mut WantedObject,
    ) -> Result<(Judged, bool), Fault> {
        let live = match self.cluster.stored(resource, &wanted.object.namespace, &wanted.object.name).await {
            Ok(live) => live,
            Err(failure) if is_lost(&failure) => return Err(self.fault(&failure, &wanted.object)),
            Err(failure) => {
                let why = refusal(&failure, "get", &wanted.object);
                return Ok((Judged::Not(Uncompared::of(&set.env, &set.shown, &wanted.object, &why)), true));
            }
        };
        // kustomize-controller creates what is missing whatever a rule says.
        let may_ignore = live.is_some() || set.manager != KUSTOMIZE_CONTROLLER;
        if may_ignore && is_left_out(&set.ignored, &wanted.object, &wanted.body) {
            return Ok((Judged::Same, true));
        }
        let mut keeps = None;
        if let Some(why) = skipped(set, wanted, live.as_ref()) {
            if self.kind == DifferenceKind::Next {
                return Ok((Judged::Same, true));
            }
            keeps = Some(why);
        }
        // What is skipped is not taken back either.
        let kept = keeps.map(|why| set.kept_because(&why));
        let set = kept.as_ref().unwrap_or(set);
        let (dry, dropped) = self.dry(set, resource, wanted).await;
        let dry = match dry {
            Ok(dry) => dry,
            Err(failure) if is_lost(&failure) => return Err(self.fault(&failure, &wanted.object)),
            Err(failure) => return Ok((self.refused(set, wanted, (live.as_ref(), resource), &failure).await, true)),
        };
        let noted = |mut one: LiveDifference| {
            one.note = one.note.or(dropped);
            Judged::Different(Box::new(one))
        };
        let Some(live) = live else {
            return Ok((noted(absent(set, wanted, self.kind)), true));
        };
        let fresh = self.fresh(set, wanted, (&live, &dry), resource).await;
        let answers = Answers { live: &live, dry: &dry, fresh: fresh.as_ref(), others: self.others };
        let is_same_state = live.pointer(VERSION) == dry.pointer(VERSION);
        Ok(match judge(set, wanted, &answers, self.kind) {
            Some(one) => (noted(one), is_same_state),
            None => (Judged::Same, true),
        })
    }

    /// Asks for the dry run of an object, without the fields that Flux drops; also says which these are.
    async fn dry(
        &self,
        set: &AppliedSet,
        resource: &Resource,
        wanted: &mut WantedObject,
    ) -> (Result<Value, Failure>, Option<String>) {
        let mut form = sent(&wanted.object, &wanted.body);
        let mut answer = self.cluster.dry_apply(resource, &form, set.manager).await;
        let mut named: Vec<String> = Vec::new();
        // The server names one field, or several.
        for _ in 0..TRIES {
            let Err(failure) = &answer else { break };
            let dropped = undeclared(&wanted.object, &form, &failure.to_string());
            if dropped.is_empty() {
                break;
            }
            named.extend(dropped.iter().map(|pointer| path_of(&form, pointer)));
            for form in [&mut form, &mut wanted.body] {
                without(form, dropped.iter().map(String::as_str));
            }
            answer = self.cluster.dry_apply(resource, &form, set.manager).await;
        }
        let note = (!named.is_empty())
            .then(|| format!("Flux leaves out {}: {} has no such field", named.join(", "), wanted.object.whole_kind()));
        (answer, note)
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
        self.stand_in(set, wanted, resource).await
    }

    /// Asks what an object would be if it was not there yet, under another name.
    async fn stand_in(&self, set: &AppliedSet, wanted: &WantedObject, resource: &Resource) -> Option<Value> {
        let mut stand_in = sent(&wanted.object, &wanted.body);
        *stand_in.pointer_mut("/metadata/name")? = STAND_IN.into();
        self.cluster.dry_apply(resource, &stand_in, set.manager).await.ok()
    }

    /// Judges a refused dry run.
    async fn refused(
        &self,
        set: &AppliedSet,
        wanted: &WantedObject,
        (live, resource): (Option<&Value>, &Resource),
        failure: &Failure,
    ) -> Judged {
        let form = comparable(&wanted.body);
        let veil = Veil::new(&wanted.object, &[&form], &wanted.values, &wanted.hidden);
        let message = without_dumps(&failure.to_string());
        let code = failure.code();
        if code == Some(404) && live.is_none() && self.arrivals.namespaces.contains(&wanted.object.namespace) {
            return self.after(set, wanted, "its namespace, which is not there yet");
        }
        let is_fixed = matches!(code, Some(409 | 422)) || message.contains("immutable");
        if let Some(live) = live.filter(|live| {
            is_fixed && (set.forces || says(&wanted.body, FORCE, "enabled") || says(live, FORCE, "enabled"))
        }) {
            let fresh = self.stand_in(set, wanted, resource).await;
            return Judged::Different(Box::new(replaced(set, wanted, (live, fresh), &veil.told(&message))));
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
fn skipped(set: &AppliedSet, wanted: &WantedObject, live: Option<&Value>) -> Option<String> {
    let any =
        |key: &str, value: &str| says(&wanted.body, key, value) || live.is_some_and(|live| says(live, key, value));
    if set.manager != KUSTOMIZE_CONTROLLER {
        return any(DETECTION, "disabled").then(|| {
            format!(
                "it is annotated {DETECTION}: disabled, so {} leaves it as it is until the next upgrade",
                set.manager
            )
        });
    }
    if any(RECONCILE, "disabled") {
        return Some(format!("it is annotated {RECONCILE}: disabled, so Flux leaves it as it is"));
    }
    if any(SSA, "Ignore") {
        return Some(format!("it is annotated {SSA}: Ignore, so Flux leaves it as it is"));
    }
    let is_there_once = live.is_some() && says(&wanted.body, SSA, "IfNotPresent");
    is_there_once.then(|| format!("it is annotated {SSA}: IfNotPresent, so Flux leaves it as it is once it is there"))
}

/// The most characters in braces that a message keeps.
const LONGEST_DUMP: usize = 80;

/// Shortens the whole structures of Go that the API server writes into some of its messages.
fn without_dumps(message: &str) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some(start) = rest.find('{') {
        let (before, dump) = rest.split_at(start);
        let mut depth = 0_usize;
        let end = dump.char_indices().find_map(|(at, letter)| {
            depth = match letter {
                '{' => depth + 1,
                '}' => depth.saturating_sub(1),
                _ => depth,
            };
            (depth == 0).then_some(at + 1)
        });
        let (dump, behind) = dump.split_at(end.unwrap_or(dump.len()));
        out.push_str(before);
        out.push_str(if dump.len() > LONGEST_DUMP { "{...}" } else { dump });
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::without_dumps;

    #[test]
    fn a_message_keeps_its_words_and_loses_whole_structures() {
        let dump = format!("{{\"Spec\":{{\"Volumes\":null,\"Text\":\"{}\"}}}}", "é".repeat(80));
        let message = format!("spec.template: Invalid value: {dump}: field is immutable");
        assert_eq!(without_dumps(&message), "spec.template: Invalid value: {...}: field is immutable");
        for short in ["spec: Invalid value: {\"a\":1}: immutable", "plain", "open { and no end", ""] {
            assert_eq!(without_dumps(short), short);
        }
    }
}
