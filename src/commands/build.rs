//! Opens what a Kustomization builds from the repository: its objects, or the variables that are put into them.

use super::known;
use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::kinds;
use crate::model::{Lesson, ObjectRef, ShellLine};
use crate::views::detail::{Detail, Tab};

/// Opens the objects that the repository renders for the selected Kustomization.
pub(super) static COMMAND: Command = Command {
    id: "build",
    title: "Build",
    keys: &["a"],
    scope: KeyScope::Object(is_kustomization),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        lesson(
            line(ask),
            "What Flux would apply now, from the files as they are here: after overlays, patches and variables, before anything is pushed.",
            "names and namespaces after every overlay; ‹key:right› shows the YAML of an object, where values of secrets are masked.",
            "https://fluxcd.io/flux/cmd/flux_build_kustomization/",
        )
    },
    run: |ask| open(ask, Tab::Build),
};

/// Opens the variables of the selected Kustomization.
pub(super) static VARIABLES: Command = Command {
    id: "variables",
    title: "Variables",
    keys: &[],
    scope: KeyScope::Object(is_kustomization),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach_variables,
    run: |ask| open(ask, Tab::Variables),
};

fn teach_variables(ask: &Ask<'_>) -> Lesson {
    let post = ask.object().map(|(env, object)| {
        let words = [&*object.name, &*object.namespace, ask.context(env)];
        ShellLine::new(
            "kubectl get kustomizations.kustomize.toolkit.fluxcd.io {} -n {} -o jsonpath='{.spec.postBuild}' --context {}",
            &words,
        )
    });
    lesson(
        post.unwrap_or_default(),
        "Flux puts them in after the build: substituteFrom in its order, each object over those before it, and substitute over all.",
        "a variable that is undefined, which becomes nothing, and one that overrides another that you thought counts.",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution",
    )
}

fn is_kustomization(object: &ObjectRef) -> bool {
    kinds::KUSTOMIZATION.is(object)
}

fn line(ask: &Ask<'_>) -> ShellLine {
    let Some(one) = known::kustomization(ask) else { return ShellLine::default() };
    let folder = known::folder(one);
    let words = [&*one.name, &*one.namespace, &*folder, &*one.file];
    ShellLine::new(
        "flux build kustomization {} -n {} --path {path} --kustomization-file {path} --dry-run --ignore-paths '**/.sops.yaml'",
        &words,
    )
}

fn open(ask: &Ask<'_>, tab: Tab) -> Vec<Action> {
    ask.object().map(|(env, object)| Action::Push(Box::new(Detail::new(env, object, tab)))).into_iter().collect()
}
