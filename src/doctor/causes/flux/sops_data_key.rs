//! No key opens a sealed file, for another reason than a wrong age key: a key service that refuses, a key that is not read.

use super::failure::{failed_for, then_reconcile};
use super::sops_key_wrong::sealed;
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::kinds;

pub(super) const CAUSE: Cause = Cause { id: "sops-data-key", title: "No key opens a sealed file", find };

/// What other causes know better.
const OTHERS: &[&str] =
    &["no identity matched any of the recipients", "failed to load age identities", "no identities specified"];

/// kustomize-controller 1.7 says `cannot get sops data key: …`, and of a key that it cannot read `failed to import 'age.agekey' data from sops decryption Secret 'ns/n': …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let said = ["cannot get sops data key", "error decrypting sops tree", "failed to import '"];
    let failed =
        failed_for(graph, "BuildFailed").filter(|failure| failure.says_any(&said) && !failure.says_any(OTHERS));
    let found = failed.map(|failure| {
        let object = failure.object();
        let message = if failure.says("failed to import '") {
            format!("{} cannot decrypt: {}", object.told(), short(failure.message()))
        } else {
            let why = kinds::essence(failure.message());
            format!("{} cannot decrypt {}: {}", object.told(), sealed(&failure), short(kinds::short_cause(&why)))
        };
        let name = failure.live.text("/spec/decryption/secretRef/name");
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.shell("kubectl describe secret {} -n {}", &[name, &object.namespace]))
            .mended_by(Remedy::change("Put a whole key into the Secret of spec.decryption.secretRef (an age key begins with AGE-SECRET-KEY-1), or allow the controller to use the key service.", "Ready True"))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption-secret-reference");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
