//! A registry has no such artifact or tag.

use super::failure::then_reconcile;
use super::transport::{Trouble, address, reason, troubled};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "oci-artifact-missing", title: "A registry has no such artifact or tag", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = troubled(graph, &["OCIRepository"], Trouble::Missing).map(|failure| {
        let object = failure.object();
        let wanted = ["digest", "semver", "tag"].into_iter().find_map(|key| {
            let value = failure.live.text(&format!("/spec/ref/{key}"));
            (!value.is_empty()).then_some((key, value))
        });
        let (kind, value) = wanted.unwrap_or(("tag", "latest"));
        let what = if failure.says("NAME_UNKNOWN") { "no such repository".to_owned() } else { format!("no artifact for {kind} {value}") };
        let message = format!("{} cannot be fetched: {} has {what} ({})", object.told(), address(&failure), reason(failure.message()));
        let found = failure
            .found(CAUSE.id, message)
            .seen_all([failure.live.field_evidence(&format!("spec.ref.{kind}"), value)])
            .look_at(crate::model::ShellLine::new("flux list artifacts {}", &[address(&failure)]))
            .mended_by(Remedy::change(format!("Push the artifact under that {kind}, or correct spec.ref and spec.url in Git; where the {kind} exists, the credentials may not see it."), "the source is Ready with its digest"))
            .documented("https://fluxcd.io/flux/components/source/ocirepositories/#reference");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
