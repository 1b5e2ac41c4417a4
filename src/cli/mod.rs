//! The command line: the cockpit, and the headless twins of what it does. One file per subcommand and one line here.

mod call;
mod cockpit;
mod findings;
mod login;
mod open;
mod operate;
mod out;
mod prompt;

use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use call::{Call, Global, Output};

use crate::model::{Fault, Shown};
use crate::programs::{self, Leftovers};

/// A cockpit in the terminal for people who run Kubernetes clusters from a Git repository with Flux.
#[derive(Debug, Parser)]
#[command(name = "fluxdeck", version, about, max_term_width = 110)]
pub struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    subcommand: Option<Sub>,
}

/// What is given without a subcommand.
#[derive(Debug, Parser)]
#[command(name = "fluxdeck", version, about, max_term_width = 110)]
struct Flags {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    cockpit: cockpit::Arguments,
}

/// Declares the subcommands: their modules, what clap is told of each, and who runs it. `cargo fmt` does not look into a macro: `.ci/format`
/// does.
macro_rules! subcommands {
    ($($(#[$doc:meta])* $name:ident => $module:ident,)*) => {
        $(mod $module;)*

        // The flags of the others are not even built: they are half of the time that the process takes to start.
        #[derive(Debug, Subcommand)]
        #[command(defer = true)]
        enum Sub { $($(#[$doc])* $name($module::Arguments),)* }

        fn dispatch(sub: Sub, call: &Call) -> Result<u8, Fault> {
            match sub { $(Sub::$name(arguments) => $module::run(arguments, call),)* }
        }
    };
}

subcommands! {
    /// Write a repository for two clusters, with keys and passwords of its own
    Init => init,
    /// Open the cockpit on a fresh copy of the template and two simulated clusters
    Demo => demo,
    /// List the environments
    Envs => envs,
    /// List the Flux Kustomizations that the repository declares
    Kustomizations => kustomizations,
    /// List the waves in which Flux brings an environment up
    Order => order,
    /// List the files that each Kustomization reads
    Files => files,
    /// Show what a file becomes, or which files an object is made of
    Where => where_,
    /// List the objects that the repository renders to
    Objects => objects,
    /// List the HelmReleases with the chart and version that apply after every overlay
    Releases => releases,
    /// Show what a change renders to: objects created, changed and deleted
    Impact => impact,
    /// List the commits that changed what an object renders to
    History => history,
    /// Find what is wrong in the repository, before it is pushed
    Check => check,
    /// Show the live Flux objects with their state
    Status => status,
    /// Read or follow the log of a pod, or of a controller about a Flux object
    Logs => logs,
    /// Ask Flux to look now, and wait for the outcome
    Reconcile => reconcile,
    /// Stop the reconciliation of an object
    Suspend => suspend,
    /// Let the reconciliation of an object run again
    Resume => resume,
    /// List the pods
    Pods => pods,
    /// List the objects of any kind that the cluster serves
    Get => get,
    /// Describe an object as kubectl does
    Describe => describe,
    /// Show what an object becomes, down to its pods
    Tree => tree,
    /// Show where an object comes from, up to the commit
    Trace => trace,
    /// Replace the pods of a workload step by step
    Restart => restart,
    /// Delete an object
    Delete => delete,
    /// Run a CronJob now
    Run => run_now,
    /// Open a shell or run a command in a container
    Exec => exec,
    /// Make a port of a pod reachable on this machine
    Forward => forward,
    /// Look into the releases of a HelmRelease
    Helm => helm,
    /// List what controllers and the kubelet said lately
    Events => events,
    /// List the secrets of the repository
    Secrets => secrets,
    /// View, change, encrypt and verify secrets
    Secret => secret,
    /// Have git check what is staged before each commit
    Hook => hook,
    /// Draw a screen once everything has settled
    Snapshot => snapshot,
    /// List every key and command
    Keys => keys,
    /// List the themes
    Themes => themes,
    /// Show each setting and where it came from
    Info => info,
    /// Print what a shell completes
    Completions => completions,
    /// Print the manual page, of a subcommand too, or write them all
    Man => man,
}

/// Reads the arguments of the process, or ends it with help or the error in them.
///
/// Clap clones every global flag into every subcommand; when the first argument names one, the others are left out, which saves
/// a third of the time that a headless call takes to start.
fn parse() -> Arguments {
    let mut command = Arguments::command();
    let named = std::env::args_os().nth(1).and_then(|first| command.find_subcommand(first).cloned());
    if let Some(named) = named {
        command = Flags::command().subcommand(named);
    }
    let read = command.try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    read.unwrap_or_else(|error| refuse(&error))
}

/// Ends the process with help, or with what is wrong with its arguments; these are quoted, and may come from a script that took them from
/// anywhere.
fn refuse(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    out::remark(&Shown::lines(&error.render().to_string()));
    std::process::exit(error.exit_code())
}

/// Describes the whole command line, for what must hold of every subcommand.
pub fn command_line() -> clap::Command {
    let mut command = Arguments::command();
    // What is deferred is made.
    command.build();
    command
}

/// Reads the arguments, runs the subcommand and returns the exit code; errors go to standard error.
pub fn main() -> u8 {
    // On every way out, a panic too, nothing that we started is left.
    let _ended = EndAll;
    let arguments = parse();
    programs::watch();
    let leftovers = Arc::new(Leftovers::find());
    let code = perform(arguments, &leftovers);
    for left in leftovers.take().into_iter().chain(programs::runs_on()) {
        let Fault { what, why, todo, .. } = left.fault();
        out::remark(&Shown::lines(&format!("{what}: {why}. {todo}\n")));
    }
    code
}

/// Ends what we started, and removes its folders.
struct EndAll;

impl Drop for EndAll {
    fn drop(&mut self) {
        programs::end_all();
    }
}

fn perform(arguments: Arguments, leftovers: &Arc<Leftovers>) -> u8 {
    let call = Call { leftovers: Arc::clone(leftovers), ..Call::new(arguments.flags.global) };
    let result = open::named(&call.global).and_then(|()| match arguments.subcommand {
        Some(sub) => dispatch(sub, &call),
        None => cockpit::run(arguments.flags.cockpit, &call),
    });
    match result {
        Ok(code) => code,
        Err(fault) => {
            call.complain(&fault);
            fault.kind.exit_code()
        }
    }
}
