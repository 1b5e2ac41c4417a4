//! An Alert that misses a `HelmRelease`.

use crate::check::world::{World, list, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "alert-misses-release",
    about: "a HelmRelease that no Alert listens to, where Alerts name the others",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let sources: Vec<(&str, &str)> = world
        .objects_of(known::NOTIFICATION, "Alert")
        .flat_map(|alert| list(&alert.body, "/spec/eventSources").iter().map(move |source| (alert, source)))
        .filter(|(_, source)| text(source, "/kind") == "HelmRelease")
        .map(|(alert, source)| (alert.namespace_of(source), text(source, "/name")))
        .collect();
    // Without an Alert on a HelmRelease, the repository notifies in another way.
    if sources.is_empty() {
        return;
    }
    for object in world.objects_of(known::HELM, "HelmRelease") {
        let own = &object.object;
        let is_routed =
            sources.iter().any(|(namespace, name)| *namespace == own.namespace && (*name == "*" || *name == own.name));
        if is_routed {
            continue;
        }
        let message = "no Alert listens to it, though Alerts name other HelmReleases";
        let why = "nobody is notified of its failed upgrade";
        let fix = format!("add kind: HelmRelease, namespace: {}, name: '*' to the Alert's eventSources", own.namespace);
        let habit = "no Alert listens to some HelmReleases, though Alerts name others";
        found.push(world.finding(&RULE, object, &own.name, message, why, fix).hint().habit(habit));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: a, namespace: flux-system}
spec:
  providerRef: {name: p}
  eventSources: [{kind: HelmRelease, name: app, namespace: web}]
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {name: p, namespace: flux-system}
spec: {type: slack}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: b, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: a, namespace: flux-system}
spec:
  providerRef: {name: p}
  eventSources: [{kind: HelmRelease, name: '*', namespace: web}]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
",
        "---
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
