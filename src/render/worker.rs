//! The renderer of a session, with its builds kept for the next request: one request at a time, and the newest of its
//! kind.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::{Cache, Renderer, Tool};
use crate::model::Fault;
use crate::programs::Handle;

/// The one renderer of a session, which the session's owner passes to those that render. Its copies are the same
/// renderer.
#[derive(Debug, Clone, Default)]
pub struct Worker(Arc<Inner>);

/// Reports how many of the needed Kustomizations are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildProgress {
    /// The number of built ones.
    pub done: usize,
    /// The number of all to build; equal to `done` once nothing is left to wait for.
    pub total: usize,
}

/// Receives the progress of a build.
struct Listener(Box<dyn Fn(BuildProgress) + Send + Sync>);

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}

#[derive(Debug, Default)]
struct Inner {
    /// The receiver of the progress of long builds.
    listener: OnceLock<Listener>,
    place: Mutex<Place>,
    /// Signals that the renderer is free, or that a waiting request is cancelled.
    moved: Condvar,
    /// The newest request of each kind that has one.
    newest: Mutex<HashMap<&'static str, Stop>>,
}

/// Holds the renderer while it is free.
#[derive(Debug, Default)]
struct Place {
    taken: bool,
    renderer: Option<Renderer>,
}

impl Worker {
    /// Begins a request that replaces an older one of its kind: the older one's work, or wait, ends.
    pub fn newest(&self, kind: &'static str) -> Stop {
        let stop = Stop::default();
        let former = lock(&self.0.newest).insert(kind, stop.clone());
        if let Some(former) = former {
            former.stop();
        }
        stop
    }

    /// Sets the receiver of the progress of all long builds; only the first one counts.
    pub fn tell_progress(&self, listener: impl Fn(BuildProgress) + Send + Sync + 'static) {
        let _told_already = self.0.listener.set(Listener(Box::new(listener)));
    }

    /// Runs something with the renderer, once it is free; blocks until then, so that no two renderings share the memory
    /// and the processors.
    ///
    /// # Errors
    /// Fails as `work` does.
    pub fn with<T>(&self, work: impl FnOnce(&mut Renderer) -> Result<T, Fault>) -> Result<T, Fault> {
        self.until(&Stop::default(), work)
    }

    /// Does the same, until it is cancelled: it then waits no longer, and its kustomize ends.
    ///
    /// # Errors
    /// Fails as `work` does, and if it was cancelled.
    pub fn until<T>(&self, stop: &Stop, work: impl FnOnce(&mut Renderer) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut turn = self.turn(stop).ok_or_else(given_up)?;
        // A newly installed tool counts from now on; the key of a build has its tool.
        let done = work(turn.renderer(stop));
        // A partial result is no answer.
        if stop.is_given_up() { Err(given_up()) } else { done }
    }

    /// Waits for the renderer; `None` if the request is cancelled first.
    fn turn(&self, stop: &Stop) -> Option<Turn<'_>> {
        *lock(&stop.0.waits) = Arc::downgrade(&self.0);
        let mut place = lock(&self.0.place);
        while place.taken && !stop.is_given_up() {
            place = self.0.moved.wait(place).unwrap_or_else(PoisonError::into_inner);
        }
        if stop.is_given_up() {
            return None;
        }
        place.taken = true;
        Some(Turn { inner: &self.0, renderer: place.renderer.take() })
    }
}

/// The renderer during one request; a panic gives it back, too.
struct Turn<'a> {
    inner: &'a Inner,
    renderer: Option<Renderer>,
}

impl Turn<'_> {
    fn renderer(&mut self, stop: &Stop) -> &mut Renderer {
        let renderer = self.renderer.get_or_insert_with(|| Renderer::new(Tool::at_hand(), Cache::of_user()));
        renderer.equip(Tool::at_hand(), Cache::of_user(), stop);
        renderer
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *lock(&self.inner.place) = Place { taken: false, renderer: self.renderer.take() };
        self.inner.moved.notify_all();
    }
}

/// No holder of a lock here can leave anything half done.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn given_up() -> Fault {
    Fault::failed("nothing was rendered", "it was given up for a newer request", "ask again")
}

/// Cancels a rendering that is no longer needed.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Running>);

#[derive(Debug, Default)]
struct Running {
    given_up: AtomicBool,
    handles: Mutex<Vec<Handle>>,
    /// The renderer that it waits for.
    waits: Mutex<Weak<Inner>>,
}

impl Stop {
    /// Cancels it: no more builds begin, and running ones end.
    pub fn stop(&self) {
        self.0.given_up.store(true, Ordering::SeqCst);
        for handle in lock(&self.0.handles).drain(..) {
            handle.end();
        }
        let waits = lock(&self.0.waits).upgrade();
        if let Some(inner) = waits {
            // Every request that checked before this is waiting by now, and gets the signal.
            drop(lock(&inner.place));
            inner.moved.notify_all();
        }
    }

    /// Tells whether it was cancelled.
    pub fn is_given_up(&self) -> bool {
        self.0.given_up.load(Ordering::SeqCst)
    }

    /// Returns a value that cancels it on drop, as a task is dropped that is no longer needed.
    pub fn with_its_owner(&self) -> impl Drop + Send + use<> {
        Owner(self.clone())
    }

    /// Reports the progress of a build to the receiver.
    pub(super) fn tell(&self, progress: BuildProgress) {
        let inner = lock(&self.0.waits).upgrade();
        if let Some(listener) = inner.as_ref().and_then(|inner| inner.listener.get()) {
            (listener.0)(progress);
        }
    }

    /// Notes a running build.
    pub(super) fn watch(&self, handle: Handle) {
        lock(&self.0.handles).push(handle);
        // It may have been cancelled between the start and this.
        if self.is_given_up() {
            handle.end();
        }
    }

    /// Forgets an ended build.
    pub(super) fn forget(&self, handle: Handle) {
        lock(&self.0.handles).retain(|known| *known != handle);
    }
}

struct Owner(Stop);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::{BuildProgress, Stop, Worker};
    use crate::model::Fault;

    /// Holds the renderer until the request is cancelled.
    fn hold(worker: &Worker, stop: &Stop, begun: &mpsc::Sender<()>) -> Result<(), Fault> {
        worker.until(stop, |_| {
            begun.send(()).unwrap();
            while !stop.is_given_up() {
                std::thread::yield_now();
            }
            Ok(())
        })
    }

    #[test]
    fn whoever_listens_hears_how_far_a_build_has_come() {
        let worker = Worker::default();
        let (sender, received) = mpsc::channel();
        worker.tell_progress(move |progress| sender.send(progress).unwrap());
        let progress = BuildProgress { done: 1, total: 2 };
        let stop = Stop::default();
        worker
            .until(&stop, |_| {
                stop.tell(progress);
                Ok(())
            })
            .unwrap();
        assert_eq!(received.recv().unwrap(), progress);
    }

    #[test]
    fn a_rendering_that_is_given_up_makes_room_for_the_next_of_its_kind() {
        let worker = Worker::default();
        let (begun, begins) = mpsc::channel();
        let old = worker.newest("survey");
        std::thread::scope(|scope| {
            let first = scope.spawn(|| hold(&worker, &old, &begun));
            begins.recv().unwrap();
            let new = worker.newest("survey");
            assert_eq!(worker.until(&new, |_| Ok(new.is_given_up())), Ok(false), "only the older one is given up");
            assert!(first.join().unwrap().is_err(), "half of it is no answer");
        });
    }

    #[test]
    fn one_that_waits_is_ended_by_a_newer_one_and_by_its_owner() {
        let worker = Worker::default();
        let (begun, begins) = mpsc::channel();
        let [held, replaced, owned] = ["survey", "findings", "impact"].map(|kind| worker.newest(kind));
        std::thread::scope(|scope| {
            let first = scope.spawn(|| hold(&worker, &held, &begun));
            begins.recv().unwrap();
            let waiting = [&replaced, &owned].map(|stop| {
                let worker = &worker;
                scope.spawn(move || worker.until::<()>(stop, |_| panic!("it was never its turn")))
            });
            let newer = worker.newest("findings");
            drop(owned.with_its_owner());
            for one in waiting {
                assert!(one.join().unwrap().is_err(), "it does not wait for the first");
            }
            assert!(!held.is_given_up() && !newer.is_given_up(), "other kinds go on");
            held.stop();
            assert_eq!(worker.until(&newer, |_| Ok(())), Ok(()));
            assert!(first.join().unwrap().is_err());
        });
    }

    #[test]
    fn what_breaks_off_gives_the_renderer_back() {
        let worker = Worker::default();
        let broken = std::thread::scope(|scope| scope.spawn(|| worker.with::<()>(|_| panic!("a defect"))).join());
        assert!(broken.is_err());
        assert_eq!(worker.with(|_| Ok(())), Ok(()));
    }
}
