//! One file per resource kind: its name, row, columns and lesson.
//!
//! A kind is a file here and its name in [`KINDS`]; lists, watches, help and lessons take everything from there.

mod essence;
pub mod flux;
mod settled;
mod shell;
mod source;
mod workload;

pub use essence::essence;
pub use flux::short_revision;

use crate::model::{Kind, ObjectRef};

/// Declares the kinds, one file each: their modules, and the list. `cargo fmt` does not look into a macro: `.ci/format` does.
macro_rules! kinds {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// Every kind, those of Flux first, in the order in which they are shown.
        pub static KINDS: &[&Kind] = &[$(&$name::KIND),+];
    };
}

kinds! {
    kustomization,
    helm_release,
    git_repository,
    oci_repository,
    helm_repository,
    helm_chart,
    bucket,
    external_artifact,
    provider,
    alert,
    receiver,
    image_repository,
    image_policy,
    image_update_automation,
    deployment,
    stateful_set,
    daemon_set,
    pod,
    node,
}

/// The Kustomization's kind, which lists fall back on.
pub static KUSTOMIZATION: &Kind = &kustomization::KIND;

/// The HelmRelease's kind.
pub static HELM_RELEASE: &Kind = &helm_release::KIND;

/// The GitRepository's kind.
pub static GIT_REPOSITORY: &Kind = &git_repository::KIND;

/// The HelmChart's kind.
pub static HELM_CHART: &Kind = &helm_chart::KIND;

/// The Deployment's kind.
pub static DEPLOYMENT: &Kind = &deployment::KIND;

/// The Node's kind.
pub static NODE: &Kind = &node::KIND;

/// The Pod's kind.
pub static POD: &Kind = &pod::KIND;

/// The kinds that keep pods at a number, which Home counts.
pub static WORKLOADS: &[&Kind] = &[&deployment::KIND, &stateful_set::KIND, &daemon_set::KIND];

/// Returns the kind of an object, by its group and its name: a namesake of another group is none of ours.
pub fn kind_of(object: &ObjectRef) -> Option<&'static Kind> {
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

/// Tells whether Flux takes content from objects of a kind.
pub fn is_source(kind: &Kind) -> bool {
    kind.controller == "source-controller"
}

/// Iterates over the kinds that Flux takes content from.
pub fn sources() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| is_source(kind))
}

/// Iterates over the kinds of Flux.
pub fn flux() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.flux)
}

#[cfg(test)]
mod tests;
