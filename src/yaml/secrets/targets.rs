//! For which kinds a patch of kustomize is: the kind of its target is a regular expression.

use super::super::expression::fits_whole;

/// Says whether a patch is for Secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reach {
    /// It is for other kinds, or says itself which it is for.
    #[default]
    Others,
    /// It may be for Secrets as for any other kind.
    Any,
    /// It is for Secrets.
    Secrets,
}

/// Judges the kind of a target: `Secret`, `Sec.*`, `ConfigMap|Secret`; none at all, or one that fits every kind, says nothing of Secrets.
pub(super) fn reach(kind: &str) -> Reach {
    let names = kind.split(['|', '(', ')', '^', '$']).any(|word| word == "Secret");
    if !fits_whole(kind, "Secret") {
        // What Kubernetes cannot read as an expression may still name it.
        return if names { Reach::Secrets } else { Reach::Others };
    }
    if names || !fits_whole(kind, "ConfigMap") { Reach::Secrets } else { Reach::Any }
}

#[cfg(test)]
mod tests {
    use super::{Reach, reach};

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
            assert_eq!(reach(kind), Reach::Secrets, "{kind}");
        }
        for kind in ["", ".*", ".+", "[A-Z].*"] {
            assert_eq!(reach(kind), Reach::Any, "{kind}");
        }
        for kind in ["ConfigMap", "Sec", "SecretStore", "Deployment|StatefulSet", "secret"] {
            assert_eq!(reach(kind), Reach::Others, "{kind}");
        }
    }
}
