//! A `StorageClass` that nothing creates.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use serde_json::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "storage-class-missing",
    about: "a claim of a StorageClass which nothing in the environment makes",
    check: RuleInput::World(check),
};

/// Charts that create classes, with the names of those classes.
const BRINGS: [(&str, &[&str]); 4] = [
    ("longhorn", &["longhorn", "longhorn-static"]),
    ("local-path-provisioner", &["local-path"]),
    ("openebs", &["openebs-hostpath"]),
    ("nfs-subdir-external-provisioner", &["nfs-client"]),
];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let releases = || world.objects_of(known::HELM, "HelmRelease");
    let charts: Vec<&str> = releases().map(|release| world.chart(release)).collect();
    // A chart with unknown classes may create any.
    let is_storage = |chart: &str| {
        ["csi", "storage", "ceph", "provisioner", "nfs", "democratic"].iter().any(|part| chart.contains(part))
    };
    if charts.iter().any(|chart| is_storage(chart) && !BRINGS.iter().any(|(name, _)| name == chart)) {
        return;
    }
    // If the repository creates no class, all of them come with the cluster.
    let makes_some = world.objects_of("storage.k8s.io", "StorageClass").next().is_some()
        || BRINGS.iter().any(|(chart, _)| charts.contains(chart))
        || releases().any(|release| makes_class(at(&release.body, "/spec/values"), false));
    if !makes_some {
        return;
    }
    let is_there = |name: &str| {
        // local-path comes with K3s; the classes of the cluster's installation are not in the repository.
        matches!(
            name,
            "" | "local-path"
                | "standard"
                | "hostpath"
                | "gp2"
                | "gp3"
                | "default"
                | "standard-rwo"
                | "premium-rwo"
                | "managed-csi"
                | "do-block-storage"
        ) || world.has("StorageClass", "", name)
            || world.preparation_says(name)
            || BRINGS.iter().any(|(chart, names)| charts.contains(chart) && names.contains(&name))
            || releases().any(|release| names_class(at(&release.body, "/spec/values"), false, name))
    };
    for object in world.objects() {
        let named: Vec<&str> = match object.kind() {
            "PersistentVolumeClaim" if object.object.group.is_empty() => {
                vec![text(&object.body, "/spec/storageClassName")]
            }
            "StatefulSet" if object.object.group == "apps" => list(&object.body, "/spec/volumeClaimTemplates")
                .iter()
                .map(|claim| text(claim, "/spec/storageClassName"))
                .collect(),
            "Cluster" if object.object.group == "postgresql.cnpg.io" => {
                vec![
                    text(&object.body, "/spec/storage/storageClass"),
                    text(&object.body, "/spec/walStorage/storageClass"),
                ]
            }
            _ => continue,
        };
        // A claim that is bound to a volume by hand needs no such class.
        let by_hand = !text(&object.body, "/spec/volumeName").is_empty()
            || world
                .objects_of("", "PersistentVolume")
                .any(|volume| named.contains(&text(&volume.body, "/spec/storageClassName")));
        for name in named.into_iter().filter(|name| !is_there(name) && !by_hand) {
            if world.may_come(&[("storage.k8s.io", "StorageClass")], "") {
                continue;
            }
            let message = format!("its StorageClass {name} is made by nothing in {}", world.env);
            let why = "the claim stays Pending, and with it every pod that mounts it";
            let fix = "name a class that the environment has (kubectl get storageclass), or declare it; environments often differ in this";
            found.push(world.finding(&RULE, object, name, message, why, fix).warning());
        }
    }
}

/// Tells whether the values of a chart create a class of any name.
fn makes_class(value: &Value, within: bool) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, field)| {
            let of_class = within || key.to_ascii_lowercase().contains("storageclass");
            of_class && key == "name" && field.is_string() || makes_class(field, of_class)
        }),
        Value::Array(items) => items.iter().any(|item| makes_class(item, within)),
        _ => false,
    }
}

/// Tells whether the values of a chart create a class of a name: `storageClass: {name: fast}`,
/// `storageClasses: [{name: fast}]`.
fn names_class(value: &Value, within: bool, name: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, field)| {
            let of_class = within || key.to_ascii_lowercase().contains("storageclass");
            of_class && key == "name" && field == name || names_class(field, of_class, name)
        }),
        Value::Array(items) => items.iter().any(|item| names_class(item, within, name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: web}
spec: {storageClassName: fast}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: slow}
"];
    const SILENT: &[&str] = &[
        "---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: web}
spec: {storageClassName: of-the-cloud}
",
        "---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: web}
spec: {storageClassName: local-path}
",
        "---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: web}
spec: {storageClassName: fast}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
",
        "---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: web}
spec: {storageClassName: longhorn}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: longhorn, version: 1.0.0}}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
