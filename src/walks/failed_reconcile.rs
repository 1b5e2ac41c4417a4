//! A reconcile that failed: from the source to the health of what was applied.

use super::Walk;
use super::ground::{WalkGround, said, some_of};
use super::step::{StepVerdict, WalkCheck, WalkStep};
use crate::doctor::LiveObject;
use crate::model::known::KUSTOMIZE;
use crate::model::{ObjectRef, Row, State};

pub(super) const WALK: Walk = Walk {
    id: "failed-reconcile",
    title: "A reconcile that failed",
    about: "A Kustomization is not Ready, and you want to know at which step it stopped.",
    kind: Some((KUSTOMIZE, "Kustomization")),
    steps,
};

/// The steps that a reconciliation goes, with the reasons of kustomize-controller 1.4 to 1.7 that end it there.
const BUILDS: &[&str] = &["BuildFailed", "ArtifactFailed", "PrerequisiteFailed"];
const APPLIES: &[&str] = &["ReconciliationFailed", "PruneFailed"];
const HEALTHY: &[&str] = &["HealthCheckFailed"];

fn steps(ground: &WalkGround<'_>) -> Vec<WalkStep> {
    let graph = ground.graph;
    let find = |told: StepVerdict| {
        WalkStep::new(
            "Find the one that fails by itself",
            "What only waits for another becomes ready with it: begin at the one that fails for a reason of its own.",
            told,
        )
        .line(graph.shell("flux get kustomizations -A --status-selector ready=false", &[]))
        .look_for("a message other than `dependency ... is not ready`.")
        .asks("Which Kustomization fails for a reason of its own?")
        .by("doctor")
    };
    let live = match subject(ground) {
        Ok(live) => live,
        Err(check) => return vec![find(Err(check))],
    };
    let object = live.object;
    let told = ground.about(object, ground.graph.state(object) == State::Ready, "no Kustomization fails");
    let mut steps = vec![find(Ok(told)), source(ground, &live), dependencies(ground, &live)];
    steps.push(
        stage(ground, &live, BUILDS, "Build it", "The controller looks up the path in the artifact, runs kustomize, opens secrets and puts variables in; any of these may fail.")
            .line(graph.describe(object))
            .look_for("which file, path or key the message names.")
            .asks("Does the path exist in the source, and is every file and key there that it needs?"),
    );
    steps.push(
        stage(ground, &live, APPLIES, "Apply it", "The API server judges each object by a dry run first: a missing CRD, a denied change or a field that cannot change stops all of it.")
            .line(graph.shell("kubectl get events -n {} --field-selector involvedObject.name={}", &[&object.namespace, &object.name]))
            .look_for("the object that the message names, and what the server says of it.")
            .asks("Which object does the API server refuse, and why?"),
    );
    let mut healthy = stage(ground, &live, HEALTHY, "See it become healthy", "With spec.wait or spec.healthChecks a Kustomization is Ready only once what it applied is: here the fault is in a workload, not in Flux.")
        .look_for("what the objects say that it waited for.")
        .asks("Which object did the controller wait for, and what does that object say?");
    if let Some(root) = ground.root_of(object) {
        healthy = healthy.lines(root.look_at.iter().take(2).cloned());
    }
    if healthy.lines.is_empty() {
        healthy = healthy.line(graph.shell("kubectl get events -A --field-selector type=Warning", &[]));
    }
    steps.push(healthy);
    steps.push(end(ground, object));
    steps
}

/// Finds the Kustomization: the one that was asked about, else one that fails for a reason of its own.
fn subject<'a>(ground: &WalkGround<'a>) -> Result<LiveObject<'a>, WalkCheck> {
    let all = ground.all(KUSTOMIZE, "Kustomization")?;
    if ground.asked.is_none() {
        let fails = |live: &&LiveObject<'a>| {
            ground.row(live.object).is_some_and(|row| row.state == State::Failed && !waits(row))
        };
        if let Some(found) = all.iter().find(fails) {
            return Ok(*found);
        }
    }
    match (ground.subject(KUSTOMIZE, "Kustomization"), ground.asked) {
        (Some(live), _) => Ok(live),
        (None, Some(asked)) => Err(WalkCheck::not_yet(format!("{} is not there", asked.told()))),
        (None, None) => Err(WalkCheck::not_yet("the cluster has no Kustomization")),
    }
}

fn reason(row: &Row) -> &str {
    row.flux.as_ref().map_or("", |flux| flux.reason.as_str())
}

fn waits(row: &Row) -> bool {
    reason(row) == "DependencyNotReady"
}

fn source(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let flux = ground.row(live.object).and_then(|row| row.flux.as_ref());
    let source = flux.and_then(|flux| flux.source.clone());
    let verdict = match &source {
        Some(source) => ground.ready(source),
        None => Err(WalkCheck::unknown("it names no source")),
    };
    let step = WalkStep::new(
        "Look at its source",
        "A Kustomization applies the last artifact of its source; an old one brings an old fault back.",
        verdict,
    )
    .look_for("Ready True, and the revision of the commit that you expect.")
    .asks("Is the source Ready, and is its revision the commit that you mean?");
    match &source {
        Some(source) => step.lines(ground.graph.reconcile(source)).by_for("reconcile", source),
        None => step.line(ground.graph.shell("flux get sources all -A", &[])),
    }
}

fn dependencies(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let flux = ground.row(live.object).and_then(|row| row.flux.as_ref());
    let on: Vec<ObjectRef> = flux.map(|flux| flux.depends_on.clone()).unwrap_or_default();
    let open: Vec<String> = on
        .iter()
        .filter(|one| ground.graph.state(one) != State::Ready)
        .map(|one| {
            let said = ground.row(one).map(said).unwrap_or_default();
            format!("{} is {}{said}", one.told(), ground.graph.state(one).word())
        })
        .collect();
    let verdict = match (on.is_empty(), open.is_empty()) {
        (true, _) => Ok("it depends on nothing".to_owned()),
        (false, true) => Ok(format!("{} is ready", some_of(on.iter().map(ObjectRef::told), ", "))),
        (false, false) => Err(WalkCheck::not_yet(some_of(open, "; "))),
    };
    let object = live.object;
    WalkStep::new(
        "Look at what it waits for",
        "It does not begin before every Kustomization of spec.dependsOn is Ready.",
        verdict,
    )
    .line(ground.graph.shell(
        "kubectl get kustomization {} -n {} -o jsonpath='{.spec.dependsOn}'",
        &[&object.name, &object.namespace],
    ))
    .line(ground.graph.shell("flux get kustomizations -n {}", &[&object.namespace]))
    .look_for("Ready True for each of them.")
    .asks("Is each Kustomization that it depends on Ready?")
    .by("order")
}

/// Says whether a reconciliation came past a step: it did not where it ended there, nor where it ended before.
fn stage(ground: &WalkGround<'_>, live: &LiveObject<'_>, ends: &[&str], title: &str, why: &str) -> WalkStep {
    let order = [BUILDS, APPLIES, HEALTHY];
    let verdict = match ground.row(live.object) {
        None => Err(WalkCheck::unknown("nothing is known of it yet")),
        Some(row) if row.state == State::Ready => Ok("it came past this step".to_owned()),
        Some(row) if waits(row) => Err(WalkCheck::unknown("it waits, and did not come so far")),
        Some(row) if ends.contains(&reason(row)) => {
            Err(WalkCheck::not_yet(format!("it ended here, {}{}", reason(row), said(row))))
        }
        Some(row) => {
            let at = |reasons: &[&str]| order.iter().position(|one| *one == reasons);
            let ended = order.iter().position(|one| one.contains(&reason(row)));
            match (ended, at(ends)) {
                (Some(ended), Some(own)) if ended > own => Ok("it came past this step".to_owned()),
                (Some(_), _) => Err(WalkCheck::unknown("it did not come so far")),
                (None, _) => Err(WalkCheck::unknown(format!("it is {}{}", row.state.word(), said(row)))),
            }
        }
    };
    WalkStep::new(title, why, verdict)
}

fn end(ground: &WalkGround<'_>, object: &ObjectRef) -> WalkStep {
    let root = ground.root_of(object);
    let mut verdict = ground.ready(object);
    if let (Err(WalkCheck::NotYet(told)), Some(root)) = (&mut verdict, root) {
        *told = format!("{told}. The root cause: {}", root.message);
    }
    let step = WalkStep::new(
        "Mend the cause, push, and reconcile",
        "The mend belongs into Git; with its source, so that the pushed commit is fetched first.",
        verdict,
    );
    let fixes = root.into_iter().flat_map(|root| &root.fix).map(|fix| fix.shell.clone());
    step.lines(fixes.take(2))
        .line(
            ground
                .graph
                .shell("flux reconcile kustomization {} -n {} --with-source", &[&object.name, &object.namespace]),
        )
        .look_for("Ready True, at the revision of your commit.")
        .asks("Is it Ready, and is the applied revision that of your mend?")
        .by_for("reconcile-with-source", object)
}
