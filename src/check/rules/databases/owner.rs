//! A database whose owner is not a role.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "cnpg-owner-missing",
    about: "a Database whose owner is not a role of its Cluster",
    check: RuleInput::World(check),
};

/// The fields of SQL that runs when a Cluster is bootstrapped (cloudnative-pg.io/documentation, "Bootstrap"); each also
/// has a field with the suffix `Refs`.
const STATEMENTS: [&str; 3] = ["postInitSQL", "postInitApplicationSQL", "postInitTemplateSQL"];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of("postgresql.cnpg.io", "Database") {
        let owner = text(&object.body, "/spec/owner");
        let wanted = text(&object.body, "/spec/cluster/name");
        let cluster = world
            .objects_of("postgresql.cnpg.io", "Cluster")
            .find(|one| one.object.name == wanted && one.object.namespace == object.object.namespace);
        let Some(cluster) = cluster else { continue };
        // A restored or imported cluster has the roles of its source.
        let bootstrap = at(&cluster.body, "/spec/bootstrap");
        let is_restored = bootstrap.get("recovery").is_some()
            || bootstrap.get("pg_basebackup").is_some()
            || at(bootstrap, "/initdb").get("import").is_some();
        let first =
            at(bootstrap, "/initdb/owner").as_str().or(at(bootstrap, "/initdb/database").as_str()).unwrap_or("app");
        let roles = list(&cluster.body, "/spec/managed/roles");
        let role = roles.iter().find(|role| text(role, "/name") == owner);
        // SQL may create the role: statements that name it, and referenced ones, whose text is not known.
        let names_it = |field: &str| {
            list(bootstrap, &format!("/initdb/{field}"))
                .iter()
                .any(|one| one.as_str().is_some_and(|sql| sql.contains(owner)))
        };
        let by_sql = STATEMENTS.iter().any(|field| names_it(field))
            || STATEMENTS.iter().any(|field| at(bootstrap, "/initdb").get(format!("{field}Refs")).is_some());
        // A `DatabaseRole` object may declare the role.
        let by_object = world.objects_of("postgresql.cnpg.io", "DatabaseRole").any(|one| {
            let named = text(&one.body, "/spec/name");
            one.object.namespace == object.object.namespace
                && text(&one.body, "/spec/cluster/name") == wanted
                && (if named.is_empty() { one.object.name.as_str() } else { named }) == owner
        });
        let is_absent = role.is_some_and(|role| text(role, "/ensure") == "absent");
        if matches!(owner, "" | "postgres")
            || is_restored
            || by_sql
            || by_object
            || (owner == first || role.is_some()) && !is_absent
        {
            continue;
        }
        let message = format!("its owner {owner} is not a role of the Cluster {wanted}");
        let why = "CNPG cannot create the database: role does not exist";
        let fix =
            format!("add {owner} to spec.managed.roles of the Cluster, with ensure: present and its password Secret");
        found.push(world.finding(&RULE, object, "owner", message, why, fix));
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
spec: {name: a, owner: nobody, cluster: {name: db}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
  bootstrap: {initdb: {owner: a, database: a, postInitSQL: [CREATE EXTENSION x]}}
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
  managed: {roles: [{name: b}]}
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
  managed: {roles: [{name: a, ensure: absent}]}
",
    ];
    const SILENT: &[&str] = &[
        "---
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: a, namespace: web}
spec: {name: a, owner: somebody, cluster: {name: db}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec: {instances: 1}
---
apiVersion: postgresql.cnpg.io/v1
kind: DatabaseRole
metadata: {name: role, namespace: web}
spec: {name: somebody, cluster: {name: db}}
",
        "---
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: a, namespace: web}
spec: {name: a, owner: nobody, cluster: {name: db}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
  bootstrap: {initdb: {owner: a, database: a, postInitSQL: [CREATE ROLE nobody]}}
",
        "---
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: a, namespace: web}
spec: {name: a, owner: nobody, cluster: {name: db}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: web}
spec:
  instances: 1
  bootstrap: {initdb: {owner: a, database: a, postInitSQLRefs: {configMapRefs: [{name: x, key: y}]}}}
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
  managed: {roles: [{name: a}]}
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
  bootstrap: {initdb: {owner: a, database: x}}
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
  bootstrap: {recovery: {source: x}}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
