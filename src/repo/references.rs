//! The references of a kustomization file.

use super::kustomization::in_place;
use super::kustomize::Role;
use crate::yaml::Value;

/// Fields that list paths, and the roles of their files (kustomize's `types.Kustomization`; `bases` and the two old
/// forms of patches are deprecated and still in use).
const LISTS: [(&str, Role); 9] = [
    ("resources", Role::Resource),
    ("bases", Role::Resource),
    ("components", Role::Resource),
    ("patchesStrategicMerge", Role::Patch),
    ("crds", Role::Input),
    ("configurations", Role::Input),
    ("generators", Role::Input),
    ("transformers", Role::Input),
    ("validators", Role::Input),
];

/// Fields that list entries with a `path`.
const WITH_PATH: [(&str, Role); 3] =
    [("patches", Role::Patch), ("patchesJson6902", Role::Patch), ("replacements", Role::Input)];

/// Fields whose entries configure plug-ins: files, folders, or inline documents.
const PLUGINS: [&str; 3] = ["generators", "transformers", "validators"];

/// Fields whose entries are files, else folders or repositories with a kustomization; every other reference is a file
/// or a URL.
const FOLLOWED: [&str; 6] = ["resources", "bases", "components", "generators", "transformers", "validators"];

/// Describes a reference of a kustomization file.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The role of the file.
    pub role: Role,
    /// The path or URL, as it is written.
    pub text: String,
    /// Whether it configures plug-ins, which may refer to more.
    pub plugin: bool,
    /// Whether it may be a folder or a repository with a kustomization.
    pub followed: bool,
}

/// Lists the references of a kustomization file in its order of fields, without inline texts, but with the references
/// of plug-ins that are configured inline.
pub fn references(body: &Value) -> Vec<Reference> {
    let mut found = Found(Vec::new());
    for (key, role) in LISTS {
        let plugin = PLUGINS.contains(&key);
        for item in items(body, key) {
            let text = item.as_str().unwrap_or_default();
            if let Some(documents) = Some(text).filter(|_| plugin).and_then(in_place) {
                found.0.extend(documents.iter().flat_map(of_plugin));
                continue;
            }
            if key == "patchesStrategicMerge" && is_patch(text) {
                continue;
            }
            let known = found.0.len();
            found.add(role, Some(item));
            let followed = FOLLOWED.contains(&key);
            found.0.iter_mut().skip(known).for_each(|added| (added.plugin, added.followed) = (plugin, followed));
        }
    }
    for (key, role) in WITH_PATH {
        for item in items(body, key) {
            found.add(role, item.get("path"));
        }
    }
    for generator in items(body, "configMapGenerator").chain(items(body, "secretGenerator")) {
        found.inputs(generator);
    }
    for chart in items(body, "helmCharts") {
        found.add(Role::Input, chart.get("valuesFile"));
        for item in items(chart, "additionalValuesFiles") {
            found.add(Role::Input, Some(item));
        }
    }
    found.add(Role::Input, body.get("openapi").and_then(|openapi| openapi.get("path")));
    found.0
}

/// Lists the references in the configuration of one of kustomize's own plug-ins; no other plug-in runs (kustomize's
/// `api/internal/builtins`). The paths start at the folder of the kustomization that names the plug-in.
pub fn of_plugin(config: &Value) -> Vec<Reference> {
    let mut found = Found(Vec::new());
    // A list of configurations has them as its items.
    items(config, "items").for_each(|item| found.0.extend(of_plugin(item)));
    found.inputs(config);
    for key in ["path", "valuesFile"] {
        found.add(Role::Input, config.get(key));
    }
    for key in ["paths", "additionalValuesFiles"] {
        for item in items(config, key).filter(|item| !item.as_str().is_some_and(is_patch)) {
            found.add(Role::Input, Some(item));
        }
    }
    for item in items(config, "replacements") {
        found.add(Role::Input, item.get("path"));
    }
    found.0
}

/// A Secret that a kustomization generates from files and literals.
pub(super) struct Generator {
    pub(super) name: String,
    pub(super) namespace: String,
    /// The input files, as they are written.
    pub(super) files: Vec<String>,
    /// The keys of its literals.
    pub(super) literals: Vec<String>,
}

/// Lists the Secrets that a kustomization file generates.
pub(super) fn secret_generators(body: &Value) -> Vec<Generator> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let generator = |one: &Value| {
        let mut found = Found(Vec::new());
        found.inputs(one);
        let literals =
            items(one, "literals").filter_map(|literal| Some(literal.as_str()?.split_once('=')?.0.to_owned()));
        let namespace = if one.get("namespace").is_some() { one.get("namespace") } else { body.get("namespace") };
        Generator {
            name: text(one.get("name")),
            namespace: text(namespace),
            files: found.0.into_iter().map(|reference| reference.text).collect(),
            literals: literals.collect(),
        }
    };
    items(body, "secretGenerator").map(generator).collect()
}

/// Tells whether kustomize would, or might, fetch a reference if no such file exists: `gh:owner/repository` and
/// `user@host:path` are URLs to it as well.
pub fn is_remote(reference: &str) -> bool {
    let host = reference.split('/').next().unwrap_or_default();
    reference.contains(':')
        || reference.contains("?ref=")
        || (reference.contains('/') && host.contains('.') && !host.starts_with('.'))
}

/// Tells whether kustomize would, or might, fetch a reference even if a file or a folder of the same name exists: it
/// checks first whether it is a URL (`loader.IsRemoteFile`), and for folders whether it is a repository
/// (`git.NewRepoSpecFromURL`).
pub fn is_fetched(reference: &str, is_file: bool) -> bool {
    let scheme = reference.trim_start().split_once(':').map_or("", |(scheme, _)| scheme);
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        return true;
    }
    let host = reference.split('/').next().unwrap_or_default();
    let is_repository = |part: &str| part.strip_suffix(".git").is_some_and(|name| !name.is_empty());
    !is_file
        && (reference.contains([':', '@', '?'])
            || host.eq_ignore_ascii_case("github.com")
            || reference.split('/').any(is_repository))
}

/// Tells whether an entry of `patchesStrategicMerge` is an inline patch.
pub fn is_patch(entry: &str) -> bool {
    entry.trim_start().starts_with('{') || entry.trim().contains('\n')
}

struct Found(Vec<Reference>);

impl Found {
    fn add(&mut self, role: Role, value: Option<&Value>) {
        if let Some(text) = value.and_then(Value::as_str) {
            self.add_text(role, text);
        }
    }

    /// Adds the inputs of a generator.
    fn inputs(&mut self, generator: &Value) {
        self.add(Role::Input, generator.get("env"));
        for item in items(generator, "envs") {
            self.add(Role::Input, Some(item));
        }
        for item in items(generator, "files").filter_map(Value::as_str) {
            // `key=path`, or a path whose last part is the key.
            self.add_text(Role::Input, item.split_once('=').map_or(item, |(_, path)| path));
        }
    }

    fn add_text(&mut self, role: Role, text: &str) {
        if !text.is_empty() {
            self.0.push(Reference { role, text: text.to_owned(), plugin: false, followed: false });
        }
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_sequence).into_iter().flatten()
}
