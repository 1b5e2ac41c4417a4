//! `fluxdeck pods`: the pods of all namespaces, or of one.

use clap::Args;

use super::Call;
use crate::model::Fault;

// Flags of `pods`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this namespace
    #[arg(long, short = 'n')]
    namespace: Option<String>,
}

/// Lists pods.
///
/// # Errors
/// Fails when the call is wrong or the cluster cannot be queried.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    super::get::list("pods", arguments.namespace.as_deref(), call)
}
