//! What a rule found: where, what it leads to, how to mend it.

use serde::Serialize;

/// Says how much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It breaks or leaks something.
    Error,
    /// It will, sooner or later.
    Warning,
    /// It could be better.
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
    /// How much it matters.
    pub severity: Severity,
    /// The environment that it is about, where it is about one.
    pub env: Option<String>,
    /// The file, below the repository's root.
    pub file: String,
    /// The line, from one, where it is known.
    pub line: Option<usize>,
    /// The object that it is about, as `Kind/namespace/name`.
    pub object: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What it leads to.
    pub why: String,
    /// How to mend it.
    pub fix: String,
}

/// Puts findings together that differ in the environment alone, which then names all of them: a file that several read has one fault.
pub fn together(findings: &[Finding]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for finding in findings {
        let of_none = |one: &Finding| Finding { env: None, ..one.clone() };
        let same = found.iter_mut().rev().take_while(|one| (&one.file, one.line) == (&finding.file, finding.line));
        let same = same.filter(|one| one.env.is_some() && finding.env.is_some());
        match same.into_iter().find(|one| of_none(one) == of_none(finding)) {
            Some(one) => one.env = one.env.iter().chain(&finding.env).cloned().reduce(|a, b| format!("{a}, {b}")),
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
        }
    }

    /// Says on which line it is.
    pub fn on(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// Says which environment it is about.
    pub fn of(self, env: &str) -> Self {
        Self { env: Some(env.to_owned()), ..self }
    }

    /// Says which object it is about.
    pub fn about(self, object: Option<String>) -> Self {
        Self { object, ..self }
    }

    /// Tells whether a text stands in what it says, or in the name of its object.
    pub(super) fn speaks_of(&self, text: &str) -> bool {
        self.message.contains(text) || self.object.as_ref().is_some_and(|object| object.contains(text))
    }

    /// Says what it is about, before its message: `staging: Deployment/web/app: `; empty where that is the file alone.
    pub fn subject(&self) -> String {
        self.env.iter().chain(&self.object).flat_map(|part| [part.as_str(), ": "]).collect()
    }

    /// Makes it a hint.
    pub fn hint(self) -> Self {
        Self { severity: Severity::Hint, ..self }
    }

    /// Makes it a warning.
    pub fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, together};

    #[test]
    fn one_fault_of_several_environments_is_told_once() {
        let finding = |env: &str, object: &str| {
            let object = Some(object.to_owned());
            Finding::new("a", "base.yaml", "wrong", "why", "fix").on(3).of(env).about(object)
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
