//! The meaning of a kind's bare name: the groups of Kubernetes' own kinds, and of Flux'.
//!
//! A CRD may use any name for its kind, so a kind is identified by its group and its name together. This table is used
//! only if an operator or a reference omits the group; for a kind that is missing in it, the server is queried. No CRD
//! can add a kind to the core group.

/// The API group of Kustomizations.
pub const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
/// The API group of sources.
pub const SOURCE: &str = "source.toolkit.fluxcd.io";
/// The API group of alerts, their providers, and receivers of webhooks.
pub const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
/// The API group of image scanning and of automation on it.
pub const IMAGE: &str = "image.toolkit.fluxcd.io";
/// The API group of HelmReleases.
pub const HELM: &str = "helm.toolkit.fluxcd.io";
/// The API group of flux-operator.
pub const OPERATOR: &str = "fluxcd.controlplane.io";
/// The API group of artifact generators.
pub const EXTENSIONS: &str = "source.extensions.fluxcd.io";

/// Tells whether a group is one of Flux's own.
pub fn is_flux(group: &str) -> bool {
    [KUSTOMIZE, SOURCE, NOTIFICATION, IMAGE, HELM].contains(&group)
}

/// Tells whether a group is one of Kubernetes' own, which no CRD adds kinds to.
pub fn is_kubernetes(group: &str) -> bool {
    !is_flux(group) && !kinds_of(group).is_empty()
}

/// Returns the kinds of a group of Kubernetes or Flux; none for any other.
pub fn kinds_of(group: &str) -> &'static [&'static str] {
    GROUPS.iter().find(|(known, _)| *known == group).map_or(&[], |(_, kinds)| *kinds)
}

const GROUPS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "Binding",
            "ComponentStatus",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    (KUSTOMIZE, &["Kustomization"]),
    (HELM, &["HelmRelease"]),
    (SOURCE, &["GitRepository", "OCIRepository", "HelmRepository", "HelmChart", "Bucket", "ExternalArtifact"]),
    (NOTIFICATION, &["Alert", "Provider", "Receiver"]),
    (IMAGE, &["ImagePolicy", "ImageRepository", "ImageUpdateAutomation"]),
    ("apps", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("batch", &["CronJob", "Job"]),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("policy", &["PodDisruptionBudget"]),
    ("networking.k8s.io", &["Ingress", "IngressClass", "NetworkPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
    ("storage.k8s.io", &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("coordination.k8s.io", &["Lease"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("certificates.k8s.io", &["CertificateSigningRequest"]),
];

/// Kinds of CRDs that several widespread groups have, often in one cluster: backups of Velero and of CNPG, gateways of
/// Istio and of the Gateway API. Their objects are written with the group, so that they are not confused.
const SHARED: &[&str] =
    &["Application", "Backup", "Cluster", "Database", "Gateway", "Policy", "Restore", "Schedule", "Topic", "User"];

/// Tells whether an object of a group is written with its kind alone, because the bare kind is read as this group, or
/// as one that only a server knows.
pub fn is_bare(kind: &str, group: &str) -> bool {
    if group.is_empty() {
        return true;
    }
    let names = || GROUPS.iter().flat_map(|(group, kinds)| kinds.iter().map(move |kind| (*group, *kind)));
    match names().find(|(_, name)| name.eq_ignore_ascii_case(kind)) {
        Some((known, name)) => known == group && name == kind,
        // A word in one case could be read as a plural or a short name.
        None => !SHARED.contains(&kind) && super::kind::is_mixed(kind),
    }
}

/// Returns the group of a kind's bare name; `None` if only a server knows it.
pub fn group_of(kind: &str) -> Option<&'static str> {
    GROUPS.iter().find(|(_, kinds)| kinds.contains(&kind)).map(|(group, _)| *group)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{GROUPS, group_of, is_bare, is_kubernetes};

    #[test]
    fn a_bare_name_means_one_group() {
        let kinds: Vec<&str> = GROUPS.iter().flat_map(|(_, kinds)| kinds.iter().copied()).collect();
        assert_eq!(kinds.iter().collect::<HashSet<_>>().len(), kinds.len());
        assert_eq!(group_of("Pod"), Some(""));
        assert_eq!(group_of("Deployment"), Some("apps"));
        assert_eq!(group_of("Cluster"), None);
    }

    #[test]
    fn a_group_of_kubernetes_is_told_from_those_of_crds() {
        assert!(is_kubernetes("") && is_kubernetes("batch") && is_kubernetes("networking.k8s.io"));
        assert!(!is_kubernetes("gateway.networking.k8s.io") && !is_kubernetes("source.toolkit.fluxcd.io"));
    }

    #[test]
    fn a_kind_is_written_bare_where_it_cannot_be_taken_for_another() {
        for (kind, group) in [("Pod", ""), ("Deployment", "apps"), ("Bucket", super::SOURCE), ("Thing", "example.org")]
        {
            assert!(is_bare(kind, group), "{kind}.{group}");
        }
        for (kind, group) in [
            ("Bucket", "s3.aws.upbound.io"),
            ("BUCKET", "s3.aws.upbound.io"),
            ("bucket", super::SOURCE),
            ("buckets", "s3.aws.upbound.io"),
            ("Service", "serving.knative.dev"),
            ("Cluster", "cluster.x-k8s.io"),
            ("Backup", "velero.io"),
        ] {
            assert!(!is_bare(kind, group), "{kind}.{group}");
        }
    }
}
