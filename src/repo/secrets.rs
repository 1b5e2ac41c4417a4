//! Every secret of the repository: encrypted files and the plain Secrets beside them, a row for each environment that
//! reads one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::filled::{Filler, filler, may_be_filled};
use super::git::{self, CommitEntry};
use super::references::secret_generators;
use super::snapshot::Snapshot;
use super::{Creation, contents, kustomize};
use crate::model::Fault;
use crate::sops::{self, Format, SopsFile};
use crate::yaml;
use crate::yaml::confidential::is_confidential_value;

/// The size, in bytes, above which no file is a secret: an object of Kubernetes has 1 MiB at most, and encryption adds
/// some.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Holds one secret document of a file, in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct SecretEntry {
    /// The environment; empty if none reads the file.
    pub env: String,
    /// The file, below the repository's root.
    pub file: String,
    /// The document in the file, from zero.
    pub document: usize,
    /// The object's kind; empty if the file holds none, such as a generator's input.
    pub kind: String,
    /// Its namespace, as the kustomization sets it; empty if only rendering would show it.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The age and SSH recipients of the file.
    pub recipients: Vec<String>,
    /// The keys of its values.
    pub keys: Vec<String>,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The keys whose values are in plain text all the same; all of them if it is not encrypted.
    pub plain: Vec<String>,
    /// The program that fills its values, if there is one: a reflector, or the cluster.
    #[serde(rename = "filledBy")]
    pub filled_by: Option<Filler>,
    /// The `secretGenerator` that generates a Secret from it, with a hash at the end of the name.
    pub generator: Option<String>,
    /// The version of sops that the file names.
    pub version: Option<String>,
    /// The values that are encrypted, in the form of a configuration.
    pub rule: Option<String>,
    /// The creation rule of the configuration that counts for the file, such as `rule 1 of .sops.yaml`.
    pub configured: Option<String>,
    /// The differences between the file and that rule.
    pub differences: Vec<String>,
    /// The Kustomization that reads it.
    pub kustomization: Option<String>,
    /// The last commit that changed the file.
    #[serde(rename = "lastChange")]
    pub last_change: Option<LastChange>,
    /// The reason that the file cannot be read, if there is one.
    pub problem: Option<String>,
}

/// Names the author and the time of a file's last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastChange {
    /// The commit.
    pub commit: String,
    /// The author's name.
    pub author: String,
    /// The commit time.
    pub at: Option<jiff::Timestamp>,
}

impl From<&CommitEntry> for LastChange {
    fn from(entry: &CommitEntry) -> Self {
        Self { commit: entry.commit.clone(), author: entry.author.clone(), at: entry.at }
    }
}

/// Tells how much of a secret is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    /// All of it.
    Whole,
    /// Some values are in plain text.
    Part,
    /// No value is encrypted.
    Plain,
    /// No value is encrypted, and none has to be: references to a store of secrets, variables, or no values at all.
    Open,
    /// The file cannot be read.
    Broken,
}

impl SecretEntry {
    /// Returns how much of it is encrypted.
    pub fn sealing(&self) -> Sealing {
        match (&self.problem, self.encrypted, self.plain.is_empty()) {
            (Some(_), ..) => Sealing::Broken,
            (None, true, true) => Sealing::Whole,
            (None, true, false) => Sealing::Part,
            (None, false, true) => Sealing::Open,
            (None, false, false) => Sealing::Plain,
        }
    }

    /// Names the object as `namespace/name`, else the file with the generator that reads it.
    pub fn title(&self) -> String {
        match (self.namespace.as_str(), self.name.as_str()) {
            (_, "") => {
                let file = super::path::name(&self.file);
                self.generator.as_ref().map_or_else(|| file.to_owned(), |generator| format!("{generator} ({file})"))
            }
            ("", name) => name.to_owned(),
            (namespace, name) => format!("{namespace}/{name}"),
        }
    }

    /// Tells whether a Secret of the cluster is created from it, so that the two can be compared.
    pub fn is_object(&self) -> bool {
        self.kind == "Secret" && !self.name.is_empty()
    }
}

/// One document of a file, before its readers are known.
#[derive(Default)]
struct Document {
    kind: String,
    namespace: String,
    name: String,
    keys: Vec<String>,
    plain: Vec<String>,
    filled_by: Option<Filler>,
}

/// Lists the secrets by environment, then file.
///
/// # Errors
/// If git does not list the files.
pub fn secrets(snapshot: &Snapshot) -> Result<Vec<SecretEntry>, Fault> {
    let mut found: Vec<SecretEntry> = Vec::new();
    let mut inputs: BTreeMap<String, String> = BTreeMap::new();
    for file in git::files(&snapshot.root, &[])? {
        let Some(text) = read(snapshot, &file) else { continue };
        rows(snapshot, &file, &text, &mut found);
        if text.contains("secretGenerator") && kustomize::is_kustomization(&file) {
            generated(snapshot, &file, &text, &mut inputs, &mut found);
        }
    }
    for (file, generator) in &inputs {
        let mut listed = found.iter_mut().filter(|entry| entry.file == *file).peekable();
        if listed.peek().is_some() {
            listed.for_each(|entry| entry.generator = Some(generator.clone()));
        } else if let Some(text) = read(snapshot, file) {
            let keys = input_keys(file, &text);
            let document = Document { plain: keys.clone(), keys, ..Document::default() };
            for mut entry in for_readers(snapshot, entry(file, 0, &document)) {
                entry.generator = Some(generator.clone());
                found.push(entry);
            }
        }
    }
    let files: Vec<String> = found.iter().map(|entry| entry.file.clone()).collect();
    let changes = git::last_changes(&snapshot.root, &files).unwrap_or_default();
    for entry in &mut found {
        entry.last_change = changes.get(&entry.file).map(LastChange::from);
    }
    found.sort_by(|one, other| (&one.env, &one.file, one.document).cmp(&(&other.env, &other.file, other.document)));
    Ok(found)
}

fn read(snapshot: &Snapshot, file: &str) -> Option<String> {
    String::from_utf8(contents::own(&snapshot.root, file, LARGEST).ok()?).ok()
}

fn rows(snapshot: &Snapshot, file: &str, text: &str, found: &mut Vec<SecretEntry>) {
    let encrypted = sops::sniff(text).is_some();
    if !encrypted && !text.contains("kind: Secret") {
        return;
    }
    let parsed = encrypted.then(|| SopsFile::parse(Format::from_path(file), text));
    let (mut described, problem) = match &parsed {
        Some(Ok(parsed)) => (sealed(parsed), None),
        Some(Err(error)) => (Vec::new(), Some(error.to_string())),
        None => (plain(text), None),
    };
    if described.is_empty() && encrypted {
        described.push((0, Document::default()));
    }
    if encrypted && may_be_filled(text) {
        // Only values are encrypted: annotations and types are there to be read.
        let documents = yaml::documents(text).unwrap_or_default();
        for (index, document) in &mut described {
            document.filled_by = documents.get(*index).and_then(filler);
        }
    }
    let sealed = parsed.as_ref().and_then(|parsed| parsed.as_ref().ok());
    let creation = sealed.and_then(|_| snapshot.creation(file).ok());
    for (document, described) in &described {
        let row = SecretEntry {
            recipients: sealed.map(SopsFile::recipients).unwrap_or_default(),
            encrypted,
            version: sealed.map(|sealed| sealed.version().to_owned()),
            rule: sealed.map(SopsFile::rule_text),
            configured: creation.as_ref().map(Creation::name),
            differences: match (&creation, sealed) {
                (Some(creation), Some(sealed)) => creation.differences(&sealed.recipients(), &sealed.rule_text()),
                _ => Vec::new(),
            },
            problem: problem.clone(),
            ..entry(file, *document, described)
        };
        found.extend(for_readers(snapshot, row));
    }
}

/// Builds a row for a document that is not encrypted.
fn entry(file: &str, document: usize, described: &Document) -> SecretEntry {
    SecretEntry {
        env: String::new(),
        file: file.to_owned(),
        document,
        kind: described.kind.clone(),
        namespace: described.namespace.clone(),
        name: described.name.clone(),
        recipients: Vec::new(),
        keys: described.keys.clone(),
        encrypted: false,
        plain: described.plain.clone(),
        filled_by: described.filled_by.clone(),
        generator: None,
        version: None,
        rule: None,
        configured: None,
        differences: Vec::new(),
        kustomization: None,
        last_change: None,
        problem: None,
    }
}

/// Builds a row for each environment that reads the file, with the object's namespace there; one row if none does.
fn for_readers(snapshot: &Snapshot, row: SecretEntry) -> Vec<SecretEntry> {
    let readers = snapshot.readers_of(&row.file);
    if readers.is_empty() {
        return vec![row];
    }
    let of_environment = |env: &String| {
        let mut entry = SecretEntry { env: env.clone(), ..row.clone() };
        for feed in snapshot.feeds.iter().filter(|feed| feed.env == *env && feed.files.contains_key(&row.file)) {
            entry.kustomization = Some(feed.name.clone());
            // The kustomization may move it into another namespace.
            let is_it = |declared: &&super::kustomize::Declared| {
                declared.file == row.file && declared.object.kind == row.kind && declared.object.name == row.name
            };
            if let Some(declared) = feed.declared.iter().find(is_it)
                && !declared.object.namespace.is_empty()
            {
                entry.namespace.clone_from(&declared.object.namespace);
            }
        }
        entry
    };
    readers.iter().map(of_environment).collect()
}

/// Collects the Secrets that a kustomization file generates: notes their input files, and lists literals, which are in
/// plain text there.
fn generated(
    snapshot: &Snapshot,
    file: &str,
    text: &str,
    inputs: &mut BTreeMap<String, String>,
    found: &mut Vec<SecretEntry>,
) {
    let Ok(body) = yaml::from_str::<yaml::Value>(text) else { return };
    for generator in secret_generators(&body) {
        let of_secret = if generator.namespace.is_empty() {
            generator.name.clone()
        } else {
            format!("{}/{}", generator.namespace, generator.name)
        };
        let paths = generator.files.iter().filter_map(|path| super::path::resolve(super::path::parent(file), path));
        inputs.extend(paths.map(|path| (path, of_secret.clone())));
        if !generator.literals.is_empty() {
            let keys = generator.literals;
            let document = Document { plain: keys.clone(), keys, ..Document::default() };
            let rows = for_readers(snapshot, entry(file, 0, &document)).into_iter();
            found.extend(rows.map(|entry| SecretEntry { generator: Some(of_secret.clone()), ..entry }));
        }
    }
}

/// Returns the keys that a plain file gives a generated Secret: those of its lines, else its name.
fn input_keys(file: &str, text: &str) -> Vec<String> {
    if Format::from_path(file) != Format::Dotenv {
        return vec![super::path::name(file).to_owned()];
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned())).collect()
}

fn sealed(file: &SopsFile) -> Vec<(usize, Document)> {
    let heads = file.documents().into_iter().enumerate();
    let described = heads.map(|(index, head)| {
        let keys = file.secret_keys(index);
        let (kind, namespace, name) = (head.kind, head.namespace, head.name);
        let text = Option::unwrap_or_default;
        let plain = file.plain_keys(index);
        (
            index,
            Document { kind: text(kind), namespace: text(namespace), name: text(name), keys, plain, filled_by: None },
        )
    });
    // A document of another kind without a secret value is left out.
    described.filter(|(_, one)| one.kind == "Secret" || !one.keys.is_empty()).collect()
}

/// Names the Secrets of a manifest whose values are in plain text though they must not be, each with the keys: `web/app: password, token`.
pub fn plain_secrets(text: &str) -> Vec<String> {
    if !text.contains("kind: Secret") || sops::sniff(text).is_some() {
        return Vec::new();
    }
    let open = plain(text).into_iter().map(|(_, document)| document).filter(|document| !document.plain.is_empty());
    let name = |document: Document| {
        let place = Some(document.namespace).filter(|namespace| !namespace.is_empty());
        let name = place.map_or_else(|| document.name.clone(), |namespace| format!("{namespace}/{}", document.name));
        format!("{name}: {}", document.plain.join(", "))
    };
    open.map(name).collect()
}

/// Finds the Secrets of a manifest that is not encrypted.
fn plain(text: &str) -> Vec<(usize, Document)> {
    let documents = yaml::documents(text).unwrap_or_default().into_iter().enumerate();
    let is_secret =
        |(_, document): &(usize, yaml::Value)| document.get("kind").and_then(yaml::Value::as_str) == Some("Secret");
    let described = documents.filter(is_secret).map(|(index, document)| {
        let metadata = |name: &str| {
            let value = document.get("metadata").and_then(|metadata| metadata.get(name)).and_then(yaml::Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let (mut keys, mut open): (Vec<String>, BTreeSet<&str>) = (Vec::new(), BTreeSet::new());
        for block in ["data", "stringData"] {
            for (key, value) in document.get(block).and_then(yaml::Value::as_mapping).into_iter().flatten() {
                let Some(key) = key.as_str() else { continue };
                if !keys.iter().any(|known| known == key) {
                    keys.push(key.to_owned());
                }
                if is_confidential_value(block, key, value) {
                    open.insert(key);
                }
            }
        }
        let filled_by = filler(&document);
        // A value that a program replaces at once is no secret in Git.
        let is_kept = |key: &&String| !filled_by.as_ref().is_some_and(|filler| filler.fills(key));
        let plain = keys.iter().filter(|key| open.contains(key.as_str())).filter(is_kept).cloned().collect();
        let kind = "Secret".to_owned();
        (index, Document { kind, namespace: metadata("namespace"), name: metadata("name"), keys, plain, filled_by })
    });
    described.collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Sealing, secrets};
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;
    use crate::secret::Secret;
    use crate::sops::{Format, NewFile, create, generate};

    #[test]
    fn a_shared_file_has_a_row_for_each_environment_with_the_namespace_that_it_gets_there() {
        let repository = TestRepository::new();
        let (_, recipient) = generate();
        let plain = "kind: Secret\nmetadata:\n  name: app\nstringData:\n  one: hunter2\n  two: hunter3\n";
        let file = NewFile::for_recipients(std::slice::from_ref(&recipient), "^(data|stringData)$");
        let sealed = create(Format::Yaml, &Secret::new(plain), &file, Timestamp::UNIX_EPOCH).unwrap();
        repository.write("apps/base/secret.yaml", &sealed);
        repository.write("apps/base/plain.yaml", &plain.replace("name: app", "name: plain"));
        repository.write("apps/base/kustomization.yaml", "resources: [secret.yaml, plain.yaml]\n");
        for env in ["staging", "production"] {
            let kustomization = format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\nspec:\n  path: ./apps/{env}\n"
            );
            repository.write(&format!("clusters/{env}/apps.yaml"), &kustomization);
            repository.write(
                &format!("apps/{env}/kustomization.yaml"),
                &format!("namespace: web-{env}\nresources: [../base]\n"),
            );
        }
        let env_file = NewFile { groups: vec![vec![recipient.clone()]], ..NewFile::default() };
        let env_file = create(Format::Dotenv, &Secret::new("A=hunter2\n"), &env_file, Timestamp::UNIX_EPOCH).unwrap();
        repository.write("elsewhere/app.env", &env_file);
        repository.commit("begin");
        let found = secrets(&Snapshot::load(repository.path())).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|one| (one.env.as_str(), one.title(), one.keys.join(","), one.encrypted, one.kustomization.clone()))
            .collect();
        let apps = Some("apps".to_owned());
        let row = |env, title: &str, keys: &str, encrypted, by: &Option<String>| {
            (env, title.to_owned(), keys.to_owned(), encrypted, by.clone())
        };
        assert_eq!(
            shown,
            [
                row("", "app.env", "A", true, &None),
                row("production", "web-production/plain", "one,two", false, &apps),
                row("production", "web-production/app", "one,two", true, &apps),
                row("staging", "web-staging/plain", "one,two", false, &apps),
                row("staging", "web-staging/app", "one,two", true, &apps),
            ]
        );
        assert_eq!(found[2].recipients, [recipient]);
        assert_eq!(found[2].last_change.as_ref().unwrap().author, "Test");
        assert!(!format!("{found:?}").contains("hunter"));
    }

    #[test]
    fn what_is_plain_is_told_in_generators_in_literals_and_beside_ciphertexts() {
        let repository = TestRepository::new();
        let (_, recipient) = generate();
        let kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\nspec:\n  path: ./apps/staging\n";
        repository.write("clusters/staging/apps.yaml", kustomization);
        let generators = "namespace: web\nsecretGenerator:\n- name: settings\n  envs: [settings.env]\n  files: [key=tls.key]\n  literals: [TOKEN=hunter2]\n- name: sealed\n  envs: [sealed.env]\nconfigMapGenerator:\n- name: plain\n  envs: [public.env]\n  literals: [A=b]\n";
        repository.write("apps/staging/kustomization.yaml", &format!("resources: [part.yaml]\n{generators}"));
        repository.write("apps/staging/settings.env", "# hunter2\nUSER=hunter2\nPASSWORD=hunter3\n");
        repository.write("apps/staging/tls.key", "hunter2\n");
        repository.write("apps/staging/public.env", "A=b\n");
        let env_file = NewFile { groups: vec![vec![recipient.clone()]], ..NewFile::default() };
        let sealed = create(Format::Dotenv, &Secret::new("A=hunter2\n"), &env_file, Timestamp::UNIX_EPOCH).unwrap();
        repository.write("apps/staging/sealed.env", &sealed);
        let part = "kind: Secret\nmetadata:\n  name: part\nstringData:\n  one: hunter2\ndata:\n  two: aHVudGVyMg==\n";
        let file = NewFile::for_recipients(std::slice::from_ref(&recipient), "^stringData$");
        // No program of ours leaves a value of a Secret in plain text.
        let other = part.replace("kind: Secret", "kind: Other");
        let sealed = create(Format::Yaml, &Secret::new(other), &file, Timestamp::UNIX_EPOCH).unwrap();
        repository.write("apps/staging/part.yaml", &sealed.replace("kind: Other", "kind: Secret"));
        repository.commit("begin");
        let found = secrets(&Snapshot::load(repository.path())).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|one| (one.env.as_str(), one.title(), one.keys.join(","), one.plain.join(","), one.sealing()))
            .collect();
        let row = |title: &str, keys: &str, plain: &str, sealing| {
            ("staging", title.to_owned(), keys.to_owned(), plain.to_owned(), sealing)
        };
        assert_eq!(
            shown,
            [
                row("web/settings (kustomization.yaml)", "TOKEN", "TOKEN", Sealing::Plain),
                row("web/part", "one,two", "two", Sealing::Part),
                row("web/sealed (sealed.env)", "A", "", Sealing::Whole),
                row("web/settings (settings.env)", "USER,PASSWORD", "USER,PASSWORD", Sealing::Plain),
                row("web/settings (tls.key)", "tls.key", "tls.key", Sealing::Plain),
            ]
        );
        assert!(!format!("{found:?}").contains("hunter"));
    }
}
