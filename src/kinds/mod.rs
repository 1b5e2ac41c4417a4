//! One file per resource kind: its name, row, columns and lesson.
//!
//! A kind is a file here and a line in [`KINDS`]; lists, watches, help and lessons take everything from there.

mod bucket;
mod deployment;
mod essence;
pub mod flux;
mod git_repository;
mod helm_chart;
mod helm_release;
mod helm_repository;
mod kustomization;
mod oci_repository;
mod pod;
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
    &deployment::KIND,
    &pod::KIND,
];

/// The Kustomization's kind, which lists fall back on.
pub static KUSTOMIZATION: &Kind = &kustomization::KIND;

/// Finds a kind by what the operator calls it: its kind, plural or alias, in any case.
pub fn find(word: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.is_called(word))
}

/// Iterates over the kinds of Flux, which are watched always.
pub fn flux() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.flux)
}

#[cfg(test)]
mod tests;
