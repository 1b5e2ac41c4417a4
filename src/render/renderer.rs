//! Renders repeatedly, keeping unchanged builds.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::build::{Job, finding, run};
use super::tool::Unrendered;
use super::{BuildProgress, Cache, Object, Rendered, Rendering, Stop, Tool, Workplace};
use crate::model::{Fault, ObjectRef};
use crate::repo::{FluxKustomization, Snapshot};

/// The number of renderings for which an unused build is kept in memory: two states of a repository are compared
/// repeatedly.
const KEPT: u64 = 4;

/// The time after which the progress of a build is reported.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// The interval of the reports from then on.
const TOLD_EACH: Duration = Duration::from_millis(500);

/// Renders repeatedly, keeping unchanged builds.
#[derive(Debug)]
pub struct Renderer {
    tool: Result<Tool, Fault>,
    cache: Cache,
    /// The kept builds, each with the last rendering that used it.
    kept: HashMap<String, (Built, u64)>,
    renderings: u64,
    stop: Stop,
    /// The builds that may be kept on disk, once the use of their values is known.
    unwritten: BTreeSet<String>,
    /// The Kustomizations to render, if not all are.
    pub(super) narrowed: Option<Narrowed>,
    /// The number of builds that the tool ran.
    pub built: usize,
}

/// Names the only Kustomizations to render: those of one environment, or some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Narrowed {
    /// The environment's name.
    pub(super) env: String,
    /// The Kustomizations; all of the environment if none are named.
    pub(super) only: Option<BTreeSet<ObjectRef>>,
}

impl Narrowed {
    /// Tells whether a Kustomization is among them.
    pub(super) fn takes(&self, one: &FluxKustomization) -> bool {
        let is_root = one.applied_by.is_none() && one.file == one.path;
        self.env == one.env && (is_root || self.only.as_ref().is_none_or(|only| only.contains(&one.object())))
    }
}

/// The builds for a walk through states of the repository, which are forgotten with it.
#[derive(Debug, Default)]
pub(super) struct BuildsAside(HashMap<String, (Built, u64)>);

/// The objects are shared: most objects of a build after an edit are those from before.
type Built = Result<Vec<Arc<Object>>, Unrendered>;

impl Renderer {
    /// Builds a renderer with a tool, or one that reports the missing tool everywhere.
    pub fn new(tool: Result<Tool, Fault>, cache: Cache) -> Self {
        Self {
            tool,
            cache,
            kept: HashMap::new(),
            renderings: 0,
            stop: Stop::default(),
            unwritten: BTreeSet::new(),
            narrowed: None,
            built: 0,
        }
    }

    /// Renders some Kustomizations of another state of the repository. The builds for the repeatedly rendered states
    /// stay unchanged: additional ones are kept in `own`, until the next call.
    ///
    /// # Errors
    /// As [`Renderer::render`].
    pub(super) fn render_aside(
        &mut self,
        snapshot: &Snapshot,
        narrowed: &Narrowed,
        own: &mut BuildsAside,
    ) -> Result<Rendering, Fault> {
        self.narrowed = Some(narrowed.clone());
        let rendering = self.render_all_aside(snapshot, own);
        self.narrowed = None;
        rendering
    }

    /// Renders all of another state of the repository, in the way of [`Renderer::render_aside`].
    ///
    /// # Errors
    /// As [`Renderer::render`].
    pub(super) fn render_all_aside(&mut self, snapshot: &Snapshot, own: &mut BuildsAside) -> Result<Rendering, Fault> {
        let (kept, renderings) = (self.kept.clone(), self.renderings);
        self.kept.extend(std::mem::take(&mut own.0));
        let rendering = self.render(snapshot);
        let used = self.renderings;
        let after = std::mem::replace(&mut self.kept, kept);
        self.renderings = renderings;
        let new = after.into_iter().filter(|(key, (_, at))| *at == used && !self.kept.contains_key(key));
        own.0 = new.map(|(key, (built, _))| (key, (built, renderings))).collect();
        rendering
    }

    /// Uses this tool from now on, until the request is cancelled; keeps all known builds.
    pub(super) fn equip(&mut self, tool: Result<Tool, Fault>, cache: Cache, stop: &Stop) {
        self.tool = tool;
        self.cache = cache;
        self.stop = stop.clone();
    }

    /// Renders every Kustomization of a repository.
    ///
    /// # Errors
    /// Fails if there is no tool, or no place for its files; a Kustomization that cannot be rendered has a finding of
    /// its own.
    pub fn render(&mut self, snapshot: &Snapshot) -> Result<Rendering, Fault> {
        let tool = self.tool.clone()?;
        self.renderings = self.renderings.saturating_add(1);
        let root = snapshot.root.canonicalize().unwrap_or_else(|_| snapshot.root.clone());
        let rendering = self.rounds(snapshot, &root, &tool)?;
        self.keep_on_disk(&rendering);
        let now = self.renderings;
        let is_passing = |built: &Built| matches!(built, Err(Unrendered::Passing(_)));
        self.kept.retain(|_, (built, used)| used.saturating_add(KEPT) > now && !is_passing(built));
        Ok(rendering)
    }

    /// Keeps the builds of a rendering on disk, except for those with values that are substituted into Secrets: only
    /// the whole rendering shows that.
    fn keep_on_disk(&mut self, rendering: &Rendering) {
        // What was not rendered may put its values into a Secret.
        if self.narrowed.is_some() {
            return;
        }
        let carriers: BTreeSet<&ObjectRef> = rendering.of.iter().flat_map(|one| &one.carriers).collect();
        for (key, (built, _)) in self.kept.iter().filter(|(_, (_, used))| *used == self.renderings) {
            let Ok(objects) = built else { continue };
            let is_new = self.unwritten.remove(key);
            if objects.iter().any(|object| object.is_carrier(&carriers)) {
                // It may have been written before anything used its values.
                self.cache.forget(key);
            } else if is_new {
                self.cache.put(key, objects);
            }
        }
        // No later rendering decides on builds that only a cancelled one used.
        self.unwritten.retain(|key| self.kept.contains_key(key));
    }

    /// Builds the unknown ones, as many at a time as there are processors.
    pub(super) fn build(&mut self, root: &Path, tool: &Tool, jobs: &[Job<'_>]) -> Result<(), Fault> {
        let mut todo: Vec<&Job<'_>> = Vec::new();
        let mut found: Vec<(String, Result<Vec<Object>, Unrendered>)> = Vec::new();
        for job in jobs {
            let is_found = self.kept.contains_key(&job.key) || found.iter().any(|(key, _)| *key == job.key);
            if is_found || todo.iter().any(|other| other.key == job.key) {
                continue;
            }
            match self.cache.get(&job.key) {
                Some(known) => found.push((job.key.clone(), known.map_err(Unrendered::Wrong))),
                None => todo.push(job),
            }
        }
        self.keep(found);
        todo.retain(|job| match &job.gathered {
            Ok(_) => true,
            Err(why) => {
                self.kept.insert(job.key.clone(), (Err(why.clone()), self.renderings));
                false
            }
        });
        if todo.is_empty() {
            return Ok(());
        }
        let place = Workplace::new().map_err(|error| {
            Fault::failed(
                "nothing can be rendered",
                format!("no folder for it: {error}"),
                "make room in /dev/shm or /tmp",
            )
        })?;
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(todo.len());
        let (cache, stop) = (&self.cache, &self.stop);
        let told = Mutex::new((Instant::now(), false));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some((index, job)) = take(&todo, &next).filter(|_| !stop.is_given_up()) {
                        let built = run(root, &place.path().join(index.to_string()), &tool.until(stop), job);
                        match &built {
                            // A cancelled build proves nothing, nor does one that was not run.
                            Err(Unrendered::Wrong(said)) if !stop.is_given_up() => cache.put_refusal(&job.key, said),
                            Ok(_) | Err(_) => {}
                        }
                        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                        done.push((job.key.clone(), built));
                        let progress = BuildProgress { done: done.len(), total: todo.len() };
                        drop(done);
                        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                        let after = if told.1 { TOLD_EACH } else { TOLD_AFTER };
                        if told.0.elapsed() >= after {
                            *told = (Instant::now(), true);
                            stop.tell(progress);
                        }
                    }
                });
            }
        });
        self.built = self.built.saturating_add(todo.len());
        if told.into_inner().unwrap_or_else(PoisonError::into_inner).1 {
            stop.tell(BuildProgress { done: todo.len(), total: todo.len() });
        }
        // A cancelled build proves nothing.
        if self.stop.is_given_up() {
            return Err(Fault::failed(
                "nothing was rendered",
                "it was given up for a newer state of the files",
                "ask again",
            ));
        }
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.unwritten.extend(done.iter().filter(|(_, built)| built.is_ok()).map(|(key, _)| key.clone()));
        self.keep(done);
        self.cache.prune();
        Ok(())
    }

    /// Keeps builds. An object of an earlier build is kept once: an edit changes few of the objects of a large build.
    fn keep(&mut self, done: Vec<(String, Result<Vec<Object>, Unrendered>)>) {
        if done.is_empty() {
            return;
        }
        let mut known: HashMap<ObjectRef, Vec<Arc<Object>>> = HashMap::new();
        for object in self.kept.values().filter_map(|(built, _)| built.as_ref().ok()).flatten() {
            known.entry(object.object.clone()).or_default().push(Arc::clone(object));
        }
        for (key, built) in done {
            let shared = |object: Object| {
                let same = known.get(&object.object).and_then(|those| those.iter().find(|one| ***one == object));
                same.map_or_else(|| Arc::new(object), Arc::clone)
            };
            let built = built.map(|objects| objects.into_iter().map(shared).collect());
            self.kept.insert(key, (built, self.renderings));
        }
    }

    /// Returns the keys of the kept builds, for tests.
    #[cfg(test)]
    pub(super) fn kept_builds(&self) -> BTreeSet<String> {
        self.kept.keys().cloned().collect()
    }

    pub(super) fn rendered(&mut self, job: &Job<'_>) -> Rendered {
        let now = self.renderings;
        let known = self.kept.get_mut(&job.key).map(|(built, used)| {
            *used = now;
            &*built
        });
        let (objects, finding) = match known {
            Some(Ok(objects)) => (objects.iter().map(|object| Object::clone(object)).collect(), None),
            Some(Err(said)) => (Vec::new(), Some(finding(job, said))),
            None => (Vec::new(), Some(finding(job, &Unrendered::Unknown("the rendering broke off".to_owned())))),
        };
        Rendered {
            env: job.one.env.clone(),
            namespace: job.one.namespace.clone(),
            name: job.one.name.clone(),
            objects,
            finding,
            unseen: job.gathered.as_ref().map(|gathered| gathered.unseen.clone()).unwrap_or_default(),
            encrypted_inputs: job.gathered.as_ref().map(|one| one.encrypted_inputs.clone()).unwrap_or_default(),
            ..Rendered::default()
        }
    }
}

fn take<'a, 'b>(todo: &'a [&'b Job<'b>], next: &AtomicUsize) -> Option<(usize, &'a Job<'b>)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    todo.get(index).map(|job| (index, *job))
}

#[cfg(test)]
mod tests {
    use super::{Cache, Fault, Object, Renderer};
    use crate::render::Origin;
    use std::sync::Arc;

    #[test]
    fn what_a_build_before_has_made_is_kept_once() {
        let built = |round: u32| {
            let object = |name: &str, data: u32| {
                let body = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data});
                Object::new(body, Origin::default(), Vec::new())
            };
            Ok(vec![object("same", 0), object("edited", round)])
        };
        let mut renderer = Renderer::new(Err(Fault::failed("", "", "")), Cache::default());
        renderer.keep(vec![("before".to_owned(), built(1))]);
        renderer.keep(vec![("after".to_owned(), built(2))]);
        let of = |key: &str| renderer.kept[key].0.as_ref().unwrap();
        let shared = of("before").iter().zip(of("after")).map(|(one, other)| Arc::ptr_eq(one, other));
        assert_eq!(shared.collect::<Vec<_>>(), [true, false]);
    }
}
