//! A variable that a Service of the same name injects.

use serde_json::Value;

use crate::check::image::Image;
use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "service-variable",
    about: "a configuration variable that Kubernetes injects for a Service of the same name",
    check: RuleInput::World(check),
};

/// Programs by the end of their image's name, with the settings that they read, as their own documentation names them.
/// A Service does not override a variable that the pod sets: only settings left to their default are affected.
const READS: [(&str, &[&str]); 21] = [
    ("actual-server", &["ACTUAL_PORT"]),
    ("authelia", &["AUTHELIA_PORT"]),
    ("bookstack", &["DB_PORT"]),
    ("fireflyiii/core", &["DB_PORT", "REDIS_PORT"]),
    ("immich-server", &["IMMICH_PORT", "DB_PORT", "REDIS_PORT"]),
    ("mastodon", &["DB_PORT", "REDIS_PORT"]),
    ("mealie", &["API_PORT"]),
    ("memos", &["MEMOS_PORT"]),
    ("n8n", &["N8N_PORT"]),
    ("netbox", &["DB_PORT", "REDIS_PORT"]),
    ("paperless-ngx", &["PAPERLESS_PORT"]),
    ("vabene1111/recipes", &["TANDOOR_PORT"]),
    ("redis-commander", &["REDIS_PORT"]),
    ("searxng", &["SEARXNG_PORT"]),
    ("semaphore", &["SEMAPHORE_PORT"]),
    ("gotify-server", &["GOTIFY_SERVER_PORT"]),
    ("gotify/server", &["GOTIFY_SERVER_PORT"]),
    ("spoolman", &["SPOOLMAN_PORT"]),
    ("uptime-kuma", &["UPTIME_KUMA_PORT"]),
    ("requarks/wiki", &["DB_PORT"]),
    ("zitadel", &["ZITADEL_PORT"]),
];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        if at(pods.spec, "/enableServiceLinks") == false {
            continue;
        }
        let namespace = pods.object.object.namespace.as_str();
        for container in list(pods.spec, "/containers") {
            let image = Image::parse(text(container, "/image")).name;
            let read = READS.iter().filter(|(name, _)| is_called(image, name)).flat_map(|(_, variables)| *variables);
            for variable in read {
                let service = world.objects_of("", "Service").find(|service| {
                    let name = service.object.name.to_uppercase().replace('-', "_");
                    service.object.namespace == namespace
                        && has_address(&service.body)
                        && format!("{name}_PORT") == *variable
                });
                let Some(service) = service.filter(|_| !may_set(world, namespace, container, variable)) else {
                    continue;
                };
                let message =
                    format!("{image} reads {variable}, which Kubernetes sets for the Service {}", service.object.name);
                let why = "the variable holds tcp://ADDRESS:PORT where a number is expected, and the program fails at its start";
                let fix = "set enableServiceLinks: false in the pod's spec";
                found.push(world.finding(&RULE, pods.object, image, message, why, fix));
            }
        }
    }
}

/// Tells whether a Service has its own address: for others the kubelet sets no variables.
fn has_address(service: &Value) -> bool {
    text(service, "/spec/clusterIP") != "None" && text(service, "/spec/type") != "ExternalName"
}

/// Tells whether a container may set a variable itself, which overrides that of a Service; an unknown source may
/// contain any.
fn may_set(world: &World<'_>, namespace: &str, container: &Value, variable: &str) -> bool {
    list(container, "/env").iter().any(|one| text(one, "/name") == variable)
        || list(container, "/envFrom").iter().any(|source| {
            let prefix = text(source, "/prefix");
            let Some(key) = variable.strip_prefix(prefix) else { return false };
            let kinds = [("ConfigMap", "/configMapRef/name"), ("Secret", "/secretRef/name")];
            let known = kinds.iter().find_map(|(kind, name)| world.find(kind, namespace, text(source, name)));
            known.is_none_or(|known| {
                ["/data", "/stringData"].iter().any(|part| at(&known.body, part).get(key).is_some())
            })
        })
}

fn is_called(image: &str, name: &str) -> bool {
    image.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn what_the_pod_sets_itself_comes_first() {
        let found = |image: &str, more: &str, service: &str, beside: &str| {
            let text = format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: app, namespace: web}}\nspec:\n  containers: [{{name: a, image: \"{image}\", {more}}}]\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: redis, namespace: web}}\nspec: {{{service}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: env, namespace: web}}\ndata: {{{beside}}}\n"
            );
            crate::check::testing::found(&super::RULE, &text).len()
        };
        let image = "registry.example:5000/fireflyiii/core:v6@sha256:0";
        assert_eq!(found(image, "", "", ""), 1);
        assert_eq!(found(image, "envFrom: [{configMapRef: {name: env}}]", "", "OTHER: a"), 1);
        assert_eq!(found(image, "envFrom: [{configMapRef: {name: env}}]", "", "REDIS_PORT: \"6379\""), 0);
        assert_eq!(found(image, "envFrom: [{configMapRef: {name: env}, prefix: REDIS_}]", "", "PORT: \"6379\""), 0);
        assert_eq!(found(image, "envFrom: [{secretRef: {name: unknown}}]", "", ""), 0);
        assert_eq!(found(image, "env: [{name: REDIS_PORT, value: \"6379\"}]", "", ""), 0);
        assert_eq!(found(image, "", "clusterIP: None", ""), 0, "headless");
        assert_eq!(found(image, "", "type: ExternalName", ""), 0);
        assert_eq!(found("example.org/core:1", "", "", ""), 0, "another core");
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app().image("docker.io/n8nio/n8n:1.0.0").and(
            "v1 Service web/n8n",
            "
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
        )];
        let silent = [
            app().pod("enableServiceLinks: false").image("docker.io/n8nio/n8n:1.0.0").and(
                "v1 Service web/n8n",
                "
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
            ),
            app().and(
                "v1 Service web/app",
                "
spec:
  selector: {app: app}
  ports: [{name: http, port: 80}]
",
            ),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
