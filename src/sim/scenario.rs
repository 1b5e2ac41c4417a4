//! Scenarios: what the simulated clusters look like, as data. One file each under `scenarios/`; what the Kustomizations build lies under
//! `renderings/`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::fault::Faults;
use super::script::Script;
use super::trouble::{TextEdit, Troubles};
use crate::model::clock::go_duration;
use crate::model::{Fault, FaultKind};

/// The scenarios that are built in, by name.
const SCENARIOS: &[(&str, &str)] = &[
    ("day", include_str!("scenarios/day.toml")),
    ("broken-chain", include_str!("scenarios/broken-chain.toml")),
    ("certificate", include_str!("scenarios/certificate.toml")),
    ("drift", include_str!("scenarios/drift.toml")),
    ("healthy", include_str!("scenarios/healthy.toml")),
    ("helm-exhausted", include_str!("scenarios/helm-exhausted.toml")),
    ("image-pull", include_str!("scenarios/image-pull.toml")),
    ("no-key", include_str!("scenarios/no-key.toml")),
    ("node-down", include_str!("scenarios/node-down.toml")),
    ("slow", include_str!("scenarios/slow.toml")),
    ("unreachable", include_str!("scenarios/unreachable.toml")),
];

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Commit {
    /// The branch.
    #[serde(default = "main_branch")]
    pub branch: String,
    /// The full SHA-1, 40 hexadecimal digits.
    pub sha: String,
    /// The first line of its message.
    pub subject: String,
    /// The files in which it differs from what the renderings were made of.
    #[serde(default)]
    pub changed: Vec<String>,
    /// Encrypted files that it changes: the environment, and the objects in them. They are applied without kustomize, since it leaves a
    /// Secret of its own file as it is but for its namespace.
    #[serde(skip)]
    pub secrets: Vec<(String, serde_json::Value)>,
    /// Whether it takes back what the scenario's own commit says otherwise than the template.
    #[serde(default)]
    pub mended: bool,
}

impl Commit {
    /// Writes the commit as Flux writes revisions: `main@sha1:…`.
    pub fn revision(&self) -> String {
        format!("{}@sha1:{}", self.branch, self.sha)
    }
}

pub(crate) fn main_branch() -> String {
    "main".to_owned()
}

/// What a scenario's file says of one environment.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct EnvironmentScript {
    pub(crate) name: String,
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
    pub(crate) health_checks_last: Option<String>,
    #[serde(default)]
    pub(crate) statuses: Vec<StatusScript>,
    #[serde(default)]
    pub(crate) suspended: Vec<SuspendedScript>,
    #[serde(default)]
    pub(crate) releases: Vec<ReleaseScript>,
    /// What is wrong.
    #[serde(default)]
    pub(crate) trouble: Troubles,
}

/// A status that an object has from its creation on, such as a certificate that is not issued.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StatusScript {
    pub(crate) object: String,
    pub(crate) status: Value,
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

    /// Returns the first line of the message of the newest commit.
    pub fn subject(&self) -> &str {
        self.commits.first().map_or("", |commit| commit.subject.as_str())
    }

    /// Iterates over what the newest commit says otherwise than the template, as text.
    pub fn edits(&self) -> impl Iterator<Item = &TextEdit> {
        self.environments.iter().flat_map(|environment| &environment.trouble.files)
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

#[cfg(test)]
mod tests {
    use super::{SCENARIOS, Scenario};
    use crate::sim::{json, kinds};

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
    fn an_unknown_scenario_says_which_there_are() {
        assert_eq!(
            Scenario::named("night").unwrap_err().todo,
            format!("choose one of {}", Scenario::names().collect::<Vec<_>>().join(", "))
        );
    }
}
