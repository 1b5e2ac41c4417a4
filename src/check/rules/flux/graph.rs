//! Faults found while following the paths of the repository: paths and references to nothing, circles, broken YAML.

use crate::check::{Context, Finding, Rule, RuleInput};
use crate::model::FaultKind;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-graph",
    about: "a path, reference or dependency that leads nowhere, a circle, or a file that is no YAML",
    check: RuleInput::Repository(check),
};

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for one in &context.snapshot.findings {
        // A limit of fluxdeck is not a fault of the repository.
        let ours = one.fault.kind == FaultKind::Refused;
        let why = if ours { one.fault.why.clone() } else { format!("{}; Flux stops at it", one.fault.why) };
        let finding = Finding::shown(RULE.id, one, why);
        found.push(if ours { finding.warning() } else { finding });
    }
}
