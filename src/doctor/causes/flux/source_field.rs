//! A field of a source names something that is not in what it fetches, or is not valid.

use super::failure::{Failure, failed_kind, then_reconcile};
use super::transport::reason;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::kinds;

pub(super) const CAUSE: Cause = Cause { id: "source-field", title: "A field of a source is wrong", find };

/// Describes a field by what source-controller 1.7 says of it.
struct Field {
    says: &'static str,
    path: &'static str,
    what: &'static str,
    remedy: &'static str,
}

const FIELDS: &[Field] = &[
    Field {
        says: "sparse checkout dir '",
        path: "spec.sparseCheckout",
        what: "names a folder that the repository does not have",
        remedy: "Correct the folders in spec.sparseCheckout (paths from the repository's root), or push the folder.",
    },
    Field {
        says: "could not get resource for include",
        path: "spec.include",
        what: "names a GitRepository that is not there",
        remedy: "Correct the name in spec.include[].repository (a GitRepository of the same namespace), or add that one, and push.",
    },
    Field {
        says: "failed to find layer with media type",
        path: "spec.layerSelector.mediaType",
        what: "names a type that no layer of the artifact has",
        remedy: "Look at the layers of the artifact (crane manifest, or oras manifest fetch), and write the mediaType of the one that is meant; a Helm chart has application/vnd.cncf.helm.chart.content.v1.tar+gzip. Then push.",
    },
    Field {
        says: "failed to extract layer contents",
        path: "spec.layerSelector",
        what: "takes a layer that is no gzipped tar archive",
        remedy: "Set spec.layerSelector.operation: copy where the layer is to be kept as it is, or select another mediaType; then push.",
    },
    Field {
        says: "URL must not contain a tag",
        path: "spec.url",
        what: "has a tag, which belongs into spec.ref",
        remedy: "Take the tag out of spec.url, write it into spec.ref.tag, and push.",
    },
    Field {
        says: "URL must be in format",
        path: "spec.url",
        what: "is no address of a registry",
        remedy: "Write spec.url as oci://HOST/PATH, and push.",
    },
    Field {
        says: "URL validation failed",
        path: "spec.url",
        what: "is not valid",
        remedy: "Correct spec.url, and push.",
    },
    Field {
        says: "semver '",
        path: "spec.ref.semver",
        what: "is no range of versions",
        remedy: "Write a range such as 1.x or >=1.2.0 <2.0.0, and push.",
    },
    Field {
        says: "improper constraint",
        path: "spec.ref.semver",
        what: "is no range of versions",
        remedy: "Write a range such as 1.x or >=1.2.0 <2.0.0, and push.",
    },
    Field {
        says: "Bucket name c",
        path: "spec.bucketName",
        what: "is no name of a bucket",
        remedy: "Correct spec.bucketName (3 to 63 lower-case letters, digits, dots and hyphens), and push.",
    },
    Field {
        says: "github app data",
        path: "spec.provider",
        what: "does not fit its Secret",
        remedy: "Set spec.provider: github where the Secret holds the keys of a GitHub App, and leave it out where it does not; then push.",
    },
];

/// Tells whether a source failed for one of its own fields.
pub(super) fn is_field(failure: &Failure<'_>) -> bool {
    FIELDS.iter().any(|field| failure.says(field.says))
}

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = ["GitRepository", "OCIRepository", "Bucket"].into_iter().flat_map(|kind| failed_kind(graph, kind));
    failed.filter_map(|failure| diagnosis(graph, &failure)).collect()
}

fn diagnosis(graph: &LiveGraph, failure: &Failure<'_>) -> Option<Diagnosis> {
    let field = FIELDS.iter().find(|field| failure.says(field.says))?;
    let object = failure.object();
    let said = kinds::in_source(failure.message());
    // What is named stands between quotes behind the words.
    let rest = said.split_once(field.says).map_or("", |(_, rest)| rest);
    let named = match field.says.strip_suffix('\'') {
        Some(_) => rest.split('\'').next(),
        None => rest.strip_prefix(" '").and_then(|rest| rest.split('\'').next()),
    };
    let named = named.filter(|name| !name.is_empty());
    let named = named.map_or_else(|| format!(" ({})", reason(&said)), |name| format!(": {name}"));
    let message = format!("{} fetches nothing: {} {}{named}", object.told(), field.path, field.what);
    let found = failure
        .found(CAUSE.id, message)
        .look_at(graph.yaml(object))
        .mended_by(Remedy::change(field.remedy, "the source is Ready with its revision"))
        .documented(if object.kind == "Bucket" {
            "https://fluxcd.io/flux/components/source/buckets/#writing-a-bucket-spec"
        } else if object.kind == "OCIRepository" {
            "https://fluxcd.io/flux/components/source/ocirepositories/#writing-an-ocirepository-spec"
        } else {
            "https://fluxcd.io/flux/components/source/gitrepositories/#writing-a-gitrepository-spec"
        });
    Some(then_reconcile(graph, found, object))
}
