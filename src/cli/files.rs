//! `fluxdeck files`: every file that each Flux Kustomization reads.

use clap::Args;
use serde::Serialize;

use super::Call;
use crate::model::{Fault, FaultKind};
use crate::repo::{Snapshot, is_called};

// Flags of `files`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this Kustomization; NAMESPACE/NAME where two have one name
    #[arg(long, short = 'k', value_name = "NAME")]
    kustomization: Option<String>,
}

/// Holds the files of one Kustomization.
#[derive(Serialize)]
struct Row<'a> {
    env: &'a str,
    namespace: &'a str,
    kustomization: String,
    files: Vec<&'a str>,
    /// The source, where it is not this repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    elsewhere: Option<&'a str>,
}

/// Lists the files by environment and Kustomization.
///
/// # Errors
/// Fails when there is no repository, or no Kustomization of the name.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::effective(call)?;
    let asked = arguments.kustomization.as_deref();
    let is_wanted = |env: &str, namespace: &str, name: &str| {
        call.global.env.as_deref().is_none_or(|wanted| wanted == env)
            && asked.is_none_or(|asked| is_called(asked, namespace, name))
    };
    let mut rows: Vec<Row<'_>> = snapshot
        .feeds
        .iter()
        .filter(|feed| is_wanted(&feed.env, &feed.namespace, &feed.name))
        .map(|feed| Row {
            env: &feed.env,
            namespace: &feed.namespace,
            kustomization: snapshot.shown(&feed.env, &feed.namespace, &feed.name),
            files: feed.files.keys().map(String::as_str).collect(),
            elsewhere: None,
        })
        .collect();
    rows.extend(
        snapshot.kustomizations.iter().filter(|one| is_wanted(&one.env, &one.namespace, &one.name)).filter_map(|one| {
            Some(Row {
                env: &one.env,
                namespace: &one.namespace,
                kustomization: snapshot.shown(&one.env, &one.namespace, &one.name),
                files: Vec::new(),
                elsewhere: Some(one.elsewhere.as_deref()?),
            })
        }),
    );
    rows.sort_by(|a, b| (a.env, &a.kustomization).cmp(&(b.env, &b.kustomization)));
    known(&snapshot, call, asked, rows.is_empty())?;
    call.print(&rows, |rows| rows.iter().map(text).collect())?;
    Ok(0)
}

fn text(row: &Row<'_>) -> String {
    let head = format!("{}/{}", row.env, row.kustomization);
    if let Some(elsewhere) = row.elsewhere {
        return format!("{head}  (elsewhere: {elsewhere}, which is not looked at here)\n");
    }
    row.files.iter().fold(String::new(), |text, file| text + &head + "  " + file + "\n")
}

/// Refuses an unknown Kustomization; one with its content elsewhere is reported as having no files here.
pub(super) fn known(snapshot: &Snapshot, call: &Call, asked: Option<&str>, is_empty: bool) -> Result<(), Fault> {
    let Some(asked) = asked.filter(|_| is_empty) else { return Ok(()) };
    let is_wanted = |env: &str| call.global.env.as_deref().is_none_or(|wanted| wanted == env);
    let mut called =
        snapshot.kustomizations.iter().filter(|one| is_wanted(&one.env) && is_called(asked, &one.namespace, &one.name));
    if let Some(one) = called.next() {
        if let Some(elsewhere) = &one.elsewhere {
            call.remark(&format!("{asked} is elsewhere: {elsewhere}, which is not looked at here"));
        }
        return Ok(());
    }
    Err(Fault::new(
        FaultKind::Usage,
        format!("no Kustomization is called {asked}"),
        "the repository declares none of the name there",
        "`fluxdeck kustomizations` lists them",
    ))
}
