//! Webhooks of the API server, by what it says of one that it could not call.

use serde_json::Value;

use crate::doctor::live::text;
use crate::doctor::message::between;
use crate::doctor::{LiveGraph, LiveObject};
use crate::model::ObjectRef;

const GROUP: &str = "admissionregistration.k8s.io";

/// Tells which webhook the API server could not call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WebhookCall<'a> {
    /// The webhook, as in its configuration: `webhook.cert-manager.io`.
    pub(super) name: &'a str,
    /// The Service that was called; `None` where an address was.
    pub(super) service: Option<ObjectRef>,
}

impl<'a> WebhookCall<'a> {
    /// Reads `failed calling webhook "W": failed to call webhook: Post "https://SERVICE.NAMESPACE.svc:443/…": CAUSE`
    /// (kube-apiserver 1.35).
    pub(super) fn parse(message: &'a str) -> Option<Self> {
        let name = between(message, "failed calling webhook \"", "\"")?;
        Some(Self { name, service: service_in(message) })
    }

    /// Returns what is the same for calls that fail together: the webhooks of one Service, or one webhook at an address.
    pub(super) fn answered_by(&self) -> String {
        self.service.as_ref().map_or_else(|| self.name.to_owned(), ObjectRef::told)
    }
}

/// Reports whether a message tells of a failed call that this Service or webhook should have answered.
pub(super) fn is_call_of(message: &str, answered_by: &str) -> bool {
    WebhookCall::parse(message).is_some_and(|call| call.answered_by() == answered_by)
}

/// Finds the configuration of a webhook by its name; of several with one name, the one whose Service was called.
pub(super) fn configured<'a>(
    graph: &'a LiveGraph,
    name: &str,
    called: Option<&ObjectRef>,
) -> Option<(LiveObject<'a>, &'a Value)> {
    let all = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"]
        .into_iter()
        .flat_map(|kind| graph.all(GROUP, kind))
        .flat_map(|live| live.items("/webhooks").iter().map(move |webhook| (live, webhook)));
    let named: Vec<(LiveObject<'a>, &'a Value)> = all.filter(|(_, webhook)| text(webhook, "/name") == name).collect();
    let is_called =
        |(_, webhook): &&(LiveObject<'a>, &'a Value)| called.is_some() && service_of(webhook).as_ref() == called;
    named.iter().find(is_called).or_else(|| named.first()).copied()
}

/// Reads the service out of the address that the API server called.
pub(super) fn service_in(message: &str) -> Option<ObjectRef> {
    let host = between(message, "Post \"https://", ".svc")?;
    let (name, namespace) = host.split_once('.')?;
    Some(ObjectRef::new("Service", "", namespace, name))
}

/// Returns the Service that answers a webhook; `None` where it is called by an address.
pub(super) fn service_of(webhook: &Value) -> Option<ObjectRef> {
    let service = webhook.pointer("/clientConfig/service")?;
    Some(ObjectRef::new("Service", "", text(service, "/namespace"), text(service, "/name")))
}
