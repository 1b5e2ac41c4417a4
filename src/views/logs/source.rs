//! What is followed: the log of a pod, or that of the controller behind a Flux object.

use crate::app::Target;
use crate::cluster::controller_log;
use crate::model::log::LogTarget;
use crate::model::{Env, ObjectRef};

/// Where Flux installs its controllers unless it is told otherwise.
pub const FLUX_NAMESPACE: &str = "flux-system";

/// How many lines of a pod from before now are read first: a few screens more than anybody reads.
const POD_TAIL: u32 = 1000;

/// How many lines of a controller are read first; most of them speak of other objects.
const CONTROLLER_TAIL: u32 = 5000;

/// Names a log to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The environment.
    pub env: Env,
    /// What the log was opened for.
    pub object: ObjectRef,
    /// What is followed.
    pub target: LogTarget,
}

impl Source {
    /// Finds the log of an object; `None` where none can be named.
    pub fn of(env: Env, object: &ObjectRef) -> Option<Self> {
        let target = if object.kind == "Pod" {
            LogTarget::Pod { namespace: object.namespace.clone(), name: object.name.clone(), container: None }
        } else {
            controller_log::target_of(object, FLUX_NAMESPACE)?
        };
        Some(Self { env, object: object.clone(), target })
    }

    /// Tells whether an object has a log.
    pub fn is_of(object: &ObjectRef) -> bool {
        object.kind == "Pod" || controller_log::controller_of(&object.kind).is_some()
    }

    /// Returns the object that the lines are filtered to: none where the log is the object's own.
    pub fn speaks_of(&self) -> Option<&ObjectRef> {
        matches!(self.target, LogTarget::Selector { .. }).then_some(&self.object)
    }

    /// Returns how many lines from before now are read first.
    pub fn tail(&self) -> u32 {
        if self.speaks_of().is_some() { CONTROLLER_TAIL } else { POD_TAIL }
    }

    /// Returns the name of what writes the log: the pod, or the controller.
    pub fn writer(&self) -> String {
        match controller_log::controller_of(&self.object.kind) {
            Some(controller) => controller.to_owned(),
            None => format!("{}/{}", self.object.namespace, self.object.name),
        }
    }

    /// Returns what commands act on.
    pub fn as_target(&self) -> Target {
        Target::Object(self.env, self.object.clone())
    }
}
