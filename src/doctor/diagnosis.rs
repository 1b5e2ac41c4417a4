//! A diagnosis: the root cause of a fault, with what proves it and what mends it.

use jiff::Timestamp;
use serde::Serialize;

use crate::check::Severity;
use crate::model::{ObjectRef, ShellLine};

/// The most bytes of a piece of evidence: the message of a controller may be as long as its object.
const MOST_BYTES: usize = 4096;

/// The most pieces of evidence, and the most remedies, of one diagnosis. A cause that a hundred objects tell of needs no
/// hundred proofs.
const MOST_EVIDENCE: usize = 24;
const MOST_REMEDIES: usize = 24;

/// Cuts a text in its middle, where it says how much is left out; `None` if it is short enough. A message begins with
/// what was done and ends with why it failed.
fn middle_left_out(text: &str, most: usize) -> Option<String> {
    if text.len() <= most {
        return None;
    }
    let (head, tail) = (text.floor_char_boundary(most / 2), text.ceil_char_boundary(text.len() - most / 2));
    let left_out = tail.saturating_sub(head);
    Some(format!("{}… ({left_out} bytes left out) …{}", text.get(..head)?, text.get(tail..)?))
}

/// Proves a diagnosis: what was read, when it happened and where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The words of the field, the event or the log line.
    pub text: String,
    /// The time of the event or of the last change; `None` if it is unknown.
    pub at: Option<Timestamp>,
    /// The place that it was read at: `Kustomization/flux-system/apps condition Ready`, `events`, `log of …`.
    pub from: String,
}

impl Evidence {
    /// Groups evidence by its words, each with the number of others that say the same: of a hundred Kustomizations that lack
    /// one Secret, one is told.
    pub fn distinct(all: &[Self]) -> Vec<(&Self, usize)> {
        let mut distinct: Vec<(&Self, usize)> = Vec::new();
        for evidence in all {
            match distinct.iter_mut().find(|(known, _)| known.text == evidence.text) {
                Some((_, others)) => *others = others.saturating_add(1),
                None => distinct.push((evidence, 0)),
            }
        }
        distinct
    }
}

/// Mends the fault, or leads nearer to it: a line to type, the reason, and the sign of success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// The line to type; empty if the remedy is a change in the repository.
    pub shell: ShellLine,
    /// The reason.
    pub why: String,
    /// The sign of success.
    pub look_for: String,
    /// The command of the cockpit that does the same, and the object that it is for.
    #[serde(skip)]
    pub command: Option<(&'static str, ObjectRef)>,
}

impl Remedy {
    /// Builds a remedy from a line to type.
    pub fn new(shell: ShellLine, why: impl Into<String>, look_for: impl Into<String>) -> Self {
        Self { shell, why: why.into(), look_for: look_for.into(), command: None }
    }

    /// Builds a remedy that is a change in the repository.
    pub fn change(why: impl Into<String>, look_for: impl Into<String>) -> Self {
        Self::new(ShellLine::default(), why, look_for)
    }

    /// Tells whether it reads as another one: what mends one Secret is the same for all that need it.
    fn reads_as(&self, other: &Self) -> bool {
        (&self.shell, &self.why, &self.look_for) == (&other.shell, &other.why, &other.look_for)
    }

    /// Tells whether it only makes a controller look again, so that it serves whatever the cause was.
    pub(super) fn is_retry(&self) -> bool {
        self.command.as_ref().is_some_and(|(command, _)| command.starts_with("reconcile"))
    }

    /// Sets the command of the cockpit that does the same.
    #[must_use]
    pub fn by(self, command: &'static str, object: &ObjectRef) -> Self {
        Self { command: Some((command, object.clone())), ..self }
    }
}

/// Says where in the repository the object of a diagnosis comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManifestOrigin {
    /// The file to change, below the repository's root.
    pub file: String,
    /// The line, from one, where it is known.
    pub line: Option<usize>,
    /// The commit that changed the file last; `None` if git does not tell.
    pub commit: Option<String>,
    /// The author of that commit.
    pub author: Option<String>,
    /// The time of that commit.
    pub committed: Option<Timestamp>,
    /// The rules of `fluxdeck check` that report the object or the file.
    pub rules: Vec<&'static str>,
}

/// Names a root cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The id of the cause.
    pub cause: &'static str,
    /// The severity: an error now, a warning for what will become one.
    pub severity: Severity,
    /// The object at fault.
    pub object: ObjectRef,
    /// The cause in one sentence, the thing first.
    pub message: String,
    /// What proves it.
    pub evidence: Vec<Evidence>,
    /// The lines to type to see more.
    pub look_at: Vec<ShellLine>,
    /// What mends it, in order.
    pub fix: Vec<Remedy>,
    /// Pages about it: addresses, and documents of the repository.
    pub docs: Vec<String>,
    /// The objects that it holds back.
    pub blocks: Vec<ObjectRef>,
    /// The causes that cannot be told apart from it.
    pub or: Vec<&'static str>,
    /// Where the object comes from; `None` if the repository does not declare it.
    pub origin: Option<ManifestOrigin>,
    /// Whether it only says what is waited for, so that a diagnosis of something that the object rests on replaces it.
    pub(super) gives_way: bool,
    /// Whether it gives way to every other diagnosis of its object too, even to one that gives way itself.
    pub(super) only_sums_up: bool,
    /// The objects whose fault it explains too, beside those that rest on the object.
    pub(super) explains: Vec<ObjectRef>,
    /// The objects that are not there and should be: what keeps them from being applied is a deeper cause.
    pub(super) lacks: Vec<ObjectRef>,
    /// The objects whose fault explains this one: those that were to bring what is lacking.
    pub(super) rests_on: Vec<ObjectRef>,
}

impl Diagnosis {
    /// Builds the diagnosis of an error.
    pub fn new(cause: &'static str, object: &ObjectRef, message: impl Into<String>) -> Self {
        Self {
            cause,
            severity: Severity::Error,
            object: object.clone(),
            message: message.into(),
            evidence: Vec::new(),
            look_at: Vec::new(),
            fix: Vec::new(),
            docs: Vec::new(),
            blocks: Vec::new(),
            or: Vec::new(),
            origin: None,
            gives_way: false,
            only_sums_up: false,
            explains: Vec::new(),
            lacks: Vec::new(),
            rests_on: Vec::new(),
        }
    }

    /// Lowers it to a warning: nothing is broken yet.
    #[must_use]
    pub fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    /// Writes the cause for a line that names an object already: without the name where it is the object's own, else
    /// with what the object waits on.
    pub fn told_at(&self, object: &ObjectRef) -> String {
        let own = self.message.strip_prefix(&self.object.told());
        let rest = own.unwrap_or(&self.message).trim_start_matches([' ', ':']);
        match own {
            _ if self.object == *object => rest.to_owned(),
            // `Secret/flux-system/sops-age is missing: …` is a sentence already.
            Some(own) if own.starts_with(' ') => format!("{} {rest}", self.object.short()),
            _ => format!("waits on {}: {rest}", self.object.short()),
        }
    }

    /// Merges what a cause says twice of one object.
    pub(super) fn merge(&mut self, other: Self) {
        self.explains.extend(other.explains);
        self.lacks.extend(other.lacks);
        for one in other.evidence {
            if self.evidence.len() < MOST_EVIDENCE && !self.evidence.contains(&one) {
                self.evidence.push(one);
            }
        }
        self.take_fixes(other.fix);
    }

    /// Adds remedies that it has not yet, as far as somebody would type them one by one.
    pub(super) fn take_fixes(&mut self, fixes: impl IntoIterator<Item = Remedy>) {
        for fix in fixes {
            let is_known = self.fix.iter().any(|known| known.reads_as(&fix));
            if self.fix.len() < MOST_REMEDIES && !is_known {
                self.fix.push(fix);
            }
        }
    }

    /// Keeps of each piece of evidence what somebody can read, and each line to type once.
    pub(super) fn bounded(mut self) -> Self {
        let mut lines: Vec<ShellLine> = Vec::new();
        for line in std::mem::take(&mut self.look_at) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        self.look_at = lines;
        self.evidence.truncate(MOST_EVIDENCE);
        for one in &mut self.evidence {
            if let Some(cut) = middle_left_out(&one.text, MOST_BYTES) {
                one.text = cut;
            }
        }
        self
    }

    /// Tells whether it only says that the failure is not recognised.
    pub fn is_unrecognised(&self) -> bool {
        self.cause == super::conclude::NOT_RECOGNISED
    }

    /// Lets a diagnosis of something that the object rests on replace it.
    #[must_use]
    pub fn unless_deeper(self) -> Self {
        Self { gives_way: true, ..self }
    }

    /// Lets every other diagnosis of its object, and of what that rests on, replace it: it says only what came of it.
    #[must_use]
    pub fn unless_other(self) -> Self {
        Self { gives_way: true, only_sums_up: true, ..self }
    }

    /// Names another object as the one at fault.
    #[must_use]
    pub fn at(self, object: &ObjectRef) -> Self {
        Self { object: object.clone(), ..self }
    }

    /// Adds a piece of evidence.
    #[must_use]
    pub fn seen(mut self, text: impl Into<String>, at: Option<Timestamp>, from: impl Into<String>) -> Self {
        self.evidence.push(Evidence { text: text.into(), at, from: from.into() });
        self
    }

    /// Adds pieces of evidence.
    #[must_use]
    pub fn seen_all(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// Adds a line to type to see more.
    #[must_use]
    pub fn look_at(mut self, line: ShellLine) -> Self {
        self.look_at.push(line);
        self
    }

    /// Adds a remedy.
    #[must_use]
    pub fn mended_by(mut self, remedy: Remedy) -> Self {
        self.fix.push(remedy);
        self
    }

    /// Adds a page about it.
    #[must_use]
    pub fn documented(mut self, page: &str) -> Self {
        self.docs.push(page.to_owned());
        self
    }

    /// Names a cause that cannot be told apart from it.
    #[must_use]
    pub fn or(mut self, cause: &'static str) -> Self {
        self.or.push(cause);
        self
    }

    /// Names an object that is not there and should be.
    #[must_use]
    pub fn lacking(mut self, object: &ObjectRef) -> Self {
        self.lacks.push(object.clone());
        self
    }

    /// Names objects whose own fault would explain this one.
    #[must_use]
    pub fn resting_on(mut self, objects: impl IntoIterator<Item = ObjectRef>) -> Self {
        self.rests_on.extend(objects);
        self.unless_deeper()
    }

    /// Adds objects whose fault it explains too.
    #[must_use]
    pub fn explaining(mut self, objects: impl IntoIterator<Item = ObjectRef>) -> Self {
        self.explains.extend(objects);
        self
    }
}

/// Holds the result of one examination of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examination {
    /// The root causes, worst first.
    pub roots: Vec<Diagnosis>,
    /// What could not be read, each with the reason: nothing is concluded from its absence.
    pub unread: Vec<String>,
    /// The number of objects that were not ready.
    pub symptoms: usize,
    /// The time, by the server's clock.
    pub at: Option<Timestamp>,
}

impl Examination {
    /// Finds the root cause of an object's fault: its own, or one that holds it back.
    pub fn root_of<'a>(&'a self, object: &ObjectRef) -> Option<&'a Diagnosis> {
        let own = self.roots.iter().find(|root| root.object == *object);
        own.or_else(|| self.roots.iter().find(|root| root.blocks.contains(object)))
    }

    /// Iterates over the root causes of an object's fault, its own first.
    pub fn roots_of<'a>(&'a self, object: &'a ObjectRef) -> impl Iterator<Item = &'a Diagnosis> {
        let own = self.roots.iter().filter(move |root| root.object == *object);
        own.chain(self.roots.iter().filter(move |root| root.object != *object && root.blocks.contains(object)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagnosis, MOST_BYTES, Remedy, middle_left_out};
    use crate::model::{ObjectRef, ShellLine};

    #[test]
    fn what_mends_several_objects_alike_is_told_once() {
        let object = |name: &str| ObjectRef::new("Kustomization", "kustomize.toolkit.fluxcd.io", "flux-system", name);
        let line = || ShellLine::from("fluxdeck secret age-key --create");
        let found = |name: &str| {
            let mends = Remedy::new(line(), "why", "sign").by("age-keys", &object(name));
            Diagnosis::new("sops-age-missing", &object("key"), "it is missing").look_at(line()).mended_by(mends)
        };
        let mut one = found("apps");
        one.merge(found("web"));
        let one = one.look_at(line()).bounded();
        assert_eq!((one.fix.len(), one.look_at.len()), (1, 1));
    }

    #[test]
    fn a_message_of_a_megabyte_is_cut_in_its_middle_and_says_so() {
        let object = ObjectRef::new("Kustomization", "kustomize.toolkit.fluxcd.io", "flux-system", "apps");
        let long = format!("begins {} ends", "é".repeat(500_000));
        let found = Diagnosis::new("not-recognised", &object, "it failed").seen(long.clone(), None, "its condition");
        let kept = &found.bounded().evidence[0].text;
        assert!(kept.len() < MOST_BYTES + 60, "{}", kept.len());
        assert!(kept.starts_with("begins é") && kept.ends_with("é ends"), "{kept}");
        let left_out = long.len() - kept.matches('é').count() * 2 - "begins  ends".len();
        assert!(kept.contains(&format!("… ({left_out} bytes left out) …")), "{left_out}: {kept}");
    }

    #[test]
    fn a_text_of_the_most_bytes_stays_as_it_is() {
        assert_eq!(middle_left_out(&"x".repeat(MOST_BYTES), MOST_BYTES), None);
    }
}
