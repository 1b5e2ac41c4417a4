//! `ResourceSet` objects among what the files declare: the Kustomizations and sources that flux-operator makes of them, as far as their inputs
//! are at hand.

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

/// Tells whether an object has flux-operator make others on the cluster, or is what its inputs come from.
pub(super) fn is(object: &ObjectRef) -> bool {
    object.group == OPERATOR && (object.kind == KIND || object.kind == PROVIDER)
}

/// Holds a set, or what inputs of sets come from.
#[derive(Debug, Clone)]
struct Given {
    object: ObjectRef,
    body: Json,
    file: String,
    line: usize,
    /// How many sets made it, one by the other.
    depth: usize,
}

impl Given {
    fn shown(&self) -> OperatorObject<'_> {
        OperatorObject { object: &self.object, body: &self.body }
    }
}

/// Holds an object that is made of a set.
#[derive(Debug)]
pub(super) struct SetObject {
    pub(super) object: ObjectRef,
    pub(super) body: Value,
    /// The file that declares the set.
    pub(super) file: String,
    /// The line that its document starts on.
    pub(super) line: usize,
}

/// Holds the sets of an environment, with what their inputs come from.
#[derive(Debug, Clone, Default)]
pub(super) struct DeclaredSets {
    pending: Vec<Given>,
    providers: Vec<Given>,
    seen: HashSet<ObjectRef>,
    /// What was made of which set.
    pub(super) unfolded: Vec<UnfoldedSet>,
    /// The sets of which it is not known what they make.
    pub(super) unknown: Vec<ObjectRef>,
}

impl DeclaredSets {
    /// Takes a set or a provider that a file declares.
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

    /// Unfolds the sets that wait for nothing; where that is none, those that wait for what does not come. Nothing is returned once all are.
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

    /// Goes through those that wait; tells whether one does so no more.
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

/// Reads a document once more as Kubernetes does, by whose words the operator goes (`yes` is a truth); as an item of a list it stays as it was read.
fn as_kubernetes_reads(reader: &mut Reader, declared: &Declared, body: &Value) -> Json {
    let text = reader.text(&declared.file).unwrap_or_default();
    let of_line = manifest::split(&text).into_iter().find(|(line, _)| *line == declared.line);
    let read = of_line.and_then(|(_, document)| sigs::read(document).ok());
    let is_it = |read: &Json| {
        ObjectRef::of_body(read).name == declared.object.name && ObjectRef::of_body(read).kind == declared.object.kind
    };
    read.filter(is_it).or_else(|| serde_json::to_value(body).ok()).unwrap_or_default()
}
