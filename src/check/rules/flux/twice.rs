//! One object that two Kustomizations apply.

use crate::check::world::World;
use crate::check::{Finding, Look, Rule};
use crate::model::ObjectRef;
use std::collections::BTreeMap;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-applied-twice",
    about: "one object that two Kustomizations of an environment apply",
    look: Look::World(look),
};

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut seen: BTreeMap<ObjectRef, (&str, &str)> = BTreeMap::new();
    for (one, object) in world.applied() {
        let own = (one.namespace.as_str(), one.name.as_str());
        match seen.get(&object.object) {
            Some(first) if *first != own => {
                let message = format!("the Kustomizations {} and {} both apply it", first.1, own.1);
                let why =
                    "each undoes what the other does, and when one stops applying it, it is deleted under the other";
                let fix = "leave it to one of them, and let the other depend on that";
                found.push(world.finding(&RULE, object, &object.object.name, message, why, fix));
            }
            Some(_) => {}
            None => drop(seen.insert(object.object.clone(), own)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["=== staging a
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
=== staging b
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
"];
    const SILENT: &[&str] = &["=== staging a
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
=== production a
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
"];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
