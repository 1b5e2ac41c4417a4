//! `fluxdeck where`: the objects of a file, or the files of an object.

use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::Call;
use crate::model::text::field;
use crate::model::{Fault, FaultKind, ObjectRef};
use crate::render::{Rendered, Rendering};
use crate::repo::Snapshot;

// Flags of `where`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A file, from the working directory or from the repository's root, or an object as Kind/namespace/name
    what: String,
}

/// Names a Kustomization of an environment.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Reader<'a> {
    env: &'a str,
    name: String,
}

/// Names an object of an environment.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct BecomesObject<'a> {
    env: &'a str,
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

/// Holds the objects of a file.
#[derive(Debug, Serialize)]
struct OfFile<'a> {
    file: &'a str,
    kustomizations: Vec<Reader<'a>>,
    objects: Vec<BecomesObject<'a>>,
    /// The Kustomizations of the file that could not be rendered, with the reason: their objects are unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<Unrendered<'a>>,
}

/// Names a Kustomization that could not be rendered, with the reason.
#[derive(Debug, Serialize)]
struct Unrendered<'a> {
    env: &'a str,
    name: String,
    why: &'a str,
}

/// Holds the files of an object in one environment.
#[derive(Debug, Serialize)]
struct OfObject<'a> {
    env: &'a str,
    kustomization: String,
    object: String,
    /// The file that declares it first, then those that change it.
    files: Vec<&'a str>,
}

/// Looks up a file or an object.
///
/// # Errors
/// Fails when there is no repository, nothing can be rendered, or neither a file nor an object has the name.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::repository(&call.global)?;
    let rendering = super::objects::render(&snapshot, call)?;
    let snapshot = snapshot.with_graph(&rendering.graph);
    let is_wanted = |env: &str| call.global.env.as_deref().is_none_or(|wanted| wanted == env);
    if let Some(file) = file(&snapshot, &arguments.what) {
        let found = of_file(&snapshot, &rendering, &file, &is_wanted);
        call.print(&found, text_of_file)?;
        return Ok(u8::from(!found.unknown.is_empty()));
    }
    let wanted: ObjectRef = arguments.what.parse().map_err(|why: String| not_found(&arguments.what, why))?;
    let found: Vec<OfObject<'_>> = rendering
        .of
        .iter()
        .filter(|one| is_wanted(&one.env))
        .flat_map(|one| one.objects.iter().map(move |object| (one, object)))
        .filter(|(_, object)| wanted.means(&object.object))
        .map(|(one, object)| OfObject {
            env: &one.env,
            kustomization: snapshot.shown(&one.env, &one.namespace, &one.name),
            object: object.object.to_string(),
            files: object.files().collect(),
        })
        .collect();
    if found.is_empty() {
        return Err(nowhere(&arguments.what, &rendering, &is_wanted));
    }
    call.print(&found, |found| {
        let mut lines = Vec::new();
        for one in found {
            lines.push(format!("{} by {} of {}:", field(&one.object), field(&one.kustomization), field(one.env)));
            lines.extend(one.files.iter().map(|file| format!("  {}", field(file))));
        }
        lines.join("\n")
    })?;
    Ok(0)
}

/// Finds the named file, from the working directory first.
fn file(snapshot: &Snapshot, what: &str) -> Option<String> {
    let root = snapshot.root.canonicalize().ok()?;
    let places = [Path::new(what).to_owned(), root.join(what)];
    let found = places.iter().filter_map(|place| place.canonicalize().ok()).find(|place| place.is_file())?;
    Some(found.strip_prefix(&root).ok()?.to_string_lossy().into_owned())
}

fn of_file<'a>(
    snapshot: &'a Snapshot,
    rendering: &'a Rendering,
    file: &'a str,
    is_wanted: &dyn Fn(&str) -> bool,
) -> OfFile<'a> {
    let readers = snapshot.feeds.fed_by(file).into_iter().filter(|feed| is_wanted(&feed.env));
    let mut kustomizations: Vec<Reader<'_>> = readers
        .map(|feed| Reader { env: &feed.env, name: snapshot.shown(&feed.env, &feed.namespace, &feed.name) })
        .collect();
    kustomizations.sort();
    let mut objects: Vec<BecomesObject<'_>> = rendering
        .of
        .iter()
        .filter(|one| is_wanted(&one.env))
        .flat_map(|one| one.objects.iter().map(move |object| (one, object)))
        .filter(|(_, object)| object.files().any(|own| own == file))
        .map(|(one, object)| BecomesObject {
            env: &one.env,
            api_version: &object.api_version,
            kind: &object.object.kind,
            namespace: &object.object.namespace,
            name: &object.object.name,
        })
        .collect();
    objects.sort();
    objects.dedup();
    let reads = |one: &&Rendered| {
        let name = snapshot.shown(&one.env, &one.namespace, &one.name);
        kustomizations.iter().any(|reader| reader.env == one.env && reader.name == name)
    };
    let unknown = rendering.of.iter().filter(reads).filter_map(|one| {
        let why = one.finding.as_ref().map(|finding| finding.fault.why.as_str())?;
        Some(Unrendered { env: &one.env, name: snapshot.shown(&one.env, &one.namespace, &one.name), why })
    });
    let unknown = unknown.collect();
    OfFile { file, kustomizations, objects, unknown }
}

fn text_of_file(found: &OfFile<'_>) -> String {
    if found.kustomizations.is_empty() {
        return format!("{}: no Kustomization reads it\n", field(found.file));
    }
    let readers: Vec<String> =
        found.kustomizations.iter().map(|one| field(&format!("{}/{}", one.env, one.name)).into_owned()).collect();
    let objects = found.objects.iter().map(|one| [one.env, one.kind, one.namespace, one.name].map(|part| field(part)));
    let objects = objects.map(|[env, kind, namespace, name]| format!("  {env}  {kind}/{namespace}/{name}\n"));
    let objects: String = objects.collect();
    let unknown = found.unknown.iter().map(|one| {
        let name = format!("{}/{}", one.env, one.name);
        format!("  not known: {} cannot be rendered: {}\n", field(&name), field(one.why))
    });
    let unknown: String = unknown.collect();
    let is_nothing = objects.is_empty() && unknown.is_empty();
    let objects = if is_nothing { "  it makes and changes no object\n".to_owned() } else { objects };
    format!("{}\nread by {}\n{objects}{unknown}", field(found.file), readers.join(", "))
}

/// Reports that no rendered object has the name, and the Kustomizations that could not be rendered, which may have it.
pub(super) fn nowhere(what: &str, rendering: &Rendering, is_wanted: &dyn Fn(&str) -> bool) -> Fault {
    let unknown: Vec<String> = rendering
        .of
        .iter()
        .filter(|one| one.finding.is_some() && is_wanted(&one.env))
        .map(|one| format!("{}/{} of {}", one.namespace, one.name, one.env))
        .collect();
    let why = if unknown.is_empty() {
        "no Kustomization renders such an object".to_owned()
    } else {
        let could_not = format!("what could not be rendered may hold it: {}", unknown.join(", "));
        format!("no Kustomization that could be rendered holds it; {could_not}")
    };
    Fault::failed(
        format!("{what} is not among what the repository renders to"),
        why,
        "`fluxdeck objects` lists what it renders to",
    )
}

fn not_found(what: &str, why: String) -> Fault {
    Fault::new(
        FaultKind::Usage,
        format!("{what} is not found"),
        why,
        "name a file of the repository, or an object as Kind/namespace/name; `fluxdeck objects` lists them",
    )
}
