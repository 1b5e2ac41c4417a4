//! Requests the reconciliation of a Flux object now.

use super::verb::{flux_docs, flux_line, is_flux, lesson, operate, timeout};
use crate::app::{Ask, Command, KeyScope, Risk};
use crate::cluster::verbs::Reconcile;
use crate::model::Lesson;

/// Reconciles the selected or marked objects.
pub static COMMAND: Command = Command {
    id: "reconcile",
    title: "Reconcile",
    keys: &["R"],
    scope: KeyScope::Object(is_flux),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| {
        let verb = Reconcile {
            with_source: ask.flag("with-source"),
            force: ask.flag("force"),
            reset: ask.flag("reset"),
            no_wait: ask.flag("no-wait"),
            timeout: timeout(ask),
        };
        operate(ask, "Reconcile", verb, &teach(ask).shell)
    },
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let flags: Vec<&'static str> = [("with-source", "--with-source"), ("force", "--force"), ("reset", "--reset")]
        .into_iter()
        .filter(|(flag, _)| ask.flag(flag))
        .map(|(_, text)| text)
        .collect();
    lesson(
        flux_line(ask, "reconcile", &flags),
        "Flux would look again when its interval is over; this asks the controller to look now, at the source that it has already fetched.",
        "Ready=True and the revision of your commit; an old revision means that the source has not fetched it yet (‹key:reconcile-with-source› takes the source first).",
        flux_docs(ask, "reconcile"),
    )
}
