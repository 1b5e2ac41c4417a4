//! The command line: the cockpit, and the headless counterparts of its commands. One file per subcommand and one line
//! here.

mod call;
mod cockpit;
#[cfg(test)]
mod diagnoses;
#[cfg(test)]
mod exercises;
mod findings;
#[cfg(test)]
mod footers;
#[cfg(test)]
mod lessons;
mod login;
mod open;
mod operate;
mod out;
mod prompt;
#[cfg(test)]
mod walk_keys;
#[cfg(test)]
mod walkthrough;

use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use call::{Call, Global, Output};

use crate::model::{Fault, Shown, without_keys};
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

/// Declares the subcommands: their modules, their descriptions for clap, and their dispatch. `cargo fmt` does not
/// format a macro; `.ci/format` does.
macro_rules! subcommands {
    ($($(#[$doc:meta])* $name:ident => $module:ident,)*) => {
        $(mod $module;)*

        // Deferred, because building the flags of all subcommands is half of the process's start time.
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
    /// Write the rendered objects as YAML, or the variables that Flux puts into them
    Build => build,
    /// List the HelmReleases with the chart and version that apply after every overlay
    Releases => releases,
    /// Show what a change renders to: objects created, changed and deleted
    Impact => impact,
    /// Show what Flux would change in the clusters now, or what has drifted
    Diff => diff,
    /// List the commits that changed what an object renders to
    History => history,
    /// Find what is wrong in the repository, before it is pushed
    Check => check,
    /// Show the live Flux objects with their state
    Status => status,
    /// Name the root cause of every failure, with its evidence and its remedy
    Doctor => doctor,
    /// Explain a condition, reason, kind, field, rule, cause or command
    Explain => explain,
    /// List the live objects that neither Git, nor Helm, nor an operator explains
    Orphans => orphans,
    /// Go through guided work step by step, and see what is done
    Walk => walk,
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
    /// Tell what happened to an object or in an environment, in one order
    Timeline => timeline,
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

/// Parses the arguments of the process, or ends it with help or an error.
///
/// Clap clones every global flag into every subcommand; when the first argument names one, the others are left out,
/// which saves a third of the start time of a headless call.
fn parse() -> Arguments {
    let mut command = Arguments::command();
    let named = std::env::args_os().nth(1).and_then(|first| command.find_subcommand(first).cloned());
    if let Some(named) = named {
        command = Flags::command().subcommand(named);
    }
    let read = command.try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    read.unwrap_or_else(|error| refuse(&error))
}

/// Ends the process with help, or with an error that quotes the arguments; these may be untrusted, because a script may
/// have passed them.
fn refuse(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    out::remark(&Shown::lines(&error.render().to_string()));
    std::process::exit(error.exit_code())
}

/// Returns the whole command line, for checks on every subcommand.
pub fn command_line() -> clap::Command {
    let mut command = Arguments::command();
    // Building also creates the deferred parts.
    command.build();
    command
}

/// Reads the arguments, runs the subcommand and returns the exit code; errors go to standard error.
pub fn main() -> u8 {
    // Every exit, a panic too, ends the programs that we started.
    let _ended = EndAll;
    let arguments = parse();
    programs::watch();
    let leftovers = Arc::default();
    let code = perform(arguments, &leftovers);
    for left in leftovers.take().into_iter().chain(programs::runs_on()) {
        let Fault { what, why, todo, .. } = left.fault();
        out::remark(&Shown::lines(&format!("{what}: {why}. {}\n", without_keys(&todo))));
    }
    code
}

/// Ends the programs that we started, and removes their folders.
struct EndAll;

impl Drop for EndAll {
    fn drop(&mut self) {
        programs::end_all();
    }
}

fn perform(arguments: Arguments, leftovers: &Arc<Leftovers>) -> u8 {
    let call = Call { leftovers: Arc::clone(leftovers), ..Call::new(arguments.flags.global) };
    let result = open::named(&call.global).and_then(|()| match arguments.subcommand {
        Some(sub) => {
            leftovers.begin();
            dispatch(sub, &call)
        }
        // The cockpit reports them itself, once it has drawn something.
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
