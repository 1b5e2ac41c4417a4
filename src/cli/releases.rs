//! `fluxdeck releases`: the HelmReleases with their effective values after every overlay.

use clap::Args;

use super::Call;
use super::call::columns;
use crate::model::Fault;
use crate::render::releases::{RenderedRelease, releases};

// Flags of `releases`.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

/// Lists the releases by environment, namespace and name.
///
/// # Errors
/// Fails when there is no repository, or nothing can be rendered.
pub(super) fn run(_arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::repository(&call.global)?;
    let rendering = super::objects::render(&snapshot, call)?;
    let mut found = releases(&rendering, &snapshot.root);
    let is_wanted = |env: &str| call.global.env.as_deref().is_none_or(|wanted| wanted == env);
    found.retain(|one| is_wanted(&one.env));
    call.print(&found, |found| {
        let mut table =
            vec![["ENV", "RELEASE", "CHART", "VERSION", "SOURCE", "VERSION IN"].map(str::to_owned).to_vec()];
        table.extend(found.iter().map(row));
        columns(&table)
    })?;
    let failed = rendering.of.iter().filter(|one| is_wanted(&one.env)).filter_map(|one| one.finding.as_ref());
    Ok(super::objects::complain(call, failed))
}

fn row(one: &RenderedRelease) -> Vec<String> {
    let version = if one.version.is_empty() { "(newest)" } else { &one.version };
    let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
    vec![
        one.env.clone(),
        format!("{}/{}", one.namespace, one.name),
        one.chart.clone(),
        version.to_owned(),
        one.source.clone(),
        format!("{}{line}", one.file),
    ]
}
