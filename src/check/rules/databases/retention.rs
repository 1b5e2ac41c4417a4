//! Backups that are kept forever.

use crate::check::world::{World, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "cnpg-no-retention",
    about: "an archive of backups without a retention policy",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects() {
        let lacks = match (object.object.group.as_str(), object.kind()) {
            ("barmancloud.cnpg.io", "ObjectStore") => text(&object.body, "/spec/retentionPolicy").is_empty(),
            ("postgresql.cnpg.io", "Cluster") => {
                object.body.pointer("/spec/backup/barmanObjectStore").is_some()
                    && text(&object.body, "/spec/backup/retentionPolicy").is_empty()
            }
            _ => false,
        };
        // A store that serves only as the source of a restore deletes nothing.
        let is_source = object.kind() == "ObjectStore"
            && !world.objects_of("postgresql.cnpg.io", "Cluster").any(|cluster| {
                list(&cluster.body, "/spec/plugins")
                    .iter()
                    .any(|plugin| text(plugin, "/parameters/barmanObjectName") == object.object.name)
            });
        if lacks && !is_source {
            let message = "it has no retentionPolicy";
            let why =
                "backups and WAL are kept forever: the bucket fills, and nobody notices before the bill or the quota";
            let fix = "set retentionPolicy, such as 30d";
            found.push(world.finding(&RULE, object, &object.object.name, message, why, fix).warning());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: barmancloud.cnpg.io/v1
kind: ObjectStore
metadata: {name: s, namespace: web}
spec: {configuration: {destinationPath: s3://a}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
  plugins: [{name: b, parameters: {barmanObjectName: s}}]
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: barmancloud.cnpg.io/v1
kind: ObjectStore
metadata: {name: s, namespace: web}
spec: {retentionPolicy: 30d}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
  plugins: [{name: b, parameters: {barmanObjectName: s}}]
",
        "---
apiVersion: barmancloud.cnpg.io/v1
kind: ObjectStore
metadata: {name: s, namespace: web}
spec: {}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
