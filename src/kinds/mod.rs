//! One file per resource kind: its name, row, columns and lesson.
//!
//! A kind is a file here and its name in [`KINDS`]; lists, watches, help and lessons take everything from there.

mod certificate;
mod essence;
pub mod flux;
mod settled;
mod shell;
mod source;
mod warning;
mod workload;

pub use essence::{essence, in_source, short_cause};
pub use flux::short_revision;

use jiff::Timestamp;

use crate::model::{Kind, ObjectRef, Row};

/// Declares the kinds, one file each: their modules, and the list. `cargo fmt` does not format a macro; `.ci/format`
/// does.
macro_rules! kinds {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// Every kind, those of Flux first, in the order of display.
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

/// Events of type Warning: what went wrong lately. Home alone lists them, beside what it judges by.
pub static WARNING: &Kind = &warning::KIND;

/// Certificates of cert-manager, for when they end. Home alone lists them so; elsewhere they are as their server prints them.
pub static CERTIFICATE: &Kind = &certificate::KIND;

/// The kinds that Home shows where it has room, and that nothing is judged by.
pub static BESIDE: &[&Kind] = &[WARNING, CERTIFICATE];

/// The kinds that keep a number of pods, which Home counts.
pub static WORKLOADS: &[&Kind] = &[&deployment::KIND, &stateful_set::KIND, &daemon_set::KIND];

/// Returns when a certificate ends and when it was to be renewed, where that is news: it is over, its renewal is late, or no renewal is known.
pub fn certificate_ending(row: &Row, now: Timestamp) -> Option<(Timestamp, Option<Timestamp>)> {
    certificate::ending(row, now)
}

/// Returns the kind of an object, by its group and its name: a namesake in another group is not one of these.
pub fn kind_of(object: &ObjectRef) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.is(object))
}

/// Completes an object that the user typed, such as `ks/flux-system/apps`: a plural or an alias becomes the kind; a
/// typed group stays.
pub fn complete(object: ObjectRef) -> ObjectRef {
    match find(&object.whole_kind()) {
        Some(kind) => kind.object(&object.namespace, &object.name),
        None => object,
    }
}

/// Finds a kind by a word of the user: its kind, plural or alias, in any case, each also with its group behind a dot.
pub fn find(word: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.is_called(word))
}

/// Iterates over the kinds that are always watched.
pub fn watched() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.watched)
}

/// Tells whether a kind is a source of Flux.
pub fn is_source(kind: &Kind) -> bool {
    kind.controller == "source-controller"
}

/// Iterates over the sources of Flux.
pub fn sources() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| is_source(kind))
}

/// Iterates over the kinds of Flux.
pub fn flux() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.flux)
}

#[cfg(test)]
mod tests;
