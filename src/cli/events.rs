//! `fluxdeck events`: recent reports of controllers and the kubelet, about one object or about all.

use clap::Args;

use super::Call;
use super::call::columns;
use super::operate::{named, only_environment};
use crate::cluster::EventScope;
use crate::model::Fault;

// Flags of `events`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The object, such as Kustomization/flux-system/apps; without one, all events of the environment
    object: Option<String>,
}

/// Lists events, the newest last.
///
/// # Errors
/// Fails when the call is wrong, or the cluster cannot be queried.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let object = arguments.object.map(|text| named(&text)).transpose()?;
    let scope = object.map_or(EventScope::All, EventScope::Object);
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let events = session.task_context().cluster(env)?.events(&scope).await?;
        call.print(&events, |events| {
            let mut rows = vec![["AT", "TYPE", "REASON", "OBJECT", "COUNT", "MESSAGE"].map(str::to_owned).to_vec()];
            rows.extend(events.iter().map(|event| {
                vec![
                    event.at.map(|at| at.to_string()).unwrap_or_default(),
                    event.kind.clone(),
                    event.reason.clone(),
                    event.object.to_string(),
                    event.count.to_string(),
                    event.message.replace('\n', " "),
                ]
            }));
            columns(&rows)
        })?;
        Ok(0)
    })
}
