//! Something that a Ready object reads is gone: nothing has failed yet, and its next reconcile will.

use std::collections::{BTreeMap, BTreeSet};

use super::failure::flux_objects;
use crate::doctor::Cause;
use crate::doctor::live::text;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::text::some_of;
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "reference-gone", title: "A Secret or ConfigMap that a Ready object reads is gone", find };

/// The fields that name a Secret of the object's own namespace, by the object's kind; sources have more of them.
const SECRETS: [&str; 2] = ["spec.decryption.secretRef.name", "spec.kubeConfig.secretRef.name"];
const SECRETS_OF_SOURCES: [&str; 4] =
    ["spec.secretRef.name", "spec.certSecretRef.name", "spec.proxySecretRef.name", "spec.verify.secretRef.name"];
/// The lists whose items name a Secret or a ConfigMap, unless they are optional.
const LISTS: [&str; 2] = ["spec.postBuild.substituteFrom", "spec.valuesFrom"];

/// The most objects that are looked for: each is a request.
const MOST: usize = 100;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut readers: BTreeMap<ObjectRef, Vec<(LiveObject<'_>, &'static str)>> = BTreeMap::new();
    let mut told: BTreeSet<ObjectRef> = BTreeSet::new();
    for (live, row, _) in flux_objects(graph) {
        for (field, object) in references(&live) {
            match row.state {
                State::Ready => readers.entry(object).or_default().push((live, field)),
                // What has failed says itself what it lacks.
                State::Failed | State::Waiting => {
                    told.insert(object);
                }
                _ => {}
            }
        }
    }
    if let Some(rest @ 1..) = readers.len().checked_sub(MOST) {
        graph.leave_open(format!(
            "{rest} Secrets and ConfigMaps that Flux objects read: only the first {MOST} are looked for"
        ));
    }
    let gone = readers.into_iter().take(MOST).filter(|(object, _)| graph.get(object).is_absent());
    gone.filter(|(object, _)| !told.contains(object))
        .filter_map(|(object, all)| diagnosis(graph, &object, &all))
        .collect()
}

fn references(live: &LiveObject<'_>) -> Vec<(&'static str, ObjectRef)> {
    let is_source = kinds::sources().any(|kind| kind.is(live.object));
    let fields = SECRETS.iter().chain(SECRETS_OF_SOURCES.iter().filter(|_| is_source));
    let pointer = |field: &str| format!("/{}", field.replace('.', "/"));
    let named = fields.filter_map(|field| {
        let name = live.text(&pointer(field));
        (!name.is_empty()).then(|| (*field, live.beside("Secret", "", name)))
    });
    let listed = LISTS.iter().flat_map(|field| {
        let required = live.items(&pointer(field)).iter().filter(|one| one.get("optional") != Some(&true.into()));
        required.map(|one| (*field, live.beside(text(one, "/kind"), "", text(one, "/name"))))
    });
    named.chain(listed).collect()
}

fn diagnosis(graph: &LiveGraph, object: &ObjectRef, readers: &[(LiveObject<'_>, &'static str)]) -> Option<Diagnosis> {
    let (first, field) = readers.first()?;
    let names: Vec<String> = readers.iter().map(|(live, _)| live.object.told()).collect();
    let message =
        format!("{} is gone, and the next reconcile of {} will fail for it", object.told(), some_of(&names, ", "));
    let found = Diagnosis::new(CAUSE.id, object, message)
        .warning()
        .lacking(object)
        .seen_all([first.field_evidence(field, &object.name)])
        .look_at(
            graph.shell("kubectl get {} {} -n {}", &[&object.kind.to_lowercase(), &object.name, &object.namespace]),
        );
    let found = if SECRETS.first() == Some(field) {
        found.mended_by(
            Remedy::new(
                graph.shell("fluxdeck secret age-key --create --env {}", &[&graph.env]),
                "It puts the environment's age key into the cluster.",
                "the Secret has an entry that ends in .agekey",
            )
            .by("age-keys", first.object),
        )
    } else {
        found.mended_by(Remedy::change(
            "Bring it back: reconcile what applied it, or declare it in the repository; else take the reference away.",
            "the object is there, and what reads it stays Ready True",
        ))
    };
    Some(found)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::{CAUSE, MOST};
    use crate::doctor::LiveGraph;
    use crate::doctor::graph::{ListQuery, Want};
    use crate::kinds;

    #[test]
    fn what_is_beyond_the_limit_is_told_as_not_looked_at() {
        let release = |index: usize| {
            json!({
                "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
                "metadata": {"name": format!("release-{index}"), "namespace": "web", "generation": 1},
                "spec": {"interval": "10m", "valuesFrom": [{"kind": "ConfigMap", "name": format!("values-{index:03}")}]},
                "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True", "reason": "UpgradeSucceeded"}]},
            })
        };
        let mut graph = LiveGraph::new("staging", "staging", Timestamp::UNIX_EPOCH);
        for kind in kinds::flux() {
            let query = ListQuery { group: kind.group.to_owned(), kind: kind.kind.to_owned(), ..ListQuery::default() };
            let values = if kind.kind == "HelmRelease" { (0..MOST + 3).map(release).collect() } else { Vec::new() };
            graph.add_list(query, values);
        }
        (CAUSE.find)(&graph);
        let wanted = graph.take_wanted();
        assert_eq!(wanted.iter().filter(|want| matches!(want, Want::Object(_))).count(), MOST);
        let open: Vec<String> = graph.take_left_open().into_iter().collect();
        assert!(open.len() == 1 && open[0].starts_with("3 Secrets and ConfigMaps"), "{open:?}");
    }
}
