//! One environment of a scenario, prepared for its cluster: manifests read, edits made, and faults.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::json::{self, text};
use super::scenario::{Commit, EnvironmentScript, ReleaseScript, Remote, SuspendedScript, main_branch};
use super::trouble::Troubles;
use super::{kinds, renderings};
use crate::model::ObjectRef;
use crate::model::clock::go_duration;
use crate::repo::template;

/// The objects before Flux: nodes, and those of the distribution. `${ENV}` stands for the environment's name.
const PLATFORM: &str = include_str!("manifests/platform.yaml");

/// The status of new objects after their controllers' first reconciliation, by kind and group.
const BORN: &str = include_str!("manifests/born.toml");

/// The charts of releases, by name: metadata and values, and the rendered manifest.
const CHARTS: &[(&str, &str, &str)] = &[(
    "cert-manager",
    include_str!("manifests/charts/cert-manager.toml"),
    include_str!("manifests/charts/cert-manager.yaml"),
)];

const CHATTER: &str = include_str!("manifests/chatter.toml");

/// One environment of a scenario, with its manifests read.
pub(crate) struct Script {
    /// The environment.
    name: String,
    commits: Vec<Commit>,
    /// The remote that the sources query for a newer commit.
    pub(crate) remote: Option<Remote>,
    manifests: BTreeMap<String, Vec<Value>>,
    /// The objects as in the template, if the newest commit changes them.
    originals: BTreeMap<String, Vec<Value>>,
    /// Whether the newest commit has reached the cluster, while the past is played.
    advanced: bool,
    statuses: BTreeMap<ObjectRef, Value>,
    born: BTreeMap<String, Value>,
    /// The wait for failing health checks, if it is shortened.
    pub(crate) health_checks_last: Option<Duration>,
    /// The faults.
    pub(crate) troubles: Troubles,
    /// The path that each Kustomization's manifests were rendered from.
    paths: BTreeMap<String, String>,
    /// The rendered manifests of charts that replace built-in ones.
    charts: BTreeMap<String, String>,
    /// The suspended objects.
    pub(crate) suspended: Vec<SuspendedScript>,
    /// Earlier revisions of releases.
    pub(crate) releases: Vec<ReleaseScript>,
    chatter: BTreeMap<String, Chatter>,
}

/// The log lines of an application's pods.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Chatter {
    /// The lines at the start.
    #[serde(default)]
    pub(crate) start: Vec<String>,
    /// The interval of lines, in seconds.
    #[serde(default, rename = "every-seconds", deserialize_with = "seconds")]
    pub(crate) every: Duration,
    /// The later lines, in turns.
    #[serde(default)]
    pub(crate) then: Vec<String>,
}

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(|seconds| Duration::from_secs(seconds.max(1)))
}

/// A chart that releases install.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ScriptedChart {
    pub(crate) description: String,
    pub(crate) home: String,
    pub(crate) notes: String,
    pub(crate) values: Value,
    #[serde(skip)]
    pub(crate) manifest: String,
}

impl Script {
    pub(crate) fn new(environment: &EnvironmentScript, commits: &[Commit]) -> Self {
        let mut manifests: BTreeMap<String, Vec<Value>> = renderings::of_environment(&environment.name).collect();
        manifests.insert("platform".to_owned(), platform(&environment.name));
        let paths = manifests
            .get("flux-system")
            .into_iter()
            .flatten()
            .filter(|one| text(one, "/apiVersion").starts_with(kinds::KUSTOMIZE))
            .map(|one| (text(one, "/metadata/name").to_owned(), plain(text(one, "/spec/path"))))
            .collect();
        let mut originals = BTreeMap::new();
        for (name, all) in &mut manifests {
            let original = all.clone();
            for manifest in all.iter_mut() {
                environment.trouble.edit(manifest);
            }
            if *all != original {
                originals.insert(name.clone(), original);
            }
        }
        Self {
            name: environment.name.clone(),
            commits: commits.to_vec(),
            remote: None,
            manifests,
            originals,
            advanced: false,
            statuses: environment
                .statuses
                .iter()
                .filter_map(|one| Some((one.object.parse().ok()?, one.status.clone())))
                .collect(),
            born: toml::from_str(BORN).unwrap_or_default(),
            troubles: environment.trouble.clone(),
            paths,
            charts: BTreeMap::new(),
            health_checks_last: environment.health_checks_last.as_deref().and_then(go_duration),
            suspended: environment.suspended.clone(),
            releases: environment.releases.clone(),
            chatter: toml::from_str(CHATTER).unwrap_or_default(),
        }
    }

    /// Builds the script of an empty cluster.
    pub(crate) fn empty() -> Self {
        Self {
            name: String::new(),
            commits: Vec::new(),
            remote: None,
            manifests: BTreeMap::new(),
            originals: BTreeMap::new(),
            advanced: true,
            statuses: BTreeMap::new(),
            born: BTreeMap::new(),
            troubles: Troubles::default(),
            paths: BTreeMap::new(),
            charts: BTreeMap::new(),
            health_checks_last: None,
            suspended: Vec::new(),
            releases: Vec::new(),
            chatter: BTreeMap::new(),
        }
    }

    /// Returns the newest commit of the repository.
    pub(crate) fn head(&self) -> Commit {
        if let Some(commit) = self.remote.as_ref().and_then(|remote| remote()) {
            return commit;
        }
        self.commits.first().cloned().unwrap_or_else(|| Commit { branch: main_branch(), ..Commit::default() })
    }

    /// Returns the commit before the newest.
    pub(crate) fn previous(&self) -> Commit {
        self.commits.get(1).cloned().unwrap_or_else(|| self.head())
    }

    /// Adds a commit to the repository.
    pub(crate) fn push(&mut self, commit: Commit) {
        self.commits.insert(0, commit);
    }

    /// Returns the objects of a Kustomization.
    pub(crate) fn manifests(&self, kustomization: &str) -> Vec<Value> {
        let original = self.originals.get(kustomization).filter(|_| !self.advanced || self.head().mended);
        let mut manifests = original.or_else(|| self.manifests.get(kustomization)).cloned().unwrap_or_default();
        for (_, secret) in self.head().secrets.iter().filter(|(env, _)| *env == self.name) {
            let name = |value: &Value| value.pointer("/metadata/name").cloned();
            let is_it = |value: &&mut Value| {
                value.get("kind") == secret.get("kind") && name(value) == name(secret) && name(secret).is_some()
            };
            let Some(known) = manifests.iter_mut().find(is_it) else { continue };
            let mut opened = renderings::opened(secret);
            super::apply::encode_secret(&mut opened);
            for field in ["data", "type"] {
                if let Some(value) = opened.get(field) {
                    json::set(known, &[field], value.clone());
                }
            }
        }
        manifests
    }

    /// Makes the newest commit reach the cluster; returns the Kustomizations that it changes.
    pub(crate) fn advance(&mut self) -> Vec<String> {
        self.advanced = true;
        self.originals.keys().cloned().collect()
    }

    /// Names a file of a Kustomization that the newest commit changes without a new rendering; and the number of such
    /// files.
    pub(crate) fn unrendered(&self, path: &str) -> Option<(String, usize)> {
        let head = self.head();
        let path = plain(path);
        let base = path.rsplit_once('/').map(|(parent, _)| format!("{parent}/base/")).unwrap_or_default();
        let own = format!("{path}/");
        let concerned = |file: &&String| file.starts_with(&own) || (!base.is_empty() && file.starts_with(&base));
        let files: Vec<&String> = head.changed.iter().filter(concerned).collect();
        files.first().map(|first| ((*first).clone(), files.len()))
    }

    /// Changes the objects of a Kustomization.
    pub(crate) fn set_manifests(&mut self, kustomization: &str, manifests: Vec<Value>) {
        self.manifests.insert(kustomization.to_owned(), manifests);
    }

    /// Returns the status that an object has from its creation on.
    pub(crate) fn status(&self, key: &ObjectRef) -> Option<Value> {
        let kind = if key.group.is_empty() { key.kind.clone() } else { format!("{}.{}", key.kind, key.group) };
        self.statuses.get(key).or_else(|| self.born.get(&kind)).cloned()
    }

    /// Tells whether the repository lacks the path of a Kustomization.
    pub(crate) fn lacks_path(&self, kustomization: &str, path: &str) -> bool {
        let path = plain(path);
        self.troubles.missing_paths.contains(&path)
            || self
                .paths
                .get(kustomization)
                .is_some_and(|known| *known != path && !self.paths.values().any(|one| *one == path))
    }

    /// Returns a chart; an empty one if it is unknown.
    pub(crate) fn chart(&self, name: &str) -> ScriptedChart {
        let mut chart = built_in_chart(name);
        if let Some(manifest) = self.charts.get(name) {
            chart.manifest.clone_from(manifest);
        }
        chart
    }

    /// Changes the rendered manifest of a chart.
    #[cfg(test)]
    pub(crate) fn set_chart(&mut self, name: &str, manifest: &str) {
        self.charts.insert(name.to_owned(), manifest.to_owned());
    }

    /// Returns the log lines of an application's pods.
    pub(crate) fn chatter(&self, app: &str) -> Chatter {
        self.chatter.get(app).cloned().unwrap_or_default()
    }
}

fn built_in_chart(name: &str) -> ScriptedChart {
    let Some((_, metadata, manifest)) = CHARTS.iter().find(|(known, ..)| *known == name) else {
        return ScriptedChart::default();
    };
    let mut chart: ScriptedChart = toml::from_str(metadata).unwrap_or_default();
    (*manifest).clone_into(&mut chart.manifest);
    chart
}

/// Reads the objects before Flux.
fn platform(env: &str) -> Vec<Value> {
    let key = template::KEYS.iter().find(|(name, _)| *name == env).map_or("", |(_, key)| key);
    // A YAML string in double quotes is a JSON string.
    let key = serde_json::to_string(key).unwrap_or_default();
    let mut all = documents(&PLATFORM.replace("${ENV}", env).replace("${KEY}", &key));
    all.iter_mut().for_each(super::apply::encode_secret);
    all
}

/// Reads the manifests of a text, one document each.
pub(crate) fn documents(yaml: &str) -> Vec<Value> {
    let yaml = format!("\n{yaml}");
    let documents = yaml.split("\n---").filter_map(|document| crate::yaml::from_str::<Value>(document).ok());
    documents.filter(|manifest| !text(manifest, "/kind").is_empty()).collect()
}

/// Returns the objects of a chart for a release: `${VERSION}` and `${NAME}` stand for the chart's version and the
/// release.
pub(crate) fn installed(manifest: &str, version: &str, release: &ObjectRef) -> Vec<Value> {
    let mut all = documents(&manifest.replace("${VERSION}", version).replace("${NAME}", &release.name));
    for one in &mut all {
        let namespaced =
            kinds::by_kind(&json::gvk(one).group, text(one, "/kind")).is_none_or(|served| served.namespaced);
        if namespaced && text(one, "/metadata/namespace").is_empty() {
            json::set(one, &["metadata", "namespace"], release.namespace.as_str());
        }
        for (label, value) in [
            ("app.kubernetes.io/managed-by".to_owned(), "Helm"),
            (format!("{}/name", kinds::HELM), release.name.as_str()),
            (format!("{}/namespace", kinds::HELM), release.namespace.as_str()),
        ] {
            json::set(one, &["metadata", "labels", &label], value);
        }
    }
    all
}

fn plain(path: &str) -> String {
    path.trim_start_matches("./").trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{BORN, CHARTS, Chatter};
    use crate::sim::kinds;
    use std::collections::BTreeMap;

    #[test]
    fn what_objects_are_born_with_is_of_served_kinds() {
        let born: BTreeMap<String, serde_json::Value> = toml::from_str(BORN).unwrap();
        for name in born.keys() {
            let (kind, group) = name.split_once('.').unwrap_or((name, ""));
            assert!(kinds::by_kind(group, kind).is_some(), "{name} is not served");
        }
    }

    #[test]
    fn charts_and_chatter_can_be_read() {
        toml::from_str::<BTreeMap<String, Chatter>>(super::CHATTER).unwrap();
        for (name, metadata, _) in CHARTS {
            toml::from_str::<super::ScriptedChart>(metadata).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
