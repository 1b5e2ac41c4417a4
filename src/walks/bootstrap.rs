//! Bootstraps a cluster: from a bare API server to one that Git keeps.

use super::Walk;
use super::ground::WalkGround;
use super::shared;
use super::step::{StepVerdict, WalkCheck, WalkStep};
use crate::model::ShellLine;

pub(super) const WALK: Walk = Walk {
    id: "bootstrap",
    title: "Bootstrap a cluster",
    about: "You have a new cluster, and Flux is to run it from this repository.",
    kind: None,
    steps,
};

fn steps(ground: &WalkGround<'_>) -> Vec<WalkStep> {
    vec![
        shared::nodes(ground),
        folder(ground),
        pushed(ground),
        shared::bootstrap(ground),
        shared::fetched(ground),
        shared::key(ground),
        shared::applied(ground),
    ]
}

/// The repository has a folder for the environment.
pub(super) fn folder(ground: &WalkGround<'_>) -> WalkStep {
    let path = ground.environment().map(|known| known.path.clone()).unwrap_or_default();
    WalkStep::new(
        "Give the cluster a folder in the repository",
        "Flux applies what one folder says: its Kustomizations name the rest.",
        is_declared(ground),
    )
    .line(ShellLine::from("git ls-files").path(if path.is_empty() { "clusters" } else { &path }))
    .line(ground.graph.shell("fluxdeck order --env {}", &[&ground.graph.env]))
    .look_for("Kustomizations, in the order in which they begin.")
    .asks("Does the repository have a folder for this cluster, with Kustomizations in it?")
    .by("order")
}

fn is_declared(ground: &WalkGround<'_>) -> StepVerdict {
    ground.repository()?;
    let env = &ground.graph.env;
    let Some(known) = ground.environment() else {
        return Err(WalkCheck::not_yet(format!("the repository has no folder that Flux syncs for {env}")));
    };
    let count = ground.declared().len();
    if count == 0 {
        return Err(WalkCheck::not_yet(format!("no Kustomization is declared for {env}")));
    }
    let folder = if known.path.is_empty() { "the root" } else { &known.path };
    Ok(format!("{folder} declares {count} Kustomizations"))
}

/// What was written is at the remote.
pub(super) fn pushed(ground: &WalkGround<'_>) -> WalkStep {
    WalkStep::new("Push it", "Flux reads the remote: what only lies here does not count.", is_pushed(ground))
        .line(ShellLine::from("git status --short --branch"))
        .line(ShellLine::from("git push"))
        .look_for("no `ahead`, and no changed file of the folder.")
        .asks("Is all that you committed on the branch at the remote?")
        .by("git")
}

fn is_pushed(ground: &WalkGround<'_>) -> StepVerdict {
    let git = ground.repository()?.git.as_ref().map_err(|fault| WalkCheck::unknown(fault.why.clone()))?;
    let Some(upstream) = &git.upstream else {
        return Err(WalkCheck::not_yet("the branch follows none at a remote: git push -u origin HEAD"));
    };
    match upstream.ahead {
        Some(0) => Ok(format!("{} has every commit of the branch", upstream.name)),
        Some(ahead) => Err(WalkCheck::not_yet(format!("{ahead} commits are not at {}", upstream.name))),
        None => Err(WalkCheck::not_yet(format!("{} is gone", upstream.name))),
    }
}
