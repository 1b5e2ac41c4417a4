//! The HelmChart of a release.

use serde_json::{Value, json};

use super::super::conditions;
use super::super::report::event;
use crate::model::ObjectRef;
use crate::sim::apply::apply_one;
use crate::sim::json::{self, number, part, set, text};
use crate::sim::kinds::{HELM, SOURCE};
use crate::sim::world::SimulatedCluster;

/// Creates or updates the HelmChart of a release and returns the kind of change.
pub(super) fn keep_chart(world: &mut SimulatedCluster, object: &mut Value) -> String {
    let own = json::reference(object);
    let key = chart_of(object);
    let spec = &part(object, "/spec/chart/spec");
    let mut manifest = json!({
        "apiVersion": format!("{SOURCE}/v1"),
        "kind": "HelmChart",
        "metadata": {
            "namespace": key.namespace,
            "name": key.name,
            "labels": {
                format!("{HELM}/name"): own.name,
                format!("{HELM}/namespace"): own.namespace,
            },
        },
        "spec": {
            "chart": spec["chart"],
            "version": spec["version"],
            "reconcileStrategy": "ChartVersion",
            "interval": match text(spec, "/interval") { "" => text(object, "/spec/interval"), own => own },
            "sourceRef": {"kind": part(spec, "/sourceRef/kind"), "name": part(spec, "/sourceRef/name")},
        },
    });
    if part(&manifest, "/spec/version").is_null() {
        set(&mut manifest, &["spec", "version"], "*");
    }
    let source = format!("{}/{}/{}", text(spec, "/sourceRef/kind"), key.namespace, text(spec, "/sourceRef/name"));
    let subject = format!("HelmChart/{}/{}", key.namespace, key.name);
    let done = apply_one(world, &key, manifest, "helm-controller");
    set(object, &["status", "helmChart"], format!("{}/{}", key.namespace, key.name));
    match done {
        Some(action) => {
            let said = format!("{action} {subject} with SourceRef '{source}'");
            let mut letters = said.chars();
            let said = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
            let reason = if action == "created" { "HelmChartCreated" } else { "HelmChartConfigured" };
            event(world, object, "Normal", reason, &said);
            said
        }
        None => format!("{subject} with SourceRef '{source}' is in-sync"),
    }
}

/// Names the HelmChart of a release.
pub(super) fn chart_of(object: &Value) -> ObjectRef {
    let own = json::reference(object);
    let namespace = match text(object, "/spec/chart/spec/sourceRef/namespace") {
        "" => own.namespace.as_str(),
        named => named,
    };
    ObjectRef::new("HelmChart", SOURCE, namespace, &format!("{}-{}", own.namespace, own.name))
}

/// Explains why a chart cannot be used yet.
pub(super) fn chart_unready(chart: &Value) -> Option<String> {
    let name = format!("HelmChart '{}/{}'", text(chart, "/metadata/namespace"), text(chart, "/metadata/name"));
    if number(chart, "/metadata/generation") != number(chart, "/status/observedGeneration") {
        return Some(format!("{name} is not ready: latest generation of object has not been reconciled"));
    }
    if conditions::is(chart, "Ready", "False") {
        let message = conditions::get(chart, "Ready").map_or("", |ready| text(ready, "/message"));
        return Some(format!("{name} is not ready: {message}"));
    }
    chart.pointer("/status/artifact").is_none().then(|| format!("{name} is not ready: does not have an artifact"))
}
