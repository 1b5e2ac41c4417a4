//! An object whose controller is not installed.

use std::collections::BTreeMap;

use crate::check::world::{World, list, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::kinds;
use crate::model::{ObjectRef, known};
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-no-controller",
    about: "an object of Flux whose controller is not among the components of the FluxInstance",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    // Each missing controller gives one finding, at the first of its objects.
    let mut lacking: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    for object in world.objects() {
        let controller = controller_of(&object.object);
        if let Some(controller) = controller.filter(|controller| world.flux.installs(controller) == Some(false)) {
            lacking.entry(controller).or_default().push(object);
        }
    }
    for (controller, objects) in lacking {
        let Some(first) = objects.first() else { continue };
        let more = match objects.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(", and of {more} more"),
        };
        let message = format!("{controller}, its controller{more}, is not among the components of the FluxInstance");
        let fix = format!("add {controller} to spec.components of the FluxInstance, or take the object out");
        let needle = format!("kind: {}", first.kind());
        let told = |why: &str| world.finding(&RULE, first, &needle, message.clone(), why, fix.clone());
        found.push(match set_of(world, first) {
            // A ResourceSet that waits for the definition is meant only for clusters that have the controller.
            Some(set) if waits_for_definition(set, first) => told(
                "its ResourceSet waits for its CRD, which comes with the controller: nothing of the set is applied",
            )
            .hint(),
            Some(_) => {
                told("nothing looks at it: where its CRD is missing too, flux-operator fails to apply its ResourceSet")
                    .warning()
            }
            None => told("nothing looks at it: where its CRD is missing too, Flux refuses the whole Kustomization")
                .warning(),
        });
    }
}

/// Returns the `ResourceSet` that renders an object.
fn set_of<'a>(world: &World<'a>, object: &Object) -> Option<&'a Object> {
    let set = object.origin.made_by.as_deref()?;
    world.objects_of(known::OPERATOR, "ResourceSet").find(|known| known.object.name == set)
}

/// Tells whether a `ResourceSet` waits for the definition of an object's kind, or of another of its group.
fn waits_for_definition(set: &Object, object: &Object) -> bool {
    let group = format!(".{}", object.object.group);
    list(&set.body, "/spec/dependsOn")
        .iter()
        .any(|awaited| text(awaited, "/kind") == "CustomResourceDefinition" && text(awaited, "/name").ends_with(&group))
}

/// Returns the controller of an object of Flux, except those that every installation has.
fn controller_of(object: &ObjectRef) -> Option<&'static str> {
    // Generators have no file below `kinds`, because no list shows them.
    if object.group == known::EXTENSIONS && object.kind == "ArtifactGenerator" {
        return Some("source-watcher");
    }
    let controller = kinds::kind_of(object)?.controller;
    (!["", "source-controller", "kustomize-controller"].contains(&controller)).then_some(controller)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::check::testing::{assert_rule, rendering};
    use crate::check::world::World;
    use crate::check::{RuleInput, Severity};

    const FIRES: &[&str] = &[
        "---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: app, namespace: web}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: app, namespace: web}
---
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec: {distribution: {version: 2.x}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
---
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec: {components: [source-controller, kustomize-controller]}
",
    ];
    const SILENT: &[&str] = &[
        "---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: app, namespace: web}
",
        "---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: app, namespace: web}
---
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec: {distribution: {version: 2.x}}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }

    #[test]
    fn a_set_that_waits_for_the_definition_is_told_as_such() {
        let text = |depends: &str| {
            format!(
                "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: app, namespace: web}}
---
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: {{name: operator, namespace: flux-system}}
spec: {{{depends}resources: []}}
---
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {{name: flux, namespace: flux-system}}
spec: {{components: [source-controller, kustomize-controller]}}
"
            )
        };
        let found = |depends: &str| {
            let mut rendering = rendering(&text(depends));
            rendering.of[0].objects[0].origin.made_by = Some("operator".to_owned());
            let RuleInput::World(check) = super::RULE.check else { panic!("it looks at a world") };
            let mut found = Vec::new();
            check(&World::new("staging", &rendering, Path::new("/nonexistent")), &mut found);
            found.into_iter().map(|one| (one.severity, one.why)).collect::<Vec<_>>()
        };
        let waits = found(
            "dependsOn: [{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, name: helmreleases.helm.toolkit.fluxcd.io}], ",
        );
        assert!(matches!(waits.as_slice(), [(Severity::Hint, why)] if why.contains("waits for its CRD")), "{waits:?}");
        let other = found("");
        assert!(
            matches!(other.as_slice(), [(Severity::Warning, why)] if why.contains("flux-operator fails")),
            "{other:?}"
        );
    }
}
