//! `fluxdeck trace OBJECT`: the origin of an object, up to the commit.

use clap::Args;

use super::Call;
use super::operate::{named, only_environment};
use crate::lineage::trace;
use crate::model::Fault;
use crate::model::text::field;

// Flags of `trace`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The object, such as Pod/linkding/linkding-0
    object: String,
}

/// Prints the chain from the object to its source, one below the other.
///
/// # Errors
/// Fails when the call is wrong or the cluster cannot be queried.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let object = named(&arguments.object)?;
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let origin = trace(&*session.task_context().cluster(env)?, &object).await?;
        call.print(&origin, |origin| {
            let mut lines: Vec<String> = origin.chain.iter().map(|node| super::tree::line(node, 0)).collect();
            lines.extend(origin.revision.iter().map(|revision| format!("  {}", field(revision))));
            lines.join("\n")
        })?;
        Ok(0)
    })
}
