//! A reference into another namespace that the controllers refuse.

use serde_json::Value;

use crate::check::world::{World, at, named, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-other-namespace",
    about: "a reference into another namespace where the controllers refuse those (--no-cross-namespace-refs)",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects() {
        let Some((controller, references)) = references(object) else { continue };
        if !world.flux.refuses_other_namespaces(controller) {
            continue;
        }
        for reference in references {
            let namespace = text(reference, "/namespace");
            // A name with a variable may be any, and an object without a namespace gets one later.
            let is_known = ![namespace, object.object.namespace.as_str()]
                .iter()
                .any(|name| name.is_empty() || name.contains("${"));
            if !is_known || namespace == object.object.namespace {
                continue;
            }
            let what = named(text(reference, "/kind"), namespace, text(reference, "/name"));
            let message = format!("it names {what}, and {controller} refuses references into another namespace");
            let why = "tenants are locked into their namespaces (--no-cross-namespace-refs): AccessDenied, and nothing is applied of it";
            let fix = format!("declare it in {}, or put this object into {namespace}", object.object.namespace);
            found.push(world.finding(&RULE, object, &format!("namespace: {namespace}"), message, why, fix));
        }
    }
}

/// Lists the references of an object that its controller resolves in the referenced namespace.
fn references(object: &Object) -> Option<(&'static str, Vec<&Value>)> {
    let body = &object.body;
    let one = |pointer: &str| vec![at(body, pointer)];
    let all = |pointer: &str| at(body, pointer).as_array().into_iter().flatten().collect();
    Some(match (object.object.group.as_str(), object.kind()) {
        (known::KUSTOMIZE, "Kustomization") => ("kustomize-controller", one("/spec/sourceRef")),
        (known::HELM, "HelmRelease") => {
            ("helm-controller", vec![at(body, "/spec/chartRef"), at(body, "/spec/chart/spec/sourceRef")])
        }
        (known::NOTIFICATION, "Alert") => ("notification-controller", all("/spec/eventSources")),
        (known::NOTIFICATION, "Receiver") => ("notification-controller", all("/spec/resources")),
        (known::IMAGE, "ImagePolicy") => ("image-reflector-controller", one("/spec/imageRepositoryRef")),
        (known::IMAGE, "ImageUpdateAutomation") => ("image-automation-controller", one("/spec/sourceRef")),
        (known::EXTENSIONS, "ArtifactGenerator") => ("source-watcher", all("/spec/sources")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const INSTANCE: &str = "---
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec: {distribution: {version: 2.x}, cluster: {multitenant: true}}
";
    const TENANT: &str = "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: tenant}
spec:
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
";
    const OTHERS: [&str; 4] = [
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: tenant}
spec:
  chart: {spec: {chart: a, version: 1.0.0, sourceRef: {kind: HelmRepository, name: a, namespace: flux-system}}}
",
        "---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: app, namespace: tenant}
spec: {providerRef: {name: slack}, eventSources: [{kind: GitRepository, name: '*', namespace: flux-system}]}
",
        "---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: app, namespace: tenant}
spec: {imageRepositoryRef: {name: app, namespace: flux-system}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: tenant}
spec: {chartRef: {kind: OCIRepository, name: app, namespace: flux-system}}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let locked: Vec<String> =
            std::iter::once(TENANT).chain(OTHERS).map(|object| [INSTANCE, object].concat()).collect();
        let own = TENANT.replace(", namespace: flux-system}", ", namespace: tenant}");
        let free = INSTANCE.replace("multitenant: true", "multitenant: false");
        let silent = [TENANT.to_owned(), [free.as_str(), TENANT].concat(), [INSTANCE, own.as_str()].concat()];
        assert_rule(&super::RULE, &locked, &silent);
    }
}
