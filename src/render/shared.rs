//! The one renderer of this process: one rendering at a time, with what was rendered kept for the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Cache, Renderer, Tool};
use crate::programs::Handle;

static RENDERER: Mutex<Option<Renderer>> = Mutex::new(None);

/// Does something with the renderer, once nobody else does; blocks for as long, so that no two renderings share the memory and the processors.
pub fn shared<T>(deed: impl FnOnce(&mut Renderer) -> T) -> T {
    until(&Stop::default(), deed)
}

/// Does the same, until it is given up: what kustomize is doing for it then ends.
pub fn until<T>(stop: &Stop, deed: impl FnOnce(&mut Renderer) -> T) -> T {
    let mut kept = RENDERER.lock().unwrap_or_else(PoisonError::into_inner);
    let renderer = kept.get_or_insert_with(|| Renderer::new(Tool::at_hand(), Cache::of_user()));
    // What is installed meanwhile counts from now on; a build is named by its tool.
    renderer.equip(Tool::at_hand(), Cache::of_user(), stop);
    deed(renderer)
}

/// Gives up a rendering that nobody waits for any more.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Running>);

#[derive(Debug, Default)]
struct Running {
    given_up: AtomicBool,
    handles: Mutex<Vec<Handle>>,
}

impl Stop {
    /// Gives it up: no build begins any more, and those that run are ended.
    pub fn stop(&self) {
        self.0.given_up.store(true, Ordering::SeqCst);
        for handle in self.0.handles.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            handle.end();
        }
    }

    /// Tells whether it was given up.
    pub fn is_given_up(&self) -> bool {
        self.0.given_up.load(Ordering::SeqCst)
    }

    /// Notes a build that runs.
    pub(super) fn watch(&self, handle: Handle) {
        self.0.handles.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        // It may have been given up between the start and this.
        if self.is_given_up() {
            handle.end();
        }
    }

    /// Forgets what has ended.
    pub(super) fn forget(&self, handle: Handle) {
        self.0.handles.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| *known != handle);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::{Stop, until};

    #[test]
    fn a_rendering_that_is_given_up_makes_room_for_the_next() {
        let (old, new) = (Stop::default(), Stop::default());
        let (begun, begins) = mpsc::channel();
        std::thread::scope(|scope| {
            let older = old.clone();
            let first = scope.spawn(move || {
                until(&older, |_| {
                    begun.send(()).unwrap();
                    while !older.is_given_up() {
                        std::thread::yield_now();
                    }
                });
            });
            begins.recv().unwrap();
            old.stop();
            assert!(until(&new, |_| !new.is_given_up()), "only the older one is given up");
            first.join().unwrap();
        });
    }
}
