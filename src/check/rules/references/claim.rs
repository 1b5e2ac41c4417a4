//! A `PersistentVolumeClaim` that nothing creates.

use crate::check::world::{World, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "claim-missing",
    about: "pods that mount a PersistentVolumeClaim which is declared nowhere",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        let namespace = pods.object.object.namespace.as_str();
        for volume in list(pods.spec, "/volumes") {
            let name = text(volume, "/persistentVolumeClaim/claimName");
            if name.is_empty() || world.has("PersistentVolumeClaim", namespace, name) {
                continue;
            }
            // The claims of a StatefulSet are named TEMPLATE-SET-NUMBER.
            let of_set = world
                .objects_of("apps", "StatefulSet")
                .any(|set| set.object.namespace == namespace && name.contains(&format!("-{}-", set.object.name)));
            if of_set || world.is_open(&[("", "PersistentVolumeClaim")], namespace) {
                continue;
            }
            let message = format!("its pods mount the claim {name}, which is declared nowhere");
            let why = "the pods stay Pending: persistentvolumeclaim not found";
            let fix = "add the PersistentVolumeClaim to the same folder, or correct the name";
            found.push(world.finding(&RULE, pods.object, name, message, why, fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app().pod("volumes: [{name: a, persistentVolumeClaim: {claimName: data}}]")];
        let silent = [app()
            .pod("volumes: [{name: a, persistentVolumeClaim: {claimName: data}}]")
            .and("v1 PersistentVolumeClaim web/data", "")];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
