//! Opens the lists: Flux objects, pods, namespaces, and every kind that the cluster serves.

use super::known::{self, without_environment};
use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::cluster::Resource;
use crate::model::{Lesson, ShellLine};
use crate::views::list::List;
use crate::views::served::ServedKinds;

/// Opens the list of Flux objects of the environment shown.
pub static FLUX: Command = Command {
    id: "flux",
    title: "Flux objects",
    keys: &["f"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| teach(ask, "flux get all -A", "https://fluxcd.io/flux/cmd/flux_get_all/"),
    run: |ask| vec![Action::Push(Box::new(List::new(ask.env(), "Kustomization")))],
};

/// Opens the list of pods of the environment shown.
pub static PODS: Command = Command {
    id: "pods",
    title: "Pods",
    keys: &["p"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| teach(ask, "kubectl get pods -A", "https://kubernetes.io/docs/concepts/workloads/pods/"),
    run: |ask| vec![Action::Push(Box::new(List::new(ask.env(), "Pod")))],
};

/// Opens the namespaces of the environment shown; enter on one lists its objects.
pub static NAMESPACES: Command = Command {
    id: "namespaces",
    title: "Namespaces",
    keys: &["i"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let context = ask.context(ask.env());
        let all = ShellLine::new("kubectl get namespaces --context {}", &[context]);
        let namespace = ask.object().map(|(_, object)| &*object.namespace).filter(|name| !name.is_empty());
        let one = namespace.map(|name| ShellLine::new("kubectl get all -n {} --context {}", &[name, context]));
        lesson(
            known::lines(std::iter::once(all).chain(one)),
            "`get all` lists the workloads, pods and services of a namespace, and leaves out most else: claims, ingresses and custom resources are listed here too.",
            "pods that are not Running, and workloads with fewer ready than wanted.",
            "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
        )
    },
    run: |ask| vec![Action::Push(Box::new(List::printed(ask.env(), namespaces())))],
};

/// Opens the kinds that the cluster of the environment shown serves.
pub static SERVED: Command = Command {
    id: "kinds",
    title: "Kinds",
    keys: &["K"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        lesson(
            ShellLine::new("kubectl api-resources --context {}", &[ask.context(ask.env())]),
            "Every kind that the cluster serves, custom resources too; ‹key:open› lists its objects with the columns that the server prints.",
            "the group behind a kind: two groups may share a name.",
            "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_api-resources/",
        )
    },
    run: |ask| vec![Action::Push(Box::new(ServedKinds::new(ask.env())))],
};

fn namespaces() -> Resource {
    Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        plural: "namespaces".to_owned(),
        namespaced: false,
    }
}

fn teach(ask: &Ask<'_>, line: &'static str, docs: &'static str) -> Lesson {
    lesson(
        ShellLine::from(line).and_then(" --context {}", &[ask.context(ask.env())]),
        "One list of a kind over all namespaces; ‹key:filter› filters it, ‹key:open› opens what is selected.",
        "anything that is not ready.",
        docs,
    )
}
