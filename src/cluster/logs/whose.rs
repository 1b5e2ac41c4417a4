//! Finds the pods of a log: those of a workload by its own selector, and Flux's controllers in their namespace.

use serde_json::Value;

use crate::cluster::address::Address;
use crate::cluster::{Cluster, pod, request};
use crate::model::log::LogTarget;
use crate::model::{Fault, ObjectRef};

/// Tells whether an object has pods whose logs can be read together.
pub fn is_workload(object: &ObjectRef) -> bool {
    matches!(
        (object.group.as_str(), object.kind.as_str()),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job")
    )
}

impl Cluster {
    /// Selects the pods of a workload by its own selector.
    ///
    /// # Errors
    /// Fails when it cannot be read, or selects its pods by more than labels.
    pub async fn pods_of(&self, workload: &ObjectRef, container: Option<String>) -> Result<LogTarget, Fault> {
        let value = self.read(workload).await?.value;
        let Some(selector) = pod::selector(&value) else {
            return Err(Fault::failed(
                format!("cannot follow {workload} in {}", self.name),
                "it does not select its pods by labels alone",
                "open its pods one by one",
            ));
        };
        Ok(LogTarget::Selector { namespace: workload.namespace.clone(), selector, container })
    }

    /// Lists the containers of a pod or a workload, the init containers last.
    ///
    /// # Errors
    /// Fails when it cannot be read.
    pub async fn containers_of(&self, object: &ObjectRef) -> Result<Vec<String>, Fault> {
        let value = self.read(object).await?.value;
        let pod = value.pointer("/spec/template/spec").or_else(|| value.pointer("/spec"));
        let names = |field: &str| -> Vec<String> {
            let all = pod.and_then(|pod| pod.get(field)).and_then(Value::as_array).into_iter().flatten();
            all.filter_map(|one| Some(one.get("name")?.as_str()?.to_owned())).collect()
        };
        Ok(["containers", "initContainers", "ephemeralContainers"].into_iter().flat_map(names).collect())
    }

    /// Finds the namespace of pods with these labels: the named one where some run there, else any other. Flux need not
    /// be installed in `flux-system`.
    ///
    /// # Errors
    /// Fails when the server cannot be queried; without the right to list all namespaces, it returns the named one.
    pub async fn namespace_of(&self, named: &str, selector: &str) -> Result<String, Fault> {
        let pods = |namespace| Address::core(namespace, "pods").with("limit", 1).with("labelSelector", selector);
        let tried = format!("find the pods of {selector}");
        let here = request::get::<Value>(self, &pods(named)).await.map_err(|error| error.fault(&self.name, &tried))?;
        if first_namespace(&here).is_some() {
            return Ok(named.to_owned());
        }
        let everywhere = request::get::<Value>(self, &pods("")).await;
        let found = everywhere.ok().and_then(|list| first_namespace(&list));
        Ok(found.unwrap_or_else(|| named.to_owned()))
    }
}

fn first_namespace(list: &Value) -> Option<String> {
    Some(list.pointer("/items/0/metadata/namespace")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::cluster::testing::{cluster, error, ok};
    use crate::model::log::LogTarget;
    use serde_json::json;

    fn list(namespaces: &[&str]) -> serde_json::Value {
        let items: Vec<_> = namespaces.iter().map(|name| json!({"metadata": {"namespace": name}})).collect();
        json!({"items": items})
    }

    #[tokio::test]
    async fn a_controller_is_found_wherever_it_runs() {
        let elsewhere = cluster(|asked| ok(list(if asked.path == "/api/v1/pods" { &["gitops"] } else { &[] })));
        assert_eq!(elsewhere.namespace_of("flux-system", "app=x").await.unwrap(), "gitops");
        let usual = cluster(|_| ok(list(&["flux-system"])));
        assert_eq!(usual.namespace_of("flux-system", "app=x").await.unwrap(), "flux-system");
        let narrow = cluster(|asked| match asked.path.as_str() {
            "/api/v1/pods" => error(403, "no"),
            _ => ok(list(&[])),
        });
        assert_eq!(narrow.namespace_of("flux-system", "app=x").await.unwrap(), "flux-system");
    }

    #[tokio::test]
    async fn a_workload_names_its_pods_and_containers() {
        let cluster = cluster(|_| {
            let (kind, version) = ("Kustomization", "kustomize.toolkit.fluxcd.io/v1");
            ok(json!({"kind": kind, "apiVersion": version, "metadata": {"name": "web"}, "spec": {
                "selector": {"matchLabels": {"app": "web", "tier": "front"}},
                "template": {"spec": {"containers": [{"name": "web"}, {"name": "proxy"}], "initContainers": [{"name": "migrate"}]}},
            }}))
        });
        // The scripted server does not serve workloads; a kind that it serves has the same form.
        let object = "Kustomization.kustomize.toolkit.fluxcd.io/apps/web".parse().unwrap();
        let LogTarget::Selector { selector, .. } = cluster.pods_of(&object, None).await.unwrap() else { panic!() };
        assert_eq!(selector, "app=web,tier=front");
        assert_eq!(cluster.containers_of(&object).await.unwrap(), ["web", "proxy", "migrate"]);
    }
}
