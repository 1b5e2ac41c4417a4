//! The programs that write objects, by the names that they have in `metadata.managedFields`: who is a person's program,
//! and who a controller.
//!
//! A field manager is by default the name of the program's file (client-go, `rest.DefaultKubernetesUserAgent`), that of
//! kubectl its verb (kubectl, `pkg/cmd`).

/// Says what kind of program a field manager is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagerKind {
    /// A program that a person or a pipeline runs.
    Person,
    /// The helm command: what it writes belongs to a release.
    Helm,
    /// People's programs and controllers have this name.
    Either,
    /// A controller, which keeps fields as its work.
    Controller,
    /// A name that says nothing.
    Unknown,
}

impl ManagerKind {
    /// Judges a field manager by its name.
    pub fn of(manager: &str) -> Self {
        // `flux-operator` begins as the flux command does.
        if is_controller(manager) {
            return Self::Controller;
        }
        known(manager).map_or(Self::Unknown, |known| known.kind)
    }
}

/// Names a program with its words.
struct KnownManager {
    /// The beginning of its name in managedFields, in any case.
    manager: &'static str,
    kind: ManagerKind,
    words: &'static str,
}

const fn person(manager: &'static str, words: &'static str) -> KnownManager {
    KnownManager { manager, kind: ManagerKind::Person, words }
}

/// The programs that are no controllers, the longer names first.
const KNOWN: &[KnownManager] = &[
    person("kubectl-client-side-apply", "kubectl apply"),
    person("kubectl-last-applied", "kubectl apply"),
    person("kubectl-create", "kubectl create"),
    person("kubectl-edit", "kubectl edit"),
    person("kubectl-run", "kubectl run"),
    person("kubectl-expose", "kubectl expose"),
    person("kubectl-patch", "kubectl patch"),
    person("kubectl-label", "kubectl label"),
    person("kubectl-annotate", "kubectl annotate"),
    person("kubectl-replace", "kubectl replace"),
    person("kubectl-rollout", "kubectl rollout"),
    person("kubectl-set", "kubectl set"),
    person("kubectl", "kubectl apply --server-side"),
    // What a first server-side apply calls the writers before it (apimachinery, `fieldmanager`).
    person("before-first-apply", "kubectl apply"),
    person("flux-client-side-apply", "the flux command or fluxdeck"),
    person("fluxdeck", "fluxdeck"),
    person("flux", "the flux command"),
    person("k9s", "k9s"),
    person("freelens", "Freelens"),
    person("lens", "Lens"),
    person("headlamp", "Headlamp"),
    // Lens and other programs that use the JavaScript client.
    person("node-fetch", "Lens"),
    person("unknown", "a program without a name"),
    person("Mozilla", "a dashboard in a browser"),
    person("kubernetes-dashboard", "the Kubernetes dashboard"),
    person("dashboard", "the Kubernetes dashboard"),
    person("curl", "curl"),
    person("python", "a Python program"),
    person("OpenAPI-Generator", "Ansible or another Python program"),
    person("HashiCorp", "Terraform"),
    person("terraform", "Terraform"),
    person("pulumi", "Pulumi"),
    KnownManager { manager: "helm", kind: ManagerKind::Helm, words: "the helm command" },
    KnownManager { manager: "Go-http-client", kind: ManagerKind::Either, words: "a program written in Go" },
];

/// Controllers whose names do not end as those of controllers do: Kubernetes' own, and those of K3s and RKE2.
const CONTROLLERS: [&str; 7] =
    ["kube-apiserver", "kubelet", "k3s", "rke2", "kubeadm", "coredns", "cluster-proportional"];

/// The endings of the names that controllers give their managers by custom.
const ENDINGS: [&str; 8] =
    ["controller", "operator", "manager", "scheduler", "injector", "webhook", "provisioner", "autoscaler"];

/// The beginnings of managers whose fields kustomize-controller takes over before it applies, so that it removes what
/// Git does not have (`applyOpts.Cleanup` in its `kustomization_controller.go`).
const TAKEN_OVER: [&str; 2] = ["kubectl", "before-first-apply"];

/// The manager of kustomize-controller.
pub const KUSTOMIZE_CONTROLLER: &str = "kustomize-controller";

fn is_controller(manager: &str) -> bool {
    CONTROLLERS.contains(&manager) || ENDINGS.iter().any(|ending| manager.ends_with(ending))
}

fn known(manager: &str) -> Option<&'static KnownManager> {
    let begins = |known: &&KnownManager| {
        manager.get(..known.manager.len()).is_some_and(|it| it.eq_ignore_ascii_case(known.manager))
    };
    KNOWN.iter().find(begins)
}

/// Tells whether kustomize-controller takes over the fields of a manager before it applies.
pub fn is_taken_over(manager: &str) -> bool {
    TAKEN_OVER.iter().any(|name| manager.starts_with(name))
}

/// Writes a field manager in words: `kubectl edit`, else its own name.
pub fn manager_words(manager: &str) -> String {
    match manager {
        "" => "nobody is named".to_owned(),
        other if is_controller(other) => other.to_owned(),
        other => known(other).map_or_else(|| other.to_owned(), |known| known.words.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ManagerKind, is_taken_over, manager_words};

    #[test]
    fn people_and_controllers_are_told_apart() {
        let kinds = [
            ("kubectl-edit", ManagerKind::Person),
            ("kubectl", ManagerKind::Person),
            ("Lens", ManagerKind::Person),
            ("flux", ManagerKind::Person),
            ("flux-operator", ManagerKind::Controller),
            ("kustomize-controller", ManagerKind::Controller),
            ("kube-controller-manager", ManagerKind::Controller),
            ("terraform-provider-kubernetes_v2.3", ManagerKind::Person),
            ("tf-controller", ManagerKind::Controller),
            ("helm", ManagerKind::Helm),
            ("Helm", ManagerKind::Helm),
            ("helm-controller", ManagerKind::Controller),
            ("Go-http-client", ManagerKind::Either),
            ("widget-maker", ManagerKind::Unknown),
            ("é", ManagerKind::Unknown),
            ("", ManagerKind::Unknown),
        ];
        for (manager, kind) in kinds {
            assert_eq!(ManagerKind::of(manager), kind, "{manager}");
        }
        assert_eq!(manager_words("kubectl-edit"), "kubectl edit");
        assert_eq!(manager_words("flux-operator"), "flux-operator");
        assert!(is_taken_over("kubectl-scale") && !is_taken_over("k9s"));
    }
}
