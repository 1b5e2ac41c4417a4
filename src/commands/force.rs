//! Forces a Helm upgrade once.

use super::verb::{flux_line, is_release, lesson, operate, timeout};
use crate::app::{Command, KeyScope, Risk};
use crate::cluster::verbs::Reconcile;
use crate::model::Lesson;

/// Upgrades a HelmRelease once even though nothing changed or its retries are exhausted.
pub static COMMAND: Command = Command {
    id: "reconcile-force",
    title: "Force a Helm upgrade",
    keys: &[],
    scope: KeyScope::Object(is_release),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| {
        let verb = Reconcile { with_source: false, force: true, reset: false, no_wait: false, timeout: timeout(ask) };
        operate(ask, "Force", verb, &teach(ask).shell)
    },
};

fn teach(ask: &crate::app::Ask<'_>) -> Lesson {
    lesson(
        flux_line(ask, "reconcile", &["--force"]),
        "A release whose retries are exhausted is not tried again by a plain reconcile; this makes helm-controller install or upgrade it once.",
        "Released=True and a new revision in the history; if it fails again, the Released condition has the true cause.",
        "https://fluxcd.io/flux/components/helm/helmreleases/#forcing-a-release",
    )
}
