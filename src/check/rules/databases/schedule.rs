//! A schedule of five fields where CNPG takes six.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "cnpg-schedule",
    about: "a ScheduledBackup whose schedule has not six fields",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of("postgresql.cnpg.io", "ScheduledBackup") {
        let schedule = text(&object.body, "/spec/schedule");
        let fields = schedule.split_whitespace().count();
        if schedule.is_empty() || schedule.starts_with('@') || fields == 6 {
            continue;
        }
        let message = format!("its schedule has {fields} fields: {schedule}");
        let why =
            "CNPG counts seconds first, and takes six: it refuses this, or backs up at another time than is meant";
        let fix = format!("write six: 0 {schedule}");
        found.push(world.finding(&RULE, object, "schedule", message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[r#"---
apiVersion: postgresql.cnpg.io/v1
kind: ScheduledBackup
metadata: {name: a, namespace: web}
spec: {schedule: "0 3 * * *", cluster: {name: db}}
"#];
    const SILENT: &[&str] = &[r#"---
apiVersion: postgresql.cnpg.io/v1
kind: ScheduledBackup
metadata: {name: a, namespace: web}
spec: {schedule: "0 0 3 * * *", cluster: {name: db}}
"#];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
