//! An encrypted file where Flux decrypts nothing, or decrypts it as something else.

use super::{File, files, word};
use crate::check::{Context, Finding, Rule, RuleInput};
use crate::repo::{contents, path};
use crate::sops::{self, Format};
use crate::yaml::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "kustomize-sealed-input",
    about: "an encrypted file that a generator or patch reads where Flux does not decrypt it, or in another format",
    check: RuleInput::Repository(check),
};

const ONLY: &str =
    "kustomize-controller decrypts the files and envs of a secretGenerator and the files of patches, and no others";

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let root = &context.snapshot.root;
    for file in files(context) {
        let sealed = |named: &str| {
            let target = path::resolve(path::parent(&file.path), named)?;
            let text = contents::text(root, &target).ok().filter(|text| sops::sniff(text).is_some())?;
            Some((target, text))
        };
        let mut tell = |named: &str, message: String, why: String, fix: &str| {
            let finding = Finding::new(RULE.id, &file.path, message, why, fix);
            found.push(Finding { line: file.line(named), ..finding });
        };
        for (generator, entry) in inputs(file, "configMapGenerator") {
            let named = entry.split_once('=').map_or(entry, |(_, named)| named);
            if sealed(named).is_some() {
                let message = format!("the ConfigMap {} is made of the encrypted {named}", word(generator, "name"));
                let fix = "make a Secret of it with secretGenerator, which valuesFrom and pods read as well";
                tell(named, message, format!("its pods and releases get the ciphertext: {ONLY}"), fix);
            }
        }
        for (generator, entry) in inputs(file, "secretGenerator").into_iter().filter(|(_, entry)| !entry.is_empty()) {
            let is_env =
                generator.get("envs").and_then(Value::as_sequence).into_iter().flatten().any(|env| env == entry)
                    || generator.get("env").is_some_and(|env| env == entry);
            let (key, named) = entry.split_once('=').unwrap_or((path::name(entry), entry));
            let Some((target, text)) = sealed(named).filter(|_| !is_env) else { continue };
            let Some(fault) = misread(key, &target, &text) else { continue };
            let message =
                format!("the key {key} of the Secret {} is made of {named}, {fault}", word(generator, "name"));
            let why = "kustomize-controller chooses the format by the ending of the key, not of the file".to_owned();
            let fix = "give the key the ending of the format that the file was encrypted in";
            tell(named, message, why, fix);
        }
        for field in ["patchesStrategicMerge", "patchesJson6902"] {
            for item in file.items(field) {
                let named = item.as_str().or_else(|| item.get("path").and_then(Value::as_str)).unwrap_or_default();
                if !named.contains('\n') && sealed(named).is_some() {
                    let message = format!("{field} reads the encrypted {named}");
                    tell(
                        named,
                        message,
                        format!("the ciphertext is put into the object: {ONLY}"),
                        "write it below patches: - path: …",
                    );
                }
            }
        }
    }
}

/// Returns the entries of `files` and `envs` of generators.
fn inputs<'a>(file: &'a File, key: &str) -> Vec<(&'a Value, &'a str)> {
    let of = |generator: &'a Value| {
        let lists = ["files", "envs"].into_iter().filter_map(|list| generator.get(list)?.as_sequence()).flatten();
        let one = generator.get("env").into_iter();
        lists.chain(one).filter_map(Value::as_str).map(move |entry| (generator, entry))
    };
    file.items(key).flat_map(of).collect()
}

/// Tells how Flux misreads an encrypted file under the key of a Secret (kustomize-controller, `DecryptSources` and
/// `DecryptResource`).
fn misread(key: &str, file: &str, text: &str) -> Option<&'static str> {
    let wanted = if key.ends_with(".dockerconfigjson") { Format::Json } else { Format::from_path(key) };
    let is_whole = text.trim_start().starts_with('{') && Format::from_path(file) == Format::Binary;
    let own =
        if is_whole { Format::Binary } else { sops::SopsFile::parse(Format::from_path(file), text).ok()?.format() };
    match (own, wanted) {
        (Format::Binary, Format::Json) => {
            Some("encrypted as a whole: the Secret gets {\"data\": …} around its content")
        }
        (Format::Binary, Format::Yaml) => Some("encrypted as a whole: the Secret gets data: around its content"),
        (Format::Json | Format::Yaml | Format::Dotenv | Format::Ini, Format::Binary) => {
            Some("whose values are encrypted one by one: Flux fails, no binary data found in tree")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::misread;

    #[test]
    fn the_ending_of_the_key_chooses_the_format() {
        let block = "\"sops\": {\"age\": [{\"recipient\": \"age1x\", \"enc\": \"x\"}], \"lastmodified\": \"2026-01-01T00:00:00Z\", \"mac\": \"ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\", \"version\": \"3.13.3\"}";
        let whole = format!("{{\"data\": \"ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\", {block}}}");
        for (key, file, is_misread) in [
            ("realm.json", "realm.enc", true),
            ("tls.crt", "tls.crt.enc", false),
            ("config.json", "config.json", false),
            ("config", "config.json", true),
            (".dockerconfigjson", "docker.json", false),
        ] {
            assert_eq!(misread(key, file, &whole).is_some(), is_misread, "{key} of {file}");
        }
    }
}
