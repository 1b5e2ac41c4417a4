//! Runs a CronJob now, such as Renovate after a change of its rules.

use super::object::is_cron_job;
use super::verb::{lesson, operate, timeout};
use crate::app::{Ask, Command, KeyScope, Risk};
use crate::cluster::verbs::RunNow;
use crate::model::{Lesson, ShellLine};

/// Creates a Job from the selected CronJob.
pub static COMMAND: Command = Command {
    id: "run-now",
    title: "Run now",
    keys: &["b"],
    scope: KeyScope::Object(is_cron_job),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, "Run", RunNow { timeout: timeout(ask) }, &teach(ask).shell),
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let lines = ask.objects().map(|(env, object)| {
        let (name, namespace, context) = (&object.name, &object.namespace, ask.context(env));
        ShellLine::new(
            "kubectl create job {}-$(date +%s) --from={} -n {} --context {}",
            &[name, &format!("cronjob/{name}"), namespace, context],
        )
    });
    lesson(
        ShellLine::join(lines, "\n"),
        "The Job is the CronJob's own and counts in its history; the schedule goes on as before.",
        "the log of its pod, and Complete among the Job's conditions.",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_create/kubectl_create_job/",
    )
}
