//! A Kustomization that cannot be rendered.

use crate::check::{Context, Finding, Look, Rule};

pub(in crate::check) const RULE: Rule =
    Rule { id: "flux-rendering", about: "a Kustomization that kustomize cannot render", look: Look::Repository(look) };

fn look(context: &Context<'_>, found: &mut Vec<Finding>) {
    for one in context.rendering.iter().flat_map(|rendering| &rendering.of) {
        let Some(finding) = &one.finding else { continue };
        // What following the paths showed is told by its own rule, at the same place.
        if context.snapshot.findings.iter().any(|known| known.file == finding.file && known.line.is_some()) {
            continue;
        }
        let why = format!("{}; Flux fails with the same words: BuildFailed", finding.fault.why);
        let told = Finding::new(RULE.id, &finding.file, &*finding.fault.what, why, "mend what the last words name");
        // What is read from elsewhere is not wrong: it is not known.
        let is_remote = finding.fault.why.contains("nothing is fetched");
        let told = if is_remote { told.hint() } else { told };
        found.push(Finding { line: finding.line, ..told }.of(&one.env));
    }
}
