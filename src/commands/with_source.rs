//! Reconciles a Flux object after its source, to apply a commit that was just pushed.

use super::verb::{flux_docs, flux_line, lesson, operate, timeout};
use crate::app::{Command, KeyScope, Risk};
use crate::cluster::verbs::Reconcile;
use crate::kinds;
use crate::model::{Lesson, ObjectRef};

/// Reconciles the source of the selected object, then the object itself.
pub static COMMAND: Command = Command {
    id: "reconcile-with-source",
    title: "Reconcile with source",
    keys: &["W"],
    scope: KeyScope::Object(has_source),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| {
        let verb = Reconcile {
            with_source: true,
            force: false,
            reset: false,
            no_wait: ask.flag("no-wait"),
            timeout: timeout(ask),
        };
        operate(ask, "Reconcile with source", verb, &teach(ask).shell)
    },
};

fn has_source(object: &ObjectRef) -> bool {
    kinds::KUSTOMIZATION.is(object) || kinds::HELM_RELEASE.is(object)
}

fn teach(ask: &crate::app::Ask<'_>) -> Lesson {
    lesson(
        flux_line(ask, "reconcile", &["--with-source"]),
        "After a push the source must fetch the commit before anything can apply it; this asks the source first, then the object.",
        "first the source's new revision, then the same revision on the object.",
        flux_docs(ask, "reconcile"),
    )
}
