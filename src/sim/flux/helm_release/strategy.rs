//! The next action of helm-controller on a release: install, upgrade, remediate, or give up.

use serde_json::Value;

use crate::sim::json::{list, number, part, text};

/// An action on a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Install,
    Upgrade,
    Rollback,
    Uninstall,
}

impl Act {
    /// Returns the word for it in the status and in messages.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
            Self::Uninstall => "uninstall",
        }
    }
}

/// The next decision.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The release is in its desired state.
    InSync,
    /// An action is needed.
    Do(Act),
    /// There are no more attempts.
    Stall {
        /// The reason of `Stalled`.
        reason: &'static str,
        /// Its message.
        message: String,
        /// The impossible action, in the words of the log.
        cannot: &'static str,
    },
}

/// Decides the next action; `forced` requests an upgrade in every state.
pub(super) fn decide(object: &Value, forced: bool) -> Decision {
    let action = text(object, "/status/lastAttemptedReleaseAction");
    let failures = number(object, &format!("/status/{action}Failures"));
    let spent = failures > 0 && is_exhausted(object);
    let exceeded = |cannot| Decision::Stall {
        reason: "RetriesExceeded",
        message: format!("Failed to {action} after {failures} attempt(s)"),
        cannot,
    };
    let history = list(object, "/status/history");
    let Some(latest) = history.first() else {
        return if spent { exceeded("install release") } else { Decision::Do(Act::Install) };
    };
    if forced {
        return Decision::Do(Act::Upgrade);
    }
    if text(latest, "/status") == "failed" {
        return match action {
            _ if failures == 0 => Decision::Do(Act::Upgrade),
            _ if spent && !remediates_last(object, action) => exceeded("remediate failed release"),
            "install" => Decision::Do(Act::Uninstall),
            _ if text(object, "/spec/upgrade/remediation/strategy") == "uninstall" => Decision::Do(Act::Uninstall),
            _ if target(history).is_some() => Decision::Do(Act::Rollback),
            _ => Decision::Stall {
                reason: "MissingRollbackTarget",
                message: "Failed to perform remediation: missing target release for rollback".to_owned(),
                cannot: "remediate failed release",
            },
        };
    }
    if is_in_sync(object, latest) {
        return Decision::InSync;
    }
    if spent { exceeded("upgrade release") } else { Decision::Do(Act::Upgrade) }
}

/// Returns the log lines about the state behind a decision.
pub(super) fn state(object: &Value, forced: bool) -> Vec<&'static str> {
    let Some(latest) = list(object, "/status/history").first() else {
        return vec!["release not installed: no release in storage for object"];
    };
    if text(latest, "/status") == "failed" {
        let action = text(object, "/status/lastAttemptedReleaseAction");
        let mut lines = vec!["release is in a failed state"];
        if forced {
            lines.push("forcing upgrade for failed release: force requested through annotation");
        } else if number(object, &format!("/status/{action}Failures")) == 0 {
            lines.push("release conditions have changed since last failure");
        }
        return lines;
    }
    vec![if is_in_sync(object, latest) {
        "release in-sync with desired state"
    } else if text(latest, "/chartVersion") == text(object, "/status/lastAttemptedRevision") {
        "release out-of-sync with desired state: release config values changed"
    } else {
        "release out-of-sync with desired state: release chart changed"
    }]
}

/// Tells whether the last action has no attempt left; negative retries mean that there always is one.
pub(super) fn is_exhausted(object: &Value) -> bool {
    let action = text(object, "/status/lastAttemptedReleaseAction");
    let retries = number(object, &format!("/spec/{action}/remediation/retries"));
    retries >= 0 && number(object, &format!("/status/{action}Failures")) > retries
}

/// Finds the snapshot that a failed upgrade is rolled back to.
pub(super) fn target(history: &[Value]) -> Option<&Value> {
    history.iter().skip(1).find(|one| ["deployed", "superseded"].contains(&text(one, "/status")))
}

/// Tells whether the last failure is remediated, too, after which there are no more attempts.
fn remediates_last(object: &Value, action: &str) -> bool {
    let remediation = part(object, &format!("/spec/{action}/remediation"));
    remediation
        .get("remediateLastFailure")
        .and_then(Value::as_bool)
        .unwrap_or(action == "upgrade" && number(&remediation, "/retries") > 0)
}

fn is_in_sync(object: &Value, latest: &Value) -> bool {
    text(latest, "/chartVersion") == text(object, "/status/lastAttemptedRevision")
        && text(latest, "/configDigest") == text(object, "/status/lastAttemptedConfigDigest")
}
