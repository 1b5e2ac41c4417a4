//! The shared parts of the commands for Kubernetes objects.

use crate::app::Ask;
use crate::model::{Env, ObjectRef, ShellLine};

/// Tells whether an object is a workload with a rollout.
pub fn is_workload(object: &ObjectRef) -> bool {
    object.group == "apps" && matches!(object.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet")
}

/// Tells whether an object is a CronJob.
pub fn is_cron_job(object: &ObjectRef) -> bool {
    object.kind == "CronJob" && object.group == "batch"
}

/// Writes an object as kubectl's arguments, with its namespace and context:
/// `deployment.apps/web -n web --context staging`.
pub fn place(ask: &Ask<'_>, env: Env, object: &ObjectRef) -> ShellLine {
    let kind = object.kind.to_lowercase();
    let kind = if object.group.is_empty() { kind } else { format!("{kind}.{}", object.group) };
    ShellLine::new("{}", &[&format!("{kind}/{}", object.name)])
        .option(" -n {}", &object.namespace)
        .and_then(" --context {}", &[ask.context(env)])
}

/// Writes a line for each target.
pub fn line(ask: &Ask<'_>, verb: &'static str) -> ShellLine {
    let begin = || ShellLine::from("kubectl ").and_then(verb, &[]).and_then(" ", &[]);
    ShellLine::join(ask.objects().map(|(env, object)| begin().line(&place(ask, env, object))), "\n")
}
