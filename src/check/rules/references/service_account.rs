//! A `ServiceAccount` that nothing creates.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "service-account-missing",
    about: "pods that run as a ServiceAccount which is declared nowhere",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        let namespace = pods.object.object.namespace.as_str();
        let name = text(pods.spec, "/serviceAccountName");
        if matches!(name, "" | "default")
            || world.has("ServiceAccount", namespace, name)
            || world.is_open(&[("", "ServiceAccount")], namespace)
        {
            continue;
        }
        let message = format!("its pods run as the ServiceAccount {name}, which is declared nowhere");
        let why =
            "no pod is created: the ReplicaSet's event says serviceaccount not found, and the Deployment only waits";
        let fix = "declare the ServiceAccount in its namespace, or correct the name";
        found.push(world.finding(&RULE, pods.object, name, message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app().pod("serviceAccountName: a")];
        let silent = [
            app().pod("serviceAccountName: a").and("v1 ServiceAccount web/a", ""),
            app().pod("serviceAccountName: default"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
