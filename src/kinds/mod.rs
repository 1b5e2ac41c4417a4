//! One file per resource kind: its name, row, columns and lesson.
//!
//! A kind is a file here and a line in [`KINDS`]; lists, watches, help and lessons take everything from there.

mod bucket;
mod deployment;
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
mod tests {
    use std::collections::HashSet;

    use super::{KINDS, find, flux};

    #[test]
    fn every_name_means_one_kind() {
        let mut names = HashSet::new();
        for kind in KINDS {
            let own: HashSet<String> = [kind.kind.to_lowercase(), kind.plural.to_owned()]
                .into_iter()
                .chain(kind.aliases.iter().map(ToString::to_string))
                .collect();
            for name in own {
                assert!(names.insert(name.clone()), "{name} is used twice");
            }
        }
        assert_eq!(find("KS").map(|kind| kind.kind), Some("Kustomization"));
        assert_eq!(find("helmreleases").map(|kind| kind.kind), Some("HelmRelease"));
        assert!(find("nothing").is_none());
        assert_eq!(flux().count(), 7);
    }

    #[test]
    fn every_lesson_is_whole() {
        for kind in KINDS {
            let object = kind.object("team", "thing");
            for object in [None, Some(&object)] {
                let lesson = (kind.lesson)("arn:aws:eks/prod env", object);
                assert!(lesson.shell.contains("--context 'arn:aws:eks/prod env'"), "{}", lesson.shell);
                if object.is_some() {
                    assert!(lesson.shell.contains("thing") && lesson.shell.contains("-n team"), "{}", lesson.shell);
                }
                assert!(lesson.why.len() > 20 && lesson.look_for.len() > 20, "{}", kind.kind);
                assert!(lesson.docs.starts_with("https://"), "{}", kind.kind);
            }
            assert!(!kind.columns.is_empty());
        }
    }
}
