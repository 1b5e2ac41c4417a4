//! The faults in one state of the repository, and those that another state does not have.

use std::collections::{BTreeMap, HashMap};

use super::{Context, Finding, Quiet, check_all, folder, working_tree};
use crate::model::{Fault, LiveFacts};
use crate::render::Worker;
use crate::render::revision::Revision;
use crate::repo::Snapshot;
use crate::sops::Identities;

/// Holds the findings in one state of the repository.
#[derive(Debug)]
pub struct CheckedState {
    /// The findings, by file and line.
    pub findings: Vec<Finding>,
    /// The reason why nothing was rendered; without kustomize everything else is still checked.
    pub fault: Option<Fault>,
    /// The number of checked files.
    pub files: usize,
    /// The number of rendered objects.
    pub objects: usize,
    /// The number of Kustomizations that are not completely known.
    pub partly: usize,
    /// The number of findings that a comment or the settings of the repository silence.
    pub silenced: usize,
    /// The rules that did not check everything.
    pub quiet: Vec<Quiet>,
}

impl CheckedState {
    /// Checks a state by all rules; `here` is the working tree. Blocks while kustomize runs.
    ///
    /// # Errors
    /// Fails when git does not know the state, or does not list its files.
    pub fn read(
        here: &Snapshot,
        revision: &Revision,
        identities: &Identities,
        renderer: &Worker,
    ) -> Result<Self, Fault> {
        Self::with_live(here, revision, identities, &BTreeMap::new(), renderer)
    }

    /// Checks a state like [`Self::read`], with the facts that the clusters report.
    ///
    /// # Errors
    /// Fails when git does not know the state, or does not list its files.
    pub fn with_live(
        here: &Snapshot,
        revision: &Revision,
        identities: &Identities,
        live: &BTreeMap<String, LiveFacts>,
        renderer: &Worker,
    ) -> Result<Self, Fault> {
        let place = revision.check_out(&here.root)?;
        let there = place.as_ref().map(|place| here.load_like(place.path()));
        let files = match &place {
            None => working_tree(&here.root, &[])?,
            Some(place) => folder(place.path()),
        };
        let snapshot = there.as_ref().unwrap_or(here);
        let rendering = renderer.with(|renderer| renderer.render(snapshot));
        let effective = rendering.as_ref().ok().map(|rendering| snapshot.with_graph(&rendering.graph));
        let snapshot = effective.as_ref().unwrap_or(snapshot);
        let context = Context::new(snapshot, identities, rendering.as_ref().ok()).with_live(live);
        let context = if place.is_some() { context.listing(&files) } else { context };
        // The comments in the next commit do not silence rules about secrets.
        let context = if *revision == Revision::Index { context.strict().of_repository(&here.root) } else { context };
        let report = check_all(&files, &context);
        Ok(Self {
            findings: report.findings,
            silenced: report.silenced,
            quiet: report.quiet,
            files: files.len(),
            partly: rendering.iter().flat_map(|rendering| &rendering.of).filter(|one| !one.is_whole()).count(),
            objects: rendering.iter().flat_map(|rendering| &rendering.of).map(|one| one.objects.len()).sum(),
            fault: rendering.err(),
        })
    }

    /// Keeps only the findings that another state does not have; a finding that moved to another line is the same.
    pub fn without(mut self, before: &Self) -> Self {
        let mut known: HashMap<_, usize> = HashMap::new();
        for finding in &before.findings {
            *known.entry(name(finding)).or_default() += 1;
        }
        let mut news = Vec::new();
        for finding in &self.findings {
            match known.get_mut(&name(finding)) {
                Some(left) if *left > 0 => *left -= 1,
                _ => news.push(finding.clone()),
            }
        }
        self.findings = news;
        self
    }
}

fn name(finding: &Finding) -> (&str, &str, Option<&str>, Option<&str>, &str) {
    (finding.rule, &finding.file, finding.env.as_deref(), finding.object.as_deref(), &finding.message)
}

#[cfg(test)]
mod tests {
    use super::CheckedState;
    use crate::check::Finding;

    fn state(findings: &[(&str, usize)]) -> CheckedState {
        let findings =
            findings.iter().map(|(file, line)| Finding::new("rule", file, "wrong", "", "").on(*line)).collect();
        CheckedState { findings, fault: None, files: 1, objects: 0, partly: 0, silenced: 0, quiet: Vec::new() }
    }

    #[test]
    fn what_was_there_before_is_no_news() {
        let before = state(&[("a", 1), ("b", 1)]);
        let left = state(&[("a", 9), ("a", 10), ("c", 1)]).without(&before).findings;
        let left: Vec<_> = left.iter().map(|finding| (finding.file.as_str(), finding.line)).collect();
        assert_eq!(left, [("a", Some(10)), ("c", Some(1))]);
    }
}
