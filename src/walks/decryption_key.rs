//! Adds the decryption key: the one Secret that cannot come from Git.

use super::Walk;
use super::ground::{WalkGround, said, some_of};
use super::shared;
use super::step::{StepVerdict, WalkCheck, WalkStep};
use crate::doctor::LiveObject;
use crate::model::State;
use crate::model::known::KUSTOMIZE;

pub(super) const WALK: Walk = Walk {
    id: "decryption-key",
    title: "Add the decryption key",
    about: "Kustomizations say that they cannot decrypt, or a cluster is new.",
    kind: None,
    steps,
};

fn steps(ground: &WalkGround<'_>) -> Vec<WalkStep> {
    let graph = ground.graph;
    let named = shared::age_secret(ground);
    let decrypting = decrypting(ground);
    let first = decrypting.iter().find(|live| ground.graph.state(live.object) != State::Ready).or(decrypting.first());
    let mut end = WalkStep::new(
        "Reconcile what waited for the key",
        "A Kustomization that failed tries again at its retry interval only; what depends on it follows.",
        are_decrypted(ground),
    )
    .look_for("Ready True, and no `cannot get sops data key`.")
    .asks("Is any Kustomization that decrypts still not Ready, and does its message speak of a key?");
    if let Some(live) = first {
        end = end.lines(graph.reconcile(live.object)).by_for("reconcile", live.object);
    }
    vec![
        WalkStep::new(
            "Know whose files they are",
            "Each file says which public keys it is encrypted for; .sops.yaml says it for new ones. The private half of one of them opens it.",
            has_recipients(ground),
        )
        .line(graph.shell("fluxdeck secrets --env {}", &[&graph.env]))
        .line(graph.shell("git ls-files '*.sops.yaml'", &[]))
        .look_for("an age1... that is the public half of the key that you hold.")
        .asks("Which public key does .sops.yaml name for this environment, and do you hold its private half?")
        .by("secrets"),
        WalkStep::new(
            "Say in the Kustomizations that they decrypt",
            "Without spec.decryption the controller applies the encrypted text as it stands.",
            is_configured(ground),
        )
        .line(graph.shell("git grep -n -A4 'decryption:' -- '*.yaml'", &[]))
        .look_for("provider: sops, and the name of the Secret under secretRef.")
        .asks(format!("Which Kustomizations name the Secret {} under spec.decryption?", named.name)),
        shared::key(ground),
        end,
    ]
}

fn decrypting<'a>(ground: &WalkGround<'a>) -> Vec<LiveObject<'a>> {
    let all = ground.some(KUSTOMIZE, "Kustomization").into_iter();
    all.filter(|live| live.value.pointer("/spec/decryption").is_some()).collect()
}

fn has_recipients(ground: &WalkGround<'_>) -> StepVerdict {
    ground.repository()?;
    match ground.environment().map(|known| known.recipients.as_slice()) {
        Some([]) | None => Err(WalkCheck::not_yet(format!("no .sops.yaml names a recipient for {}", ground.graph.env))),
        Some(recipients) => Ok(format!("encrypted for {}", some_of(recipients.iter().cloned(), ", "))),
    }
}

fn is_configured(ground: &WalkGround<'_>) -> StepVerdict {
    ground.all(KUSTOMIZE, "Kustomization")?;
    let names: Vec<String> = decrypting(ground).iter().map(|live| live.object.name.clone()).collect();
    if names.is_empty() {
        return Err(WalkCheck::not_yet("no Kustomization of the cluster has spec.decryption"));
    }
    Ok(format!("decryption is set in {}", some_of(names, ", ")))
}

/// kustomize-controller's words for what a missing or wrong key comes to (1.4 to 1.7).
const OF_KEYS: &[&str] = &["not found", "sops", "decrypt", "data key", "age"];

fn are_decrypted(ground: &WalkGround<'_>) -> StepVerdict {
    ground.all(KUSTOMIZE, "Kustomization")?;
    let all = decrypting(ground);
    let mut open = Vec::new();
    for live in &all {
        let Some(row) = ground.row(live.object) else { continue };
        let reason = row.flux.as_ref().map_or("", |flux| flux.reason.as_str());
        let is_of_key = reason == "BuildFailed" && OF_KEYS.iter().any(|word| row.message.contains(word));
        if is_of_key || row.state == State::Progressing {
            open.push(format!("{} is {}{}", live.object.told(), row.state.word(), said(row)));
        }
    }
    match (open.is_empty(), all.is_empty()) {
        (true, false) => Ok(format!("{} Kustomizations decrypt, and none lacks a key", all.len())),
        (true, true) => Err(WalkCheck::not_yet("no Kustomization decrypts")),
        (false, _) => Err(WalkCheck::not_yet(some_of(open, "; "))),
    }
}
