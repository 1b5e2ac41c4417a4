//! Scenarios: the states of simulated clusters, as data. One file each under `scenarios/`; the objects of
//! Kustomizations are under `renderings/`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::fault::Faults;
use super::script::Script;
use super::trouble::{TextEdit, Troubles};
use crate::model::clock::go_duration;
use crate::model::{Exercise, ExerciseFault, Fault, FaultKind};

/// The built-in scenarios, by name.
const SCENARIOS: &[(&str, &str)] = &[
    ("day", include_str!("scenarios/day.toml")),
    ("broken-chain", include_str!("scenarios/broken-chain.toml")),
    ("certificate", include_str!("scenarios/certificate.toml")),
    ("crash-loop", include_str!("scenarios/crash-loop.toml")),
    ("dependency-missing", include_str!("scenarios/dependency-missing.toml")),
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
    /// The subject of the scenario, in one sentence.
    pub summary: String,
    /// The commits of the repository that the clusters follow, newest first; at least two.
    commits: Vec<Commit>,
    /// The environments, in their order.
    environments: Vec<EnvironmentScript>,
    /// The root causes that the doctor must find in it, and no other.
    #[serde(default)]
    pub roots: Vec<ScenarioRoot>,
    /// What makes an exercise of it, if its fault can be mended inside the demonstration.
    #[serde(default)]
    exercise: Option<ExerciseScript>,
}

/// Makes an exercise of a scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ExerciseScript {
    /// What is noticed, and no more.
    symptom: String,
    /// What leads on, one after the other.
    hints: Vec<String>,
    /// What was learned.
    learned: String,
    /// The causes that must be gone; empty for all of the scenario.
    #[serde(default)]
    causes: Vec<String>,
}

/// Names a root cause of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct ScenarioRoot {
    /// The environment.
    pub env: String,
    /// The id of the cause.
    pub cause: String,
    /// The object at fault, as `Kind/namespace/name`.
    pub object: String,
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
    /// The files that differ from those behind the renderings.
    #[serde(default)]
    pub changed: Vec<String>,
    /// The encrypted files that it changes: the environment, and the objects in them. They are applied without
    /// kustomize, which changes only the namespace of a Secret in a file of its own.
    #[serde(skip)]
    pub secrets: Vec<(String, serde_json::Value)>,
    /// Whether it reverts the scenario's own changes to the template.
    #[serde(default)]
    pub mended: bool,
}

impl Commit {
    /// Returns the commit in Flux's form of revisions: `main@sha1:…`.
    pub fn revision(&self) -> String {
        format!("{}@sha1:{}", self.branch, self.sha)
    }
}

pub(crate) fn main_branch() -> String {
    "main".to_owned()
}

/// Describes one environment in a scenario's file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct EnvironmentScript {
    pub(crate) name: String,
    /// Whether the server's address refuses connections.
    #[serde(default)]
    refused: bool,
    /// Whether the server accepts requests and never answers.
    #[serde(default)]
    hanging: bool,
    /// The delay of the server's answers, in Go's form of durations.
    #[serde(default)]
    answers_after: Option<String>,
    /// The shortened wait for failing health checks, so that the viewer of a demonstration sees their end.
    #[serde(default)]
    pub(crate) health_checks_last: Option<String>,
    #[serde(default)]
    pub(crate) statuses: Vec<StatusScript>,
    #[serde(default)]
    pub(crate) suspended: Vec<SuspendedScript>,
    #[serde(default)]
    pub(crate) releases: Vec<ReleaseScript>,
    /// The faults.
    #[serde(default)]
    pub(crate) trouble: Troubles,
}

/// A status that an object has from its creation on, such as a certificate that is not issued.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StatusScript {
    pub(crate) object: String,
    pub(crate) status: Value,
}

/// A suspended object.
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
    /// Returns the names of the built-in scenarios.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SCENARIOS.iter().map(|(name, _)| *name)
    }

    /// Returns a built-in scenario.
    ///
    /// # Errors
    /// Fails if there is none of that name.
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
    /// Fails if the text is no scenario, or names fewer than two commits.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let broken =
            |why: String| Fault::failed("cannot read a scenario", why, "compare it with src/sim/scenarios/day.toml");
        let scenario: Self = toml::from_str(text).map_err(|error| broken(error.to_string()))?;
        if scenario.commits.len() < 2 {
            return Err(broken("it names fewer than two commits".to_owned()));
        }
        Ok(scenario)
    }

    /// Returns its exercise under the scenario's name; `None` if its fault cannot be mended inside the demonstration.
    pub fn exercise(&self, name: &str) -> Option<Exercise> {
        let script = self.exercise.as_ref()?;
        let is_meant = |root: &&ScenarioRoot| script.causes.is_empty() || script.causes.contains(&root.cause);
        let fault = |root: &ScenarioRoot| ExerciseFault {
            env: root.env.clone(),
            cause: root.cause.clone(),
            object: root.object.clone(),
        };
        Some(Exercise {
            name: name.to_owned(),
            symptom: script.symptom.clone(),
            hints: script.hints.clone(),
            learned: script.learned.clone(),
            faults: self.roots.iter().filter(is_meant).map(fault).collect(),
        })
    }

    /// Lists the exercises of all scenarios.
    ///
    /// # Errors
    /// Never fails in practice: a test reads every scenario.
    pub fn exercises() -> Result<Vec<Exercise>, Fault> {
        let mut found = Vec::new();
        for name in Self::names() {
            found.extend(Self::named(name)?.exercise(name));
        }
        Ok(found)
    }

    /// Makes the clusters follow other commits, such as those of a demonstration's repository; the head first, then the
    /// one before.
    pub fn with_commits(mut self, head: Commit, previous: Commit) -> Self {
        self.commits = vec![head, previous];
        self
    }

    /// Returns the first line of the message of the newest commit.
    pub fn subject(&self) -> &str {
        self.commits.first().map_or("", |commit| commit.subject.as_str())
    }

    /// Iterates over the newest commit's changes to the template, as text.
    pub fn edits(&self) -> impl Iterator<Item = &TextEdit> {
        self.environments.iter().flat_map(|environment| &environment.trouble.files)
    }

    /// Returns the names of the environments, in their order.
    pub fn environments(&self) -> impl Iterator<Item = &str> {
        self.environments.iter().map(|environment| environment.name.as_str())
    }

    /// Builds the input for the simulation of each environment.
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

/// Returns the newest commit of a repository outside of the simulation; `None` while the scenario's own counts.
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
