//! The fields of a Flux object that verbs read: those to request, to wait and to judge.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::model::{Condition, Suspension};

/// Mirrors the fields of a Flux object that verbs need; every one may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Live {
    pub(crate) metadata: LiveMetadata,
    pub(crate) spec: Spec,
    pub(crate) status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LiveMetadata {
    pub(crate) uid: String,
    pub(crate) resource_version: String,
    pub(crate) generation: Option<i64>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) deletion_timestamp: Option<String>,
    pub(crate) managed_fields: Vec<ManagedFields>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ManagedFields {
    pub(crate) manager: String,
    #[serde(deserialize_with = "crate::model::clock::lenient")]
    pub(crate) time: Option<Timestamp>,
    pub(crate) fields_v1: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Spec {
    pub(crate) suspend: bool,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) interval: String,
    pub(crate) retry_interval: String,
    pub(crate) source_ref: Option<LiveReference>,
    pub(crate) chart_ref: Option<LiveReference>,
    pub(crate) chart: Value,
    pub(crate) install: LiveAction,
    pub(crate) upgrade: LiveAction,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LiveAction {
    pub(crate) strategy: Strategy,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Strategy {
    pub(crate) name: String,
    pub(crate) retry_interval: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LiveReference {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Status {
    pub(crate) observed_generation: Option<i64>,
    pub(crate) last_handled_reconcile_at: String,
    pub(crate) last_applied_revision: String,
    pub(crate) last_attempted_release_action: String,
    pub(crate) artifact: Artifact,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) history: Vec<LiveHistory>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Artifact {
    pub(crate) revision: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LiveHistory {
    pub(crate) chart_name: String,
    pub(crate) chart_version: String,
    pub(crate) version: Option<i64>,
}

impl Live {
    /// Returns who suspended the object and why, from annotations and, where they are missing, from managedFields.
    pub(crate) fn suspension(&self) -> Suspension {
        let note = |name: &str| self.metadata.annotations.get(name).filter(|text| !text.is_empty()).cloned();
        let writer = self
            .metadata
            .managed_fields
            .iter()
            .filter(|entry| entry.fields_v1.pointer("/f:spec/f:suspend").is_some())
            .max_by_key(|entry| entry.time);
        Suspension {
            reason: note(super::REASON),
            by: note(super::BY).or_else(|| writer.map(|entry| entry.manager.clone())),
            until: note(super::UNTIL),
            since: writer.and_then(|entry| entry.time),
        }
    }

    /// Tells whether a run is in progress: it has neither ended nor failed.
    pub(crate) fn is_running(&self) -> bool {
        self.condition("Reconciling").is_some_and(|found| found.status == "True" && found.reason == "Progressing")
    }

    /// Finds a condition by its type.
    pub(crate) fn condition(&self, kind: &str) -> Option<&Condition> {
        crate::model::health::find(&self.status.conditions, kind)
    }
}
