//! New secrets: the manifest of a kind Secret from the operator's input, its place in the repository, and its encrypted
//! file, so that its values never touch the disk in plain text.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::contents;
use super::creation::Creation;
use super::path;
use super::readers::{Committed, NewReader};
use super::resources;
use super::snapshot::Snapshot;
use crate::model::{Fault, FaultKind, Permit};
use crate::secret::Secret;
use crate::sops::{self, Format};

/// The kinds of Secrets, by the server's `type` (kubernetes.io/docs/concepts/configuration/secret).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretType {
    /// Any keys.
    Opaque,
    /// Credentials to pull images: one key, a configuration of Docker in JSON.
    DockerRegistry,
    /// A certificate and its key.
    Tls,
    /// A name and a password.
    BasicAuth,
    /// A private key of SSH.
    SshAuth,
}

impl SecretType {
    /// Returns the `type` of the Kubernetes API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opaque => "Opaque",
            Self::DockerRegistry => "kubernetes.io/dockerconfigjson",
            Self::Tls => "kubernetes.io/tls",
            Self::BasicAuth => "kubernetes.io/basic-auth",
            Self::SshAuth => "kubernetes.io/ssh-auth",
        }
    }

    /// Returns the keys that the server requires; of a name and a password one is enough.
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Opaque => &[],
            Self::DockerRegistry => &[".dockerconfigjson"],
            Self::Tls => &["tls.crt", "tls.key"],
            Self::BasicAuth => &["username", "password"],
            Self::SshAuth => &["ssh-privatekey"],
        }
    }
}

/// Holds a value of a new secret.
pub enum NewValue {
    /// Text, which stays readable after decryption.
    Text(Secret),
    /// Bytes that are no text, encoded below `data`.
    Bytes(zeroize::Zeroizing<Vec<u8>>),
}

impl NewValue {
    /// Takes bytes: as text if they are UTF-8.
    pub fn from_bytes(bytes: zeroize::Zeroizing<Vec<u8>>) -> Self {
        match std::str::from_utf8(&bytes) {
            Ok(text) if !text.contains('\0') => Self::Text(Secret::new(text)),
            _ => Self::Bytes(bytes),
        }
    }
}

/// Describes a new secret.
pub struct NewSecret {
    /// The environment.
    pub env: String,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The type.
    pub kind: SecretType,
    /// The keys and their values, in their order.
    pub values: Vec<(String, NewValue)>,
    /// The folder; by default the one in which the namespace's objects of the environment are.
    pub folder: Option<String>,
    /// Other environments whose keys may open it.
    pub allowed: Vec<String>,
    /// The environments that the user agreed to: if others turn out to read it, nothing is written.
    pub agreed: Vec<String>,
}

/// Reports a written Secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WrittenSecret {
    /// The encrypted file.
    pub file: String,
    /// The kustomization file that now reads it.
    pub kustomization: String,
    /// The rule that encrypted it.
    pub rule: String,
    /// The environments that read it.
    pub readers: Vec<String>,
}

fn refused(name: &str, why: impl Into<String>, todo: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Usage, format!("Secret {name} was not made"), why, todo)
}

/// Writes the credentials of a registry as Docker has them (`config.json`: `auths`, with `auth` the base64 of
/// `user:password`).
pub fn docker_config(server: &str, user: &str, password: &Secret, email: Option<&str>) -> Secret {
    let auth = Secret::new(STANDARD.encode(format!("{user}:{}", password.expose())));
    let mut entry = serde_json::json!({"username": user, "password": password.expose(), "auth": auth.expose()});
    if let (Some(email), Some(fields)) = (email, entry.as_object_mut()) {
        fields.insert("email".to_owned(), email.into());
    }
    Secret::new(serde_json::json!({"auths": {server: entry}}).to_string())
}

/// Reads the lines of a `.env` file as Docker Compose does: `KEY=value`, `export` before it, `#` comments, and quotes
/// around a value, which may then span lines; `\n` and `\"` mean themselves in double quotes.
///
/// # Errors
/// Names the line that is none of that, never its content.
pub fn env_file(text: &Secret) -> Result<Vec<(String, Secret)>, String> {
    let mut found = Vec::new();
    let mut lines = text.expose().lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let number = index.saturating_add(1);
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let (key, value) = line.split_once('=').ok_or_else(|| format!("line {number} has no ="))?;
        let (key, value) = (key.trim(), value.trim_start());
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let mut whole = value.get(1..).unwrap_or_default().to_owned();
                let end = loop {
                    if let Some(end) = closing(&whole, quote) {
                        break end;
                    }
                    let (_, next) = lines.next().ok_or_else(|| format!("line {number}: the quote is not closed"))?;
                    whole.push('\n');
                    whole.push_str(next);
                };
                let inside = whole.get(..end).unwrap_or_default();
                if quote == '"' { unescaped(inside) } else { inside.to_owned() }
            }
            _ => value.split(" #").next().unwrap_or_default().trim_end().to_owned(),
        };
        if key.is_empty() {
            return Err(format!("line {number} has no key"));
        }
        found.push((key.to_owned(), Secret::new(value)));
    }
    Ok(found)
}

/// Finds the quote that ends a value.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, letter)| {
        let was = std::mem::take(&mut escaped);
        match letter {
            '\\' if quote == '"' && !was => {
                escaped = true;
                None
            }
            letter if letter == quote && !was => Some(at),
            _ => None,
        }
    })
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '\\' { letters.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some(other @ ('"' | '\\' | '$'))) => out.push(other),
            ('\\', Some(other)) => out.extend(['\\', other]),
            (letter, _) => out.push(letter),
        }
    }
    out
}

impl NewSecret {
    /// Checks for everything that the server would refuse.
    fn check(&self) -> Result<(), Fault> {
        let name = &self.name;
        for (what, word) in [("name", name), ("namespace", &self.namespace)] {
            let fits = |word: &str| {
                let plain =
                    |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter);
                let ends = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
                word.chars().all(plain) && ends(word.chars().next()) && ends(word.chars().last()) && word.len() <= 253
            };
            if !fits(word) {
                let why = format!(
                    "`{word}` is not a valid {what}: small letters, digits, - and . alone, a letter or digit at each end"
                );
                return Err(refused(name, why, "choose another"));
            }
        }
        let mut known: Vec<&str> = Vec::new();
        for (key, _) in &self.values {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            if key.is_empty() || key.len() > 253 || !key.chars().all(plain) {
                return Err(refused(
                    name,
                    format!("`{key}` is not a valid key: letters, digits, -, _ and . alone"),
                    "write it otherwise",
                ));
            }
            if known.contains(&key.as_str()) {
                return Err(refused(name, format!("the key {key} is given twice"), "leave one out"));
            }
            known.push(key);
        }
        if self.values.is_empty() {
            return Err(refused(
                name,
                "it has no values",
                "give it some: --key, --generate, --from-file, --from-env-file",
            ));
        }
        let wanted = self.kind.keys();
        let missing: Vec<&str> = wanted.iter().filter(|key| !known.contains(key)).copied().collect();
        let enough = missing.is_empty() || self.kind == SecretType::BasicAuth && missing.len() < wanted.len();
        if !enough {
            return Err(refused(
                name,
                format!("a Secret of type {} needs {}", self.kind.word(), missing.join(" and ")),
                "give them",
            ));
        }
        if self.kind == SecretType::Tls {
            for (key, mark) in [("tls.crt", "CERTIFICATE"), ("tls.key", "PRIVATE KEY")] {
                let value = self.values.iter().find(|(known, _)| known == key).map(|(_, value)| value);
                if !matches!(value, Some(NewValue::Text(text)) if text.expose().contains(mark)) {
                    return Err(refused(
                        name,
                        format!("{key} is no PEM with a {mark}"),
                        "are certificate and key exchanged?",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Writes the manifest, in plain text.
    fn manifest(&self) -> Secret {
        // Strings of JSON are valid YAML.
        let quoted = |text: &str| Secret::new(serde_json::Value::from(text).to_string());
        let mut parts: Vec<Secret> = vec![Secret::new(format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\n  namespace: {}\ntype: {}\n",
            self.name,
            self.namespace,
            self.kind.word()
        ))];
        let is_text = |value: &NewValue| matches!(value, NewValue::Text(_));
        for (block, texts) in [("data", false), ("stringData", true)] {
            let values: Vec<_> = self.values.iter().filter(|(_, value)| is_text(value) == texts).collect();
            if !values.is_empty() {
                parts.push(Secret::new(format!("{block}:\n")));
            }
            for (key, value) in values {
                let value = match value {
                    NewValue::Text(text) => quoted(text.expose()),
                    NewValue::Bytes(bytes) => Secret::new(STANDARD.encode(bytes.as_slice())),
                };
                parts.push(Secret::new(format!("  {}: {}\n", quoted(key).expose().trim_matches('"'), value.expose())));
            }
        }
        Secret::new(parts.iter().map(Secret::expose).collect::<String>())
    }

    /// Finds its place in the repository.
    ///
    /// # Errors
    /// If no folder is named and none is known, or the environment does not read it.
    pub fn place(&self, snapshot: &Snapshot) -> Result<SecretPlace, Fault> {
        let name = &self.name;
        let folder = match &self.folder {
            Some(folder) => folder.trim_end_matches('/').to_owned(),
            None => snapshot.folder_of(&self.env, &self.namespace).ok_or_else(|| {
                refused(
                    name,
                    format!("no folder of {} has objects of the namespace {}", self.env, self.namespace),
                    "name it: --folder apps/ENV/APP",
                )
            })?,
        };
        let kustomization = snapshot.kustomization_of(&self.env, &folder).ok_or_else(|| {
            let known = snapshot
                .folder_of(&self.env, &self.namespace)
                .map(|folder| format!(", such as {folder}"))
                .unwrap_or_default();
            refused(
                name,
                format!("no Kustomization of {} reads a kustomization file in {folder}", self.env),
                format!("name a folder that it reads{known}"),
            )
        })?;
        let stem = if name.ends_with("secret") { name.clone() } else { format!("{name}-secret") };
        let file = path::join(&folder, &format!("{stem}.yaml"));
        // A folder may be shared: every reader of its kustomization file reads the files that it names.
        let mut readers = snapshot.readers_of(&kustomization);
        readers.sort_by_key(|reader| *reader != self.env);
        Ok(SecretPlace { stem, file, kustomization, readers })
    }

    /// Finds the readers that it would gain without the user's agreement. It blocks.
    ///
    /// # Errors
    /// If its place is unknown, or no rule says how it is encrypted.
    pub fn new_readers(&self, snapshot: &Snapshot) -> Result<Vec<NewReader>, Fault> {
        let place = self.place(snapshot)?;
        let recipients = place.creation(snapshot)?.rule.recipients();
        let file = place.file;
        Ok(snapshot.new_readers(&file, &recipients, None, &Committed::read(&snapshot.root)))
    }

    /// Encrypts it and writes it into the repository, and puts it into the kustomization of its folder. It blocks.
    ///
    /// # Errors
    /// If the server would refuse it, no rule says how it is encrypted, the environment does not read the folder, or a
    /// file of that name exists; nothing is written then. `warn` gets each new reader that the user has not agreed to,
    /// before the write.
    pub fn write(
        &self,
        snapshot: &Snapshot,
        now: Timestamp,
        warn: &mut dyn FnMut(&NewReader),
        permit: &Permit,
    ) -> Result<WrittenSecret, Fault> {
        self.check()?;
        let name = &self.name;
        let place = self.place(snapshot)?;
        if let Some(other) = place.readers.iter().find(|reader| !self.agreed.contains(reader)) {
            return Err(refused(
                name,
                format!("{other} reads {} too, and nobody agreed to change it", place.kustomization),
                "make it again: it is asked for every environment that reads the folder",
            ));
        }
        let creation = place.creation(snapshot)?;
        let SecretPlace { stem, file, kustomization, readers } = place;
        let wanted = creation.new_file()?;
        let recipients = wanted.groups.concat();
        snapshot.judge_recipients_for(&readers, &file, &recipients, &self.allowed)?;
        let fault =
            |error: sops::SopsError| Fault { what: format!("Secret {name} was not made"), ..error.fault(&file, None) };
        let text = sops::create(Format::Yaml, &self.manifest(), &wanted, now).map_err(fault)?;
        let read = |file: &str| {
            contents::text(&snapshot.root, file)
                .map_err(|error| refused(name, format!("{file}: {error}"), "look at the file"))
        };
        let before = read(&kustomization)?;
        let after = resources::add(&before, &format!("{stem}.yaml")).ok_or_else(|| {
            refused(
                name,
                format!("{kustomization} names {stem}.yaml already, or is written in a way that is not changed here"),
                "add it by hand, or choose another name",
            )
        })?;
        let failed = |file: &str, error: std::io::Error| {
            refused(
                name,
                format!("{file} cannot be written: {error}"),
                "see that you may write there, and that it is not there yet",
            )
        };
        let new = snapshot.new_readers(&file, &recipients, None, &Committed::read(&snapshot.root));
        new.iter().for_each(warn);
        let path = snapshot.root.join(&file);
        let made = crate::files::place(&path)
            .and_then(std::fs::File::create_new)
            .and_then(|mut new| new.write_all(text.as_bytes()).and_then(|()| new.sync_all()));
        made.map_err(|error| failed(&file, error))?;
        if let Err(error) = replace(&snapshot.root.join(&kustomization), &after, permit) {
            // Without the kustomization nothing reads the file.
            let _ = std::fs::remove_file(&path);
            return Err(failed(&kustomization, error));
        }
        let rule = new.iter().fold(creation.explanation(), |words, reader| format!("{words}; a new reader: {reader}"));
        Ok(WrittenSecret { file, kustomization, rule, readers })
    }
}

/// Names the place of a new Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPlace {
    /// The file's name without its ending.
    stem: String,
    /// The file.
    pub file: String,
    /// The kustomization file that names it.
    pub kustomization: String,
    /// The environments that read it, its own first.
    pub readers: Vec<String>,
}

impl SecretPlace {
    /// Finds the rule that encrypts it. In a folder that several environments read, one rule must count for all of
    /// them: the choice between their own configurations is not to be guessed.
    fn creation(&self, snapshot: &Snapshot) -> Result<Creation, Fault> {
        snapshot.creation(&self.file).map_err(|fault| match self.readers.as_slice() {
            [_, _, ..] => Fault {
                why: format!("{} read {}, and {}", self.readers.join(" and "), self.kustomization, fault.why),
                todo: format!(
                    "write a .sops.yaml above {} with the recipients of {}, or name a folder that one of them reads: --folder",
                    self.file,
                    self.readers.join(" and ")
                ),
                ..fault
            },
            _ => fault,
        })
    }
}

/// Replaces a plain file in one step, and keeps its mode.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "a permit is shown, and stays with who has it")]
fn replace(path: &std::path::Path, text: &str, permit: &Permit) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(crate::files::real(path)?)?.permissions().mode() & 0o7777;
    crate::files::replace(path, text.as_bytes(), mode, permit)
}

impl Snapshot {
    /// Finds the folder for the objects of a namespace in an environment: of the environment's own folders the one that
    /// declares or patches most of them.
    pub fn folder_of(&self, env: &str, namespace: &str) -> Option<String> {
        let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        for feed in self.feeds.iter().filter(|feed| feed.env == env) {
            for file in feed.files.keys() {
                let folder = path::parent(file);
                let is_own = folder.split('/').any(|part| part == env) && !folder.starts_with("clusters/");
                let declared =
                    feed.declared.iter().filter(|one| one.file == *file && one.object.namespace == namespace);
                let named = folder.rsplit('/').next() == Some(namespace);
                if is_own {
                    let count = counts.entry(folder).or_default();
                    *count = count.saturating_add(declared.count()).saturating_add(usize::from(named));
                }
            }
        }
        let best = counts.into_iter().filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count);
        best.map(|(folder, _)| folder.to_owned())
    }

    /// Finds the kustomization file of a folder that an environment reads.
    pub fn kustomization_of(&self, env: &str, folder: &str) -> Option<String> {
        let names = super::kustomize::NAMES.map(|name| path::join(folder, name));
        let mut feeds = self.feeds.iter().filter(|feed| feed.env == env);
        feeds.find_map(|feed| names.iter().find(|name| feed.files.contains_key(*name)).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::{NewSecret, NewValue, SecretType, docker_config, env_file};
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;
    use crate::secret::Secret;
    use crate::sops;

    #[test]
    fn a_folder_that_two_environments_read_is_written_for_both_or_not_at_all() {
        let repository = TestRepository::new();
        let keys = ["staging", "production"].map(|env| (env, sops::generate().1));
        for (env, recipient) in &keys {
            repository.write(
                &format!("clusters/{env}/apps.yaml"),
                &format!("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\nspec:\n  path: ./apps/{env}\n"),
            );
            repository.write(&format!("apps/{env}/kustomization.yaml"), "resources:\n- ../base/app\n");
            let rule = format!("creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {recipient}\n");
            repository.write(&format!("clusters/{env}/.sops.yaml"), &rule);
        }
        repository.write("apps/base/app/kustomization.yaml", "resources: []\n");
        let new = |agreed: &[&str]| NewSecret {
            env: "staging".to_owned(),
            namespace: "app".to_owned(),
            name: "smtp".to_owned(),
            kind: SecretType::Opaque,
            values: vec![("P".to_owned(), NewValue::Text(Secret::new("throwaway")))],
            folder: Some("apps/base/app".to_owned()),
            allowed: Vec::new(),
            agreed: agreed.iter().map(|env| (*env).to_owned()).collect(),
        };
        let write = |agreed: &[&str]| {
            let snapshot = Snapshot::load(repository.path());
            let permit = crate::model::permit::grant();
            new(agreed).write(&snapshot, jiff::Timestamp::UNIX_EPOCH, &mut |_| (), &permit)
        };
        let place = new(&[]).place(&Snapshot::load(repository.path())).unwrap();
        assert_eq!(place.readers, ["staging", "production"]);
        // Agreement to one environment is no agreement to the other.
        assert!(write(&["staging"]).unwrap_err().why.contains("production reads"));
        let both = ["staging", "production"];
        let fault = write(&both).unwrap_err();
        assert!(fault.why.contains("staging and production read") && fault.todo.contains("apps/base/app"), "{fault}");
        // A rule above the folder counts, and has to cover both.
        let rule = |recipients: &str| {
            let text = format!("creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {recipients}\n");
            repository.write("apps/base/.sops.yaml", &text);
        };
        rule(&keys[0].1);
        assert!(write(&both).unwrap_err().why.contains("production reads it, and its key would not open it"));
        rule(&format!("{},{}", keys[0].1, keys[1].1));
        let made = write(&both).unwrap();
        assert_eq!((made.file.as_str(), made.readers.len()), ("apps/base/app/smtp-secret.yaml", 2));
    }

    #[test]
    fn an_env_file_is_read_as_compose_reads_it() {
        let text =
            "# head\nexport A=1\nB = two words # not this\nC='it''s # this'\nD=\"a\\nb\\\"c\"\nE=\"one\ntwo\"\nF=\n";
        let read = env_file(&Secret::new(text)).unwrap();
        let shown: Vec<_> = read.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
        assert_eq!(
            shown,
            [("A", "1"), ("B", "two words"), ("C", "it"), ("D", "a\nb\"c"), ("E", "one\ntwo"), ("F", "")]
        );
        assert_eq!(env_file(&Secret::new("A=1\nhunter2\n")).unwrap_err(), "line 2 has no =");
        assert_eq!(env_file(&Secret::new("A=\"open\n")).unwrap_err(), "line 1: the quote is not closed");
    }

    #[test]
    fn a_registry_is_written_as_docker_has_it() {
        let text = docker_config("ghcr.io", "me", &Secret::new("hunter2"), None);
        let value: serde_json::Value = serde_json::from_str(text.expose()).unwrap();
        assert_eq!(value["auths"]["ghcr.io"]["auth"], "bWU6aHVudGVyMg==");
    }
}
