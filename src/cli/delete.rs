//! `fluxdeck delete`: deletes an object, and waits until it is gone; `--confirm` takes its name, or its protected
//! environment's.

use clap::Args;

use super::Call;
use super::operate::{operate, timeout};
use crate::commands;
use crate::model::Fault;
use crate::runtime::Session;

// Flags of `delete`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The object, as KIND/NAMESPACE/NAME
    object: String,
    /// How long to wait for the outcome, such as 90s or 5m
    #[arg(long, default_value = "5m", value_name = "DURATION")]
    timeout: String,
}

/// Deletes an object.
///
/// # Errors
/// Fails when the call is wrong, the guard refuses, or the cluster does.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    operate(
        call,
        &commands::DELETE,
        &arguments.object,
        vec![timeout(&arguments.timeout)?],
        Session::facts_with_repository,
    )
}
