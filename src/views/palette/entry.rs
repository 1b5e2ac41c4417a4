//! The entries of the palette for a text: commands by name, and the lists of kinds by the names of `kubectl get`.

use crate::app::{Action, Command, CommandTarget, View};
use crate::cluster::Served;
use crate::explain::{Topic, Topics};
use crate::kinds;
use crate::model::{Env, GroupKind, Kind, Lesson, ShellLine};
use crate::views::list::List;
use crate::views::namespace::Namespace;

/// The most kinds that are offered for an ambiguous text.
const MOST_KINDS: usize = 12;

/// Names one entry of the palette.
#[derive(Debug, Clone)]
pub(super) enum Entry<'a> {
    /// A command, on the selection.
    Command(&'static Command),
    /// The list of a kind that fluxdeck knows; in the named namespace, if any.
    Known(&'static Kind, &'a str),
    /// The list of another kind that the cluster serves.
    Served(&'a Served, &'a str),
    /// All objects of a namespace.
    Namespace(&'a str),
    /// A topic to explain.
    Topic(Box<Topic>),
}

/// Ranks how well an entry matches the typed text, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The text is its name.
    Called,
    /// A command's title starts with it.
    Begins,
    /// A command's title or id contains every word.
    Holds,
    /// A kind's name starts with it.
    KindBegins,
    /// A kind's name contains it.
    KindHolds,
    /// A command's title has its letters in this order.
    Letters,
}

impl Entry<'_> {
    /// Returns the text of the palette's line.
    pub(super) fn title(&self) -> String {
        let within = |namespace: &str| match namespace {
            "" => String::new(),
            namespace => format!(" in {namespace}"),
        };
        match self {
            Self::Command(command) => command.title.to_owned(),
            Self::Known(kind, namespace) => format!("{}{}", kind.kind, within(namespace)),
            Self::Served(served, namespace) => {
                let resource = &served.resource;
                let group = if resource.group.is_empty() { String::new() } else { format!("  {}", resource.group) };
                format!("{}{}{group}", resource.kind, within(namespace))
            }
            Self::Namespace(name) => format!("all of namespace {name}"),
            Self::Topic(topic) => format!("{}  {}", topic.id, topic.title),
        }
    }

    /// Returns the actions of the entry, in an environment of a context; `targets` are those of a command.
    pub(super) fn actions(
        &self,
        (env, context): (Env, &str),
        targets: impl Fn(&Command) -> Vec<CommandTarget>,
    ) -> Vec<Action> {
        let (view, lesson, namespace): (Box<dyn View>, Lesson, &str) = match self {
            Self::Command(command) => return vec![Action::Dispatch(command, targets(command), Vec::new())],
            Self::Known(kind, namespace) => {
                (Box::new(List::of_kind(env, kind)), (kind.lesson)(context, None), namespace)
            }
            Self::Served(served, namespace) => {
                let resource = served.resource.clone();
                (Box::new(List::printed(env, resource)), lesson_of(served, context), namespace)
            }
            // The palette asks for the command that explains it.
            Self::Topic(_) => return Vec::new(),
            Self::Namespace(name) => (Box::new(Namespace::new(env, name)), lesson_of_namespace(name, context), ""),
        };
        let filter = Some(namespace).filter(|namespace| !namespace.is_empty());
        let filter = filter.map(|namespace| Action::Filter(format!("namespace={namespace}")));
        [Action::Push(view), Action::Teach(self.title(), lesson)].into_iter().chain(filter).collect()
    }
}

/// Returns the lesson on listing a kind that the cluster serves.
fn lesson_of(served: &Served, context: &str) -> Lesson {
    let resource = &served.resource;
    let name = if resource.group.is_empty() {
        resource.plural.clone()
    } else {
        format!("{}.{}", resource.plural, resource.group)
    };
    let all = if resource.namespaced { " -A" } else { "" };
    Lesson {
        shell: ShellLine::new("kubectl get {}", &[&name]).and_then(all, &[]).and_then(" --context {}", &[context]),
        place: String::new(),
        why: "The name with its group asks for this kind and for no namesake.".to_owned(),
        look_for: "the columns are those that the kind's definition prints; `-o yaml` shows all fields.".to_owned(),
        docs: "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_get/".into(),
    }
}

fn lesson_of_namespace(name: &str, context: &str) -> Lesson {
    Lesson {
        shell: ShellLine::new("kubectl get all -n {} --context {}", &[name, context]),
        place: String::new(),
        why: "It lists the workloads, pods and services of the namespace; claims, ingresses and custom resources are listed here too.".to_owned(),
        look_for: "pods that are not Running, and workloads with fewer ready than wanted.".to_owned(),
        docs: "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/".into(),
    }
}

/// Finds the topics of the words after `explain`, the very one first.
pub(super) fn topics<'a>(words: &str, topics: &Topics) -> Vec<Entry<'a>> {
    let mut found: Vec<Topic> = topics.find(words).into_iter().collect();
    for topic in topics.nearest(words, MOST_KINDS) {
        if found.iter().all(|known| known.id != topic.id) {
            found.push(Topic::clone(topic));
        }
    }
    found.into_iter().map(|topic| Entry::Topic(Box::new(topic))).collect()
}

/// Finds the matches of a text, best first: `deploy`, `hr flux-system`, `po -n web` and `ns web` in kubectl's form, and
/// commands by a part of their title, or by its letters if nothing else matches.
pub(super) fn find<'a>(typed: &'a str, commands: &[&'static Command], served: &'a [Served]) -> Vec<Entry<'a>> {
    let mut words = typed.split_whitespace().filter(|word| !matches!(*word, "-n" | "--namespace" | "-A"));
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let lower = typed.trim().to_lowercase();
    let mut found: Vec<(Fit, Entry<'a>)> = Vec::new();
    for command in commands.iter().copied() {
        found.extend(command_fit(command, &lower).map(|fit| (fit, Entry::Command(command))));
    }
    if !first.is_empty() {
        let word = first.to_lowercase();
        found.extend(kinds::KINDS.iter().filter_map(|kind| {
            let fit = kind_fit(&word, kind.is_called(first), [kind.kind, kind.plural].into_iter())?;
            Some((fit, Entry::Known(kind, second)))
        }));
        let others = served.iter().filter(|served| !is_known(served.resource.group_kind()));
        found.extend(others.filter_map(|served| {
            let resource = &served.resource;
            let fit = kind_fit(
                &word,
                served.is_called(first),
                [resource.kind.as_str(), &resource.plural].into_iter().chain(served.short.iter().map(String::as_str)),
            )?;
            let is_namespace = resource.kind == "Namespace" && resource.group.is_empty() && !second.is_empty();
            Some((fit, if is_namespace { Entry::Namespace(second) } else { Entry::Served(served, second) }))
        }));
        // The served kinds are not known yet, but every cluster has namespaces.
        if served.is_empty() && !second.is_empty() && matches!(&*word, "ns" | "namespace" | "namespaces") {
            found.push((Fit::Called, Entry::Namespace(second)));
        }
    }
    found.sort_by_key(|(fit, _)| *fit);
    if found.iter().any(|(fit, _)| *fit < Fit::Letters) {
        found.retain(|(fit, _)| *fit < Fit::Letters);
    }
    let mut kinds = 0;
    found.retain(|(fit, entry)| {
        kinds += usize::from(!matches!(entry, Entry::Command(_)) && *fit > Fit::Called);
        kinds <= MOST_KINDS || matches!(entry, Entry::Command(_))
    });
    found.into_iter().map(|(_, entry)| entry).collect()
}

fn is_known(kind: GroupKind<'_>) -> bool {
    kinds::KINDS.iter().any(|known| known.group_kind() == kind)
}

fn command_fit(command: &Command, typed: &str) -> Option<Fit> {
    let title = command.title.to_lowercase();
    if title.starts_with(typed) {
        return Some(Fit::Begins);
    }
    let text = format!("{title} {}", command.id);
    if typed.split_whitespace().all(|word| text.contains(word)) {
        return Some(Fit::Holds);
    }
    let mut letters = title.chars();
    let in_order =
        typed.chars().filter(|letter| !letter.is_whitespace()).all(|wanted| letters.any(|letter| letter == wanted));
    in_order.then_some(Fit::Letters)
}

fn kind_fit<'a>(word: &str, is_called: bool, mut names: impl Iterator<Item = &'a str> + Clone) -> Option<Fit> {
    if is_called {
        return Some(Fit::Called);
    }
    if names.clone().any(|name| name.to_lowercase().starts_with(word)) {
        return Some(Fit::KindBegins);
    }
    names.any(|name| name.to_lowercase().contains(word)).then_some(Fit::KindHolds)
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::cluster::{Resource, Served};
    use crate::commands;

    fn served(kind: &str, plural: &str, group: &str, short: &[&str]) -> Served {
        Served {
            resource: Resource {
                group: group.to_owned(),
                version: "v1".to_owned(),
                kind: kind.to_owned(),
                plural: plural.to_owned(),
                namespaced: true,
            },
            short: short.iter().map(ToString::to_string).collect(),
            categories: Vec::new(),
        }
    }

    fn titles(typed: &str) -> Vec<String> {
        let served = [
            served("Namespace", "namespaces", "", &["ns"]),
            served("ConfigMap", "configmaps", "", &["cm"]),
            served("Certificate", "certificates", "cert-manager.io", &["cert", "certs"]),
            served("Deployment", "deployments", "apps", &["deploy"]),
        ];
        find(typed, commands::COMMANDS, &served).iter().map(super::Entry::title).collect()
    }

    #[test]
    fn kinds_are_found_as_kubectl_names_them() {
        for (typed, first) in [
            ("deploy", "Deployment"),
            ("po", "Pod"),
            ("hr flux-system", "HelmRelease in flux-system"),
            ("po -n linkding", "Pod in linkding"),
            ("nodes", "Node"),
            ("gitrepo", "GitRepository"),
            ("cm", "ConfigMap"),
            ("certs web", "Certificate in web  cert-manager.io"),
            ("ns", "Namespace"),
            ("ns web", "all of namespace web"),
            ("Certif", "Certificate  cert-manager.io"),
        ] {
            assert_eq!(titles(typed).first().map(String::as_str), Some(first), "{typed}");
        }
        assert_eq!(titles("deployment").iter().filter(|title| *title == "Deployment").count(), 1, "known and served");
    }

    #[test]
    fn commands_are_found_by_words_and_by_letters() {
        assert_eq!(titles("reconcile with")[0], "Reconcile with source");
        assert_eq!(titles("source with")[0], "Reconcile with source");
        assert_eq!(titles("rcws")[0], "Reconcile with source");
        assert!(titles("zzzz").is_empty());
    }

    #[test]
    fn a_namespace_opens_before_the_cluster_has_answered() {
        let found = find("ns web", commands::COMMANDS, &[]);
        assert_eq!(found[0].title(), "all of namespace web");
    }
}
