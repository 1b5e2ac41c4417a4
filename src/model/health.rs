//! States and conditions: one small vocabulary for the health of every object.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::signs;

/// Says how an object fares; the words of `fluxdeck status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is as the repository declares it.
    Ready,
    /// Its controller is working on it.
    Progressing,
    /// It failed; the message says why.
    Failed,
    /// It waits for something else.
    Waiting,
    /// No controller reconciles it until it is resumed.
    Suspended,
    /// Nothing is known yet.
    #[default]
    Unknown,
}

impl State {
    /// Returns the word for the state.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Progressing => "progressing",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::Suspended => "suspended",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the ASCII sign for the state: colour is never the only sign of a state.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Ready => signs::READY.sign,
            Self::Progressing => signs::PROGRESSING.sign,
            Self::Failed => signs::FAILED.sign,
            Self::Waiting => signs::WAITING.sign,
            Self::Suspended => signs::SUSPENDED.sign,
            Self::Unknown => signs::UNKNOWN.sign,
        }
    }
}

/// Mirrors a `metav1.Condition` of a Kubernetes object's status.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// The condition's type, such as `Ready`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// The reason, one word in camel case.
    #[serde(default)]
    pub reason: String,
    /// The message of the controller.
    #[serde(default)]
    pub message: String,
    /// The last change of the status.
    #[serde(default, deserialize_with = "super::clock::lenient")]
    pub last_transition_time: Option<Timestamp>,
    /// The generation that it is about.
    #[serde(default)]
    pub observed_generation: Option<i64>,
}

/// Finds a condition by its type.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}

/// Finds the condition with the reason that an object is not ready.
///
/// For a HelmRelease that was rolled back or uninstalled, `Ready` reports the success of the remediation; the failure
/// is in `Released`.
pub fn true_cause(conditions: &[Condition]) -> Option<&Condition> {
    let released = find(conditions, "Released").filter(|released| released.status == "False");
    let tested = find(conditions, "TestSuccess").filter(|tested| tested.status == "False");
    if find(conditions, "Remediated").is_some() && released.or(tested).is_some() {
        return released.or(tested);
    }
    find(conditions, "Ready")
}

/// Decides the state of a Flux object from its status, by kstatus' rules for Flux kinds.
///
/// `observed` and `generation` are `status.observedGeneration` and `metadata.generation`. Suspension wins: nothing else
/// about the object changes while it lasts. `Reconciling` comes before `Stalled`, as in cli-utils; but a failed attempt
/// that will be retried counts as failed (Ready=False with Reconciling=True, `ProgressingWithRetry`), because that only
/// means that the controller has not given up. A Ready condition of an older generation does not apply to the present
/// object.
pub fn flux_state(suspended: bool, observed: Option<i64>, generation: Option<i64>, conditions: &[Condition]) -> State {
    if suspended {
        return State::Suspended;
    }
    let Some(ready) = find(conditions, "Ready") else {
        return if conditions.is_empty() { State::Unknown } else { State::Progressing };
    };
    let old = is_old(ready, generation);
    if ready.reason == "DependencyNotReady" && !old {
        return State::Waiting;
    }
    if ready.status == "False" && !old {
        return State::Failed;
    }
    if let Some(reconciling) = find(conditions, "Reconciling")
        && reconciling.status == "True"
    {
        return State::Progressing;
    }
    if find(conditions, "Stalled").is_some_and(|stalled| stalled.status == "True") {
        return State::Failed;
    }
    if let (Some(observed), Some(generation)) = (observed, generation)
        && observed != generation
    {
        return State::Progressing;
    }
    if ready.status == "True" && !old { State::Ready } else { State::Progressing }
}

/// Tells whether a condition is about an older generation than the object's present one.
pub fn is_old(condition: &Condition, generation: Option<i64>) -> bool {
    condition.observed_generation.zip(generation).is_some_and(|(observed, generation)| observed < generation)
}

#[cfg(test)]
mod tests {
    use super::{Condition, State, flux_state, true_cause};

    fn condition(kind: &str, status: &str, message: &str) -> Condition {
        let (kind, status, message) = (kind.to_owned(), status.to_owned(), message.to_owned());
        Condition {
            kind,
            status,
            message,
            reason: String::new(),
            last_transition_time: None,
            observed_generation: None,
        }
    }

    #[test]
    fn after_a_rollback_the_cause_is_what_failed() {
        // This is the status that helm-controller 1.4.3 leaves.
        let mut conditions = vec![
            condition("Stalled", "True", "Failed to upgrade after 2 attempt(s)"),
            condition("Ready", "False", "Helm rollback to previous release succeeded"),
            condition("Released", "False", "Helm upgrade failed"),
            condition("Remediated", "True", "Helm rollback to previous release succeeded"),
        ];
        assert_eq!(true_cause(&conditions).unwrap().message, "Helm upgrade failed");
        conditions.pop();
        assert_eq!(true_cause(&conditions).unwrap().kind, "Ready");
    }

    #[test]
    fn a_condition_of_an_older_generation_says_nothing_of_the_object_now() {
        let mut ready = condition("Ready", "False", "dependency 'flux-system/x' is not ready");
        ready.reason = "DependencyNotReady".to_owned();
        ready.observed_generation = Some(3);
        let reconciling = condition("Reconciling", "True", "Detecting drift for revision main@sha1:1");
        let conditions = [ready, reconciling];
        assert_eq!(flux_state(false, Some(3), Some(3), &conditions), State::Waiting);
        assert_eq!(flux_state(false, Some(3), Some(17), &conditions), State::Progressing);
    }
}
