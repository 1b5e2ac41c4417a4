//! `fluxdeck objects`: the rendered objects of the repository.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::call::columns;
use super::{Call, files};
use crate::model::Fault;
use crate::model::text::field;
use crate::render::{Rendered, Rendering, why_in_part};
use crate::repo::{Snapshot, is_called};

// Flags of `objects`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only those of this Kustomization; NAMESPACE/NAME where two have one name
    #[arg(long, short = 'k', value_name = "NAME")]
    kustomization: Option<String>,
}

/// Holds one rendered object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    env: &'a str,
    kustomization: String,
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    file: &'a str,
    /// The `ResourceSet` from which flux-operator creates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    made_by: Option<&'a str>,
}

/// Lists the rendered objects by environment, Kustomization, kind, namespace and name; ends with 1 where a
/// Kustomization cannot be rendered.
///
/// # Errors
/// Fails when there is no repository, or nothing can be rendered.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::repository(&call.global)?;
    let rendering = render(&snapshot, call)?;
    let asked = arguments.kustomization.as_deref();
    let is_wanted = |one: &&Rendered| {
        call.global.env.as_deref().is_none_or(|wanted| wanted == one.env)
            && asked.is_none_or(|asked| is_called(asked, &one.namespace, &one.name))
    };
    let wanted: Vec<_> = rendering.of.iter().filter(is_wanted).collect();
    files::known(&snapshot, call, asked, wanted.is_empty())?;
    let mut rows: Vec<Row<'_>> = wanted
        .iter()
        .flat_map(|one| {
            one.objects.iter().map(|object| Row {
                env: &one.env,
                kustomization: snapshot.shown(&one.env, &one.namespace, &one.name),
                api_version: &object.api_version,
                kind: &object.object.kind,
                namespace: &object.object.namespace,
                name: &object.object.name,
                file: object.origin.remote.as_deref().unwrap_or(&object.origin.file),
                made_by: object.origin.made_by.as_deref(),
            })
        })
        .collect();
    rows.sort_by(|a, b| {
        let by_object =
            || (a.kind, a.namespace, a.name, a.api_version).cmp(&(b.kind, b.namespace, b.name, b.api_version));
        (a.env, &a.kustomization).cmp(&(b.env, &b.kustomization)).then_with(by_object)
    });
    call.print(&rows, |rows| {
        let mut table = vec![["ENV", "KUSTOMIZATION", "OBJECT", "FILE"].map(str::to_owned).to_vec()];
        table.extend(rows.iter().map(|row| {
            let object = format!("{}/{}/{}", row.kind, row.namespace, row.name);
            vec![row.env.to_owned(), row.kustomization.clone(), object, row.file.to_owned()]
        }));
        columns(&table)
    })?;
    remark(call, wanted.iter().copied());
    Ok(complain(call, wanted.into_iter().filter_map(|one| one.finding.as_ref())))
}

/// Renders a repository with the installed tool, and caches the result for the next call.
pub(super) fn render(snapshot: &Snapshot, call: &Call) -> Result<Rendering, Fault> {
    call.renderer.with(|renderer| renderer.render(snapshot))
}

/// Writes the partly known Kustomizations to standard error.
pub(super) fn remark<'a>(call: &Call, rendered: impl Iterator<Item = &'a Rendered>) {
    let mut by: BTreeMap<&str, Vec<&Rendered>> = BTreeMap::new();
    for one in rendered.filter(|one| one.finding.is_none()) {
        by.entry(&one.env).or_default().push(one);
    }
    for (env, of) in by {
        for why in why_in_part(of.into_iter()) {
            call.remark(&field(&format!("{env}: {why}")));
        }
    }
}

/// Writes the failed Kustomizations to standard error, and returns the exit code.
pub(super) fn complain<'a>(call: &Call, findings: impl Iterator<Item = &'a crate::repo::FileFault>) -> u8 {
    let mut code = 0;
    for finding in findings {
        let place = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let what = format!("{}{place}: {}", field(&finding.file), finding.fault.what);
        call.complain(&Fault::failed(what, finding.fault.why.clone(), finding.fault.todo.clone()));
        code = 1;
    }
    code
}
