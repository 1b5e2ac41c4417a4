//! Orphans and what explains the others, on small clusters.

use serde_json::{Value, json};

use super::claims::CLAIMS;
use super::{LiveState, orphans};
use crate::cluster::ObjectMetadata;
use crate::model::ObjectRef;

/// Builds the metadata of an object that programs wrote to, with its labels and annotations.
fn object(name: &str, managers: &[&str], labels: &Value, annotations: &Value) -> ObjectMetadata {
    let object: ObjectRef = name.parse().unwrap();
    let fields: Vec<Value> =
        managers.iter().map(|manager| json!({"manager": manager, "operation": "Update"})).collect();
    let value = json!({"metadata": {
        "name": object.name, "namespace": object.namespace, "uid": name, "creationTimestamp": "2026-01-15T12:00:00Z",
        "labels": labels, "annotations": annotations, "managedFields": fields,
    }});
    ObjectMetadata::of_value(object, &value).unwrap()
}

fn made(name: &str, manager: &str) -> ObjectMetadata {
    object(name, &[manager], &json!({}), &json!({}))
}

fn applied(name: &str, kustomization: &str) -> ObjectMetadata {
    let labels = json!({"kustomize.toolkit.fluxcd.io/name": kustomization, "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
    object(name, &["kustomize-controller"], &labels, &json!({}))
}

fn kustomization(name: &str, prune: bool, ready: &str, inventory: &[&str]) -> Value {
    let entries: Vec<Value> = inventory.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {"prune": prune, "decryption": {"provider": "sops", "secretRef": {"name": "sops-age"}}},
        "status": {"conditions": [{"type": "Ready", "status": ready}], "inventory": {"entries": entries}},
    })
}

fn told(state: &LiveState) -> Vec<(String, String, String)> {
    orphans(state).into_iter().map(|one| (one.object.to_string(), one.by, one.why)).collect()
}

#[test]
fn what_flux_helm_and_kubernetes_explain_is_no_orphan() {
    let helm = json!({"app.kubernetes.io/managed-by": "Helm"});
    let release = json!({"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "web"});
    let of_flux = json!({"helm.toolkit.fluxcd.io/name": "db", "helm.toolkit.fluxcd.io/namespace": "flux-system"});
    let owned = {
        let object: ObjectRef = "Secret/web/owned".parse().unwrap();
        let value = json!({"metadata": {"uid": "1", "ownerReferences": [{"kind": "Deployment", "name": "web"}], "managedFields": [{"manager": "kubectl"}]}});
        ObjectMetadata::of_value(object, &value).unwrap()
    };
    let state = LiveState {
        objects: vec![
            applied("ConfigMap/web/settings", "apps"),
            made("Secret/flux-system/sops-age", "kubectl-create"),
            object(
                "Secret/web/sh.helm.release.v1.web.v1",
                &["helm"],
                &json!({"owner": "helm", "name": "web"}),
                &json!({}),
            ),
            object("Deployment/web/web", &["helm"], &helm, &release),
            object("ServiceAccount/db/db", &["helm-controller"], &of_flux, &json!({})),
            made("Namespace//web", "helm-controller"),
            made("ServiceAccount/web/default", "kube-controller-manager"),
            made("ConfigMap/web/kube-root-ca.crt", ""),
            made("ClusterRole//system:basic-user", "kube-apiserver"),
            made("Service/default/kubernetes", "kube-apiserver"),
            made("StatefulSet.apps/web/db", "helm"),
            made("PersistentVolumeClaim/web/data-db-0", "kube-controller-manager"),
            made("PersistentVolume//pvc-1", "csi-provisioner"),
            made("Secret/web/made", "widgets-controller"),
            made("Deployment.apps/tools/widgets", "kustomize-controller"),
            owned,
            object(
                "Secret/web/reflected",
                &["Reflector"],
                &json!({}),
                &json!({"reflector.v1.k8s.emberstack.com/reflects": "a/b"}),
            ),
            made("CustomResourceDefinition//kustomizations.kustomize.toolkit.fluxcd.io", "kubectl"),
        ],
        flux: vec![
            kustomization(
                "apps",
                true,
                "True",
                &["web_settings__ConfigMap", "web_db_apps_StatefulSet", "tools_widgets_apps_Deployment"],
            ),
            json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "db", "namespace": "flux-system"}}),
        ],
        volumes: vec![
            json!({"metadata": {"name": "pvc-1"}, "spec": {"claimRef": {"namespace": "web", "name": "data-db-0"}}}),
        ],
        ..LiveState::default()
    };
    assert_eq!(told(&state), Vec::new());
}

#[test]
fn what_flux_of_another_cluster_applied_may_be_explained_there() {
    let of_flux = json!({"helm.toolkit.fluxcd.io/name": "db", "helm.toolkit.fluxcd.io/namespace": "spokes"});
    let objects = || {
        vec![
            applied("ConfigMap/web/settings", "spoke-1"),
            object("Deployment.apps/db/db", &["helm-controller"], &of_flux, &json!({})),
        ]
    };
    let target = LiveState { objects: objects(), ..LiveState::default() };
    let whys: Vec<String> = told(&target).into_iter().map(|(.., why)| why).collect();
    let open = |owner: &str, kind: &str| {
        format!(
            "{owner}: this cluster has no {kind} at all; it may live in another one, which applies to this one by spec.kubeConfig, or be no more"
        )
    };
    let expected = [
        open("of Kustomization flux-system/spoke-1", "Kustomization"),
        open("of HelmRelease spokes/db", "HelmRelease"),
    ];
    assert_eq!(whys, expected);
    let own =
        LiveState { objects: objects(), flux: vec![kustomization("own", true, "True", &[])], ..LiveState::default() };
    assert!(told(&own).iter().all(|(.., why)| why.contains("which is no more")), "{:?}", told(&own));
}

#[test]
fn what_was_left_behind_or_made_by_hand_says_by_whom_and_why() {
    let gone = json!({"helm.toolkit.fluxcd.io/name": "gone", "helm.toolkit.fluxcd.io/namespace": "flux-system"});
    let keep = json!({"meta.helm.sh/release-name": "gone", "meta.helm.sh/release-namespace": "web", "helm.sh/resource-policy": "keep"});
    let disabled = json!({
        "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
    });
    let state = LiveState {
        objects: vec![
            made("ConfigMap/web/notes", "kubectl-create"),
            applied("ConfigMap/web/old", "keeps"),
            object("ConfigMap/web/pinned", &["kustomize-controller"], &disabled, &json!({})),
            applied("ConfigMap/web/stray", "removed"),
            object("Deployment.apps/web/left", &["helm-controller"], &gone, &json!({})),
            object("PersistentVolumeClaim/web/kept", &["helm"], &json!({}), &keep),
            applied("Secret/app/env", "apps"),
            object(
                "Secret/web/env",
                &["kubectl-client-side-apply"],
                &json!({"kustomize.toolkit.fluxcd.io/name": "apps"}),
                &json!({}),
            ),
            made("PersistentVolumeClaim/web/data-gone-0", "kube-controller-manager"),
            made("PersistentVolume//pvc-1", "csi-provisioner"),
            made("Widget/web/one", "widget-maker"),
        ],
        flux: vec![
            kustomization("apps", true, "True", &["app_env__Secret"]),
            kustomization("keeps", false, "True", &[]),
        ],
        volumes: vec![
            json!({"metadata": {"name": "pvc-1"}, "spec": {"claimRef": {"namespace": "web", "name": "no-more"}}}),
        ],
        ..LiveState::default()
    };
    let expected = [
        ("ConfigMap/web/notes", "kubectl create", "made by hand with kubectl create"),
        ("ConfigMap/web/old", "kustomize-controller", "left by Kustomization flux-system/keeps: prune was off"),
        (
            "ConfigMap/web/pinned",
            "kustomize-controller",
            "left by Kustomization flux-system/apps: the object says kustomize.toolkit.fluxcd.io/prune: disabled",
        ),
        ("ConfigMap/web/stray", "kustomize-controller", "left by Kustomization flux-system/removed, which is no more"),
        ("Deployment/web/left", "helm-controller", "of Helm release flux-system/gone, which is no more"),
        (
            "PersistentVolume//pvc-1",
            "csi-provisioner",
            "its claim PersistentVolumeClaim/web/no-more is no more, and its data is kept",
        ),
        (
            "PersistentVolumeClaim/web/data-gone-0",
            "kube-controller-manager",
            "of a StatefulSet that is no more: its claims stay, with their data",
        ),
        (
            "PersistentVolumeClaim/web/kept",
            "the helm command",
            "of Helm release web/gone, which is no more; it is kept by its annotation helm.sh/resource-policy: keep",
        ),
        ("Secret/web/env", "kubectl apply", "copied by hand from Secret/app/env"),
        ("Widget/web/one", "widget-maker", "made by widget-maker: no workload of that name runs here"),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect();
    assert_eq!(told(&state), expected);
}

#[test]
fn what_a_kustomization_has_just_applied_is_no_orphan_while_it_is_not_ready() {
    let state = |ready: &str| LiveState {
        objects: vec![applied("ConfigMap/web/new", "apps")],
        flux: vec![kustomization("apps", true, ready, &[])],
        ..LiveState::default()
    };
    assert_eq!(told(&state("False")), Vec::new());
    assert_eq!(told(&state("True")).len(), 1);
}

#[test]
fn what_clusters_and_operators_of_others_make_by_themselves_is_no_orphan() {
    let state = LiveState {
        objects: vec![
            made("Deployment.apps/kube-system/coredns", "talos"),
            made("ConfigMap/web/istio-ca-root-cert", "pilot-discovery"),
            made("VerticalPodAutoscalerCheckpoint.autoscaling.k8s.io/web/web-main", "recommender"),
            made("ClusterRole//widgets-user", "manager"),
            made("Secret/flux-system/registry", "kubectl-create"),
            object(
                "Deployment.apps/gitops/source-controller",
                &["flux-operator"],
                &json!({"app.kubernetes.io/part-of": "flux"}),
                &json!({}),
            ),
            made("Namespace//gitops", "kubectl-create"),
            made("FluxReport.fluxcd.controlplane.io/gitops/flux", "flux-operator"),
            made("Secret/flux-system/other", "kubectl-create"),
        ],
        flux: vec![json!({
            "apiVersion": "fluxcd.controlplane.io/v1", "kind": "FluxInstance",
            "metadata": {"name": "flux", "namespace": "flux-system"},
            "spec": {"distribution": {"imagePullSecret": "registry"}},
        })],
        ..LiveState::default()
    };
    let found: Vec<String> = told(&state).into_iter().map(|(object, ..)| object).collect();
    assert_eq!(found, ["Secret/flux-system/other"]);
    assert_eq!(crate::model::field_manager::manager_words("flux-operator"), "flux-operator");
}

#[test]
fn nothing_follows_from_kinds_that_could_not_be_listed() {
    let release = json!({"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "web"});
    let state = |unlisted: &[(&str, &str)]| LiveState {
        objects: vec![
            object("ServiceAccount/web/web", &["helm"], &json!({}), &release),
            made("CustomResourceDefinition//widgets.example.org", "helm"),
            made("Namespace//web", "helm"),
            made("ConfigMap/web/state", "widgets-controller"),
            made("ConfigMap/web/notes", "kubectl-create"),
            made("PersistentVolumeClaim/web/data-db-0", "kube-controller-manager"),
            made("PersistentVolume//pvc-1", "csi-provisioner"),
        ],
        volumes: vec![
            json!({"metadata": {"name": "pvc-1"}, "spec": {"claimRef": {"namespace": "web", "name": "elsewhere"}}}),
        ],
        unlisted: unlisted.iter().map(|(group, kind)| ((*group).to_owned(), (*kind).to_owned())).collect(),
        ..LiveState::default()
    };
    assert_eq!(told(&state(&[])).len(), 7);
    let forbidden = [("", "Secret"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("", "PersistentVolumeClaim")];
    let found: Vec<String> = told(&state(&forbidden)).into_iter().map(|(object, ..)| object).collect();
    assert_eq!(found, ["ConfigMap/web/notes"], "people are not among the programs that may run");
}

#[test]
fn two_objects_of_one_name_that_were_made_by_hand_are_no_copies_of_each_other() {
    let objects = ["Secret/app/login", "Secret/web/login"].map(|name| made(name, "kubectl-create"));
    let state = LiveState { objects: objects.into(), ..LiveState::default() };
    let why: Vec<String> = told(&state).into_iter().map(|(.., why)| why).collect();
    assert_eq!(why, ["made by hand with kubectl create"; 2]);
}

#[test]
fn what_a_kustomization_leaves_alone_is_in_no_inventory_and_no_orphan() {
    let left = |name: &str, kustomization: &str, key: &str, value: &str| {
        let labels = json!({"kustomize.toolkit.fluxcd.io/name": kustomization, "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
        object(name, &["kustomize-controller"], &labels, &json!({format!("kustomize.toolkit.fluxcd.io/{key}"): value}))
    };
    let state = LiveState {
        objects: vec![
            left("ConfigMap/web/once", "apps", "ssa", "IfNotPresent"),
            left("ConfigMap/web/ignored", "apps", "ssa", "ignore"),
            left("ConfigMap/web/paused", "apps", "reconcile", "disabled"),
            left("ConfigMap/web/merged", "apps", "ssa", "Merge"),
            left("ConfigMap/web/gone", "removed", "ssa", "IfNotPresent"),
        ],
        flux: vec![kustomization("apps", true, "True", &[])],
        ..LiveState::default()
    };
    let found: Vec<String> = told(&state).into_iter().map(|(object, ..)| object).collect();
    assert_eq!(found, ["ConfigMap/web/gone", "ConfigMap/web/merged"]);
}

/// Builds the record that Helm keeps of a deployed revision.
fn revision(name: &str, manager: &str) -> ObjectMetadata {
    let labels = json!({"owner": "helm", "name": name, "status": "deployed"});
    object(&format!("Secret/web/sh.helm.release.v1.{name}.v2"), &[manager], &labels, &json!({}))
}

#[test]
fn a_release_whose_helm_release_was_deleted_while_suspended_is_told_once() {
    let release = |spec: Value, status: Value| json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "db", "namespace": "web"}, "spec": spec, "status": status});
    let of_flux = json!({"helm.toolkit.fluxcd.io/name": "gone", "helm.toolkit.fluxcd.io/namespace": "web"});
    let of_helm = json!({"meta.helm.sh/release-name": "gone", "meta.helm.sh/release-namespace": "web"});
    let state = |flux: Vec<Value>| LiveState {
        objects: vec![
            revision("gone", "helm-controller"),
            object("ServiceAccount/web/gone", &["helm-controller"], &of_flux, &of_helm),
            revision("db", "helm-controller"),
            revision("tools-db", "helm-controller"),
            revision("named", "helm-controller"),
            revision("by-hand", "helm"),
        ],
        flux,
        ..LiveState::default()
    };
    let found = told(&state(vec![
        release(json!({}), json!({})),
        release(json!({"targetNamespace": "tools"}), json!({})),
        release(json!({"releaseName": "other"}), json!({"history": [{"name": "named"}]})),
    ]));
    assert_eq!(found.len(), 1, "{found:?}");
    let (object, _, why) = &found[0];
    assert_eq!(object, "Secret/web/sh.helm.release.v1.gone.v2");
    assert!(why.contains("its HelmRelease is no more; helm uninstall gone -n web"), "{why}");
    // Flux of another cluster may have installed them.
    assert_eq!(told(&state(Vec::new())), Vec::new());
}

#[test]
fn the_secret_of_a_deleted_certificate_is_left_and_that_of_a_live_one_is_not() {
    let secret = |name: &str| {
        let annotations = json!({"cert-manager.io/certificate-name": name});
        object(&format!("Secret/web/{name}"), &["cert-manager-certificates-issuing"], &json!({}), &annotations)
    };
    let state = LiveState {
        objects: vec![
            made("Deployment.apps/cert-manager/cert-manager", "helm-controller"),
            made("Certificate.cert-manager.io/web/live", "cert-manager-ingress-shim"),
            secret("live"),
            secret("left"),
        ],
        ..LiveState::default()
    };
    let found: Vec<_> = told(&state).into_iter().filter(|(object, ..)| object.starts_with("Secret")).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].2, "of Certificate/web/left, which is no more: cert-manager keeps its Secret");
}

#[test]
fn what_operators_make_under_another_name_than_their_workloads_is_no_orphan() {
    let key = json!({"sealedsecrets.bitnami.com/sealed-secrets-key": "active"});
    let state = |key_by: &str| LiveState {
        objects: vec![
            made("Deployment.apps/keda/keda-operator", "helm-controller"),
            made("Secret/keda/kedaorg-certs", "keda"),
            made("Secret/web/ingress-nginx-admission", "kube-webhook-certgen"),
            object("Secret/kube-system/sealed-secrets-key7x", &[key_by], &key, &json!({})),
            made("ConfigMap/web/state", "operator"),
        ],
        ..LiveState::default()
    };
    let found = |key_by: &str| told(&state(key_by)).into_iter().map(|(object, ..)| object).collect::<Vec<_>>();
    assert_eq!(found("controller"), ["Deployment/keda/keda-operator"]);
    assert_eq!(found("kubectl-create").len(), 2, "a copy of the key is one");
}

#[test]
fn every_claim_has_its_source() {
    for claim in CLAIMS {
        assert!(claim.source.starts_with("https://") && !claim.by.is_empty(), "{}", claim.by);
    }
}
