//! A quick check of a text: whether it is encrypted, in any format, and for whom.

/// Tells whether a text is encrypted with SOPS, and returns its age recipients; it reads lines without parsing, so it
/// is cheap enough for every file of a repository. `None` if it is not encrypted.
pub fn sniff(text: &str) -> Option<Vec<String>> {
    // Most files end here: Flux searches for this very text.
    if !text.contains("ENC[AES256_GCM") {
        return None;
    }
    yaml(text).or_else(|| json(text)).or_else(|| flat(text))
}

fn yaml(text: &str) -> Option<Vec<String>> {
    let mut inside = false;
    let mut sealed = false;
    let mut recipients: Vec<String> = Vec::new();
    for line in text.lines() {
        // No YAML begins so: it is a document with YAML in it.
        if line.starts_with('`') {
            return None;
        }
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
            "recipient" => add(&mut recipients, value),
            _ => {}
        }
    }
    sealed.then_some(recipients)
}

fn add(recipients: &mut Vec<String>, recipient: &str) {
    if !recipients.iter().any(|known| known == recipient) {
        recipients.push(recipient.to_owned());
    }
}

/// Searches for `"sops": {…, "mac": "ENC[…"`, on one line or several.
fn json(text: &str) -> Option<Vec<String>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let (_, block) = text.rsplit_once("\"sops\"").filter(|(_, rest)| rest.trim_start().starts_with(':'))?;
    let strings = |name: &'static str| {
        block.split(name).skip(1).filter_map(|rest| {
            let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
            value.split('"').next()
        })
    };
    let mut recipients = Vec::new();
    strings("\"recipient\"").for_each(|recipient| add(&mut recipients, recipient));
    strings("\"mac\"").any(|mac| mac.starts_with("ENC[")).then_some(recipients)
}

/// Searches for `sops_mac=ENC[…` (dotenv), or `mac = ENC[…` below `[sops]` (INI).
fn flat(text: &str) -> Option<Vec<String>> {
    let (mut inside, mut sealed, mut recipients) = (false, false, Vec::new());
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.trim_end() == "[sops]";
            continue;
        }
        let Some((name, value)) = line.split_once('=') else { continue };
        let Some(name) = name.strip_prefix("sops_").or_else(|| inside.then(|| name.trim())) else { continue };
        match name {
            "mac" => sealed |= value.trim_start().starts_with("ENC["),
            name if name.ends_with("__map_recipient") => add(&mut recipients, value.trim()),
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
        assert_eq!(sniff(&format!("Like this:\n\n```\nsops:\n{block}```\n")), None, "a document that shows one");
        assert_eq!(sniff("# sops:\n#    mac: ENC[AES256_GCM,x\na: b\n"), None);
    }

    #[test]
    fn the_other_formats_have_their_own_marks() {
        let one = Some(vec!["age1one".to_owned()]);
        let json = "{\"a\":\"ENC[AES256_GCM,x]\",\"sops\":{\"age\":[{\"recipient\":\"age1one\"}],\"mac\":\"ENC[AES256_GCM,y]\"}}";
        assert_eq!(sniff(json), one);
        assert_eq!(sniff(&json.replace(':', ": ").replace(',', ",\n\t")), one);
        assert_eq!(sniff("{\"a\": \"ENC[AES256_GCM,x]\", \"mac\": \"ENC[\"}"), None);
        let dotenv = "A=ENC[AES256_GCM,x]\nsops_age__list_0__map_recipient=age1one\nsops_mac=ENC[AES256_GCM,y]\n";
        assert_eq!(sniff(dotenv), one);
        let ini =
            "[a]\nb = ENC[AES256_GCM,x]\n[sops]\nage__list_0__map_recipient = age1one\nmac   = ENC[AES256_GCM,y]\n";
        assert_eq!(sniff(ini), one);
        assert_eq!(sniff(&ini.replace("[sops]", "[other]")), None);
    }
}
