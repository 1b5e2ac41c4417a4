//! What people changed in live objects against Git: fields that only their programs own, and that the repository
//! declares otherwise.

use jiff::Timestamp;
use serde_json::Value;

use super::diagnosis::{Diagnosis, Evidence, Remedy};
use super::graph::LiveGraph;
use super::live::LiveObject;
use crate::check::DeclaredObject;
use crate::kinds;
use crate::model::clock::{age, go_duration};
use crate::model::field_manager::is_taken_over;
use crate::model::managed_fields::{ManagerEntry, equal, keyed};
use crate::model::quantity;

/// The fields whose values are shown: others may hold a secret.
const SHOWN: &[&str] = &[
    "image",
    "replicas",
    "suspend",
    "memory",
    "cpu",
    "ephemeral-storage",
    "path",
    "interval",
    "timeout",
    "branch",
    "tag",
    "semver",
    "version",
    "chart",
    "name",
    "kind",
    "schedule",
    "imagePullPolicy",
    "serviceAccountName",
    "containerPort",
    "port",
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "failureThreshold",
    "storageClassName",
    "claimName",
    "prune",
    "wait",
];

/// The fields that the API server never sets by itself, so that one which Git does not have was set by somebody.
const NEVER_DEFAULTS: &[&str] = &[
    "args",
    "command",
    "env",
    "envFrom",
    "limits",
    "requests",
    "nodeSelector",
    "tolerations",
    "affinity",
    "hostAliases",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "imagePullSecrets",
];

/// The parts of `spec` that causes of their own judge, and the metadata of pods, in which restarts are noted.
const ELSEWHERE: &[&str] = &["spec.suspend", "spec.template.metadata"];

/// Describes a field that a person's program changed, and that the repository declares otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HandChange {
    /// The path of the field: `spec.template.spec.containers[web].image`.
    pub(super) path: String,
    /// The value that is live.
    live: Value,
    /// The value that Git declares; `None` where it declares none.
    declared: Option<Value>,
    /// The program, in words.
    by: String,
    /// The time of its last change.
    pub(super) at: Option<Timestamp>,
    /// Whether kustomize-controller takes over what the program wrote, and removes what Git does not have.
    is_taken_over: bool,
}

impl HandChange {
    /// Writes what Git says, where it may be shown.
    fn said_by_git(&self) -> String {
        match &self.declared {
            None => "Git does not set it".to_owned(),
            Some(value) => {
                self.shown(value).map_or_else(|| "Git says another".to_owned(), |it| format!("Git says {it}"))
            }
        }
    }

    fn shown(&self, value: &Value) -> Option<String> {
        let name = self.path.rsplit('.').next().unwrap_or_default();
        SHOWN.contains(&name).then(|| plain(value)).flatten()
    }

    /// Writes the change in one sentence.
    pub(super) fn told(&self, now: Timestamp) -> String {
        let value = self.shown(&self.live).map(|it| format!(": {it}")).unwrap_or_default();
        let ago = self.at.map(|at| format!(" {} ago", age(now, at))).unwrap_or_default();
        format!("{}{value}, changed by hand with {}{ago}; {}", self.path, self.by, self.said_by_git())
    }

    /// Tells whether a number is more than Git declares, or than the default of one.
    pub(super) fn is_more(&self) -> bool {
        let declared = self.declared.as_ref().map_or(Some(1), Value::as_i64);
        self.live.as_i64().zip(declared).is_some_and(|(live, declared)| live > declared)
    }

    /// Tells whether the next run of kustomize-controller takes it back: it applies what Git declares, and removes
    /// fields of kubectl that Git does not have.
    pub(super) fn is_taken_back(&self) -> bool {
        self.declared.is_some() || self.is_taken_over
    }
}

/// Writes a value of one word.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(super::message::short(text)),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Finds what people changed of an object against Git; empty where either is not known.
pub(super) fn hand_changes(graph: &LiveGraph, live: &LiveObject<'_>) -> Vec<HandChange> {
    let Some(declared) = graph.declared(live).filter(|declared| !declared.keeps_live) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in ManagerEntry::all(live.value).filter(ManagerEntry::is_by_hand) {
        let Some(fields) = entry.fields.get("f:spec") else { continue };
        let walk = Walk { entry: &entry, found: &mut found };
        walk.into_fields(fields, live.value.get("spec"), Some(&declared.spec), "spec".to_owned());
    }
    found
}

/// Walks through the fields of a manager, and through the live and the declared object with them.
struct Walk<'a, 'e> {
    entry: &'a ManagerEntry<'e>,
    found: &'a mut Vec<HandChange>,
}

impl Walk<'_, '_> {
    fn into_fields(mut self, fields: &Value, live: Option<&Value>, declared: Option<&Value>, path: String) {
        self.fields(fields, live, declared, &path);
    }

    fn fields(&mut self, fields: &Value, live: Option<&Value>, declared: Option<&Value>, path: &str) {
        for (key, inner) in fields.as_object().into_iter().flatten() {
            let Some((form, name)) = key.split_once(':') else { continue };
            match form {
                "f" => {
                    let of = |value: Option<&Value>| value.and_then(|value| value.get(name)).cloned();
                    let declared = of(declared);
                    self.field(inner, of(live).as_ref(), declared.as_ref(), format!("{path}.{name}"));
                }
                "k" => {
                    let of = |list: Option<&Value>| list.and_then(|list| Some(keyed(list, name)?.1)).cloned();
                    let named = serde_json::from_str::<Value>(name).ok();
                    let first = named.as_ref().and_then(|keys| keys.as_object()?.values().next());
                    let place = format!("{path}[{}]", first.and_then(plain).unwrap_or_default());
                    self.field(inner, of(live).as_ref(), of(declared).as_ref(), place);
                }
                "v" => {
                    let of = |list: Option<&Value>| list.and_then(|list| Some(equal(list, name)?.1)).cloned();
                    self.field(inner, of(live).as_ref(), of(declared).as_ref(), path.to_owned());
                }
                _ => {}
            }
        }
    }

    /// Compares a field of the manager, or what is within it.
    fn field(&mut self, inner: &Value, live: Option<&Value>, declared: Option<&Value>, path: String) {
        let Some(live) = live.filter(|_| !ELSEWHERE.contains(&path.as_str())) else { return };
        let is_leaf = inner.as_object().is_none_or(serde_json::Map::is_empty);
        if declared.is_some() && !is_leaf {
            return self.fields(inner, Some(live), declared, &path);
        }
        let is_told = match declared {
            Some(declared) => !is_same(live, declared),
            None if path.ends_with(']') => inner.get(".").is_some(),
            // A map whose fields the server sets may have one that it never does.
            None if !is_leaf && !is_never_default(&path) => return self.fields(inner, Some(live), None, &path),
            None => is_never_default(&path) || path == "spec.replicas" && live.as_u64() != Some(1),
        };
        if is_told {
            self.found.push(HandChange {
                path,
                live: live.clone(),
                declared: declared.cloned(),
                by: self.entry.words(),
                at: self.entry.at,
                is_taken_over: self.entry.subresource.is_empty() && is_taken_over(self.entry.manager),
            });
        }
    }
}

fn is_never_default(path: &str) -> bool {
    let mut parts = path.rsplit('.');
    let last = parts.next().unwrap_or_default();
    // A resource: `limits.memory`.
    NEVER_DEFAULTS.contains(&last) || parts.next().is_some_and(|parent| NEVER_DEFAULTS.contains(&parent))
}

/// Tells whether two values mean the same; what is not filled in is not known, and may.
fn is_same(live: &Value, declared: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if live == declared || declared.to_string().contains("${") {
        return true;
    }
    let (Some(live), Some(declared)) = (text(live), text(declared)) else { return false };
    let is_one = |read: fn(&str) -> Option<f64>| {
        read(&live).zip(read(&declared)).is_some_and(|(one, other)| (one - other).abs() < 1e-9)
    };
    live == declared || is_one(quantity) || is_one(|text| go_duration(text).map(|duration| duration.as_secs_f64()))
}

/// Adds to a root cause what people changed of its object: where Git is right, the file is not what is to be changed.
pub(super) fn add_hand_changes(graph: &LiveGraph, root: &mut Diagnosis) {
    let Some(live) = graph.peek(&root.object).filter(|_| root.cause != CHANGED_BY_HAND) else { return };
    let is_workload = kinds::WORKLOADS.iter().any(|kind| kind.is(live.object));
    let told = live.object.told();
    let concerns = |change: &HandChange| {
        let names = |one: &Evidence| one.from == told && one.text.starts_with(&format!("{}: ", change.path));
        let is_inside = !is_workload || change.path.starts_with("spec.template.");
        is_inside || root.evidence.iter().any(names)
    };
    let changes: Vec<HandChange> = hand_changes(graph, &live).into_iter().filter(concerns).collect();
    let Some(declared) = graph.declared(&live).filter(|_| !changes.is_empty()) else { return };
    root.evidence.extend(evidence(graph, &live, &changes));
    // The file is as it should be.
    root.fix.retain(|remedy| {
        !remedy.shell.is_empty() && remedy.command.as_ref().is_none_or(|(name, _)| *name != "reconcile-with-source")
    });
    root.fix.splice(0..0, remedies(graph, &live, &changes, declared));
}

/// The cause of an object that is well and changed by hand.
pub(super) const CHANGED_BY_HAND: &str = "changed-by-hand";

/// Makes evidence of changes.
pub(super) fn evidence(graph: &LiveGraph, live: &LiveObject<'_>, changes: &[HandChange]) -> Vec<Evidence> {
    let of = |change: &HandChange| Evidence {
        text: change.told(graph.now),
        at: change.at,
        from: format!("{} metadata.managedFields", live.object.told()),
    };
    changes.iter().map(of).collect()
}

/// Finds what takes changes back.
pub(super) fn remedies(
    graph: &LiveGraph,
    live: &LiveObject<'_>,
    changes: &[HandChange],
    declared: &DeclaredObject,
) -> Vec<Remedy> {
    let keep = Remedy::change(
        format!("Or keep it: put it into {} and push, else it is lost sooner or later.", declared.file),
        "flux diff kustomization shows no difference",
    );
    let mut found = Vec::new();
    if changes.iter().any(HandChange::is_taken_back) {
        found.extend(reconciled(graph, declared, "the field has the value that Git declares"));
    }
    if changes.iter().any(|change| !change.is_taken_back()) {
        let names: Vec<&str> =
            changes.iter().filter(|change| !change.is_taken_back()).map(|one| one.path.as_str()).collect();
        let why =
            format!("Nothing in Git sets {}, so no run of Flux takes it back: take it out by hand.", names.join(", "));
        found.push(Remedy::new(graph.edit(live.object), why, "the field is gone"));
    }
    found.push(keep);
    found
}

/// Writes how the Kustomization of an object applies it again: at once, or once it is resumed.
pub(super) fn reconciled(graph: &LiveGraph, declared: &DeclaredObject, look_for: &str) -> Vec<Remedy> {
    let applier = &declared.applier;
    let is_suspended =
        graph.row(applier).and_then(|row| row.flux.as_deref()).is_some_and(|flux| flux.suspended.is_some());
    if is_suspended {
        let why = format!("{} is suspended, so it takes nothing back until it is resumed.", applier.told());
        return graph
            .resume(applier)
            .map(|line| Remedy::new(line, why, look_for).by("resume", applier))
            .into_iter()
            .collect();
    }
    let why =
        format!("{} applies what Git declares over it; by itself it does so at its next interval.", applier.told());
    graph.reconcile(applier).map(|line| Remedy::new(line, why, look_for).by("reconcile", applier)).into_iter().collect()
}
