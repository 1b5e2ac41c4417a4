//! Every secret of the repository: what is encrypted and the plain Secrets beside it, a row for each environment that reads it.

use serde::Serialize;

use super::git::{self, LogEntry};
use super::snapshot::Snapshot;
use crate::model::Fault;
use crate::sops::{self, Format, SopsFile};
use crate::yaml;

/// Larger files are no secrets, in bytes: an object of Kubernetes has 1 MiB at most, and encryption some more.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Holds one document of a file that is secret, in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretEntry {
    /// The environment; empty where none reads the file.
    pub env: String,
    /// The file, below the repository's root.
    pub file: String,
    /// The document in the file, from zero.
    pub document: usize,
    /// The object's kind; empty where the file holds none, such as a generator's input.
    pub kind: String,
    /// Its namespace, as the kustomization makes it; empty where only rendering would tell.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The age and SSH recipients of the file.
    pub recipients: Vec<String>,
    /// The keys of its values.
    pub keys: Vec<String>,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The version of sops that the file names.
    pub version: Option<String>,
    /// Which values are encrypted, as a configuration has it.
    pub rule: Option<String>,
    /// The Kustomization that reads it.
    pub kustomization: Option<String>,
    /// The last commit that changed the file.
    #[serde(rename = "lastChange")]
    pub last_change: Option<Change>,
    /// Why the file cannot be read, where that is so.
    pub problem: Option<String>,
}

/// Says who changed a file last, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The commit.
    pub commit: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: Option<jiff::Timestamp>,
}

impl From<&LogEntry> for Change {
    fn from(entry: &LogEntry) -> Self {
        Self { commit: entry.commit.clone(), author: entry.author.clone(), at: entry.at }
    }
}

impl SecretEntry {
    /// Names the object as `namespace/name`, else the file.
    pub fn title(&self) -> String {
        match (self.namespace.as_str(), self.name.as_str()) {
            (_, "") => super::path::name(&self.file).to_owned(),
            ("", name) => name.to_owned(),
            (namespace, name) => format!("{namespace}/{name}"),
        }
    }

    /// Tells whether a Secret of the cluster is made from it, so that the two can be compared.
    pub fn is_object(&self) -> bool {
        self.kind == "Secret" && !self.name.is_empty()
    }
}

/// One document of a file, before it is known who reads it.
struct Document {
    kind: String,
    namespace: String,
    name: String,
    keys: Vec<String>,
}

/// Lists the secrets by environment, then file.
///
/// # Errors
/// When git does not list the files.
pub fn secrets(snapshot: &Snapshot) -> Result<Vec<SecretEntry>, Fault> {
    let mut found: Vec<SecretEntry> = Vec::new();
    for file in git::files(&snapshot.root, &[])? {
        let path = snapshot.root.join(&file);
        if !path.symlink_metadata().is_ok_and(|data| data.is_file() && data.len() <= LARGEST) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        rows(snapshot, &file, &text, &mut found);
    }
    let files: Vec<String> = found.iter().map(|entry| entry.file.clone()).collect();
    let changes = git::last_changes(&snapshot.root, &files).unwrap_or_default();
    for entry in &mut found {
        entry.last_change = changes.get(&entry.file).map(Change::from);
    }
    found.sort_by(|one, other| (&one.env, &one.file, one.document).cmp(&(&other.env, &other.file, other.document)));
    Ok(found)
}

fn rows(snapshot: &Snapshot, file: &str, text: &str, found: &mut Vec<SecretEntry>) {
    let encrypted = sops::sniff(text).is_some();
    if !encrypted && !text.contains("kind: Secret") {
        return;
    }
    let parsed = encrypted.then(|| SopsFile::parse(Format::of(file), text));
    let (documents, problem) = match &parsed {
        Some(Ok(parsed)) => (sealed(parsed), None),
        Some(Err(error)) => (Vec::new(), Some(error.to_string())),
        None => (plain(text), None),
    };
    let sealed = parsed.as_ref().and_then(|parsed| parsed.as_ref().ok());
    let row = |document: usize, described: &Document| SecretEntry {
        env: String::new(),
        file: file.to_owned(),
        document,
        kind: described.kind.clone(),
        namespace: described.namespace.clone(),
        name: described.name.clone(),
        recipients: sealed.map(SopsFile::recipients).unwrap_or_default(),
        keys: described.keys.clone(),
        encrypted,
        version: sealed.map(|sealed| sealed.version().to_owned()),
        rule: sealed.map(SopsFile::rule_text),
        kustomization: None,
        last_change: None,
        problem: problem.clone(),
    };
    let mut described: Vec<(usize, Document)> = documents;
    if described.is_empty() && encrypted {
        let none = Document { kind: String::new(), namespace: String::new(), name: String::new(), keys: Vec::new() };
        described.push((0, none));
    }
    let readers = snapshot.readers_of(file);
    for (document, described) in &described {
        if readers.is_empty() {
            found.push(row(*document, described));
        }
        for env in &readers {
            let mut entry = row(*document, described);
            entry.env.clone_from(env);
            let feeds = snapshot.feeds.iter().filter(|feed| feed.env == *env && feed.files.contains_key(file));
            for feed in feeds {
                entry.kustomization = Some(feed.name.clone());
                // The kustomization may move it into another namespace.
                let is_it = |declared: &&super::kustomize::Declared| {
                    declared.file == file && declared.object.kind == entry.kind && declared.object.name == entry.name
                };
                if let Some(declared) = feed.declared.iter().find(is_it)
                    && !declared.object.namespace.is_empty()
                {
                    entry.namespace.clone_from(&declared.object.namespace);
                }
            }
            found.push(entry);
        }
    }
}

fn sealed(file: &SopsFile) -> Vec<(usize, Document)> {
    let heads = file.documents().into_iter().enumerate();
    let described = heads.map(|(index, head)| {
        let keys = file.secret_keys(index);
        let (kind, namespace, name) = (head.kind, head.namespace, head.name);
        let text = Option::unwrap_or_default;
        (index, Document { kind: text(kind), namespace: text(namespace), name: text(name), keys })
    });
    // A document of another kind without a secret value is none of ours.
    described.filter(|(_, one)| one.kind == "Secret" || !one.keys.is_empty()).collect()
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
        let blocks = ["data", "stringData"].into_iter().filter_map(|block| document.get(block)?.as_mapping());
        let mut keys: Vec<String> = Vec::new();
        for (key, _) in blocks.flatten() {
            if let Some(key) = key.as_str().filter(|key| !keys.iter().any(|known| known == key)) {
                keys.push(key.to_owned());
            }
        }
        (index, Document { kind: "Secret".to_owned(), namespace: metadata("namespace"), name: metadata("name"), keys })
    });
    described.collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::secrets;
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;
    use crate::secret::Secret;
    use crate::sops::{Format, NewFile, create, generate};

    #[test]
    fn a_shared_file_has_a_row_for_each_environment_with_the_namespace_that_it_gets_there() {
        let repository = TestRepository::new();
        let (_, recipient) = generate();
        let plain = "kind: Secret\nmetadata:\n  name: app\nstringData:\n  one: hunter2\n  two: hunter3\n";
        let file = NewFile::of(std::slice::from_ref(&recipient), "^(data|stringData)$");
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
}
