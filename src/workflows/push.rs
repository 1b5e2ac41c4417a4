//! Pushes, then follows the commit through every environment: fetched by its source, applied by each Kustomization in
//! order, healthy.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;

use super::git::change;
use super::reconcile::in_turn;
use crate::app::operation::{NO_LONGER_WAITED_FOR, StepSender, outcome_line};
use crate::app::{Operation, Permit, TaskContext};
use crate::cluster::verbs::Reconcile;
use crate::cluster::{Cluster, verbs};
use crate::kinds;
use crate::model::revision::hash;
use crate::model::{Env, Fault, ObjectRef, Outcome, ShellLine, Step, StepState};
use crate::repo::git::{Destination, GitChange};

/// The followers of the branch in one environment: its sources, then its Kustomizations in the order in which they are
/// applied.
pub struct Follower {
    /// The environment.
    pub env: Env,
    /// Its name.
    pub name: String,
    /// Its sources that follow the branch.
    pub sources: Vec<ObjectRef>,
    /// Its Kustomizations in the order in which they are applied.
    pub kustomizations: Vec<ObjectRef>,
}

/// Builds the operation that pushes, and makes each follower take the commit.
pub fn operation(
    root: PathBuf,
    to: Destination,
    followers: Vec<Follower>,
    wait: Duration,
    shell: ShellLine,
    permit: Permit,
) -> Operation {
    let branch = to.branch().to_owned();
    let envs: Vec<Env> = followers.iter().map(|one| one.env).collect();
    Operation {
        title: format!("Push {branch}"),
        env: if let [only] = envs.as_slice() { Some(*only) } else { None },
        object: format!("branch {branch}"),
        shell,
        stopped: NO_LONGER_WAITED_FOR,
        permit,
        work: Box::new(move |task_context, steps| {
            Box::pin(async move {
                let report = Report(Arc::new(Mutex::new(steps)), task_context.clone(), permit);
                report.say("push", StepState::Running, "pushing");
                let commit = to.commit.clone();
                if let Err(fault) = change(&task_context, &root, GitChange::Push(to), permit).await {
                    report.say("push", StepState::Failed, &format!("{}; {}", fault.cause(), fault.todo));
                    return Outcome::Failed(fault);
                }
                let short = crate::model::revision::short(&commit).to_owned();
                report.say("push", StepState::Done, &format!("{branch} is at {short}"));
                let names: Vec<String> = followers.iter().map(|one| one.name.clone()).collect();
                let outcomes = join_all(followers.into_iter().map(|one| follow(one, &commit, &report, wait))).await;
                match outcomes.into_iter().find(|outcome| !outcome.is_done()) {
                    Some(outcome) => outcome,
                    None if names.is_empty() => {
                        Outcome::Done(format!("{short} is pushed; no environment follows {branch}"))
                    }
                    None => Outcome::Done(format!("{short} is applied in {}", names.join(" and "))),
                }
            })
        }),
    }
}

/// Merges the steps of several environments into one list.
#[derive(Clone)]
struct Report(Arc<Mutex<StepSender>>, TaskContext, Permit);

impl Report {
    fn say(&self, step: &str, state: StepState, message: &str) {
        self.send(Step { at: self.1.clock.now(), step: step.to_owned(), state, message: message.to_owned() });
    }

    fn send(&self, step: Step) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))(step);
    }
}

/// Follows a commit through one environment, as far as it gets.
async fn follow(one: Follower, commit: &str, report: &Report, wait: Duration) -> Outcome {
    let cluster = match report.1.cluster(one.env) {
        Ok(cluster) => cluster,
        Err(fault) => {
            report.say(&one.name, StepState::Failed, &fault.why);
            return Outcome::Failed(fault);
        }
    };
    let missing = |why: &str| {
        report.say(&one.name, StepState::Failed, why);
        Outcome::Failed(Fault::failed(
            format!("{} is not followed", one.name),
            why.to_owned(),
            "the commit is pushed: Flux takes it at its next interval",
        ))
    };
    if one.sources.is_empty() {
        return missing("no GitRepository that follows the branch is known there");
    }
    let mut failed = None;
    for object in &one.sources {
        let outcome = take(&one, &cluster, object, commit, report, wait).await;
        if !outcome.is_done() {
            return outcome;
        }
    }
    // A suspended or failed one delays only its dependants, and they report that themselves.
    for object in &one.kustomizations {
        let outcome = take(&one, &cluster, object, commit, report, wait).await;
        if !outcome.is_done() {
            failed.get_or_insert(outcome);
        }
    }
    failed.unwrap_or_else(|| Outcome::Done(format!("applied in {}", one.name)))
}

/// Makes one object take a commit, and checks whether it did.
async fn take(
    one: &Follower,
    cluster: &Cluster,
    object: &ObjectRef,
    commit: &str,
    report: &Report,
    wait: Duration,
) -> Outcome {
    let verb = Reconcile { with_source: false, force: false, reset: false, no_wait: false, timeout: wait };
    let name = format!("{}: {}", one.name, object.short());
    let mut steps = |step: Step| report.send(Step { step: name.clone(), ..step });
    let outcome = in_turn(cluster, &verb, object, &report.1.clock, &mut steps, wait, &report.2).await;
    if !outcome.is_done() {
        report.say(&name, StepState::Failed, &outcome_line(&outcome));
        return match outcome {
            Outcome::WillRetry { next, message } => Outcome::WillRetry { next, message: format!("{name}: {message}") },
            other => other,
        };
    }
    let revision = verbs::revision(cluster, object).await.unwrap_or_default();
    if hash(&revision) == commit {
        return outcome;
    }
    let has = if revision.is_empty() { "nothing".to_owned() } else { kinds::short_revision(&revision) };
    let why = format!("{} has {has}, not the commit that was pushed", object.short());
    report.say(&name, StepState::Failed, &why);
    Outcome::Failed(Fault::failed(
        format!("{} did not take the commit", one.name),
        why,
        "does it fetch this branch of this repository? `git remote -v`, and spec.url and spec.ref of the GitRepository",
    ))
}
