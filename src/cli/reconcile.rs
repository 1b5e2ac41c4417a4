//! `fluxdeck reconcile`: requests a reconciliation, and waits for the true outcome.

use clap::Args;

use super::Call;
use super::operate::operate;
use crate::commands;
use crate::model::{Fault, FaultKind};
use crate::runtime::Session;

// Flags of `reconcile`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The object, as KIND/NAMESPACE/NAME
    object: Option<String>,
    /// The whole environment: sources, then every Kustomization in deployment order
    #[arg(long, conflicts_with = "object")]
    all: bool,
    /// Reconcile its source first
    #[arg(long)]
    with_source: bool,
    /// Upgrade a HelmRelease once although nothing changed or its retries are exhausted
    #[arg(long)]
    force: bool,
    /// Reset a HelmRelease's failure counts
    #[arg(long)]
    reset: bool,
    /// Return once it was asked
    #[arg(long)]
    no_wait: bool,
    /// How long to wait for the outcome, such as 90s or 5m
    #[arg(long, default_value = "5m", value_name = "DURATION")]
    timeout: String,
}

/// Reconciles an object or an environment.
///
/// # Errors
/// Fails when the call is wrong, the guard refuses, the cluster cannot be reached, or the reconciliation failed for
/// good.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let timeout = super::operate::timeout(&arguments.timeout)?;
    let mut answers = vec![timeout];
    for (flag, set) in [
        ("with-source", arguments.with_source),
        ("force", arguments.force),
        ("reset", arguments.reset),
        ("no-wait", arguments.no_wait),
    ] {
        if set {
            answers.push((flag.to_owned(), "true".to_owned()));
        }
    }
    if arguments.all {
        return super::operate::operate_all(call, &commands::RECONCILE_ALL, answers);
    }
    let object = arguments.object.ok_or_else(|| {
        Fault::new(
            FaultKind::Usage,
            "nothing to reconcile",
            "no object is named",
            "name one as Kustomization/flux-system/apps, or say --all",
        )
    })?;
    operate(call, &commands::RECONCILE, &object, answers, Session::facts)
}
