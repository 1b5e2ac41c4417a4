//! A new database beside a backup that it could be restored from.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "cnpg-empty-beside-backup",
    about: "a Cluster that begins empty although it names a backup to restore from",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of("postgresql.cnpg.io", "Cluster") {
        let bootstrap = at(&object.body, "/spec/bootstrap");
        // A replica cluster and an import use their external clusters in other ways.
        if ["recovery", "pg_basebackup"].iter().any(|way| bootstrap.get(way).is_some()) {
            continue;
        }
        let used =
            [text(bootstrap, "/initdb/import/source/externalCluster"), text(&object.body, "/spec/replica/source")];
        let holds_backup = |one: &&serde_json::Value| {
            one.get("barmanObjectStore").is_some() || !text(one, "/plugin/parameters/barmanObjectName").is_empty()
        };
        let unused = list(&object.body, "/spec/externalClusters")
            .iter()
            .filter(holds_backup)
            .map(|one| text(one, "/name"))
            .find(|name| !used.contains(name));
        if let Some(name) = unused {
            let message = format!("it begins empty (initdb), although externalClusters names the backup {name}");
            let why = "CNPG reads bootstrap only when it makes the cluster: on the day when it is made anew, the data stay in the backup and an empty database takes their place";
            let fix = format!(
                "to restore, write bootstrap.recovery with source: {name}; else take {name} out of externalClusters until it is needed"
            );
            found.push(world.finding(&RULE, object, "initdb", message, why, fix).hint());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    fn cluster(spec: &str) -> String {
        format!(
            "---\napiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {{name: db, namespace: web}}\nspec:\n  instances: 1\n{spec}"
        )
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let plugin = "  externalClusters: [{name: old, plugin: {name: b, parameters: {barmanObjectName: s}}}]\n";
        let store = "  externalClusters: [{name: old, barmanObjectStore: {destinationPath: s3://a}}]\n";
        let connection = "  externalClusters: [{name: old, connectionParameters: {host: a}}]\n";
        let fires = [
            cluster(&format!("  bootstrap: {{initdb: {{database: a}}}}\n{plugin}")),
            cluster(&format!("  bootstrap: {{initdb: {{database: a}}}}\n{store}")),
            cluster(plugin),
        ];
        let silent = [
            cluster("  bootstrap: {initdb: {database: a}}\n"),
            cluster(&format!("  bootstrap: {{recovery: {{source: old}}}}\n{plugin}")),
            cluster(&format!(
                "  bootstrap: {{initdb: {{import: {{source: {{externalCluster: old}}}}}}}}\n{connection}"
            )),
            cluster(&format!("  replica: {{enabled: true, source: old}}\n{plugin}")),
        ];
        assert_rule(&super::RULE, &fires.each_ref().map(String::as_str), &silent.each_ref().map(String::as_str));
    }
}
