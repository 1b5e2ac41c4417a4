//! A cluster restored from the place that it archives to.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};
use serde_json::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "cnpg-archives-over-source",
    about: "a Cluster that archives to where it is restored from, under the same name",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of("postgresql.cnpg.io", "Cluster") {
        let source = text(&object.body, "/spec/bootstrap/recovery/source");
        let Some(external) =
            list(&object.body, "/spec/externalClusters").iter().find(|one| text(one, "/name") == source)
        else {
            continue;
        };
        let own_name = &object.object.name;
        let place = |plugin: &Value, default: &str| {
            let server = text(plugin, "/parameters/serverName");
            (
                text(plugin, "/parameters/barmanObjectName").to_owned(),
                if server.is_empty() { default } else { server }.to_owned(),
            )
        };
        let from = place(at(external, "/plugin"), source);
        let archives = list(&object.body, "/spec/plugins").iter().any(|plugin| {
            at(plugin, "/isWALArchiver") != false && place(plugin, own_name) == from && !from.0.is_empty()
        });
        let old = |value: &Value, default: &str| {
            let server = text(value, "/serverName");
            (text(value, "/destinationPath").to_owned(), if server.is_empty() { default } else { server }.to_owned())
        };
        let from_old = old(at(external, "/barmanObjectStore"), source);
        let archives_old =
            !from_old.0.is_empty() && old(at(&object.body, "/spec/backup/barmanObjectStore"), own_name) == from_old;
        // An annotation that disables CNPG's own check shows that this is intended.
        let is_meant = at(&object.body, "/metadata/annotations")
            .get("cnpg.io/skipEmptyWalArchiveCheck")
            .is_some_and(|own| own == "enabled");
        if (archives || archives_old) && !is_meant {
            let message = "it archives to the place that it is restored from, under the same server name";
            let why = "CNPG refuses to start: Expected empty archive; and were it forced, the only backup would be overwritten";
            let fix = "give the archive another serverName, such as the name with -v2";
            found.push(world.finding(&RULE, object, "serverName", message, why, fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
  bootstrap: {recovery: {source: old}}
  externalClusters: [{name: old, plugin: {name: b, parameters: {barmanObjectName: s, serverName: db}}}]
  plugins: [{name: b, parameters: {barmanObjectName: s}}]
"];
    const SILENT: &[&str] = &["---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
  bootstrap: {recovery: {source: old}}
  externalClusters: [{name: old, plugin: {name: b, parameters: {barmanObjectName: s, serverName: db}}}]
  plugins: [{name: b, parameters: {barmanObjectName: s, serverName: db-v2}}]
"];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
