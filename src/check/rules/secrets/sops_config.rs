//! Mistakes in `.sops.yaml` that sops ignores silently.

use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::sops::{Config, SopsError};

pub(in crate::check) const RULE: Rule = Rule {
    id: "sops-config",
    about: "a .sops.yaml with a typo, or one that does not work",
    check: RuleInput::File(check),
};

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    if file.path != ".sops.yaml" && !file.path.ends_with("/.sops.yaml") {
        return;
    }
    let Some(text) = &file.text else { return };
    match Config::parse(text) {
        Ok(config) => {
            let refused = config.rules.into_iter().filter_map(|rule| rule.refused);
            found.extend(refused.map(|refused| {
                let why = "sops refuses to encrypt by this rule, and nothing is written by it here either";
                Finding::new(RULE.id, &file.path, refused.why, why, refused.todo).on(refused.line)
            }));
            found.extend(config.warnings.into_iter().map(|warning| {
                // Settings of how files are read and written do not affect what is encrypted and for whom.
                let (why, fix) = if warning.is_harmless {
                    ("sops goes by the name of a file there, or by a flag", "take it out")
                } else {
                    (
                        "what is encrypted, and for whom, is not what the file seems to say",
                        "correct the name, or take it out",
                    )
                };
                let finding = Finding::new(RULE.id, &file.path, warning.message, why, fix).on(warning.line);
                if warning.is_harmless { finding.hint() } else { finding.warning() }
            }));
        }
        Err(error) => {
            let why = "nothing can be encrypted by it, or without a word nothing is";
            let finding = Finding::new(RULE.id, &file.path, error.to_string(), why, "mend it at that line");
            found.push(match error {
                SopsError::Yaml { line, .. } | SopsError::Shape { line, .. } => finding.on(line),
                _ => finding,
            });
        }
    }
}
