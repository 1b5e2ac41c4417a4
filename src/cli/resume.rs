//! `fluxdeck resume`: resumes the reconciliation of an object, and waits for the outcome.

use clap::Args;

use super::Call;
use super::operate::{operate, timeout};
use crate::commands;
use crate::model::Fault;
use crate::runtime::Session;

// Flags of `resume`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The object, as KIND/NAMESPACE/NAME
    object: String,
    /// How long to wait for the outcome, such as 90s or 5m
    #[arg(long, default_value = "5m", value_name = "DURATION")]
    timeout: String,
}

/// Resumes an object.
///
/// # Errors
/// Fails when the call is wrong, the guard refuses, or the cluster does.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    operate(call, &commands::RESUME, &arguments.object, vec![timeout(&arguments.timeout)?], Session::facts)
}
