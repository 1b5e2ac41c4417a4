//! Compares with a cluster what the screen shows: renders, asks the server, and tells how far it has come.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use futures::future::{Either, select};

use crate::app::{Reply, TaskContext};
use crate::cluster::Cluster;
use crate::difference::{self, AttributedObject, ComparisonProgress, DifferenceKind, LiveComparison};
use crate::kinds;
use crate::model::{Env, Fault, ObjectRef};
use crate::render::Stop;
use crate::render::revision::Revision;
use crate::repo::Snapshot;

/// The number of objects after which the progress is told again.
const TOLD_EACH: usize = 16;

/// Answers of the task, with the environment and the tab of the request.
pub(super) struct Answer(pub(super) Env, pub(super) DifferenceKind, pub(super) Piece);

pub(super) enum Piece {
    Progress(ComparisonProgress),
    Done(Result<Box<LiveComparison>, Fault>),
}

/// Holds the inputs of a comparison.
pub(super) struct Request {
    pub(super) env: Env,
    pub(super) name: String,
    pub(super) kind: DifferenceKind,
    /// The Kustomization, the HelmRelease, or an object that one of them applied.
    pub(super) object: Option<ObjectRef>,
    pub(super) snapshot: Arc<Snapshot>,
}

impl Request {
    pub(super) async fn run(
        &self,
        reach: &TaskContext,
        stop: &Stop,
        reply: &mut Reply,
    ) -> Result<LiveComparison, Fault> {
        let cluster = reach.cluster(self.env)?;
        // Nothing is rendered for a cluster that does not answer.
        difference::reach(&cluster).await?;
        let applied = match self.object.as_ref().filter(|object| !is_owner(object)) {
            Some(object) => Box::pin(difference::applier_of(&cluster, object)).await?,
            None => None,
        };
        let owner = self.object.as_ref().filter(|object| is_owner(object));
        let owner = applied.as_ref().map(|applied| &applied.applier).or(owner);
        let mut found = self.compared(&cluster, owner, applied.as_ref(), (reach, stop, reply)).await?;
        match (&self.object, &applied) {
            (_, Some(applied)) => found.keep_only(&applied.object),
            (Some(object), None) if !is_owner(object) => found.remarks.push(format!(
                "{}: {object}: no label of Flux says what applied it; this is the whole environment",
                self.name
            )),
            _ => {}
        }
        Ok(found)
    }

    /// Compares what one owner applies, one object of it, or all.
    async fn compared(
        &self,
        cluster: &Cluster,
        owner: Option<&ObjectRef>,
        applied: Option<&AttributedObject>,
        (reach, stop, reply): (&TaskContext, &Stop, &mut Reply),
    ) -> Result<LiveComparison, Fault> {
        if let Some(release) = owner.filter(|owner| kinds::HELM_RELEASE.is(owner)) {
            return self.releases(cluster, Some(release.clone()), reply).await;
        }
        let chosen = self.chosen(owner, reach, stop).await?;
        let keys = reach.identities.get(self.env).map(crate::sops::IdentitySources::quietly);
        let (worker, stop) = (reach.renderer.clone(), stop.clone());
        let (snapshot, name) = (Arc::clone(&self.snapshot), self.name.clone());
        let mut prepared = match self.kind {
            DifferenceKind::Next => {
                let is_chosen = move |namespace: &str, name: &str| {
                    chosen.iter().any(|one| one.namespace == namespace && one.name == name)
                };
                let work = move || {
                    worker.until(&stop, |renderer| {
                        let revision = Revision::WorkingTree;
                        difference::next(&snapshot, &revision, &name, &is_chosen, keys.as_ref(), renderer)
                    })
                };
                reach.away(work).await??
            }
            DifferenceKind::Drift => {
                let applied = difference::applied_commits(cluster, chosen).await?;
                let work = move || {
                    let applied = applied.known_in(&snapshot.root);
                    worker.until(&stop, |renderer| {
                        difference::drifted(&snapshot, &applied, &name, keys.as_ref(), renderer)
                    })
                };
                reach.away(work).await??
            }
        };
        match applied {
            Some(applied) => prepared.keep_only(&applied.object),
            None => prepared.remark_children(),
        }
        let (sets, arrivals) = (prepared.sets, prepared.arrivals);
        let (tell, told) = unbounded();
        let tell = move |progress: ComparisonProgress| {
            if progress.done.is_multiple_of(TOLD_EACH) {
                // The screen may be closed.
                let _unheard = tell.unbounded_send(progress);
            }
        };
        let work = difference::compare(cluster, sets, &arrivals, self.kind, &tell);
        let mut found = self.listen(work, told, reply).await?;
        let broken = prepared.findings.iter().map(|finding| format!("{}: {}", finding.fault.what, finding.fault.why));
        found.remarks.extend(prepared.remarks.into_iter().chain(broken));
        if owner.is_none() && self.kind == DifferenceKind::Drift {
            found.add(self.releases(cluster, None, reply).await?);
        }
        Ok(found)
    }

    /// Names the Kustomizations of the request, as they are rendered.
    async fn chosen(
        &self,
        owner: Option<&ObjectRef>,
        reach: &TaskContext,
        stop: &Stop,
    ) -> Result<Vec<ObjectRef>, Fault> {
        if let Some(owner) = owner {
            return Ok(vec![owner.clone()]);
        }
        let (worker, stop, snapshot) = (reach.renderer.clone(), stop.clone(), Arc::clone(&self.snapshot));
        let rendering = reach.away(move || worker.until(&stop, |renderer| renderer.render(&snapshot))).await??;
        let own = rendering.of.iter().filter(|one| one.env == self.name);
        let named =
            own.map(|one| ObjectRef::new("Kustomization", crate::model::known::KUSTOMIZE, &one.namespace, &one.name));
        Ok(named.collect())
    }

    /// Compares a HelmRelease, or all of them.
    async fn releases(
        &self,
        cluster: &Cluster,
        release: Option<ObjectRef>,
        reply: &mut Reply,
    ) -> Result<LiveComparison, Fault> {
        let (tell, told) = unbounded();
        let tell = move |progress| drop(tell.unbounded_send(progress));
        let work = async {
            match release {
                Some(release) => difference::of_releases(cluster, &self.name, vec![release], self.kind, &tell).await,
                None => difference::of_all_releases(cluster, &self.name, self.kind, &tell).await,
            }
        };
        self.listen(work, told, reply).await
    }

    /// Waits for a comparison, and passes its progress on.
    async fn listen(
        &self,
        work: impl Future<Output = Result<LiveComparison, Fault>>,
        mut told: UnboundedReceiver<ComparisonProgress>,
        reply: &mut Reply,
    ) -> Result<LiveComparison, Fault> {
        let mut work = std::pin::pin!(work);
        loop {
            match select(&mut work, told.next()).await {
                Either::Left((found, _)) => return found,
                Either::Right((Some(progress), _)) => {
                    reply.send_part(Answer(self.env, self.kind, Piece::Progress(progress))).await;
                }
                Either::Right((None, _)) => return work.await,
            }
        }
    }
}

/// Tells whether an object applies others.
fn is_owner(object: &ObjectRef) -> bool {
    kinds::KUSTOMIZATION.is(object) || kinds::HELM_RELEASE.is(object)
}
