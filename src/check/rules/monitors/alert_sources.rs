//! An Alert about an object that does not exist.

use crate::check::world::{World, list, named, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::{ObjectRef, known};

pub(in crate::check) const RULE: Rule = Rule {
    id: "alert-source-missing",
    about: "an Alert whose event source or provider is declared nowhere",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of(known::NOTIFICATION, "Alert") {
        let why = "what it should tell of fails in silence";
        let provider = text(&object.body, "/spec/providerRef/name");
        let own = &object.object.namespace;
        let is_missing = !provider.is_empty() && !world.has("Provider", own, provider);
        if is_missing && !world.may_come(&[(known::NOTIFICATION, "Provider")], own) {
            let message = format!("its provider {provider} is not declared in {}", object.object.namespace);
            let fix = "declare the Provider in the Alert's namespace, or correct the name";
            found.push(world.finding(&RULE, object, provider, message, why, fix));
        }
        for source in list(&object.body, "/spec/eventSources") {
            let (kind, namespace, name) = (text(source, "/kind"), object.namespace_of(source), text(source, "/name"));
            let is_bootstrap = (namespace, name) == ("flux-system", "flux-system");
            if matches!(name, "" | "*")
                || is_bootstrap
                || world.has(kind, namespace, name)
                || source.get("matchLabels").is_some()
                || world.may_come(&[(&ObjectRef::bare(kind, namespace, name).group, kind)], namespace)
            {
                continue;
            }
            let message = format!("it listens to {}, which is declared nowhere", named(kind, namespace, name));
            let fix = "correct the name or the namespace of the event source, or write name: '*'";
            found.push(world.finding(&RULE, object, name, message, why, fix).warning());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: a, namespace: flux-system}
spec:
  providerRef: {name: p}
  eventSources: [{kind: HelmRelease, name: gone, namespace: web}]
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {name: p, namespace: flux-system}
spec: {type: slack}
",
        "---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: a, namespace: flux-system}
spec:
  providerRef: {name: p}
  eventSources: [{kind: HelmRelease, name: app, namespace: web}]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
",
    ];
    const SILENT: &[&str] = &[
        "---
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
",
        "---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: a, namespace: flux-system}
spec:
  providerRef: {name: p}
  eventSources: [{kind: HelmRelease, name: '*', namespace: web}]
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {name: p, namespace: flux-system}
spec: {type: slack}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
