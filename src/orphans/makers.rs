//! The programs that write objects, by the names that they have in managedFields.

/// Names a program that a person or a pipeline runs, with its words: what it made, nobody in the cluster explains.
struct Maker {
    /// The beginning of its name in managedFields.
    manager: &'static str,
    words: &'static str,
}

const fn maker(manager: &'static str, words: &'static str) -> Maker {
    Maker { manager, words }
}

/// The programs, the longer names first. A field manager is by default the name of the program's file
/// (client-go, `rest.DefaultKubernetesUserAgent`), that of kubectl its verb (kubectl, `pkg/cmd`).
const MAKERS: &[Maker] = &[
    maker("kubectl-client-side-apply", "kubectl apply"),
    maker("kubectl-last-applied", "kubectl apply"),
    maker("kubectl-create", "kubectl create"),
    maker("kubectl-edit", "kubectl edit"),
    maker("kubectl-run", "kubectl run"),
    maker("kubectl-expose", "kubectl expose"),
    maker("kubectl-patch", "kubectl patch"),
    maker("kubectl-label", "kubectl label"),
    maker("kubectl-annotate", "kubectl annotate"),
    maker("kubectl-replace", "kubectl replace"),
    maker("kubectl-rollout", "kubectl rollout"),
    maker("kubectl-set", "kubectl set"),
    maker("kubectl", "kubectl apply --server-side"),
    // What a first server-side apply calls the writers before it (apimachinery, `fieldmanager`).
    maker("before-first-apply", "kubectl apply"),
    maker("flux-client-side-apply", "the flux command or fluxdeck"),
    maker("flux", "the flux command"),
    maker("fluxdeck", "fluxdeck"),
    maker("k9s", "k9s"),
    // Lens and other programs that use the JavaScript client.
    maker("node-fetch", "Lens"),
    maker("unknown", "a program without a name"),
    maker("Mozilla", "a dashboard in a browser"),
    maker("dashboard", "the Kubernetes dashboard"),
    maker("curl", "curl"),
    maker("OpenAPI-Generator", "Ansible or another Python program"),
    maker("HashiCorp", "Terraform"),
    maker("Terraform", "Terraform"),
    maker("terraform-provider", "Terraform"),
    maker("pulumi", "Pulumi"),
    maker("Go-http-client", "a program written in Go"),
];

/// Returns the words for the program of a field manager, if a person or a pipeline runs it.
pub(super) fn by_hand(manager: &str) -> Option<&'static str> {
    // `flux-operator` and `terraform-controller` run in the cluster, and begin as programs of people do.
    let runs_inside = ["-operator", "-controller"].iter().any(|end| manager.ends_with(end));
    MAKERS.iter().find(|maker| !runs_inside && manager.starts_with(maker.manager)).map(|maker| maker.words)
}

/// Returns the words for any field manager.
pub(super) fn words(manager: &str) -> String {
    match manager {
        "" => "nobody is named".to_owned(),
        "helm" => "the helm command".to_owned(),
        other => by_hand(other).map_or_else(|| other.to_owned(), str::to_owned),
    }
}
