//! One file per resource kind: its name, row, columns and lesson.
//!
//! A kind is a file here and a line in [`KINDS`]; lists, watches, help and lessons take everything from there.

mod alert;
mod bucket;
mod deployment;
mod essence;
mod external_artifact;
pub mod flux;
mod git_repository;
mod helm_chart;
mod helm_release;
mod helm_repository;
mod image_policy;
mod image_repository;
mod image_update_automation;
mod kustomization;
mod oci_repository;
mod pod;
mod provider;
mod receiver;
mod settled;
mod shell;
mod source;

pub use essence::essence;
pub use flux::short_revision;

use crate::model::{Kind, ObjectRef};

/// Every kind, those of Flux first, in the order in which they are shown.
pub static KINDS: &[&Kind] = &[
    &kustomization::KIND,
    &helm_release::KIND,
    &git_repository::KIND,
    &oci_repository::KIND,
    &helm_repository::KIND,
    &helm_chart::KIND,
    &bucket::KIND,
    &external_artifact::KIND,
    &provider::KIND,
    &alert::KIND,
    &receiver::KIND,
    &image_repository::KIND,
    &image_policy::KIND,
    &image_update_automation::KIND,
    &deployment::KIND,
    &pod::KIND,
];

/// The Kustomization's kind, which lists fall back on.
pub static KUSTOMIZATION: &Kind = &kustomization::KIND;

/// The HelmRelease's kind.
pub static HELM_RELEASE: &Kind = &helm_release::KIND;

/// The GitRepository's kind.
pub static GIT_REPOSITORY: &Kind = &git_repository::KIND;

/// The Deployment's kind.
pub static DEPLOYMENT: &Kind = &deployment::KIND;

/// Returns the kind of an object, by its group and its name: a namesake of another group is none of ours.
pub fn of(object: &ObjectRef) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.is(object))
}

/// Completes what an operator typed: a plural or an alias becomes the kind, as `ks/flux-system/apps`; a group that was typed stays.
pub fn complete(object: ObjectRef) -> ObjectRef {
    match find(&object.whole_kind()) {
        Some(kind) => kind.object(&object.namespace, &object.name),
        None => object,
    }
}

/// Finds a kind by what the operator calls it: its kind, plural or alias, in any case, each also with its group behind a dot.
pub fn find(word: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.is_called(word))
}

/// Iterates over the kinds that are watched always.
pub fn watched() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.watched)
}

/// Iterates over the kinds of Flux.
pub fn flux() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.flux)
}

#[cfg(test)]
mod tests;
