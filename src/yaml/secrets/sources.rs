//! The files that a kustomization turns into Secrets, or inserts into them: their own text does not show it.

use super::super::confidential::is_confidential;
use super::super::{Value, manifest};
use super::targets::{PatchedKinds, patched_kinds};

/// Names a file that becomes a part of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, as the kustomization writes it.
    pub file: String,
    /// The object that uses it, in words: `secretGenerator app`.
    pub taker: String,
    /// The use of the file.
    pub usage: SourceUse,
}

/// Describes how a file becomes a part of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceUse {
    /// Each of its lines is a key and a value.
    Env,
    /// The whole file is the value of this key.
    Value(String),
    /// It is a patch for Secrets.
    Patch,
}

impl SourceUse {
    /// Names the first value in such a file that must stay secret, with its line if it is text. Bytes that are no text
    /// may be a keystore or a key: they count as plain unless they are known to be public, or encrypted by another
    /// program.
    pub fn plain_bytes(&self, bytes: &[u8]) -> Option<(Option<usize>, String)> {
        let by_line = |(line, key): (usize, String)| (Some(line), key);
        match (std::str::from_utf8(bytes), self) {
            (Ok(text), _) => self.plain(text).map(by_line),
            (Err(_), Self::Value(key)) => (!is_public(bytes) && !is_sealed(bytes)).then(|| (None, key.clone())),
            (Err(_), _) => self.plain(&String::from_utf8_lossy(bytes)).map(by_line),
        }
    }

    /// Names the first value in the text of such a file that must stay secret, with its line, from one.
    pub fn plain(&self, text: &str) -> Option<(usize, String)> {
        match self {
            Self::Env => (1_usize..).zip(text.lines()).find_map(|(number, line)| {
                let (key, value) = line.trim_start().split_once('=')?;
                let key = key.strip_prefix("export ").unwrap_or(key).trim();
                let is_pair = !key.is_empty() && !key.starts_with('#');
                (is_pair && is_confidential(key, value.trim_matches(['"', '\'']))).then(|| (number, key.to_owned()))
            }),
            Self::Value(key) => is_confidential(key, text).then(|| (1, key.clone())),
            Self::Patch => {
                let documents = manifest::documents(text).ok()?;
                let held = documents.iter().flat_map(super::of_patch).find(|held| held.is_plain(false))?;
                let (pointer, key) = (held.shown.replacen('.', "/", 1), format!("{}:", held.key));
                let at = |word: &str| text.lines().position(|line| line.contains(word));
                let line = at(&pointer).or_else(|| at(&key)).unwrap_or_default();
                Some((line.saturating_add(1), held.shown))
            }
        }
    }
}

/// The first bytes of pictures, fonts and archives of web pages, which are public.
const PUBLIC: [&[u8]; 8] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"\0\0\x01\0", b"wOFF", b"wOF2", b"OTTO"];

/// The first bytes of files of age and git-crypt.
const ELSEWHERE: [&[u8]; 2] = [b"age-encryption.org/", b"\0GITCRYPT\0"];

/// Tells whether bytes are a picture, a font, or a certificate of X.509 in DER.
fn is_public(bytes: &[u8]) -> bool {
    // A certificate is a sequence whose first member is a sequence that begins with the version, tagged 0 (RFC 5280).
    let is_certificate = bytes.starts_with(&[0x30, 0x82])
        && bytes.get(4..6) == Some(&[0x30, 0x82])
        && bytes.get(8..11) == Some(&[0xa0, 0x03, 0x02]);
    is_certificate || PUBLIC.iter().any(|begin| bytes.starts_with(begin))
}

fn is_sealed(bytes: &[u8]) -> bool {
    ELSEWHERE.iter().any(|begin| bytes.starts_with(begin))
}

/// Lists the files that a kustomization file, or the configuration of a generator, turns into Secrets. The paths begin
/// at the folder of the kustomization.
pub fn sources(document: &Value) -> Vec<Source> {
    let mut found = Vec::new();
    if manifest_kind(document).eq_ignore_ascii_case(manifest::GENERATOR) {
        of_generator(document, &mut found);
    }
    for generator in items(document, manifest::GENERATOR) {
        of_generator(generator, &mut found);
    }
    // Configurations of generators may be inline.
    for text in items(document, "generators").filter_map(Value::as_str).filter(|text| text.contains('\n')) {
        found.extend(manifest::documents(text).unwrap_or_default().iter().flat_map(sources));
    }
    for patch in items(document, "patches").chain(items(document, "patchesJson6902")) {
        let kind = field(patch, "target").and_then(|target| field(target, "kind")).and_then(Value::as_str);
        let path = field(patch, "path").and_then(Value::as_str);
        if let (Some(path), true) = (path, kind.is_some_and(|kind| patched_kinds(kind) == PatchedKinds::Secrets)) {
            found.push(Source {
                file: path.to_owned(),
                taker: "a patch for Secrets".to_owned(),
                usage: SourceUse::Patch,
            });
        }
    }
    found
}

fn of_generator(generator: &Value, found: &mut Vec<Source>) {
    let metadata = field(generator, "metadata").and_then(|metadata| field(metadata, "name"));
    let name = field(generator, "name").or(metadata).and_then(Value::as_str).unwrap_or_default();
    let taker = format!("secretGenerator {name}").trim_end().to_owned();
    let env = field(generator, "env").into_iter().filter_map(Value::as_str);
    for file in items(generator, "envs").filter_map(Value::as_str).chain(env) {
        found.push(Source { file: file.to_owned(), taker: taker.clone(), usage: SourceUse::Env });
    }
    for entry in items(generator, "files").filter_map(Value::as_str) {
        let of_path = |file: &str| file.rsplit('/').next().unwrap_or_default().to_owned();
        let (key, file) = match entry.split_once('=') {
            Some((key, file)) => (key.to_owned(), file),
            None => (of_path(entry), entry),
        };
        found.push(Source { file: file.to_owned(), taker: taker.clone(), usage: SourceUse::Value(key) });
    }
}

fn manifest_kind(document: &Value) -> &str {
    field(document, "kind").and_then(Value::as_str).unwrap_or_default()
}

/// Finds a field as kustomize does, in any case.
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = value.as_mapping()?;
    let is_it = |key: &Value| key.as_str().is_some_and(|key| key.eq_ignore_ascii_case(name));
    fields.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value)
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    field(value, name).and_then(Value::as_sequence).into_iter().flatten()
}
