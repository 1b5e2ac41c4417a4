//! An object of a chart exists already, and belongs to nobody or to somebody else.

use super::MANUAL;
use super::failure::{FailedRelease, WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "release-ownership-conflict", title: "An object of a chart belongs to another owner", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let conflicts = failures(graph, WhyFailed::Ownership);
    conflicts.filter_map(|failure| diagnosis(graph, &failure).or_else(|| made_meanwhile(graph, &failure))).collect()
}

/// The API server: `failed to create resource: services "web" already exists`, where somebody made it after helm looked.
fn made_meanwhile(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Option<Diagnosis> {
    let (before, _) = failure.said.split_once("\" already exists")?;
    let (kind, name) = before.rsplit_once(" \"")?;
    let kind = kind.rsplit([' ', ':', '\t', '\n']).next()?.split('.').next()?;
    let why = format!("{kind} {name} exists already: somebody made it after helm had looked");
    Some(
        failure
            .diagnosis(graph, CAUSE.id, &why)
            .look_at(graph.shell("kubectl get {} {} -n {} -o yaml", &[kind, name, &failure.namespace]))
            .mended_by(Remedy::change(
                "See who else makes it (another release, a Kustomization, the chart's own operator), and let one of them have it.",
                "the next attempt passes",
            )),
    )
}

/// helm 3 and 4: `Unable to continue with install: Service "web" in namespace "apps" exists and cannot be imported into the
/// current release: invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must
/// be set to "Helm"; annotation validation error: key "meta.helm.sh/release-name" must equal "web": current value is "old"`.
fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Option<Diagnosis> {
    let (before, _) = failure.said.split_once("\" in namespace \"")?;
    let (kind, name) = before.rsplit_once(" \"")?;
    let kind = kind.rsplit([' ', ':']).next()?;
    let namespace = between(&failure.said, "\" in namespace \"", "\"").unwrap_or_default();
    let object = ObjectRef::bare(kind, namespace, name);
    let live = if object.is_open() { None } else { graph.get(&object).found() };
    if let Some(live) = &live
        && live.annotation("meta.helm.sh/release-name") == failure.release
        && live.annotation("meta.helm.sh/release-namespace") == failure.namespace
        && live.label("app.kubernetes.io/managed-by") == "Helm"
    {
        // Somebody gave it to the release since.
        return None;
    }
    if !object.is_open() && graph.get(&object).is_absent() {
        return None;
    }
    let other = between(&failure.said, "\"meta.helm.sh/release-name\" must equal ", "\";")
        .or_else(|| failure.said.split_once("\"meta.helm.sh/release-name\" must equal ").map(|(_, rest)| rest))
        .and_then(|part| {
            between(part, "current value is \"", "\"").or_else(|| part.rsplit_once('"').map(|(_, last)| last))
        })
        .filter(|other| !other.is_empty());
    let applier = live.as_ref().map(crate::doctor::live::LiveObject::applier).filter(|name| !name.is_empty());
    let owner = match (other, applier) {
        (Some(other), _) => format!("belongs to release {other}"),
        (None, Some(kustomization)) => format!("is applied by Kustomization {kustomization}"),
        (None, None) => "was not made by helm".to_owned(),
    };
    let told = if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") };
    let mut diagnosis = failure.diagnosis(graph, CAUSE.id, &format!("{told} exists already and {owner}"));
    if let Some(live) = &live {
        let named = live.annotation("meta.helm.sh/release-name");
        diagnosis = diagnosis.seen_all([live.field_evidence(
            "metadata.annotations.meta.helm.sh/release-name",
            if named.is_empty() { "(none)" } else { named },
        )]);
    }
    let diagnosis = diagnosis.look_at(graph.yaml(&object));
    let diagnosis = if other.is_some() || applier.is_some() {
        diagnosis.mended_by(Remedy::change(
            "Let one of the two have it: rename the object by the values of one (nameOverride, fullnameOverride), or take it out of the other.",
            "Ready True",
        ))
    } else {
        let word = kind.to_lowercase();
        let annotations = [
            format!("meta.helm.sh/release-name={}", failure.release),
            format!("meta.helm.sh/release-namespace={}", failure.namespace),
        ];
        let place =
            |line: crate::model::ShellLine| line.option(" -n {}", namespace).option(" --context {}", &graph.context);
        let [release, in_namespace] = &annotations;
        let annotate =
            place(crate::model::ShellLine::new("kubectl annotate {} {} {} {}", &[&word, name, release, in_namespace]));
        let label = place(crate::model::ShellLine::new(
            "kubectl label {} {} app.kubernetes.io/managed-by=Helm",
            &[&word, name],
        ));
        diagnosis
            .mended_by(Remedy::new(
                annotate,
                "helm takes an object over that names the release as its owner.",
                "the annotations are there",
            ))
            .mended_by(Remedy::new(
                label,
                "helm asks for this label too.",
                "the next attempt succeeds; what the chart says replaces what was there",
            ))
    };
    Some(diagnosis.documented(&format!("{MANUAL}#install-configuration")))
}
