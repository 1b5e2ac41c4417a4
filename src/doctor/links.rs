//! What an object rests on: the edges from a symptom to its cause.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::graph::LiveGraph;
use super::live::{LiveObject, text};
use super::message;
use crate::kinds;
use crate::model::{FluxFacts, ObjectRef};

/// The reasons of a Kustomization that waits for the health of what it applied (kustomize-controller 1.7).
const CHECKS_HEALTH: &[&str] = &["HealthCheckFailed", "Progressing", "ProgressingWithRetry"];

/// Knows the objects of interest, those that are not well or have a diagnosis, and what each rests on. They are numbered
/// in their order, so that long chains are followed by number.
pub(super) struct Links<'a> {
    order: Vec<&'a ObjectRef>,
    rests_on: Vec<Vec<usize>>,
}

/// Names an object without its group, which a message does not tell.
type BareName<'a> = (&'a str, &'a str, &'a str);

/// Finds the edges between objects of interest.
struct Edges<'a> {
    graph: &'a LiveGraph,
    order: &'a [&'a ObjectRef],
    bare: BTreeMap<BareName<'a>, Vec<usize>>,
    owned: BTreeMap<ObjectRef, Vec<usize>>,
    explained: BTreeMap<&'a ObjectRef, Vec<&'a ObjectRef>>,
    released: BTreeMap<(&'a str, &'a str), Vec<usize>>,
}

impl<'a> Links<'a> {
    /// Links the objects of interest; `explained` are pairs of an object and one that explains its fault.
    pub(super) fn among(
        graph: &LiveGraph,
        interest: impl IntoIterator<Item = &'a ObjectRef>,
        explained: impl IntoIterator<Item = (&'a ObjectRef, &'a ObjectRef)>,
    ) -> Self {
        let order: Vec<&ObjectRef> = interest.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let explained: Vec<(&ObjectRef, &ObjectRef)> = explained.into_iter().collect();
        let edges = Edges::among(graph, &order, explained);
        let rests_on = (0..order.len()).map(|number| edges.of(number)).collect();
        Self { order, rests_on }
    }

    /// Returns the number of an object of interest.
    pub(super) fn number(&self, object: &ObjectRef) -> Option<usize> {
        self.order.binary_search(&object).ok()
    }

    /// Returns the objects of interest in their order.
    pub(super) fn objects(&self) -> &[&'a ObjectRef] {
        &self.order
    }

    /// Finds the objects of interest that one rests on, however many steps away; a way ends at those in `ends`.
    pub(super) fn reach(&self, from: usize, ends: &[bool]) -> Vec<usize> {
        let directly = |number: usize| self.rests_on.get(number).into_iter().flatten().copied();
        let mut seen = vec![false; self.order.len()];
        let mut found = Vec::new();
        let mut open: Vec<usize> = directly(from).collect();
        while let Some(number) = open.pop() {
            let Some(seen) = seen.get_mut(number).filter(|seen| !**seen && number != from) else { continue };
            *seen = true;
            found.push(number);
            if ends.get(number) != Some(&true) {
                open.extend(directly(number));
            }
        }
        found
    }
}

impl<'a> Edges<'a> {
    /// Sorts the objects of interest by their names, their owners and their releases.
    fn among(
        graph: &'a LiveGraph,
        order: &'a [&'a ObjectRef],
        explained: impl IntoIterator<Item = (&'a ObjectRef, &'a ObjectRef)>,
    ) -> Self {
        let mut bare = BTreeMap::<BareName<'a>, Vec<usize>>::new();
        let (mut owned, mut released) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for (number, object) in order.iter().enumerate() {
            bare.entry((&object.kind, &object.namespace, &object.name)).or_default().push(number);
            let Some(live) = graph.peek(object) else { continue };
            if let Some(owner) = live.owner() {
                owned.entry(owner).or_default().push(number);
            }
            let release = live.release();
            if !release.1.is_empty() {
                released.entry(release).or_default().push(number);
            }
        }
        let mut by = BTreeMap::<_, Vec<_>>::new();
        for (object, cause) in explained {
            by.entry(object).or_default().push(cause);
        }
        Self { graph, order, bare, owned, explained: by, released }
    }

    /// Returns the objects of interest that one rests on directly.
    fn of(&self, number: usize) -> Vec<usize> {
        let Some(object) = self.order.get(number).copied() else { return Vec::new() };
        let mut found: Vec<usize> = self.owned.get(object).cloned().unwrap_or_default();
        let explained = self.explained.get(object).into_iter().flatten();
        found.extend(explained.filter_map(|one| self.order.binary_search(one).ok()));
        if let Some(live) = self.graph.peek(object) {
            for named in self.named_by(&live) {
                found.extend(self.meant_by(&named));
            }
            if kinds::HELM_RELEASE.is(object) {
                let release = (object.namespace.as_str(), object.name.as_str());
                found.extend(self.released.get(&release).into_iter().flatten());
            }
        }
        found.retain(|one| *one != number);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Finds the objects of interest that a name means. A message names a kind without its group, which is open unless
    /// Kubernetes or Flux has such a kind.
    fn meant_by(&self, named: &ObjectRef) -> Vec<usize> {
        let alike = self.bare.get(&(named.kind.as_str(), named.namespace.as_str(), named.name.as_str()));
        let fits = |number: &usize| self.order.get(*number).is_some_and(|known| named.means(known));
        alike.into_iter().flatten().copied().filter(fits).collect()
    }

    fn knows(&self, object: &ObjectRef) -> bool {
        self.order.binary_search(&object).is_ok()
    }

    fn named_by(&self, live: &LiveObject<'_>) -> Vec<ObjectRef> {
        let object = live.object;
        let mut found = Vec::new();
        let row = self.graph.row(object);
        if let Some((row, flux)) = row.and_then(|row| Some((row, row.flux.as_ref()?))) {
            found.extend(self.flux(live, flux, &row.message));
        }
        if kinds::WORKLOADS.iter().any(|kind| kind.is(object)) || object.kind == "Job" || object.kind == "ReplicaSet" {
            let pods = self.graph.pods_of(live);
            found.extend(pods.iter().map(|pod| pod.object).filter(|pod| self.knows(pod)).cloned());
        }
        if object.kind == "Pod" && object.group.is_empty() {
            match live.text("/spec/nodeName") {
                "" => found.extend(self.lost_nodes_for(live)),
                name => found.push(ObjectRef::new("Node", "", "", name)),
            }
            for volume in live.items("/spec/volumes") {
                let claim = text(volume, "/persistentVolumeClaim/claimName");
                found.push(live.beside("PersistentVolumeClaim", "", claim));
            }
        }
        if object.kind == "PersistentVolumeClaim" {
            let volume = live.text("/spec/volumeName");
            found.push(ObjectRef::new("Volume", "longhorn.io", "longhorn-system", volume));
            found.push(ObjectRef::new("StorageClass", "storage.k8s.io", "", live.text("/spec/storageClassName")));
        }
        if object.group == "cert-manager.io" {
            let kind = match live.text("/spec/issuerRef/kind") {
                "" => "Issuer",
                kind => kind,
            };
            let namespace = if kind == "ClusterIssuer" { "" } else { &object.namespace };
            found.push(ObjectRef::new(kind, "cert-manager.io", namespace, live.text("/spec/issuerRef/name")));
        }
        found
    }

    /// Names the nodes that are not ready and that a pod without a node could be on.
    fn lost_nodes_for(&self, pod: &LiveObject<'_>) -> Vec<ObjectRef> {
        let is_lost = |node: &LiveObject<'_>| node.condition("Ready").is_some_and(|ready| ready.status != "True");
        let nodes = self.graph.all("", "Node").filter(|node| is_lost(node) && has_labels_for(node, pod));
        nodes.map(|node| node.object.clone()).collect()
    }

    fn flux(&self, live: &LiveObject<'_>, flux: &FluxFacts, said: &str) -> Vec<ObjectRef> {
        let object = live.object;
        let mut found: Vec<ObjectRef> = Vec::new();
        // What applies objects looks at its dependencies and its source first: where it failed later, those do not hold it.
        let is_applier = kinds::KUSTOMIZATION.is(object) || kinds::HELM_RELEASE.is(object);
        let is_held_by =
            |reasons: &[&str]| !is_applier || flux.reason.is_empty() || reasons.contains(&flux.reason.as_str());
        if is_held_by(&["DependencyNotReady"]) {
            found.extend(flux.depends_on.clone());
        }
        let fetched = flux.source.as_ref().and_then(|source| self.graph.row(source)?.flux.as_deref());
        let is_empty = fetched.is_some_and(|fetched| fetched.revision.is_empty());
        let is_source_open = is_empty || is_held_by(&["ArtifactFailed", "SourceNotReady"]);
        if is_source_open {
            found.extend(flux.source.clone());
        }
        found.extend(message::objects(said));
        if kinds::KUSTOMIZATION.is(object) && CHECKS_HEALTH.contains(&flux.reason.as_str()) {
            found.extend(flux.inventory.iter().filter_map(|id| ObjectRef::from_inventory(id)));
        }
        if kinds::HELM_RELEASE.is(object) && is_source_open {
            // The chart that source-controller fetches for a release (helm-controller, `GetHelmChartName`).
            if let Some(source) = &flux.source {
                let name = format!("{}-{}", object.namespace, object.name);
                found.push(kinds::HELM_CHART.object(&source.namespace, &name));
            }
        }
        for (pointer, kind) in [("/spec/imageRepositoryRef", "ImageRepository"), ("/spec/providerRef", "Provider")] {
            let name = live.text(&format!("{pointer}/name"));
            let namespace = match live.text(&format!("{pointer}/namespace")) {
                "" => &object.namespace,
                namespace => namespace,
            };
            found.push(ObjectRef::new(kind, &object.group, namespace, name));
        }
        found
    }
}

/// Tells whether a node has the labels that a pod asks for.
pub(super) fn has_labels_for(node: &LiveObject<'_>, pod: &LiveObject<'_>) -> bool {
    let selector = pod.value.pointer("/spec/nodeSelector").and_then(Value::as_object);
    let has_all = selector.into_iter().flatten().all(|(key, value)| value.as_str() == Some(node.label(key)));
    let terms =
        pod.items("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let is_met = |one: &Value| {
        let (key, label) = (text(one, "/key"), node.label(text(one, "/key")));
        let is_there = node.value.pointer("/metadata/labels").is_some_and(|labels| labels.get(key).is_some());
        let values = one.get("values").and_then(Value::as_array);
        let is_among = values.into_iter().flatten().any(|value| value.as_str() == Some(label));
        match text(one, "/operator") {
            "In" => is_there && is_among,
            "NotIn" => !(is_there && is_among),
            "Exists" => is_there,
            "DoesNotExist" => !is_there,
            _ => true,
        }
    };
    let is_term_met =
        |term: &Value| term.get("matchExpressions").and_then(Value::as_array).into_iter().flatten().all(is_met);
    has_all && (terms.is_empty() || terms.iter().any(is_term_met))
}
