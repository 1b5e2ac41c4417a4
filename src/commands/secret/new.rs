//! Makes a new Secret: the form is filled in first, then the guard is asked.

use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Risk};
use crate::commands::verb::lesson;
use crate::model::{Lesson, ShellLine};
use crate::views::new_secret::{Make, NewSecretForm};

/// Opens the form, for the environment and the namespace of what is selected.
pub static FORM: Command = Command {
    id: "secret-form",
    title: "New secret",
    keys: &["+"],
    scope: KeyScope::Environment,
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| {
        let Some(target) = ask.targets.first() else { return Vec::new() };
        let Some(env) = target.env() else { return Vec::new() };
        let namespace = target.object().map(|object| object.namespace.as_str());
        // Flux's own objects stand in its namespace, and next to nobody's Secret belongs there.
        let namespace = namespace.filter(|namespace| *namespace != "flux-system").unwrap_or_default();
        vec![Action::Push(Box::new(NewSecretForm::new(env, namespace)))]
    },
};

/// Makes the Secret that the form describes.
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
    let env = ask.targets.first().and_then(CommandTarget::env).map_or("ENV", |env| ask.facts.name(env));
    let name = ask.answer("name").unwrap_or("NAMESPACE/NAME");
    let (namespace, name) = name.split_once('/').unwrap_or(("NAMESPACE", name));
    let file = format!("{name}-secret.yaml");
    lesson(
        ShellLine::join(
            [
                ShellLine::new(
                    "kubectl create secret generic {} -n {} --from-literal=… --dry-run=client -o yaml > {path}",
                    &[name, namespace, &file],
                )
                .remark(env),
                ShellLine::new("sops encrypt -i {path} && kustomize edit add resource {path}", &[&file, &file]),
            ],
            "\n",
        ),
        "It is encrypted in memory for the environment's recipients before it touches the disk, and its file is put into the kustomization that the environment reads.",
        "two changed files in git; Flux makes the Secret once they are pushed.",
        "https://fluxcd.io/flux/guides/mozilla-sops/",
    )
}
