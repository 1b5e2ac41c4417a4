//! The kinds that a patch of kustomize targets: the kind of its target is a regular expression.

use super::super::expression::fits_whole;

/// Tells whether a patch is for Secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum PatchedKinds {
    /// It is for other kinds, or names its kind itself.
    #[default]
    Others,
    /// It may be for Secrets or any other kind.
    Any,
    /// It is for Secrets.
    Secrets,
}

/// Classifies the kind of a target: `Secret`, `Sec.*`, `ConfigMap|Secret`; a missing one, or one that matches every
/// kind, may be any.
pub(super) fn patched_kinds(kind: &str) -> PatchedKinds {
    let names = kind.split(['|', '(', ')', '^', '$']).any(|word| word == "Secret");
    if !fits_whole(kind, "Secret") {
        // An invalid expression may still name it.
        return if names { PatchedKinds::Secrets } else { PatchedKinds::Others };
    }
    if names || !fits_whole(kind, "ConfigMap") { PatchedKinds::Secrets } else { PatchedKinds::Any }
}

#[cfg(test)]
mod tests {
    use super::{PatchedKinds, patched_kinds};

    #[test]
    fn the_kind_of_a_target_is_an_expression() {
        for kind in [
            "Secret",
            "Sec.*",
            "S[e]cret",
            "ConfigMap|Secret",
            "(Secret|ConfigMap)",
            "^Secret$",
            "Secret.*",
            ".ecret",
            "\\QSecret\\E",
        ] {
            assert_eq!(patched_kinds(kind), PatchedKinds::Secrets, "{kind}");
        }
        for kind in ["", ".*", ".+", "[A-Z].*"] {
            assert_eq!(patched_kinds(kind), PatchedKinds::Any, "{kind}");
        }
        for kind in ["ConfigMap", "Sec", "SecretStore", "Deployment|StatefulSet", "secret"] {
            assert_eq!(patched_kinds(kind), PatchedKinds::Others, "{kind}");
        }
    }
}
