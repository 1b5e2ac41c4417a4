//! A custom resource beside the chart that contains its definition.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::{Object, Rendered};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-crd-with-chart",
    about: "a custom resource in the same Kustomization as the HelmRelease that brings its CRD",
    check: RuleInput::World(check),
};

/// Charts, with the groups whose definitions they contain.
const BRINGS: [(&str, &[&str]); 14] = [
    ("cert-manager", &["cert-manager.io", "acme.cert-manager.io"]),
    ("cloudnative-pg", &["postgresql.cnpg.io"]),
    ("plugin-barman-cloud", &["barmancloud.cnpg.io"]),
    ("kube-prometheus-stack", &["monitoring.coreos.com"]),
    ("prometheus-operator-crds", &["monitoring.coreos.com"]),
    ("metallb", &["metallb.io"]),
    ("longhorn", &["longhorn.io"]),
    ("traefik", &["traefik.io"]),
    ("external-secrets", &["external-secrets.io"]),
    ("sealed-secrets", &["bitnami.com"]),
    ("velero", &["velero.io"]),
    ("keda", &["keda.sh"]),
    ("kyverno", &["kyverno.io"]),
    ("rook-ceph", &["ceph.rook.io"]),
];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for one in world.rendering.of.iter().filter(|one| one.env == world.env) {
        for release in one.objects.iter().filter(|object| object.is(known::HELM, "HelmRelease")) {
            let chart = world.chart(release);
            let Some((_, groups)) = BRINGS.iter().find(|(name, _)| *name == chart) else { continue };
            let is_brought = |object: &&Object| groups.contains(&object.object.group.as_str());
            // Another Kustomization or chart may have applied the definition before.
            let is_defined = world
                .objects_of("apiextensions.k8s.io", "CustomResourceDefinition")
                .any(|definition| groups.contains(&text(&definition.body, "/spec/group")))
                || is_brought_before(world, one, groups);
            // The objects that a helmfile or a script applies before Flux starts are not known.
            let Some(object) = one.objects.iter().find(is_brought).filter(|_| !is_defined && !world.is_prepared())
            else {
                continue;
            };
            // Unknown sources may contain definitions.
            if world.may_come(&[("apiextensions.k8s.io", "CustomResourceDefinition")], "") {
                continue;
            }
            let message =
                format!("it is applied by {} together with the chart {chart}, which brings its kind", one.name);
            let why = "a new cluster never converges: Flux checks all objects of a Kustomization before it applies the first, and this kind is not there yet";
            let fix = format!("move it into a Kustomization that depends on {} and waits for it", one.name);
            found.push(world.finding(&RULE, object, &object.object.name, message, why, fix));
        }
    }
}

/// Tells whether a chart of another Kustomization contains definitions of a group, or may, because its name or its
/// release's contains `crd`.
fn is_brought_before(world: &World<'_>, own: &Rendered, groups: &[&str]) -> bool {
    let others = world.applied().filter(|(one, object)| {
        (&one.namespace, &one.name) != (&own.namespace, &own.name) && object.is(known::HELM, "HelmRelease")
    });
    others.into_iter().any(|(_, release)| {
        let chart = world.chart(release);
        let brings = |(name, own): &(&str, &[&str])| *name == chart && own.iter().any(|group| groups.contains(group));
        chart.contains("crd") || release.object.name.contains("crd") || BRINGS.iter().any(brings)
    })
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: metallb, version: 1.0.0}}
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: a, namespace: web}
"];
    const SILENT: &[&str] = &[
        "=== staging a
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {chart: {spec: {chart: kube-prometheus-stack, version: 1.0.0}}}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: a, namespace: web}
=== staging b
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: crds, namespace: web}
spec: {chart: {spec: {chart: prometheus-operator-crds, version: 1.0.0}}}
",
        "=== staging a
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: metallb, version: 1.0.0}}
=== staging b
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: a, namespace: web}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
