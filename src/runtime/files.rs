//! The repository's files: read again when they change, keeping the unchanged ones.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::app::Msg;
use crate::model::Fault;
use crate::repo::{Loader, Snapshot, Watcher};

/// Reads the repository, and watches it after the first reading.
pub struct Files {
    root: Result<PathBuf, Fault>,
    loader: Option<Loader>,
    watcher: Option<Watcher>,
    first: Option<mpsc::Sender<Msg>>,
    changed: Option<mpsc::Sender<Msg>>,
}

impl Files {
    /// Starts without any data, or with the loader that found the repository; `changed` gets the first glance and
    /// changes as they happen.
    pub fn new(root: Result<PathBuf, Fault>, loader: Option<Loader>, changed: Option<mpsc::Sender<Msg>>) -> Self {
        Self { root, loader, watcher: None, first: changed.clone(), changed }
    }

    /// Lists the tree for the first frame; blocks for a few milliseconds. `None` if there is no repository.
    pub fn list(&mut self) -> Option<Snapshot> {
        let root = self.root.as_ref().ok()?;
        Some(self.loader.get_or_insert_with(|| Loader::open(root)).list())
    }

    /// Reads the repository; blocks on files and git.
    ///
    /// # Errors
    /// Fails if there is no repository.
    pub fn read(&mut self) -> Result<Snapshot, Fault> {
        let root = self.root.as_ref().map_err(Clone::clone)?;
        present(root)?;
        let loader = self.loader.get_or_insert_with(|| Loader::open(root));
        let has_git = self.first.is_none() && loader.find_git();
        // The first screen waits only for the data that it shows.
        let glance = self.first.take().map(|sender| (loader.glance(), sender));
        // The watch starts before the reading: a change in between is reported, and read again.
        let mut unwatched = None;
        if let Some(sender) = &self.changed
            && (self.watcher.is_none() || has_git)
        {
            let listed = glance.is_none().then(|| loader.list());
            let shown = glance.as_ref().map(|(glance, _)| glance).or(listed.as_ref());
            let folders = shown.map(|shown| shown.scan.directories()).into_iter().flatten();
            let sender = sender.clone();
            match Watcher::start(root, loader.repository().ok(), folders, move |_change| {
                let _closed = sender.blocking_send(Msg::FilesChanged);
            }) {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(fault) => unwatched = Some(fault),
            }
        }
        if let Some((glance, sender)) = glance {
            present(root)?;
            tracing::debug!(entries = glance.scan.entries.len(), "glanced at the repository");
            let _closed = sender.blocking_send(Msg::Repository(Ok(Arc::new(glance)), None));
        }
        let snapshot = loader.load();
        // The root may have vanished during the reading: an empty tree must not be shown as the repository's.
        present(root)?;
        tracing::debug!(entries = snapshot.scan.entries.len(), "read the repository");
        if let Some(watcher) = &mut self.watcher
            && let Err(fault) = watcher.follow(snapshot.scan.directories())
        {
            unwatched = Some(fault);
        }
        if let Some(fault) = unwatched
            && let Some(sender) = self.changed.take()
        {
            // This is reported once: without notices the operator reads the repository again by hand.
            self.watcher = None;
            let _closed = sender.blocking_send(Msg::Told(Err(fault)));
        }
        Ok(snapshot)
    }
}

/// Checks that the repository is still in its place.
fn present(root: &Path) -> Result<(), Fault> {
    if root.is_dir() {
        return Ok(());
    }
    let why = format!("{} was moved or deleted", root.display());
    Err(Fault::failed("the repository is gone", why, "what is shown is as it was; start fluxdeck where it is now"))
}
