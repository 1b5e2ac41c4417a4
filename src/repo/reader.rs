//! Reading files below the repository's root and nowhere else, with the parsed ones kept between reloads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::artifact::{Artifact, LeftOut, Selection};
use super::contents;
use super::manifest::{self, Care, Parsed};
use super::path;
use super::sift::{CandidateFilter, Sifted};

/// The age up to which a changed file may change again within one tick of the file system's clock, unseen.
const SETTLED: Duration = Duration::from_millis(50);

/// Classifies a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A folder in the repository.
    Folder,
    /// A file in the repository.
    File,
    /// Nothing.
    Missing,
    /// A pipe, a socket or a device: it would block its reader.
    Special,
    /// Something outside of the repository, by way of a symbolic link; it is not read.
    Outside,
    /// Something that source-controller leaves out of the artifact, so that Flux never sees it.
    LeftOut,
    /// Something that the artifact has from another source or a submodule, and that is not in this repository.
    Elsewhere,
}

#[derive(Debug)]
struct Kept {
    modified: SystemTime,
    size: u64,
    care: Care,
    parsed: Arc<Parsed>,
}

/// Describes the real place of a folder.
#[derive(Debug, Clone, Copy)]
struct Folder {
    /// Whether it is below the root.
    is_below: bool,
    /// Whether no link is on its way.
    is_direct: bool,
}

/// Reads files below a root.
#[derive(Debug)]
pub struct Reader {
    root: PathBuf,
    real_root: PathBuf,
    kept: HashMap<String, Kept>,
    /// The real places of folders; forgotten at each reload.
    folders: HashMap<String, Folder>,
    artifact: Artifact,
    care: Care,
    sieve: CandidateFilter,
}

impl Reader {
    /// Builds a reader for the files below `root`.
    pub fn new(root: &Path) -> Self {
        let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        Self {
            root: root.to_owned(),
            real_root,
            kept: HashMap::new(),
            folders: HashMap::new(),
            artifact: Artifact::new(root),
            care: Care::Parse,
            sieve: CandidateFilter::default(),
        }
    }

    /// Begins a reload that reads with this care; forgets everything that may change without a trace in the files
    /// themselves.
    pub fn refresh(&mut self, care: Care) {
        self.care = care;
        self.folders.clear();
        self.artifact.refresh();
        // A glance follows soon after the search for environments.
        if care == Care::Parse {
            self.sieve.refresh();
        }
    }

    /// Returns the root.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the traces of Flux in the bytes of the tree.
    pub(super) fn sift(&mut self) -> Arc<Sifted> {
        self.sieve.sift(&self.root)
    }

    /// Reads the content of a source with this `spec` from now on.
    pub fn select(&mut self, selection: &Selection) {
        self.artifact.select(selection);
    }

    /// Names the origin of a path of the artifact if its content is not in this repository.
    pub fn why_elsewhere(&mut self, path: &str) -> Option<String> {
        self.artifact.elsewhere(path)
    }

    /// Classifies a path in the artifact that Flux reads: a file that source-controller leaves out is
    /// [`Place::LeftOut`].
    pub fn place_in_artifact(&mut self, path: &str) -> Place {
        let place = self.place(path);
        if !path.is_empty() && self.artifact.elsewhere(path).is_some() {
            return Place::Elsewhere;
        }
        if !matches!(place, Place::Folder | Place::File) || path.is_empty() {
            return place;
        }
        match self.left_out(path, place == Place::Folder) {
            Some(_) => Place::LeftOut,
            None => place,
        }
    }

    /// Returns the reason that a path is not in the artifact.
    pub fn why_left_out(&mut self, path: &str) -> Option<LeftOut> {
        let place = self.place(path);
        self.left_out(path, place == Place::Folder)
    }

    fn left_out(&mut self, path: &str, is_folder: bool) -> Option<LeftOut> {
        let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|data| data.is_symlink());
        if !self.folder(path::parent(path)).is_direct || is_link(&self.root.join(path)) {
            return Some(LeftOut::Link);
        }
        self.artifact.leaves_out(path, is_folder)
    }

    /// Classifies a path below the root.
    pub fn place(&mut self, path: &str) -> Place {
        if path::is_within(path, ".git") || !self.folder(path::parent(path)).is_below {
            return Place::Outside;
        }
        let full = self.root.join(path);
        let Ok(data) = full.symlink_metadata() else { return Place::Missing };
        let data = if data.is_symlink() {
            match full.canonicalize() {
                Ok(target) if target.starts_with(&self.real_root) => match target.metadata() {
                    Ok(data) => data,
                    Err(_) => return Place::Missing,
                },
                Ok(_) => return Place::Outside,
                Err(_) => return Place::Missing,
            }
        } else {
            data
        };
        if data.is_dir() {
            Place::Folder
        } else if data.is_file() {
            Place::File
        } else {
            Place::Special
        }
    }

    fn folder(&mut self, folder: &str) -> Folder {
        if let Some(known) = self.folders.get(folder) {
            return *known;
        }
        let real = self.root.join(folder).canonicalize();
        let known = Folder {
            // A missing folder leads nowhere: its file is missing, not outside.
            is_below: real.as_ref().map_or(true, |real| real.starts_with(&self.real_root)),
            is_direct: real.is_ok_and(|real| real == self.real_root.join(folder) || folder.is_empty()),
        };
        self.folders.insert(folder.to_owned(), known);
        known
    }

    /// Returns the manifests of a file.
    ///
    /// # Errors
    /// Fails with the reason if the file cannot be read, is no text, or is too large.
    pub fn manifests(&mut self, path: &str) -> Result<Arc<Parsed>, String> {
        if self.place(path) != Place::File {
            return Err("it is not a file of this repository".to_owned());
        }
        let full = self.root.join(path);
        let data = full.metadata().map_err(|error| error.to_string())?;
        let modified = data.modified().map_err(|error| error.to_string())?;
        if let Some(kept) = self.kept.get(path)
            && kept.modified == modified
            && kept.size == data.len()
            && kept.care >= self.care
        {
            return Ok(Arc::clone(&kept.parsed));
        }
        let text = contents::text(&self.root, path).map_err(|error| error.to_string())?;
        let parsed = Arc::new(manifest::parse(&text, self.care));
        if modified.elapsed().is_ok_and(|age| age > SETTLED) {
            let kept = Kept { modified, size: data.len(), care: self.care, parsed: Arc::clone(&parsed) };
            self.kept.insert(path.to_owned(), kept);
        } else {
            self.kept.remove(path);
        }
        Ok(parsed)
    }

    /// Returns the text of a file; `None` if it is not in the repository, or no text.
    pub fn text(&mut self, path: &str) -> Option<String> {
        (self.place(path) == Place::File).then(|| contents::text(&self.root, path).ok())?
    }

    /// Returns the names in a folder, sorted; empty if it cannot be read or is outside.
    pub fn names(&mut self, folder: &str) -> Vec<String> {
        if !folder.is_empty() && self.place(folder) != Place::Folder {
            return Vec::new();
        }
        let Ok(entries) = std::fs::read_dir(self.root.join(folder)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }

    /// Finds the line of a file, counted from 1, that holds a word, to point at a fault.
    pub fn line_of(&mut self, path: &str, word: &str) -> Option<usize> {
        let text = self.text(path)?;
        text.lines().position(|line| line.contains(word)).map(|index| index + 1)
    }
}
