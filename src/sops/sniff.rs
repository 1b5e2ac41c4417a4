//! A quick look at a text: whether it is encrypted YAML, and for whom.

/// Tells whether a text is YAML encrypted with SOPS, and its age recipients; it reads lines and parses nothing, so every file of a
/// repository can be asked. `None` when it is not encrypted.
pub fn sniff(text: &str) -> Option<Vec<String>> {
    // Most files end here: Flux looks for this very text.
    if !text.contains("ENC[AES256_GCM") {
        return None;
    }
    let mut inside = false;
    let mut sealed = false;
    let mut recipients: Vec<String> = Vec::new();
    for line in text.lines() {
        if !line.starts_with([' ', '\t', '-']) && !line.is_empty() {
            inside = line.split(':').next().is_some_and(|key| matches!(key.trim(), "sops" | "\"sops\"" | "'sops'"));
            continue;
        }
        if !inside {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        match key.trim_start_matches([' ', '\t', '-']) {
            "mac" => sealed |= value.starts_with("ENC["),
            "recipient" if !recipients.iter().any(|known| known == value) => recipients.push(value.to_owned()),
            _ => {}
        }
    }
    sealed.then_some(recipients)
}

#[cfg(test)]
mod tests {
    use super::sniff;

    #[test]
    fn only_a_sops_block_at_the_top_with_a_mac_counts() {
        let block = "    age:\n        - recipient: age1one\n          enc: x\n    mac: ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\n";
        assert_eq!(sniff(&format!("a: b\nsops:\n{block}")), Some(vec!["age1one".to_owned()]));
        assert_eq!(sniff(&format!("a: b\nnested:\n{block}")), None);
        assert_eq!(sniff("sops:\n    age: []\n"), None);
        assert_eq!(sniff("# sops:\n#    mac: ENC[AES256_GCM,x\na: b\n"), None);
    }
}
