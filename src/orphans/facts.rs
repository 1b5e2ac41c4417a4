//! What Flux, Helm and the programs of a cluster are known to have made, from its live objects.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::judge::LiveState;
use crate::cluster::ObjectMetadata;
use crate::model::ObjectRef;
use crate::model::field_manager::ManagerKind;
use crate::model::known::{HELM, KUSTOMIZE, SOURCE};
use crate::yaml::manifest::at;

/// The shortest name of a program that may be the beginning of another one.
const SHORTEST: usize = 4;

/// Holds a namespace and a name.
pub(super) type Place = (String, String);

/// Describes a live Kustomization.
#[derive(Debug, Clone, Copy)]
pub(super) struct Applier {
    /// Whether it deletes what it no longer applies.
    pub(super) prunes: bool,
    /// Whether it is ready: else it may have applied what its inventory does not have yet.
    pub(super) is_ready: bool,
}

/// Holds what is known of a cluster.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    /// Every live object.
    pub(super) live: HashSet<&'a ObjectRef>,
    /// What Flux' inventories list.
    pub(super) inventory: HashSet<ObjectRef>,
    pub(super) appliers: HashMap<Place, Applier>,
    /// The HelmReleases.
    pub(super) releases_of_flux: HashSet<Place>,
    /// Where the releases of the HelmReleases are stored: a namespace, and a release's name.
    pub(super) storages_of_flux: HashSet<Place>,
    /// The releases that Helm's storage has.
    pub(super) releases: HashSet<Place>,
    /// The namespaces of releases: Flux keeps its storage in that of the HelmRelease.
    pub(super) release_namespaces: HashSet<String>,
    /// The Secrets with the credentials and keys of Flux' objects.
    pub(super) credentials: HashSet<Place>,
    /// The namespaces that Flux's controllers run in.
    pub(super) homes_of_flux: HashSet<&'a str>,
    /// The names of the workloads, which are those of the programs that run.
    pub(super) programs: HashSet<&'a str>,
    /// The claims of volumes that are in use.
    pub(super) bound: HashMap<&'a str, ObjectRef>,
    /// The objects by kind and name, to find what was copied.
    pub(super) namesakes: HashMap<(&'a str, &'a str, &'a str), Vec<&'a ObjectMetadata>>,
    /// The kinds that could not be listed, by their group.
    unlisted: HashSet<(&'a str, &'a str)>,
}

impl<'a> Facts<'a> {
    /// Reads them from the live objects.
    pub(super) fn new(state: &'a LiveState) -> Self {
        let unlisted = state.unlisted.iter().map(|(group, kind)| (group.as_str(), kind.as_str())).collect();
        let mut facts = Self { unlisted, ..Self::default() };
        for one in &state.objects {
            let ObjectRef { kind, group, namespace, name } = &one.object;
            facts.live.insert(&one.object);
            facts.namesakes.entry((group, kind, name)).or_default().push(one);
            match (group.as_str(), kind.as_str()) {
                ("apps", "Deployment" | "DaemonSet" | "StatefulSet") => {
                    facts.programs.insert(name);
                    if one.label("app.kubernetes.io/part-of") == "flux" {
                        facts.homes_of_flux.insert(namespace);
                    }
                }
                ("", "Secret" | "ConfigMap") if one.label("owner") == "helm" => {
                    facts.release_namespaces.insert(namespace.clone());
                    facts.releases.insert((namespace.clone(), one.label("name").to_owned()));
                }
                _ => {}
            }
        }
        state.flux.iter().for_each(|value| facts.take_flux(value));
        for volume in &state.volumes {
            let text = |pointer: &str| at(volume, pointer).as_str().unwrap_or_default();
            let claim = ObjectRef::new(
                "PersistentVolumeClaim",
                "",
                text("/spec/claimRef/namespace"),
                text("/spec/claimRef/name"),
            );
            if !claim.name.is_empty() {
                facts.bound.insert(text("/metadata/name"), claim);
            }
        }
        facts
    }

    fn take_flux(&mut self, value: &Value) {
        let object = ObjectRef::of_body(value);
        let entries = at(value, "/status/inventory/entries").as_array().into_iter().flatten();
        self.inventory.extend(entries.filter_map(|entry| ObjectRef::from_inventory(entry.get("id")?.as_str()?)));
        let place = (object.namespace.clone(), object.name.clone());
        match (object.group.as_str(), object.kind.as_str()) {
            (KUSTOMIZE, "Kustomization") => {
                let conditions = at(value, "/status/conditions").as_array().into_iter().flatten();
                let is_ready = conditions.into_iter().any(|one| {
                    one.get("type").is_some_and(|it| it == "Ready") && one.get("status").is_some_and(|it| it == "True")
                });
                let prunes = at(value, "/spec/prune").as_bool().unwrap_or_default();
                self.appliers.insert(place, Applier { prunes, is_ready });
            }
            (HELM, "HelmRelease") => {
                let target = at(value, "/spec/targetNamespace").as_str().unwrap_or(&object.namespace);
                self.release_namespaces.insert(target.to_owned());
                // helm-controller makes the chart's object and names it in its status.
                let chart = at(value, "/status/helmChart").as_str().and_then(|chart| chart.split_once('/'));
                self.inventory
                    .extend(chart.map(|(namespace, name)| ObjectRef::new("HelmChart", SOURCE, namespace, name)));
                self.take_storage(value, &place);
                self.releases_of_flux.insert(place);
            }
            _ => {}
        }
        self.take_credentials(at(value, "/spec"), &object.namespace);
    }

    /// Takes where a HelmRelease stores its releases, by its status and by what its spec asks for.
    fn take_storage(&mut self, value: &Value, (namespace, name): &Place) {
        let text = |pointer: &str| at(value, pointer).as_str().filter(|text| !text.is_empty());
        let storages = [text("/status/storageNamespace"), text("/spec/storageNamespace"), Some(namespace)];
        let target = text("/spec/targetNamespace").map_or_else(|| name.clone(), |target| format!("{target}-{name}"));
        let noted = at(value, "/status/history").as_array().into_iter().flatten();
        let noted = noted.filter_map(|one| one.get("name")?.as_str().map(str::to_owned));
        let names: Vec<String> = noted.chain(text("/spec/releaseName").map(str::to_owned)).chain([target]).collect();
        for storage in storages.into_iter().flatten() {
            self.storages_of_flux.extend(names.iter().map(|name| (storage.to_owned(), name.clone())));
        }
    }

    /// Takes the Secrets that an object of Flux names as its credentials: `secretRef`, `certSecretRef`,
    /// `proxySecretRef` and the like. Those of `substituteFrom` and `valuesFrom` are content, which Git may declare.
    fn take_credentials(&mut self, value: &Value, namespace: &str) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.take_credentials(item, namespace)),
            Value::Object(fields) => {
                for (key, field) in fields {
                    let key = key.to_lowercase();
                    let name = match field {
                        // A FluxInstance names its Secrets by a text: `pullSecret`, `imagePullSecret`.
                        Value::String(name) if key.ends_with("pullsecret") => Some(name.as_str()),
                        _ => field.get("name").and_then(Value::as_str).filter(|_| key.ends_with("secretref")),
                    };
                    if let Some(name) = name {
                        self.credentials.insert((namespace.to_owned(), name.to_owned()));
                    }
                    self.take_credentials(field, namespace);
                }
            }
            _ => {}
        }
    }

    /// Tells whether the cluster has Kustomizations or HelmReleases of its own.
    pub(super) fn has_flux(&self) -> bool {
        !self.appliers.is_empty() || !self.releases_of_flux.is_empty()
    }

    /// Tells whether an object may be there: it is, or its kind could not be listed.
    pub(super) fn may_have(&self, object: &ObjectRef) -> bool {
        self.live.contains(object) || !self.lists(&object.group, &object.kind)
    }

    /// Tells whether all objects of a kind are known.
    fn lists(&self, group: &str, kind: &str) -> bool {
        !self.unlisted.contains(&(group, kind))
    }

    /// Tells whether every release of Helm is known: its records are Secrets, which many accounts may not list.
    pub(super) fn knows_releases(&self) -> bool {
        self.lists("", "Secret")
    }

    /// Tells whether a workload of the cluster has the name of a program, or one of both begins with the other:
    /// `cert-manager` is the one that writes as `cert-manager-certificates-issuing`, and `keda-operator` writes as `keda`.
    /// Where workloads could not be listed, any program may run.
    pub(super) fn runs(&self, manager: &str) -> bool {
        let knows_programs = ["Deployment", "DaemonSet", "StatefulSet"].iter().all(|kind| self.lists("apps", kind));
        if !knows_programs && !is_written_by_hand(manager) {
            return true;
        }
        let begins = |name: &str, other: &str| {
            other.len() >= SHORTEST && name.strip_prefix(other).is_some_and(|rest| rest.starts_with('-'))
        };
        let is_it = |name: &str| begins(manager, name) || (begins(name, manager) && !is_written_by_hand(manager));
        self.programs.contains(manager) || self.programs.iter().any(|name| is_it(name))
    }
}

/// Tells whether only programs that people run have written to an object.
pub(super) fn is_by_hand(one: &ObjectMetadata) -> bool {
    !one.managers.is_empty() && one.managers.iter().all(|manager| is_written_by_hand(manager))
}

/// Tells whether a field manager is a program that people or pipelines run: what only they made, nobody in the cluster
/// explains. What the helm command made, a release explains.
pub(super) fn is_written_by_hand(manager: &str) -> bool {
    matches!(ManagerKind::of(manager), ManagerKind::Person | ManagerKind::Either)
}
