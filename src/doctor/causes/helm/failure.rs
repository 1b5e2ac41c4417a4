//! What helm said of a release that it could not install or upgrade.
//!
//! helm-controller 1.4 to 1.6: `Helm install failed for release NAMESPACE/NAME with chart CHART@VERSION: ERROR` in the
//! condition Released, and in Ready unless the release was rolled back or uninstalled since (then Ready tells of that).
//! The error is helm's, 3.19 in helm-controller 1.4 and 4.1 to 4.2 since 1.5.

use super::unwell;
use crate::doctor::message::{self, between};
use crate::doctor::{Diagnosis, Evidence, LiveGraph, LiveObject};
use crate::model::Condition;

/// Says why helm failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhyFailed {
    Schema,
    /// Objects are stored in a version that is gone: the cause of that is Flux's too (`stored-version`).
    StoredVersion,
    /// Another program wrote at the same moment: the cause of that is Flux's too (`write-conflict`).
    Conflict,
    /// Helm is to replace objects and to apply them, which exclude each other.
    ForceReplace,
    /// What a post renderer makes of the manifests fails.
    PostRender,
    Template,
    KubernetesTooOld,
    Pending,
    NothingDeployed,
    Ownership,
    /// An admission webhook does not answer: the cause of that is Flux's too (`webhook-down`).
    WebhookDown,
    Policy,
    CustomResource,
    Immutable,
    Forbidden,
    Namespace,
    Manifest,
    Hook,
    TimedOut,
    Unknown,
}

/// The texts that tell one reason, asked in this order.
const SIGNS: &[(WhyFailed, &[&str])] = &[
    (WhyFailed::Schema, &["values don't meet the specifications of the schema"]),
    (WhyFailed::StoredVersion, &["status.storedVersions[", "request to convert CR"]),
    (WhyFailed::Conflict, &["the object has been modified; please apply your changes"]),
    (WhyFailed::ForceReplace, &["cannot use force conflicts and force replace together"]),
    (WhyFailed::PostRender, &["error while running post render"]),
    (WhyFailed::KubernetesTooOld, &["chart requires kubeVersion"]),
    (WhyFailed::Pending, &["another operation (install/upgrade/rollback) is in progress", "release: already exists"]),
    (WhyFailed::NothingDeployed, &["has no deployed releases"]),
    (WhyFailed::Ownership, &["cannot be imported into the current release", "invalid ownership metadata"]),
    (WhyFailed::WebhookDown, &["failed calling webhook", "failed to call webhook"]),
    (WhyFailed::Policy, &["denied the request", "denied request"]),
    (
        WhyFailed::CustomResource,
        &["no matches for kind", "ensure CRDs are installed first", "contains removed kubernetes api"],
    ),
    (
        WhyFailed::Template,
        &[
            "execution error at (",
            "execution error in (",
            "parse error at (",
            "parse error in (",
            "nil pointer evaluating",
            "error calling ",
            ": executing \"",
            "executing \"",
            "YAML parse error on",
            "rendering template failed",
        ],
    ),
    (
        WhyFailed::Immutable,
        &[
            "field is immutable",
            "is immutable after creation",
            "updates to statefulset spec for fields other than",
            "may not change once set",
            "pod updates may not change fields",
        ],
    ),
    (WhyFailed::Forbidden, &[" is forbidden: "]),
    (WhyFailed::Namespace, &["namespaces \""]),
    (
        WhyFailed::Manifest,
        &[
            "\" is invalid: ",
            "error validating data",
            "strict decoding error",
            "failed to create typed patch object",
            "cannot unmarshal",
            "unable to build kubernetes objects",
            "error parsing",
            "Required value",
            "Invalid value",
            "could not find expected",
        ],
    ),
    (WhyFailed::Ownership, &["\" already exists"]),
    (
        WhyFailed::Hook,
        &[
            "failed pre-install",
            "failed post-install",
            "pre-upgrade hooks failed",
            "post-upgrade hooks failed",
            "warning: Hook ",
        ],
    ),
    (
        WhyFailed::TimedOut,
        &[
            "context deadline exceeded",
            "timed out waiting for the condition",
            "timeout waiting for: [",
            "not ready. status: ",
            "failed early due to stalled resources",
            "rate limiter Wait returned an error",
        ],
    ),
];

/// The reasons of Ready that tell of an attempt, or of what followed a failed one.
const ATTEMPTS: &[&str] =
    &["InstallFailed", "UpgradeFailed", "RollbackSucceeded", "RollbackFailed", "UninstallSucceeded", "UninstallFailed"];

/// Holds the last failed attempt at a release.
pub(super) struct FailedRelease<'a> {
    /// The release.
    pub(super) live: LiveObject<'a>,
    /// The condition that tells the error.
    pub(super) condition: Condition,
    /// The namespace that it is installed into.
    pub(super) namespace: String,
    /// Its name, as helm knows it.
    pub(super) release: String,
    /// The chart with its version, `web@1.2.0`.
    pub(super) chart: String,
    /// The error.
    pub(super) said: String,
    /// Why.
    pub(super) why: WhyFailed,
    is_install: bool,
}

/// Iterates over the releases whose last attempt failed for one reason.
pub(super) fn failures(graph: &LiveGraph, why: WhyFailed) -> impl Iterator<Item = FailedRelease<'_>> {
    unwell(graph).filter_map(FailedRelease::of).filter(move |failure| failure.why == why)
}

impl<'a> FailedRelease<'a> {
    /// Reads the failure of a release; `None` if it is of an older generation, or its last attempt did not fail.
    pub(super) fn of(live: LiveObject<'a>) -> Option<Self> {
        let ready = live.condition("Ready")?;
        let generation = live.number("/metadata/generation");
        if crate::model::health::is_old(&ready, generation) {
            return None;
        }
        // While it is tried again, Ready is Unknown; the counts are cleared where the chart or the values changed.
        let is_tried_again = ready.status == "Unknown"
            && live.number("/status/failures").is_some_and(|failures| failures > 0)
            && live.number("/status/lastAttemptedGeneration") == generation;
        let is_attempt = ready.status == "False" && ATTEMPTS.contains(&ready.reason.as_str());
        if !is_tried_again && !is_attempt {
            return None;
        }
        let released = live.condition("Released").filter(|released| released.status == "False");
        let condition = released.or(Some(ready).filter(|ready| ready.status == "False"))?;
        let message = condition.message.clone();
        let (is_install, rest) = match message.strip_prefix("Helm install failed for release ") {
            Some(rest) => (true, rest),
            None => (false, message.strip_prefix("Helm upgrade failed for release ")?),
        };
        let (release, rest) = rest.split_once(" with chart ")?;
        let (chart, said) = rest.split_once(": ")?;
        let (namespace, release) = release.split_once('/')?;
        Some(Self {
            live,
            namespace: namespace.to_owned(),
            release: release.to_owned(),
            chart: chart.to_owned(),
            why: reason(said),
            said: said.to_owned(),
            condition,
            is_install,
        })
    }

    /// Opens the sentence: `HelmRelease/apps/web cannot be upgraded to web@1.2.0 and was rolled back`.
    pub(super) fn cannot(&self) -> String {
        let told = self.live.object.told();
        let attempt = if self.is_install { "be installed from" } else { "be upgraded to" };
        let undone = match self.remediated().map(|condition| condition.reason) {
            Some(reason) if reason == "RollbackSucceeded" => " and was rolled back",
            Some(reason) if reason == "UninstallSucceeded" => " and was uninstalled again",
            _ => "",
        };
        format!("{told} cannot {attempt} {}{undone}", self.chart)
    }

    /// Begins a diagnosis of the release with what proves it.
    pub(super) fn diagnosis(&self, graph: &LiveGraph, cause: &'static str, why: &str) -> Diagnosis {
        let message = format!("{}: {why}", self.cannot());
        Diagnosis::new(cause, self.live.object, message)
            .seen_all(self.evidence())
            .look_at(graph.describe(self.live.object))
    }

    /// Makes evidence of the version that the release asks for: what fails since an upgrade came with it.
    pub(super) fn version(&self) -> Option<Evidence> {
        let field = "spec.chart.spec.version";
        let version = self.live.text("/spec/chart/spec/version");
        (!version.is_empty() && !self.is_install).then(|| self.live.field_evidence(field, version))
    }

    /// Makes evidence of what helm said, and of what Ready says instead.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let own = self.live.condition_evidence(&self.condition);
        std::iter::once(own).chain(self.remediated().map(|other| self.live.condition_evidence(&other))).collect()
    }

    /// Tells whether the release was rolled back or uninstalled since.
    pub(super) fn remediated(&self) -> Option<Condition> {
        self.live.condition("Remediated").filter(|condition| condition.status == "True")
    }

    /// Tells whether helm-controller has given up.
    pub(super) fn is_stalled(&self) -> bool {
        self.live.present_condition("Stalled", "True").is_some()
    }

    /// Returns helm's words that say most: the line after a heading such as `1 error occurred:`, else the first.
    pub(super) fn words(&self) -> String {
        let lines = self.said.lines().map(|line| line.trim().trim_start_matches("* "));
        let is_heading =
            |line: &&str| !line.is_empty() && !line.ends_with("error occurred:") && !line.ends_with("errors occurred:");
        lines.clone().find(is_heading).map(message::short).unwrap_or_default()
    }

    /// Finds the object that the API server refused, as `Deployment web`.
    ///
    /// helm 3: `cannot patch "web" with kind Deployment: Deployment.apps "web" is invalid: …`; helm 4: `server-side apply
    /// failed for object apps/web apps/v1, Kind=Deployment: …`; the server: `Deployment.apps "web" is invalid: …`,
    /// `deployments.apps "web" is forbidden: …`.
    pub(super) fn refused(&self) -> Option<(String, String)> {
        if let Some((name, kind)) = between(&self.said, "object ", ": ").and_then(|part| part.split_once(' '))
            && let Some((_, kind)) = kind.split_once("Kind=")
        {
            return Some((kind.to_owned(), name.rsplit('/').next().unwrap_or(name).to_owned()));
        }
        if let (Some(name), Some((_, rest))) =
            (between(&self.said, "cannot patch \"", "\""), self.said.split_once("\" with kind "))
        {
            return Some((rest.split(':').next().unwrap_or(rest).trim().to_owned(), name.to_owned()));
        }
        let (before, _) = self.said.split_once("\" is invalid").or_else(|| self.said.split_once("\" is forbidden"))?;
        let (kind, name) = before.rsplit_once(" \"").or_else(|| before.rsplit_once('"'))?;
        let kind = kind.rsplit([' ', ':', '*', '\t', '\n']).next()?;
        Some((kind.split('.').next().unwrap_or(kind).to_owned(), name.to_owned()))
    }
}

fn reason(said: &str) -> WhyFailed {
    let fits = |signs: &&[&str]| signs.iter().any(|sign| said.contains(sign));
    SIGNS.iter().find(|(_, signs)| fits(signs)).map_or(WhyFailed::Unknown, |(why, _)| *why)
}
