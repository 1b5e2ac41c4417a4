//! Scenarios: what the simulated clusters look like, as data. One file each under `scenarios/`; what the Kustomizations build lies under
//! `renderings/`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::fault::Faults;
use super::{json, renderings};
use crate::model::clock::go_duration;
use crate::model::{Fault, FaultKind, ObjectRef};

/// The scenarios that are built in, by name.
const SCENARIOS: &[(&str, &str)] = &[
    ("day", include_str!("scenarios/day.toml")),
    ("healthy", include_str!("scenarios/healthy.toml")),
    ("slow", include_str!("scenarios/slow.toml")),
    ("unreachable", include_str!("scenarios/unreachable.toml")),
];

/// What is there before Flux: nodes, and what the distribution brings. `${ENV}` stands for the environment's name.
const PLATFORM: &str = include_str!("manifests/platform.yaml");

/// The status that objects of a kind have once their controllers have looked at them, by kind and group.
const BORN: &str = include_str!("manifests/born.toml");

/// The charts that releases install, by name: metadata and values, and the manifest that they render to.
const CHARTS: &[(&str, &str, &str)] = &[(
    "cert-manager",
    include_str!("manifests/charts/cert-manager.toml"),
    include_str!("manifests/charts/cert-manager.yaml"),
)];

const CHATTER: &str = include_str!("manifests/chatter.toml");

/// Describes simulated clusters.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in one sentence.
    pub summary: String,
    /// The commits of the repository that the clusters follow, newest first; there are always two at least.
    commits: Vec<Commit>,
    /// The environments, in their order.
    environments: Vec<EnvironmentScript>,
}

/// Names a commit of the repository that the clusters follow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Commit {
    /// The branch.
    #[serde(default = "main_branch")]
    pub branch: String,
    /// The full SHA-1, 40 hexadecimal digits.
    pub sha: String,
    /// The first line of its message.
    pub subject: String,
}

impl Commit {
    /// Writes the commit as Flux writes revisions: `main@sha1:…`.
    pub fn revision(&self) -> String {
        format!("{}@sha1:{}", self.branch, self.sha)
    }
}

fn main_branch() -> String {
    "main".to_owned()
}

/// What a scenario's file says of one environment.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct EnvironmentScript {
    name: String,
    /// Nobody listens at the server's address.
    #[serde(default)]
    refused: bool,
    /// The server takes requests and never answers.
    #[serde(default)]
    hanging: bool,
    /// How much later the server answers, as Go writes durations.
    #[serde(default)]
    answers_after: Option<String>,
    /// Cuts short how long failing health checks are waited for, so that one who watches a demonstration sees them end.
    #[serde(default)]
    health_checks_last: Option<String>,
    #[serde(default)]
    statuses: Vec<StatusScript>,
    #[serde(default)]
    suspended: Vec<SuspendedScript>,
    #[serde(default)]
    releases: Vec<ReleaseScript>,
}

/// A status that an object has from its creation on, such as a certificate that is not issued.
#[derive(Debug, Clone, Deserialize)]
struct StatusScript {
    object: String,
    status: Value,
}

/// An object that somebody suspended.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendedScript {
    pub(crate) object: String,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) since: String,
    #[serde(default)]
    pub(crate) until_in: Option<String>,
}

/// The earlier revisions of a release, oldest first.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseScript {
    pub(crate) object: String,
    pub(crate) revisions: Vec<RevisionScript>,
}

/// One revision of a release.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevisionScript {
    pub(crate) chart: String,
    pub(crate) since: String,
}

impl Scenario {
    /// Returns the names of the scenarios that are built in.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SCENARIOS.iter().map(|(name, _)| *name)
    }

    /// Returns a scenario that is built in.
    ///
    /// # Errors
    /// Fails when there is none of that name.
    pub fn named(name: &str) -> Result<Self, Fault> {
        let Some((_, text)) = SCENARIOS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = Self::names().collect();
            return Err(Fault::new(
                FaultKind::Usage,
                format!("cannot start scenario {name}"),
                "there is none of that name",
                format!("choose one of {}", known.join(", ")),
            ));
        };
        Self::parse(text)
    }

    /// Reads a scenario from TOML.
    ///
    /// # Errors
    /// Fails when the text is no scenario, or names fewer than two commits.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let broken =
            |why: String| Fault::failed("cannot read a scenario", why, "compare it with src/sim/scenarios/day.toml");
        let scenario: Self = toml::from_str(text).map_err(|error| broken(error.to_string()))?;
        if scenario.commits.len() < 2 {
            return Err(broken("it names fewer than two commits".to_owned()));
        }
        Ok(scenario)
    }

    /// Lets the clusters follow other commits, such as those of the repository that a demonstration made; the head first, then the one before.
    pub fn with_commits(mut self, head: Commit, previous: Commit) -> Self {
        self.commits = vec![head, previous];
        self
    }

    /// Returns the names of the environments, in their order.
    pub fn environments(&self) -> impl Iterator<Item = &str> {
        self.environments.iter().map(|environment| environment.name.as_str())
    }

    /// Makes what the simulation of each environment needs.
    pub(crate) fn scripts(&self) -> impl Iterator<Item = (String, Script, Faults)> {
        self.environments.iter().map(|environment| {
            let faults = Faults {
                refused: environment.refused,
                hanging: environment.hanging,
                delay: environment.answers_after.as_deref().and_then(go_duration),
                ..Faults::default()
            };
            (environment.name.clone(), Script::new(environment, &self.commits), faults)
        })
    }
}

/// Tells the newest commit of a repository outside the simulation; `None` while the scenario's own is.
pub type Remote = Arc<dyn Fn() -> Option<Commit> + Send + Sync>;

/// What a scenario says of one environment, with its manifests read.
pub(crate) struct Script {
    commits: Vec<Commit>,
    /// Where the sources look for a newer commit.
    pub(crate) remote: Option<Remote>,
    manifests: BTreeMap<String, Vec<Value>>,
    statuses: BTreeMap<ObjectRef, Value>,
    born: BTreeMap<String, Value>,
    /// How long failing health checks are waited for, where that is cut short.
    pub(crate) health_checks_last: Option<Duration>,
    /// Charts and versions that their repositories do not have.
    pub(crate) missing_charts: Vec<(String, String)>,
    /// What is suspended.
    pub(crate) suspended: Vec<SuspendedScript>,
    /// Earlier revisions of releases.
    pub(crate) releases: Vec<ReleaseScript>,
    chatter: BTreeMap<String, Chatter>,
}

/// What the pods of an application write into their logs.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Chatter {
    /// At the start.
    #[serde(default)]
    pub(crate) start: Vec<String>,
    /// How many seconds pass between lines.
    #[serde(default, rename = "every-seconds", deserialize_with = "seconds")]
    pub(crate) every: Duration,
    /// Later, in turns.
    #[serde(default)]
    pub(crate) then: Vec<String>,
}

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(|seconds| Duration::from_secs(seconds.max(1)))
}

/// A chart that releases install.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Chart {
    pub(crate) description: String,
    pub(crate) home: String,
    pub(crate) notes: String,
    pub(crate) values: Value,
    #[serde(skip)]
    pub(crate) manifest: String,
}

impl Script {
    fn new(environment: &EnvironmentScript, commits: &[Commit]) -> Self {
        let mut manifests: BTreeMap<String, Vec<Value>> = renderings::of(&environment.name).collect();
        manifests.insert("platform".to_owned(), platform(&environment.name));
        Self {
            commits: commits.to_vec(),
            remote: None,
            manifests,
            statuses: environment
                .statuses
                .iter()
                .filter_map(|one| Some((one.object.parse().ok()?, one.status.clone())))
                .collect(),
            born: toml::from_str(BORN).unwrap_or_default(),
            missing_charts: Vec::new(),
            health_checks_last: environment.health_checks_last.as_deref().and_then(go_duration),
            suspended: environment.suspended.clone(),
            releases: environment.releases.clone(),
            chatter: toml::from_str(CHATTER).unwrap_or_default(),
        }
    }

    /// Makes the script of a cluster in which there is nothing.
    pub(crate) fn empty() -> Self {
        Self {
            commits: Vec::new(),
            remote: None,
            manifests: BTreeMap::new(),
            statuses: BTreeMap::new(),
            born: BTreeMap::new(),
            missing_charts: Vec::new(),
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
        self.commits.first().cloned().unwrap_or_else(|| Commit {
            branch: main_branch(),
            sha: String::new(),
            subject: String::new(),
        })
    }

    /// Returns the commit before the newest.
    pub(crate) fn previous(&self) -> Commit {
        self.commits.get(1).cloned().unwrap_or_else(|| self.head())
    }

    /// Adds a commit to the repository.
    pub(crate) fn push(&mut self, commit: Commit) {
        self.commits.insert(0, commit);
    }

    /// Returns what a Kustomization builds.
    pub(crate) fn manifests(&self, kustomization: &str) -> Vec<Value> {
        self.manifests.get(kustomization).cloned().unwrap_or_default()
    }

    /// Changes what a Kustomization builds.
    pub(crate) fn set_manifests(&mut self, kustomization: &str, manifests: Vec<Value>) {
        self.manifests.insert(kustomization.to_owned(), manifests);
    }

    /// Returns the status that an object has from its creation on.
    pub(crate) fn status(&self, key: &ObjectRef) -> Option<Value> {
        let kind = if key.group.is_empty() { key.kind.clone() } else { format!("{}.{}", key.kind, key.group) };
        self.statuses.get(key).or_else(|| self.born.get(&kind)).cloned()
    }

    /// Returns what the pods of an application write.
    pub(crate) fn chatter(&self, app: &str) -> Chatter {
        self.chatter.get(app).cloned().unwrap_or_default()
    }
}

/// Returns a chart; an empty one where it is not known.
pub(crate) fn chart(name: &str) -> Chart {
    let Some((_, metadata, manifest)) = CHARTS.iter().find(|(known, ..)| *known == name) else {
        return Chart::default();
    };
    let mut chart: Chart = toml::from_str(metadata).unwrap_or_default();
    (*manifest).clone_into(&mut chart.manifest);
    chart
}

/// Reads what is there before Flux.
fn platform(env: &str) -> Vec<Value> {
    let text = PLATFORM.replace("${ENV}", env);
    let documents = text.split("\n---\n").filter_map(|document| crate::yaml::from_str::<Value>(document).ok());
    documents.filter(|manifest| !json::text(manifest, "/kind").is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::{BORN, CHARTS, Chatter, SCENARIOS, Scenario};
    use crate::sim::{json, kinds};
    use std::collections::BTreeMap;

    #[test]
    fn every_scenario_can_be_read() {
        for (name, text) in SCENARIOS {
            let scenario = Scenario::parse(text).unwrap_or_else(|fault| panic!("{name}: {}", fault.why));
            assert_eq!(scenario.environments().collect::<Vec<_>>(), ["staging", "production"], "{name}");
            for (environment, script, _) in scenario.scripts() {
                for manifest in script.manifests("platform") {
                    let key = json::reference(&manifest);
                    assert!(kinds::by_kind(&key.group, &key.kind).is_some(), "{key} is not served");
                    assert!(!manifest.to_string().contains("${"), "{key}: a variable is left in {environment}");
                }
            }
        }
    }

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
            toml::from_str::<super::Chart>(metadata).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn an_unknown_scenario_says_which_there_are() {
        assert_eq!(Scenario::named("night").unwrap_err().todo, "choose one of day, healthy, slow, unreachable");
    }
}
