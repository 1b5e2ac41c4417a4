//! `fluxdeck suspend`: stops the reconciliation of an object, with a reason.

use clap::Args;

use super::Call;
use super::operate::operate;
use crate::commands;
use crate::model::Fault;
use crate::runtime::Session;

// Flags of `suspend`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The object, as KIND/NAMESPACE/NAME
    object: String,
    /// Why; whoever finds it suspended will read this
    #[arg(long)]
    reason: String,
    /// Until when: 2h, "tomorrow 9:00", 2026-01-31 or a time in RFC 3339
    #[arg(long)]
    until: Option<String>,
}

/// Suspends an object.
///
/// # Errors
/// Fails when the call is wrong, the guard refuses, or the cluster does.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let mut answers = vec![("reason".to_owned(), arguments.reason)];
    answers.push(("until".to_owned(), arguments.until.unwrap_or_default()));
    operate(call, &commands::SUSPEND, &arguments.object, answers, Session::facts_with_repository)
}
