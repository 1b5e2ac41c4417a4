//! Decrypts what a Kustomization applies as kustomize-controller does: objects with a `sops` block, values of Secrets
//! that are encrypted files, and what generators make of encrypted files, with the names that the plain content gives
//! them. Everything stays in memory.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::name_hash;
use crate::cluster::mask::is_secret;
use crate::model::{Fault, ObjectRef};
use crate::render::{EncryptedInputs, Rendered, Rendering, has_stand_in, stood_for};
use crate::sops::{Format, Identities, decrypt_object, decrypt_source, is_marked, sniff, source_format};

/// Holds an object with its values decrypted. Its `Debug` prints nothing of it.
pub(super) struct DecryptedObject {
    /// The object, before variables are substituted where some are left.
    pub(super) body: Value,
    /// Whether anything of it was encrypted.
    pub(super) was_encrypted: bool,
    /// The keys of structured files, which sops may lay out otherwise as it decrypts them, so that a hash in the name
    /// may differ, too.
    pub(super) laid_out: Vec<String>,
}

impl std::fmt::Debug for DecryptedObject {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DecryptedObject")
    }
}

/// Tells whether an environment has anything encrypted, for which keys are needed.
pub(super) fn needs_keys(rendering: &Rendering, env: &str) -> bool {
    rendering.objects(env).any(|(_, object)| object.body.get("sops").is_some() || has_encrypted_values(&object.body))
}

/// Decrypts the objects of a Kustomization, in their order, if it decrypts; one that cannot be decrypted has the reason.
pub(super) fn decrypted(
    one: &Rendered,
    decrypts: bool,
    keys: &Result<Identities, Fault>,
) -> Vec<Result<DecryptedObject, String>> {
    let mut opener = Opener { decrypts, keys, inputs: &one.encrypted_inputs, files: BTreeMap::new() };
    let mut names = Names::default();
    let mut found = Vec::new();
    for (index, object) in one.objects.iter().enumerate() {
        let body = one.unsubstituted.get(&index).unwrap_or(&object.body);
        let result = opener.open(body, &mut names);
        if let (Err(why), Some(_)) = (&result, name_hash::base(body)) {
            names.unknown.push((object.object.name.clone(), format!("{}, which is not known: {why}", object.object)));
        }
        found.push(result);
    }
    for one in &mut found {
        let Ok(object) = one else { continue };
        let unknown = names.unknown.iter().find(|(name, _)| mentions(&object.body, name));
        if let Some((_, why)) = unknown {
            *one = Err(format!("it uses the name of {why}"));
        } else {
            names.known.iter().for_each(|(old, new)| rename(&mut object.body, old, new));
        }
    }
    found
}

/// Decrypts one object by itself, such as a source of variables.
///
/// # Errors
/// Fails with the reason why it cannot be decrypted.
pub(super) fn decrypted_alone(
    body: &Value,
    one: &Rendered,
    decrypts: bool,
    keys: &Result<Identities, Fault>,
) -> Result<Value, String> {
    let mut opener = Opener { decrypts, keys, inputs: &one.encrypted_inputs, files: BTreeMap::new() };
    opener.open(body, &mut Names::default()).map(|object| object.body)
}

/// Holds the names with a hash that the build gave to encrypted content.
#[derive(Default)]
struct Names {
    /// Each with the name of the plain content.
    known: Vec<(String, String)>,
    /// Those whose content cannot be decrypted, each with the reason.
    unknown: Vec<(String, String)>,
}

/// The variables of a file by their names.
type FileVariables = BTreeMap<String, Zeroizing<String>>;

struct Opener<'a> {
    /// Whether the Kustomization has `spec.decryption`.
    decrypts: bool,
    keys: &'a Result<Identities, Fault>,
    inputs: &'a EncryptedInputs,
    /// The decrypted files of variables.
    files: BTreeMap<String, Result<FileVariables, String>>,
}

impl Opener<'_> {
    fn keys(&self) -> Result<&Identities, String> {
        self.keys.as_ref().map_err(|fault| format!("it is encrypted, and {}: {}", fault.what, fault.why))
    }

    fn open(&mut self, body: &Value, names: &mut Names) -> Result<DecryptedObject, String> {
        if body.get("sops").is_some() {
            if !self.decrypts {
                return Err(
                    "it is encrypted and its Kustomization has no spec.decryption, so Flux refuses it".to_owned()
                );
            }
            let body = decrypt_object(body, self.keys()?).map_err(|error| format!("it is encrypted: {error}"))?;
            return Ok(DecryptedObject { body, was_encrypted: true, laid_out: Vec::new() });
        }
        let mut object = DecryptedObject { body: body.clone(), was_encrypted: false, laid_out: Vec::new() };
        if !is_secret(&ObjectRef::of_body(body)) {
            let is_open = !mentions(body, "ENC[") || !holds_stand_in(body);
            return if is_open { Ok(object) } else { Err(of_a_config_map()) };
        }
        for (key, value) in object.body.get_mut("data").and_then(Value::as_object_mut).into_iter().flatten() {
            if let Some(bytes) = self.value(key, value)? {
                *value = name_hash::encoded(&bytes).into();
                object.was_encrypted = true;
                if !matches!(source_format(key), Format::Binary | Format::Dotenv) {
                    object.laid_out.push(key.clone());
                }
            }
        }
        if object.was_encrypted {
            match name_hash::renamed(body, &object.body) {
                Ok(Some((old, new))) => {
                    names.known.push((old, new.clone()));
                    if let Some(name) = object.body.pointer_mut("/metadata/name") {
                        *name = new.into();
                    }
                }
                Ok(None) => {}
                Err(why) => return Err(why),
            }
        }
        Ok(object)
    }

    /// Decrypts a value of a Secret; `None` if it is not encrypted, or Flux leaves it encrypted.
    fn value(&mut self, key: &str, value: &Value) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        let Some(bytes) = value.as_str().and_then(decoded) else { return Ok(None) };
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
        if let Some((file, name)) = stood_for(text) {
            return self.variable(file, name).map(Some);
        }
        let format = source_format(key);
        // Flux applies the encrypted text where it is not told to decrypt.
        if !self.decrypts || sniff(text).is_none() {
            return Ok(None);
        }
        if !is_marked(format, text) {
            return Err(format!(
                "the encrypted file of {key} is not of the format that its name tells, so Flux refuses it"
            ));
        }
        let opened = decrypt_source(format, text, self.keys()?);
        opened.map(Some).map_err(|error| format!("the file of {key} is encrypted: {error}"))
    }

    /// Finds the value of a variable in an encrypted file.
    fn variable(&mut self, file: &str, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        if !self.decrypts {
            return Err(format!("{file} is encrypted and its Kustomization has no spec.decryption"));
        }
        if !self.files.contains_key(file) {
            let found = self.file(file);
            self.files.insert(file.to_owned(), found);
        }
        let known = self.files.get(file).ok_or_else(String::new)?.as_ref().map_err(Clone::clone)?;
        let value = known.get(name).ok_or_else(|| format!("{file} has no variable {name}"))?;
        Ok(Zeroizing::new(value.as_bytes().to_vec()))
    }

    fn file(&self, file: &str) -> Result<FileVariables, String> {
        let bytes = self.inputs.get(file).ok_or_else(|| format!("{file} is not at hand"))?;
        let text = std::str::from_utf8(bytes).map_err(|_| format!("{file} is no text"))?;
        // Any other name counts as one of a file of variables.
        let format = match source_format(file) {
            Format::Binary => Format::Dotenv,
            other => other,
        };
        let plain =
            decrypt_source(format, text, self.keys()?).map_err(|error| format!("{file} is encrypted: {error}"))?;
        Ok(variables_of_lines(&String::from_utf8_lossy(&plain)))
    }
}

/// Reads lines of `NAME=value` as kustomize does: spaces before a name are nothing, and all behind the sign is the value.
fn variables_of_lines(text: &str) -> FileVariables {
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().map(str::trim_start);
    let own = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    own.map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned()))).collect()
}

/// Decodes a value of a Secret; kustomize breaks long ones into lines.
fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.replace(['\n', '\r'], "")).ok()
}

fn of_a_config_map() -> String {
    "a configMapGenerator reads an encrypted file, which Flux does not decrypt for it".to_owned()
}

/// Tells whether a Secret has values that are encrypted files, or stand-ins for encrypted variables.
fn has_encrypted_values(body: &Value) -> bool {
    let values = body.get("data").and_then(Value::as_object).into_iter().flatten().map(|(_, value)| value);
    let texts = values.filter_map(|value| String::from_utf8(decoded(value.as_str()?)?).ok());
    is_secret(&ObjectRef::of_body(body)) && { texts }.any(|text| sniff(&text).is_some() || stood_for(&text).is_some())
}

fn holds_stand_in(value: &Value) -> bool {
    any_text(value, &mut has_stand_in)
}

pub(super) fn mentions(value: &Value, name: &str) -> bool {
    any_text(value, &mut |text| text.contains(name))
}

/// Tells whether a text of a value, or a key, is one that is looked for.
pub(super) fn any_text(value: &Value, is_it: &mut dyn FnMut(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_it(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, is_it)),
        Value::Object(fields) => fields.iter().any(|(key, item)| is_it(key) || any_text(item, is_it)),
        _ => false,
    }
}

/// Puts another name in the place of a name with a hash, which occurs nowhere by chance.
pub(super) fn rename(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text.contains(old) => *text = text.replace(old, new),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, old, new)),
        Value::Object(fields) => fields.values_mut().for_each(|item| rename(item, old, new)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{decrypted, needs_keys, variables_of_lines};
    use crate::model::{Fault, FaultKind};
    use crate::render::{Object, Origin, Rendered, Rendering};
    use crate::secret::Secret;
    use crate::sops::{Format, Identities, NewFile, create, generate};

    /// Returns the rendering of a Secret of an encrypted file of variables, with an object that uses its name, and the key.
    fn rendered(name: &str) -> (Rendered, Result<Identities, Fault>) {
        let (key, recipient) = generate();
        let file = NewFile::for_recipients(&[recipient], "");
        let sealed = create(Format::Dotenv, &Secret::new("TOKEN=hunter2\n"), &file, Timestamp::UNIX_EPOCH).unwrap();
        let stand_in = STANDARD.encode("ENC[variable apps/a.env#TOKEN]");
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "web"}, "type": "Opaque",
            "data": {"TOKEN": stand_in}
        });
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "web"},
            "spec": {"containers": [{"name": "web", "envFrom": [{"secretRef": {"name": name}}]}]}
        });
        let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "web"}});
        let objects = [secret, pod, other].map(|body| Object::new(body, Origin::default(), Vec::new())).to_vec();
        let encrypted_inputs = [("apps/a.env".to_owned(), Arc::new(sealed.into_bytes()))].into();
        let one = Rendered { env: "lab".to_owned(), objects, encrypted_inputs, ..Rendered::default() };
        (one, Identities::from_text(&key).map_err(|_| none()))
    }

    fn none() -> Fault {
        Fault::new(FaultKind::Undecryptable, "no age key is at hand", "none is known", "")
    }

    /// The name with the hash of the stand-in, as kustomize makes it.
    fn hashed() -> String {
        let (one, _) = rendered("login");
        format!("login-{}", super::name_hash::hash_of(&one.objects[0].body))
    }

    #[test]
    fn a_generated_secret_has_its_values_and_the_name_that_they_give() {
        let (one, keys) = rendered(&hashed());
        let rendering = Rendering { of: vec![one.clone()], ..Rendering::default() };
        assert!(needs_keys(&rendering, "lab"));
        let found: Vec<Value> = decrypted(&one, true, &keys).into_iter().map(|one| one.unwrap().body).collect();
        assert_eq!(found[0]["data"]["TOKEN"], STANDARD.encode("hunter2"));
        let name = found[0]["metadata"]["name"].as_str().unwrap();
        // As kustomize 5.7 names it.
        assert_eq!(name, "login-7tc776kkbt");
        assert_eq!(found[1].pointer("/spec/containers/0/envFrom/0/secretRef/name").unwrap(), name);
        let (one, keys) = rendered("login");
        let found = decrypted(&one, true, &keys);
        assert_eq!(found[0].as_ref().unwrap().body["metadata"]["name"], "login");
    }

    #[test]
    fn without_a_key_it_is_not_known_and_neither_is_what_uses_its_name() {
        let (one, _) = rendered(&hashed());
        let found = decrypted(&one, true, &Err(none()));
        assert!(found[0].as_ref().unwrap_err().contains("no age key is at hand"));
        assert!(found[1].as_ref().unwrap_err().starts_with("it uses the name of Secret/web/login-"));
        assert!(found[2].is_ok());
        let found = decrypted(&one, false, &Err(none()));
        assert!(found[0].as_ref().unwrap_err().contains("has no spec.decryption"));
    }

    #[test]
    fn lines_are_read_as_kustomize_reads_them() {
        let found = variables_of_lines("\u{feff}A=1\r\n  B= x = y \n# C=3\n\nD\n");
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, [("A", "1"), ("B", " x = y ")]);
    }
}
