//! Deletes an object, once the user typed its name, or that of its protected environment.

use super::object::line;
use super::prune::taken;
use super::verb::{is_flux, lesson, operate, timeout};
use crate::app::{Ask, Command, KeyScope, Risk};
use crate::cluster::verbs::Delete;
use crate::model::Lesson;

/// Deletes the selected or marked objects.
pub static COMMAND: Command = Command {
    id: "delete",
    title: "Delete",
    keys: &["D"],
    scope: KeyScope::Object(|_| true),
    risk: Risk::Destroys,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, "Delete", Delete { timeout: timeout(ask) }, &teach(ask).shell),
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let flux = ask.object().is_some_and(|(_, object)| is_flux(object));
    let gone = ask.object().and_then(|(env, object)| taken(ask.facts, env, object));
    let with_it = match &gone {
        Some(gone) if gone.holds_others() => {
            format!(
                "Everything it applied is deleted with it where it prunes, and so is what its Kustomizations applied: {}.",
                gone.summary()
            )
        }
        Some(gone) => format!("Everything it applied is deleted with it where it prunes: {}.", gone.summary()),
        None => "Everything it applied is deleted with it where it prunes or uninstalls.".to_owned(),
    };
    let what = match (flux, declaring(ask)) {
        (true, _) if gone.as_ref().is_some_and(|gone| gone.itself) => format!(
            "{with_it} It applies itself, so nothing is left that would make any of it anew: all that Flux manages goes. It is refused while it prunes; `flux uninstall` takes Flux away and leaves the rest."
        ),
        (true, Some((file, true))) => format!(
            "{with_it} The repository has it: the next reconcile makes it anew, and not what was lost with it, such as data; to be rid of it, take it out of {file}."
        ),
        (true, Some((file, false))) => {
            format!(
                "{with_it} {file} declares it, and nothing in the repository applies that file: it may not come anew."
            )
        }
        (true, None) => with_it,
        (false, Some((file, _))) => {
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

/// Names the file that declares the object to delete, and tells whether a Kustomization of the repository applies that
/// file.
fn declaring(ask: &Ask<'_>) -> Option<(String, bool)> {
    let (env, object) = ask.object()?;
    let (repository, name) = (ask.facts.repository.as_ref()?, ask.facts.name(env));
    let applied = repository.feeds.files_of(name, object).first().map(|file| ((*file).to_owned(), true));
    applied.or_else(|| {
        let mut known = repository.kustomizations_of(name);
        known.find(|known| known.object() == *object).map(|known| (known.file.clone(), false))
    })
}
