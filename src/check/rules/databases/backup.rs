//! A database cluster without a backup.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "cnpg-no-backup",
    about: "a CNPG Cluster without archive, backup or schedule",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of("postgresql.cnpg.io", "Cluster") {
        let own = at(&object.body, "/spec");
        let schedules: Vec<_> = world
            .objects_of("postgresql.cnpg.io", "ScheduledBackup")
            .filter(|one| {
                one.object.namespace == object.object.namespace
                    && text(&one.body, "/spec/cluster/name") == object.object.name
            })
            .collect();
        let has_store = at(own, "/backup").get("barmanObjectStore").is_some()
            || at(own, "/backup").get("volumeSnapshot").is_some()
            || !list(own, "/plugins").is_empty();
        let (message, fix) = match (has_store, schedules.is_empty()) {
            (false, true) => (
                "nothing backs it up",
                "add the barman-cloud plug-in with an ObjectStore to spec.plugins, and a ScheduledBackup",
            ),
            (true, true) => ("no ScheduledBackup makes base backups of it", "add a ScheduledBackup of it"),
            _ => continue,
        };
        if world.may_come(&[("postgresql.cnpg.io", "ScheduledBackup")], &object.object.namespace) {
            continue;
        }
        let why = "what is lost with its volume is lost; an archive alone cannot be restored without a base backup";
        found.push(world.finding(&RULE, object, "", message, why, fix).warning());
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
",
        "---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
  plugins: [{name: barman-cloud.cloudnative-pg.io}]
",
    ];
    const SILENT: &[&str] = &[r#"---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
  plugins: [{name: barman-cloud.cloudnative-pg.io}]
---
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
