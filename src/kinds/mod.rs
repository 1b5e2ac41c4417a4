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

use crate::model::Kind;

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

/// Finds a kind by what the operator calls it: its kind, plural or alias, in any case.
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
