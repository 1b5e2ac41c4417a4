//! `ResourceSet` objects among the declared ones: the Kustomizations and sources that flux-operator creates from them,
//! as far as their inputs are available.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::kustomize::Declared;
use super::manifest;
use super::reader::Reader;
use crate::flux_operator::OperatorObject;
use crate::flux_operator::resource_set::{KIND, PROVIDER};
use crate::flux_operator::unfolding::{self, UnfoldedSet, Unfolding};
use crate::model::ObjectRef;
use crate::model::known::OPERATOR;
use crate::yaml::{self, Value, sigs};

/// Tells whether an object is a set of flux-operator, or a provider of inputs.
pub(super) fn is(object: &ObjectRef) -> bool {
    object.group == OPERATOR && (object.kind == KIND || object.kind == PROVIDER)
}

/// Holds a set, or a provider of inputs.
#[derive(Debug, Clone)]
struct Given {
    object: ObjectRef,
    body: Json,
    file: String,
    line: usize,
    /// The number of sets above it that created each other.
    depth: usize,
}

impl Given {
    fn shown(&self) -> OperatorObject<'_> {
        OperatorObject { object: &self.object, body: &self.body }
    }
}

/// Holds an object that is created from a set.
#[derive(Debug)]
pub(super) struct SetObject {
    pub(super) object: ObjectRef,
    pub(super) body: Value,
    /// The file that declares the set.
    pub(super) file: String,
    /// The line that its document starts on.
    pub(super) line: usize,
}

/// Holds the sets of an environment, with their providers of inputs.
#[derive(Debug, Clone, Default)]
pub(super) struct DeclaredSets {
    pending: Vec<Given>,
    providers: Vec<Given>,
    seen: HashSet<ObjectRef>,
    /// The sets and the objects from each.
    pub(super) unfolded: Vec<UnfoldedSet>,
    /// The sets whose objects are unknown.
    pub(super) unknown: Vec<ObjectRef>,
}

impl DeclaredSets {
    /// Adds a set or a provider that a file declares.
    pub(super) fn take(&mut self, reader: &mut Reader, declared: &Declared, body: &Value) {
        let body = as_kubernetes_reads(reader, declared, body);
        let (object, file) = (declared.object.clone(), declared.file.clone());
        self.add(Given { object, body, file, line: declared.line, depth: 0 });
    }

    fn add(&mut self, one: Given) {
        if self.seen.insert(one.object.clone()) {
            if one.object.kind == KIND { &mut self.pending } else { &mut self.providers }.push(one);
        }
    }

    /// Unfolds the sets that wait for nothing; if there is none, those that wait in vain. Returns nothing once all are
    /// unfolded.
    pub(super) fn unfold(&mut self, env: &str) -> Vec<SetObject> {
        let mut made = Vec::new();
        for is_last in [false, true] {
            while !self.pending.is_empty() && self.pass(env, is_last, &mut made) && made.is_empty() {}
            if !made.is_empty() {
                break;
            }
        }
        made
    }

    /// Makes one pass over the waiting sets; tells whether any of them no longer waits.
    fn pass(&mut self, env: &str, is_last: bool, made: &mut Vec<SetObject>) -> bool {
        let mut any = false;
        for one in std::mem::take(&mut self.pending) {
            let objects =
                match unfolding::unfold(one.shown(), one.depth, self.providers.iter().map(Given::shown), is_last) {
                    Unfolding::Objects(objects) => objects,
                    Unfolding::Waits => {
                        self.pending.push(one);
                        continue;
                    }
                    Unfolding::Failed(_) => {
                        any = true;
                        self.unknown.push(one.object);
                        continue;
                    }
                };
            any = true;
            let named: Vec<(usize, ObjectRef)> =
                objects.iter().map(|(step, body)| (*step, ObjectRef::of_body(body))).collect();
            let own = named.iter().map(|(step, object)| (*step, object));
            self.unfolded.push(UnfoldedSet::new(env, one.shown(), own));
            for ((_, object), (_, body)) in named.into_iter().zip(objects) {
                let (file, line) = (one.file.clone(), one.line);
                if is(&object) {
                    self.add(Given { object, body, file, line, depth: one.depth.saturating_add(1) });
                } else if let Ok(body) = yaml::to_value(&body) {
                    made.push(SetObject { object, body, file, line });
                }
            }
        }
        any
    }
}

/// Reads a document again as Kubernetes does, whose typing the operator uses (`yes` is a boolean); an item of a list
/// stays as it was read.
fn as_kubernetes_reads(reader: &mut Reader, declared: &Declared, body: &Value) -> Json {
    let text = reader.text(&declared.file).unwrap_or_default();
    let of_line = manifest::split(&text).into_iter().find(|(line, _)| *line == declared.line);
    let read = of_line.and_then(|(_, document)| sigs::read(document).ok());
    let is_it = |read: &Json| {
        ObjectRef::of_body(read).name == declared.object.name && ObjectRef::of_body(read).kind == declared.object.kind
    };
    read.filter(is_it).or_else(|| serde_json::to_value(body).ok()).unwrap_or_default()
}
