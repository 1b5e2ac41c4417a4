//! A Kustomization applies an object of a kind that the cluster does not know.

use super::failure::{Failure, kustomizations, then_push, then_reconcile};
use super::retry_pending;
use crate::check::replaced_version;
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Lookup, Remedy};
use crate::kinds;
use crate::model::{ObjectRef, State, known};

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
    if let Some(wrong) = wrong_version(graph, failure, kind, api_version) {
        return Some(wrong);
    }
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
        .lacking(&definition(group, kind))
        .look_at(graph.shell("kubectl api-resources --api-group={}", &[group]))
        .documented(page);
    if let Some(controller) = controller_of(group) {
        found.message = format!(
            "{} applies a {kind} of {api_version}, and {controller} is not installed: its definitions are missing",
            object.told()
        );
        let what = format!(
            "Add {controller} to the installation (flux install --components-extra, spec.components of a FluxInstance), or remove the {kind}; then push."
        );
        let found = found.mended_by(Remedy::change(what, "the kind is served, and Ready is True"));
        return Some(then_reconcile(graph, found, object));
    }
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

/// Names the controllers that bring the kinds of a group of Flux's own.
fn controller_of(group: &str) -> Option<&'static str> {
    match group {
        known::NOTIFICATION => Some("notification-controller"),
        known::IMAGE => Some("image-reflector-controller and image-automation-controller"),
        known::HELM => Some("helm-controller"),
        known::EXTENSIONS => Some("source-watcher"),
        _ => None,
    }
}

/// Recognises an apiVersion that is wrong for a kind of Kubernetes' own, or a kind that is misspelt: no definition is
/// missing then.
fn wrong_version(graph: &LiveGraph, failure: &Failure<'_>, kind: &str, api_version: &str) -> Option<Diagnosis> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let (object, named) = (failure.object(), failure.named());
    let of = if named == *object { format!("a {kind}") } else { named.told() };
    let replaced = replaced_version(kind, api_version).filter(|_| !known::is_flux(group));
    let (why, what) = if let Some((instead, since)) = replaced {
        (
            format!("which no cluster serves since {since}: {kind} is of {instead}"),
            format!("Change the apiVersion to {instead}, compare the fields that were renamed, and push."),
        )
    } else if let Some(right) = known::group_of(kind).filter(|right| *right != group && known::is_kubernetes(right)) {
        if !known::is_kubernetes(group) && !group.is_empty() && graph.is_served(group, kind) != Some(false) {
            return None;
        }
        let instead = present_version(right);
        (
            format!("which does not have the kind {kind}: it is of {instead}"),
            format!("Change the apiVersion to {instead}, and push."),
        )
    } else if known::is_kubernetes(group) && known::kinds_of(group).contains(&kind) {
        let instead = present_version(group);
        (
            format!("and this cluster does not serve {kind} in the version {version}"),
            format!("Change the apiVersion to one that the cluster serves, such as {instead}, and push."),
        )
    } else if known::is_kubernetes(group) && graph.is_served(group, kind) == Some(false) {
        let near = known::kinds_of(group).iter().find(|known| is_near(known, kind));
        let meant = near.map(|near| format!("; {near} is meant, it seems")).unwrap_or_default();
        (
            format!("and Kubernetes has no such kind there{meant}"),
            near.map_or_else(
                || "Correct kind and apiVersion, and push.".to_owned(),
                |near| format!("Correct the kind to {near}, and push."),
            ),
        )
    } else {
        return None;
    };
    let message = format!("{} applies {of} of {api_version}, {why}", object.told());
    let found = failure
        .found(CAUSE.id, message)
        .look_at(graph.shell("kubectl api-resources --api-group={}", &[group]))
        .documented("https://kubernetes.io/docs/reference/using-api/deprecation-guide/");
    Some(then_push(graph, found, object, what))
}

/// Writes the version of a group of Kubernetes that every cluster serves.
fn present_version(group: &str) -> String {
    match group {
        "" => "v1".to_owned(),
        "autoscaling" => "autoscaling/v2".to_owned(),
        group => format!("{group}/v1"),
    }
}

/// Tells whether a word is another one with at most two letters missing, too many or exchanged.
fn is_near(right: &str, word: &str) -> bool {
    let common =
        |one: &mut dyn Iterator<Item = (char, char)>| one.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    let (own, length) = (right.chars().count(), word.chars().count());
    let begin = common(&mut right.chars().zip(word.chars()));
    let end = common(&mut right.chars().rev().zip(word.chars().rev()));
    own.abs_diff(length) <= 2 && begin.saturating_add(end).saturating_add(2) >= own.max(length)
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
pub(super) fn definition(group: &str, kind: &str) -> ObjectRef {
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
