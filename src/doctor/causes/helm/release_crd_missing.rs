//! A chart has objects of a kind that the cluster does not know.

use super::MANUAL;
use super::failure::{FailedRelease, WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "release-crd-missing", title: "A chart needs a kind that the cluster does not know", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failures(graph, WhyFailed::CustomResource).filter_map(|failure| diagnosis(graph, &failure)).collect()
}

/// Names the kind that a release lacked and that is served by now, in the version that it needs.
pub(super) fn came_meanwhile(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Option<String> {
    let needed = NeededKind::of(failure)?;
    (!needed.is_built_in() && needed.is_served(graph)).then(|| format!("{} of {}", needed.kind, needed.version))
}

/// Holds the kind that helm did not find.
struct NeededKind<'a> {
    kind: &'a str,
    /// Its group and version.
    version: &'a str,
    group: &'a str,
    /// The version alone.
    number: &'a str,
    /// Whether the installed release still has it, and Kubernetes does not serve it any more.
    is_removed: bool,
}

impl<'a> NeededKind<'a> {
    fn of(failure: &'a FailedRelease<'_>) -> Option<Self> {
        let kind = between(&failure.said, "no matches for kind \"", "\"")?;
        let version = between(&failure.said, "in version \"", "\"").unwrap_or_default();
        let (group, number) = version.rsplit_once('/').unwrap_or(("", version));
        let is_removed = failure.said.contains("contains removed kubernetes api");
        Some(Self { kind, version, group, number, is_removed })
    }

    fn is_built_in(&self) -> bool {
        !self.group.contains('.') || self.group.ends_with(".k8s.io")
    }

    /// Tells whether the cluster serves it in this very version.
    fn is_served(&self, graph: &LiveGraph) -> bool {
        graph.is_served(self.group, self.kind) == Some(true)
            && !self.is_removed
            && serves(graph, self.group, self.kind, self.number)
    }
}

/// helm 3 and 4: `unable to build kubernetes objects from release manifest: resource mapping not found for name: "web"
/// namespace: "" from "": no matches for kind "Certificate" in version "cert-manager.io/v1"⏎ensure CRDs are installed
/// first`.
fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Option<Diagnosis> {
    let needed = NeededKind::of(failure)?;
    let NeededKind { kind, version, group, is_removed, .. } = needed;
    let (is_built_in, is_served) = (needed.is_built_in(), graph.is_served(group, kind) == Some(true));
    // The kind may have come since (`release-mended-meanwhile` says so); of a built-in one only the version can be missing.
    if !is_built_in && needed.is_served(graph) {
        return None;
    }
    let names = between(&failure.said, "for name: \"", "\"").filter(|name| !name.is_empty());
    let object = names.map(|name| format!(" ({kind} {name})")).unwrap_or_default();
    if is_removed {
        let why = format!(
            "the release that is installed still has {kind} of {version}, which this Kubernetes does not serve any more"
        );
        return Some(failure.diagnosis(graph, CAUSE.id, &why).mended_by(Remedy::new(
            super::helm(graph, "helm mapkubeapis {} -n {}", &[&failure.release, &failure.namespace]),
            "helm compares with the stored release, and cannot read it; the plug-in mapkubeapis writes the new version into it.",
            "the next upgrade succeeds",
        )));
    }
    if is_served || is_built_in {
        let why =
            format!("the cluster does not serve {kind} in version {version}{object}: another version of it is served");
        return Some(failure.diagnosis(graph, CAUSE.id, &why).look_at(graph.shell("kubectl api-versions", &[])).mended_by(Remedy::change(
            "Take a version of the chart that uses the version that is served, or upgrade the CRDs of its operator.",
            "Ready True",
        )));
    }
    let why = format!("the cluster does not know kind {kind} of {version}{object}: its CRD is not installed");
    Some(
        failure
            .diagnosis(graph, CAUSE.id, &why)
            .look_at(graph.shell("kubectl api-resources --api-group {}", &[group]))
            .mended_by(Remedy::change(
                "Install what brings the CRD first, and let this release wait for it with spec.dependsOn; for CRDs in the chart's own folder crds/ set spec.install.crds and spec.upgrade.crds to CreateReplace.",
                "the kind is served, and Ready True",
            ))
            .documented(&format!("{MANUAL}#controlling-the-lifecycle-of-custom-resource-definitions")),
    )
}

/// Tells whether a version is served, as far as the CRD can be found by the usual plural; unknown counts as served.
fn serves(graph: &LiveGraph, group: &str, kind: &str, version: &str) -> bool {
    let lower = kind.to_lowercase();
    let plural = match lower.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ if lower.ends_with(['s', 'x']) || lower.ends_with("ch") => format!("{lower}es"),
        _ => format!("{lower}s"),
    };
    let definition =
        ObjectRef::new("CustomResourceDefinition", "apiextensions.k8s.io", "", &format!("{plural}.{group}"));
    let Some(found) = graph.get(&definition).found() else { return true };
    let is_it = |one: &serde_json::Value| {
        one.get("name").and_then(serde_json::Value::as_str) == Some(version)
            && one.get("served").and_then(serde_json::Value::as_bool) == Some(true)
    };
    found.items("/spec/versions").iter().any(is_it)
}
