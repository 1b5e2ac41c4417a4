//! The leftovers of a killed fluxdeck: its helpers, which may still run, and its folders. Only what is certainly its
//! own is touched. An editor that had the terminal is reported and not ended: the user may want the text in it,
//! although its file is not saved any more. The same holds for one of ours that went into the background, such as
//! `code` without `--wait`.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::hash::{Hash as _, Hasher as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal, test_kill_process};

use super::folder::{PREFIX, WorkFolder, places};
use crate::model::Fault;
use crate::model::text::field;

/// The variable that marks our helpers.
pub(super) const MARK: &str = "HELPER_OF_FLUXDECK";

/// The variable that marks a program with our terminal, and its child processes.
pub(super) const LENT: &str = "LENT_BY_FLUXDECK";

/// The part of a mark that stands for any command line.
const ANY: &str = "any";

/// The longest wait for a program that is about to end.
const ENDING: Duration = Duration::from_millis(500);

/// Whether a program got our terminal.
static LENT_BY_US: AtomicBool = AtomicBool::new(false);

/// Holds a running program that had the terminal of a fluxdeck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The process id.
    pub id: i32,
    /// The name.
    pub name: String,
    /// Whether it had the terminal of this fluxdeck, and not of a killed one.
    pub is_ours: bool,
}

impl Left {
    /// Reports that it still runs, and the consequence.
    pub fn fault(&self) -> Fault {
        let Self { id, name, is_ours } = self;
        let why = if *is_ours {
            "it was given the terminal and went into the background: nobody waits for what is saved in it later"
        } else {
            "it was opened by a fluxdeck that was killed: what is saved in it goes nowhere"
        };
        let wait = if *is_ours { "; an editor that waits is called as `code --wait` is" } else { "" };
        Fault::failed(format!("{}, process {id}, runs on", field(name)), why, format!("`kill {id}` ends it{wait}"))
    }
}

/// Searches for the leftovers of a killed fluxdeck in the background, once it is started.
#[derive(Debug, Default)]
pub struct Leftovers(Mutex<Option<JoinHandle<Vec<Left>>>>);

impl Leftovers {
    /// Starts the search and the removal. They read every running process, so the user's own request comes first.
    pub fn begin(&self) {
        let look = std::thread::Builder::new().name("leftovers".to_owned()).spawn(remove_leftovers);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = look.ok();
    }

    /// Waits for the result, which only the first caller gets; returns nothing where the search was not started.
    pub fn take(&self) -> Vec<Left> {
        let look = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A defect of the search must not break the user's request.
        look.and_then(|look| look.join().ok()).unwrap_or_default()
    }
}

/// Notes that a program gets the terminal; returns its mark.
pub(super) fn lend() -> &'static str {
    LENT_BY_US.store(true, Ordering::Relaxed);
    mark()
}

/// Returns the programs with our terminal that still run, although they should have ended; one that is just ending gets
/// a moment.
pub fn runs_on() -> Vec<Left> {
    if !LENT_BY_US.load(Ordering::Relaxed) {
        return Vec::new();
    }
    let until = Instant::now() + ENDING;
    processes().filter_map(lent_by_us).filter(|(held, _)| !ends_until(held, until)).map(|(_, left)| left).collect()
}

/// Returns a process that has our terminal with our permission, as a file descriptor; neither its child processes, nor
/// one that started its own session.
fn lent_by_us(process: Pid) -> Option<(OwnedFd, Left)> {
    let held = pidfd_open(process, PidfdFlags::empty()).ok()?;
    let name = process.as_raw_nonzero().to_string();
    let is_lent = |name: &str| mark_of(name, LENT).is_some_and(|known| known == mark());
    let stat = Stat::read(&name).filter(|_| is_lent(&name))?;
    let is_first = stat.session == Stat::read("self")?.session && !is_lent(&stat.parent.to_string());
    is_first.then_some(())?;
    Some((held, Left { id: process.as_raw_nonzero().get(), name: called(&name)?, is_ours: true }))
}

/// Tells whether a process ends before a time.
fn ends_until(held: &OwnedFd, until: Instant) -> bool {
    let left = until.saturating_duration_since(Instant::now());
    let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
    poll(&mut [PollFd::new(held, PollFlags::IN)], Some(&limit)).is_ok_and(|ready| ready > 0)
}

/// Returns the name of a process.
fn called(process: &str) -> Option<String> {
    Some(std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?.trim_end().to_owned())
}

/// Returns the prefix of our marks: our process id, its start time, and its session.
fn mark() -> &'static str {
    static OURS: LazyLock<String> = LazyLock::new(|| {
        let own = Stat::read("self").unwrap_or_default();
        format!("{}-{}-{}", std::process::id(), own.began, own.session)
    });
    &OURS
}

/// Returns the mark of a helper: our prefix, and its command line.
///
/// A helper has its own session, and so has a daemon that it started, which inherits the mark: the command line
/// distinguishes them.
pub(super) fn mark_for(program: &OsStr, arguments: &[&OsStr]) -> String {
    let words: Vec<&[u8]> = std::iter::once(program).chain(arguments.iter().copied()).map(OsStr::as_bytes).collect();
    format!("{}-{}-{:x}", mark(), words.len(), digest(&words))
}

/// Returns the mark of a helper that starts no daemon: it may become another program, as a script that ends with `exec`
/// does.
pub(super) fn mark_for_any() -> String {
    format!("{}-{ANY}", mark())
}

/// Hashes the words of a command line, so that they stay hidden.
fn digest(words: &[&[u8]]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// Tells whether a process has such a command line; a script's own words come after those of its interpreter.
fn was_called(name: &str, count: usize, words: &str) -> bool {
    let Ok(line) = std::fs::read(format!("/proc/{name}/cmdline")) else { return false };
    let Some(line) = line.strip_suffix(b"\0") else { return false };
    let all: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let last = all.len().checked_sub(count).and_then(|start| all.get(start..));
    last.is_some_and(|last| format!("{:x}", digest(last)) == words)
}

/// Holds the fields of `/proc/PID/stat`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Stat {
    parent: i32,
    session: i32,
    /// The start time, in ticks of the system.
    began: u64,
}

impl Stat {
    fn read(process: &str) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, in parentheses, may contain any character.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let id = |at: usize| number(at).and_then(|number| i32::try_from(number).ok());
        Some(Self { parent: id(1)?, session: id(3)?, began: number(19)? })
    }
}

/// Returns all visible processes.
fn processes() -> impl Iterator<Item = Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
}

/// Returns the child processes of a process, and their children.
pub(super) fn descendants(of: Pid) -> Vec<Pid> {
    let mut children: HashMap<i32, Vec<Pid>> = HashMap::new();
    for process in processes() {
        if let Some(stat) = Stat::read(&process.as_raw_nonzero().to_string()) {
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

/// The purpose of the folder in which a fluxdeck notes its helpers.
const NOTES: &str = "helpers";

/// The folder of our helpers' notes, each an empty file named after its process id and start time: nothing else
/// identifies a helper that became another program, because a daemon that it started has its mark, too, and its own
/// session.
static NOTED: LazyLock<Option<WorkFolder>> = LazyLock::new(|| WorkFolder::new(NOTES).ok());

/// Notes a running helper; returns the path, so that the note is removed with it.
pub(super) fn note(helper: Pid) -> Option<PathBuf> {
    let id = helper.as_raw_nonzero().get();
    let began = Stat::read(&id.to_string())?.began;
    let note = NOTED.as_ref()?.path().join(format!("{id}-{began}"));
    // Without a note, the mark identifies the helper while it keeps its command line.
    File::create_new(&note).ok().map(|_| note)
}

/// Returns the helpers in a folder of notes, by process id and start time.
fn noted(folder: &Path) -> HashSet<(i32, u64)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let one = |name: std::ffi::OsString| {
        let (id, began) = name.to_str()?.split_once('-')?;
        Some((id.parse().ok()?, began.parse().ok()?))
    };
    entries.filter_map(|entry| one(entry.file_name())).collect()
}

/// Finds the notes of every fluxdeck that no longer runs.
fn all_noted(place: &Path) -> HashSet<(i32, u64)> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let is_one = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        let is_note = name.to_str().is_some_and(|name| name.starts_with(&format!("{PREFIX}{NOTES}-")));
        is_note && owner(&name).is_some_and(|owner| !runs(owner)) && is_this_users(&entry.path())
    };
    entries.filter(is_one).flat_map(|entry| noted(&entry.path())).collect()
}

/// Ends noted helpers, with all of their sessions; a reused process id has another start time.
fn end_noted(noted: &HashSet<(i32, u64)>) {
    let stat = |process: Pid| Stat::read(&process.as_raw_nonzero().to_string());
    let is_led = |process: &Pid| {
        let Some(session) = stat(*process).and_then(|stat| Pid::from_raw(stat.session)) else { return false };
        // An id may be noted twice: for a helper that ended unnoticed, and for its successor.
        stat(session).is_some_and(|leader| noted.contains(&(session.as_raw_nonzero().get(), leader.began)))
    };
    let is_ours = |process: &Pid| is_this_users(Path::new(&format!("/proc/{}", process.as_raw_nonzero())));
    // All are opened before the first one ends, because a session cannot be identified without its leader.
    let hold =
        |process: Pid| pidfd_open(process, PidfdFlags::empty()).ok().filter(|_| is_led(&process) && is_ours(&process));
    let open: Vec<OwnedFd> = processes().filter_map(hold).collect();
    for one in open {
        // The process may have ended meanwhile.
        let _ended = pidfd_send_signal(&one, Signal::KILL);
    }
}

/// Ends the helpers and removes the folders of every fluxdeck of this user that no longer runs; returns the programs
/// with its terminal that still run.
fn remove_leftovers() -> Vec<Left> {
    for place in places() {
        end_noted(&all_noted(&place));
        remove_folders(&place);
    }
    for process in processes() {
        end_if_left(process);
    }
    processes().filter_map(lent_and_left).collect()
}

/// Reads the mark of a process, if it has one.
fn mark_of(name: &str, variable: &str) -> Option<String> {
    // Only processes of this user can be read, and only those that permit it.
    let environment = std::fs::read(format!("/proc/{name}/environ")).ok()?;
    let start = format!("{variable}=");
    let marked = environment.split(|byte| *byte == 0).find_map(|one| one.strip_prefix(start.as_bytes()))?;
    String::from_utf8(marked.to_vec()).ok()
}

/// Tells whether a mark is from a fluxdeck that no longer runs, and the process is still in its session or in that of a
/// helper.
fn is_left(name: &str, variable: &str, mark: &str) -> bool {
    let mut parts = mark.split('-');
    let (Some(owner), Some(began), Some(session)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let Some(stat) = Stat::read(name) else { return false };
    let leader = stat.session.to_string();
    let mut of_helper = || {
        if parts.clone().next() == Some(ANY) {
            return mark_of(&leader, variable).is_some_and(|its| its == mark);
        }
        let (Some(count), Some(words)) = (parts.next().and_then(|count| count.parse().ok()), parts.next()) else {
            return false;
        };
        mark_of(&leader, variable).is_some_and(|its| its == mark) && was_called(&leader, count, words)
    };
    Stat::read(owner).is_none_or(|stat| stat.began.to_string() != began)
        && is_this_users(Path::new(&format!("/proc/{name}")))
        && (leader == session || of_helper())
}

/// Returns a process that had the terminal of a fluxdeck that no longer runs; not its child processes.
fn lent_and_left(process: Pid) -> Option<Left> {
    let name = process.as_raw_nonzero().to_string();
    let mark = mark_of(&name, LENT).filter(|mark| is_left(&name, LENT, mark))?;
    if mark_of(&Stat::read(&name)?.parent.to_string(), LENT).is_some_and(|above| above == mark) {
        return None;
    }
    Some(Left { id: process.as_raw_nonzero().get(), name: called(&name)?, is_ours: false })
}

/// Ends a process of a fluxdeck that no longer runs. A process with its own session, as a daemon has, is left alone.
fn end_if_left(process: Pid) {
    let name = process.as_raw_nonzero().to_string();
    // The process is opened before it is inspected, so that the signal cannot reach another one with the same id.
    let Ok(held) = pidfd_open(process, PidfdFlags::empty()) else { return };
    if mark_of(&name, MARK).is_some_and(|mark| is_left(&name, MARK, &mark)) {
        // The process may have ended meanwhile.
        let _ended = pidfd_send_signal(&held, Signal::KILL);
    }
}

fn is_this_users(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|data| data.uid() == rustix::process::geteuid().as_raw())
}

/// Removes the folders in a place whose process no longer runs.
fn remove_folders(place: &Path) {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries {
        let path = entry.path();
        if owner(&entry.file_name()).is_some_and(|owner| !runs(owner)) && is_this_users(&path) {
            // A link is not followed, and a folder in use is locked: its process may be in another container.
            let folder = rustix::fs::open(&path, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
            let free = folder
                .map(File::from)
                .is_ok_and(|folder| flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok());
            if free {
                // The next start tries again to remove the rest.
                let _left = std::fs::remove_dir_all(&path);
            }
        }
    }
}

/// Parses the process id in a folder's name: `fluxdeck-WHAT-PID-RANDOM`.
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

    use rustix::process::{Pid, getpid};

    use super::super::{ProgramCommand, ProgramKind};
    use super::{
        Instant, LENT, MARK, Stat, all_noted, called, descendants, end_if_left, end_noted, lend, lent_and_left,
        mark_for, owner, remove_folders, runs_on,
    };

    /// Returns an unused process id: that of a child that has ended.
    fn nobody() -> u32 {
        let mut running = ProgramCommand::new(ProgramKind::Git, "true").spawn().unwrap();
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

    /// Returns the mark of a command line from a fluxdeck with a given process id.
    fn marked(owner: u32, program: &str, arguments: &[&str]) -> String {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        let ours = mark_for(programs_path(program).as_os_str(), &arguments);
        let call: Vec<&str> = ours.splitn(3, '-').collect();
        format!("{owner}-1-{}", call[2])
    }

    fn programs_path(name: &str) -> std::path::PathBuf {
        super::super::find(name).unwrap()
    }

    #[test]
    fn a_helper_of_a_fluxdeck_that_is_gone_is_ended_and_others_are_not() {
        let sleeper = |mark: Option<&str>| {
            let mut command = ProgramCommand::new(ProgramKind::Git, "sleep");
            command.arg("600");
            if let Some(mark) = mark {
                command.env(MARK, mark);
            }
            command.spawn().unwrap()
        };
        let left = sleeper(Some(&marked(nobody(), "sleep", &["600"])));
        let reused = sleeper(Some(&marked(std::process::id(), "sleep", &["600"])));
        // A child process of a helper that started its own session.
        let mut daemon = sleeper(Some(&marked(nobody(), "git", &["push"])));
        let mut ours = sleeper(None);
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
    fn a_helper_that_became_another_program_is_ended_and_a_daemon_of_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        // A separate session is all that makes a daemon.
        std::fs::write(&script, "#!/bin/sh\nsetsid sleep 60 &\nsleep 60 &\necho $!\nexec sleep 61\n").unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut running = ProgramCommand::new(ProgramKind::GitWrites, &script).spawn().unwrap();
        let id = running.id().unwrap();
        let mut said = std::io::BufReader::new(running.stdout().unwrap());
        let mut below = String::new();
        std::io::BufRead::read_line(&mut said, &mut below).unwrap();
        let until = Instant::now() + std::time::Duration::from_secs(20);
        let name = |id: &str| called(id).unwrap_or_default();
        let daemon = loop {
            let own = id.as_raw_nonzero().to_string();
            let mut apart = descendants(id).into_iter().map(|one| one.as_raw_nonzero().to_string());
            let daemon = apart.find(|one| Stat::read(one).is_some_and(|stat| stat.session.to_string() == *one));
            match daemon.filter(|one| name(&own) == "sleep" && name(one) == "sleep") {
                Some(daemon) => break daemon,
                None => assert!(Instant::now() < until),
            }
            std::thread::yield_now();
        };
        let began = Stat::read(&id.as_raw_nonzero().to_string()).unwrap().began;
        let place = tempfile::tempdir().unwrap();
        let gone = place.path().join(format!("fluxdeck-helpers-{}-0123456789abcdef", nobody()));
        let ours = place.path().join(format!("fluxdeck-helpers-{}-0123456789abcdef", std::process::id()));
        for (notes, began) in [(&gone, began.saturating_add(1)), (&ours, began)] {
            std::fs::create_dir(notes).unwrap();
            std::fs::write(notes.join(format!("{}-{began}", id.as_raw_nonzero())), "").unwrap();
            end_noted(&all_noted(place.path()));
            assert_eq!(name(&id.as_raw_nonzero().to_string()), "sleep", "another's number, or of a fluxdeck that runs");
        }
        std::fs::write(gone.join(format!("{}-{began}", id.as_raw_nonzero())), "").unwrap();
        end_noted(&all_noted(place.path()));
        assert!(!running.finish().unwrap().status.success());
        let daemon_id = Pid::from_raw(daemon.parse().unwrap()).unwrap();
        rustix::process::kill_process(daemon_id, rustix::process::Signal::KILL).unwrap();
        assert_eq!(std::io::read_to_string(&mut said).unwrap(), "", "what was in its session ended with it");
    }

    #[test]
    fn what_a_helper_that_is_a_script_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        std::fs::write(&script, "#!/bin/sh\nsleep 600 &\necho $!\nwait\n").unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let ours = mark_for(script.as_os_str(), &[OsStr::new("a"), OsStr::new("")]);
        let call: Vec<&str> = ours.splitn(3, '-').collect();
        let mut command = ProgramCommand::new(ProgramKind::GitWrites, &script);
        command.args(["a", ""]).env(MARK, format!("{}-1-{}", nobody(), call[2]));
        let mut running = command.spawn().unwrap();
        let mut said = std::io::BufReader::new(running.stdout().unwrap());
        let mut below = String::new();
        std::io::BufRead::read_line(&mut said, &mut below).unwrap();
        let below = rustix::process::Pid::from_raw(below.trim().parse().unwrap()).unwrap();
        end_if_left(below);
        // The script waits for its child process, and then prints no more.
        assert_eq!(std::io::read_to_string(&mut said).unwrap(), "");
        assert!(running.finish().unwrap().status.success());
    }

    #[test]
    fn what_had_the_terminal_of_a_fluxdeck_that_is_gone_is_told_of_and_not_ended() {
        let script = ["-c", "sleep 600 & echo; wait"];
        let left = marked(nobody(), "sh", &script);
        let shell = |mark: &str| {
            let mut command = ProgramCommand::new(ProgramKind::Git, "sh");
            command.args(script).env(LENT, mark);
            let mut running = command.spawn().unwrap();
            std::io::Read::read_exact(&mut running.stdout().unwrap(), &mut [0]).unwrap();
            running
        };
        let (mut editor, mut ours) = (shell(&left), shell(&mark_for(OsStr::new("sh"), &[])));
        let (id, own) = (editor.id().unwrap(), ours.id().unwrap());
        let told = lent_and_left(id).unwrap();
        assert_eq!((told.id, told.name.as_str()), (id.as_raw_nonzero().get(), "sh"));
        assert_eq!(lent_and_left(own), None, "its fluxdeck is this one");
        for below in descendants(id) {
            assert_eq!(lent_and_left(below), None, "what it started is told of with it");
        }
        end_if_left(id);
        assert_eq!(lent_and_left(id), Some(told), "it runs on");
        editor.end();
        ours.end();
    }

    #[test]
    fn what_goes_into_the_background_is_told_as_soon_as_who_started_it_has_ended() {
        // It prints its process id, and continues without the program that had the terminal. Among piped programs only
        // a key command is in our own session, as programs with the terminal are.
        let mut running = ProgramCommand::new(ProgramKind::KeyCommand, "sh")
            .args(["-c", "sleep 600 >&2 & echo $!"])
            .env(LENT, lend())
            .spawn()
            .unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut running.stdout().unwrap(), &mut said).unwrap();
        let id: i32 = said.trim().parse().unwrap();
        let held = Pid::from_raw(id).unwrap();
        let told: Vec<_> = runs_on().into_iter().filter(|left| left.id == id).collect();
        let [left] = &told[..] else { panic!("{told:?}") };
        assert_eq!((left.name.as_str(), left.is_ours), ("sleep", true));
        assert!(left.fault().why.contains("into the background"));
        rustix::process::kill_process(held, rustix::process::Signal::KILL).unwrap();
        // A program that is just ending gets a moment.
        assert_eq!(runs_on().into_iter().find(|left| left.id == id), None);
        running.end();
    }

    #[test]
    fn descendants_are_found() {
        let mut running =
            ProgramCommand::new(ProgramKind::Git, "sh").args(["-c", "sleep 600 & echo; wait"]).spawn().unwrap();
        let mut said = running.stdout().unwrap();
        std::io::Read::read_exact(&mut said, &mut [0]).unwrap();
        let id = running.id().unwrap();
        assert_eq!(descendants(id).len(), 1);
        assert!(descendants(getpid()).contains(&id));
        running.end();
    }
}
