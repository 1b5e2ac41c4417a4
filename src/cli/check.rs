//! `fluxdeck check`: the faults in the repository, before it is pushed.

use clap::Args;

use super::call::columns;
use super::{Call, findings};
use crate::check::{self, CheckedState, Quiet, Severity};
use crate::model::{Fault, FaultKind, Shown};
use crate::render::revision::Revision;
use crate::repo::git;

// Flags of `check`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only these rules
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Look at what the next commit holds
    #[arg(long, conflicts_with = "rev")]
    staged: bool,
    /// Look at a commit
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Only what the state before does not have: HEAD, or of a commit the one before it
    #[arg(long)]
    new: bool,
    /// Show hints too: what could be better
    #[arg(long)]
    hints: bool,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// List the rules
    #[arg(long)]
    rules: bool,
}

/// Prints the findings by file and line; ends with 1 where there is an error.
///
/// # Errors
/// Fails when there is no repository, or no rule of the given name.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    if arguments.rules {
        let rows: Vec<_> = check::all().map(|rule| vec![rule.id.to_owned(), rule.about.to_owned()]).collect();
        return call.write(&Shown::lines(&columns(&rows))).map(|()| 0);
    }
    if let Some(unknown) = arguments.rule.iter().find(|name| !check::all().any(|rule| rule.id == **name)) {
        let why = format!("there is no rule {unknown}");
        return Err(Fault::new(FaultKind::Usage, "cannot check", why, "`fluxdeck check --rules` lists them"));
    }
    let snapshot = super::open::repository_of_any(&call.global)?;
    let (revision, before) = match (&arguments.rev, arguments.staged) {
        (Some(name), _) => (Revision::Commit(name.clone()), format!("{name}^")),
        (None, true) => (Revision::Index, "HEAD".to_owned()),
        (None, false) => (Revision::WorkingTree, "HEAD".to_owned()),
    };
    let identities = super::secret::at_hand(call)?;
    let mut state = CheckedState::read(&snapshot, &revision, &identities, &call.renderer)?;
    if let Some(fault) = &state.fault {
        call.complain(fault);
    }
    // Before its first commit a repository has no previous state.
    if let Some(before) = git::commit(&snapshot.root, &before).filter(|_| arguments.new) {
        state = state.without(&CheckedState::read(&snapshot, &Revision::Commit(before), &identities, &call.renderer)?);
    }
    let CheckedState { mut findings, fault, files, objects, partly, silenced, quiet } = state;
    let is_wanted = |rule: &str| arguments.rule.is_empty() || arguments.rule.iter().any(|wanted| wanted == rule);
    let is_here = |env: &Option<String>| call.global.env.is_none() || env.is_none() || *env == call.global.env;
    findings.retain(|finding| is_wanted(finding.rule) && is_here(&finding.env));
    let told = findings::condensed_for(call, &findings);
    // A user who names a rule wants its findings of every severity.
    let shows_hints = arguments.hints || !arguments.rule.is_empty();
    let shown: Vec<_> = told.iter().filter(|one| shows_hints || one.severity != Severity::Hint).cloned().collect();
    let quiet: Vec<Quiet> = quiet.iter().filter_map(|one| here(one, &is_wanted, call.global.env.as_deref())).collect();
    findings::write(call, &shown, silenced, &quiet)?;
    // The unchecked parts come before the counts, so that a count is not mistaken for a clean result.
    for one in &quiet {
        call.remark(&one.to_string());
    }
    let count = |severity| findings::count(&told, severity);
    let (errors, warnings, hints) = (count(Severity::Error), count(Severity::Warning), count(Severity::Hint));
    let hidden = if shows_hints || hints.starts_with("0 ") { "" } else { " (--hints shows them)" };
    let silent = match Quiet::count(&quiet) {
        0 => String::new(),
        1 => ", and 1 rule did not run on all of it, as told above".to_owned(),
        count => format!(", and {count} rules did not run on all of it, as told above"),
    };
    let partly = match partly {
        0 if silent.is_empty() => String::new(),
        0 => format!("; not everything is known{silent}"),
        1 => format!("; 1 Kustomization is not known whole (`fluxdeck objects` says why){silent}"),
        count => format!("; {count} Kustomizations are not known whole (`fluxdeck objects` says why){silent}"),
    };
    call.remark(&format!(
        "{errors}, {warnings}, {hints}{hidden}; files: {files}, objects: {objects}{}{partly}",
        findings::silenced(silenced)
    ));
    let fails = |severity| findings.iter().any(|finding| finding.severity == severity);
    // A fault of rendering here is not a fault of the change.
    let unknown = fault.is_some() && !arguments.new;
    // A change does not take away what was not there: the hook lets a repository without an environment commit.
    let is_nothing = snapshot.environments.is_empty() && !arguments.new;
    if is_nothing {
        call.complain(&snapshot.looked.nothing());
    }
    Ok(u8::from(is_nothing || unknown || fails(Severity::Error) || arguments.strict && fails(Severity::Warning)))
}

/// Restricts the unchecked parts to the selected rules and environment.
fn here(quiet: &Quiet, is_wanted: &dyn Fn(&str) -> bool, env: Option<&str>) -> Option<Quiet> {
    let rules: Vec<&'static str> = quiet.rules.iter().copied().filter(|rule| is_wanted(rule)).collect();
    let envs: Vec<String> = quiet.envs.iter().filter(|known| env.is_none_or(|env| *known == env)).cloned().collect();
    (!rules.is_empty() && !envs.is_empty()).then(|| Quiet { rules, envs, ..quiet.clone() })
}
