//! Findings of rules: the place, the consequence and the fix.

use std::collections::HashMap;

use serde::Serialize;

use crate::model::Fault;
use crate::repo;

/// Ranks the importance of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The fault breaks or leaks something.
    Error,
    /// The fault will break something sooner or later.
    Warning,
    /// The file could be improved.
    Hint,
}

impl Severity {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// Reports one thing that a rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// The severity.
    pub severity: Severity,
    /// The environment, where the finding is about one.
    pub env: Option<String>,
    /// The file, below the repository's root.
    pub file: String,
    /// The line, from one, where it is known.
    pub line: Option<usize>,
    /// The object, as `Kind/namespace/name`.
    pub object: Option<String>,
    /// The fault.
    pub message: String,
    /// The consequence.
    pub why: String,
    /// The fix.
    pub fix: String,
    /// The other places with the same finding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Other>,
    /// The Kustomizations concerned, where the finding names the manifest's file and the fault is in how they apply it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kustomizations: Vec<String>,
    /// The common message, where many objects have the same finding.
    #[serde(skip)]
    pub habit: Option<&'static str>,
}

/// Names another place of the same finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// The environment, where the finding is about one.
    pub env: Option<String>,
    /// The file, below the repository's root.
    pub file: String,
    /// The line, from one, where it is known.
    pub line: Option<usize>,
    /// The object, as `Kind/namespace/name`.
    pub object: Option<String>,
}

/// A finding at more places than this is a habit of the repository and is reported once.
const MANY: usize = 3;

/// Groups findings that say the same of many objects: one cause is one finding, with its other places below it.
pub fn by_cause(findings: &[Finding]) -> Vec<Finding> {
    let cause = |one: &'_ Finding| -> (&'static str, Severity, Option<&'static str>, [String; 3]) {
        let said = match one.habit {
            Some(_) => Default::default(),
            None => [one.message.clone(), one.why.clone(), one.fix.clone()],
        };
        (one.rule, one.severity, one.habit, said)
    };
    let mut counts = HashMap::new();
    for finding in findings {
        let count: &mut usize = counts.entry(cause(finding)).or_default();
        *count = count.saturating_add(1);
    }
    let mut found: Vec<Finding> = Vec::new();
    let mut first: HashMap<_, usize> = HashMap::new();
    for finding in findings {
        let cause = cause(finding);
        if counts.get(&cause).is_none_or(|count| *count <= MANY) {
            found.push(finding.clone());
            continue;
        }
        let known = *first.entry(cause).or_insert(found.len());
        match found.get_mut(known) {
            Some(one) => {
                one.others.push(Other {
                    env: finding.env.clone(),
                    file: finding.file.clone(),
                    line: finding.line,
                    object: finding.object.clone(),
                });
                one.others.extend(finding.others.iter().cloned());
            }
            None => found.push(Finding {
                message: finding.habit.map_or_else(|| finding.message.clone(), str::to_owned),
                ..finding.clone()
            }),
        }
    }
    found
}

/// Condenses findings for display: a fault of several environments once, and one cause once.
pub fn condensed(findings: &[Finding]) -> Vec<Finding> {
    by_cause(&together(findings))
}

/// Merges findings that differ in the environment alone; the merged finding names all of them, because a file that
/// several read has one fault.
fn together(findings: &[Finding]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for finding in findings {
        let nowhere = |other: &Other| Other { env: None, ..other.clone() };
        // A finding about Kustomizations is one fault of the manifest, whatever their number and target namespaces.
        let of_none = |one: &Finding| Finding {
            env: None,
            object: one.object.clone().filter(|_| one.kustomizations.is_empty()),
            others: if one.kustomizations.is_empty() { one.others.iter().map(nowhere).collect() } else { Vec::new() },
            kustomizations: Vec::new(),
            why: if one.kustomizations.is_empty() { one.why.clone() } else { String::new() },
            ..one.clone()
        };
        let concerns = !finding.kustomizations.is_empty();
        let same = found.iter_mut().rev().take_while(|one| (&one.file, one.line) == (&finding.file, finding.line));
        let same = same.filter(|one| one.env.is_some() && finding.env.is_some());
        match same.into_iter().find(|one| concerns != one.kustomizations.is_empty() && of_none(one) == of_none(finding))
        {
            Some(one) => {
                let is_named = |names: &String| names.split(", ").any(|name| Some(name) == finding.env.as_deref());
                if !one.env.as_ref().is_some_and(is_named) {
                    one.env = one.env.iter().chain(&finding.env).cloned().reduce(|a, b| format!("{a}, {b}"));
                }
                // Another version of Flux may have another consequence.
                if !one.why.contains(&finding.why) {
                    one.why.extend(["; in ", finding.env.as_deref().unwrap_or_default(), ": ", finding.why.as_str()]);
                }
                let news = finding.kustomizations.iter().filter(|name| !one.kustomizations.contains(name));
                let news: Vec<String> = news.cloned().collect();
                one.kustomizations.extend(news);
                let others: Vec<Other> = finding
                    .others
                    .iter()
                    .map(nowhere)
                    .filter(|other| concerns && !one.others.contains(other))
                    .collect();
                one.others.iter_mut().for_each(|other| other.env = None);
                let others: Vec<Other> = others.into_iter().filter(|other| !one.others.contains(other)).collect();
                one.others.extend(others);
            }
            None => found.push(finding.clone()),
        }
    }
    found
}

impl Finding {
    /// Builds a finding of an error in a file.
    pub fn new(
        rule: &'static str,
        file: &str,
        message: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            env: None,
            file: file.to_owned(),
            line: None,
            object: None,
            message: message.into(),
            why: why.into(),
            fix: fix.into(),
            others: Vec::new(),
            kustomizations: Vec::new(),
            habit: None,
        }
    }

    /// Builds a finding from a fault that following or rendering the repository found; `why` is its consequence.
    pub(super) fn shown(rule: &'static str, shown: &repo::FileFault, why: String) -> Self {
        let Fault { what, todo, .. } = shown.fault.clone();
        let (line, env, object) = (shown.line, shown.env.clone(), shown.object.clone());
        Self { env, line, object, ..Self::new(rule, &shown.file, what, why, todo) }
    }

    /// Sets the line.
    pub fn on(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// Sets the environment.
    pub fn in_environment(self, env: &str) -> Self {
        Self { env: Some(env.to_owned()), ..self }
    }

    /// Sets the object.
    pub fn about(self, object: Option<String>) -> Self {
        Self { object, ..self }
    }

    /// Tells whether the message, a Kustomization or the object contains a text.
    pub(super) fn speaks_of(&self, text: &str) -> bool {
        self.message.contains(text)
            || self.kustomizations.iter().any(|name| name.contains(text))
            || self.object.as_ref().is_some_and(|object| object.contains(text))
    }

    /// Returns the prefix of the message: `staging: Deployment/web/app: `; empty where the finding is about the file
    /// alone.
    pub fn subject(&self) -> String {
        // In a sentence, an empty namespace is left out.
        let object = self.object.as_ref().map(|object| object.replacen("//", "/", 1));
        self.env.iter().chain(&object).flat_map(|part| [part.as_str(), ": "]).collect()
    }

    /// Returns the message, with the Kustomizations concerned.
    pub fn said(&self) -> String {
        match self.kustomizations.as_slice() {
            [] => self.message.clone(),
            [one] => format!("{} (Kustomization {one})", self.message),
            all => format!("{} (Kustomizations {})", self.message, all.join(", ")),
        }
    }

    /// Sets the Kustomization concerned.
    pub fn concerning(self, kustomization: String) -> Self {
        Self { kustomizations: vec![kustomization], ..self }
    }

    /// Sets the common message for many objects, whose own messages may differ.
    pub fn habit(self, habit: &'static str) -> Self {
        Self { habit: Some(habit), ..self }
    }

    /// Lowers the finding to a hint.
    pub fn hint(self) -> Self {
        Self { severity: Severity::Hint, ..self }
    }

    /// Lowers the finding to a warning.
    pub fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Other, by_cause, together};

    #[test]
    fn what_many_objects_have_is_told_once_with_their_places() {
        let finding = |number: usize| {
            let file = format!("{number}.yaml");
            Finding::new("a", &file, "it waits", "why", "fix").about(Some(format!("A/b/{number}")))
        };
        let few: Vec<Finding> = (0..3).map(finding).collect();
        assert_eq!(by_cause(&few), few);
        let other = Finding::new("a", "9.yaml", "something else", "why", "fix");
        let many: Vec<Finding> = (0..5).map(finding).chain([other.clone()]).collect();
        let told = by_cause(&many);
        assert_eq!((told.len(), told[0].others.len(), &told[1]), (2, 4, &other));
        assert_eq!(told[0].others[3].object.as_deref(), Some("A/b/4"));
        let named = |number: usize| Finding { message: format!("{number}"), ..finding(number) }.habit("they all wait");
        let told = by_cause(&(0..5).map(named).collect::<Vec<_>>());
        assert_eq!((told.len(), told[0].message.as_str()), (1, "they all wait"));
        assert_eq!(by_cause(&[named(7)])[0].message, "7");
        // The other places of a merged finding stay.
        let below = Other { env: None, file: "c.yaml".to_owned(), line: None, object: None };
        let many = (0..5).map(|number| Finding { others: vec![below.clone()], ..named(number) }).collect::<Vec<_>>();
        assert_eq!(by_cause(&many)[0].others.len(), 9);
    }

    #[test]
    fn what_several_kustomizations_make_of_one_manifest_is_told_once() {
        let finding = |env: &str, namespace: &str, name: &str| {
            let object = Some(format!("A/{namespace}/c"));
            Finding::new("a", "base.yaml", "nothing defines X", "why", "fix")
                .on(3)
                .in_environment(env)
                .about(object)
                .concerning(name.to_owned())
        };
        let all =
            [finding("production", "a", "apps"), finding("staging", "b", "apps-staging"), finding("test", "a", "apps")];
        let found = together(&all);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].said(), "nothing defines X (Kustomizations apps, apps-staging)");
        assert_eq!(found[0].env.as_deref(), Some("production, staging, test"));
        assert_eq!(together(&[all[0].clone(), Finding { line: Some(4), ..all[1].clone() }]).len(), 2);
        let older = Finding { why: "nothing is said".to_owned(), ..all[1].clone() };
        assert_eq!(together(&[all[0].clone(), older])[0].why, "why; in staging: nothing is said");
    }

    #[test]
    fn one_fault_of_several_environments_is_told_once() {
        let finding = |env: &str, object: &str| {
            let object = Some(object.to_owned());
            Finding::new("a", "base.yaml", "wrong", "why", "fix").on(3).in_environment(env).about(object)
        };
        let all = [finding("production", "A/b/c"), finding("production", "A/b/d"), finding("staging", "A/b/c")];
        let found = together(&all);
        let subjects: Vec<String> = found.iter().map(Finding::subject).collect();
        assert_eq!(subjects, ["production, staging: A/b/c: ", "production: A/b/d: "]);
        assert_eq!(together(&[all[0].clone(), Finding { line: Some(4), ..all[2].clone() }]).len(), 2);
        let nowhere = Finding::new("a", "base.yaml", "wrong", "why", "fix");
        assert_eq!((together(std::slice::from_ref(&nowhere)).len(), nowhere.subject().as_str()), (1, ""));
    }
}
