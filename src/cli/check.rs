//! `fluxdeck check`: what is wrong in the repository, before it is pushed.

use clap::Args;

use super::call::columns;
use super::{Call, findings};
use crate::check::{self, Context, Severity};
use crate::model::{Fault, FaultKind};
use crate::render::revision::Revision;
use crate::repo::Snapshot;

/// Flags of `check`.
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
/// Fails when there is no repository, or no rule of a name.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    if arguments.rules {
        let rows: Vec<_> = check::all().map(|rule| vec![rule.id.to_owned(), rule.about.to_owned()]).collect();
        return call.write(&columns(&rows)).map(|()| 0);
    }
    if let Some(unknown) = arguments.rule.iter().find(|name| !check::all().any(|rule| rule.id == **name)) {
        let why = format!("there is no rule {unknown}");
        return Err(Fault::new(FaultKind::Usage, "cannot check", why, "`fluxdeck check --rules` lists them"));
    }
    let mut snapshot = super::open::repository(&call.global)?;
    let revision = match (&arguments.rev, arguments.staged) {
        (Some(name), _) => Revision::Commit(name.clone()),
        (None, true) => Revision::Index,
        (None, false) => Revision::WorkingTree,
    };
    let place = revision.check_out(&snapshot.root)?;
    let files = match &place {
        None => check::working_tree(&snapshot.root, &[])?,
        Some(place) => {
            snapshot = Snapshot::load(place.path());
            check::folder(place.path())
        }
    };
    // Without kustomize everything else is still looked at.
    let rendering = super::objects::render(&snapshot);
    if let Err(fault) = &rendering {
        call.complain(fault);
    }
    let identities = super::secret::at_hand(call)?;
    let context = Context::new(&snapshot, &identities, rendering.as_ref().ok());
    let mut report = check::inspect(&files, &context);
    let is_wanted = |rule: &str| arguments.rule.is_empty() || arguments.rule.iter().any(|wanted| wanted == rule);
    let is_here = |env: &Option<String>| call.global.env.is_none() || env.is_none() || *env == call.global.env;
    report.findings.retain(|finding| is_wanted(finding.rule) && is_here(&finding.env));
    findings::print(call, &report.findings)?;
    let count = |severity| findings::count(&report.findings, severity);
    let (errors, warnings, hints) = (count(Severity::Error), count(Severity::Warning), count(Severity::Hint));
    let objects: usize = rendering.iter().flat_map(|rendering| &rendering.of).map(|one| one.objects.len()).sum();
    call.remark(&format!("{errors}, {warnings}, {hints}; files: {}, objects: {objects}", files.len()));
    let fails = |severity| report.findings.iter().any(|finding| finding.severity == severity);
    Ok(u8::from(rendering.is_err() || fails(Severity::Error) || arguments.strict && fails(Severity::Warning)))
}
