//! What a fluxdeck left that was killed: its helpers, which may run on, and its folders. Only what is certainly its own is touched.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::LazyLock;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal, test_kill_process};

use super::folder::{PREFIX, places};

/// The variable by which a helper is known to be ours.
pub(super) const MARK: &str = "HELPER_OF_FLUXDECK";

/// Returns the mark of our helpers: our process, when it began, and the session that it is in.
pub(super) fn mark() -> &'static str {
    static OURS: LazyLock<String> = LazyLock::new(|| {
        let own = Stat::of("self").unwrap_or_default();
        format!("{}-{}-{}", std::process::id(), own.began, own.session)
    });
    &OURS
}

/// What `/proc/PID/stat` says of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Stat {
    parent: i32,
    session: i32,
    /// In the system's ticks since it was started.
    began: u64,
}

impl Stat {
    fn of(process: &str) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, in brackets, may have anything in it.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let id = |at: usize| number(at).and_then(|number| i32::try_from(number).ok());
        Some(Self { parent: id(1)?, session: id(3)?, began: number(19)? })
    }
}

/// Returns all processes that the system shows.
fn processes() -> impl Iterator<Item = Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
}

/// Returns what a process started, and what that started.
pub(super) fn descendants(of: Pid) -> Vec<Pid> {
    let mut children: HashMap<i32, Vec<Pid>> = HashMap::new();
    for process in processes() {
        if let Some(stat) = Stat::of(&process.as_raw_nonzero().to_string()) {
            children.entry(stat.parent).or_default().push(process);
        }
    }
    let mut found = children.remove(&of.as_raw_nonzero().get()).unwrap_or_default();
    let mut at = 0;
    while let Some(next) = found.get(at).copied() {
        found.extend(children.remove(&next.as_raw_nonzero().get()).unwrap_or_default());
        at += 1;
    }
    found
}

/// Ends the helpers and removes the folders of every fluxdeck of this user that runs no more.
pub fn remove_leftovers() {
    for place in places() {
        remove_folders(&place);
    }
    for process in processes() {
        end_if_left(process);
    }
}

/// Ends a process that a fluxdeck started that runs no more. What has gone into a session of its own, as a daemon does, is left alone.
fn end_if_left(process: Pid) {
    let name = process.as_raw_nonzero().to_string();
    // Opened before it is looked at: the signal cannot reach another process that has its number later.
    let Ok(held) = pidfd_open(process, PidfdFlags::empty()) else { return };
    // Only this user's own can be read, and only those that may be looked into.
    let Ok(environment) = std::fs::read(format!("/proc/{name}/environ")) else { return };
    let start = format!("{MARK}=");
    let marked = environment.split(|byte| *byte == 0).find_map(|variable| variable.strip_prefix(start.as_bytes()));
    let Some(mark) = marked.and_then(|mark| std::str::from_utf8(mark).ok()) else { return };
    let mut parts = mark.split('-');
    let (Some(owner), Some(began), Some(session)) = (parts.next(), parts.next(), parts.next()) else { return };
    let ours = Stat::of(&name).is_some_and(|stat| stat.session.to_string() == session);
    let lives = Stat::of(owner).is_some_and(|stat| stat.began.to_string() == began);
    if ours && !lives && is_this_users(Path::new(&format!("/proc/{name}"))) {
        // It may have ended meanwhile.
        let _ended = pidfd_send_signal(&held, Signal::KILL);
    }
}

fn is_this_users(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|data| data.uid() == rustix::process::geteuid().as_raw())
}

/// Removes the folders in a place that name a process which runs no more.
fn remove_folders(place: &Path) {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries {
        let path = entry.path();
        if owner(&entry.file_name()).is_some_and(|owner| !runs(owner)) && is_this_users(&path) {
            // A link is not followed, and whoever still uses it has it locked: the process may be one of another container.
            let folder = rustix::fs::open(&path, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
            let free = folder
                .map(File::from)
                .is_ok_and(|folder| flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok());
            if free {
                // What cannot be removed is tried again at the next start.
                let _left = std::fs::remove_dir_all(&path);
            }
        }
    }
}

/// Reads the process id out of a folder's name: `fluxdeck-WHAT-PID-RANDOM`.
fn owner(name: &OsStr) -> Option<Pid> {
    let mut parts = name.to_str()?.strip_prefix(PREFIX)?.rsplit('-');
    let random = parts.next()?;
    let process = parts.next()?;
    parts.next().filter(|what| !what.is_empty())?;
    let is_ours = random.len() == 16 && random.chars().all(|one| one.is_ascii_hexdigit());
    process.parse().ok().filter(|_| is_ours).and_then(Pid::from_raw)
}

fn runs(process: Pid) -> bool {
    !matches!(test_kill_process(process), Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use rustix::process::getpid;

    use super::super::{Command, Kind};
    use super::{MARK, Stat, descendants, end_if_left, mark, owner, remove_folders};

    /// A process id that is nobody's: of a child that was waited for.
    fn nobody() -> u32 {
        let mut running = Command::new(Kind::Git, "true").spawn().unwrap();
        let id = running.id().unwrap().as_raw_nonzero().get();
        running.end();
        id.cast_unsigned()
    }

    fn exists(path: &Path) -> bool {
        path.symlink_metadata().is_ok()
    }

    #[test]
    fn only_folders_of_processes_that_are_gone_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: String| {
            let path = place.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("value"), "x").unwrap();
            path
        };
        let (gone, random) = (nobody(), "0123456789abcdef");
        let left = make(format!("fluxdeck-render-{gone}-{random}"));
        let used = make(format!("fluxdeck-edit-{gone}-{random}"));
        let lock = std::fs::File::open(&used).unwrap();
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let alive = make(format!("fluxdeck-render-{}-{random}", std::process::id()));
        let others = make(format!("other-render-{gone}-{random}"));
        let similar = make(format!("fluxdeck-render-{gone}"));
        let link = place.path().join(format!("fluxdeck-link-{gone}-{random}"));
        std::os::unix::fs::symlink(&others, &link).unwrap();
        remove_folders(place.path());
        assert!(!exists(&left));
        for path in [&used, &alive, &others, &similar, &link] {
            assert!(exists(path), "{}", path.display());
        }
        assert!(exists(&others.join("value")));
    }

    #[test]
    fn a_name_tells_the_process_and_nothing_else_does() {
        let id = |name: &str| owner(OsStr::new(name)).map(|id| id.as_raw_nonzero().get());
        assert_eq!(id("fluxdeck-render-77-0123456789abcdef"), Some(77));
        for name in ["fluxdeck-77-0123456789abcdef", "fluxdeck-render-77-x", "fluxdeck-render--1-0123456789abcdef", "x"]
        {
            assert_eq!(id(name), None, "{name}");
        }
    }

    #[test]
    fn a_helper_of_a_fluxdeck_that_is_gone_is_ended_and_others_are_not() {
        let session = Stat::of("self").unwrap().session;
        let sleeper = |mark: &str| {
            let mut command = Command::new(Kind::Git, "sleep");
            command.arg("600").env(MARK, mark);
            command.spawn().unwrap()
        };
        let left = sleeper(&format!("{}-1-{session}", nobody()));
        let reused = sleeper(&format!("{}-1-{session}", std::process::id()));
        let mut daemon = sleeper(&format!("{}-1-{}", nobody(), session + 1));
        let mut ours = sleeper(mark());
        for running in [&left, &reused, &daemon, &ours] {
            end_if_left(running.id().unwrap());
        }
        assert!(!left.finish().unwrap().status.success());
        assert!(!reused.finish().unwrap().status.success(), "the number is ours by now, and was another's");
        for (running, what) in [(&daemon, "a daemon"), (&ours, "our own")] {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", running.id().unwrap())).unwrap();
            assert!(state.contains(") S") || state.contains(") R"), "{what}: {state}");
        }
        daemon.end();
        ours.end();
    }

    #[test]
    fn descendants_are_found() {
        let mut running = Command::new(Kind::Git, "sh").args(["-c", "sleep 600 & echo; wait"]).spawn().unwrap();
        let mut said = running.stdout().unwrap();
        std::io::Read::read_exact(&mut said, &mut [0]).unwrap();
        let id = running.id().unwrap();
        assert_eq!(descendants(id).len(), 1);
        assert!(descendants(getpid()).contains(&id));
        running.end();
    }
}
