//! Kinds: the descriptor of a resource kind. Instances live in `kinds/`, one file each.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{GroupKind, Gvk, Lesson, ObjectRef, Row};

/// Describes a column of a kind's list, beyond namespace, name, state and age, which every list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub title: &'static str,
    /// The wanted width in cells.
    pub width: u16,
}

/// Says which objects of a kind are watched, where all of them would be too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchedPart {
    /// The field selector that chooses them.
    pub field_selector: &'static str,
    /// How long they are of interest, from the time of their row on.
    pub within: Duration,
    /// So many are listed and kept at most.
    pub most: usize,
}

impl WatchedPart {
    /// Tells whether a row is still of interest.
    pub fn takes(&self, row: &Row, now: Timestamp) -> bool {
        let within = SignedDuration::try_from(self.within).unwrap_or(SignedDuration::MAX);
        row.created.is_some_and(|at| now.duration_since(at) <= within)
    }
}

/// Describes one kind of resource: its name, its row, its columns, its lesson.
#[derive(Debug)]
pub struct Kind {
    /// The kind, such as `Kustomization`.
    pub kind: &'static str,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The fallback version if discovery does not answer; otherwise the server's preferred version is used.
    pub version: &'static str,
    /// The plural in URLs, such as `kustomizations`.
    pub plural: &'static str,
    /// Names that the operator may type, such as `ks`, beside the plural and the kind.
    pub aliases: &'static [&'static str],
    /// Whether its objects have a namespace.
    pub namespaced: bool,
    /// Whether it is a Flux kind, so that Flux' verbs may apply.
    pub flux: bool,
    /// The name in the flux CLI, such as `source git`; empty for a kind outside of Flux.
    pub noun: &'static str,
    /// The controller that runs it: its Deployment, and its pods' label `app`; empty for a kind outside of Flux.
    pub controller: &'static str,
    /// Whether it is always watched: Home shows it or needs it. Other kinds are watched while a view shows them.
    pub watched: bool,
    /// Which of its objects are watched; `None` where all are.
    pub part: Option<WatchedPart>,
    /// The columns of its list.
    pub columns: &'static [Column],
    /// Converts the JSON of one object to a row; the error is serde's.
    pub decode: fn(&[u8]) -> Result<Row, serde_json::Error>,
    /// Teaches how to list or read it without fluxdeck; `context` is the kube context, `object` `None` for the list.
    pub lesson: fn(context: &str, object: Option<&ObjectRef>) -> Lesson,
}

impl Kind {
    /// Returns the kind's name with its group and fallback version.
    pub fn gvk(&self) -> Gvk {
        Gvk::new(self.group, self.version, self.kind)
    }

    /// Identifies the kind.
    pub fn group_kind(&self) -> GroupKind<'static> {
        GroupKind { group: self.group, kind: self.kind }
    }

    /// Tells whether an object is of this kind, of this group.
    pub fn is(&self, object: &ObjectRef) -> bool {
        self.group_kind() == object.group_kind()
    }

    /// Names an object of this kind.
    pub fn object(&self, namespace: &str, name: &str) -> ObjectRef {
        ObjectRef::new(self.kind, self.group, namespace, name)
    }

    /// Tells whether a word names this kind: its kind, plural or alias, in any case, each also with the group after a
    /// dot. Plurals and aliases are in one case: `GitRepo` is the kind of another project's CRD, `gitrepo` a short name
    /// of Flux' GitRepository.
    pub fn is_called(&self, word: &str) -> bool {
        let word = match word.split_once('.') {
            Some((word, group)) if group == self.group => word,
            Some(_) => return false,
            None => word,
        };
        let short = if is_mixed(word) { String::new() } else { word.to_ascii_lowercase() };
        word.eq_ignore_ascii_case(self.kind) || short == self.plural || self.aliases.contains(&short.as_str())
    }
}

/// Tells whether a word has letters of both cases, like kinds and unlike plurals and short names.
pub(super) fn is_mixed(word: &str) -> bool {
    word.chars().any(|letter| letter.is_ascii_uppercase()) && word.chars().any(|letter| letter.is_ascii_lowercase())
}
