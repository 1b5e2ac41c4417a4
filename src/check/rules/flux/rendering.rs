//! A Kustomization that cannot be rendered.

use crate::check::{Context, Finding, Rule, RuleInput};
use crate::model::FaultKind;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-rendering",
    about: "a Kustomization that kustomize cannot render",
    check: RuleInput::Repository(check),
};

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    for one in context.rendering.iter().flat_map(|rendering| &rendering.of) {
        let Some(finding) = &one.finding else { continue };
        // The rule `flux-graph` reports faults of following paths, at the same place.
        let is_told =
            |file: &str| context.snapshot.findings.iter().any(|known| known.file == file && known.line.is_some());
        if is_told(&finding.file) {
            continue;
        }
        // kustomize does not always name the file of YAML that it cannot read.
        let feeds = context.snapshot.feeds.iter();
        let mut own =
            feeds.filter(|feed| (&feed.env, &feed.namespace, &feed.name) == (&one.env, &one.namespace, &one.name));
        if finding.fault.why.contains("yaml: ") && own.any(|feed| feed.files.keys().any(|file| is_told(file))) {
            continue;
        }
        let fault = &finding.fault;
        // An unchecked Kustomization is unknown, not wrong.
        let told = if fault.kind == FaultKind::Refused {
            let why = format!("{}: what it becomes is not known here, and nothing is said of its objects", fault.why);
            Finding::shown(RULE.id, finding, why).hint()
        } else {
            let why = format!("{}; Flux fails with the same words: BuildFailed", fault.why);
            Finding::shown(RULE.id, finding, why)
        };
        found.push(told.in_environment(&one.env));
    }
}
