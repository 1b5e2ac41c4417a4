//! Invalid values of a plain Secret: no base64 where the API server requires it, or the mask of `flux build`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{head_object, object};
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::sops::{Entry, SopsFile};
use crate::yaml::Value;
use crate::yaml::confidential::is_mask;

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-data",
    about: "data of a Secret that is not base64, or the mask that flux build prints",
    check: RuleInput::File(check),
};

fn check(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    if file.is_encrypted() {
        return opened(file, context, found);
    }
    for (line, document) in file.documents() {
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("kind") != "Secret" || text("apiVersion").contains('/') {
            continue;
        }
        for block in ["data", "stringData"] {
            let values = document.get(block).and_then(Value::as_mapping);
            let wrong = values.into_iter().flatten().find_map(|(key, value)| {
                let (key, value) = (key.as_str()?, value.as_str()?);
                Some((key, mistake(block, value)?))
            });
            let Some((key, (message, why, fix))) = wrong else { continue };
            let at = file.lines().skip(line.saturating_sub(1)).find(|(_, text)| names(text, key));
            let message = format!("{block}.{key} {message}");
            let finding = Finding::new(RULE.id, &file.path, message, why, fix).about(object(document));
            found.push(finding.on(at.map_or(*line, |(number, _)| number)));
        }
    }
}

/// Reports the values that a key at hand opens, and that are no base64 below `data`: Flux opens the Secret, and the API
/// server refuses it.
fn opened(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(sealed) = file.sealed().filter(|_| !file.is_closed() && file.mistake().is_none()) else { return };
    let heads = sealed.documents();
    let Ok(opened) = SopsFile::parse(sealed.format(), sealed.text()).and_then(|own| own.decrypt(context.identities))
    else {
        return;
    };
    // A variable in it is put in after decryption.
    let is_wrong = |entry: &&Entry| {
        entry.base64 && entry.encrypted && entry.bytes().is_none() && !entry.secret.expose().contains("${")
    };
    let wrong = opened.entries().iter().filter(is_wrong);
    for entry in wrong {
        let message = format!("{} is not base64, once it is decrypted", entry.path);
        let why = "the API server refuses the Secret, and the whole Kustomization fails";
        let fix = format!("set it again: fluxdeck secret set {} {} encodes it", file.path, entry.path);
        let object = heads.get(entry.document).and_then(head_object);
        let key = entry.path.to_string();
        let key = key.rsplit('.').next().unwrap_or_default().to_owned();
        let line = file.lines().find(|(_, text)| names(text, &key)).map(|(number, _)| number);
        let finding = Finding::new(RULE.id, &file.path, message, why, fix).about(object);
        found.push(Finding { line, ..finding });
    }
}

fn mistake(block: &str, value: &str) -> Option<(&'static str, &'static str, &'static str)> {
    if is_mask(value) {
        return Some((
            "is the mask that flux build and flux diff print in the place of a secret",
            "Flux applies the mask as the value, and its consumers get that",
            "bring the sealed file back from git's history; what flux build prints is for reading alone",
        ));
    }
    // Flux, a generator or sops has yet to fill in such a value.
    let is_open = value.contains("${") || value.contains("{{") || value.starts_with("ENC[");
    let bytes = || STANDARD.decode(value.replace(['\n', '\r'], ""));
    (block == "data" && !is_open && bytes().is_err()).then_some((
        "is not base64",
        "the API server refuses the Secret, and the whole Kustomization fails",
        "write the value as it is below stringData, and encrypt the file: fluxdeck secret encrypt",
    ))
}

fn names(line: &str, key: &str) -> bool {
    let word = line.trim_start().trim_start_matches(['"', '\'']);
    word.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
}
