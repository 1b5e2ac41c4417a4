//! Random words.

/// The prefixes of well-known services' tokens.
const PREFIXES: [&str; 54] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "glptt-",
    "glsoat-",
    "glagent-",
    "glcbt-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xoxs-",
    "xoxe-",
    "xapp-",
    "sk_live_",
    "rk_live_",
    "sk_test_",
    "sk-ant-",
    "sk-proj-",
    "whsec_",
    "npm_",
    "pypi-",
    "dckr_pat_",
    "dckr_oat_",
    "hvs.",
    "hvb.",
    "hvr.",
    "AIza",
    "SG.",
    "shpat_",
    "dop_v1_",
    "doo_v1_",
    "dp.pt.",
    "dp.st.",
    "lin_api_",
    "sntrys_",
    "sntryu_",
    "tskey-",
    "tfp_",
    "ATATT",
    "ya29.",
    "ops_eyJ",
    "nfp_",
    "pul-",
    "glsa_",
    "figd_",
    "hf_",
    "sbp_",
];

/// Tells whether a text contains a token of a well-known service.
pub fn holds_token(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    text.split(|letter| !is_letter(letter)).any(|word| {
        let is_long = |rest: &str| {
            let longest = rest.split(['_', '-', '.']).map(str::len).max().unwrap_or_default();
            let mut letters: Vec<u8> = rest.bytes().collect();
            letters.sort_unstable();
            letters.dedup();
            rest.len() >= 16 && longest >= 10 && letters.len() > 6
        };
        // A JSON Web Token: two JSON objects and a signature.
        let is_web_token = || {
            word.len() > 40
                && word.starts_with("eyJ")
                && word.split('.').nth(1).is_some_and(|part| part.starts_with("eyJ"))
        };
        PREFIXES.iter().filter_map(|prefix| word.strip_prefix(prefix)).any(is_long) || is_web_token()
    })
}

/// Tells whether a word looks random: twenty characters or more, letters and digits mixed, hardly any twice.
pub(super) fn is_random(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-');
    if text.len() < 20 || !text.bytes().all(is_word) {
        return false;
    }
    let (mut counts, mut kinds) = ([0_u32; 128], [false; 3]);
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
        kinds = [
            kinds.first() == Some(&true) || byte.is_ascii_digit(),
            kinds.get(1) == Some(&true) || byte.is_ascii_lowercase(),
            kinds.get(2) == Some(&true) || byte.is_ascii_uppercase(),
        ];
    }
    let letters = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / letters)
        .map(|share| -share * share.log2())
        .sum();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    kinds.first() == Some(&true) && digits >= 3 && entropy > 3.3 && !text.contains("--")
}
