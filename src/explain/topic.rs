//! A topic, and the group that it stands in.

use serde::Serialize;

use crate::markdown::DocumentSubject;

/// Explains one thing: short first, then more, the command that shows it, and where to read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// The name that finds it, such as `Kustomization.prune`, `ArtifactFailed` or `rule.flux-no-prune`.
    #[serde(rename = "topic")]
    pub id: String,
    /// The heading.
    pub title: String,
    /// What it is and why it is so. It names keys as [`key_hints`](mod@crate::model::key_hints) says, as its command does.
    #[serde(serialize_with = "crate::model::key_hints::serialize")]
    pub short: String,
    /// What else is worth knowing; empty if the short text says all.
    #[serde(serialize_with = "crate::model::key_hints::serialize")]
    pub more: String,
    /// The command that shows it by hand. Words in capitals stand for names: `NAME`, `NAMESPACE`, `KIND`.
    #[serde(flatten)]
    pub command: TopicCommand,
    /// Pages about it: addresses, and documents of the repository.
    pub docs: Vec<String>,
    /// Other topics, by their names.
    pub see: Vec<String>,
    /// Further names that find it.
    #[serde(skip)]
    pub also: Vec<String>,
    /// The group.
    #[serde(skip)]
    pub group: TopicGroup,
}

/// Holds the command that shows a topic by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TopicCommand {
    /// The lines to type; empty if nothing outside of fluxdeck shows it.
    pub shell: String,
    /// The reason.
    #[serde(serialize_with = "crate::model::key_hints::serialize")]
    pub why: String,
    /// The important part of the output.
    #[serde(serialize_with = "crate::model::key_hints::serialize")]
    pub look_for: String,
}

/// Names the group of a topic. The order is that of the answers to a name that several topics have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TopicGroup {
    /// How Flux works.
    Concepts,
    /// The types of conditions.
    Conditions,
    /// The reasons of conditions and events.
    Reasons,
    /// The kinds that fluxdeck knows.
    Kinds,
    /// The fields of a Kustomization.
    KustomizationFields,
    /// The fields of a HelmRelease.
    ReleaseFields,
    /// The fields of sources.
    SourceFields,
    /// The fields of notifications.
    NotificationFields,
    /// The fields of image automation.
    ImageFields,
    /// The fields of flux-operator.
    OperatorFields,
    /// What pods, nodes and workloads say.
    Workloads,
    /// What cert-manager, CloudNativePG and Longhorn say.
    Platform,
    /// The rules of `fluxdeck check`.
    Rules,
    /// The causes of `fluxdeck doctor`.
    Causes,
    /// The commands of the cockpit.
    Commands,
}

impl Topic {
    /// Names what documents about the topic speak of: its own name, and the other ones.
    pub fn subject(&self) -> DocumentSubject {
        let name = self.id.rsplit_once('.').map_or(self.id.as_str(), |(_, name)| name);
        self.also
            .iter()
            .fold(DocumentSubject::named("").quoting(name).saying(name), |subject, also| subject.saying(also))
    }
}

impl TopicGroup {
    /// Every group, in order.
    pub const ALL: [Self; 15] = [
        Self::Concepts,
        Self::Conditions,
        Self::Reasons,
        Self::Kinds,
        Self::KustomizationFields,
        Self::ReleaseFields,
        Self::SourceFields,
        Self::NotificationFields,
        Self::ImageFields,
        Self::OperatorFields,
        Self::Workloads,
        Self::Platform,
        Self::Rules,
        Self::Causes,
        Self::Commands,
    ];

    /// Returns the name that lists the group.
    pub fn word(self) -> &'static str {
        match self {
            Self::Concepts => "concepts",
            Self::Conditions => "conditions",
            Self::Reasons => "reasons",
            Self::Kinds => "kinds",
            Self::KustomizationFields => "kustomization-fields",
            Self::ReleaseFields => "helmrelease-fields",
            Self::SourceFields => "source-fields",
            Self::NotificationFields => "notification-fields",
            Self::ImageFields => "image-fields",
            Self::OperatorFields => "operator-fields",
            Self::Workloads => "workloads",
            Self::Platform => "platform",
            Self::Rules => "rules",
            Self::Causes => "causes",
            Self::Commands => "commands",
        }
    }

    /// Says what the group holds.
    pub fn about(self) -> &'static str {
        match self {
            Self::Kinds => "the kinds of objects that fluxdeck knows",
            Self::Rules => "the rules of `fluxdeck check`: what is wrong in a repository before it is pushed",
            Self::Causes => "the causes of `fluxdeck doctor`: what is wrong in a cluster",
            Self::Commands => "the commands of the cockpit, each with the line that does the same by hand",
            _ => super::authored::about(self),
        }
    }
}
