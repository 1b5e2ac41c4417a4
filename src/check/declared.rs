//! What the repository declares of an environment's objects, as far as live ones are compared with it.

use std::collections::HashMap;

use serde_json::Value;

use crate::kinds;
use crate::model::ObjectRef;
use crate::model::known::KUSTOMIZE;
use crate::render::{Object, Rendered, Rendering, at};
use crate::repo::Snapshot;

/// Says by which values of which annotations Flux leaves what is live as it is (fluxcd/pkg/ssa).
const KEEPS: [(&str, &[&str]); 2] = [("ssa", &["IfNotPresent", "Ignore"]), ("reconcile", &["disabled"])];

/// Holds what the repository declares of an environment's objects.
#[derive(Debug, Clone, Default)]
pub struct DeclaredState {
    /// The commit that it is, in full; `None` where files were changed since.
    commit: Option<String>,
    /// `None` for an object that is declared twice, so that nobody knows which one counts.
    objects: HashMap<ObjectRef, Option<DeclaredObject>>,
    /// Where each object of any kind is declared; `None` for one that is declared twice.
    places: HashMap<ObjectRef, Option<DeclaredPlace>>,
}

/// Says where the repository declares an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredPlace {
    /// The file.
    pub file: String,
    /// The Kustomization that applies it.
    pub applier: ObjectRef,
}

/// Holds what the repository declares of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredObject {
    /// The file to change.
    pub file: String,
    /// Its spec, as Flux would apply it.
    pub spec: Value,
    /// The Kustomization that applies it.
    pub applier: ObjectRef,
    /// Whether an annotation has Flux leave what is live as it is.
    pub keeps_live: bool,
}

impl DeclaredState {
    /// Collects what a rendering has of an environment.
    pub(super) fn of(rendering: &Rendering, snapshot: &Snapshot, env: &str) -> Self {
        let mut found = Self { commit: commit(snapshot), ..Self::default() };
        for (of, object) in rendering.objects(env).filter(|(of, _)| of.unsure.is_none()) {
            found.place(&object.object, object.files().next().unwrap_or_default(), applier_of(of));
            if is_compared(&object.object) {
                found.add(object.object.clone(), DeclaredObject::new(of, object));
            }
        }
        found
    }

    /// Collects objects that a Kustomization applies from a file.
    #[cfg(test)]
    pub(crate) fn saying(commit: &str, applier: &ObjectRef, objects: impl IntoIterator<Item = Value>) -> Self {
        let mut found = Self { commit: Some(commit.to_owned()), ..Self::default() };
        for body in objects {
            let object = ObjectRef::of_body(&body);
            let file = format!("{}/{}.yaml", applier.name, object.name);
            found.place(&object, &file, applier.clone());
            found.add(object, DeclaredObject::of_body(&body, file, applier.clone()));
        }
        found
    }

    fn add(&mut self, object: ObjectRef, declared: DeclaredObject) {
        self.objects.entry(object).and_modify(|known| *known = None).or_insert(Some(declared));
    }

    fn place(&mut self, object: &ObjectRef, file: &str, applier: ObjectRef) {
        let place = DeclaredPlace { file: file.to_owned(), applier };
        self.places.entry(object.clone()).and_modify(|known| *known = None).or_insert(Some(place));
    }

    /// Finds where an object of any kind is declared.
    pub fn place_of(&self, object: &ObjectRef) -> Option<&DeclaredPlace> {
        self.places.get(object)?.as_ref()
    }

    /// Finds an object.
    pub fn get(&self, object: &ObjectRef) -> Option<&DeclaredObject> {
        self.objects.get(object)?.as_ref()
    }

    /// Tells whether this is surely the state of a revision: `main@sha1:…`.
    pub fn is_at(&self, revision: &str) -> bool {
        self.commit.as_deref().is_some_and(|commit| !commit.is_empty() && revision.ends_with(commit))
    }
}

impl DeclaredObject {
    fn new(of: &Rendered, object: &Object) -> Self {
        Self::of_body(&object.body, object.files().next().unwrap_or_default().to_owned(), applier_of(of))
    }

    fn of_body(body: &Value, file: String, applier: ObjectRef) -> Self {
        let says = |key: &str, words: &[&str]| {
            let key = format!("{KUSTOMIZE}/{key}");
            ["labels", "annotations"].iter().any(|field| {
                let said = body.get("metadata").and_then(|metadata| metadata.get(field)?.get(&key)?.as_str());
                said.is_some_and(|said| words.iter().any(|word| word.eq_ignore_ascii_case(said)))
            })
        };
        let keeps_live = KEEPS.iter().any(|(key, words)| says(key, words));
        Self { file, spec: at(body, "/spec").clone(), applier, keeps_live }
    }
}

/// Names the Kustomization that a rendering is of.
fn applier_of(of: &Rendered) -> ObjectRef {
    ObjectRef::new("Kustomization", KUSTOMIZE, &of.namespace, &of.name)
}

/// Tells whether live objects of a kind are compared: those that causes ask for.
fn is_compared(object: &ObjectRef) -> bool {
    let is_cron_job = object.kind == "CronJob" && object.group == "batch";
    is_cron_job || kinds::WORKLOADS.iter().any(|kind| kind.is(object)) || kinds::flux().any(|kind| kind.is(object))
}

/// Returns the commit that the files are; `None` if they are none, but for documents.
fn commit(snapshot: &Snapshot) -> Option<String> {
    let git = snapshot.git.as_ref().ok()?;
    let is_document = |file: &String| file.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("md"));
    git.commit.clone().filter(|_| git.marks.keys().all(is_document))
}
