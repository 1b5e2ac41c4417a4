//! A liveness probe without a startup probe on a slow container.

use crate::check::image::Image;
use crate::check::world::{World, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "probe-without-startup",
    about: "a liveness probe that kills a slow starter before it is up",
    check: RuleInput::World(check),
};

/// Images that take more than half a minute to start on small machines: JVMs, and those that migrate a database, load a
/// model or compile first.
const SLOW: [&str; 39] = [
    "artifactory-oss",
    "cassandra",
    "commafeed",
    "confluence",
    "confluence-server",
    "discourse",
    "elasticsearch",
    "gitlab",
    "gitlab-ce",
    "gitlab-ee",
    "graylog",
    "home-assistant",
    "homeassistant",
    "immich-machine-learning",
    "immich-server",
    "jellyfin",
    "jenkins",
    "jira-software",
    "kafka",
    "keycloak",
    "kibana",
    "komga",
    "logstash",
    "mastodon",
    "metabase",
    "minecraft-server",
    "neo4j",
    "netbox",
    "nextcloud",
    "nexus3",
    "openhab",
    "openproject",
    "opensearch",
    "paperless-ngx",
    "solr",
    "sonarqube",
    "teamcity-server",
    "unifi-network-application",
    "zammad",
];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        for container in list(pods.spec, "/containers") {
            let Some(probe) = container.get("livenessProbe") else { continue };
            let image = Image::parse(text(container, "/image"));
            let number = |key: &str, default: i64| probe[key].as_i64().unwrap_or(default);
            let patience =
                number("initialDelaySeconds", 0) + number("periodSeconds", 10) * number("failureThreshold", 3);
            let is_slow = SLOW.contains(&image.last());
            if container.get("startupProbe").is_some() || !is_slow || patience >= 120 {
                continue;
            }
            let message = format!(
                "its livenessProbe kills the container {} after {patience} s, and it starts slowly",
                text(container, "/name")
            );
            let why = "on a busy node it is killed before it is up, again and again: CrashLoopBackOff with exit code 137 or 143";
            let fix = "add a startupProbe with the same check and failureThreshold: 30";
            found.push(world.finding(&RULE, pods.object, "livenessProbe", message, why, fix).warning());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app().image("athou/commafeed:5.0.0").container("livenessProbe: {httpGet: {path: /, port: 80}}")];
        let silent = [
            app()
                .image("athou/commafeed:5.0.0")
                .container("livenessProbe: {httpGet: {path: /, port: 80}, initialDelaySeconds: 120}"),
            app().container("livenessProbe: {httpGet: {path: /, port: 80}}"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
