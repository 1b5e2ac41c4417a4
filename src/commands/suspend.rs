//! Stops the reconciliation of a Flux object, with a reason that others can read.

use jiff::Timestamp;

use super::verb::{flux_docs, flux_line, is_flux, lesson, operate, until};
use crate::app::{Action, Ask, Command, CommandQuestion, KeyScope, Notice, Risk};
use crate::cluster::verbs::{ObjectManifest, Suspend};
use crate::kinds;
use crate::model::{Env, Fault, FaultKind, Lesson, ObjectRef};
use crate::repo::FluxKustomization;

/// Suspends the selected or marked objects.
pub static COMMAND: Command = Command {
    id: "suspend",
    title: "Suspend",
    keys: &["s"],
    scope: KeyScope::Object(is_flux),
    risk: Risk::Writes,
    questions: &[
        CommandQuestion {
            id: "reason",
            label: "Why? Whoever finds it suspended will read this",
            optional: false,
            check: None,
        },
        CommandQuestion {
            id: "until",
            label: "Until when? 2h, tomorrow 9:00, 2026-01-31 or RFC 3339",
            optional: true,
            check: Some(no_time),
        },
    ],
    lesson: teach,
    run: |ask| {
        let answer = ask.answer("until");
        if let Some(fault) = answer.and_then(|text| no_time(text, ask.now)) {
            return vec![Action::Tell(Notice::fault(ask.now, fault))];
        }
        let end = answer.and_then(|text| until(text, ask.now));
        let reason = ask.answer("reason").unwrap_or("").to_owned();
        let manifests = ask.objects().filter_map(|(env, object)| manifest(ask, env, object)).collect();
        let verb = Suspend { reason, by: ask.facts.login.clone(), until: end, manifests };
        operate(ask, "Suspend", verb, &teach(ask).shell)
    },
};

/// Returns the file that declares an object, and for a Kustomization whether that sets `suspend`.
fn manifest(ask: &Ask<'_>, env: Env, object: &ObjectRef) -> Option<ObjectManifest> {
    let snapshot = ask.facts.repository.as_ref()?;
    let named = |known: &&FluxKustomization| {
        known.env == ask.facts.name(env) && known.name == object.name && known.namespace == object.namespace
    };
    let declared = snapshot.kustomizations.iter().find(named).filter(|_| kinds::KUSTOMIZATION.is(object));
    let file = match declared {
        Some(known) => known.file.clone(),
        None => ask.facts.files_of(env, object).into_iter().next()?,
    };
    let says_suspend = declared.is_some_and(|known| known.spec.get("suspend").is_some());
    Some(ObjectManifest { object: object.clone(), file, says_suspend })
}

/// Returns the fault of a text that is no time in the future.
fn no_time(text: &str, now: Timestamp) -> Option<Fault> {
    let fault = Fault::new(
        FaultKind::Usage,
        "nothing was suspended",
        format!("`{text}` is neither a duration nor a time in the future"),
        "write 2h, tomorrow 9:00, 2026-01-31 or 2026-01-31T18:00:00Z",
    );
    until(text, now).is_none().then_some(fault)
}

fn teach(ask: &Ask<'_>) -> Lesson {
    lesson(
        flux_line(ask, "suspend", &[]),
        "Nobody reconciles it until it is resumed: changes in Git wait, and drift stays. What depends on it waits too once its revision falls behind.",
        "SUSPENDED True in `flux get`; the reason stands in the annotation fluxdeck.dev/suspend-reason.",
        flux_docs(ask, "suspend"),
    )
}
