//! Why a `PersistentVolumeClaim` is not bound.

use jiff::Timestamp;

use crate::cluster::Event;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject};
use crate::model::ObjectRef;

/// Names why a claim is not bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unbound {
    /// No `StorageClass` has the name.
    ClassMissing,
    /// The claim names no class, and no class is the default.
    NoDefault,
    /// The claim wants a volume that was made by hand, and none fits.
    NoVolume,
    /// The provisioner says why it fails.
    Failing,
    /// The provisioner does not answer.
    ProvisionerAbsent,
}

/// Describes a claim that waits.
pub(super) struct Waiting<'a> {
    pub(super) claim: LiveObject<'a>,
    pub(super) why: Unbound,
    /// The `StorageClass` that it names, or the default; empty without one.
    pub(super) class: &'a str,
    pub(super) provisioner: &'a str,
    event: Option<&'a Event>,
}

impl Waiting<'_> {
    /// Starts the diagnosis.
    pub(super) fn diagnosis(&self, graph: &LiveGraph, cause: &'static str, message: String) -> Diagnosis {
        let object = self.claim.object;
        let found = Diagnosis::new(cause, object, message)
            .seen_all([self.claim.field_evidence("status.phase", self.claim.text("/status/phase"))])
            .look_at(graph.describe(object));
        match self.event {
            Some(event) => {
                found.seen(event.message.trim(), event.at, format!("event {} of {}", event.reason, object.told()))
            }
            None => found,
        }
    }

    /// Returns what the last event said.
    pub(super) fn said(&self) -> &str {
        self.event.map_or("", |event| event.message.trim())
    }
}

/// The annotation of the default class, and its older name.
const DEFAULT: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

/// Finds the claims that wait for a reason. One that waits for its first pod has none.
pub(super) fn waiting(graph: &LiveGraph, wanted: Unbound) -> Vec<Waiting<'_>> {
    let pending = graph.all("", "PersistentVolumeClaim").filter(|claim| claim.text("/status/phase") == "Pending");
    let found = pending.filter(|claim| !claim.is_deleting()).filter_map(|claim| judge(graph, claim));
    found.filter(|one| one.why == wanted).collect()
}

fn judge<'a>(graph: &'a LiveGraph, claim: LiveObject<'a>) -> Option<Waiting<'a>> {
    let told = |why, class, provisioner, event| Some(Waiting { claim, why, class, provisioner, event });
    let names_class = claim.value.pointer("/spec/storageClassName").is_some_and(|name| !name.is_null());
    let name = match claim.text("/spec/storageClassName") {
        "" => claim.annotation("volume.beta.kubernetes.io/storage-class"),
        name => name,
    };
    let classes = graph.all("storage.k8s.io", "StorageClass");
    let event = |reasons: &[&str]| graph.event(claim.object, reasons).filter(|event| is_own(event.at, claim.created()));
    if name.is_empty() {
        let by_hand = names_class || !claim.text("/spec/volumeName").is_empty();
        let is_default = |class: &LiveObject<'_>| DEFAULT.iter().any(|name| class.annotation(name) == "true");
        if by_hand {
            return graph
                .is_past(claim.created(), 60)
                .then(|| told(Unbound::NoVolume, "", "", event(&["FailedBinding"])))
                .flatten();
        }
        // The server gives a claim without a class the default one as soon as there is one.
        let lacks =
            graph.is_listed("storage.k8s.io", "StorageClass") && !classes.clone().any(|class| is_default(&class));
        return lacks.then(|| told(Unbound::NoDefault, "", "", event(&["FailedBinding"]))).flatten();
    }
    let class = ObjectRef::new("StorageClass", "storage.k8s.io", "", name);
    let Some(live) = classes.clone().find(|one| *one.object == class) else {
        // A volume that was made by hand may name a class that is no object.
        let fits = |volume: LiveObject<'_>| {
            volume.text("/spec/storageClassName") == name && volume.text("/status/phase") == "Available"
        };
        let is_known = graph.is_listed("storage.k8s.io", "StorageClass");
        let lacks = is_known && !graph.all("", "PersistentVolume").any(fits);
        return lacks.then(|| told(Unbound::ClassMissing, name, "", event(&["ProvisioningFailed"]))).flatten();
    };
    let provisioner = live.text("/provisioner");
    let waits_for_pod = live.text("/volumeBindingMode") == "WaitForFirstConsumer"
        && claim.annotation("volume.kubernetes.io/selected-node").is_empty();
    if waits_for_pod || provisioner == "kubernetes.io/no-provisioner" {
        let static_fails =
            provisioner == "kubernetes.io/no-provisioner" && !waits_for_pod && graph.is_past(claim.created(), 60);
        return static_fails.then(|| told(Unbound::NoVolume, name, provisioner, event(&["FailedBinding"]))).flatten();
    }
    if let Some(failed) =
        event(&["ProvisioningFailed"]).filter(|event| !event.message.contains("storageclass.storage.k8s.io"))
    {
        return told(Unbound::Failing, name, provisioner, Some(failed));
    }
    let answers = event(&["Provisioning", "ProvisioningSucceeded"]).is_some();
    let external = event(&["ExternalProvisioning"])?;
    let waits = !answers && graph.is_past(claim.created(), 60);
    waits.then(|| told(Unbound::ProvisionerAbsent, name, provisioner, Some(external))).flatten()
}

/// Tells whether an event is about this claim and not about a deleted one of its name.
fn is_own(at: Option<Timestamp>, created: Option<Timestamp>) -> bool {
    at.zip(created).is_none_or(|(at, created)| at >= created)
}
