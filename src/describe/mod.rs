//! The description of an object in the words and order of `kubectl describe`: one file for each kind with a form of its
//! own.
//!
//! Source of the form: the output of `kubectl describe` 1.34 on real objects. A kind without a file has its fields one
//! below the other, as kubectl does it for resources that it does not know.

mod allocation;
mod config;
mod generic;
mod job;
mod network;
mod node;
mod pod;
mod storage;
mod workload;
mod writer;

use jiff::Timestamp;
use serde_json::Value;

use crate::cluster::Event;
use crate::model::ObjectRef;
use crate::model::clock::age;
use writer::Writer;

/// Writes the part of a description that is specific to a kind.
type Section = fn(&Value, &mut Writer);

/// The kinds with a form of their own, by group and kind.
static SECTIONS: &[(&str, &str, Section)] = &[
    ("", "Pod", pod::pod),
    ("apps", "Deployment", workload::deployment),
    ("apps", "ReplicaSet", workload::replica_set),
    ("apps", "StatefulSet", workload::stateful_set),
    ("apps", "DaemonSet", workload::daemon_set),
    ("batch", "Job", job::job),
    ("batch", "CronJob", job::cron_job),
    ("", "Service", network::service),
    ("networking.k8s.io", "Ingress", network::ingress),
    ("", "Node", node::node),
    ("", "Namespace", node::namespace),
    ("", "PersistentVolumeClaim", storage::claim),
    ("", "PersistentVolume", storage::volume),
    ("", "ConfigMap", config::config_map),
    ("", "Secret", config::secret),
];

/// Holds the data beside the object that its description needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct DescribedWith<'a> {
    /// The recent events of the object.
    pub events: &'a [Event],
    /// The pods of a Node; `None` if they were not read.
    pub pods: Option<&'a [Value]>,
}

/// Describes an object; the caller must mask the values of a Secret before.
pub fn describe(object: &ObjectRef, value: &Value, with: DescribedWith<'_>, now: Timestamp) -> String {
    let mut writer = Writer::default();
    writer.field("Name", &object.name);
    if !object.namespace.is_empty() {
        writer.field("Namespace", &object.namespace);
    }
    let section = SECTIONS.iter().find(|(group, kind, _)| *group == object.group && *kind == object.kind);
    match section {
        Some((_, _, section)) => section(value, &mut writer),
        None => generic::fields(value, &mut writer),
    }
    if object.kind == "Node" && object.group.is_empty() {
        allocation::pods(value, with.pods, now, &mut writer);
    }
    describe_events(&of_this(with.events, value), now, &mut writer);
    writer.finish()
}

/// Returns the events of this very object, as kubectl does: those of an earlier one of the same name, such as a pod of a
/// `StatefulSet`, stay for an hour. The kubelet gives a node's name as its UID.
fn of_this<'a>(events: &'a [Event], value: &Value) -> Vec<&'a Event> {
    let own = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let (uid, name) = (own("/metadata/uid"), own("/metadata/name"));
    events.iter().filter(|event| event.uid.is_empty() || uid.is_empty() || [uid, name].contains(&&*event.uid)).collect()
}

fn describe_events(events: &[&Event], now: Timestamp, writer: &mut Writer) {
    if events.is_empty() {
        writer.field("Events", "<none>");
        return;
    }
    let mut rows = vec![["Type", "Reason", "Age", "From", "Message"].map(str::to_owned).to_vec()];
    rows.extend(events.iter().map(|event| {
        let old = event.at.map(|at| age(now, at)).unwrap_or_default();
        let old = if event.count > 1 { format!("{old} (x{})", event.count) } else { old };
        let said = event.message.trim().replace('\n', " ");
        vec![event.kind.clone(), event.reason.clone(), old, event.from.clone(), said]
    }));
    writer.heading("Events");
    writer.table(&rows);
}

#[cfg(test)]
mod tests;
