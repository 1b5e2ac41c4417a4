//! The source of a followed log: a pod, or the controller behind a Flux object.

use super::is_workload;
use crate::cluster::{Cluster, controller_log};
use crate::model::log::LogTarget;
use crate::model::{Env, Fault, ObjectRef};

/// The default namespace of Flux's controllers.
pub const FLUX_NAMESPACE: &str = "flux-system";

/// The number of lines of a pod from before now that are read first: a few screens more than a user reads.
const POD_TAIL: u32 = 1000;

/// The number of lines of a controller that are read first; most of them are about other objects.
const CONTROLLER_TAIL: u32 = 5000;

/// Names a log to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// The environment.
    pub env: Env,
    /// The object that the log was opened for.
    pub object: ObjectRef,
    /// The target.
    pub target: LogTarget,
}

fn is_pod(object: &ObjectRef) -> bool {
    object.kind == "Pod" && object.group.is_empty()
}

impl LogSource {
    /// Finds the log of an object; `None` where it has none.
    pub fn for_object(env: Env, object: &ObjectRef) -> Option<Self> {
        let target = if is_workload(object) {
            // The selector is the workload's own, which is read when the log is opened.
            let namespace = object.namespace.clone();
            LogTarget::Selector { namespace, selector: String::new(), container: None }
        } else if is_pod(object) {
            LogTarget::Pod { namespace: object.namespace.clone(), name: object.name.clone(), container: None }
        } else {
            controller_log::target_of(object, FLUX_NAMESPACE)?
        };
        Some(Self { env, object: object.clone(), target })
    }

    /// Tells whether an object has a log.
    pub fn is_of(object: &ObjectRef) -> bool {
        is_pod(object) || is_workload(object) || controller_log::controller_of(object).is_some()
    }

    /// Returns the object by which the lines are filtered: `None` where the log is the object's own.
    pub fn speaks_of(&self) -> Option<&ObjectRef> {
        controller_log::controller_of(&self.object).is_some().then_some(&self.object)
    }

    /// Resolves the target with the cluster where needed: a workload's own selector, and the namespace of Flux.
    ///
    /// # Errors
    /// Fails when the cluster cannot be queried.
    pub async fn resolve(&self, cluster: &Cluster) -> Result<LogTarget, Fault> {
        match &self.target {
            LogTarget::Selector { container, .. } if is_workload(&self.object) => {
                cluster.pods_of(&self.object, container.clone()).await
            }
            LogTarget::Selector { namespace, selector, container } => {
                let namespace = cluster.namespace_of(namespace, selector).await?;
                Ok(LogTarget::Selector { namespace, selector: selector.clone(), container: container.clone() })
            }
            LogTarget::Pod { .. } => Ok(self.target.clone()),
        }
    }

    /// Returns the container that is read; `None` means the first.
    pub fn container(&self) -> Option<&str> {
        let (LogTarget::Pod { container, .. } | LogTarget::Selector { container, .. }) = &self.target;
        container.as_deref()
    }

    /// Selects another container.
    pub fn read_container(&mut self, name: String) {
        let (LogTarget::Pod { container, .. } | LogTarget::Selector { container, .. }) = &mut self.target;
        *container = Some(name);
    }

    /// Returns the number of lines from before now that are read first.
    pub fn tail(&self) -> u32 {
        if self.speaks_of().is_some() { CONTROLLER_TAIL } else { POD_TAIL }
    }

    /// Returns the name of the log's writer: the pod, or the controller.
    pub fn writer(&self) -> String {
        match controller_log::controller_of(&self.object) {
            Some(controller) => controller.to_owned(),
            None if is_workload(&self.object) => self.object.to_string(),
            None => format!("{}/{}", self.object.namespace, self.object.name),
        }
    }
}
