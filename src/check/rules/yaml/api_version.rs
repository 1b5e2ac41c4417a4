//! An API version that the kind no longer has.

use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::model::Minor;
use crate::model::known;
use crate::render::Installation;
use crate::yaml::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "api-version",
    about: "an apiVersion that current clusters or controllers do not serve for the kind",
    check: RuleInput::File(check),
};

/// Kinds, removed versions, their replacements, and the release that removed them
/// (kubernetes.io/docs/reference/using-api/deprecation-guide; fluxcd.io release notes of 2.7).
const GONE: [(&str, &str, &str, &str); 27] = [
    ("Deployment", "extensions/v1beta1", "apps/v1", "Kubernetes 1.16"),
    ("Deployment", "apps/v1beta1", "apps/v1", "Kubernetes 1.16"),
    ("Deployment", "apps/v1beta2", "apps/v1", "Kubernetes 1.16"),
    ("Ingress", "extensions/v1beta1", "networking.k8s.io/v1", "Kubernetes 1.22"),
    ("Ingress", "networking.k8s.io/v1beta1", "networking.k8s.io/v1", "Kubernetes 1.22"),
    ("IngressClass", "networking.k8s.io/v1beta1", "networking.k8s.io/v1", "Kubernetes 1.22"),
    ("CustomResourceDefinition", "apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1", "Kubernetes 1.22"),
    ("ClusterRole", "rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1", "Kubernetes 1.22"),
    ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1", "Kubernetes 1.22"),
    ("Role", "rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1", "Kubernetes 1.22"),
    ("RoleBinding", "rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1", "Kubernetes 1.22"),
    ("StorageClass", "storage.k8s.io/v1beta1", "storage.k8s.io/v1", "Kubernetes 1.22"),
    ("PriorityClass", "scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1", "Kubernetes 1.22"),
    ("CronJob", "batch/v1beta1", "batch/v1", "Kubernetes 1.25"),
    ("PodDisruptionBudget", "policy/v1beta1", "policy/v1", "Kubernetes 1.25"),
    ("RuntimeClass", "node.k8s.io/v1beta1", "node.k8s.io/v1", "Kubernetes 1.25"),
    ("DaemonSet", "extensions/v1beta1", "apps/v1", "Kubernetes 1.16"),
    ("StatefulSet", "apps/v1beta1", "apps/v1", "Kubernetes 1.16"),
    ("NetworkPolicy", "extensions/v1beta1", "networking.k8s.io/v1", "Kubernetes 1.16"),
    ("HorizontalPodAutoscaler", "autoscaling/v2beta1", "autoscaling/v2", "Kubernetes 1.25"),
    ("HorizontalPodAutoscaler", "autoscaling/v2beta2", "autoscaling/v2", "Kubernetes 1.26"),
    ("Kustomization", "kustomize.toolkit.fluxcd.io/v1beta1", "kustomize.toolkit.fluxcd.io/v1", "Flux 2.7"),
    ("Kustomization", "kustomize.toolkit.fluxcd.io/v1beta2", "kustomize.toolkit.fluxcd.io/v1", "Flux 2.8"),
    ("HelmRelease", "helm.toolkit.fluxcd.io/v2beta1", "helm.toolkit.fluxcd.io/v2", "Flux 2.7"),
    ("HelmRelease", "helm.toolkit.fluxcd.io/v2beta2", "helm.toolkit.fluxcd.io/v2", "Flux 2.8"),
    ("GitRepository", "source.toolkit.fluxcd.io/v1beta1", "source.toolkit.fluxcd.io/v1", "Flux 2.7"),
    ("HelmRepository", "source.toolkit.fluxcd.io/v1beta1", "source.toolkit.fluxcd.io/v1", "Flux 2.7"),
];

/// Returns the API version that replaced one of a kind, and the release that removed the old one; `None` if it is not known
/// to be removed.
pub fn replaced_version(kind: &str, version: &str) -> Option<(&'static str, &'static str)> {
    let found = GONE.iter().find(|(own, gone, ..)| (*own, *gone) == (kind, version))?;
    Some((found.2, found.3))
}

/// Parses the version of Flux that removed an API version.
fn dropped(since: &str) -> Option<Minor> {
    let (major, minor) = since.strip_prefix("Flux ")?.split_once('.')?;
    Some(Minor(major.parse().ok()?, minor.parse().ok()?))
}

/// Tells whether an environment still serves a version: its own CRD lists it, or its Flux is older than the one that
/// removed it.
fn is_served(flux: &Installation, kind: &str, version: &str, since: &str) -> bool {
    let (group, bare) = version.split_once('/').unwrap_or(("", version));
    let is_older =
        || known::is_flux(group) && dropped(since).is_some_and(|dropped| flux.is_at_least(dropped) == Some(false));
    flux.serves(group, kind, bare).unwrap_or_else(is_older)
}

fn check(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    let feeds = context.snapshot.fed_by(&file.path);
    if feeds.is_empty() {
        return;
    }
    let installations: Vec<&Installation> = feeds.iter().filter_map(|feed| context.flux(&feed.env)).collect();
    for (line, document) in file.documents() {
        let word = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let (kind, version) = (word("kind"), word("apiVersion"));
        let Some((_, _, instead, since)) = GONE.iter().find(|(own, gone, _, _)| (*own, *gone) == (kind, version))
        else {
            continue;
        };
        if !installations.is_empty() && installations.iter().all(|flux| is_served(flux, kind, version, since)) {
            continue;
        }
        let at =
            file.lines().skip(line.saturating_sub(1)).find(|(_, row)| row.contains(version)).map(|(number, _)| number);
        let message = format!("{kind} is no longer served as {version}");
        let why = format!(
            "since {since} it is refused: no matches for kind, and with it everything that its Kustomization applies"
        );
        let fix = format!("write apiVersion: {instead}, and compare the fields that were renamed");
        let finding = Finding::new(RULE.id, &file.path, message, why, fix);
        // The running Flux may be unknown: an older one serves the version until it is upgraded.
        let (group, bare) = version.split_once('/').unwrap_or(("", version));
        let is_gone = |flux: &&Installation| {
            flux.serves(group, kind, bare) == Some(false)
                || dropped(since).is_some_and(|dropped| flux.is_at_least(dropped) == Some(true))
        };
        let may_be_served = known::is_flux(group) && !installations.iter().any(is_gone);
        let finding = if may_be_served { finding.warning() } else { finding };
        found.push(Finding { line: at.or(Some(*line)), ..finding });
    }
}
