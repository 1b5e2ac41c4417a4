//! HelmReleases with the chart, the version and the values after every overlay, and the place of the version.

use std::path::Path;

use serde::Serialize;

use super::{Object, Rendering, at};
use crate::model::known;
use crate::repo::contents;

/// The group of HelmReleases.
const GROUP: &str = known::HELM;

/// Describes a HelmRelease as Flux would apply it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RenderedRelease {
    /// The environment's name.
    pub env: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The chart; for one by reference the name of the object that holds it.
    pub chart: String,
    /// The version, exact or a range; empty if none is stated, which means the newest.
    pub version: String,
    /// The source of the chart, `Kind/namespace/name`.
    pub source: String,
    /// The file that the version is written in, else the one that declares the release.
    pub file: String,
    /// The line of the version in it.
    #[serde(skip)]
    pub line: Option<usize>,
    /// The Kustomization that applies it.
    #[serde(skip)]
    pub kustomization: String,
}

/// Lists the HelmReleases of every environment, by environment, namespace and name.
pub fn releases(rendering: &Rendering, root: &Path) -> Vec<RenderedRelease> {
    let mut found = Vec::new();
    for one in &rendering.of {
        for object in one.objects.iter().filter(|object| object.is(GROUP, "HelmRelease")) {
            found.push(release(&one.env, &one.name, object, rendering, root));
        }
    }
    found.sort_by(|a: &RenderedRelease, b: &RenderedRelease| {
        (&a.env, &a.namespace, &a.name).cmp(&(&b.env, &b.namespace, &b.name))
    });
    found
}

fn release(env: &str, kustomization: &str, object: &Object, rendering: &Rendering, root: &Path) -> RenderedRelease {
    let spec = at(&object.body, "/spec");
    let word = |pointer: &str| spec.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let namespace = &object.object.namespace;
    let source = |pointer: &str| {
        let place = object.namespace_of(at(spec, pointer));
        format!("{}/{place}/{}", word(&format!("{pointer}/kind")), word(&format!("{pointer}/name")))
    };
    let (chart, version, source, holder) = if spec.get("chartRef").is_some() {
        let named = source("/chartRef");
        // The source that is referred to states the version.
        let holder = named.parse().ok().and_then(|wanted| rendering.find(env, &wanted)).map(|(_, object)| object);
        let version = holder.map(version_of_source).unwrap_or_default();
        (word("/chartRef/name"), version, named, holder)
    } else {
        (word("/chart/spec/chart"), word("/chart/spec/version"), source("/chart/spec/sourceRef"), None)
    };
    let (file, line) = written(holder.unwrap_or(object), &version, root);
    RenderedRelease {
        env: env.to_owned(),
        namespace: namespace.clone(),
        name: object.object.name.clone(),
        chart,
        version,
        source,
        file,
        line,
        kustomization: kustomization.to_owned(),
    }
}

/// Returns the version in the spec of a HelmChart or an OCIRepository.
fn version_of_source(object: &Object) -> String {
    let spec = at(&object.body, "/spec");
    let found = ["/version", "/ref/tag", "/ref/semver", "/ref/digest"];
    let found = found.iter().find_map(|pointer| spec.pointer(pointer).and_then(serde_json::Value::as_str));
    found.unwrap_or_default().to_owned()
}

/// Finds the place of the effective version: in the last file on the object's way that states it.
fn written(object: &Object, version: &str, root: &Path) -> (String, Option<usize>) {
    let files: Vec<&str> = object.files().collect();
    for file in files.iter().rev() {
        let text = contents::text(root, file).unwrap_or_default();
        let says = |line: &str| {
            let value = line.split_once(':').map_or("", |(_, value)| value).split(" #").next().unwrap_or_default();
            !version.is_empty() && value.trim().trim_matches(['"', '\'']) == version
        };
        // A document before the object's own may state the same version of something else.
        let start = if *file == object.origin.file { object.origin.line.unwrap_or(1) } else { 1 };
        let behind = text.lines().enumerate().skip(start.saturating_sub(1));
        if let Some((index, _)) = behind.into_iter().find(|(_, line)| says(line)) {
            return ((*file).to_owned(), Some(index.saturating_add(1)));
        }
    }
    (object.origin.file.clone(), object.origin.line)
}
