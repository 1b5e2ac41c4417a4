//! Creates a new Secret: the form first, then the guard.

use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Notice, Risk};
use crate::commands::known;
use crate::commands::verb::lesson;
use crate::model::{Fault, Lesson, ShellLine};
use crate::views::new_secret::{Make, NewSecretForm};

/// Opens the form, for the environment and the namespace of the selection.
pub static FORM: Command = Command {
    id: "secret-form",
    title: "New secret",
    keys: &["+"],
    scope: KeyScope::Environment,
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| {
        let env = ask.env();
        if ask.facts.environment(env).is_none() {
            let fault = Fault::failed(
                "no secret was made",
                "no environment is known here",
                "`fluxdeck info` says where they are looked for",
            );
            return vec![Action::Tell(Notice::fault(ask.now, fault))];
        }
        let namespace = ask.targets.first().and_then(CommandTarget::object).map(|object| object.namespace.as_str());
        // Flux's own objects are in its namespace, where almost no user's Secret belongs.
        let namespace = namespace.filter(|namespace| *namespace != "flux-system").unwrap_or_default();
        vec![Action::Push(Box::new(NewSecretForm::new(env, namespace)))]
    },
};

/// Creates the Secret that the form describes.
pub static COMMAND: Command = Command {
    id: "secret-new",
    title: "Make the secret",
    keys: &[],
    scope: KeyScope::View("new-secret"),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| vec![Action::Hand(Box::new(Make(ask.permit)))],
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let selected = ask.object().map(|(_, object)| &*object.namespace).filter(|name| !name.is_empty());
    let name = ask.answer("name").unwrap_or("app-secret");
    let (namespace, name) = name.split_once('/').unwrap_or((selected.unwrap_or("default"), name));
    let file = format!("{name}.yaml");
    let make = ShellLine::new(
        "kubectl create secret generic {} -n {} --from-file=password=/dev/stdin --dry-run=client -o yaml > {path}",
        &[name, namespace, &file],
    );
    let encrypt = ShellLine::new("sops encrypt -i {path}", &[&file]);
    let declare = ShellLine::new("kustomize edit add resource {path}", &[&file]);
    lesson(
        known::lines([make, encrypt, declare]),
        "It is encrypted in memory for the environment's recipients before it touches the disk, and its file is put into the kustomization that the environment reads.",
        "two changed files in git; Flux makes the Secret once they are pushed.",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_create/kubectl_create_secret_generic/",
    )
    .about(&known::places(ask))
}
