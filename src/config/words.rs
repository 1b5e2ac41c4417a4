//! The words of a name, and those by which people mark a production cluster.
//!
//! A miss permits an unconfirmed write, a false alarm asks once more: so every common spelling of a name counts, and
//! lookalikes count as the worse. Excluded are English words (`product`, `reproduction`, `prodigy`) and words for
//! clusters before production (`preprod`, `nonprod`); `non-prod` contains production's word and counts.

use crate::model::text;

/// Words for production by themselves, in the languages of cluster names.
const PRODUCTION: [&str; 13] = [
    "production",
    "productions",
    "prod",
    "prd",
    "live",
    "productive",
    "produktion",
    "produktiv",
    "produzione",
    "produccion",
    "producao",
    "productie",
    "produkcja",
];

/// Words for production that also count inside a longer word: `euprod`, `prodcluster`.
const GROWN: [&str; 4] = ["production", "produktion", "prod", "prd"];

/// Prefixes that make it another word.
const BEFORE: [&str; 11] = ["pre", "re", "non", "no", "not", "un", "post", "co", "over", "under", "anti"];

/// Continuations of `prod` that make it another word: product, produce, produkt, prodigy, prodding, prodrome.
const BEHIND: [&str; 8] = ["uc", "ukt", "uit", "ig", "ding", "ded", "der", "rom"];

/// Tells whether a name contains a word for production: `prod-eu`, `admin@production`,
/// `arn:aws:eks:…:cluster/production`, `eksProd2`, `EUProd`, `shopprod`, `pr0d`, but not `product`, `reproduction` or
/// `preprod`.
///
/// A name with a letter beyond ASCII counts too, because it may only look like one of these words.
pub(super) fn says_production(name: &str) -> bool {
    let plain = folded(name);
    // The spelling with letters for digits; `prod01` is found as written.
    let spelled: String = plain.chars().map(letter_of).collect();
    !plain.is_ascii()
        || [&plain, &spelled].into_iter().any(|name| split_words(name).iter().any(|word| is_production(word)))
}

fn is_production(word: &str) -> bool {
    PRODUCTION.contains(&word)
        || GROWN.iter().any(|known| {
            let ends = word.strip_suffix(known).is_some_and(|before| !BEFORE.contains(&before));
            let behind = word.strip_prefix(known).filter(|_| *known != "prod" || !is_of_another(word));
            ends || behind.is_some()
        })
}

/// Tells whether a word that begins with `prod` is another word.
fn is_of_another(word: &str) -> bool {
    word.strip_prefix("prod").is_some_and(|behind| BEHIND.iter().any(|known| behind.starts_with(known)))
}

/// Words by which an owner marks a cluster that is not production.
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

/// Tells whether a name contains a word for another stage, and none for production.
pub(super) fn says_otherwise(name: &str) -> bool {
    !says_production(name) && split_words(&folded(name)).iter().any(|word| OTHERWISE.contains(&word.as_str()))
}

/// Writes a name without invisible characters, and with the variants of letters (full width, mathematical) as ASCII.
fn folded(name: &str) -> String {
    let plain = |character: char| {
        let code = u32::from(character);
        match code {
            0xff01..=0xff5e => char::from_u32(code.saturating_sub(0xfee0)).unwrap_or(character),
            _ => character,
        }
    };
    name.chars().filter(|character| !text::is_unseen(*character)).map(plain).collect()
}

fn letter_of(character: char) -> char {
    match character {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        other => other,
    }
}

/// Splits a name into its words in small letters: at every character that is not a letter, and between a small letter
/// and a capital. A run of capitals ends before its last, which begins the next word (`EUProd`), or with it (`PRODeu`):
/// both are taken. Consecutive single letters are one word (`p-r-o-d`).
fn split_words(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut alone = String::new();
    for part in name.split(|character: char| !character.is_alphabetic()).filter(|part| !part.is_empty()) {
        if part.chars().count() == 1 {
            alone.push_str(part);
        } else {
            found.push(std::mem::take(&mut alone));
            found.extend(split(part, true));
            found.extend(split(part, false));
        }
    }
    found.push(alone);
    found.retain(|word| !word.is_empty());
    for word in &mut found {
        word.make_ascii_lowercase();
    }
    found
}

/// Splits letters at their capitals; the last of a run begins the next word, or not.
fn split(part: &str, last_begins: bool) -> Vec<String> {
    let letters: Vec<char> = part.chars().collect();
    let mut found = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let was_small = before.is_some_and(|before| before.is_lowercase());
        let was_capital = before.is_some_and(|before| before.is_uppercase());
        let before_small = letters.get(at.saturating_add(1)).is_some_and(|next| next.is_lowercase());
        let in_run = at.checked_sub(2).and_then(|at| letters.get(at)).is_some_and(|before| before.is_uppercase());
        let begins = if letter.is_uppercase() {
            was_small || last_begins && was_capital && before_small
        } else {
            !last_begins && was_capital && in_run
        };
        if begins {
            found.push(String::new());
        }
        if let Some(word) = found.last_mut() {
            word.push(*letter);
        }
    }
    found
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
            // Acronyms beside words.
            "EUProd",
            "EKSProduction",
            "AWSProd-1",
            "eksPRODEu",
            "PRODeu",
            "myPROD",
            // Written together.
            "euprod",
            "shopprod",
            "shopprod2",
            "prodcluster",
            "proddb",
            "produs",
            "produk",
            "produat1",
            "eksprd01",
            "prdeu",
            "euproduction",
            "productioncluster",
            // In other languages.
            "produktion",
            "produktion-eu",
            "Produccion",
            // Spellings that people can read and a plain search misses.
            "pr0d",
            "pr0duct10n",
            "l1ve",
            "p-r-o-d",
            "p.r.o.d.u.c.t.i.o.n",
            "pr\u{200b}od",
            "pro\u{ad}d",
            "pr\u{3164}od",
            "\u{ff30}\u{ff32}\u{ff2f}\u{ff24}",
            "pr\u{43e}duction",
            "pr\u{f8}duction",
            "\u{43f}\u{440}\u{43e}\u{434}",
        ] {
            assert!(says_production(name), "{name}");
        }
        for name in [
            "",
            "staging",
            "product",
            "products-1",
            "productcatalog",
            "reproduction",
            "preprod",
            "preproduction",
            "nonprod",
            "alive",
            "delivery",
            "liver",
            "olive",
            "prodigy",
            "producer",
            "produce",
            "produkt",
            "produit",
            "productivity",
            "a-b-c",
            "EUStaging",
            "k3s-01",
            "k3d-dev",
            "kind-kind",
            "minikube",
            "PROtoDev",
            "lab",
            "stag\u{200b}ing",
        ] {
            assert!(!says_production(name), "{name}");
        }
    }

    #[test]
    fn words_say_otherwise_only_where_none_says_production() {
        for name in ["staging", "eu-staging-1", "Dev", "lab-test", "k3d-dev", "EUStaging", "AWSDev"] {
            assert!(says_otherwise(name), "{name}");
        }
        for name in [
            "",
            "lab",
            "home",
            "main",
            "cluster",
            "attest",
            "device",
            "production-test",
            "staging-live",
            "dev-euprod",
            "d\u{435}v",
        ] {
            assert!(!says_otherwise(name), "{name}");
        }
    }
}
