//! Reconcile: requests a reconciliation, and reports the true outcome as soon as it is known.

use std::time::Duration;

use futures::future::BoxFuture;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{Live, REQUESTED_AT, Target, Verb, VerbCall, source, wait};
use crate::model::{Clock, Fault, ObjectRef, Outcome, StepState};

/// Forces a Helm upgrade once; must equal the request's token.
pub(super) const FORCE_AT: &str = "reconcile.fluxcd.io/forceAt";
/// Resets the failure counts of a HelmRelease once; must equal the request's token.
pub(super) const RESET_AT: &str = "reconcile.fluxcd.io/resetAt";

/// Requests a reconciliation of its controller.
#[derive(Debug, Clone)]
pub struct Reconcile {
    /// Whether to reconcile the source first, as `--with-source` does.
    pub with_source: bool,
    /// Whether to force a Helm upgrade, as `--force` does.
    pub force: bool,
    /// Whether to reset a HelmRelease's failure counts, as `--reset` does.
    pub reset: bool,
    /// Whether to return after the request, without waiting for the outcome.
    pub no_wait: bool,
    /// The longest wait for the outcome.
    pub timeout: Duration,
}

impl Verb for Reconcile {
    fn run<'a, 'c: 'a>(
        &'a self,
        call: &'a mut VerbCall<'c>,
        object: &'a ObjectRef,
    ) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(run(call, object, self))
    }
}

impl Reconcile {
    /// Returns the further annotations for a HelmRelease.
    fn marks(&self) -> impl Iterator<Item = &'static str> {
        [(self.force, FORCE_AT), (self.reset, RESET_AT)].into_iter().filter_map(|(wanted, name)| wanted.then_some(name))
    }
}

async fn run(call: &mut VerbCall<'_>, object: &ObjectRef, asked: &Reconcile) -> Result<Outcome, Fault> {
    let target = call.target(object).await?;
    let live = call.read(&target, "reconcile").await?;
    refuse_suspended(call, object, &live)?;
    if asked.with_source {
        for upstream in source::chain(call, &target, &live).await? {
            let ended = reconcile_upstream(call, &upstream, asked, "source").await?;
            if !ended.is_done() {
                return Ok(named(&upstream.object, ended));
            }
        }
    }
    one_read(call, &target, &live, asked, "reconcile").await
}

/// Reconciles one source of the object.
async fn reconcile_upstream(
    call: &mut VerbCall<'_>,
    target: &Target,
    asked: &Reconcile,
    step: &str,
) -> Result<Outcome, Fault> {
    let live = call.read(target, "reconcile").await?;
    refuse_suspended(call, &target.object, &live)?;
    one_read(call, target, &live, asked, step).await
}

async fn one_read(
    call: &mut VerbCall<'_>,
    target: &Target,
    before: &Live,
    asked: &Reconcile,
    step: &str,
) -> Result<Outcome, Fault> {
    let object = &target.object;
    if let Some(done) = without_a_run(object, before) {
        call.step(step, StepState::Done, format!("{object} has no run of its own"));
        return Ok(done);
    }
    let token = token(call.clock, before);
    let mut annotations = Map::new();
    annotations.insert(REQUESTED_AT.to_owned(), token.clone().into());
    if object.kind == "HelmRelease" {
        annotations.extend(asked.marks().map(|name| (name.to_owned(), token.clone().into())));
    }
    let request = if step == "reconcile" { "request" } else { step };
    call.step(request, StepState::Running, format!("asking for {object}"));
    let live: Live =
        call.patch(target, "reconcile", &json!({"metadata": {"annotations": Value::Object(annotations)}})).await?;
    call.step(request, StepState::Done, format!("asked for {object}"));
    if asked.no_wait {
        return Ok(Outcome::Done(format!("asked for {object}; not waiting")));
    }
    if before.is_running() {
        call.step(step, StepState::Running, "queued: a run is under way, ours comes after it");
    }
    Ok(wait::until_handled(call, target, &live, &token, step, asked.timeout).await)
}

/// Builds the token of a request: the time with nanoseconds, and never one of the object's earlier tokens, or an older
/// run would pass for this one.
pub(super) fn token(clock: &Clock, live: &Live) -> String {
    let mut at = clock.now();
    loop {
        let token = at.to_string();
        let asked = live.metadata.annotations.get(REQUESTED_AT);
        if live.status.last_handled_reconcile_at != token && asked != Some(&token) {
            return token;
        }
        at = at.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(at);
    }
}

/// Ends at once for objects without a run: an OCI HelmRepository only holds an address; alerts and providers have no
/// status.
pub(super) fn without_a_run(object: &ObjectRef, live: &Live) -> Option<Outcome> {
    match object.kind.as_str() {
        "HelmRepository" if live.spec.kind == "oci" => {
            Some(Outcome::Done(format!("{object} is an OCI address: there is nothing to fetch")))
        }
        "Alert" | "Provider" => Some(Outcome::Done(format!("{object} takes effect at once: it has no run"))),
        _ => None,
    }
}

/// Refuses a suspended object and reports who suspended it: its controller would ignore the request silently.
fn refuse_suspended(call: &VerbCall<'_>, object: &ObjectRef, live: &Live) -> Result<(), Fault> {
    if !live.spec.suspend {
        return Ok(());
    }
    let held = live.suspension();
    let part = |word: &str, value: Option<String>| value.map(|value| format!("{word}{value}")).unwrap_or_default();
    let why = format!(
        "it is suspended{}{}{}{}",
        part(" by ", held.by),
        part(" since ", held.since.map(|since| since.to_string())),
        part(" until ", held.until),
        part(": ", held.reason),
    );
    Err(Fault::failed(
        format!("cannot reconcile {object} in {}", call.cluster.name),
        why,
        format!("resume it first: fluxdeck resume {object}"),
    ))
}

/// Adds the source's name to an outcome that is not the object's own.
fn named(source: &ObjectRef, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::WillRetry { next, message } => Outcome::WillRetry { next, message: format!("{source}: {message}") },
        other => other,
    }
}
