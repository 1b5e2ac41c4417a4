//! `fluxdeck forward`: makes a port of a pod reachable on this machine until Ctrl-C.

use clap::Args;

use super::Call;
use super::operate::operate;
use crate::commands;
use crate::model::Fault;
use crate::runtime::Session;

// Flags of `forward`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The pod, workload or Service, as KIND/NAMESPACE/NAME
    object: String,
    /// The ports, as LOCAL:PORT or PORT; the first of the pod or Service when left out
    #[arg(value_name = "PORTS", default_value = "")]
    ports: String,
}

/// Forwards until it is interrupted.
///
/// # Errors
/// Fails when the call is wrong, the guard refuses, the cluster does, or the port is taken.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    operate(call, &commands::FORWARD, &arguments.object, vec![("ports".to_owned(), arguments.ports)], Session::facts)
}
