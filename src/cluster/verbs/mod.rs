//! Verbs: actions of the user on an object. One file per verb and one line in `verbs!`; the shared waiting and judging
//! is beside them.
//!
//! Every verb is one future. Dropping it ends our waiting, never the controller's work.

mod live;
mod observe;
pub(crate) mod owner;
mod rollout;
mod source;
mod verdict;
mod wait;

use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::address::Address;
use super::{Cluster, Resource, request};
use crate::kinds;
use crate::model::{Clock, Fault, FaultKind, ObjectRef, Outcome, Permit, Step, StepState};
pub(crate) use live::Live;
pub use suspend::ObjectManifest;

/// Declares the verbs, one file each with its struct. `cargo fmt` does not format a macro; `.ci/format` does.
macro_rules! verbs {
    ($($module:ident::$verb:ident,)+) => {
        $(
            mod $module;
            pub use $module::$verb;
        )+
    };
}

verbs! {
    delete::Delete,
    forward::Forward,
    reconcile::Reconcile,
    restart::Restart,
    resume::Resume,
    run_now::RunNow,
    suspend::Suspend,
}

/// The annotation with the reason of a suspension.
pub const REASON: &str = "fluxdeck.dev/suspend-reason";
/// The annotation with the user who suspended the object.
pub const BY: &str = "fluxdeck.dev/suspend-by";
/// The annotation with the end of a suspension, RFC 3339; nothing resumes by itself.
pub const UNTIL: &str = "fluxdeck.dev/suspend-until";
/// The annotation that requests a reconciliation.
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// Acts on an object. Each verb is a struct in its own file, whose fields are the user's options.
pub trait Verb: std::fmt::Debug + Send + Sync {
    /// Runs the verb, reports its steps, and returns the outcome as soon as it is known.
    fn run<'a, 'c: 'a>(
        &'a self,
        call: &'a mut VerbCall<'c>,
        object: &'a ObjectRef,
    ) -> BoxFuture<'a, Result<Outcome, Fault>>;

    /// Returns the meaning of stopping the verb, where it is more than an end of the waiting.
    fn stopped(&self) -> Option<&'static str> {
        None
    }
}

/// Runs a verb on an object, reports its steps, and returns the outcome as soon as it is known.
pub async fn perform(
    cluster: &Cluster,
    verb: &dyn Verb,
    object: &ObjectRef,
    clock: &Clock,
    steps: &mut (dyn FnMut(Step) + Send + Sync),
    permit: &Permit,
) -> Outcome {
    let mut call = VerbCall { cluster, clock, steps, permit };
    let object = match cluster.resolved(object).await {
        Ok(object) => object,
        Err(fault) => return Outcome::Failed(fault),
    };
    verb.run(&mut call, &object).await.unwrap_or_else(Outcome::Failed)
}

/// Reads the revision of an object: the one that a source has fetched, or a Kustomization has applied; empty before the
/// first.
///
/// # Errors
/// Fails when the object cannot be read.
pub async fn revision(cluster: &Cluster, object: &ObjectRef) -> Result<String, Fault> {
    let object = cluster.resolved(object).await?;
    let resource = cluster.resource_of(&object).await?;
    let address = resource.object(&object.namespace, &object.name);
    let live: Live =
        request::get(cluster, &address).await.map_err(|error| error.fault(&cluster.name, &format!("read {object}")))?;
    let applied = live.status.last_applied_revision;
    Ok(if applied.is_empty() { live.status.artifact.revision } else { applied })
}

/// Holds the inputs of a running verb.
pub struct VerbCall<'a> {
    cluster: &'a Cluster,
    clock: &'a Clock,
    steps: &'a mut (dyn FnMut(Step) + Send + Sync),
    permit: &'a Permit,
}

/// Names an object together with its address.
struct Target {
    object: ObjectRef,
    resource: Resource,
    address: Address,
}

impl VerbCall<'_> {
    /// Reports a step.
    fn step(&mut self, step: &str, state: StepState, message: impl Into<String>) {
        (self.steps)(Step { at: self.clock.now(), step: step.to_owned(), state, message: message.into() });
    }

    /// Finds the address of an object.
    async fn target(&self, object: &ObjectRef) -> Result<Target, Fault> {
        if !kinds::kind_of(object).is_some_and(|kind| kind.flux) {
            return Err(Fault::new(
                FaultKind::Usage,
                format!("cannot reconcile, suspend or resume {object}"),
                "it is not a Flux kind",
                "name the Kustomization, HelmRelease or source that it comes from: fluxdeck trace finds it",
            ));
        }
        self.any(object).await
    }

    /// Finds the address of an object of any kind.
    async fn any(&self, object: &ObjectRef) -> Result<Target, Fault> {
        let resource = self.cluster.resource_of(object).await?;
        let address = resource.object(&object.namespace, &object.name);
        Ok(Target { object: object.clone(), resource, address })
    }

    /// Reads an object of any kind as the server sends it.
    async fn whole(&self, target: &Target, verb: &str) -> Result<Value, Fault> {
        request::get(self.cluster, &target.address)
            .await
            .map_err(|error| error.fault(&self.cluster.name, &format!("{verb} {}", target.object)))
    }

    /// Reads an object before a verb changes it; refuses one that is being deleted.
    async fn read(&self, target: &Target, verb: &str) -> Result<Live, Fault> {
        let tried = format!("{verb} {}", target.object);
        let live: Live = request::get(self.cluster, &target.address)
            .await
            .map_err(|error| error.fault(&self.cluster.name, &tried))?;
        if live.metadata.deletion_timestamp.is_some() {
            return Err(Fault::failed(
                format!("cannot {tried} in {}", self.cluster.name),
                "it is being deleted",
                "wait until it is gone; if it stays, look at its finalizers",
            ));
        }
        Ok(live)
    }

    /// Patches an object; retries after a conflict with another writer, because a merge patch does not depend on the
    /// other fields.
    async fn patch<T: DeserializeOwned>(&self, target: &Target, verb: &str, patch: &Value) -> Result<T, Fault> {
        const TRIES: usize = 3;
        let mut tries = 1;
        loop {
            match request::merge_patch(self.cluster, &target.address, patch, self.permit).await {
                Err(error) if error.code() == Some(409) && tries < TRIES => tries += 1,
                Err(error) => {
                    return Err(error.fault_of_write(&self.cluster.name, &format!("{verb} {}", target.object)));
                }
                Ok(live) => return Ok(live),
            }
        }
    }
}

#[cfg(test)]
mod tests;
