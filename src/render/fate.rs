//! What Flux does with a change that differs from what the change looks like: an object that stays, that moves, or that
//! cannot be changed where it is.
//!
//! The words are those of kustomize-controller (`deleteObjects`, `finalizerShouldDeleteResources`) and of
//! github.com/fluxcd/pkg/ssa; what cannot be changed is in k8s.io/kubernetes, `pkg/apis/*/validation`.

use serde_json::Value;

use super::{Object, Rendering, at};
use crate::model::known::KUSTOMIZE;
use crate::model::quantity;
use crate::repo::FluxKustomization;

const GROUP: &str = KUSTOMIZE;

/// Holds what is to be said of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fate {
    /// The sentence.
    pub(super) note: String,
    /// Whether the object stays in the cluster as it is.
    pub(super) stays: bool,
}

impl Fate {
    fn stays(note: impl Into<String>) -> Self {
        Self { note: note.into(), stays: true }
    }

    fn noted(note: impl Into<String>) -> Self {
        Self { note: note.into(), stays: false }
    }
}

/// Names the two sides of a change, and the Kustomization whose change it is.
pub(super) struct Sides<'a> {
    pub(super) old: &'a Rendering,
    pub(super) new: &'a Rendering,
    pub(super) env: &'a str,
    /// The Kustomization, as renderings show it.
    pub(super) kustomization: &'a str,
}

impl<'a> Sides<'a> {
    fn spec(&self, rendering: &'a Rendering) -> Option<&'a FluxKustomization> {
        let own = rendering.of.iter().find(|one| one.env == self.env && one.shown() == self.kustomization)?;
        let is_it =
            |one: &&FluxKustomization| (&one.env, &one.namespace, &one.name) == (&own.env, &own.namespace, &own.name);
        rendering.graph.kustomizations.iter().find(is_it)
    }

    /// Returns what becomes of an object that the Kustomization applies no longer.
    pub(super) fn deleted(&self, object: &Object) -> Option<Fate> {
        for (key, word) in [("prune", "disabled"), ("reconcile", "disabled"), ("ssa", "Ignore")] {
            if says(&object.body, key, word) {
                return Some(Fate::stays(format!("it stays in the cluster: it has {GROUP}/{key}: {word}")));
            }
        }
        let name = self.kustomization;
        let (before, after) = (self.spec(self.old), self.spec(self.new));
        match (before, after) {
            (_, Some(after)) if !after.prune => {
                return Some(Fate::stays(format!("it stays in the cluster: {name} does not prune")));
            }
            (_, Some(after)) if after.suspend => {
                return Some(Fate::stays(format!("it stays until {name} is resumed, which is suspended")));
            }
            (Some(before), None) => {
                let policy = before.spec.get("deletionPolicy").and_then(|policy| policy.as_str()).unwrap_or_default();
                let mirrors = !matches!(policy, "Orphan" | "Delete" | "WaitForTermination");
                let keeps = if policy == "Orphan" {
                    Some("its deletionPolicy is Orphan")
                } else if mirrors && !before.prune {
                    Some("it does not prune")
                } else {
                    None
                };
                let keeps = keeps.or_else(|| before.suspend.then_some("it is suspended"));
                if let Some(why) = keeps {
                    return Some(Fate::stays(format!("it stays in the cluster when {name} goes: {why}")));
                }
            }
            _ => {}
        }
        let is_same = |other: &Object| other.object == object.object;
        let taker = self
            .new
            .of
            .iter()
            .find(|one| one.env == self.env && one.shown() != name && one.objects.iter().any(is_same))?;
        let taker = taker.shown();
        Some(Fate::noted(format!(
            "it moves to {taker}: if {name} is reconciled first, it is deleted before {taker} makes it anew; {GROUP}/prune: disabled on it, pushed before, keeps it"
        )))
    }

    /// Returns what is to be said of an object that is created or changed.
    pub(super) fn applied(&self, old: Option<&Object>, new: &Object) -> Option<Fate> {
        for (key, word) in [("reconcile", "disabled"), ("ssa", "Ignore")] {
            if says(&new.body, key, word) {
                return Some(Fate::stays(format!("Flux does not apply it: it has {GROUP}/{key}: {word}")));
            }
        }
        let after = self.spec(self.new);
        if after.is_some_and(|after| after.suspend) {
            return Some(Fate::stays(format!(
                "Flux applies it once {} is resumed, which is suspended",
                self.kustomization
            )));
        }
        let old = old?;
        if says(&new.body, "ssa", "IfNotPresent") {
            return Some(Fate::stays(format!(
                "Flux leaves it as it is once it is there: it has {GROUP}/ssa: IfNotPresent"
            )));
        }
        let field = fixed(&old.body, &new.body)?;
        let is_forced = says(&new.body, "force", "enabled")
            || after.is_some_and(|after| after.spec.get("force").and_then(crate::yaml::Value::as_bool) == Some(true));
        if is_forced {
            return Some(Fate::noted(format!(
                "{field} cannot be changed: Flux deletes it and makes it anew, as force asks"
            )));
        }
        Some(Fate::noted(format!(
            "{field} cannot be changed: the API server refuses it, and nothing that {} applies is changed; {GROUP}/force: enabled on it lets Flux delete it and make it anew",
            self.kustomization
        )))
    }
}

fn says(body: &Value, key: &str, word: &str) -> bool {
    let key = format!("{GROUP}/{key}");
    let has = |block: &str| {
        at(body, block).get(&key).and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(word))
    };
    has("/metadata/annotations") || has("/metadata/labels")
}

/// The fields of the spec of a `StatefulSet` that may change.
const OF_SETS: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
    "revisionHistoryLimit",
];

/// Names the first field that differs and that the API server never changes.
fn fixed(old: &Value, new: &Value) -> Option<String> {
    let differs = |pointer: &str| at(old, pointer) != at(new, pointer);
    let first = |pointers: &[&str]| {
        let found = pointers.iter().find(|pointer| differs(pointer))?;
        Some(found.trim_start_matches('/').replace('/', "."))
    };
    let version = at(new, "/apiVersion").as_str().unwrap_or_default();
    let group = crate::model::api_group(version);
    match (group, at(new, "/kind").as_str().unwrap_or_default()) {
        ("apps", "Deployment" | "DaemonSet" | "ReplicaSet") => first(&["/spec/selector"]),
        ("apps", "StatefulSet") => {
            let (old, new) = (at(old, "/spec").as_object()?, at(new, "/spec").as_object()?);
            let all = old.keys().chain(new.keys());
            let found = all.filter(|key| !OF_SETS.contains(&key.as_str())).find(|key| old.get(*key) != new.get(*key));
            found.map(|key| format!("spec.{key}"))
        }
        ("batch", "Job") => first(&["/spec/selector", "/spec/template", "/spec/completionMode"]),
        ("", "PersistentVolumeClaim") => {
            let fields = [
                "/spec/accessModes",
                "/spec/storageClassName",
                "/spec/selector",
                "/spec/volumeMode",
                "/spec/volumeName",
            ];
            let size = |body: &Value| quantity(at(body, "/spec/resources/requests/storage").as_str()?);
            let shrinks = matches!((size(old), size(new)), (Some(old), Some(new)) if new < old);
            first(&fields).or_else(|| shrinks.then(|| "the size of a volume, which only grows,".to_owned()))
        }
        ("", "ConfigMap" | "Secret") if at(old, "/immutable") == true => {
            let data = first(&["/data", "/stringData", "/binaryData", "/immutable"])?;
            Some(format!("{data} of what is immutable"))
        }
        ("", "Secret") => first(&["/type"]),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => first(&["/roleRef"]),
        ("storage.k8s.io", "StorageClass") => {
            first(&["/provisioner", "/parameters", "/reclaimPolicy", "/volumeBindingMode"])
        }
        ("scheduling.k8s.io", "PriorityClass") => first(&["/value", "/preemptionPolicy"]),
        ("networking.k8s.io", "IngressClass") => first(&["/spec/controller"]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{GROUP, Sides, fixed};
    use crate::render::{Object, Origin, Rendered, Rendering};

    fn applied(name: &str, objects: Vec<Object>) -> Rendered {
        let (env, namespace) = ("staging".to_owned(), "flux-system".to_owned());
        Rendered { env, namespace, name: name.to_owned(), objects, ..Rendered::default() }
    }

    #[test]
    fn what_stays_and_what_moves_is_told_apart() {
        let object = |key: &str, word: &str| {
            let metadata = json!({"name": "a", "namespace": "web", "annotations": {key: word}});
            let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
            Object::new(body, Origin::default(), Vec::new())
        };
        let plain = object("a", "b");
        let rendering = |of: Vec<Rendered>| Rendering { of, ..Rendering::default() };
        let old = rendering(vec![applied("apps", vec![plain.clone()]), applied("two", Vec::new())]);
        let new = rendering(vec![applied("apps", Vec::new()), applied("two", vec![plain.clone()])]);
        let sides = |new| Sides { old: &old, new, env: "staging", kustomization: "apps" };
        let moved = sides(&new).deleted(&plain).unwrap();
        assert!(!moved.stays && moved.note.starts_with("it moves to two"), "{moved:?}");
        assert_eq!(sides(&old).deleted(&object("x", "y")).map(|fate| fate.stays), None);
        for (key, word) in [("prune", "disabled"), ("prune", "Disabled"), ("reconcile", "disabled"), ("ssa", "ignore")]
        {
            let kept = object(&format!("{GROUP}/{key}"), word);
            assert!(sides(&new).deleted(&kept).is_some_and(|fate| fate.stays), "{key}: {word}");
        }
        let once = object(&format!("{GROUP}/ssa"), "IfNotPresent");
        assert!(sides(&new).applied(None, &once).is_none());
        assert!(sides(&new).applied(Some(&once), &once).is_some_and(|fate| fate.stays));
    }

    #[test]
    fn what_the_server_never_changes_is_named() {
        let one = |version: &str, kind: &str, spec: serde_json::Value| json!({"apiVersion": version, "kind": kind, "spec": spec});
        let claim = |size: &str| json!({"resources": {"requests": {"storage": size}}});
        for (version, kind, old, new, wanted) in [
            (
                "apps/v1",
                "Deployment",
                json!({"selector": {"a": "b"}}),
                json!({"selector": {"a": "c"}}),
                Some("spec.selector"),
            ),
            ("apps/v1", "Deployment", json!({"replicas": 1}), json!({"replicas": 2}), None),
            ("apps/v1", "StatefulSet", json!({"replicas": 1}), json!({"replicas": 2}), None),
            (
                "apps/v1",
                "StatefulSet",
                json!({"serviceName": "a"}),
                json!({"serviceName": "b"}),
                Some("spec.serviceName"),
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({}),
                json!({"volumeClaimTemplates": []}),
                Some("spec.volumeClaimTemplates"),
            ),
            ("batch/v1", "Job", json!({"template": 1}), json!({"template": 2}), Some("spec.template")),
            ("batch/v1", "CronJob", json!({"template": 1}), json!({"template": 2}), None),
            (
                "v1",
                "PersistentVolumeClaim",
                claim("10Gi"),
                claim("5Gi"),
                Some("the size of a volume, which only grows,"),
            ),
            ("v1", "PersistentVolumeClaim", claim("5Gi"), claim("10Gi"), None),
            ("example.org/v1", "Job", json!({"template": 1}), json!({"template": 2}), None),
        ] {
            let found = fixed(&one(version, kind, old), &one(version, kind, new));
            assert_eq!(found.as_deref(), wanted, "{version} {kind}");
        }
        let binding = |role: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "roleRef": {"name": role}});
        assert_eq!(fixed(&binding("view"), &binding("edit")).as_deref(), Some("roleRef"));
    }
}
