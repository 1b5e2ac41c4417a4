//! What else in a cluster writes fields that Git does not have: autoscalers, and the programs that run there.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join;
use futures::stream::{self, StreamExt as _};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::model::ObjectRef;
use crate::model::field_manager::ManagerKind;
use crate::model::managed_fields::OwnedFields;
use crate::yaml::manifest::at;

/// The kinds of workloads, which are called after the programs that they run.
const WORKLOADS: [&str; 3] = ["Deployment", "DaemonSet", "StatefulSet"];

/// The shortest name of a program that may be the beginning of another one.
const SHORTEST: usize = 4;

/// Holds what is known of those writers. What may not be listed is not known, and explains nothing.
#[derive(Debug, Default)]
pub(super) struct OtherWriters {
    /// The names of the workloads.
    programs: BTreeSet<String>,
    /// The objects that are scaled, with the name of their `HorizontalPodAutoscaler`; `None` where these may not be listed.
    scaled: Option<BTreeMap<ObjectRef, String>>,
}

impl OtherWriters {
    /// Reads them from a cluster: the names of workloads, and the autoscalers.
    pub(super) async fn of(cluster: &Cluster) -> Self {
        let programs = stream::iter(WORKLOADS.map(|kind| names(cluster, kind))).buffer_unordered(WORKLOADS.len()).fold(
            BTreeSet::new(),
            async |mut all, names| {
                all.extend(names);
                all
            },
        );
        let autoscalers = cluster.listed("autoscaling", "HorizontalPodAutoscaler", "", "", "");
        let (programs, autoscalers) = join(programs, autoscalers).await;
        let scaled = autoscalers.ok().map(|all| all.unwrap_or_default().iter().filter_map(target).collect());
        Self { programs, scaled }
    }

    /// Returns the autoscaler of an object.
    pub(super) fn autoscaler(&self, object: &ObjectRef) -> Option<&str> {
        self.scaled.as_ref()?.get(object).map(String::as_str)
    }

    /// Tells whether all autoscalers are known.
    pub(super) fn knows_autoscalers(&self) -> bool {
        self.scaled.is_some()
    }

    /// Tells whether the writer of fields is a program of the cluster, which keeps them as its work: by its name, or
    /// because a workload is called so.
    pub(super) fn is_program(&self, writer: &OwnedFields) -> bool {
        writer.is_controller() || ManagerKind::of(&writer.manager) == ManagerKind::Unknown && self.runs(&writer.manager)
    }

    /// Tells whether a workload has the name of a program, or one of both begins with the other: the operator of KEDA runs
    /// as `keda-operator` and writes as `keda`.
    fn runs(&self, manager: &str) -> bool {
        let begins = |name: &str, other: &str| {
            other.len() >= SHORTEST && name.strip_prefix(other).is_some_and(|rest| rest.starts_with('-'))
        };
        self.programs.iter().any(|name| name == manager || begins(name, manager) || begins(manager, name))
    }
}

/// Lists the names of a kind of workloads; none where that fails.
async fn names(cluster: &Cluster, kind: &str) -> Vec<String> {
    let Ok(Some(resource)) = cluster.look_up("apps", kind).await else { return Vec::new() };
    let found = cluster.metadata(&resource).await.unwrap_or_default();
    found.into_iter().map(|one| one.object.name).collect()
}

/// Returns what an autoscaler scales.
fn target(autoscaler: &Value) -> Option<(ObjectRef, String)> {
    let word = |pointer: &str| at(autoscaler, pointer).as_str().unwrap_or_default();
    let object = ObjectRef::of_reference(at(autoscaler, "/spec/scaleTargetRef"), word("/metadata/namespace"));
    (!object.name.is_empty()).then(|| (object, word("/metadata/name").to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{OtherWriters, target};
    use crate::model::ObjectRef;
    use crate::model::managed_fields::OwnedFields;

    #[test]
    fn a_program_is_known_by_its_name_or_by_a_workload() {
        let writers = OtherWriters {
            programs: ["keda-operator", "reloader", "web"].map(str::to_owned).into(),
            ..OtherWriters::default()
        };
        let told = |manager: &str| {
            let object =
                json!({"metadata": {"managedFields": [{"manager": manager, "operation": "Update", "fieldsV1": {}}]}});
            writers.is_program(&OwnedFields::of(&object)[0])
        };
        for program in ["keda", "reloader", "reloader-reloader", "cert-manager-cainjector", "kube-controller-manager"] {
            assert!(told(program), "{program}");
        }
        for other in ["kubectl-edit", "k9s", "my-script", "we", "webby", ""] {
            assert!(!told(other), "{other}");
        }
    }

    #[test]
    fn an_autoscaler_names_what_it_scales() {
        let hpa = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "front"}}});
        let front = ObjectRef::new("Deployment", "apps", "shop", "front");
        assert_eq!(target(&hpa), Some((front, "web".to_owned())));
        assert_eq!(target(&json!({"metadata": {"name": "web"}})), None);
    }
}
