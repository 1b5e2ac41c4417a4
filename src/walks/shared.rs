//! Steps that several walks share.

use super::ground::{WalkGround, some_of};
use super::step::{StepVerdict, WalkCheck, WalkStep};
use crate::doctor::{LiveObject, Lookup};
use crate::kinds;
use crate::model::known::{KUSTOMIZE, SOURCE};
use crate::model::{ObjectRef, ShellLine, State};
use crate::repo::age_secrets::{AgeSecret, NAME};

/// The controllers without which Flux applies nothing.
const NEEDED: &[&str] = &["source-controller", "kustomize-controller"];

/// Every node answers and is ready.
pub(super) fn nodes(ground: &WalkGround<'_>) -> WalkStep {
    let verdict = match ground.fault {
        Some(fault) => Err(WalkCheck::not_yet(format!("the cluster does not answer: {}; {}", fault.why, fault.todo))),
        None => ground.all_ready("", "Node", "nodes"),
    };
    WalkStep::new(
        "Reach the cluster",
        "Flux runs in the cluster: nothing below works before its nodes are there.",
        verdict,
    )
    .line(ground.graph.shell("kubectl get nodes -o wide", &[]))
    .line(ground.graph.shell("flux check --pre", &[]))
    .look_for("Ready in every line of the nodes, and the versions that Flux needs.")
    .asks("Does kubectl, with this context, show every node as Ready?")
}

/// The controllers of Flux run.
pub(super) fn controllers(ground: &WalkGround<'_>) -> StepVerdict {
    let all = ground.all(kinds::DEPLOYMENT.group, kinds::DEPLOYMENT.kind)?;
    let mut lacking = Vec::new();
    for name in NEEDED {
        let found = all.iter().find(|live| live.object.name == *name);
        match found.map(|live| ground.graph.state(live.object)) {
            None => lacking.push(format!("there is no Deployment {name}")),
            Some(State::Ready) => {}
            Some(state) => lacking.push(format!("Deployment {name} is {}", state.word())),
        }
    }
    if lacking.is_empty() {
        Ok("source-controller and kustomize-controller are ready".to_owned())
    } else {
        Err(WalkCheck::not_yet(lacking.join("; ")))
    }
}

/// Flux is installed, and follows the environment's folder.
pub(super) fn bootstrap(ground: &WalkGround<'_>) -> WalkStep {
    let graph = ground.graph;
    let folder = ground.environment().map(|known| known.path.clone()).unwrap_or_default();
    let source = source(ground);
    let declared = ground.repository.and_then(|known| {
        let own = known.sources.iter().filter(|one| one.env == graph.env && one.kind == "GitRepository");
        own.into_iter().find(|one| source.as_ref().is_none_or(|object| one.object() == *object))
    });
    if let Some(crate::repo::Sync::Instance { file, .. }) = ground.environment().map(|known| &known.sync) {
        return by_operator(ground, file);
    }
    let line = match declared.and_then(|one| Some((one.url.as_deref()?, one.branch.as_deref().unwrap_or("main")))) {
        Some((url, branch)) => ShellLine::new("flux bootstrap git --url={} --branch={}", &[url, branch]),
        None => ShellLine::from(
            "flux bootstrap git --url=\"$(git remote get-url origin)\" --branch=\"$(git branch --show-current)\"",
        ),
    };
    let line = line.option(" --path={path}", &folder).option(" --context {}", &graph.context);
    WalkStep::new(
        "Put Flux into the cluster, and let it follow the folder",
        "It installs the controllers, commits their manifests into the folder and makes the source and the Kustomization that apply it: from then on Git says what runs.",
        controllers(ground),
    )
    .line(line)
    .line(graph.shell("flux check", &[]))
    .look_for("`all checks passed`.")
    .asks("Do source-controller and kustomize-controller run in the cluster?")
}

/// The flux-operator is installed, and makes Flux of the `FluxInstance` that the repository declares.
fn by_operator(ground: &WalkGround<'_>, file: &str) -> WalkStep {
    let graph = ground.graph;
    let install = "helm install flux-operator oci://ghcr.io/controlplaneio-fluxcd/charts/flux-operator --namespace flux-system --create-namespace";
    WalkStep::new(
        "Put the flux-operator into the cluster, and let it make Flux",
        "The repository declares a FluxInstance: the operator installs the controllers and makes the source and the Kustomization of its spec.sync. flux bootstrap would install Flux a second time, and the two would take turns.",
        controllers(ground),
    )
    .line(ShellLine::from(install).option(" --kube-context {}", &graph.context))
    .line(graph.shell("kubectl apply -f {}", &[file]))
    .line(graph.shell("kubectl get fluxinstance -A", &[]))
    .look_for("Ready True of the FluxInstance. Where its file holds the values of the operator's chart, helm takes it with --values instead.")
    .asks("Do source-controller and kustomize-controller run in the cluster?")
}

/// Finds the source that the environment's folder is read from: that of its sync, else the first.
pub(super) fn source(ground: &WalkGround<'_>) -> Option<ObjectRef> {
    let declared = ground.environment().and_then(|known| match &known.sync {
        crate::repo::Sync::Kustomization { source, .. } => source.clone(),
        crate::repo::Sync::Instance { source, .. } => Some(source.clone()),
        _ => None,
    });
    declared.or_else(|| ground.some(SOURCE, "GitRepository").first().map(|live| live.object.clone()))
}

/// The repository was fetched.
pub(super) fn fetched(ground: &WalkGround<'_>) -> WalkStep {
    let source = source(ground);
    let verdict = match &source {
        Some(source) => ground.ready(source),
        None => ground
            .all(SOURCE, "GitRepository")
            .and_then(|_| Err(WalkCheck::not_yet("no source of the repository is in the cluster"))),
    };
    let step = WalkStep::new(
        "See that the repository is fetched",
        "source-controller needs the address and the right to read it; without an artifact nothing is applied.",
        verdict,
    )
    .line(ground.graph.shell("flux get sources all -A", &[]))
    .look_for("Ready True, and the revision of your last commit.")
    .asks("Does the source say Ready, at the commit that you pushed?");
    match &source {
        Some(source) => step.lines(ground.graph.reconcile(source)).by_for("reconcile", source),
        None => step,
    }
}

/// Names the Secret that holds the environment's keys: of those that live Kustomizations name one that is missing, else
/// the first, else the repository's.
pub(super) fn age_secret(ground: &WalkGround<'_>) -> AgeSecret {
    let named = |live: LiveObject<'_>| {
        let name = live.text("/spec/decryption/secretRef/name");
        let namespace = live.object.namespace.clone();
        (!name.is_empty()).then(|| AgeSecret { namespace, name: name.to_owned() })
    };
    let live: Vec<AgeSecret> = ground.some(KUSTOMIZE, "Kustomization").into_iter().filter_map(named).collect();
    let is_missing = |one: &&AgeSecret| {
        let secret = ObjectRef::new("Secret", "", &one.namespace, &one.name);
        matches!(ground.graph.get(&secret), Lookup::Absent)
    };
    let first = live.iter().find(is_missing).or(live.first()).cloned();
    let declared = || ground.repository.and_then(|known| known.age_secrets(&ground.graph.env).into_iter().next());
    let usual = || AgeSecret { namespace: "flux-system".to_owned(), name: NAME.to_owned() };
    first.or_else(declared).unwrap_or_else(usual)
}

/// The cluster has the key that opens the environment's files.
pub(super) fn key(ground: &WalkGround<'_>) -> WalkStep {
    let named = age_secret(ground);
    let secret = ObjectRef::new("Secret", "", &named.namespace, &named.name);
    WalkStep::new(
        "Give the cluster its age key",
        "kustomize-controller opens the encrypted files with it; only this one Secret cannot come from Git.",
        has_key(ground, &secret),
    )
    .line(ground.graph.shell("fluxdeck secret age-key --create --env {}", &[&ground.graph.env]))
    .line(ground.graph.shell("kubectl get secret {} -n {}", &[&named.name, &named.namespace]))
    .look_for("an entry that ends in .agekey.")
    .asks(format!("Does the Secret {} in {} have an entry that ends in .agekey?", named.name, named.namespace))
    .by("age-key")
}

fn has_key(ground: &WalkGround<'_>, secret: &ObjectRef) -> StepVerdict {
    let live = ground.found(secret)?;
    let data = live.value.get("data").and_then(serde_json::Value::as_object);
    let keys: Vec<&String> = data.into_iter().flatten().map(|(key, _)| key).collect();
    match keys.iter().find(|key| key.ends_with(".agekey")) {
        Some(key) => Ok(format!("{} has the entry {key}", secret.told())),
        None if keys.is_empty() => Err(WalkCheck::not_yet(format!("{} is empty", secret.told()))),
        None => {
            let keys = some_of(keys.into_iter().cloned(), ", ");
            Err(WalkCheck::not_yet(format!("{} has only {keys}: no name ends in .agekey", secret.told())))
        }
    }
}

/// Every Kustomization is applied and healthy.
pub(super) fn applied(ground: &WalkGround<'_>) -> WalkStep {
    let step = WalkStep::new(
        "See that everything is applied",
        "A Kustomization begins once all that it depends on is ready: what fails first holds back the rest.",
        ground.all_ready(KUSTOMIZE, "Kustomization", "Kustomizations"),
    )
    .line(ground.graph.shell("flux get kustomizations -A", &[]))
    .line(ground.graph.shell("flux get helmreleases -A", &[]))
    .look_for("Ready True in every line.")
    .asks("Is every Kustomization Ready? If not: which one fails for a reason of its own?")
    .by("doctor");
    match ground.roots.first() {
        Some(root) => step.lines(root.look_at.iter().take(2).cloned()),
        None => step,
    }
}
