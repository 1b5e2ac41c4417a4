//! What was found, and what of a file its own comments silence.

use super::rules::{is_about_secrets, secrets};
use super::{Context, File, Finding, ListedFile, Quiet, Rule, RuleInput, subject};

/// Holds what was found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// The findings, by file and line.
    pub findings: Vec<Finding>,
    /// How many encrypted files were looked at.
    pub encrypted: usize,
    /// How many of them no key at hand opens, so that their MAC is not verified.
    pub closed: usize,
    /// How many findings a comment or the settings of the repository silence.
    pub silenced: usize,
    /// Which rules did not look at everything, by what is not known.
    pub quiet: Vec<Quiet>,
}

impl CheckReport {
    /// Says of each finding what it is about, and puts them in order.
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

    /// Tells that a file was not looked at whole.
    pub(super) fn of_defect(listed: &ListedFile) -> Self {
        let why = "fluxdeck has a defect that its content brings up";
        Self { findings: vec![secrets::unread::never(&listed.path, why)], ..Self::default() }
    }

    pub(super) fn of_file(listed: &ListedFile, context: &Context<'_>, rules: &[&Rule]) -> Self {
        let file = File::new(listed, context.identities);
        let mut found = Vec::new();
        for rule in rules {
            if let RuleInput::File(look) = rule.look {
                look(&file, context, &mut found);
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
