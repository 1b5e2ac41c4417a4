//! The fields of the kinds of Flux and of flux-operator, for repositories that do not hold their definitions.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

/// The schemas by API version and kind: what the definitions of Flux 2.9 and flux-operator say of types, required fields, allowed words
/// and patterns, without their descriptions and defaults. A field that an older Flux lacks is known here.
const FORMS: &str = include_str!("flux_forms.json");

static SCHEMAS: LazyLock<HashMap<String, Value>> = LazyLock::new(|| serde_json::from_str(FORMS).unwrap_or_default());

/// Returns the schema of a kind of Flux; a version that Flux no longer serves has none.
pub(super) fn schema(api_version: &str, kind: &str) -> Option<&'static Value> {
    SCHEMAS.get(&format!("{api_version}/{kind}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_kind_of_flux_has_its_form() {
        assert_eq!(super::SCHEMAS.len(), 19);
        assert!(super::schema("kustomize.toolkit.fluxcd.io/v1", "Kustomization").is_some());
        assert!(super::schema("helm.toolkit.fluxcd.io/v2beta1", "HelmRelease").is_none());
    }
}
