//! A Service that selects no pods.

use crate::check::world::{WORKLOADS, World, at, selects};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "service-selects-nothing",
    about: "a Service whose selector fits the pods of no workload",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of("", "Service") {
        let namespace = object.object.namespace.as_str();
        let selector = at(&object.body, "/spec/selector");
        if selector.as_object().is_none_or(serde_json::Map::is_empty) {
            continue;
        }
        // Operators set their own labels on their pods.
        let own = world.objects().any(|one| {
            one.object.namespace == namespace
                && matches!(one.object.group.as_str(), "postgresql.cnpg.io" | "monitoring.coreos.com")
        });
        let hit = world.pods().any(|pods| pods.object.object.namespace == namespace && selects(selector, pods.labels));
        if hit || own || world.is_open(&WORKLOADS, namespace) {
            continue;
        }
        let message = "its selector fits the pods of no workload";
        let why = "it has no endpoints: connections to it are refused, while everything is green";
        let fix = "compare spec.selector with the labels of the workload's pod template";
        found.push(world.finding(&RULE, object, "selector", message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule, object};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [object(
            "v1 Service web/app",
            "
spec:
  selector: {app: other}
  ports: [{name: http, port: 80}]
",
        )
        .beside(app())];
        let silent = [
            object(
                "v1 Service web/app",
                "
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
            )
            .beside(app()),
            object("v1 Service web/app", "spec:\n  ports: [{name: http, port: 80}]").beside(app()),
            object(
                "v1 Service web/app",
                "
spec:
  selector: {app: other}
  ports: [{name: http, port: 80}]
",
            )
            .and("helm.toolkit.fluxcd.io/v2 HelmRelease web/app", "spec: {chart: {spec: {chart: a, version: 1.0.0}}}"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
