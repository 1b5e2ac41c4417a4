//! A bucket is not there, or refuses the credentials.

use super::failure::then_reconcile;
use super::transport::{Trouble, reason, troubled};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "bucket-refused", title: "A bucket is missing or refuses the credentials", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let kinds = [(Trouble::Missing, "it does not exist"), (Trouble::Credentials, "the credentials are refused")];
    let found = kinds.into_iter().flat_map(|(trouble, what)| troubled(graph, &["Bucket"], trouble).map(move |failure| {
        let object = failure.object();
        let (name, endpoint) = (failure.live.text("/spec/bucketName"), failure.live.text("/spec/endpoint"));
        let message = format!("{} cannot read the bucket {name} of {endpoint}: {what} ({})", object.told(), reason(failure.message()));
        let remedy = match trouble {
            Trouble::Missing => "Make the bucket, or correct spec.bucketName, spec.endpoint and spec.region; then push.",
            _ => "Put a valid accesskey and secretkey that may list and read the bucket into the Secret of spec.secretRef, and push.",
        };
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.describe(object))
            .mended_by(Remedy::change(remedy, "the source is Ready"))
            .documented("https://fluxcd.io/flux/components/source/buckets/#secret-reference");
        then_reconcile(graph, found, object)
    }));
    found.collect()
}
