//! The journal: one line for every write, so that it shows later who did what, and where.

use std::io::Write;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::process::{Pid, getpid, test_kill_process};

use crate::files;
use crate::model::{Fault, JournalEntry};
use crate::programs::XdgFolder;

/// The most bytes of it that are read.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// Returns the folder of this account's state, `$XDG_STATE_HOME/fluxdeck`; `None` without a home folder.
pub(super) fn state_folder() -> Option<PathBuf> {
    XdgFolder::State.folder().map(|folder| folder.join("fluxdeck"))
}

/// Appends to `$XDG_STATE_HOME/fluxdeck/journal.jsonl`, which only its owner can read.
#[derive(Debug, Clone)]
pub struct Journal {
    path: Option<PathBuf>,
}

impl Journal {
    /// Opens the journal of this account; without a home folder it keeps nothing.
    pub fn of_account() -> Self {
        Self { path: state_folder().map(|folder| folder.join("journal.jsonl")) }
    }

    /// Opens a journal at a path.
    pub fn at(path: PathBuf) -> Self {
        Self { path: Some(path) }
    }

    /// Returns its path.
    pub fn path(&self) -> Option<&std::path::Path> {
        self.path.as_deref()
    }

    /// Keeps nothing: for the demo, whose clusters are not real.
    pub fn none() -> Self {
        Self { path: None }
    }

    /// Appends a line.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn write(&self, entry: &JournalEntry) -> Result<(), Fault> {
        let Some(path) = &self.path else { return Ok(()) };
        let fault = |why: String| Fault::failed("cannot write the journal", why, format!("look at {}", path.display()));
        let mut line = serde_json::to_string(entry).map_err(|error| fault(error.to_string()))?;
        line.push('\n');
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| fault(error.to_string()))?;
        }
        files::append(path)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(|error| fault(error.to_string()))
    }

    /// Takes the operations that a crash or a kill cut off: they began and never ended, and their fluxdeck no longer
    /// runs. Each is returned once, because the journal then holds its report.
    pub fn cut_off(&self) -> Vec<JournalEntry> {
        let mut open = self.unfinished();
        open.retain(|entry| !lives(&entry.id));
        for entry in &open {
            let told = JournalEntry { result: Some("cut off: its end was never seen".to_owned()), ..entry.clone() };
            // An operation without that line is reported again at the next start.
            let _unwritten = self.write(&told);
        }
        open
    }

    /// Returns the operations that began and never ended.
    fn unfinished(&self) -> Vec<JournalEntry> {
        let Some(text) = self.path.as_ref().and_then(|path| files::own_text(path, LARGEST).ok()) else {
            return Vec::new();
        };
        JournalEntry::operations(&text).into_iter().filter(|entry| entry.result.is_none()).collect()
    }
}

/// Tells whether another running fluxdeck performs an operation: its id has the process in the middle.
fn lives(id: &str) -> bool {
    let process = id.split('-').nth(1).and_then(|number| number.parse().ok()).and_then(Pid::from_raw);
    let Some(process) = process.filter(|process| *process != getpid()) else { return false };
    let answers = !matches!(test_kill_process(process), Err(Errno::SRCH));
    // The number may be another program's by now; without a name from the system, it counts as ours.
    let name = |of: &str| std::fs::read_to_string(format!("/proc/{of}/comm")).ok();
    answers && name(&process.as_raw_nonzero().to_string()).is_none_or(|its| name("self").is_none_or(|ours| its == ours))
}

#[cfg(test)]
mod tests {
    use super::Journal;
    use crate::model::JournalEntry;
    use std::os::unix::fs::PermissionsExt;

    /// Not a test by itself: a process that runs until its input ends.
    #[test]
    #[ignore = "run by the test below as another process"]
    fn waits() {
        std::io::stdin().read_line(&mut String::new()).unwrap();
    }

    fn waiting() -> std::process::Child {
        let this = std::env::current_exe().unwrap();
        let call = ["--ignored", "--exact", "runtime::journal::tests::waits", "--test-threads=1"];
        let mut command = std::process::Command::new(this);
        command.args(call).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Its first output: only then does the system have the child's own name instead of ours.
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        child
    }

    #[test]
    fn what_began_and_did_not_end_is_found_again_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join("journal.jsonl");
        let journal = Journal::at(path.clone());
        let entry = |id: &str, result: Option<&str>| JournalEntry {
            at: jiff::Timestamp::UNIX_EPOCH,
            id: id.to_owned(),
            user: None,
            login: "me".to_owned(),
            env: Some("staging".to_owned()),
            object: "Kustomization/flux-system/apps".to_owned(),
            command: "flux reconcile kustomization apps".to_owned(),
            result: result.map(str::to_owned),
        };
        journal.write(&entry("1", None)).unwrap();
        journal.write(&entry("1", Some("done"))).unwrap();
        journal.write(&entry("2", None)).unwrap();
        // A running process of this program: a copy of this one that waits for its input.
        let mut other = waiting();
        let running = format!("5-{}-1", other.id());
        journal.write(&entry(&running, None)).unwrap();
        let ids = || journal.cut_off().into_iter().map(|entry| entry.id).collect::<Vec<_>>();
        assert_eq!(ids(), ["2"]);
        assert!(ids().is_empty(), "what was told is not told again");
        drop(other.stdin.take());
        other.wait().unwrap();
        assert_eq!(ids(), [running]);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
