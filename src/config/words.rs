//! The words of a name, and those that say that people depend on what is called so.

/// Words that say by themselves that people depend on the cluster.
const PRODUCTION: [&str; 4] = ["production", "prod", "prd", "live"];

/// Tells whether a name has a word that says production: `prod-eu`, `admin@production`, `arn:aws:eks:…:cluster/production`, `eksProd2`, but not
/// `product` or `reproduction`.
pub(super) fn says_production(name: &str) -> bool {
    words(name).any(|word| PRODUCTION.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Words by which an owner says that nobody depends on the cluster.
const OTHERWISE: [&str; 14] = [
    "staging",
    "stage",
    "stg",
    "dev",
    "devel",
    "develop",
    "development",
    "test",
    "testing",
    "qa",
    "uat",
    "sandbox",
    "preview",
    "demo",
];

/// Tells whether a name has a word that says something else than production, and none that says production.
pub(super) fn says_otherwise(name: &str) -> bool {
    !says_production(name) && words(name).any(|word| OTHERWISE.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Splits a name where something other than a letter stands, and where a capital follows a small letter.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|character: char| !character.is_alphabetic()).flat_map(|part| {
        let mut starts = vec![0];
        let mut was_small = false;
        for (at, character) in part.char_indices() {
            if was_small && character.is_uppercase() {
                starts.push(at);
            }
            was_small = character.is_lowercase();
        }
        let ends: Vec<usize> = starts.iter().skip(1).copied().chain([part.len()]).collect();
        starts.into_iter().zip(ends).filter_map(|(start, end)| part.get(start..end))
    })
}

#[cfg(test)]
mod tests {
    use super::{says_otherwise, says_production};

    #[test]
    fn words_say_production_wherever_they_stand() {
        for name in [
            "production",
            "PRODUCTION",
            "Prod",
            "live",
            "production-1",
            "production1",
            "prod01",
            "prod-eu",
            "eu-prod",
            "eu_prd",
            "prd",
            "admin@production",
            "arn:aws:eks:eu-west-1:1234:cluster/production",
            "gke_my-prod_europe-west1_main",
            "eksProdEu",
            "shop.live",
        ] {
            assert!(says_production(name), "{name}");
        }
        for name in ["", "staging", "product", "products-1", "reproduction", "preprod", "alive", "delivery", "prodigy"]
        {
            assert!(!says_production(name), "{name}");
        }
    }

    #[test]
    fn words_say_otherwise_only_where_none_says_production() {
        for name in ["staging", "eu-staging-1", "Dev", "lab-test", "k3d-dev"] {
            assert!(says_otherwise(name), "{name}");
        }
        for name in ["", "lab", "home", "main", "cluster", "attest", "device", "production-test", "staging-live"] {
            assert!(!says_otherwise(name), "{name}");
        }
    }
}
