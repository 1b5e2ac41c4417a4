//! Makes a new Secret with generated values; the editor then changes them.

use crate::app::operation::StepSender;
use crate::app::{Action, Ask, Command, Notice, Operation, Question, Reach, Risk, Scope, Target};
use crate::commands::verb::lesson;
use crate::model::{Fault, FaultKind, Lesson, Outcome};
use crate::repo::new_secret::{NewSecret, NewValue, SecretType};
use crate::sops;

/// Makes a Secret in the environment of what is selected.
pub static COMMAND: Command = Command {
    id: "secret-new",
    title: "New secret",
    keys: &["+"],
    scope: Scope::Environment,
    risk: Risk::Writes,
    questions: &[
        Question { id: "name", label: "New Secret, as namespace/name", optional: false },
        Question { id: "keys", label: "Its keys, each gets a new password (change them afterwards)", optional: false },
        Question { id: "folder", label: "Its folder (empty: where the namespace's objects live)", optional: true },
    ],
    lesson: teach,
    run,
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let env = ask.targets.first().and_then(Target::env).map_or("ENV", |env| ask.facts.name(env));
    let name = ask.answer("name").unwrap_or("NAMESPACE/NAME");
    let (namespace, name) = name.split_once('/').unwrap_or(("NAMESPACE", name));
    lesson(
        format!(
            "kubectl create secret generic {name} -n {namespace} --from-literal=… --dry-run=client -o yaml > {name}-secret.yaml   # {env}\nsops encrypt -i {name}-secret.yaml && kustomize edit add resource {name}-secret.yaml"
        ),
        "It is encrypted in memory for the environment's recipients before it touches the disk, and its file is put into the kustomization that the environment reads.",
        "two changed files in git; Flux makes the Secret once they are pushed. `fluxdeck secret new` takes files, .env files and the other types too.",
        "https://fluxcd.io/flux/guides/mozilla-sops/",
    )
}

fn run(ask: &Ask<'_>) -> Vec<Action> {
    let (Some(permit), Some(snapshot)) = (ask.permit, ask.facts.repository.clone()) else { return Vec::new() };
    let Some(env) = ask.targets.first().and_then(Target::env) else { return Vec::new() };
    let Some((namespace, name)) = ask.answer("name").and_then(|name| name.split_once('/')) else {
        let fault = Fault::new(
            FaultKind::Usage,
            "no Secret was made",
            "it needs a namespace and a name",
            "write it as linkding/linkding-smtp",
        );
        return vec![Action::Tell(Notice::fault(ask.now, fault))];
    };
    let keys = ask.answer("keys").unwrap_or_default().split([',', ' ']).filter(|key| !key.is_empty());
    let new = NewSecret {
        env: ask.facts.name(env).to_owned(),
        namespace: namespace.trim().to_owned(),
        name: name.trim().to_owned(),
        kind: SecretType::Opaque,
        values: keys.map(|key| (key.to_owned(), NewValue::Text(sops::password()))).collect(),
        folder: ask.answer("folder").map(str::to_owned),
        allowed: Vec::new(),
    };
    let (object, now) = (format!("Secret/{}/{}", new.namespace, new.name), ask.now);
    let work = Box::new(move |reach: Reach, _steps: StepSender| {
        let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
            let made = reach.away(move || new.write(&snapshot, now)).await.and_then(|made| made);
            made.map_or_else(Outcome::Failed, |made| {
                Outcome::Done(format!(
                    "wrote {} and put it into {}; enter on the file edits its values",
                    made.file, made.kustomization
                ))
            })
        });
        work
    });
    let stopped = "no longer waited for; git status tells what was written";
    let (title, shell) = (format!("New {object}"), teach(ask).shell);
    vec![Action::Operate(Operation { title, env: Some(env), object, shell, stopped, permit, work }), Action::Rescan]
}
