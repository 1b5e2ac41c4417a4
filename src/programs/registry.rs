//! The registry of running programs and their folders: none outlives us.

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

/// The longest wait for programs that were asked to end.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
struct State {
    /// Whether fluxdeck is about to end, so that no program is started any more.
    closed: bool,
    last: u64,
    running: BTreeMap<u64, Entry>,
    folders: Vec<PathBuf>,
    /// The notes of programs that may become others, for the next start.
    notes: BTreeMap<u64, PathBuf>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The process id, which is not reused before the process is waited for.
    id: Pid,
    /// Whether it leads its own group.
    grouped: bool,
    kind: ProgramKind,
}

static STATE: Mutex<State> =
    Mutex::new(State { closed: false, last: 0, running: BTreeMap::new(), folders: Vec::new(), notes: BTreeMap::new() });

/// Whether the terminal shows our screen.
static SCREEN: AtomicBool = AtomicBool::new(false);

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Refers to one program, to end it from elsewhere; without effect once it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle(u64);

impl Handle {
    /// Kills the program, with its group.
    pub fn end(self) {
        if let Some(entry) = state().running.get(&self.0) {
            entry.signal(Signal::KILL);
        }
    }

    /// Asks the program and its child processes to end.
    pub fn ask(self) {
        if let Some(entry) = state().running.get(&self.0) {
            entry.signal(Signal::TERM);
        }
    }

    /// Kills the rest of its group, where it has one.
    pub(super) fn end_group(self) {
        if let Some(entry) = state().running.get(&self.0).filter(|entry| entry.grouped) {
            entry.signal(Signal::KILL);
        }
    }
}

impl Entry {
    fn signal(self, signal: Signal) {
        // A program that has ended meanwhile needs no signal.
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

    /// Waits until it has ended, without reaping it.
    fn await_end(self, until: Instant) {
        let Ok(end) = pidfd_open(self.id, PidfdFlags::empty()) else { return };
        let left = until.saturating_duration_since(Instant::now());
        let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        // The result does not matter: it is killed next.
        let _ended = poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&limit));
    }
}

/// Starts and registers a program in one step: a signal that ends us comes either before or after.
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

/// Registers the note of a program that may become another.
pub(super) fn keep_note(handle: Handle, note: PathBuf) {
    state().notes.insert(handle.0, note);
}

/// Unregisters a program that is about to be waited for.
pub(super) fn forget(handle: Handle) {
    let note = {
        let mut state = state();
        state.running.remove(&handle.0);
        state.notes.remove(&handle.0)
    };
    if let Some(note) = note {
        // The note is removed with its folder at the latest.
        let _left = std::fs::remove_file(note);
    }
}

/// Registers a folder to remove at the end.
pub(super) fn keep_folder(folder: &Path) {
    state().folders.push(folder.to_owned());
}

/// Unregisters a removed folder.
pub(super) fn forget_folder(folder: &Path) {
    state().folders.retain(|known| known != folder);
}

/// Sets whether the terminal shows our screen, on which no program may ask.
pub fn show_screen(shown: bool) {
    SCREEN.store(shown, Ordering::Relaxed);
}

/// Tells whether the terminal shows our screen.
pub fn screen_is_ours() -> bool {
    SCREEN.load(Ordering::Relaxed)
}

/// Ends all running programs and removes their folders; no program can be started afterwards.
///
/// Programs that may have locks to remove get half a second to end by themselves.
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
        // The next start tries again to remove the rest.
        let _left = std::fs::remove_dir_all(folder);
    }
}
