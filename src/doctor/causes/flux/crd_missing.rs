//! A Kustomization applies an object of a kind that the cluster does not know.

use super::failure::{Failure, kustomizations, then_push, then_reconcile};
use super::retry_pending;
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Lookup, Remedy};
use crate::kinds;
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause = Cause { id: "crd-missing", title: "The cluster does not know a kind", find };

/// Groups and the operators that bring them.
const OPERATORS: &[(&str, &str)] = &[
    ("cert-manager.io", "cert-manager"),
    ("monitoring.coreos.com", "prometheus"),
    ("postgresql.cnpg.io", "cloudnative-pg"),
    ("traefik.io", "traefik"),
    ("longhorn.io", "longhorn"),
    ("metallb.io", "metallb"),
    ("external-secrets.io", "external-secrets"),
    ("kyverno.io", "kyverno"),
    ("gateway.networking.k8s.io", "gateway"),
    ("barmancloud.cnpg.io", "barman-cloud"),
    (crate::model::known::HELM, "flux"),
    (crate::model::known::IMAGE, "flux"),
];

/// The API server's discovery says `no matches for kind "X" in version "g/v"`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    kustomizations(graph).filter_map(|failure| diagnosis(graph, &failure)).collect()
}

fn diagnosis(graph: &LiveGraph, failure: &Failure<'_>) -> Option<Diagnosis> {
    let kind = between(failure.message(), "no matches for kind \"", "\"")?;
    let api_version = between(failure.message(), "in version \"", "\"")?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let object = failure.object();
    let page = "https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies";
    if graph.is_served(group, kind) == Some(true) {
        let definition = definition(group, kind);
        let versions = match graph.get(&definition) {
            Lookup::Found(live) => live.items("/spec/versions"),
            Lookup::Absent => &[],
            // Which versions it serves is not known.
            Lookup::Unknown => return Some(version_unknown(graph, failure, kind, api_version)),
        };
        let served = versions.iter().filter(|one| one.get("served").and_then(serde_json::Value::as_bool) == Some(true));
        let served: Vec<&str> = served.filter_map(|one| one.get("name")?.as_str()).collect();
        if served.is_empty() || served.contains(&version) {
            return Some(retry_pending::of(graph, failure, &format!("the cluster knows {kind} now")));
        }
        let message = format!(
            "{} applies a {kind} of {api_version}; the cluster serves {group} {kind} only as {}",
            object.told(),
            served.join(", ")
        );
        let found = failure.found(CAUSE.id, message).look_at(graph.describe(&definition)).documented(page);
        return Some(then_push(
            graph,
            found,
            object,
            format!("Change the apiVersion to {group}/{}, and push.", served.last()?),
        ));
    }
    let message = format!(
        "{} applies a {kind} of {api_version}, which the cluster does not know: its CustomResourceDefinition is missing",
        object.told()
    );
    let mut found = failure
        .found(CAUSE.id, message)
        .look_at(graph.shell("kubectl api-resources --api-group={}", &[group]))
        .documented(page);
    let brings = bringing(graph, group, object);
    if let Some((other, state)) = &brings {
        let brought = format!("; {}, which seems to bring it, is {}", other.told(), state.word());
        found.message.push_str(&brought);
        found = found.look_at(graph.describe(other));
        if *state == State::Ready {
            let what = format!(
                "Where the kind is still missing then, the version that {} installs may be older than the kind, or its chart leaves definitions out (crds.enabled, install.crds): upgrade or change it, and push.",
                other.told()
            );
            return Some(then_reconcile(graph, found, object).mended_by(Remedy::change(what, "the kind is served")));
        }
    }
    let what = match &brings {
        Some((other, _)) => format!("Once {} is Ready it is there. Add a dependsOn on the Kustomization that applies it, so that the order holds, and push.", other.told()),
        None => "Install the operator that brings the kind in a Kustomization of its own, and let this one depend on it (spec.dependsOn); or correct kind and apiVersion. Then push.".to_owned(),
    };
    let found = found.mended_by(Remedy::change(what, "the kind is served, and Ready is True"));
    Some(then_reconcile(graph, found, object))
}

/// Says what is known where the definition may not be read.
fn version_unknown(graph: &LiveGraph, failure: &Failure<'_>, kind: &str, api_version: &str) -> Diagnosis {
    let object = failure.object();
    let message = format!(
        "{} applies a {kind} of {api_version}, which the cluster did not know; it serves {kind}, and whether in this version may not be read",
        object.told()
    );
    let found = failure.found(CAUSE.id, message).look_at(graph.shell("kubectl api-versions", &[]));
    then_reconcile(graph, found, object)
}

/// Names the definition of a kind; the plural is guessed as kubectl does.
fn definition(group: &str, kind: &str) -> ObjectRef {
    let singular = kind.to_lowercase();
    let plural = match singular.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if singular.ends_with('s') => format!("{singular}es"),
        _ => format!("{singular}s"),
    };
    ObjectRef::new("CustomResourceDefinition", "apiextensions.k8s.io", "", &format!("{plural}.{group}"))
}

/// Finds what probably installs an operator: a release or a Kustomization with its name.
fn bringing(graph: &LiveGraph, group: &str, not: &ObjectRef) -> Option<(ObjectRef, State)> {
    let (_, operator) = OPERATORS.iter().find(|(known, _)| group == *known || group.ends_with(&format!(".{known}")))?;
    let of_kind =
        [kinds::HELM_RELEASE, kinds::KUSTOMIZATION].into_iter().flat_map(|kind| graph.all(kind.group, kind.kind));
    let found = of_kind.filter(|live| live.object != not);
    let named = |live: &crate::doctor::LiveObject<'_>| {
        live.object.name.contains(operator) || live.text("/spec/chart/spec/chart").contains(operator)
    };
    found.filter(named).find_map(|live| Some((live.object.clone(), graph.row(live.object)?.state)))
}
