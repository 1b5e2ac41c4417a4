//! A HelmRelease that is stuck: suspended, without a chart, failed, or given up.

use super::Walk;
use super::ground::{WalkGround, condition, some_of};
use super::step::{StepVerdict, WalkCheck, WalkStep};
use crate::doctor::LiveObject;
use crate::model::known::{HELM, SOURCE};
use crate::model::{ObjectRef, State};

pub(super) const WALK: Walk = Walk {
    id: "stuck-release",
    title: "A HelmRelease that is stuck",
    about: "A HelmRelease does not become Ready, and a plain reconcile changes nothing.",
    kind: Some((HELM, "HelmRelease")),
    steps,
};

fn steps(ground: &WalkGround<'_>) -> Vec<WalkStep> {
    let graph = ground.graph;
    let find = |told: StepVerdict| {
        WalkStep::new(
            "Find the release",
            "Its own message tells more than that of the Kustomization that waits for it.",
            told,
        )
        .line(graph.shell("flux get helmreleases -A", &[]))
        .look_for("Ready False, and the first line of its message.")
        .asks("Which HelmRelease is not Ready?")
    };
    let live = match subject(ground) {
        Ok(live) => live,
        Err(check) => return vec![find(Err(check))],
    };
    let object = live.object;
    let told = ground.about(object, ground.graph.state(object) == State::Ready, "no release is stuck");
    vec![
        find(Ok(told)),
        resumed(ground, &live),
        chart(ground, &live),
        cause(ground, &live),
        retries(ground, &live),
        end(ground, object),
    ]
}

fn subject<'a>(ground: &WalkGround<'a>) -> Result<LiveObject<'a>, WalkCheck> {
    ground.all(HELM, "HelmRelease")?;
    match (ground.subject(HELM, "HelmRelease"), ground.asked) {
        (Some(live), _) => Ok(live),
        (None, Some(asked)) => Err(WalkCheck::not_yet(format!("{} is not there", asked.told()))),
        (None, None) => Err(WalkCheck::not_yet("the cluster has no HelmRelease")),
    }
}

fn resumed(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let object = live.object;
    let verdict = if live.is_true("/spec/suspend") {
        let by = live.annotation("fluxdeck.dev/suspend-reason");
        let why = if by.is_empty() { String::new() } else { format!(": {by}") };
        Err(WalkCheck::not_yet(format!("it is suspended{why}")))
    } else {
        Ok("it is not suspended".to_owned())
    };
    WalkStep::new(
        "See that it is not suspended",
        "helm-controller leaves a suspended release alone, whatever you ask.",
        verdict,
    )
    .line(ground.graph.shell("flux resume helmrelease {} -n {}", &[&object.name, &object.namespace]))
    .look_for("SUSPENDED False.")
    .asks("Has somebody suspended it, and is the reason still true?")
    .by_for("resume", object)
}

/// Names what the chart comes from: the HelmChart that the controller made, or the reference.
fn chart_of(live: &LiveObject<'_>) -> Option<ObjectRef> {
    let made = live.text("/status/helmChart");
    if let Some((namespace, name)) = made.split_once('/') {
        return Some(ObjectRef::new("HelmChart", SOURCE, namespace, name));
    }
    let (kind, name) = (live.text("/spec/chartRef/kind"), live.text("/spec/chartRef/name"));
    let namespace = match live.text("/spec/chartRef/namespace") {
        "" => &live.object.namespace,
        namespace => namespace,
    };
    (!name.is_empty()).then(|| ObjectRef::new(kind, SOURCE, namespace, name))
}

fn chart(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let chart = chart_of(live);
    let verdict = match &chart {
        Some(chart) => ground.ready(chart),
        None => Err(WalkCheck::not_yet("no chart was made for it yet")),
    };
    let step = WalkStep::new(
        "See that its chart is there",
        "Without the chart in this very version nothing is installed or upgraded.",
        verdict,
    )
    .line(ground.graph.shell("flux get sources chart -A", &[]))
    .look_for("Ready True, and the version that you wrote.")
    .asks("Does its repository have the chart, in this version?");
    match &chart {
        Some(chart) => step.lines(ground.graph.reconcile(chart)).by_for("reconcile", chart),
        None => step,
    }
}

fn cause(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let object = live.object;
    // That it was given up is the next step's.
    let root = ground.root_of(object).filter(|root| root.cause != "release-retries-exhausted");
    let verdict = match root {
        Some(root) => Err(WalkCheck::not_yet(root.message.clone())),
        None if ground.graph.state(object) == State::Ready => Ok("helm's last action succeeded".to_owned()),
        None if is_stalled(live).is_some() => Ok("no other cause is seen any more".to_owned()),
        None => Err(WalkCheck::unknown("it is not ready, and no cause is seen yet")),
    };
    let release = format!("{}/{}", object.namespace, object.name);
    let mut step = WalkStep::new(
        "Mend the cause",
        "Another attempt with the same chart, values and cluster ends as the last one did.",
        verdict,
    )
    .line(ground.graph.shell("fluxdeck helm history {} --env {}", &[&release, &ground.graph.env]))
    .look_for("what helm said last, and the object that it waited for or could not make.")
    .asks("What did helm say the last time, and what did you change since?");
    if let Some(root) = root {
        step = step.lines(root.look_at.iter().take(2).cloned());
    }
    step.line(ground.graph.describe(object)).by_for("describe", object)
}

fn is_stalled<'a>(live: &LiveObject<'a>) -> Option<&'a str> {
    condition(live, "Stalled").filter(|(status, _)| *status == "True").map(|(_, told)| told)
}

fn retries(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let object = live.object;
    let verdict = match is_stalled(live) {
        Some(told) => Err(WalkCheck::not_yet(format!("helm-controller tries no more: {told}"))),
        None => Ok("it was not given up".to_owned()),
    };
    WalkStep::new(
        "Let it try again",
        "Once its retries are used up, helm-controller waits for a change of the chart, the values or the spec, or for its counts to be reset; a plain reconcile does not do it.",
        verdict,
    )
    .line(ground.graph.shell("flux reconcile helmrelease {} -n {} --reset", &[&object.name, &object.namespace]))
    .look_for("Stalled gone.")
    .asks("Does its status have the condition Stalled, and did you change anything that resets its counts?")
    .by_for("reconcile-reset", object)
}

fn end(ground: &WalkGround<'_>, object: &ObjectRef) -> WalkStep {
    let step = WalkStep::new(
        "See it become ready",
        "With its source, so that what was pushed is fetched first. helm waits for the objects of the release; what is not ready in time is a failure and a rollback.",
        ground.ready(object),
    )
    .line(ground.graph.shell(
        "flux reconcile helmrelease {} -n {} --with-source",
        &[&object.name, &object.namespace],
    ))
    .line(ground.graph.shell("fluxdeck tree {} --env {}", &[&object.to_string(), &ground.graph.env]))
    .look_for("Ready True, with the chart's version.")
    .asks("Is it Ready with the version that Git names, and are its pods?")
    .by_for("reconcile-with-source", object);
    let held = ground.roots.iter().find(|root| root.object == *object).map(|root| root.blocks.clone());
    match held.filter(|held| !held.is_empty()) {
        Some(held) => {
            let told = some_of(held.iter().map(ObjectRef::told), ", ");
            WalkStep { why: format!("{} It holds back {told}.", step.why), ..step }
        }
        None => step,
    }
}
