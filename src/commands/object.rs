//! What the commands share that act on objects whom Flux, or an operator, put into the cluster.

use crate::app::Ask;
use crate::model::{Env, ObjectRef};

/// Tells whether an object keeps pods that can be replaced step by step.
pub fn is_workload(object: &ObjectRef) -> bool {
    object.group == "apps" && matches!(object.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet")
}

/// Tells whether an object makes Jobs at set times.
pub fn is_cron_job(object: &ObjectRef) -> bool {
    object.kind == "CronJob" && object.group == "batch"
}

/// Writes an object as kubectl takes it, with its namespace and context: `deployment.apps/web -n web --context staging`.
pub fn place(ask: &Ask<'_>, env: Env, object: &ObjectRef) -> String {
    let kind = object.kind.to_lowercase();
    let kind = if object.group.is_empty() { kind } else { format!("{kind}.{}", object.group) };
    let namespace = if object.namespace.is_empty() { String::new() } else { format!(" -n {}", object.namespace) };
    format!("{kind}/{}{namespace} --context {}", object.name, ask.context(env))
}

/// Writes a line for each target.
pub fn line(ask: &Ask<'_>, verb: &str) -> String {
    let lines: Vec<String> =
        ask.objects().map(|(env, object)| format!("kubectl {verb} {}", place(ask, env, object))).collect();
    lines.join("\n")
}

/// Names the file of the repository that says what the first target is, where there is one.
pub fn file(ask: &Ask<'_>) -> Option<String> {
    let (env, object) = ask.object()?;
    let files = ask.facts.repository.as_ref()?.files_of(ask.facts.name(env), object);
    files.first().map(|file| (*file).to_owned())
}
