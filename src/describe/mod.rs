//! What `kubectl describe` tells of an object, in its words and order: one file for each kind that has a form of its own.
//!
//! Source of the form: the output of `kubectl describe` 1.34 on real objects. A kind without a file has its fields one below the other, as
//! kubectl does it for resources that it does not know.

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

/// Writes the part of a description that only some kinds have.
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

/// Describes an object; the values of a Secret must have been masked before.
pub fn describe(object: &ObjectRef, value: &Value, events: &[Event], now: Timestamp) -> String {
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
    describe_events(events, now, &mut writer);
    writer.finish()
}

fn describe_events(events: &[Event], now: Timestamp, writer: &mut Writer) {
    if events.is_empty() {
        writer.field("Events", "<none>");
        return;
    }
    let mut rows = vec![["Type", "Reason", "Age", "Message"].map(str::to_owned).to_vec()];
    rows.extend(events.iter().map(|event| {
        let old = event.at.map(|at| age(now, at)).unwrap_or_default();
        let old = if event.count > 1 { format!("{old} (x{})", event.count) } else { old };
        vec![event.kind.clone(), event.reason.clone(), old, event.message.trim().replace('\n', " ")]
    }));
    writer.heading("Events");
    writer.table(&rows);
}

#[cfg(test)]
mod tests;
