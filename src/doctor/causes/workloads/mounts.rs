//! What keeps the kubelet from starting the containers of a pod: its volumes, and its network.

use serde_json::Value;

use super::config;
use super::pods::{PodFault, event};
use crate::cluster::Event;
use crate::doctor::live::text;
use crate::doctor::{LiveGraph, LiveObject};

/// Tells whether the kubelet still prepares a pod.
pub(super) fn is_being_made(pod: &LiveObject<'_>) -> bool {
    let is_waiting = |status: &Value| {
        let reason = text(status, "/state/waiting/reason");
        matches!(reason, "ContainerCreating" | "PodInitializing")
    };
    pod.text("/status/phase") == "Pending" && pod.items("/status/containerStatuses").iter().any(is_waiting)
}

/// The reasons of events about what a pod needs before its containers: its volumes, and its network.
const BEFORE: &[&str] = &["FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"];

/// Finds what keeps the kubelet from starting containers; what it says first may pass by itself.
pub(super) fn mount_fault<'a>(graph: &'a LiveGraph, pod: &LiveObject<'a>) -> Option<(PodFault, &'a Event)> {
    // `Unable to attach or mount volumes … timed out` says only that something else failed.
    let says_why = |said: &str| !said.starts_with("Unable to attach or mount volumes");
    let event = event(graph, pod, BEFORE, says_why).or_else(|| event(graph, pod, BEFORE, |_| true))?;
    let said = event.message.as_str();
    let lasts = event.count > 1 || graph.is_past(pod.created(), 120);
    if let Some(missing) = config::missing_in(said, pod).filter(|_| !said.contains("kube-root-ca.crt")) {
        return config::is_missing(graph, &missing).then_some((PodFault::Config, event));
    }
    if said.contains("failed to sync ") || said.contains("not registered") || said.contains("kube-root-ca.crt") {
        return None;
    }
    let fault = if said.contains("Multi-Attach error") {
        PodFault::MultiAttach
    } else if said.contains("-t nfs") || said.contains("mount.nfs") {
        return Some((PodFault::Nfs, event));
    } else if event.reason == "FailedCreatePodSandBox" {
        PodFault::Sandbox
    } else {
        PodFault::Mount
    };
    lasts.then_some((fault, event))
}
