//! What a finding is about, where its rule says nothing of it: the environment that alone reads its file, and the object that its line declares.
//!
//! Every finding comes by here, so that whoever reads them as data finds both wherever there is one that is surely meant.

use super::Finding;
use crate::repo::Snapshot;

/// Says which environment and which object a finding is about, where its rule did not and only one can be meant.
pub(super) fn complete(finding: &mut Finding, snapshot: &Snapshot) {
    if finding.env.is_none() {
        let readers = snapshot.fed_by(&finding.file);
        let first = readers.first().map(|feed| feed.env.as_str());
        let only = first.filter(|first| readers.iter().all(|feed| feed.env == **first));
        finding.env = only.map(str::to_owned);
    }
    if finding.object.is_none() {
        finding.object = declared(finding, snapshot);
    }
}

/// Names the object of the document that a finding's line lies in; without a line that of a file of one document.
fn declared(finding: &Finding, snapshot: &Snapshot) -> Option<String> {
    let mut own: Vec<(usize, String)> = snapshot
        .feeds
        .objects(&finding.file)
        .into_iter()
        .filter(|(env, declared)| {
            finding.env.as_deref().is_none_or(|known| known == *env) && !declared.object.name.is_empty()
        })
        .map(|(_, declared)| (declared.line, declared.object.to_string()))
        .filter(|(line, _)| finding.line.is_none_or(|at| *line <= at))
        .collect();
    own.sort_unstable();
    own.dedup();
    let last = own.last()?.0;
    if finding.line.is_some() {
        own.retain(|(line, _)| *line == last);
    }
    match own.as_slice() {
        [(_, only)] => Some(only.clone()),
        _ => None,
    }
}
