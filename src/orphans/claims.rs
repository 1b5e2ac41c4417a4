//! What explains a live object: one line a system, each with the source of the knowledge.
//!
//! A claim that rests on labels or annotations does not hold for an object to which only people wrote: a copy made by
//! hand carries the labels of its original.

use super::facts::{Facts, Place, is_by_hand};
use crate::cluster::ObjectMetadata;
use crate::model::ObjectRef;
use crate::model::known::{HELM, KUSTOMIZE, OPERATOR};

/// Describes why an object is explained.
pub(super) struct Claim {
    /// The system that explains it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the table says it to its readers, and a test holds it to it"))]
    pub(super) by: &'static str,
    /// The place where that is written.
    #[cfg_attr(not(test), expect(dead_code, reason = "as above"))]
    pub(super) source: &'static str,
    /// The objects that it explains.
    pub(super) test: Test,
}

/// Decides whether a claim holds.
pub(super) enum Test {
    /// Kinds, by their group.
    Kinds(&'static [(&'static str, &'static str)]),
    /// All kinds of groups with one of these ends.
    Groups(&'static [&'static str]),
    /// Objects of a kind, by the beginnings of their names.
    Named(&'static str, &'static [&'static str]),
    /// Custom resource definitions, by the ends of their groups.
    DefinitionsOf(&'static [&'static str]),
    /// Objects with one of these labels.
    Label(&'static [&'static str]),
    /// Objects with one of these values of labels.
    LabelIs(&'static [(&'static str, &'static str)]),
    /// Objects with one of these annotations.
    Annotation(&'static [&'static str]),
    /// Objects that one of these programs made; a dash at the end stands for all names that begin so.
    MadeBy(&'static [&'static str]),
    /// Whatever a function finds.
    Found(fn(&ObjectMetadata, &Facts<'_>) -> bool),
}

const fn claim(by: &'static str, source: &'static str, test: Test) -> Claim {
    Claim { by, source, test }
}

/// The kinds that nobody declares: programs write them down for themselves, and Kubernetes removes them.
pub(super) const PASSING: &[(&str, &str)] = &[
    ("", "Event"),
    ("events.k8s.io", "Event"),
    ("coordination.k8s.io", "Lease"),
    ("coordination.k8s.io", "LeaseCandidate"),
    ("", "Node"),
    ("", "ComponentStatus"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "CSIStorageCapacity"),
    ("storage.k8s.io", "VolumeAttachment"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("apps", "ControllerRevision"),
    ("networking.k8s.io", "IPAddress"),
    ("metrics.k8s.io", "NodeMetrics"),
    ("metrics.k8s.io", "PodMetrics"),
    ("acme.cert-manager.io", "Challenge"),
];

/// The claims. The first that holds explains an object.
pub(super) const CLAIMS: &[Claim] = &[
    claim(
        "Flux' inventories",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#inventory",
        Test::Found(is_in_inventory),
    ),
    claim(
        "its owner",
        "https://kubernetes.io/docs/concepts/architecture/garbage-collection/",
        Test::Found(|one, _| one.is_owned),
    ),
    claim(
        "the deletion that is under way",
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/",
        Test::Found(|one, _| one.is_going),
    ),
    // Metrics and the like are made when they are asked for, and have no uid.
    claim(
        "a server that computes it",
        "https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/",
        Test::Found(|one, _| !one.is_stored),
    ),
    claim(
        "a Kustomization that is still at it",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#working-with-kustomizations",
        Test::Found(is_being_applied),
    ),
    claim(
        "a Kustomization that leaves it as it is",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources",
        Test::Found(is_left_alone),
    ),
    claim("a release of Helm", "https://helm.sh/docs/topics/advanced/#storage-backends", Test::Found(is_of_release)),
    claim(
        "Helm's storage of releases",
        "https://helm.sh/docs/topics/advanced/#storage-backends",
        Test::Found(is_release_storage),
    ),
    claim(
        "the namespace of a release",
        "https://fluxcd.io/flux/components/helm/helmreleases/#install-configuration",
        Test::Found(is_namespace_of_release),
    ),
    claim(
        "an object of Flux that reads it",
        "https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference",
        Test::Found(is_credential),
    ),
    claim(
        "the claim that uses it",
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding",
        Test::Found(is_bound),
    ),
    claim(
        "the StatefulSet that uses it",
        "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage",
        Test::Found(is_of_stateful_set),
    ),
    claim(
        "the Certificate that it is for",
        "https://cert-manager.io/docs/usage/certificate/",
        Test::Found(is_of_certificate),
    ),
    claim(
        "the Service of its name",
        "https://kubernetes.io/docs/concepts/services-networking/service/#endpoints",
        Test::Found(|one, facts| one.object.kind == "Endpoints" && has_namesake(one, facts, "Service")),
    ),
    claim(
        "the CronJob that was run by hand",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_create/kubectl_create_job/",
        Test::Annotation(&["cronjob.kubernetes.io/instantiate"]),
    ),
    // Kubernetes.
    claim("Kubernetes", "https://kubernetes.io/docs/concepts/overview/kubernetes-api/", Test::Kinds(PASSING)),
    claim(
        "the API server",
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings",
        Test::Label(&["kubernetes.io/bootstrapping", "kube-aggregator.kubernetes.io/automanaged"]),
    ),
    claim(
        "the API server",
        "https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#default-configuration",
        Test::Annotation(&["apf.kubernetes.io/autoupdate-spec"]),
    ),
    claim(
        "the API server",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/controlplane/instance.go",
        Test::Found(is_of_every_cluster),
    ),
    claim("Kubernetes", "https://kubernetes.io/docs/concepts/overview/components/", Test::Found(is_made_by_kubernetes)),
    claim(
        "the kubelet",
        "https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/",
        Test::Annotation(&["kubernetes.io/config.mirror"]),
    ),
    claim(
        "kubeadm",
        "https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/",
        Test::MadeBy(&["kubeadm"]),
    ),
    claim(
        "the cloud of the cluster",
        "https://kubernetes.io/docs/reference/labels-annotations-taints/",
        Test::LabelIs(&[
            ("addonmanager.kubernetes.io/mode", "Reconcile"),
            ("addonmanager.kubernetes.io/mode", "EnsureExists"),
        ]),
    ),
    claim(
        "the cloud of the cluster",
        "https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html",
        Test::MadeBy(&["eks", "kube-addon-manager", "aks-", "gke-", "cloud-controller-manager"]),
    ),
    // K3s and RKE2.
    claim(
        "K3s",
        "https://docs.k3s.io/installation/packaged-components",
        Test::Label(&["objectset.rio.cattle.io/hash", "svccontroller.k3s.cattle.io/svcname"]),
    ),
    claim(
        "K3s",
        "https://docs.k3s.io/installation/packaged-components",
        Test::MadeBy(&["k3s", "k3s-", "deploy@", "rke2", "rke2-", "helm-controller@", "rancher-k3s-"]),
    ),
    claim("K3s", "https://docs.k3s.io/helm", Test::Groups(&["k3s.cattle.io"])),
    claim("K3s", "https://docs.k3s.io/helm", Test::DefinitionsOf(&["cattle.io", "traefik.io", "traefik.containo.us"])),
    claim(
        "K3s",
        "https://docs.k3s.io/networking/networking-services#traefik-ingress-controller",
        Test::Named("IngressClass", &["traefik"]),
    ),
    claim(
        "K3s",
        "https://docs.k3s.io/storage#setting-up-the-local-storage-provider",
        Test::Named("StorageClass", &["local-path"]),
    ),
    // Flux.
    claim(
        "Flux itself",
        "https://fluxcd.io/flux/installation/",
        Test::LabelIs(&[("app.kubernetes.io/part-of", "flux"), ("app.kubernetes.io/part-of", "flux-operator")]),
    ),
    claim(
        "Flux itself",
        "https://fluxcd.io/flux/installation/",
        Test::DefinitionsOf(&["toolkit.fluxcd.io", OPERATOR, "extensions.fluxcd.io"]),
    ),
    claim("Flux itself", "https://fluxcd.io/flux/installation/bootstrap/", Test::Named("Namespace", &["flux-system"])),
    claim("Flux itself", "https://fluxcd.io/flux/installation/bootstrap/", Test::Found(is_namespace_of_flux)),
    claim("Flux itself", "https://fluxoperator.dev/docs/crd/fluxreport/", Test::Kinds(&[(OPERATOR, "FluxReport")])),
    // Operators.
    claim(
        "Reflector",
        "https://github.com/emberstack/kubernetes-reflector#usage",
        Test::Annotation(&[
            "reflector.v1.k8s.emberstack.com/reflects",
            "reflector.v1.k8s.emberstack.com/auto-reflects",
        ]),
    ),
    claim(
        "cert-manager",
        "https://cert-manager.io/docs/concepts/ca-injector/",
        Test::Annotation(&["cert-manager.io/allow-direct-injection"]),
    ),
    claim(
        "CloudNativePG",
        "https://cloudnative-pg.io/documentation/current/labels_annotations/",
        Test::Label(&["cnpg.io/cluster", "cnpg.io/reload"]),
    ),
    claim(
        "Longhorn",
        "https://longhorn.io/docs/latest/references/longhorn-client-python/",
        Test::MadeBy(&["longhorn-"]),
    ),
    claim(
        "Longhorn",
        "https://longhorn.io/docs/latest/references/settings/",
        Test::Label(&["longhorn.io/managed-by", "longhorn.io/component"]),
    ),
    claim(
        "External Secrets",
        "https://external-secrets.io/latest/api/externalsecret/",
        Test::Label(&["reconcile.external-secrets.io/managed", "reconcile.external-secrets.io/created-by"]),
    ),
    claim(
        "Prometheus Operator",
        "https://prometheus-operator.dev/docs/api-reference/api/",
        Test::MadeBy(&["PrometheusOperator"]),
    ),
    claim(
        "Prometheus Operator",
        "https://prometheus-operator.dev/docs/platform/operator/",
        Test::LabelIs(&[
            ("managed-by", "prometheus-operator"),
            ("app.kubernetes.io/managed-by", "prometheus-operator"),
        ]),
    ),
    claim(
        "Kyverno",
        "https://kyverno.io/docs/policy-types/cluster-policy/generate/",
        Test::LabelIs(&[("app.kubernetes.io/managed-by", "kyverno")]),
    ),
    claim("Velero", "https://velero.io/docs/main/api-types/", Test::MadeBy(&["velero-server", "velero"])),
    claim(
        "Talos",
        "https://docs.siderolabs.com/talos/latest/kubernetes-guides/upgrading-kubernetes",
        // It applies what a cluster begins with: the DNS, the proxy, the network (`FieldManager: "talos"`).
        Test::MadeBy(&["talos"]),
    ),
    claim(
        "Istio",
        "https://istio.io/latest/docs/reference/commands/pilot-discovery/",
        // The Deployment is called istiod; the program writes a ConfigMap into every namespace.
        Test::MadeBy(&["pilot-discovery"]),
    ),
    claim(
        "the vertical autoscaler",
        "https://github.com/kubernetes/autoscaler/tree/master/vertical-pod-autoscaler",
        Test::Kinds(&[("autoscaling.k8s.io", "VerticalPodAutoscalerCheckpoint")]),
    ),
    claim(
        "an operator whose program is called so",
        "https://book.kubebuilder.io/cronjob-tutorial/empty-main",
        // The names that many operators give their programs do not say which one it is.
        Test::MadeBy(&["manager", "controller", "operator"]),
    ),
    claim(
        "Sealed Secrets",
        "https://github.com/bitnami-labs/sealed-secrets#sealing-key-renewal",
        // Without these keys nothing that is sealed can be opened again.
        Test::Label(&["sealedsecrets.bitnami.com/sealed-secrets-key"]),
    ),
    claim(
        "the Job that makes a webhook's certificate",
        "https://github.com/kubernetes/ingress-nginx/tree/main/images/kube-webhook-certgen",
        // Helm deletes the Job as its hook ends; its Secret stays.
        Test::MadeBy(&["kube-webhook-certgen"]),
    ),
    claim("Cilium", "https://docs.cilium.io/en/stable/network/concepts/terminology/", Test::MadeBy(&["cilium-"])),
    claim(
        "Calico",
        "https://docs.tigera.io/calico/latest/reference/resources/overview",
        Test::Groups(&["crd.projectcalico.org", "projectcalico.org"]),
    ),
    claim("kwok", "https://kwok.sigs.k8s.io/docs/user/configuration/", Test::DefinitionsOf(&["kwok.x-k8s.io"])),
    claim("kwok", "https://kwok.sigs.k8s.io/docs/user/configuration/", Test::Groups(&["kwok.x-k8s.io"])),
    claim(
        "a program that runs in the cluster",
        "https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers",
        Test::Found(is_made_by_program),
    ),
];

impl Claim {
    /// Tells whether it explains an object.
    pub(super) fn holds(&self, one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
        let object = &one.object;
        let ends =
            |group: &str, ends: &[&str]| ends.iter().any(|end| group == *end || group.ends_with(&format!(".{end}")));
        match &self.test {
            Test::Kinds(kinds) => kinds.contains(&(object.group.as_str(), object.kind.as_str())),
            Test::Groups(groups) => ends(&object.group, groups),
            Test::Named(kind, names) => object.kind == *kind && names.iter().any(|name| object.name == *name),
            Test::DefinitionsOf(groups) => {
                object.kind == "CustomResourceDefinition"
                    && object.name.split_once('.').is_some_and(|(_, group)| ends(group, groups))
            }
            Test::Label(keys) => !is_copy(one) && keys.iter().any(|key| one.labels.contains_key(*key)),
            Test::LabelIs(pairs) => pairs.iter().any(|(key, value)| one.label(key) == *value),
            Test::Annotation(keys) => !is_copy(one) && keys.iter().any(|key| one.annotations.contains_key(*key)),
            Test::MadeBy(programs) => one.managers.first().is_some_and(|manager| {
                programs.iter().any(|name| manager == name || name.ends_with(['-', '@']) && manager.starts_with(name))
            }),
            Test::Found(found) => found(one, facts),
        }
    }
}

/// Tells whether labels and annotations prove nothing, because people alone wrote to the object.
fn is_copy(one: &ObjectMetadata) -> bool {
    is_by_hand(one)
}

fn is_in_inventory(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    facts.inventory.contains(&one.object)
}

/// Returns the Kustomization that an object's labels name.
pub(super) fn applier(one: &ObjectMetadata) -> Option<Place> {
    let of = |word: &str| one.label(&format!("{KUSTOMIZE}/{word}")).to_owned();
    Some((of("namespace"), of("name"))).filter(|(_, name)| !name.is_empty())
}

fn is_being_applied(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    let known = applier(one).and_then(|place| facts.appliers.get(&place).copied());
    known.is_some_and(|known| !known.is_ready) && !is_copy(one)
}

/// An object that kustomize-controller skips leaves the inventory at its next run, and may stand in Git all the same.
fn is_left_alone(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    let says = |key: &str, values: &[&str]| {
        let key = format!("{KUSTOMIZE}/{key}");
        let own = [one.label(&key), one.annotation(&key)];
        values.iter().any(|value| own.iter().any(|own| own.eq_ignore_ascii_case(value)))
    };
    let is_skipped = says("ssa", &["Ignore", "IfNotPresent"]) || says("reconcile", &["disabled"]);
    is_skipped && !is_copy(one) && applier(one).is_some_and(|place| facts.appliers.contains_key(&place))
}

/// Returns the HelmRelease that an object's labels name, which helm-controller sets.
pub(super) fn release_of_flux(one: &ObjectMetadata) -> Option<Place> {
    let of = |word: &str| one.label(&format!("{HELM}/{word}")).to_owned();
    Some((of("namespace"), of("name"))).filter(|(_, name)| !name.is_empty())
}

/// Returns the release that an object's annotations name, which Helm sets.
pub(super) fn release(one: &ObjectMetadata) -> Option<Place> {
    let of = |word: &str| one.annotation(&format!("meta.helm.sh/release-{word}")).to_owned();
    Some((of("namespace"), of("name"))).filter(|(_, name)| !name.is_empty())
}

fn is_of_release(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    if is_copy(one) {
        return false;
    }
    let of_flux = release_of_flux(one);
    let of_helm = release(one);
    if of_flux.is_some() || of_helm.is_some() {
        return of_flux.as_ref().is_some_and(|place| facts.releases_of_flux.contains(place))
            || of_helm.is_some_and(|place| facts.releases.contains(&place))
            || (of_flux.is_none() && !facts.knows_releases());
    }
    let is_by_helm = one.managers.iter().any(|manager| manager == "helm" || manager == "helm-controller");
    // Hooks name no release, and a chart's crds folder neither; Helm keeps both.
    let is_hook = one.annotations.contains_key("helm.sh/hook");
    let is_definition = one.object.kind == "CustomResourceDefinition";
    is_by_helm
        && (is_hook && facts.release_namespaces.contains(&one.object.namespace)
            || is_definition && !facts.releases.is_empty()
            || !facts.knows_releases() && (is_hook || is_definition))
}

fn is_release_storage(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    is_storage(one) && !is_copy(one) && !is_without_helm_release(one, facts)
}

/// Tells whether Helm keeps a revision in an object.
fn is_storage(one: &ObjectMetadata) -> bool {
    let is_kind = one.object.group.is_empty() && matches!(one.object.kind.as_str(), "Secret" | "ConfigMap");
    is_kind && one.label("owner") == "helm" && one.object.name.starts_with("sh.helm.release.v1.")
}

/// Tells whether an object keeps the deployed revision of a release that helm-controller installed, and whose HelmRelease is
/// no more: one that was suspended is deleted without an uninstall.
pub(super) fn is_without_helm_release(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    is_storage(one)
        && one.label("status") == "deployed"
        && one.managers.iter().all(|manager| manager == "helm-controller")
        && facts.has_flux()
        && !facts.storages_of_flux.contains(&(one.object.namespace.clone(), one.label("name").to_owned()))
}

/// Namespaces that Helm makes with a release carry no sign of it.
fn is_namespace_of_release(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    let is_by_helm = one.managers.first().is_some_and(|manager| manager.starts_with("helm"));
    let has_release = facts.release_namespaces.contains(&one.object.name) || !facts.knows_releases();
    one.object.kind == "Namespace" && is_by_helm && has_release
}

/// The namespace that Flux runs in is there before anything that Flux applies.
fn is_namespace_of_flux(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    one.object.kind == "Namespace" && facts.homes_of_flux.contains(one.object.name.as_str())
}

fn is_credential(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    let place = || (one.object.namespace.clone(), one.object.name.clone());
    one.object.kind == "Secret" && one.object.group.is_empty() && facts.credentials.contains(&place())
}

fn is_bound(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    one.object.kind == "PersistentVolume"
        && facts.bound.get(one.object.name.as_str()).is_some_and(|claim| facts.may_have(claim))
}

/// Finds the `StatefulSet` of a claim: `TEMPLATE-NAME-ORDINAL`.
fn is_of_stateful_set(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    let object = &one.object;
    let Some((rest, ordinal)) = object.name.rsplit_once('-') else { return false };
    object.kind == "PersistentVolumeClaim"
        && !is_copy(one)
        && !ordinal.is_empty()
        && ordinal.bytes().all(|byte| byte.is_ascii_digit())
        && rest.match_indices('-').any(|(at, _)| {
            let name = rest.get(at.saturating_add(1)..).unwrap_or_default();
            let set = ObjectRef::new("StatefulSet", "apps", &object.namespace, name);
            facts.may_have(&set)
        })
}

fn is_of_certificate(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    certificate(one).is_some_and(|certificate| facts.may_have(&certificate))
}

/// Returns the Certificate that a Secret is for, which cert-manager writes into an annotation.
pub(super) fn certificate(one: &ObjectMetadata) -> Option<ObjectRef> {
    let name = one.annotation("cert-manager.io/certificate-name");
    let is_secret = one.object.kind == "Secret" && one.object.group.is_empty();
    (is_secret && !name.is_empty())
        .then(|| ObjectRef::new("Certificate", "cert-manager.io", &one.object.namespace, name))
}

fn has_namesake(one: &ObjectMetadata, facts: &Facts<'_>, kind: &str) -> bool {
    facts.may_have(&ObjectRef::new(kind, "", &one.object.namespace, &one.object.name))
}

/// The objects that the API server and its controllers make in every cluster, also where it is too old to say so.
fn is_of_every_cluster(one: &ObjectMetadata, _: &Facts<'_>) -> bool {
    let object = &one.object;
    let is_core = object.group.is_empty();
    match (object.kind.as_str(), object.namespace.as_str(), object.name.as_str()) {
        ("Namespace", _, "default" | "kube-system" | "kube-public" | "kube-node-lease")
        | ("ServiceAccount", _, "default")
        | ("ConfigMap", _, "kube-root-ca.crt")
        | ("Service" | "Endpoints", "default", "kubernetes")
        | (
            "ConfigMap",
            "kube-system",
            "extension-apiserver-authentication" | "kube-apiserver-legacy-service-account-token-tracking",
        )
        | ("ConfigMap", "kube-public", "cluster-info") => is_core,
        ("PriorityClass", _, "system-cluster-critical" | "system-node-critical") | ("ServiceCIDR", _, "kubernetes") => {
            true
        }
        ("ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding", _, name) => {
            name.starts_with("system:") && !is_copy(one)
        }
        _ => false,
    }
}

/// The parts of Kubernetes, but for the claims of `StatefulSet`s, which stay when those go.
fn is_made_by_kubernetes(one: &ObjectMetadata, _: &Facts<'_>) -> bool {
    const PARTS: [&str; 6] = [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "kube-proxy",
        "cluster-proportional-autoscaler",
    ];
    let is_part =
        |manager: &String| PARTS.contains(&manager.as_str()) || manager.starts_with("api-priority-and-fairness-");
    !matches!(one.object.kind.as_str(), "PersistentVolumeClaim" | "PersistentVolume")
        && one.managers.first().is_some_and(is_part)
}

fn is_made_by_program(one: &ObjectMetadata, facts: &Facts<'_>) -> bool {
    let first = one.managers.first();
    let is_of_git = |manager: &str| matches!(manager, "kustomize-controller" | "helm-controller" | "helm");
    // cert-manager keeps the Secret of a Certificate that is deleted.
    let is_left = certificate(one).is_some_and(|certificate| !facts.may_have(&certificate));
    !is_left && first.is_some_and(|manager| !is_of_git(manager) && facts.runs(manager))
}
