//! The kinds of the simulated servers: one line each.

use crate::model::ObjectRef;
use crate::model::known::NOTIFICATION;
pub(crate) use crate::model::known::{HELM, KUSTOMIZE, SOURCE};

/// Describes a served kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServedKind {
    /// The API group; empty for the core group.
    pub(crate) group: &'static str,
    /// The only served version.
    pub(crate) version: &'static str,
    /// The kind.
    pub(crate) kind: &'static str,
    /// The plural in URLs.
    pub(crate) plural: &'static str,
    /// Short names, as kubectl accepts them.
    pub(crate) short: &'static [&'static str],
    /// Whether its objects have a namespace.
    pub(crate) namespaced: bool,
    /// Whether it has a status subresource.
    pub(crate) status: bool,
    /// Whether a CRD defines it: such objects count their generations, and their lists repeat the kind in each item.
    pub(crate) custom: bool,
}

impl ServedKind {
    /// Returns the plural with the group, as in the server's messages: `kustomizations.kustomize.toolkit.fluxcd.io`,
    /// `pods`.
    pub(crate) fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Returns `group/version`, or the version alone for the core group.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Names an object of this kind.
    pub(crate) fn object(&self, namespace: &str, name: &str) -> ObjectRef {
        ObjectRef::new(self.kind, self.group, namespace, name)
    }
}

const fn core(
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
) -> ServedKind {
    ServedKind { group: "", version: "v1", kind, plural, short, namespaced, status: true, custom: false }
}

const fn builtin(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
) -> ServedKind {
    ServedKind { group, version: "v1", kind, plural, short, namespaced, status: true, custom: false }
}

const fn custom(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
) -> ServedKind {
    ServedKind { group, version, kind, plural, short, namespaced, status: true, custom: true }
}

const CERT_MANAGER: &str = "cert-manager.io";
const ACME: &str = "acme.cert-manager.io";

/// Lists every served kind, groups together.
pub(crate) const SERVED: &[ServedKind] = &[
    core("ConfigMap", "configmaps", &["cm"], true),
    core("Event", "events", &["ev"], true),
    core("Namespace", "namespaces", &["ns"], false),
    core("Node", "nodes", &["no"], false),
    core("PersistentVolume", "persistentvolumes", &["pv"], false),
    core("PersistentVolumeClaim", "persistentvolumeclaims", &["pvc"], true),
    core("Pod", "pods", &["po"], true),
    core("Secret", "secrets", &[], true),
    core("Service", "services", &["svc"], true),
    core("ServiceAccount", "serviceaccounts", &["sa"], true),
    custom(ACME, "v1", "Challenge", "challenges", &[], true),
    custom(ACME, "v1", "Order", "orders", &[], true),
    builtin("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", &["crd", "crds"], false),
    builtin("apps", "DaemonSet", "daemonsets", &["ds"], true),
    builtin("apps", "Deployment", "deployments", &["deploy"], true),
    builtin("apps", "ReplicaSet", "replicasets", &["rs"], true),
    builtin("apps", "StatefulSet", "statefulsets", &["sts"], true),
    builtin("batch", "CronJob", "cronjobs", &["cj"], true),
    builtin("batch", "Job", "jobs", &[], true),
    builtin("networking.k8s.io", "Ingress", "ingresses", &["ing"], true),
    builtin("scheduling.k8s.io", "PriorityClass", "priorityclasses", &["pc"], false),
    builtin("storage.k8s.io", "StorageClass", "storageclasses", &["sc"], false),
    custom("barmancloud.cnpg.io", "v1", "ObjectStore", "objectstores", &[], true),
    custom(CERT_MANAGER, "v1", "Certificate", "certificates", &["cert", "certs"], true),
    custom(CERT_MANAGER, "v1", "CertificateRequest", "certificaterequests", &["cr", "crs"], true),
    custom(CERT_MANAGER, "v1", "ClusterIssuer", "clusterissuers", &["ciss"], false),
    custom("helm.cattle.io", "v1", "HelmChartConfig", "helmchartconfigs", &[], true),
    custom(HELM, "v2", "HelmRelease", "helmreleases", &["hr"], true),
    custom(KUSTOMIZE, "v1", "Kustomization", "kustomizations", &["ks"], true),
    custom("longhorn.io", "v1beta2", "Backup", "backups", &["lhb"], true),
    custom("longhorn.io", "v1beta2", "Node", "nodes", &["lhn"], true),
    custom("longhorn.io", "v1beta2", "Replica", "replicas", &["lhr"], true),
    custom("longhorn.io", "v1beta2", "Volume", "volumes", &["lhv"], true),
    custom("metallb.io", "v1beta1", "IPAddressPool", "ipaddresspools", &[], true),
    custom("metallb.io", "v1beta1", "L2Advertisement", "l2advertisements", &[], true),
    custom("monitoring.coreos.com", "v1", "PodMonitor", "podmonitors", &["pmon"], true),
    custom("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules", &["promrule"], true),
    custom("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors", &["smon"], true),
    custom(NOTIFICATION, "v1beta3", "Alert", "alerts", &[], true),
    custom(NOTIFICATION, "v1beta3", "Provider", "providers", &[], true),
    custom(NOTIFICATION, "v1", "Receiver", "receivers", &[], true),
    custom("postgresql.cnpg.io", "v1", "Cluster", "clusters", &[], true),
    custom("postgresql.cnpg.io", "v1", "Database", "databases", &[], true),
    custom("postgresql.cnpg.io", "v1", "ScheduledBackup", "scheduledbackups", &[], true),
    custom(SOURCE, "v1", "Bucket", "buckets", &[], true),
    custom(SOURCE, "v1", "GitRepository", "gitrepositories", &["gitrepo"], true),
    custom(SOURCE, "v1", "HelmChart", "helmcharts", &["hc"], true),
    custom(SOURCE, "v1", "HelmRepository", "helmrepositories", &["helmrepo"], true),
    custom(SOURCE, "v1", "OCIRepository", "ocirepositories", &["ocirepo"], true),
    custom("traefik.io", "v1alpha1", "Middleware", "middlewares", &[], true),
    custom("traefik.io", "v1alpha1", "TLSStore", "tlsstores", &[], true),
];

/// Finds a kind by its group and plural.
pub(crate) fn by_plural(group: &str, version: &str, plural: &str) -> Option<&'static ServedKind> {
    SERVED.iter().find(|served| served.group == group && served.version == version && served.plural == plural)
}

/// Finds a kind by its group and kind.
pub(crate) fn by_kind(group: &str, kind: &str) -> Option<&'static ServedKind> {
    SERVED.iter().find(|served| served.group == group && served.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::SERVED;

    #[test]
    fn no_kind_is_served_twice() {
        for (place, served) in SERVED.iter().enumerate() {
            assert!(!SERVED.iter().skip(place + 1).any(
                |other| other.group == served.group && (other.kind == served.kind || other.plural == served.plural)
            ));
        }
    }
}
