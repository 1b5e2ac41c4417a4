//! A file that was not inspected.

use crate::check::sources::Unread;
use crate::check::{Context, File, Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "unread",
    about: "a file that cannot be looked into, so that nobody knows whether it holds a key or a plain Secret",
    check: RuleInput::File(check),
};

const REASON: &str = "a private key or a plain Secret in it would get into the repository without a word";

/// Builds the finding of a file that cannot be inspected.
pub(in crate::check) fn never(path: &str, why: &str) -> Finding {
    let message = format!("it was not looked into: {why}");
    let fix = "look at it yourself; what is so large belongs elsewhere, or is named in .gitignore";
    Finding::new(RULE.id, path, message, REASON, fix)
}

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(unread) = &file.unread else { return };
    found.push(match unread {
        Unread::Never(why) => never(&file.path, why),
        Unread::Later(size) => {
            let message = format!("it was not looked into here: it has {} MiB", size / 1024 / 1024);
            Finding::new(RULE.id, &file.path, message, REASON, "have it looked at by itself: fluxdeck check").hint()
        }
    });
}
