//! The subject of a finding, where its rule names none: the only environment that reads the file, and the object that
//! the line declares.
//!
//! Every finding passes through here, so that its data has both wherever they are unambiguous.

use super::Finding;
use crate::repo::Snapshot;

/// Sets the environment and the object of a finding, where its rule did not and only one is possible.
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

/// Names the object of the document that contains a finding's line; without a line, that of a file with one document.
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
