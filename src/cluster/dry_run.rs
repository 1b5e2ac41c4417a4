//! Dry runs: requests in the form of a write, which the server answers as if it wrote and never stores.

use serde_json::Value;

use super::address::Address;
use super::failure::Failure;
use super::{Cluster, Resource, request};

/// Addresses the dry run of a server-side apply. Only [`DryRun::of_apply`] makes one, and `dryRun=All` is part of it, so
/// that none can be sent without; it needs no permit, because nothing is written.
#[derive(Debug)]
pub(crate) struct DryRun(Address);

impl DryRun {
    /// Addresses the apply of an object by a field manager that takes over contested fields, as Flux's controllers do.
    fn of_apply(resource: &Resource, namespace: &str, name: &str, manager: &str) -> Self {
        let address = resource.object(namespace, name);
        Self(address.with("dryRun", "All").with("fieldManager", manager).with("force", true))
    }

    /// Returns the address, for the one request that takes a dry run.
    pub(super) fn address(&self) -> &Address {
        &self.0
    }
}

impl Cluster {
    /// Returns the object that an apply of the manifest by a field manager would make; nothing is stored.
    pub(crate) async fn dry_apply(
        &self,
        resource: &Resource,
        manifest: &Value,
        manager: &str,
    ) -> Result<Value, Failure> {
        let word = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let dry_run = DryRun::of_apply(resource, word("/metadata/namespace"), word("/metadata/name"), manager);
        request::dry_run(self, &dry_run, manifest).await
    }

    /// Reads an object as it is stored; `None` if it is not there.
    pub(crate) async fn stored(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Failure> {
        match request::get(self, &resource.object(namespace, name)).await {
            Ok(object) => Ok(Some(object)),
            Err(failure) if failure.code() == Some(404) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::DryRun;
    use crate::cluster::Resource;
    use crate::cluster::testing::{cluster, ok};

    fn maps() -> Resource {
        Resource {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            plural: "configmaps".to_owned(),
            namespaced: true,
        }
    }

    #[test]
    fn whatever_an_object_is_called_its_dry_run_is_one() {
        for name in ["web", "web?dryRun=", "web&dryRun=None#", "a?force=false"] {
            let dry_run = DryRun::of_apply(&maps(), "apps", name, "kustomize-controller");
            let uri = dry_run.address().request(Method::PATCH).unwrap().body(()).unwrap().uri().clone();
            assert_eq!(uri.query(), Some("dryRun=All&fieldManager=kustomize-controller&force=true"), "{uri}");
        }
    }

    #[tokio::test]
    async fn an_apply_is_sent_as_a_dry_run_alone() {
        let cluster = cluster(|asked| {
            assert_eq!(
                (asked.method.as_str(), asked.path.as_str()),
                ("PATCH", "/api/v1/namespaces/apps/configmaps/web")
            );
            assert!(asked.query.starts_with("dryRun=All&"), "{}", asked.query);
            ok(asked.body.clone())
        });
        let manifest =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "apps"}});
        assert_eq!(cluster.dry_apply(&maps(), &manifest, "kustomize-controller").await.unwrap(), manifest);
    }
}
