//! Finds the owners of a confirmation's objects, to name them before a write.

use crate::app::command::CommandTarget;
use crate::app::facts::Facts;
use crate::app::task::{Task, TaskContext};
use crate::cluster::verbs::owner;
use crate::model::{Env, ObjectRef};

/// The most objects that are queried; the confirmation names no more.
const MOST: usize = 8;

/// Names an object and the Flux object that applied it.
#[derive(Debug)]
pub(super) struct Owned {
    env: Env,
    object: ObjectRef,
    by: ObjectRef,
}

impl Owned {
    /// Names the owner, and the effect of its next reconcile on the result of a command.
    pub(super) fn line(&self, facts: &Facts, command: &str) -> String {
        let lasts = match command {
            // Its template gets an annotation, under a field manager whose fields Flux leaves alone.
            "restart" => {
                Some("the restart stays: its next reconcile leaves the annotation, unless the manifests set it")
            }
            "run-now" => Some("the Job is not one of its objects: its next reconcile leaves it alone"),
            "exec" | "exec-command" | "port-forward" => {
                Some("the object stays as it is, and so its next reconcile changes nothing")
            }
            _ => None,
        };
        if let Some(lasts) = lasts {
            return format!("{}: {lasts}", self.by);
        }
        let env = facts.name(self.env);
        let file = facts.repository.as_ref().and_then(|repository| {
            let of = |object| repository.files_of(env, object).first().map(|file| (*file).to_owned());
            of(&self.object).or_else(|| crate::kinds::HELM_RELEASE.is(&self.by).then(|| of(&self.by)).flatten())
        });
        let instead = file.map(|file| format!("; change {file} instead")).unwrap_or_default();
        format!("{}: its next reconcile undoes what the repository does not say{instead}", self.by)
    }
}

/// Builds the task that queries the clusters; `None` for Flux's own objects, as no reconcile undoes Flux's verbs.
pub(super) fn task(targets: &[CommandTarget]) -> Option<Task> {
    let objects: Vec<(Env, ObjectRef)> = targets
        .iter()
        .filter_map(|target| match target {
            CommandTarget::Object(env, object) => Some((*env, object.clone())),
            _ => None,
        })
        .filter(|(_, object)| !crate::kinds::kind_of(object).is_some_and(|kind| kind.flux))
        .take(MOST)
        .collect();
    (!objects.is_empty()).then(|| Task::once("find the owners", |task_context| find_owners(task_context, objects)))
}

async fn find_owners(task_context: TaskContext, objects: Vec<(Env, ObjectRef)>) -> Vec<Owned> {
    let mut owned = Vec::new();
    for (env, object) in objects {
        // The operation queries an unreachable cluster again, and reports the fault.
        let Ok(cluster) = task_context.cluster(env) else { continue };
        let Ok(Some(detail)) = cluster.detail(&object).await else { continue };
        if let Some(by) = owner::flux_owner(&detail.value) {
            owned.push(Owned { env, object, by });
        }
    }
    owned
}
