//! An autoscaler over pods without requests.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::ObjectRef;
use serde_json::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "hpa-without-requests",
    about: "an autoscaler by utilization over containers without requests",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of("autoscaling", "HorizontalPodAutoscaler") {
        let (kind, name) =
            (text(&object.body, "/spec/scaleTargetRef/kind"), text(&object.body, "/spec/scaleTargetRef/name"));
        let version = text(&object.body, "/spec/scaleTargetRef/apiVersion");
        let group = crate::model::Gvk::from_api_version(version, kind).group;
        let target = ObjectRef::new(kind, &group, &object.object.namespace, name);
        let Some(target) = world.find_object(&target) else { continue };
        for metric in list(&object.body, "/spec/metrics") {
            let resource = text(metric, "/resource/name");
            if text(metric, "/type") != "Resource" || text(metric, "/resource/target/type") != "Utilization" {
                continue;
            }
            let lacks = |container: &&Value| {
                at(container, "/resources/requests").get(resource).is_none()
                    && at(container, "/resources/limits").get(resource).is_none()
            };
            if let Some(container) = list(&target.body, "/spec/template/spec/containers").iter().find(lacks) {
                let message = format!(
                    "it scales by {resource} in percent, and the container {} of {name} requests none",
                    text(container, "/name")
                );
                let why = "a percentage of nothing is unknown: it never scales (FailedGetResourceMetric)";
                let fix = format!("set resources.requests.{resource} on every container of {name}");
                found.push(world.finding(&RULE, object, resource, message, why, fix));
            }
        }
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
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: app}
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
        .beside(app().container("resources: {requests: {cpu: 10m}}"))];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
