//! A private key in a file: age, PEM (SSH, TLS, PGP), `WireGuard`, or the credentials of a kubeconfig or of Docker's
//! configuration.

use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::yaml::private_keys;

pub(in crate::check) const RULE: Rule = Rule {
    id: "private-key",
    about: "a private key of age, SSH, TLS, PGP or WireGuard, or the credentials of a kubeconfig or of Docker",
    check: RuleInput::File(check),
};

fn check(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    for text in file.readings() {
        let before = found.len();
        for (number, what) in private_keys::of(text) {
            let message = format!("{what} stands in the file");
            let why = "once pushed, everybody who reads the repository has it, in its history too";
            let fix = "move it out of the repository and name it in .gitignore; if it was ever pushed, make a new one and take the old out of use";
            found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(number));
        }
        if found.len() > before {
            return;
        }
    }
}
