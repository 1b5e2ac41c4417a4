//! Variables that nothing defines.

use crate::check::world::World;
use crate::check::{Finding, Rule, RuleInput};
use crate::model::ObjectRef;
use crate::render::{Object, Rendered, Undefined};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-substitution",
    about: "a variable of spec.postBuild that nothing defines, or a substituteFrom that is declared nowhere",
    look: RuleInput::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    for one in world.rendering.of.iter().filter(|one| one.env == world.env) {
        let Some(object) = world.find("Kustomization", &one.namespace, &one.name) else { continue };
        found.extend(undefined(world, one, object));
        if !world.ask_whole() {
            continue;
        }
        for missing in one
            .unknown
            .iter()
            .filter(|name| name.parse::<ObjectRef>().is_ok_and(|name| world.find_object(&name).is_none()))
        {
            // A Secret may be made by hand, as the first key of a cluster is.
            if missing.starts_with("ConfigMap/") {
                let message = format!("substituteFrom names {missing}, which is declared nowhere");
                let why = "Flux fails: BuildFailed, substitute from it is not found";
                let fix = "declare it in a Kustomization that comes before, or set optional: true";
                found.push(world.finding(&RULE, object, "substituteFrom", message, why, fix));
            }
        }
    }
}

/// Tells of the variables that nothing defines, in one finding for a Kustomization: where the first stands if Flux is strict, else at the
/// Kustomization.
fn undefined(world: &World<'_>, one: &Rendered, object: &Object) -> Option<Finding> {
    let strict = world.flux.is_strict();
    // What a schema says of itself is read by nobody; a strict Flux stumbles over it nevertheless.
    let in_schemas = |unset: &Undefined| unset.objects.iter().all(|object| object.kind == "CustomResourceDefinition");
    let counts = |unset: &&Undefined| match strict {
        Some(true) => world.flux.is_strict_with_operators() || unset.form == format!("${{{}}}", unset.name),
        _ => !unset.idle && !in_schemas(unset),
    };
    let unset: Vec<&Undefined> = one.undefined.iter().filter(counts).collect();
    let mut names: Vec<&str> = unset.iter().map(|unset| unset.name.as_str()).collect();
    names.dedup();
    let message = format!("nothing defines {}", names.join(", "));
    let fix = "define them in spec.postBuild, give each a default as in ${name:=value}, or write $${name} where it is meant as it stands; the annotation kustomize.toolkit.fluxcd.io/substitute: disabled keeps a whole object from it";
    let first = *unset.first()?;
    if strict != Some(true) {
        let why = match strict {
            Some(false) => "Flux puts an empty text in their place, and says nothing",
            _ => {
                "Flux puts an empty text in their place, and says nothing; since Flux 2.9 it refuses the whole Kustomization"
            }
        };
        let finding = world.finding(&RULE, object, "postBuild", message, why, fix);
        // What a dashboard names by itself is asked for when it is imported; without it the default source of data is taken.
        let of_dashboards = names.iter().all(|name| name.starts_with("DS_"));
        return Some(if of_dashboards { finding.hint() } else { finding });
    }
    let holder = first.objects.first().and_then(|holder| one.objects.iter().find(|object| object.object == *holder));
    let flux = world.flux.version().map_or_else(|| "Flux".to_owned(), |version| format!("Flux {version}"));
    let why = format!(
        "{flux} refuses the whole Kustomization {}: BuildFailed, variable not set (strict mode): {:?}",
        one.name, first.name
    );
    Some(world.finding(&RULE, holder.unwrap_or(object), &first.form, message, why, fix))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::check::RuleInput;
    use crate::check::testing::{assert_rule, rendering};
    use crate::check::world::World;
    use crate::render::Undefined;

    const FIRES: &[&str] = &[];
    const SILENT: &[&str] = &["---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
"];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
    #[test]
    fn what_nothing_defines_is_told_as_the_flux_of_the_environment_takes_it() {
        let text = |version: &str| {
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps, namespace: flux-system}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web, namespace: web}}\n---\napiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {{name: flux, namespace: flux-system}}\nspec: {{distribution: {{version: {version}}}}}\n"
            )
        };
        let found = |version: &str, form: &str, idle: bool| {
            let mut rendering = rendering(&text(version));
            let objects = vec![rendering.of[0].objects[1].object.clone()];
            rendering.of[0].undefined = vec![Undefined { name: "X".to_owned(), form: form.to_owned(), idle, objects }];
            let RuleInput::World(look) = super::RULE.look else { panic!("it looks at a world") };
            let mut found = Vec::new();
            look(&World::new("staging", &rendering, Path::new("/nonexistent")), &mut found);
            found
                .into_iter()
                .flat_map(|one| [one.object.unwrap_or_default(), " ".to_owned(), one.why])
                .collect::<String>()
        };
        assert!(found("2.9.x", "${X^}", true).starts_with("ConfigMap/web/web Flux 2.9 refuses"));
        assert!(found("2.8.x", "${X^}", false).ends_with("and says nothing"));
        assert!(found("2.x", "${X}", false).contains("since Flux 2.9"));
        assert_eq!(found("2.8.x", "${X}", true), "");
    }
}
