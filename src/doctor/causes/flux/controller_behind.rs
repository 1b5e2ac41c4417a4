//! A Flux controller runs and does not come to its objects in time.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::controllers::{keeper, ready};
use super::failure::{appliers, flux_objects};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::clock::age;
use crate::model::text::some_of;
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "controller-behind", title: "A controller of Flux is behind its queue", find };

/// A dependency is looked at again after 30 s; this long after it became ready, nobody looks.
const UNSEEN_MINUTES: i64 = 5;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut late: BTreeMap<ObjectRef, Vec<(LiveObject<'_>, String)>> = BTreeMap::new();
    for (live, what) in overdue(graph).into_iter().chain(unseen(graph)) {
        if let Some(deployment) = keeper(graph, live.object).filter(|deployment| ready(deployment) > 0) {
            late.entry(deployment.object.clone()).or_default().push((live, what));
        }
    }
    let found = late.iter().filter_map(|(deployment, objects)| {
        let (_, what) = objects.first()?;
        let told: Vec<String> = objects.iter().map(|(live, _)| live.object.told()).collect();
        let message = format!("{} runs and does not come to {}: {what}", deployment.told(), some_of(&told, ", "));
        let line = graph.shell("kubectl logs deployment/{} -n {} --since=15m", &[&deployment.name, &deployment.namespace]);
        let restart = graph.shell("kubectl rollout restart deployment {} -n {}", &[&deployment.name, &deployment.namespace]);
        Some(
            Diagnosis::new(CAUSE.id, deployment, message)
                .warning()
                .unless_deeper()
                .seen_all(objects.iter().take(3).map(|(live, what)| live.field_evidence("status", what)))
                .explaining(objects.iter().map(|(live, _)| live.object.clone()))
                .look_at(line)
                .mended_by(Remedy::change("Where health checks of many objects fill its workers, raise --concurrent (4 by default) or lower timeouts, and push.", "status.history shows new runs"))
                .mended_by(Remedy::new(restart, "A controller whose watch hangs starts anew.", "the objects are reconciled within a minute").by("restart", deployment))
                .documented("https://fluxcd.io/flux/installation/configuration/vertical-scaling/"),
        )
    });
    found.collect()
}

/// Finds Ready Kustomizations that were not reconciled for more than three intervals; older controllers write no history.
fn overdue(graph: &LiveGraph) -> Vec<(LiveObject<'_>, String)> {
    let ready =
        flux_objects(graph).filter(|(live, row, _)| kinds::KUSTOMIZATION.is(live.object) && row.state == State::Ready);
    let found = ready.filter_map(|(live, _, flux)| {
        let runs =
            live.items("/status/history").iter().filter_map(|run| run.get("lastReconciled")?.as_str()?.parse().ok());
        let last: jiff::Timestamp = runs.chain(flux.since).max()?;
        live.items("/status/history").first()?;
        let interval = SignedDuration::try_from(flux.interval?).ok()?;
        let limit = interval.saturating_mul(3).saturating_add(SignedDuration::from_mins(15));
        (graph.now.duration_since(last) > limit).then(|| {
            (
                live,
                format!(
                    "last reconciled {} ago, with an interval of {}",
                    age(graph.now, last),
                    live.text("/spec/interval")
                ),
            )
        })
    });
    found.collect()
}

/// Finds objects that still wait for a dependency that has been ready for minutes.
fn unseen(graph: &LiveGraph) -> Vec<(LiveObject<'_>, String)> {
    let waiting = appliers(graph)
        .filter(|failure| failure.said.reason == "DependencyNotReady" && failure.message().ends_with("is not ready"));
    let found = waiting.filter_map(|failure| {
        let flux = graph.row(failure.object())?.flux.as_deref()?;
        let since = flux.depends_on.iter().map(|on| {
            let row = graph.row(on).filter(|row| row.state == State::Ready)?;
            row.flux.as_ref()?.since
        });
        let since = since.collect::<Option<Vec<_>>>()?.into_iter().max()?;
        (graph.now.duration_since(since).as_mins() >= UNSEEN_MINUTES).then(|| {
            (
                failure.live,
                format!("it says {}, and that has been ready for {}", failure.message(), age(graph.now, since)),
            )
        })
    });
    found.collect()
}
