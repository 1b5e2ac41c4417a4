//! The objects that flux-operator creates from `spec.sync` of a `FluxInstance`: a Kustomization and its source, which
//! no file declares (flux-operator 0.59, `internal/builder/templates.go`), after the patches of `spec.kustomize`.

use regex::Regex;
use serde_json::{Map, Value as Json, json};

use crate::model::{ObjectRef, json_patch, known};
use crate::yaml::{self, Value};

/// Holds the generated objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GeneratedObjects {
    /// The Kustomization.
    pub(super) kustomization: Value,
    /// The source.
    pub(super) source: Value,
    /// The reason that they may differ on the cluster.
    pub(super) unsure: Option<String>,
}

/// Builds both from an instance's `spec`; `None` if it syncs nothing.
pub(super) fn make(spec: &Value, object: &ObjectRef, source: &ObjectRef) -> Option<GeneratedObjects> {
    let spec: Json = serde_json::to_value(spec).ok()?;
    let sync = spec.get("sync")?;
    let word = |key: &str| sync.get(key).and_then(Json::as_str).unwrap_or_default();
    let metadata = |of: &ObjectRef| json!({"name": of.name, "namespace": of.namespace});
    let mut kustomization = json!({
        "apiVersion": format!("{}/v1", known::KUSTOMIZE), "kind": "Kustomization", "metadata": metadata(object),
        "spec": {
            "interval": "10m0s", "path": word("path"), "prune": true,
            "sourceRef": {"kind": source.kind, "name": source.name},
        },
    });
    // With multi-tenancy lockdown, an object without a service account acts as one without rights
    // (`GetProfileMultitenant`).
    if spec.pointer("/cluster/multitenant") == Some(&Json::Bool(true))
        && let Some(own) = kustomization.get_mut("spec").and_then(Json::as_object_mut)
    {
        own.insert("serviceAccountName".to_owned(), "kustomize-controller".into());
    }
    let interval = match word("interval") {
        "" => "1m",
        interval => interval,
    };
    let mut own = json!({"interval": interval});
    let fields = own.as_object_mut()?;
    match source.kind.as_str() {
        "OCIRepository" => drop(fields.insert("ref".to_owned(), json!({"tag": word("ref")}))),
        "Bucket" => drop(fields.insert("bucketName".to_owned(), word("ref").into())),
        _ => drop(fields.insert("ref".to_owned(), json!({"name": word("ref")}))),
    }
    let address = if source.kind == "Bucket" { "endpoint" } else { "url" };
    for (key, value) in [(address, word("url")), ("provider", word("provider"))] {
        if !value.is_empty() {
            fields.insert(key.to_owned(), value.into());
        }
    }
    if !word("pullSecret").is_empty() {
        fields.insert("secretRef".to_owned(), json!({"name": word("pullSecret")}));
    }
    let mut source = json!({
        "apiVersion": format!("{}/v1", known::SOURCE), "kind": source.kind, "metadata": metadata(source), "spec": own,
    });
    let mut unsure = None;
    for patch in spec.pointer("/kustomize/patches").and_then(Json::as_array).into_iter().flatten() {
        for body in [&mut kustomization, &mut source] {
            if apply(patch, body).is_none() {
                let name = &object.name;
                unsure = Some(format!("a patch of the FluxInstance that makes Kustomization {name} is not understood"));
            }
        }
    }
    Some(GeneratedObjects {
        kustomization: yaml::to_value(&kustomization).ok()?,
        source: yaml::to_value(&source).ok()?,
        unsure,
    })
}

/// Applies a patch to an object, if it targets the object; `None` if its effect is unknown.
fn apply(patch: &Json, body: &mut Json) -> Option<()> {
    let text = patch.get("patch").and_then(Json::as_str)?;
    let written: Json = yaml::from_str(text).ok()?;
    let target = patch.get("target").filter(|target| !target.is_null());
    let is_meant = match target {
        Some(target) => is_target(target, body)?,
        None => ["/kind", "/metadata/name"].iter().all(|at| written.pointer(at) == body.pointer(at)),
    };
    if !is_meant {
        return Some(());
    }
    match written {
        // A patch that fails in part leaves the object unchanged.
        steps @ Json::Array(_) => {
            let mut patched = body.clone();
            json_patch::apply(&mut patched, &steps)?;
            *body = patched;
            Some(())
        }
        Json::Object(fields) if fields.get("$patch").is_none() => {
            // The object's identity stays.
            let rest: Map<String, Json> =
                fields.into_iter().filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind")).collect();
            merge(body, &Json::Object(rest));
            Some(())
        }
        _ => None,
    }
}

/// Tells whether a selector of kustomize matches an object; `None` if that is unknown.
fn is_target(target: &Json, body: &Json) -> Option<bool> {
    let word = |of: &Json, at: &str| of.pointer(at).and_then(Json::as_str).unwrap_or_default().to_owned();
    let version = word(body, "/apiVersion");
    let (group, version) = version.split_once('/').unwrap_or(("", &version));
    let facts = [
        ("group", group.to_owned()),
        ("version", version.to_owned()),
        ("kind", word(body, "/kind")),
        ("name", word(body, "/metadata/name")),
        ("namespace", word(body, "/metadata/namespace")),
    ];
    for (field, fact) in facts {
        let pattern = target.get(field).and_then(Json::as_str).unwrap_or_default();
        if !pattern.is_empty() && !Regex::new(&format!("^(?:{pattern})$")).ok()?.is_match(&fact) {
            return Some(false);
        }
    }
    let selects = |field: &str| target.get(field).and_then(Json::as_str).is_some_and(|text| !text.is_empty());
    // The labels from the operator are not known here.
    (!selects("labelSelector") && !selects("annotationSelector")).then_some(true)
}

/// Merges a patch into an object: maps are merged, all else is replaced, and null removes.
fn merge(into: &mut Json, patch: &Json) {
    let Json::Object(fields) = patch else {
        into.clone_from(patch);
        return;
    };
    if !into.is_object() {
        *into = Json::Object(Map::new());
    }
    let Some(own) = into.as_object_mut() else { return };
    for (key, value) in fields {
        if value.is_null() {
            own.shift_remove(key);
        } else {
            merge(own.entry(key.clone()).or_insert(Json::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GeneratedObjects, make};
    use crate::model::{ObjectRef, known};
    use crate::repo::flux::{FluxKustomization, FluxSource};

    fn generated(more: &str) -> GeneratedObjects {
        let text = format!(
            "sync: {{kind: GitRepository, url: 'https://example.org/fleet.git', ref: refs/heads/main, path: clusters/one, pullSecret: key}}\n{more}"
        );
        let object = ObjectRef::new("Kustomization", known::KUSTOMIZE, "flux-system", "flux-system");
        let source = ObjectRef::new("GitRepository", known::SOURCE, "flux-system", "flux-system");
        make(&crate::yaml::from_str(&text).unwrap(), &object, &source).unwrap()
    }

    fn read(made: &GeneratedObjects) -> (FluxKustomization, FluxSource) {
        let object = ObjectRef::new("Kustomization", known::KUSTOMIZE, "flux-system", "flux-system");
        let source = ObjectRef::new("GitRepository", known::SOURCE, "flux-system", "flux-system");
        (
            FluxKustomization::read_at("one", &object, ("a", 1), &made.kustomization),
            FluxSource::read_at("one", &source, ("a", 1), &made.source),
        )
    }

    #[test]
    fn what_an_instance_syncs_is_made_as_the_operator_does() {
        let (one, source) = read(&generated(""));
        assert_eq!((one.path.as_str(), one.interval.as_deref(), one.prune), ("clusters/one", Some("10m0s"), true));
        assert_eq!(one.source.map(|source| source.name).as_deref(), Some("flux-system"));
        assert_eq!(source.url.as_deref(), Some("https://example.org/fleet.git"));
        assert_eq!((source.branch.as_deref(), source.interval.as_deref()), (Some("main"), Some("1m")));
    }

    #[test]
    fn where_tenants_are_locked_in_it_acts_as_its_own_controller() {
        let account = |more: &str| read(&generated(more)).0.spec.get("serviceAccountName").cloned();
        assert_eq!(account("cluster: {multitenant: true}\n"), Some("kustomize-controller".into()));
        assert_eq!(account("cluster: {multitenant: false}\n"), None);
    }

    #[test]
    fn patches_change_what_is_made() {
        let patches = "kustomize:
  patches:
    - target: {kind: Kustomization, name: flux-.*}
      patch: |
        - op: add
          path: /spec/decryption
          value: {provider: sops, secretRef: {name: sops-age}}
        - {op: replace, path: /spec/interval, value: 5m}
        - {op: replace, path: /spec/path, value: clusters/two}
    - patch: |
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: flux-system, namespace: flux-system}
        spec: {postBuild: {substitute: {A: b}}, prune: null}
    - target: {kind: GitRepository}
      patch: |
        - {op: add, path: /spec/ignore, value: /docs}
    - target: {kind: Deployment, name: kustomize-controller}
      patch: |
        - {op: add, path: /spec/template/spec/containers/0/args/-, value: --concurrent=10}
";
        let all = generated(patches);
        let (one, source) = read(&all);
        assert_eq!((one.path.as_str(), one.interval.as_deref(), one.prune), ("clusters/two", Some("5m"), false));
        assert_eq!(one.decryption.and_then(|decryption| decryption.secret).as_deref(), Some("sops-age"));
        assert!(one.spec.get("postBuild").is_some());
        assert_eq!((source.selection.ignore.as_deref(), all.unsure.as_deref()), (Some("/docs"), None));
        let odd = "kustomize: {patches: [{target: {kind: Kustomization}, patch: '- {op: move, path: /spec/a, from: /spec/b}'}]}\n";
        assert!(generated(odd).unsure.is_some());
    }
}
