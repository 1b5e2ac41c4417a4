//! `fluxdeck describe OBJECT`: the output of `kubectl describe`, with the values of a Secret masked.

use clap::Args;

use super::Call;
use super::operate::{named, only_environment};
use crate::cluster::EventScope;
use crate::describe::{DescribedWith, describe};
use crate::model::Fault;

// Flags of `describe`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The object, such as Pod/linkding/linkding-0 or Node//board-1
    object: String,
}

/// Describes an object: as text, or the object itself as JSON.
///
/// # Errors
/// Fails when the call is wrong, the cluster cannot be queried, or the object does not exist.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let mut object = named(&arguments.object)?;
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let cluster = session.task_context().cluster(env)?;
        // The server completes the group, which decides the kind's format and its events.
        object.group = cluster.resource(&object.group, &object.kind).await?.group;
        let events = EventScope::Object(object.clone());
        let (read, events) = tokio::join!(cluster.detail(&object), cluster.events(&events));
        let read = read?.ok_or_else(|| {
            let why = format!("{} has none", cluster.name);
            Fault::failed(format!("cannot describe {object}"), why, "`fluxdeck get KIND` lists what there is")
        })?;
        let events = events?;
        let pods = if crate::kinds::NODE.is(&object) { cluster.pods_on(&object.name).await.ok() } else { None };
        let with = DescribedWith { events: &events, pods: pods.as_deref() };
        call.print(&read.value, |value| describe(&object, value, with, cluster.server_now(&session.clock)))?;
        Ok(0)
    })
}
