//! A `PriorityClass` that nothing creates.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "priority-class-missing",
    about: "pods of a PriorityClass which is declared nowhere",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    // A class may come from the chart whose release its name contains; without own classes, all come from elsewhere.
    let own = world.objects_of("scheduling.k8s.io", "PriorityClass").count();
    for pods in world.pods() {
        let name = text(pods.spec, "/priorityClassName");
        let of_cluster = name.starts_with("system-") || name.is_empty();
        let of_chart = world.objects_of(known::HELM, "HelmRelease").any(|release| name.contains(&release.object.name));
        if of_cluster || of_chart || own == 0 || world.has("PriorityClass", "", name) {
            continue;
        }
        if world.may_come(&[("scheduling.k8s.io", "PriorityClass")], "") {
            continue;
        }
        let message = format!("its pods have the PriorityClass {name}, which is declared nowhere");
        let why = "no pod is created: the admission refuses a class that is not there";
        let fix = "declare the PriorityClass, or name one of those that the repository has";
        found.push(world.finding(&RULE, pods.object, name, message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app().pod("priorityClassName: a").and("scheduling.k8s.io/v1 PriorityClass b", "")];
        let silent = [
            app().pod("priorityClassName: b").and("scheduling.k8s.io/v1 PriorityClass b", ""),
            app().pod("priorityClassName: system-node-critical"),
            app().pod("priorityClassName: a"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
