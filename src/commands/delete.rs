//! Deletes an object, once its name, or its protected environment's, was typed.

use super::object::{file, line};
use super::verb::{is_flux, lesson, operate, timeout};
use crate::app::{Ask, Command, Risk, Scope};
use crate::model::{Lesson, Verb};

/// Deletes what is selected or marked.
pub static COMMAND: Command = Command {
    id: "delete",
    title: "Delete",
    keys: &["D"],
    scope: Scope::Object(|_| true),
    risk: Risk::Destroys,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, "Delete", &Verb::Delete { timeout: timeout(ask) }, &teach(ask).shell),
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let flux = ask.object().is_some_and(|(_, object)| is_flux(object));
    let what = match (flux, file(ask)) {
        (true, Some(file)) => format!(
            "What it applied goes with it where it prunes or uninstalls. The repository has it: the next reconcile makes it anew; to be rid of it, take it out of {file}."
        ),
        (true, None) => "What it applied goes with it where it prunes or uninstalls.".to_owned(),
        (false, Some(file)) => {
            format!("The repository has it: the next reconcile makes it anew. To be rid of it, take it out of {file}.")
        }
        (false, None) => {
            "It goes with what it owns; what somebody keeps, such as Flux or a ReplicaSet, comes anew.".to_owned()
        }
    };
    lesson(
        line(ask, "delete"),
        &what,
        "NotFound; where it stays, finalizers hold it, and its controller has to let go.",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_delete/",
    )
}
