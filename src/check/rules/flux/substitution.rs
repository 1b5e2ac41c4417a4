//! Variables that nothing defines.

use crate::check::world::World;
use crate::check::{Finding, Look, Rule};
use crate::model::ObjectRef;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-substitution",
    about: "a variable of spec.postBuild that nothing defines, or a substituteFrom that is declared nowhere",
    look: Look::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    for one in world.rendering.of.iter().filter(|one| one.env == world.env) {
        let Some(object) = world.find("Kustomization", &one.namespace, &one.name) else { continue };
        if !one.undefined.is_empty() {
            let message = format!("nothing defines {}", one.undefined.join(", "));
            let why = "Flux puts an empty text in their place, and says nothing";
            let fix = "define them in spec.postBuild, give each a default as in ${name:=value}, or write $${name} where it is meant as it stands";
            found.push(world.finding(&RULE, object, "postBuild", message, why, fix));
        }
        if !world.whole {
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

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

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
}
