//! Everything that runs, and every folder that it works in: nothing outlives us.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};

use super::environment::ProgramKind;
use super::leftovers::descendants;

/// How long those that are asked to end may take.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
struct State {
    /// We are about to end: nothing is started any more.
    closed: bool,
    last: u64,
    running: BTreeMap<u64, Entry>,
    folders: Vec<PathBuf>,
    /// Where the next start finds those that may become other programs.
    notes: BTreeMap<u64, PathBuf>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Not waited for yet, so that the number is its own.
    id: Pid,
    /// Whether it leads a group of its own.
    grouped: bool,
    kind: ProgramKind,
}

static STATE: Mutex<State> =
    Mutex::new(State { closed: false, last: 0, running: BTreeMap::new(), folders: Vec::new(), notes: BTreeMap::new() });

/// Whether the terminal shows a screen of ours.
static SCREEN: AtomicBool = AtomicBool::new(false);

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends one program from elsewhere; a program that has ended is none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle(u64);

impl Handle {
    /// Kills it, with its group.
    pub fn end(self) {
        if let Some(entry) = state().running.get(&self.0) {
            entry.signal(Signal::KILL);
        }
    }

    /// Asks it to end, and what it started.
    pub fn ask(self) {
        if let Some(entry) = state().running.get(&self.0) {
            entry.signal(Signal::TERM);
        }
    }

    /// Kills what is left of its group, where it has one.
    pub(super) fn end_group(self) {
        if let Some(entry) = state().running.get(&self.0).filter(|entry| entry.grouped) {
            entry.signal(Signal::KILL);
        }
    }
}

impl Entry {
    fn signal(self, signal: Signal) {
        // What has ended meanwhile need not be told.
        if self.grouped {
            let _ended = kill_process_group(self.id, signal);
        } else {
            let below = descendants(self.id);
            let _ended = kill_process(self.id, signal);
            for one in below {
                let _ended = kill_process(one, signal);
            }
        }
    }

    /// Waits until it has ended, without taking that from whoever waits for it.
    fn await_end(self, until: Instant) {
        let Ok(end) = pidfd_open(self.id, PidfdFlags::empty()) else { return };
        let left = until.saturating_duration_since(Instant::now());
        let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        // Whether it ended is all the same: it is killed next.
        let _ended = poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&limit));
    }
}

/// Starts a program and takes it down, in one step: what ends us meanwhile comes before or after.
pub(super) fn start(
    command: &mut std::process::Command,
    kind: ProgramKind,
    grouped: bool,
) -> io::Result<(Child, Handle)> {
    let mut state = state();
    if state.closed {
        return Err(io::Error::other("fluxdeck is about to end"));
    }
    let mut child = command.spawn()?;
    let Some(id) = child.id().try_into().ok().and_then(Pid::from_raw) else {
        child.kill()?;
        return Err(io::Error::other("it has no process id"));
    };
    state.last += 1;
    let number = state.last;
    state.running.insert(number, Entry { id, grouped, kind });
    Ok((child, Handle(number)))
}

/// Takes down where a program is noted that may become another.
pub(super) fn keep_note(handle: Handle, note: PathBuf) {
    state().notes.insert(handle.0, note);
}

/// Forgets a program that is about to be waited for.
pub(super) fn forget(handle: Handle) {
    let note = {
        let mut state = state();
        state.running.remove(&handle.0);
        state.notes.remove(&handle.0)
    };
    if let Some(note) = note {
        // It goes with its folder at the latest.
        let _left = std::fs::remove_file(note);
    }
}

/// Takes down a folder to be removed in the end.
pub(super) fn keep_folder(folder: &Path) {
    state().folders.push(folder.to_owned());
}

/// Forgets a folder that is removed.
pub(super) fn forget_folder(folder: &Path) {
    state().folders.retain(|known| known != folder);
}

/// Says whether the terminal shows a screen of ours, on which nothing may ask.
pub fn show_screen(shown: bool) {
    SCREEN.store(shown, Ordering::Relaxed);
}

/// Tells whether the terminal shows a screen of ours.
pub fn screen_is_ours() -> bool {
    SCREEN.load(Ordering::Relaxed)
}

/// Ends everything that runs and removes its folders; nothing can be started afterwards.
///
/// Those that may have locks to remove are asked first, and have half a second.
pub fn end_all() {
    let mut state = state();
    state.closed = true;
    let asked: Vec<Entry> = state.running.values().copied().filter(|entry| entry.kind.is_asked()).collect();
    for entry in &asked {
        entry.signal(Signal::TERM);
    }
    let until = Instant::now() + PATIENCE;
    for entry in &asked {
        entry.await_end(until);
    }
    for entry in state.running.values() {
        entry.signal(Signal::KILL);
    }
    for folder in state.folders.drain(..) {
        // What cannot be removed is tried again at the next start.
        let _left = std::fs::remove_dir_all(folder);
    }
}
