//! A Database, backup or Pooler without its cluster.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "cnpg-cluster-missing",
    about: "a Database, ScheduledBackup, Backup or Pooler whose Cluster is not in its namespace",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects().filter(|object| object.object.group == "postgresql.cnpg.io") {
        let namespace = object.object.namespace.as_str();
        let name = text(&object.body, "/spec/cluster/name");
        if !matches!(object.kind(), "Database" | "ScheduledBackup" | "Backup" | "Pooler") || name.is_empty() {
            continue;
        }
        let of_chart = world
            .objects_of(known::HELM, "HelmRelease")
            .any(|release| world.chart(release) == "cluster" && release.object.namespace == namespace);
        if of_chart
            || world.is_conjured(namespace)
            || world.charts_say(name)
            || world
                .objects_of("postgresql.cnpg.io", "Cluster")
                .any(|one| one.object.namespace == namespace && one.object.name == name)
            || world.may_come(&[("postgresql.cnpg.io", "Cluster")], namespace)
        {
            continue;
        }
        let elsewhere = world.objects_of("postgresql.cnpg.io", "Cluster").find(|one| one.object.name == name);
        let message = format!("its Cluster {name} is not declared in {namespace}");
        let why = "it waits for a cluster that does not come; a Pooler or Database reaches its own namespace only";
        let fix = match elsewhere {
            Some(one) => format!("the Cluster {name} is in {}: move this there", one.object.namespace),
            None => "correct spec.cluster.name, or declare the Cluster".to_owned(),
        };
        found.push(world.finding(&RULE, object, name, message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: a, namespace: web}
spec: {name: a, owner: a, cluster: {name: db}}
",
        "---
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: a, namespace: web}
spec: {name: a, owner: a, cluster: {name: db}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: other}
spec:
  instances: 1
",
    ];
    const SILENT: &[&str] = &[
        "---
apiVersion: postgresql.cnpg.io/v1
kind: ScheduledBackup
metadata: {name: a, namespace: web}
spec: {schedule: '0 0 0 * * *', cluster: {name: db}}
---
apiVersion: databases.example.org/v1
kind: Claim
metadata: {name: a, namespace: web}
",
        "---
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: a, namespace: web}
spec: {name: a, owner: a, cluster: {name: db}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
