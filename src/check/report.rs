//! The report of a check; a file's own comments silence findings in it.

use super::rules::{is_about_secrets, secrets};
use super::{Context, File, Finding, ListedFile, Quiet, Rule, RuleInput, subject};

/// Holds the findings, and the files that could not be checked.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// The findings, by file and line.
    pub findings: Vec<Finding>,
    /// The number of encrypted files that were checked.
    pub encrypted: usize,
    /// The number of encrypted files that no key at hand decrypts, so that their MAC is not verified.
    pub closed: usize,
    /// The number of findings that a comment or the settings of the repository silence.
    pub silenced: usize,
    /// The rules that did not check everything, by the unknown thing.
    pub quiet: Vec<Quiet>,
}

impl CheckReport {
    /// Completes the subject of each finding, and sorts the findings.
    pub(super) fn ordered(mut self, context: &Context<'_>) -> Self {
        for finding in &mut self.findings {
            subject::complete(finding, context.snapshot);
        }
        self.findings.sort_by(|one, other| {
            (&one.file, one.line, one.rule, &one.env).cmp(&(&other.file, other.line, other.rule, &other.env))
        });
        self.findings.dedup();
        self
    }

    /// Reports that a file was not checked completely.
    pub(super) fn of_defect(listed: &ListedFile) -> Self {
        let why = "fluxdeck has a defect that its content brings up";
        Self { findings: vec![secrets::unread::never(&listed.path, why)], ..Self::default() }
    }

    pub(super) fn of_file(listed: &ListedFile, context: &Context<'_>, rules: &[&Rule]) -> Self {
        let file = File::new(listed, context.identities);
        let mut found = Vec::new();
        for rule in rules {
            if let RuleInput::File(check) = rule.check {
                check(&file, context, &mut found);
            }
        }
        let before = found.len();
        found.retain(|finding| context.strict && is_about_secrets(finding.rule) || !file.ignores(finding));
        Self {
            silenced: before.saturating_sub(found.len()),
            findings: found,
            encrypted: usize::from(file.is_encrypted()),
            closed: usize::from(file.is_closed()),
            ..Self::default()
        }
    }
}
