//! Waits for the end of a requested run.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::observe::{Observer, follow};
use super::verdict::{self, Verdict};
use super::{Live, Target, VerbCall};
use crate::cluster::controller_log::controller_of;
use crate::model::{Fault, FaultKind, Outcome, StepState};

/// The longest wait for the start of a run before the user is told: a controller starts within a second, unless many
/// objects are queued before this one.
const SILENT: Duration = Duration::from_secs(5);

/// Waits for the end of the run with a token, or for the timeout; `live` is the answer to the request.
pub(super) async fn until_handled(
    call: &mut VerbCall<'_>,
    target: &Target,
    live: &Live,
    token: &str,
    step: &str,
    limit: Duration,
) -> Outcome {
    let began = Instant::now();
    let deadline = began + limit;
    let uid = &live.metadata.uid;
    let mut waiting = Waiting { target, uid, token, step, said: String::new(), handled: false, silent: None };
    let first = deadline.min(began + SILENT);
    let mut ended = timeout_at(first, follow(call, target, Some(live.clone()), &mut waiting)).await;
    if ended.is_err() && first < deadline {
        if !waiting.is_answered() {
            let why = silent(call, target).await;
            call.step(step, StepState::Running, format!("no answer for {} s: {why}", SILENT.as_secs()));
            waiting.silent = Some(why);
        }
        ended = timeout_at(deadline, follow(call, target, None, &mut waiting)).await;
    }
    let outcome = ended.unwrap_or_else(|_| Outcome::Failed(too_late(call, target, &waiting, limit)));
    let (state, message) = match &outcome {
        Outcome::Done(word) => (StepState::Done, word.clone()),
        Outcome::WillRetry { message, .. } => (StepState::Failed, message.clone()),
        Outcome::Failed(fault) => (StepState::Failed, fault.why.clone()),
        Outcome::Cancelled(_) => (StepState::Failed, "no longer waiting".to_owned()),
    };
    call.step(step, state, message);
    outcome
}

/// Judges an object after a request with a token.
struct Waiting<'a> {
    target: &'a Target,
    uid: &'a str,
    token: &'a str,
    step: &'a str,
    said: String,
    handled: bool,
    /// The likely reason of the controller's silence.
    silent: Option<String>,
}

impl Waiting<'_> {
    /// Tells whether the controller has reacted to the request.
    fn is_answered(&self) -> bool {
        self.handled || !self.said.is_empty()
    }
}

impl Observer for Waiting<'_> {
    type Object = Live;

    fn version(object: &Live) -> &str {
        &object.metadata.resource_version
    }

    fn see(&mut self, call: &mut VerbCall<'_>, object: Option<&Live>) -> Option<Outcome> {
        let Some(live) = object else { return Some(Outcome::Failed(gone(call, self.target, "was deleted"))) };
        if live.metadata.uid != self.uid {
            return Some(Outcome::Failed(gone(call, self.target, "was deleted and made anew")));
        }
        self.handled |= live.status.last_handled_reconcile_at == self.token;
        let now = call.cluster.server_now(call.clock);
        match verdict::judge(&call.cluster.name, &self.target.object, live, self.token, now) {
            Verdict::Over(outcome) => Some(outcome),
            Verdict::Pending(message) => {
                if live.is_running() {
                    self.say(call, verdict::short(&message));
                }
                None
            }
        }
    }

    /// Reports a running step, unless it repeats the last one.
    fn say(&mut self, call: &mut VerbCall<'_>, word: String) {
        if !word.is_empty() && self.said != word {
            call.step(self.step, StepState::Running, word.as_str());
            self.said = word;
        }
    }
}

/// Returns the likely reason of a controller's silence, by its Deployment.
async fn silent(call: &VerbCall<'_>, target: &Target) -> String {
    let Some(controller) = controller_of(&target.object) else { return "its controller may be down".to_owned() };
    match timeout(SILENT, call.cluster.flux_controllers()).await {
        Ok(Ok(found)) => health(controller, &found),
        // Without the right to list Deployments, the user gets the general reason.
        Ok(Err(_)) | Err(_) => format!("{controller} may be down, or busy with other objects"),
    }
}

fn health(controller: &str, controllers: &[Value]) -> String {
    let named = |object: &&Value| object.pointer("/metadata/name").and_then(Value::as_str) == Some(controller);
    let Some(found) = controllers.iter().find(named) else {
        return format!("no Deployment of Flux is called {controller}; does the cluster run it?");
    };
    let namespace = found.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
    let count = |path: &str, otherwise| found.pointer(path).and_then(Value::as_u64).unwrap_or(otherwise);
    let (wanted, ready) = (count("/spec/replicas", 1), count("/status/readyReplicas", 0));
    match (wanted, ready) {
        (0, _) => format!("Deployment/{namespace}/{controller} is scaled to 0"),
        (_, 0) => format!("Deployment/{namespace}/{controller} has no ready pod"),
        _ => format!("{controller} runs, and may be busy with other objects; its log says with what"),
    }
}

fn gone(call: &VerbCall<'_>, target: &Target, how: &str) -> Fault {
    Fault::failed(
        format!("stopped waiting for {} in {}", target.object, call.cluster.name),
        format!("it {how} while we waited"),
        "look at its owner: a Kustomization that prunes deletes what left the repository",
    )
}

fn too_late(call: &VerbCall<'_>, target: &Target, waiting: &Waiting<'_>, limit: Duration) -> Fault {
    let why = if !waiting.is_answered() {
        let why = waiting.silent.as_deref().unwrap_or("is it running?");
        format!("its controller has not answered the request; {why}")
    } else if waiting.said.is_empty() {
        "the run has not ended".to_owned()
    } else {
        format!("the run has not ended: {}", waiting.said)
    };
    Fault::new(
        FaultKind::Failed,
        format!("{} is not reconciled in {} after {} s", target.object, call.cluster.name, limit.as_secs()),
        why,
        "only the waiting ended: the controller goes on; wait longer, or look at its log",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::health;

    #[test]
    fn a_silent_controller_is_told_by_its_deployment() {
        let controller = |replicas: u64, ready: u64| {
            json!({
                "metadata": {"name": "helm-controller", "namespace": "flux-system"},
                "spec": {"replicas": replicas}, "status": {"readyReplicas": ready},
            })
        };
        let told = |found: &[_]| health("helm-controller", found);
        assert_eq!(told(&[controller(0, 0)]), "Deployment/flux-system/helm-controller is scaled to 0");
        assert_eq!(told(&[controller(1, 0)]), "Deployment/flux-system/helm-controller has no ready pod");
        assert!(told(&[controller(1, 1)]).contains("helm-controller runs"));
        assert!(told(&[]).contains("no Deployment of Flux is called helm-controller"));
    }
}
