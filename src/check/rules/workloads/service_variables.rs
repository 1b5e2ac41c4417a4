//! A variable that a Service of the same name injects.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Look, Rule};

pub(in crate::check) const RULE: Rule = Rule {
    id: "service-variable",
    about: "a configuration variable that Kubernetes injects for a Service of the same name",
    look: Look::World(look),
};

/// Programs that read a setting of such a name, and the setting.
const READS: [(&str, &str); 4] = [
    ("paperless-ngx", "PAPERLESS_PORT"),
    ("n8n", "N8N_PORT"),
    ("uptime-kuma", "UPTIME_KUMA_PORT"),
    ("immich-server", "REDIS_PORT"),
];

fn look(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        if at(pods.spec, "/enableServiceLinks") == false {
            continue;
        }
        for container in list(pods.spec, "/containers") {
            let image = text(container, "/image").split(['@', ':']).next().unwrap_or_default();
            let image = image.rsplit('/').next().unwrap_or_default();
            for (_, variable) in READS.iter().filter(|(name, _)| *name == image) {
                let is_set = list(container, "/env").iter().any(|one| text(one, "/name") == *variable);
                let service = world.of("", "Service").find(|service| {
                    let name = service.object.name.to_uppercase().replace('-', "_");
                    service.object.namespace == pods.object.object.namespace && format!("{name}_PORT") == *variable
                });
                let Some(service) = service.filter(|_| !is_set) else { continue };
                let message =
                    format!("{image} reads {variable}, which Kubernetes sets for the Service {}", service.object.name);
                let why = "the variable holds tcp://ADDRESS:PORT where a number is expected, and the program fails at its start";
                let fix = "set enableServiceLinks: false in the pod's spec";
                found.push(world.finding(&RULE, pods.object, image, message, why, fix));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: web}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/n8nio/n8n:1.0.0
---
apiVersion: v1
kind: Service
metadata: {name: n8n, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: web}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      enableServiceLinks: false
      containers:
        - name: main
          image: docker.io/n8nio/n8n:1.0.0
---
apiVersion: v1
kind: Service
metadata: {name: n8n, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: web}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
