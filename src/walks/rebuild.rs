//! Rebuilds a cluster from Git and backups.

use super::Walk;
use super::bootstrap;
use super::ground::{WalkGround, some_of};
use super::shared;
use super::step::{StepVerdict, WalkCheck, WalkStep};
use crate::doctor::LiveObject;
use crate::model::{ShellLine, State};

pub(super) const WALK: Walk = Walk {
    id: "rebuild",
    title: "Rebuild a cluster from Git and backups",
    about: "The machines are gone or new, and Git, the key and the backups are not.",
    kind: None,
    steps,
};

/// The most Kustomizations that are named.
const MAKERS: usize = 4;

fn steps(ground: &WalkGround<'_>) -> Vec<WalkStep> {
    let graph = ground.graph;
    vec![
        shared::nodes(ground),
        bootstrap::folder(ground),
        bootstrap::pushed(ground),
        shared::bootstrap(ground),
        shared::key(ground),
        shared::fetched(ground),
        WalkStep::new(
            "Give the claims their volumes back",
            "Flux makes empty claims. What was in them comes from the backups: suspend what makes the claims, restore the volumes under the names that the claims have, and resume.",
            claims(ground),
        )
        .line(graph.shell("kubectl get persistentvolumeclaims -A", &[]))
        .lines(holding(ground, "flux suspend kustomization {} -n {}"))
        .line(graph.shell("kubectl get backupvolumes.longhorn.io -A", &[]))
        .line(graph.shell("kubectl get backups.longhorn.io -A", &[]))
        .lines(holding(ground, "flux resume kustomization {} -n {}"))
        .look_for("Bound for every claim, and the old data in it.")
        .asks("Is every claim Bound, and did you look into those that hold data?"),
        WalkStep::new(
            "Give the databases their data back",
            "A Cluster of CloudNativePG with bootstrap.initdb begins empty: with bootstrap.recovery it begins at its archive. `fluxdeck walk restore-postgres` goes through it.",
            databases(ground),
        )
        .line(graph.shell("kubectl get clusters.postgresql.cnpg.io -A", &[]))
        .line(graph.shell("fluxdeck walk restore-postgres --env {}", &[&graph.env]))
        .look_for("`Cluster in healthy state`, and your rows.")
        .asks("Is every database healthy, and are the rows of the last day there?"),
        shared::applied(ground),
        WalkStep::new(
            "See that names and certificates are back",
            "The certificates are issued anew, and the authority limits how many it gives in a week.",
            certificates(ground),
        )
        .line(graph.shell("kubectl get certificates.cert-manager.io -A", &[]))
        .line(graph.shell("kubectl get ingresses -A", &[]))
        .look_for("READY True, and an address for every ingress.")
        .asks("Is every certificate Ready, and do the names lead to this cluster?"),
    ]
}

/// Writes a line for each Kustomization that makes a claim, the first ones.
fn holding(ground: &WalkGround<'_>, line: &'static str) -> Vec<ShellLine> {
    let mut names: Vec<(String, String)> = Vec::new();
    for live in ground.some("", "PersistentVolumeClaim") {
        let label = |key: &str| live.text(&format!("/metadata/labels/kustomize.toolkit.fluxcd.io~1{key}")).to_owned();
        let maker = (label("name"), label("namespace"));
        if !maker.0.is_empty() && !names.contains(&maker) {
            names.push(maker);
        }
    }
    names.iter().take(MAKERS).map(|(name, namespace)| ground.graph.shell(line, &[name, namespace])).collect()
}

fn claims(ground: &WalkGround<'_>) -> StepVerdict {
    let all = ground.all("", "PersistentVolumeClaim")?;
    let open: Vec<&LiveObject<'_>> = all.iter().filter(|live| live.text("/status/phase") != "Bound").collect();
    if open.is_empty() {
        return Ok(format!("all claims are bound: {}", all.len()));
    }
    let told = open.iter().map(|live| format!("{} is {}", live.object.told(), live.text("/status/phase")));
    Err(WalkCheck::not_yet(some_of(told, "; ")))
}

fn databases(ground: &WalkGround<'_>) -> StepVerdict {
    let all = ground.all("postgresql.cnpg.io", "Cluster")?;
    let open: Vec<&LiveObject<'_>> =
        all.iter().filter(|live| live.text("/status/phase") != "Cluster in healthy state").collect();
    if open.is_empty() {
        return Ok(format!("all databases are healthy: {}", all.len()));
    }
    let told = open.iter().map(|live| format!("{}: {}", live.object.told(), live.text("/status/phase")));
    Err(WalkCheck::not_yet(some_of(told, "; ")))
}

fn certificates(ground: &WalkGround<'_>) -> StepVerdict {
    let all = ground.all("cert-manager.io", "Certificate")?;
    let open: Vec<&LiveObject<'_>> =
        all.iter().filter(|live| ground.graph.state(live.object) != State::Ready).collect();
    if open.is_empty() {
        return Ok(format!("all certificates are ready: {}", all.len()));
    }
    let told = open.iter().map(|live| format!("{} is {}", live.object.told(), ground.graph.state(live.object).word()));
    Err(WalkCheck::not_yet(some_of(told, "; ")))
}
