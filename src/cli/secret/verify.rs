//! `fluxdeck secret verify`: the content that must not be committed, in files or in the index.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::check::{self, Context, Severity};
use crate::cli::call::columns;
use crate::cli::{Call, findings};
use crate::model::{Fault, FaultKind, Shown};

// Flags of `secret verify`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files and folders, from the working directory; by default all that git tracks or would track
    #[arg(conflicts_with = "staged")]
    files: Vec<PathBuf>,
    /// Look at what is staged, as it is staged
    #[arg(long)]
    staged: bool,
    /// Only these rules
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// List the rules
    #[arg(long)]
    rules: bool,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    if arguments.rules {
        let rows: Vec<_> =
            check::SECRET_RULES.iter().map(|rule| vec![rule.id.to_owned(), rule.about.to_owned()]).collect();
        return call.write(&Shown::lines(&columns(&rows))).map(|()| 0);
    }
    if let Some(unknown) = arguments.rule.iter().find(|name| !check::SECRET_RULES.iter().any(|rule| rule.id == **name))
    {
        let why = format!("there is no rule {unknown}");
        return Err(Fault::new(FaultKind::Usage, "cannot verify", why, "`fluxdeck secret verify --rules` lists them"));
    }
    call.block_on(async {
        let session = call.session_of_any()?;
        let root = session.root.clone()?;
        let staged = if arguments.staged { check::index(&root)? } else { Vec::new() };
        // Without staged files, faults of the last commit are reported, and block nothing.
        let nothing_new = arguments.staged && staged.is_empty();
        let files = if staged.is_empty() {
            let named = arguments.files.iter().map(|file| below(&root, file)).collect::<Result<Vec<_>, _>>()?;
            check::working_tree(&root, &named)?
        } else {
            staged
        };
        let facts = session.facts_with_repository();
        let Some(snapshot) = facts.repository.as_deref() else { return Err(no_repository()) };
        let identities = super::identities(&session);
        let context = Context::new(snapshot, &identities, None);
        let context = if arguments.staged && !nothing_new { context.strict() } else { context };
        let mut report = check::check_secrets(&files, &context, &call.renderer);
        report
            .findings
            .retain(|finding| arguments.rule.is_empty() || arguments.rule.iter().any(|rule| rule == finding.rule));
        findings::print(call, &report.findings, report.silenced)?;
        let count = |severity| findings::count(&report.findings, severity);
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let closed = match report.closed {
            0 => String::new(),
            1 => "; 1 is not opened by any key at hand, so its MAC was not verified".to_owned(),
            closed => format!("; {closed} are not opened by any key at hand, so their MAC was not verified"),
        };
        let (looked, encrypted) = (files.len(), report.encrypted);
        let summary = format!(
            "{errors}, {warnings}; files: {looked}, encrypted: {encrypted}{}{closed}",
            findings::silenced(report.silenced)
        );
        call.remark(&summary);
        if nothing_new {
            call.remark("nothing is staged; what was looked at is there already, and holds up no commit");
            return Ok(0);
        }
        let fails = |severity| report.findings.iter().any(|finding| finding.severity == severity);
        Ok(u8::from(fails(Severity::Error) || arguments.strict && fails(Severity::Warning)))
    })
}

/// Returns the path of a file below the repository's root.
fn below(root: &Path, file: &Path) -> Result<String, Fault> {
    let wrong = |why: String| {
        let what = format!("cannot verify {}", file.display());
        Fault::new(FaultKind::Usage, what, why, "name files of this repository, or another with --repo")
    };
    let root = root.canonicalize().map_err(|error| wrong(error.to_string()))?;
    let found = if file.exists() || file.is_absolute() { file.to_owned() } else { root.join(file) };
    let path = found.canonicalize().map_err(|error| wrong(error.to_string()))?;
    let name = path.strip_prefix(&root).map_err(|_| wrong("it lies outside of the repository".to_owned()))?;
    // Git lists neither pipes nor devices, so they would be skipped silently.
    if !path.is_file() && !path.is_dir() {
        return Err(wrong("it is not a regular file".to_owned()));
    }
    Ok(if name.as_os_str().is_empty() { ".".to_owned() } else { name.to_string_lossy().into_owned() })
}

fn no_repository() -> Fault {
    Fault::new(
        FaultKind::Usage,
        "cannot verify",
        "there is no repository here",
        "start it in one, or name one with --repo",
    )
}
