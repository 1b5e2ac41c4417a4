//! An unencrypted file from which a kustomization generates a Secret, or a patch for Secrets. The file itself does not
//! show that.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::plain_secret::WHY;
use crate::check::sources::ListedFile;
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::repo::kustomize::NAMES;
use crate::repo::{contents, path};
use crate::sops::Identities;
use crate::yaml::manifest;
use crate::yaml::secrets::{self, Source};

/// The largest size, in bytes, of a kustomization or of the values of a Secret.
const LARGEST: usize = 4 * 1024 * 1024;

/// The fix for a binary file.
const BINARY: &str = "encrypt it as it is: sops encrypt -i --input-type binary --output-type binary; change what is in it if it was ever pushed";

pub(in crate::check) const RULE: Rule = Rule {
    id: "secret-source-plaintext",
    about: "a file that a kustomization makes a Secret of, not encrypted",
    check: RuleInput::Files(check),
};

fn check(files: &[ListedFile], context: &Context<'_>, found: &mut Vec<Finding>) {
    let listed: HashMap<&str, &ListedFile> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut taken: BTreeMap<String, Vec<(String, Source)>> = BTreeMap::new();
    let mut add = |kustomization: &str, text: &str| {
        for source in sources_of(text) {
            if let Some(file) = path::resolve(path::parent(kustomization), &source.file) {
                taken.entry(file).or_default().push((kustomization.to_owned(), source));
            }
        }
    };
    for file in files.iter().filter(|file| is_yaml(&file.path)) {
        if let Some(text) = text_of(file) {
            add(&file.path, &text);
        }
    }
    // If only some files are checked, a kustomization outside of them may use one.
    let is_kustomization = |file: &&String| NAMES.contains(&path::name(file)) && !listed.contains_key(file.as_str());
    for file in context.listed().iter().filter(is_kustomization) {
        if let Ok(text) = contents::text(&context.snapshot.root, file) {
            add(file, &text);
        }
    }
    let mut told = BTreeSet::new();
    for (file, takers) in &taken {
        let here = listed.get(file.as_str());
        let bytes = match here {
            Some(listed) => listed.read(|bytes| bytes.ok().map(Cow::into_owned)),
            None => contents::bytes(&context.snapshot.root, file).ok(),
        };
        let Some(bytes) = bytes else { continue };
        // Flux decrypts the sources of a generator; sops writes text.
        let is_text = std::str::from_utf8(&bytes).is_ok();
        let is_encrypted =
            is_text && File::new(&ListedFile::known(file, bytes.as_slice()), &Identities::default()).is_encrypted();
        if is_encrypted {
            continue;
        }
        for (kustomization, source) in takers {
            let Some((line, key)) = source.usage.plain_bytes(&bytes) else { continue };
            // If neither file is checked, there is no finding.
            let (at, line) = match (here, listed.get(kustomization.as_str())) {
                (Some(_), _) => (file, line),
                (None, Some(_)) => (kustomization, None),
                (None, None) => continue,
            };
            if !told.insert((at, file)) {
                continue;
            }
            let maker = &source.taker;
            let plain = if is_text { "in plain text" } else { "no text and not encrypted" };
            let message =
                format!("{file} is {plain} (its value {key}), and {maker} of {kustomization} makes a Secret of it");
            let fix = if is_text {
                format!("fluxdeck secret encrypt {file} (or sops encrypt -i); change the value if it was ever pushed")
            } else {
                BINARY.to_owned()
            };
            let finding = Finding::new(RULE.id, at, message, WHY, fix);
            found.push(line.into_iter().fold(finding, Finding::on));
        }
    }
}

fn is_yaml(file: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end)) || NAMES.contains(&path::name(file))
}

pub(super) fn text_of(file: &ListedFile) -> Option<String> {
    let text = |bytes: &[u8]| {
        let is_small = bytes.len() <= LARGEST;
        std::str::from_utf8(bytes).ok().filter(|_| is_small).map(str::to_owned)
    };
    file.read(|bytes| text(&bytes.ok()?))
}

fn sources_of(text: &str) -> Vec<Source> {
    let may = manifest::may_hold_secrets(text) || text.contains("Secret") && text.contains("path");
    let documents = may.then(|| manifest::documents(text).ok()).flatten();
    documents.unwrap_or_default().iter().flat_map(secrets::sources).collect()
}
