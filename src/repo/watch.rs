//! Notices of change in the working tree, collected until it is quiet for a moment.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::git::Repository;
use crate::model::Fault;

/// The quiet time before a change is reported: an editor saves in several steps, and a git checkout in thousands.
const QUIET: Duration = Duration::from_millis(150);

/// The longest wait for a tree that is never quiet.
const LONGEST: Duration = Duration::from_secs(1);

/// Describes a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileChange {
    /// Files of the working tree, relative to the root.
    pub files: BTreeSet<String>,
    /// Whether HEAD, the index or a ref changed.
    pub git: bool,
}

impl FileChange {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.git
    }
}

/// Watches the working tree until it is dropped.
///
/// Each folder is watched by itself rather than the whole tree at once, so that ignored folders, which may hold a
/// hundred thousand files, cost nothing. Call [`Watcher::follow`] with the folders of each new scan.
pub struct Watcher {
    root: PathBuf,
    notify: RecommendedWatcher,
    followed: HashSet<PathBuf>,
    again: Sender<Vec<PathBuf>>,
}

impl Watcher {
    /// Starts to watch the folders of a scan below a root, and git's own files if there is git; `on_change` is called
    /// on a thread of its own. Start it before the files are read, so that no change falls between.
    ///
    /// # Errors
    /// Fails if the system refuses to watch, such as at the limit of inotify; everything else works.
    pub fn start<'a>(
        root: &Path,
        repository: Option<&Repository>,
        folders: impl IntoIterator<Item = &'a str>,
        on_change: impl FnMut(FileChange) + Send + 'static,
    ) -> Result<Self, Fault> {
        let root = real(root);
        let (sender, receiver) = channel();
        let events = sender.clone();
        let notify = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Ok(event) = event
                && is_change(event.kind)
            {
                let _ = events.send(event.paths);
            }
        })
        .map_err(|error| fault(&error))?;
        let git = repository.map(|repository| [real(&repository.git_dir), real(&repository.common_dir)]);
        let filter = Filter { root: root.clone(), git };
        let mut this = Self { root, notify, followed: HashSet::new(), again: sender };
        this.add(this.root.clone(), RecursiveMode::NonRecursive)?;
        if let Some([git_dir, common_dir]) = &filter.git {
            this.add(git_dir.clone(), RecursiveMode::NonRecursive)?;
            this.add(common_dir.clone(), RecursiveMode::NonRecursive)?;
            this.add(common_dir.join("refs"), RecursiveMode::Recursive)?;
        }
        for folder in folders {
            this.add(this.root.join(folder), RecursiveMode::NonRecursive)?;
        }
        std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || gather(&receiver, &filter, QUIET, on_change))
            .map_err(|error| Fault::failed(WHAT, error.to_string(), TODO))?;
        Ok(this)
    }

    /// Watches the folders of a new scan, too, and forgets those that are gone.
    ///
    /// A new folder may have changed between the scan and now; it is reported as changed once, so that nothing is
    /// missed.
    ///
    /// # Errors
    /// Fails if the system refuses to watch more.
    pub fn follow<'a>(&mut self, folders: impl IntoIterator<Item = &'a str>) -> Result<(), Fault> {
        // The system drops the watch of a removed folder; a new folder of the same name needs a new one.
        self.followed.retain(|folder| folder.is_dir());
        for folder in folders {
            let full = self.root.join(folder);
            if self.add(full.clone(), RecursiveMode::NonRecursive)? {
                let _ = self.again.send(vec![full]);
            }
        }
        Ok(())
    }

    fn add(&mut self, folder: PathBuf, mode: RecursiveMode) -> Result<bool, Fault> {
        if self.followed.contains(&folder) {
            return Ok(false);
        }
        match self.notify.watch(&folder, mode) {
            Ok(()) => Ok(self.followed.insert(folder)),
            // The parent reports a folder that went away since the scan.
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(fault(&error)),
        }
    }
}

/// Selects the relevant events: git's or the tree's.
struct Filter {
    root: PathBuf,
    /// Git's folder of this working tree, and the one that all of a repository's working trees share.
    git: Option<[PathBuf; 2]>,
}

impl Filter {
    fn note(&self, paths: &[PathBuf], change: &mut FileChange) {
        for path in paths {
            self.note_one(path, change);
        }
    }

    fn note_one(&self, path: &Path, change: &mut FileChange) {
        for folder in self.git.iter().flatten() {
            if let Ok(inside) = path.strip_prefix(folder) {
                change.git |= is_telling(inside);
                return;
            }
        }
        if let Ok(inside) = path.strip_prefix(&self.root)
            && let Some(text) = inside.to_str()
            && !text.is_empty()
        {
            if text == ".git" {
                // A new folder is reported; events inside of it come from its own watches.
                change.git |= self.git.is_none();
                return;
            }
            change.files.insert(text.to_owned());
        }
    }
}

/// Tells whether a file of git's folder shows a change of HEAD, the index or a ref; locks and logs come and go with
/// every command.
fn is_telling(inside: &Path) -> bool {
    if inside.extension().is_some_and(|extension| extension == "lock") {
        return false;
    }
    let first = inside.iter().next().and_then(|part| part.to_str()).unwrap_or_default();
    matches!(
        first,
        "HEAD"
            | "index"
            | "refs"
            | "packed-refs"
            | "FETCH_HEAD"
            | "MERGE_HEAD"
            | "CHERRY_PICK_HEAD"
            | "REVERT_HEAD"
            | "rebase-merge"
            | "rebase-apply"
    )
}

fn gather(receiver: &Receiver<Vec<PathBuf>>, filter: &Filter, quiet: Duration, mut on_change: impl FnMut(FileChange)) {
    while let Ok(paths) = receiver.recv() {
        let mut change = FileChange::default();
        filter.note(&paths, &mut change);
        if change.is_empty() {
            continue;
        }
        let start = Instant::now();
        loop {
            match receiver.recv_timeout(quiet) {
                Ok(paths) => filter.note(&paths, &mut change),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if start.elapsed() >= LONGEST {
                break;
            }
        }
        on_change(change);
    }
}

/// Leaves out read events: our own reading must not count as a change.
fn is_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

const WHAT: &str = "changes of files are not noticed by themselves";
const TODO: &str = "start fluxdeck again to see what changed meanwhile";

fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn fault(error: &notify::Error) -> Fault {
    let is_full = matches!(&error.kind, ErrorKind::MaxFilesWatch)
        || matches!(&error.kind, ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::StorageFull || error.raw_os_error() == Some(24));
    if is_full {
        return Fault::failed(
            WHAT,
            "the system's limit of watched folders (inotify) is reached",
            format!(
                "{TODO}; to raise the limit: sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512"
            ),
        );
    }
    Fault::failed(WHAT, error.to_string(), TODO)
}

#[cfg(test)]
mod tests {
    use super::{FileChange, Watcher, fault, is_telling};
    use crate::repo::git::{Repository, tests::TestRepository};
    use crate::repo::scan;
    use std::path::Path;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn changes_of_files_and_of_git_are_told_and_reading_is_not() {
        let repository = TestRepository::new();
        repository.write("apps/a.yaml", "a: 1\n");
        repository.write("ignored/deep/x", "");
        repository.write(".gitignore", "/ignored\n");
        repository.commit("first");
        let tree = scan(repository.path());
        let (sender, changes) = channel::<FileChange>();
        let found = Repository::discover(repository.path()).unwrap();
        let tell = move |change| sender.send(change).unwrap();
        let mut watcher = Watcher::start(repository.path(), Some(&found), tree.directories(), tell).unwrap();
        let next = || changes.recv_timeout(Duration::from_secs(10)).unwrap();

        std::fs::read(repository.path().join("apps/a.yaml")).unwrap();
        repository.write("ignored/deep/x", "changed");
        repository.write("apps/a.yaml", "a: 2\n");
        let change = next();
        assert_eq!(change.files.iter().map(String::as_str).collect::<Vec<_>>(), ["apps/a.yaml"]);
        assert!(!change.git);

        repository.git(&["add", "--all"]);
        assert!(next().git);

        repository.write("new/b.yaml", "");
        assert!(next().files.contains("new"));
        watcher.follow(scan(repository.path()).directories()).unwrap();
        assert!(next().files.contains("new"), "a new folder is told once more when it is watched");
        repository.write("new/b.yaml", "b: 1\n");
        assert!(next().files.contains("new/b.yaml"));
    }

    #[test]
    fn a_repository_that_begins_while_it_is_watched_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, changes) = channel::<FileChange>();
        let tell = move |change| sender.send(change).unwrap();
        let _watcher = Watcher::start(folder.path(), None, [], tell).unwrap();
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        assert!(changes.recv_timeout(Duration::from_secs(10)).unwrap().git);
    }

    #[test]
    fn of_git_only_what_tells_something_counts() {
        for telling in ["HEAD", "index", "refs/heads/main", "MERGE_HEAD"] {
            assert!(is_telling(Path::new(telling)), "{telling}");
        }
        for silent in ["index.lock", "objects/ab", "logs/HEAD", "COMMIT_EDITMSG"] {
            assert!(!is_telling(Path::new(silent)), "{silent}");
        }
    }

    #[test]
    fn the_limit_of_inotify_is_told_with_its_remedy() {
        assert!(fault(&notify::Error::new(notify::ErrorKind::MaxFilesWatch)).todo.contains("max_user_watches"));
    }
}
