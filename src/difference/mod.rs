//! What Flux would change in a cluster now, and what has drifted from what it applied.
//!
//! The server itself is asked: each object is applied in a dry run, as kustomize-controller and helm-controller do
//! before they apply it, and the answer is compared with the live object. Nothing is ever written
//! (`cluster::dry_run`).
//!
//! ```text
//! wanted       the objects of a Kustomization: rendered, decrypted, with what else goes into them
//! decrypted    what is encrypted in them, and what generators make of encrypted files
//! name_hash    the hash of its content in the name of a generated Secret
//! whole        the objects of a build with every value in them
//! substituted  the variables that only Secrets or the cluster have
//! release      the objects of a HelmRelease: the manifest of its deployed revision
//! applier      the Kustomization or HelmRelease that applied an object
//! applied      the commit that a Kustomization applied last
//! prepare      the sets of an environment, from the working tree or a commit
//! compare      sets of objects with a cluster
//! served       how the server serves their kinds
//! laid_out     what sops lays out otherwise than we do
//! objects      reads and dry runs for each object, side by side
//! judge        what the answers mean for one object
//! events       what controllers did about a drift
//! fields       the fields that differ
//! owners       their owners, by managedFields
//! writers      what else writes fields: autoscalers, and the programs that run in the cluster
//! ignore       rules that exclude fields
//! typed        what Go's types make of it
//! undeclared   the fields that a kind does not have, which Flux drops
//! normal       the form in which controllers apply an object
//! veil         the values that are not shown
//! ```

mod applied;
mod applier;
mod compare;
mod decrypted;
mod events;
mod fields;
mod ignore;
mod judge;
mod laid_out;
mod name_hash;
mod normal;
mod objects;
mod owners;
mod prepare;
mod release;
mod served;
mod substituted;
#[cfg(test)]
mod tests;
mod typed;
mod undeclared;
mod veil;
mod wanted;
mod whole;
mod writers;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub use applied::{AppliedCommits, applied_commits};
pub use applier::{AttributedObject, applier_of};
pub use compare::{compare, reach};
pub use prepare::{PreparedSets, drifted, next};
pub use release::{of_all_releases, of_releases};
pub use wanted::{AppliedSet, Arrivals};
pub use whole::{WholeObject, whole_objects};

use crate::cluster::Event;
use crate::helm::diff::DocumentChange;
use crate::model::ObjectRef;
use crate::model::clock::age;

/// The number of objects that are asked for at once.
const AT_ONCE: usize = 16;

/// Says what live objects are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DifferenceKind {
    /// What Flux would apply now; the difference goes from the live object to it.
    Next,
    /// What was applied last; the difference goes from that to the live object.
    Drift,
}

/// Describes a live object that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveDifference {
    /// The environment's name.
    pub env: String,
    /// The Kustomization that applies it, or `HelmRelease/namespace/name`.
    pub kustomization: String,
    /// The object, `Kind/namespace/name`.
    pub object: String,
    /// The change. In a drift, `delete` means that somebody deleted the object.
    pub change: DocumentChange,
    /// The unified difference of its YAML, values of Secrets masked.
    pub diff: String,
    /// The circumstance that the difference does not show, such as a deletion before it is created anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The fields of a drift, each with who changed it and whether that is taken back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldDrift>,
    /// The latest events of a drifted object, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// The object.
    #[serde(skip)]
    pub target: ObjectRef,
}

/// Describes a live field that differs from what was applied.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldDrift {
    /// The path, `spec.containers[app].image`.
    pub path: String,
    /// The applied value; null where Git or the chart sets none.
    pub applied: Option<Value>,
    /// The live value; null where somebody removed it.
    pub live: Option<Value>,
    /// The field manager that set it; null where nothing says.
    pub by: Option<String>,
    /// The time of that manager's last change.
    pub at: Option<Timestamp>,
    /// Whether the next reconciliation takes it back.
    pub undone: bool,
    /// The reason for that.
    pub why: String,
}

impl FieldDrift {
    /// Returns it in one sentence for people.
    pub fn told(&self, now: Timestamp) -> String {
        let value = |value: &Option<Value>, none: &str| value.as_ref().map_or_else(|| none.to_owned(), short);
        let who = match (&self.by, self.at) {
            (Some(by), Some(at)) => format!("set by {by} {} ago", age(now, at)),
            (Some(by), None) => format!("set by {by}"),
            (None, Some(at)) => format!("nothing says by whom, {} ago", age(now, at)),
            (None, None) => "nothing says by whom".to_owned(),
        };
        let (live, applied) = (value(&self.live, "removed"), value(&self.applied, "not set"));
        let fate = if self.undone { "the next run takes it back" } else { "it stays" };
        format!("{}: {live}, applied: {applied}; {who}; {fate}: {}", self.path, self.why)
    }
}

/// The most shown characters of a value.
const LONGEST: usize = 60;

/// Writes a value on one line, cut where it is long.
fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text = text.replace('\n', " ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Describes objects that were not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uncompared {
    /// The environment's name.
    pub env: String,
    /// The Kustomization or HelmRelease.
    pub kustomization: String,
    /// The object.
    pub object: String,
    /// The reason.
    pub why: String,
    /// Whether Flux would fail on it, rather than we know too little.
    pub refused: bool,
}

impl Uncompared {
    fn of(env: &str, kustomization: &str, object: &ObjectRef, why: &str) -> Self {
        Self {
            env: env.to_owned(),
            kustomization: kustomization.to_owned(),
            object: object.to_string(),
            why: why.to_owned(),
            refused: false,
        }
    }
}

/// Holds the result of a comparison with a cluster.
#[derive(Debug, Clone, Default)]
pub struct LiveComparison {
    /// The live objects that differ, by Kustomization and object.
    pub differences: Vec<LiveDifference>,
    /// The objects that were not compared.
    pub uncompared: Vec<Uncompared>,
    /// What is not known of whole Kustomizations, one sentence each.
    pub remarks: Vec<String>,
    /// The number of compared objects.
    pub compared: usize,
}

impl LiveComparison {
    /// Adds another result.
    pub fn add(&mut self, other: Self) {
        self.differences.extend(other.differences);
        self.uncompared.extend(other.uncompared);
        self.remarks.extend(other.remarks);
        self.compared += other.compared;
    }

    /// Tells whether all was compared and all is known.
    pub fn is_whole(&self) -> bool {
        self.compared > 0 && self.uncompared.is_empty() && self.remarks.is_empty()
    }

    /// Says what it means that no object differs: of what was not compared, nothing.
    pub fn without_differences(&self, kind: DifferenceKind) -> &'static str {
        match (kind, self.is_whole()) {
            _ if self.compared == 0 => "nothing was compared",
            (DifferenceKind::Next, true) => "Flux would change nothing",
            (DifferenceKind::Next, false) => "Flux would change nothing of what was compared",
            (DifferenceKind::Drift, true) => "nothing has drifted",
            (DifferenceKind::Drift, false) => "nothing of what was compared has drifted",
        }
    }

    /// Counts the objects that were not compared, by their reason: those at which Flux would fail first, then the most frequent.
    pub fn reasons(&self) -> Vec<(&str, bool, Vec<&str>)> {
        let mut found: Vec<(&str, bool, Vec<&str>)> = Vec::new();
        for one in &self.uncompared {
            match found.iter_mut().find(|(why, refused, _)| *why == one.why && *refused == one.refused) {
                Some((.., objects)) => objects.push(&one.object),
                None => found.push((&one.why, one.refused, vec![&one.object])),
            }
        }
        found.sort_by_key(|(_, refused, objects)| (!refused, std::cmp::Reverse(objects.len())));
        found
    }
}

/// The most objects that are named where they were not compared for one reason.
const NAMED: usize = 3;

/// Names the first objects, and how many more there are.
pub fn some_of(objects: &[&str]) -> String {
    let named = objects.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match objects.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Reports how many of the objects are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparisonProgress {
    /// The number of compared ones.
    pub done: usize,
    /// The number of all.
    pub total: usize,
}

#[cfg(test)]
mod of_nothing {
    use super::{DifferenceKind, LiveComparison, Uncompared};
    use crate::model::ObjectRef;

    #[test]
    fn nothing_is_concluded_from_what_was_not_compared() {
        let said = |one: &LiveComparison| {
            [DifferenceKind::Next, DifferenceKind::Drift].map(|kind| one.without_differences(kind))
        };
        let whole = LiveComparison { compared: 3, ..LiveComparison::default() };
        assert_eq!(said(&whole), ["Flux would change nothing", "nothing has drifted"]);
        assert_eq!(said(&LiveComparison::default()), ["nothing was compared"; 2]);
        let object = ObjectRef::new("Secret", "", "web", "login");
        let part =
            LiveComparison { uncompared: vec![Uncompared::of("staging", "apps", &object, "forbidden")], ..whole };
        assert!(said(&part).iter().all(|text| text.contains("of what was compared")), "{:?}", said(&part));
    }
}
