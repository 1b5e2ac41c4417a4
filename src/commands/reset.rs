//! Resets the failure counts of a HelmRelease.

use super::verb::{flux_line, is_release, lesson, operate, timeout};
use crate::app::{Command, KeyScope, Risk};
use crate::cluster::verbs::Reconcile;
use crate::model::Lesson;

/// Lets a HelmRelease with exhausted retries try again by its own policy.
pub static COMMAND: Command = Command {
    id: "reconcile-reset",
    title: "Reset Helm retries",
    keys: &[],
    scope: KeyScope::Object(is_release),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| {
        let verb = Reconcile { with_source: false, force: false, reset: true, no_wait: false, timeout: timeout(ask) };
        operate(ask, "Reset", verb, &teach(ask).shell)
    },
};

fn teach(ask: &crate::app::Ask<'_>) -> Lesson {
    lesson(
        flux_line(ask, "reconcile", &["--reset"]),
        "helm-controller counts failures and stops at its retry limit (Stalled, RetriesExceeded); this sets the counts to zero, so that it tries again as its policy says.",
        "Stalled gone, then Ready=True; mend the cause first, or the counts fill up again.",
        "https://fluxcd.io/flux/components/helm/helmreleases/#resetting-remediation-retries",
    )
}
