//! The template adapted to a user: new recipients, new passwords, a domain and an owner.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{FILES, KEYS};
use crate::model::Fault;
use crate::secret::Secret;
use crate::sops::{Format, Identities, NewFile, Opened, SopsFile, create, sniff};

/// The part of a Secret that is encrypted, by every `.sops.yaml` of the template.
const ENCRYPTED: &str = "^(data|stringData)$";
/// The prefix of the template's passwords: each is replaced by a new one, equal ones by equal ones.
const THROWAWAY: &str = "throwaway-";
/// The prefix of the template's key of Laravel: 32 bytes in base64, its only valid form.
const LARAVEL_KEY: &str = "base64:";
/// The prefix of values that only the operator can get, such as a token of Cloudflare.
const REPLACE_ME: &str = "replace-me-";
/// The domain and the repository that the template's files name.
const DOMAIN: &str = "homelab.example";
const REPOSITORY: &str = "OWNER/homelab";

/// Generates new random values.
pub trait Fresh {
    /// Generates a password of letters and digits, which needs no escaping in a URL.
    fn password(&mut self) -> Secret;
    /// Generates 32 bytes, in base64.
    fn key(&mut self) -> Secret;
}

/// The names that replace the template's own in its files.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The domain, such as `example.org`.
    pub domain: Option<String>,
    /// The repository at the forge, such as `me/homelab`.
    pub repository: Option<String>,
}

impl Names {
    fn apply(&self, text: &str) -> String {
        let text = text.replace(DOMAIN, self.domain.as_deref().unwrap_or(DOMAIN));
        text.replace(REPOSITORY, self.repository.as_deref().unwrap_or(REPOSITORY))
    }
}

/// A value that only the operator can fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The environment.
    pub env: String,
    /// The encrypted file, from the repository's root.
    pub file: String,
    /// The value's place in it, such as `stringData.api-token`.
    pub path: String,
    /// The kind of value, such as `a token of cloudflare`.
    pub wanted: String,
}

/// The template with new recipients and values.
#[derive(Debug)]
pub struct FreshTemplate {
    /// Every file: its path with `/`, and its bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// The number of newly encrypted files.
    pub encrypted: usize,
    /// The number of values that were replaced by new ones.
    pub renewed: usize,
    /// The values for the operator to fill in.
    pub missing: Vec<Missing>,
}

/// One environment's change from the throwaway key to the new one.
struct Turn<'a> {
    env: &'static str,
    identities: Identities,
    old: String,
    new: &'a str,
}

/// Builds the template's files anew: encrypted for `recipients` (environment and public key), with fresh passwords and
/// these names.
///
/// # Errors
/// If an environment has no recipient, or a file of the template cannot be opened or encrypted, which is a defect.
pub fn make(
    recipients: &[(&str, &str)],
    names: &Names,
    now: Timestamp,
    fresh: &mut dyn Fresh,
) -> Result<FreshTemplate, Fault> {
    let turns = KEYS.iter().map(|(env, key)| turn(env, key, recipients)).collect::<Result<Vec<_>, _>>()?;
    let mut made = FreshTemplate { files: Vec::new(), encrypted: 0, renewed: 0, missing: Vec::new() };
    let mut known = HashMap::new();
    for (path, bytes) in FILES {
        let Ok(text) = std::str::from_utf8(bytes) else {
            made.files.push(((*path).to_owned(), bytes.to_vec()));
            continue;
        };
        let text = match sniff(text) {
            Some(found) => {
                let turn = turns
                    .iter()
                    .find(|turn| found.contains(&turn.old))
                    .ok_or_else(|| defect(path, "it is encrypted for nobody who is known"))?;
                made.encrypted = made.encrypted.saturating_add(1);
                let plain = renew(path, text, turn, names, &mut known, fresh, &mut made)?;
                create(Format::Yaml, &plain, &NewFile::for_recipients(&[turn.new.to_owned()], ENCRYPTED), now)
                    .map_err(|error| defect(path, error))?
            }
            None => turns.iter().fold(names.apply(text), |text, turn| text.replace(&turn.old, turn.new)),
        };
        made.files.push(((*path).to_owned(), text.into_bytes()));
    }
    Ok(made)
}

fn turn<'a>(env: &'static str, key: &str, recipients: &[(&str, &'a str)]) -> Result<Turn<'a>, Fault> {
    let identities = Identities::from_text(&Secret::new(key)).map_err(|why| defect(env, why))?;
    let old = identities.recipients().first().cloned().ok_or_else(|| defect(env, "its key file is empty"))?;
    let new = recipients
        .iter()
        .find_map(|(name, recipient)| (*name == env).then_some(*recipient))
        .ok_or_else(|| defect(env, "it has no new recipient"))?;
    Ok(Turn { env, identities, old, new })
}

/// Decrypts a file and replaces the template's own values; equal passwords stay equal, because a role and its
/// application share one.
fn renew(
    path: &str,
    text: &str,
    turn: &Turn<'_>,
    names: &Names,
    known: &mut HashMap<String, Secret>,
    fresh: &mut dyn Fresh,
    made: &mut FreshTemplate,
) -> Result<Secret, Fault> {
    let file = SopsFile::parse(Format::Yaml, text).map_err(|error| defect(path, error))?;
    let mut opened: Opened = file.decrypt(&turn.identities).map_err(|error| defect(path, error))?;
    let sealed: Vec<_> = opened
        .entries()
        .iter()
        .filter(|entry| entry.encrypted)
        .map(|entry| (entry.document, entry.path.clone(), entry.secret.duplicate()))
        .collect();
    for (document, place, old) in sealed {
        let word = old.expose();
        if let Some(wanted) = word.strip_prefix(REPLACE_ME) {
            made.missing.push(Missing {
                env: turn.env.to_owned(),
                file: path.to_owned(),
                path: place.to_string(),
                wanted: wanted.trim_start_matches("with-").replace('-', " "),
            });
            continue;
        }
        let new = if word.starts_with(THROWAWAY) {
            known.entry(word.to_owned()).or_insert_with(|| fresh.password()).duplicate()
        } else if word.starts_with(LARAVEL_KEY) {
            Secret::new(format!("{LARAVEL_KEY}{}", fresh.key().expose()))
        } else {
            Secret::new(names.apply(word))
        };
        if new != old {
            made.renewed = made.renewed.saturating_add(1);
            opened.set(document, &place, &new).map_err(|error| defect(path, error))?;
        }
    }
    opened.plaintext().map_err(|error| defect(path, error))
}

fn defect(place: &str, why: impl ToString) -> Fault {
    let todo = "this is a defect of fluxdeck: please report it";
    Fault::failed(format!("cannot make {place} of the template anew"), why.to_string(), todo)
}

#[cfg(test)]
mod tests;
