//! A source that nothing declares.

use crate::check::world::{World, at, named, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-source-missing",
    about: "a Kustomization, HelmRelease or notification object that names a source which is not declared",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects() {
        let pointer = match object.kind() {
            "Kustomization" if object.object.group == known::KUSTOMIZE => "/spec/sourceRef",
            "HelmRelease" if object.object.group != known::HELM => continue,
            "HelmRelease" if object.body.pointer("/spec/chartRef").is_some() => "/spec/chartRef",
            "HelmRelease" => "/spec/chart/spec/sourceRef",
            "HelmChart" if object.object.group == known::SOURCE => "/spec/sourceRef",
            _ => continue,
        };
        let Some(source) = object.body.pointer(pointer) else { continue };
        let (kind, namespace, name) = (text(source, "/kind"), object.namespace_of(source), text(source, "/name"));
        // `flux bootstrap` creates this source, which some repositories do not contain.
        let is_bootstrap = (namespace, name) == ("flux-system", "flux-system");
        if name.is_empty()
            || is_bootstrap
            || world.has(kind, namespace, name)
            || may_be_made(world, kind, namespace, name)
            || is_of_instance(world, kind, namespace, name)
            || world.may_come(&[(known::SOURCE, kind), (known::EXTENSIONS, "ArtifactGenerator")], namespace)
        {
            continue;
        }
        let elsewhere = world
            .objects()
            .find(|one| one.object.group == known::SOURCE && one.kind() == kind && one.object.name == name);
        let message = format!("its source {} is declared nowhere", named(kind, namespace, name));
        let why = "Flux waits for the source forever: SourceNotReady or ArtifactFailed";
        let fix = match elsewhere {
            Some(other) => format!("name its namespace in sourceRef: {}", other.object.namespace),
            None => format!("declare the {kind}, or correct the name"),
        };
        found.push(world.finding(&RULE, object, "sourceRef", message, why, fix));
    }
}

/// Tells whether a controller may create a source: some generator of its namespace may, and none lists all of its
/// artifacts without this one.
fn may_be_made(world: &World<'_>, kind: &str, namespace: &str, name: &str) -> bool {
    let makes = |object: &&Object| {
        object.object.group == known::EXTENSIONS
            && object.kind() == "ArtifactGenerator"
            && object.object.namespace == namespace
    };
    let names = |object: &Object| {
        let made = object.body.pointer("/spec/artifacts").and_then(serde_json::Value::as_array);
        made.into_iter().flatten().any(|artifact| text(artifact, "/name") == name)
    };
    kind == "ExternalArtifact"
        && (world.objects().any(|object| makes(&object) && names(object))
            || !world.objects().any(|object| makes(&object)))
}

/// Tells whether flux-operator creates the source of a `FluxInstance` (`spec.sync`; its name defaults to the
/// namespace), or whether an instance that a chart creates may.
fn is_of_instance(world: &World<'_>, kind: &str, namespace: &str, name: &str) -> bool {
    let makes = |instance: &Object| {
        let sync = at(&instance.body, "/spec/sync");
        let own = text(sync, "/name");
        instance.object.namespace == namespace
            && text(sync, "/kind") == kind
            && name == if own.is_empty() { namespace } else { own }
    };
    let by_chart = |release: &Object| {
        let sync = at(&release.body, "/spec/values/instance/sync");
        text(sync, "/kind") == kind && [text(sync, "/name"), namespace].contains(&name)
    };
    world.objects_of(known::OPERATOR, "FluxInstance").any(makes)
        || world.objects_of(known::HELM, "HelmRelease").any(by_chart)
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: other}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0, sourceRef: {kind: HelmRepository, name: a}}}
",
    ];
    const SILENT: &[&str] = &[
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  sourceRef: {kind: OCIRepository, name: root}
---
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec: {sync: {kind: OCIRepository, name: root, path: clusters/a}}
",
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  sourceRef: {kind: ExternalArtifact, name: apps}
---
apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {name: parts, namespace: flux-system}
spec:
  sources: [{alias: mono, kind: GitRepository, name: flux-system}]
  artifacts:
    - name: apps
      copy: [{from: \"@mono/apps/**\", to: \"@artifact/\"}]
",
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0, sourceRef: {kind: HelmRepository, name: a, namespace: other}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: a, namespace: other}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
