//! The Flux owner of an object, by the labels that Flux sets on the objects that it applies.
//!
//! The labels are kustomize-controller's and helm-controller's:
//! <https://fluxcd.io/flux/faq/#how-do-i-find-which-flux-object-applied>.

use serde_json::Value;

use crate::kinds;
use crate::model::ObjectRef;

/// Finds the Flux object that applied an object, by its labels.
pub(crate) fn flux_owner(object: &Value) -> Option<ObjectRef> {
    let labels = object.pointer("/metadata/labels")?;
    [kinds::KUSTOMIZATION, kinds::HELM_RELEASE].into_iter().find_map(|kind| {
        let label = |what: &str| labels.get(format!("{}/{what}", kind.group)).and_then(Value::as_str);
        Some(kind.object(label("namespace")?, label("name")?))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn labels_name_the_owner() {
        let labels = json!({"metadata": {"labels": {
            "helm.toolkit.fluxcd.io/name": "immich", "helm.toolkit.fluxcd.io/namespace": "apps",
        }}});
        assert_eq!(super::flux_owner(&labels).unwrap().to_string(), "HelmRelease/apps/immich");
        assert_eq!(super::flux_owner(&json!({"metadata": {"labels": {"app": "x"}}})), None);
    }
}
