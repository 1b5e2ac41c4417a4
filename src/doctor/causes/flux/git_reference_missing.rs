//! A repository has no such branch, tag or commit.

use super::failure::then_reconcile;
use super::transport::{Trouble, address, troubled};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "git-reference-missing", title: "A branch, tag or commit is not there", find };

/// go-git 5 says `couldn't find remote ref "refs/heads/B"`, and fluxcd/pkg/git `no match found for semver: R`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = troubled(graph, &["GitRepository"], Trouble::Missing)
        .filter(|failure| !failure.says_any(&["repository not found", "404 Not Found"]));
    let found = failed.map(|failure| {
        let object = failure.object();
        let wanted = ["commit", "name", "semver", "tag", "branch"].into_iter().find_map(|key| {
            let value = failure.live.text(&format!("/spec/ref/{key}"));
            (!value.is_empty()).then_some((key, value))
        });
        let (kind, value) = wanted.unwrap_or(("branch", "master"));
        let (path, value) = (format!("spec.ref.{kind}"), value);
        let what = match kind {
            "semver" => format!("no tag that fits {value}"),
            "name" => format!("no reference {value}"),
            _ => format!("no {kind} {value}"),
        };
        let found = failure
            .found(CAUSE.id, format!("{} follows what is not there: {} has {what}", object.told(), address(&failure)))
            .seen_all([failure.live.field_evidence(&path, value)])
            .look_at(crate::model::ShellLine::new("git ls-remote --heads --tags {}", &[address(&failure)]))
            .mended_by(Remedy::change(
                format!("Correct {path}, or push the {kind} that it names."),
                "the source is Ready with its revision",
            ))
            .documented("https://fluxcd.io/flux/components/source/gitrepositories/#reference");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
