//! An autoscaler without its target.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "hpa-target-missing",
    about: "a HorizontalPodAutoscaler whose target is declared nowhere",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of("autoscaling", "HorizontalPodAutoscaler") {
        let namespace = object.object.namespace.as_str();
        let (kind, name) =
            (text(&object.body, "/spec/scaleTargetRef/kind"), text(&object.body, "/spec/scaleTargetRef/name"));
        if !matches!(kind, "Deployment" | "StatefulSet")
            || world.has(kind, namespace, name)
            || world.is_open(&[("apps", kind)], namespace)
        {
            continue;
        }
        let message = format!("it scales the {kind} {name}, which is declared nowhere");
        let why = "it scales nothing: FailedGetScale";
        let fix = "correct spec.scaleTargetRef: kind and name, in the autoscaler's own namespace";
        found.push(world.finding(&RULE, object, name, message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule, object};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [object(
            "autoscaling/v2 HorizontalPodAutoscaler web/app",
            "
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: other}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
",
        )
        .beside(app())];
        let silent = [object(
            "autoscaling/v2 HorizontalPodAutoscaler web/app",
            "
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: app}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
",
        )
        .beside(app())];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
