//! A monitor that selects nothing.

use crate::check::world::{WORKLOADS, World, at, list, selects, text};
use crate::check::{Finding, Rule, RuleInput};
use serde_json::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "monitor-selects-nothing",
    about: "a ServiceMonitor or PodMonitor that selects nothing, or a port that is not there",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects().filter(|object| object.object.group == "monitoring.coreos.com") {
        let selector = at(&object.body, "/spec/selector");
        let places = at(&object.body, "/spec/namespaceSelector");
        let names: Vec<&str> = match at(places, "/matchNames").as_array() {
            Some(names) => names.iter().filter_map(Value::as_str).collect(),
            None => vec![object.object.namespace.as_str()],
        };
        let is_open = at(places, "/any") == true || selector.get("matchExpressions").is_some();
        if is_open || at(selector, "/matchLabels").as_object().is_none_or(serde_json::Map::is_empty) {
            continue;
        }
        let own = |namespace: &str| names.contains(&namespace);
        let message = match object.kind() {
            "ServiceMonitor" => {
                let services: Vec<_> = world
                    .objects_of("", "Service")
                    .filter(|one| {
                        own(&one.object.namespace)
                            && selects(at(selector, "/matchLabels"), at(&one.body, "/metadata/labels"))
                    })
                    .collect();
                let lacks = |endpoint: &&Value| {
                    let port = text(endpoint, "/port");
                    !port.is_empty()
                        && !services
                            .iter()
                            .any(|one| list(&one.body, "/spec/ports").iter().any(|own| text(own, "/name") == port))
                };
                if services.is_empty() {
                    "it selects no Service".to_owned()
                } else if let Some(endpoint) = list(&object.body, "/spec/endpoints").iter().find(lacks) {
                    format!("no Service that it selects has a port named {}", text(endpoint, "/port"))
                } else {
                    continue;
                }
            }
            "PodMonitor" => {
                // The operator creates the pods of a database.
                let by_operator =
                    world.objects_of("postgresql.cnpg.io", "Cluster").any(|one| own(&one.object.namespace));
                let hit = by_operator
                    || world.pods().any(|pods| {
                        own(&pods.object.object.namespace) && selects(at(selector, "/matchLabels"), pods.labels)
                    });
                if hit {
                    continue;
                }
                "it selects no pods".to_owned()
            }
            _ => continue,
        };
        let kinds: &[(&str, &str)] = if object.kind() == "PodMonitor" { &WORKLOADS } else { &[("", "Service")] };
        if names.iter().any(|name| world.is_open(kinds, name)) {
            continue;
        }
        let why = "nothing is measured, and no alert that rests on it ever fires";
        let fix =
            "compare its selector with the labels (of the Service itself, not of its pods), and the port by its name";
        found.push(world.finding(&RULE, object, "selector", message, why, fix).warning());
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: m, namespace: web}
spec:
  selector: {matchLabels: {app: app}}
  endpoints: [{port: http}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
        "---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: m, namespace: web}
spec:
  selector: {matchLabels: {app: app}}
  endpoints: [{port: metrics}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web, labels: {app: app}}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
    ];
    const SILENT: &[&str] = &[
        "---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: m, namespace: web}
spec:
  selector: {matchLabels: {app: app}}
  endpoints: [{port: http}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web, labels: {app: app}}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
        "---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: m, namespace: web}
spec:
  selector: {matchLabels: {app: app}}
  endpoints: [{port: http}]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
