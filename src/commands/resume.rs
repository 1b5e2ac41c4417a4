//! Lets the reconciliation of a suspended Flux object run again.

use super::verb::{flux_docs, flux_line, is_flux, lesson, operate, timeout};
use crate::app::{Ask, Command, KeyScope, Risk};
use crate::cluster::verbs::Resume;
use crate::model::Lesson;

/// Resumes the selected or marked objects.
pub static COMMAND: Command = Command {
    id: "resume",
    title: "Resume",
    keys: &["r"],
    scope: KeyScope::Object(is_flux),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, "Resume", Resume { timeout: timeout(ask) }, &teach(ask).shell),
};

fn teach(ask: &Ask<'_>) -> Lesson {
    lesson(
        flux_line(ask, "resume", &[]),
        "The controller takes it up again at once, applies what Git says now, and undoes what was changed by hand meanwhile.",
        "Ready=True with the current revision.",
        flux_docs(ask, "resume"),
    )
}
