//! HelmReleases. One file a rule.

use crate::check::Rule;
use crate::check::world::{World, at, text};
use crate::model::known;
use crate::render::Object;
use crate::repo::path;

rules! { chart_missing, depends_on, unpinned, overridden_pin, remediation, release_twice, values_from, unknown_value, versions }

/// Lists the releases whose chart is a folder of this repository, with that folder: they have the same source as their
/// Kustomization.
fn charts_here<'a>(world: &World<'a>) -> Vec<(String, &'a Object)> {
    let releases = world.applied().filter(|(_, object)| object.is(known::HELM, "HelmRelease"));
    let here = releases.filter_map(|(rendered, release)| {
        let is_own = |one: &&Object| one.object.name == rendered.name && one.object.namespace == rendered.namespace;
        let own = world.kustomizations().find(is_own)?;
        let of_release = source(release, "/spec/chart/spec/sourceRef");
        let is_here = of_release.0 == "GitRepository" && of_release == source(own, "/spec/sourceRef");
        let chart = text(&release.body, "/spec/chart/spec/chart");
        Some((is_here.then(|| path::resolve("", chart)).flatten()?, release))
    });
    here.collect()
}

fn source<'a>(object: &'a Object, pointer: &str) -> (&'a str, &'a str, &'a str) {
    let named = at(&object.body, pointer);
    (text(named, "/kind"), object.namespace_of(named), text(named, "/name"))
}
