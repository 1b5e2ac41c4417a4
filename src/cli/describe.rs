//! `fluxdeck describe OBJECT`: what `kubectl describe` tells of it, values of a Secret masked.

use clap::Args;

use super::Call;
use super::operate::{named, only_environment};
use crate::cluster::EventScope;
use crate::describe::describe;
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
/// Fails when the call is wrong, the cluster cannot be asked, or there is no such object.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let mut object = named(&arguments.object)?;
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let cluster = session.task_context().cluster(env)?;
        // The group is found by asking: a form of its own, and the right events, rest on it.
        object.group = cluster.resource(&object.group, &object.kind).await?.group;
        let events = EventScope::Object(object.clone());
        let (read, events) = tokio::join!(cluster.detail(&object), cluster.events(&events));
        let read = read?.ok_or_else(|| {
            let why = format!("{} has none", cluster.name);
            Fault::failed(format!("cannot describe {object}"), why, "`fluxdeck get KIND` lists what there is")
        })?;
        let events = events?;
        call.print(&read.value, |value| describe(&object, value, &events, cluster.server_now(&session.clock)))?;
        Ok(0)
    })
}
