//! Kinds: the descriptor of a resource kind. Instances live in `kinds/`, one file each.

use super::{GroupKind, Gvk, Lesson, ObjectRef, Row};

/// Describes a column of a kind's list, beyond namespace, name, state and age, which every list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub title: &'static str,
    /// The width in cells that it asks for.
    pub width: u16,
}

/// Describes one kind of resource: its name, its row, its columns, its lesson.
#[derive(Debug)]
pub struct Kind {
    /// The kind, such as `Kustomization`.
    pub kind: &'static str,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version to fall back on where discovery does not answer; otherwise the server's preferred version is used.
    pub version: &'static str,
    /// The plural in addresses, such as `kustomizations`.
    pub plural: &'static str,
    /// Names that the operator may type, such as `ks`; the plural and the kind are known anyway.
    pub aliases: &'static [&'static str],
    /// Whether its objects have a namespace.
    pub namespaced: bool,
    /// Whether it is a Flux kind, so that Flux' verbs may apply.
    pub flux: bool,
    /// What the flux CLI calls it, such as `source git`; empty for what is none of Flux'.
    pub noun: &'static str,
    /// The controller that runs it: its Deployment, and its pods' label `app`; empty for what Flux does not run.
    pub controller: &'static str,
    /// Whether it is watched always: Home shows it or needs it. Other kinds are watched while somebody looks at them.
    pub watched: bool,
    /// The columns of its list.
    pub columns: &'static [Column],
    /// Reads one object as it comes over the wire (JSON) into a row; the error is serde's.
    pub decode: fn(&[u8]) -> Result<Row, serde_json::Error>,
    /// Teaches how to list or look at it without fluxdeck; `context` is the kube context, `object` `None` for the list.
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

    /// Tells whether the operator means this kind by a word: its kind, plural or alias, in any case, each also with the group behind a dot.
    /// Plurals and aliases are of one case: `GitRepo` is the kind of somebody else's CRD, `gitrepo` a short name of Flux' GitRepository.
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

/// Tells whether a word is in letters of both cases, as kinds are and neither plurals nor short names.
pub(super) fn is_mixed(word: &str) -> bool {
    word.chars().any(|letter| letter.is_ascii_uppercase()) && word.chars().any(|letter| letter.is_ascii_lowercase())
}
