//! The pods behind a followed log, and the pods that replace deleted ones.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde::Deserialize;
use tokio::time::sleep;

use crate::cluster::address::Address;
use crate::cluster::deltas::Delta;
use crate::cluster::failure::Failure;
use crate::cluster::{Cluster, request};
use crate::model::Fault;
use crate::model::log::LogTarget;

/// The silence after which a watch of pods is replaced by a list.
const SILENCE: Duration = Duration::from_mins(1);
/// The interval of lists where pods cannot be watched, and the pause after a broken watch.
const POLL: Duration = Duration::from_secs(3);
/// Labels that a rollout does not change, unlike a chart's version or a template's hash.
const STABLE_LABELS: [&str; 4] = ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app", "k8s-app"];

/// Mirrors the fields of a pod that following needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
    pub(super) status: Status,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) creation_timestamp: String,
    pub(super) deletion_timestamp: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) owner_references: Vec<Owner>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Owner {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) controller: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    pub(super) node_name: String,
    pub(super) containers: Vec<Container>,
    pub(super) init_containers: Vec<Container>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Container {
    pub(super) name: String,
    restart_policy: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub(super) phase: String,
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    name: String,
    started: Option<bool>,
    state: ContainerState,
    last_state: ContainerState,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct ContainerState {
    running: Option<Empty>,
    terminated: Option<Terminated>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Empty {}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    exit_code: i64,
}

impl ContainerStatus {
    /// Tells whether it has ever run, so that it has a log.
    fn has_run(&self) -> bool {
        self.state.running.is_some() || self.state.terminated.is_some() || self.last_state.terminated.is_some()
    }

    /// Tells whether it has ended and will not be restarted.
    fn is_done(&self) -> bool {
        self.state.terminated.as_ref().is_some_and(|terminated| terminated.exit_code == 0)
    }
}

impl Pod {
    /// Returns the container to read: the requested one; the init container that the others wait for; the annotated
    /// default, or the first.
    pub(super) fn container(&self, asked: Option<&str>) -> String {
        asked
            .or_else(|| self.init_container())
            .map(str::to_owned)
            .or_else(|| self.annotated())
            .or_else(|| self.spec.containers.first().map(|container| container.name.clone()))
            .unwrap_or_default()
    }

    /// Returns the container that an annotation names, where the pod has it: a template keeps the annotation when the
    /// container is renamed, and kubectl takes the first one then.
    fn annotated(&self) -> Option<String> {
        let name = self.metadata.annotations.get("kubectl.kubernetes.io/default-container")?;
        let all = || self.spec.containers.iter().chain(&self.spec.init_containers);
        all().any(|container| container.name == *name).then(|| name.clone())
    }

    /// Returns the init container that runs, or fails, before the others can start.
    pub(super) fn init_container(&self) -> Option<&str> {
        if self.status.phase != "Pending" {
            return None;
        }
        // An init container that always restarts is a sidecar: the others wait only for its start.
        let is_sidecar = |name: &str| {
            self.spec.init_containers.iter().any(|known| known.name == name && known.restart_policy == "Always")
        };
        let holds_up =
            |status: &&ContainerStatus| !(status.is_done() || is_sidecar(&status.name) && status.started == Some(true));
        let status = self.status.init_container_statuses.iter().find(holds_up)?;
        status.has_run().then_some(status.name.as_str())
    }

    fn status_of(&self, container: &str) -> Option<&ContainerStatus> {
        let Status { container_statuses, init_container_statuses, ephemeral_container_statuses, .. } = &self.status;
        [container_statuses, init_container_statuses, ephemeral_container_statuses]
            .into_iter()
            .flatten()
            .find(|status| status.name == container)
    }

    /// Tells whether a container has a log.
    pub(super) fn has_run(&self, container: &str) -> bool {
        self.status_of(container).map_or_else(|| self.status.phase != "Pending", ContainerStatus::has_run)
    }

    /// Tells whether an init container has completed, so that the next one starts.
    pub(super) fn is_past(&self, container: &str) -> bool {
        let statuses = &self.status.init_container_statuses;
        statuses.iter().any(|status| status.name == container && status.is_done())
    }

    /// Tells whether its containers have ended and will not be restarted.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    fn controller(&self) -> Option<&Owner> {
        self.metadata.owner_references.iter().find(|owner| owner.controller)
    }

    /// Tells whether no other pod replaces it once it is over.
    pub(super) fn is_single(&self) -> bool {
        self.controller().is_none_or(|owner| owner.kind == "Job")
    }

    /// Names the Deployment behind a `ReplicaSet`: its name without the template's hash, which changes with every
    /// rollout.
    fn family(&self) -> Option<(&str, &str)> {
        let owner = self.controller()?;
        let hash = self.metadata.labels.get("pod-template-hash").map_or("", String::as_str);
        let stem = owner.name.strip_suffix(hash).and_then(|name| name.strip_suffix('-')).filter(|_| !hash.is_empty());
        Some((&owner.kind, stem.unwrap_or(&owner.name)))
    }

    /// Tells whether another pod replaces this one, once it is deleted.
    pub(super) fn is_replaced_by(&self, other: &Self) -> bool {
        let same_name = self.metadata.name == other.metadata.name;
        match (self.controller(), other.controller()) {
            (Some(mine), Some(others)) => match mine.kind.as_str() {
                "StatefulSet" => same_name && others.kind == mine.kind,
                "DaemonSet" => mine.uid == others.uid && self.spec.node_name == other.spec.node_name,
                _ => mine.uid == others.uid || self.family() == other.family(),
            },
            (None, None) => same_name,
            _ => false,
        }
    }

    /// Builds the selector for its replacements; empty when only the namespace is sure.
    fn selector(&self) -> String {
        let label = |name: &&str| self.metadata.labels.get(*name).map(|value| format!("{name}={value}"));
        STABLE_LABELS.iter().filter_map(label).collect::<Vec<_>>().join(",")
    }
}

/// Selects pods.
pub(super) enum Meant {
    /// One pod, and its replacements.
    One(Box<Pod>),
    /// All pods that the selector matches.
    All,
}

/// Holds a change of the pods.
pub(super) enum Change {
    /// All pods.
    All(Vec<Pod>),
    /// A new or changed pod.
    One(Box<Pod>),
    /// The uid of a deleted pod.
    Gone(String),
    /// The pods cannot be listed.
    Blind(Fault),
}

/// Lists and watches the pods of a namespace that match a selector; [`Pods::next`] is cancel-safe.
pub(super) struct Pods<'a> {
    cluster: &'a Cluster,
    list: Address,
    watch: Option<BoxStream<'static, Result<Delta<Pod>, Failure>>>,
    version: String,
    listed: bool,
    blind: bool,
}

#[derive(Deserialize)]
struct List {
    metadata: ListMetadata,
    #[serde(default = "Vec::new")]
    items: Vec<Pod>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    #[serde(default)]
    resource_version: String,
}

/// Returns the namespace of a target.
pub(super) fn namespace(target: &LogTarget) -> &str {
    match target {
        LogTarget::Pod { namespace, .. } | LogTarget::Selector { namespace, .. } => namespace,
    }
}

impl<'a> Pods<'a> {
    pub(super) fn new(cluster: &'a Cluster, target: &LogTarget, meant: &Meant) -> Self {
        let selector = match (target, meant) {
            (LogTarget::Selector { selector, .. }, _) => selector.clone(),
            (_, Meant::One(pod)) => pod.selector(),
            (_, Meant::All) => String::new(),
        };
        Self {
            cluster,
            list: Address::core(namespace(target), "pods").with("labelSelector", selector),
            watch: None,
            version: String::new(),
            listed: false,
            blind: false,
        }
    }

    /// Waits for the next change.
    pub(super) async fn next(&mut self) -> Change {
        loop {
            if self.blind {
                std::future::pending::<()>().await;
            }
            if let Some(watch) = &mut self.watch {
                match watch.next().await {
                    Some(Ok(Delta::Put(pod))) => return Change::One(Box::new(pod)),
                    Some(Ok(Delta::Gone(pod))) => return Change::Gone(pod.metadata.uid),
                    Some(Ok(Delta::Bookmark(_))) => {}
                    Some(Err(_)) | None => self.watch = None,
                }
            } else if self.version.is_empty() {
                if self.listed {
                    sleep(POLL).await;
                }
                match request::get::<List>(self.cluster, &self.list).await {
                    Ok(list) => {
                        self.version = list.metadata.resource_version;
                        self.listed = true;
                        return Change::All(list.items);
                    }
                    Err(error) if error.is_passing() => sleep(POLL).await,
                    Err(error) => {
                        self.blind = true;
                        return Change::Blind(error.fault(&self.cluster.name, "list pods"));
                    }
                }
            } else {
                // After a broken or refused watch, the pods are listed again, with the pause above.
                let version = std::mem::take(&mut self.version);
                self.watch = match request::watch(self.cluster, &self.list, &version, SILENCE).await {
                    Ok(events) => Some(events.boxed()),
                    Err(_) => None,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pod;
    use serde_json::json;

    fn pod(name: &str, owner: (&str, &str, &str), hash: &str, node: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": name, "uid": name, "labels": {"pod-template-hash": hash, "app": "web"}, "ownerReferences": [
                {"kind": owner.0, "name": owner.1, "uid": owner.2, "controller": true}]},
            "spec": {"nodeName": node},
        }))
        .unwrap()
    }

    #[test]
    fn the_container_that_holds_a_pod_up_is_read() {
        let pod = |phase: &str, init: serde_json::Value| -> Pod {
            serde_json::from_value(json!({
                "metadata": {"name": "p"},
                "spec": {"containers": [{"name": "web"}], "initContainers": [{"name": "mesh", "restartPolicy": "Always"}, {"name": "migrate"}]},
                "status": {"phase": phase, "initContainerStatuses": init,
                    "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "PodInitializing"}}}]},
            }))
            .unwrap()
        };
        let sidecar = |started: bool| json!({"name": "mesh", "started": started, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}});
        let failing = json!({"name": "migrate", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}});
        let done = json!({"name": "migrate", "state": {"terminated": {"exitCode": 0}}});
        let waiting = json!({"name": "migrate", "state": {"waiting": {"reason": "PodInitializing"}}});
        for (init, container, has_run) in [
            (json!([sidecar(true), failing]), "migrate", true),
            (json!([sidecar(false), waiting]), "mesh", true),
            (json!([sidecar(true), waiting]), "web", false),
            (json!([sidecar(true), done]), "web", false),
            (json!([]), "web", false),
        ] {
            let pod = pod("Pending", init);
            assert_eq!((pod.container(None).as_str(), pod.has_run(container)), (container, has_run));
            assert_eq!(pod.container(Some("other")), "other");
        }
        assert_eq!(pod("Running", json!([failing])).container(None), "web");
        let past = pod("Pending", json!([done]));
        assert!(past.is_past("migrate") && !past.is_past("web"));
    }

    #[test]
    fn a_replacement_is_known_by_its_owner() {
        let web = pod("web-1-a", ("ReplicaSet", "web-1", "u1"), "1", "n1");
        assert!(web.is_replaced_by(&pod("web-1-b", ("ReplicaSet", "web-1", "u1"), "1", "n2")));
        assert!(web.is_replaced_by(&pod("web-2-a", ("ReplicaSet", "web-2", "u2"), "2", "n2")), "after a rollout");
        assert!(!web.is_replaced_by(&pod("api-1-a", ("ReplicaSet", "api-1", "u3"), "1", "n1")));
        let db = pod("db-0", ("StatefulSet", "db", "u4"), "", "n1");
        assert!(db.is_replaced_by(&pod("db-0", ("StatefulSet", "db", "u4"), "", "n2")));
        assert!(!db.is_replaced_by(&pod("db-1", ("StatefulSet", "db", "u4"), "", "n1")));
        let agent = pod("agent-a", ("DaemonSet", "agent", "u5"), "", "n1");
        assert!(agent.is_replaced_by(&pod("agent-b", ("DaemonSet", "agent", "u5"), "", "n1")));
        assert!(!agent.is_replaced_by(&pod("agent-c", ("DaemonSet", "agent", "u5"), "", "n2")));
        assert_eq!(web.selector(), "app=web");
    }
}
