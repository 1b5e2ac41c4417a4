//! The obstacles to applying a Kustomization or to its health.

use super::super::{conditions, depends_on};
use crate::model::ObjectRef;
use crate::sim::apply;
use crate::sim::json::{self, number, text};
use crate::sim::workload::health;
use crate::sim::world::SimulatedCluster;
use serde_json::Value;

/// Explains why nothing can be applied.
pub(super) struct Refusal {
    /// The reason of `Ready`.
    pub(super) reason: &'static str,
    /// The controller's message.
    pub(super) message: String,
    /// Whether the artifact was fetched and read before: the build failed.
    pub(super) fetched: bool,
}

/// Tells whether a Kustomization cannot be built.
pub(crate) fn cannot_be_built(world: &SimulatedCluster, object: &Value) -> bool {
    refusal(world, object).is_some()
}

/// Returns the reason that a Kustomization cannot be built, if there is one: its path is not in the artifact, its key
/// is not in the cluster, or its files are broken.
pub(super) fn refusal(world: &SimulatedCluster, object: &Value) -> Option<Refusal> {
    let (name, path) = (text(object, "/metadata/name"), text(object, "/spec/path").trim_start_matches("./"));
    let folder = {
        let number = u32::from_str_radix(json::head(&json::sha256(&format!("{name} {path}")), 8), 16);
        format!("/tmp/kustomization-{}/{path}", number.unwrap_or_default())
    };
    if world.script.lacks_path(name, path) {
        return Some(Refusal {
            reason: "ArtifactFailed",
            message: format!("kustomization path not found: stat {folder}: no such file or directory"),
            fetched: false,
        });
    }
    let key = text(object, "/spec/decryption/secretRef/name");
    let secret = ObjectRef::new("Secret", "", text(object, "/metadata/namespace"), key);
    if !key.is_empty() && world.store.get(&secret).is_none() {
        return Some(Refusal { reason: "BuildFailed", message: format!("secrets \"{key}\" not found"), fetched: true });
    }
    world.script.troubles.missing_resource(name).map(|file| Refusal {
        reason: "BuildFailed",
        message: format!(
            "kustomize build failed: accumulating resources: accumulation err='accumulating resources from '{file}': open {folder}/{file}: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '{folder}/{file}' : lstat {folder}/{file}: no such file or directory"
        ),
        fetched: true,
    })
}

/// Returns the unhealthy objects of a Kustomization, with kstatus' word for each. It never waits for itself.
pub(super) fn unhealthy(world: &SimulatedCluster, object: &Value) -> Vec<(ObjectRef, &'static str)> {
    let own = json::reference(object);
    apply::inventory(object)
        .into_iter()
        .filter(|key| *key != own)
        .filter_map(|key| {
            let status = world.store.get(&key).map_or("NotFound", |object| health(object));
            (status != "Current").then_some((key, status))
        })
        .collect()
}

pub(super) fn verdict(unhealthy: &[(ObjectRef, &str)], failed: bool) -> String {
    let named: Vec<String> = unhealthy
        .iter()
        .filter(|(_, status)| !failed || *status == "Failed")
        .map(|(key, status)| format!("{} status: '{status}'", apply::subject(key)))
        .collect();
    let what = if failed { "failed early due to stalled resources" } else { "timeout waiting for" };
    format!("{what}: [{}]", named.join(", "))
}

/// Returns the first unmet dependency, in the controller's words.
pub(super) fn unmet(world: &SimulatedCluster, object: &Value, revision: &str) -> Option<String> {
    depends_on(object).into_iter().find_map(|key| {
        let named = format!("{}/{}", key.namespace, key.name);
        let Some(dependency) = world.store.get(&key) else {
            return Some(format!(
                "dependency '{named}' not found: kustomizations.kustomize.toolkit.fluxcd.io \"{}\" not found",
                key.name
            ));
        };
        let observed = number(dependency, "/status/observedGeneration");
        if observed != number(dependency, "/metadata/generation") || !conditions::is(dependency, "Ready", "True") {
            return Some(format!("dependency '{named}' is not ready"));
        }
        let same_source = super::super::source_of(dependency) == super::super::source_of(object);
        (same_source && text(dependency, "/status/lastAppliedRevision") != revision)
            .then(|| format!("dependency '{named}' revision is not up to date"))
    })
}
