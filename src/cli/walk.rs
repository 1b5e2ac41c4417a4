//! `fluxdeck walk`: guided work on an environment, each step explained and checked, none done.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::operate::{named, only_environment};
use super::{Call, Output};
use crate::model::text::{field, message};
use crate::model::{Fault, FaultKind, without_keys};
use crate::walks::{self, Walk, WalkCheck, WalkProgress, WalkStep, WalkSubject};

// Flags of `walk`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The walk; without one they are listed
    name: Option<String>,
    /// The object that it is about, such as HelmRelease/monitoring/kube-prometheus-stack
    object: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    walk: &'static str,
    title: &'static str,
    about: &'static str,
    kind: Option<&'static str>,
}

impl Entry {
    fn new(walk: &Walk) -> Self {
        Self { walk: walk.id, title: walk.title, about: walk.about, kind: walk.kind.map(|(_, kind)| kind) }
    }
}

/// Lists the walks, or prints the steps of one with what is done; ends with 1 while a step is not done.
///
/// # Errors
/// Fails when there is no such walk, it cannot be about the object, or the environment has no cluster.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let Some(name) = &arguments.name else {
        let all: Vec<Entry> = walks::all().map(Entry::new).collect();
        let line = |one: &Entry| format!("{:<18}{}. {}\n", one.walk, one.title, one.about);
        return call.print(&all, |all| all.iter().map(line).collect()).map(|()| 0);
    };
    let walk = walks::named(name)?;
    let object = arguments.object.as_deref().map(named).transpose()?;
    if let Some(object) = object.as_ref().filter(|object| !walk.takes(object)) {
        let about = walk.kind.map_or("a whole environment", |(_, kind)| kind);
        let (why, todo) = (format!("it is about {about}"), "leave the object out, or name one of that kind");
        return Err(Fault::new(FaultKind::Usage, format!("{name} cannot be about {object}"), why, todo));
    }
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let repository = super::open::repository_of_any(&call.global).ok().map(Arc::new);
        let context = session.task_context();
        let cluster = context.cluster(env)?;
        let subject = WalkSubject { repository, object };
        let progress = walks::follow(walk, &cluster, session.facts().context(env), &context.clock, &subject).await?;
        call.print(&progress, |progress| text(walk, progress))?;
        if matches!(call.global.output, Output::Text) {
            for unread in &progress.unread {
                call.remark(&format!("not looked at: {}", message(&without_keys(unread))));
            }
        }
        Ok(u8::from(progress.next().is_some()))
    })
}

/// Writes the steps for people: those that are done in one line, the question of each other before its answer.
fn text(walk: &Walk, progress: &WalkProgress) -> String {
    let mut out = format!("{} in {}\n", walk.title, field(&progress.env));
    for (index, step) in progress.steps.iter().enumerate() {
        let number = index.saturating_add(1);
        out.extend([format!("\n{:<8}{number}. {}\n", step.check.word(), message(&step.title))]);
        match &step.check {
            WalkCheck::Done(told) => out.extend([format!("           {}\n", message(told))]),
            WalkCheck::NotYet(told) | WalkCheck::Unknown(told) => out += &open(step, told),
        }
    }
    out
}

fn open(step: &WalkStep, told: &str) -> String {
    let mut out = format!("           {}\n", message(&step.why));
    for line in step.lines.iter().flat_map(|line| line.as_str().lines()) {
        out.extend([format!("             {}\n", message(line))]);
    }
    out.extend([format!("           Look for: {}\n", message(&step.look_for))]);
    out.extend([format!("           {}\n", message(&step.question))]);
    out.extend([format!("           {}: {}\n", step.check.word(), message(&without_keys(told)))]);
    out
}
