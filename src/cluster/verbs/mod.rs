//! Verbs: what an operator does to an object. One file per verb and one line in `verbs!`; the waiting and the judging that they share stand beside them.
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

/// Declares the verbs, one file each with the struct that it holds. `cargo fmt` does not look into a macro: `.ci/format` does.
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

/// The annotation that says why an object is suspended.
pub const REASON: &str = "fluxdeck.dev/suspend-reason";
/// The annotation that says who suspended it.
pub const BY: &str = "fluxdeck.dev/suspend-by";
/// The annotation that says until when, RFC 3339; nothing resumes by itself.
pub const UNTIL: &str = "fluxdeck.dev/suspend-until";
/// The annotation by which Flux is asked to look now.
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// Does one thing to an object. Each verb is a struct in a file of its own, whose fields are what was asked for.
pub trait Verb: std::fmt::Debug + Send + Sync {
    /// Does it, reports its steps, and returns how it ended, as soon as that is known.
    fn run<'a, 'c: 'a>(
        &'a self,
        call: &'a mut VerbCall<'c>,
        object: &'a ObjectRef,
    ) -> BoxFuture<'a, Result<Outcome, Fault>>;

    /// Says what it means to stop it, where that is more than to wait no longer.
    fn stopped(&self) -> Option<&'static str> {
        None
    }
}

/// Does a verb to an object, reports its steps, and returns how it ended, as soon as that is known.
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

/// Reads the revision that an object has: what a source has fetched, what a Kustomization has applied; empty before the first.
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

/// Holds what every verb needs while it runs.
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

    /// Reads an object of any kind as the server has it.
    async fn whole(&self, target: &Target, verb: &str) -> Result<Value, Fault> {
        request::get(self.cluster, &target.address)
            .await
            .map_err(|error| error.fault(&self.cluster.name, &format!("{verb} {}", target.object)))
    }

    /// Reads an object before anything is done to it; one that is being deleted is refused.
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

    /// Patches an object; a conflict with another writer is tried again, because a merge patch has no stake in what the other wrote.
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
