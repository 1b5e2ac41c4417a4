//! The files that feed each Flux Kustomization, the objects that they declare, and the way back.

use std::collections::{BTreeMap, BTreeSet};

use super::artifact::Selection;
use super::flux::FluxKustomization;
use super::kustomize::{Declared, Reads, Role};
use super::path;
use crate::model::ObjectRef;

/// Holds the input of one Kustomization.
#[derive(Debug, Clone)]
pub struct Feed {
    /// The environment's name.
    pub env: String,
    /// The Kustomization's namespace.
    pub namespace: String,
    /// The Kustomization's name.
    pub name: String,
    /// The files that it reads, with the role of each.
    pub files: BTreeMap<String, Role>,
    /// The objects that the files declare and patch.
    pub declared: Vec<Declared>,
    /// The remote resources that it reads, with the file that names each.
    pub remote: Vec<(String, String)>,
    /// Whether it names something that is never read: something outside of the repository, a pipe or a device.
    pub leaves: bool,
    /// The part of the repository that its source has.
    pub selection: Selection,
}

impl Feed {
    /// Builds the feed of a Kustomization.
    pub(super) fn for_kustomization(one: &FluxKustomization, reads: &Reads, selection: &Selection) -> Self {
        Self {
            env: one.env.clone(),
            namespace: one.namespace.clone(),
            name: one.name.clone(),
            files: reads.files.clone(),
            declared: reads.declared.clone(),
            remote: reads.remote.clone(),
            leaves: reads.leaves,
            selection: selection.clone(),
        }
    }
}

/// Joins files with the Kustomizations that read them.
#[derive(Debug, Clone, Default)]
pub struct Feeds {
    all: Vec<Feed>,
    by_file: BTreeMap<String, Vec<usize>>,
    roots: Vec<Feed>,
}

impl Feeds {
    pub(super) fn add(&mut self, feed: Feed) {
        for file in feed.files.keys() {
            self.by_file.entry(file.clone()).or_default().push(self.all.len());
        }
        self.all.push(feed);
    }

    /// Adds the feed of an entry folder that no Kustomization applies.
    pub fn add_root(&mut self, feed: Feed) {
        self.roots.push(feed);
    }

    /// Iterates over the feeds of the environments' folders that no Kustomization applies yet.
    pub fn roots(&self) -> impl Iterator<Item = &Feed> {
        self.roots.iter()
    }

    /// Iterates over the Kustomizations' feeds.
    pub fn iter(&self) -> impl Iterator<Item = &Feed> {
        self.all.iter()
    }

    /// Finds the feed of a Kustomization.
    pub fn get(&self, env: &str, namespace: &str, name: &str) -> Option<&Feed> {
        self.all.iter().find(|feed| feed.env == env && feed.namespace == namespace && feed.name == name)
    }

    /// Returns the files that a Kustomization reads, sorted.
    pub fn files(&self, env: &str, namespace: &str, name: &str) -> Vec<&str> {
        self.get(env, namespace, name).map(|feed| feed.files.keys().map(String::as_str).collect()).unwrap_or_default()
    }

    /// Returns the Kustomizations that read a file, or any file below a folder, in the order of environments and names.
    pub fn fed_by(&self, file_or_folder: &str) -> Vec<&Feed> {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        if let Some(feeds) = self.by_file.get(file_or_folder) {
            found.extend(feeds);
        } else {
            let start = path::join(file_or_folder, "");
            let below = self.by_file.range(start..).take_while(|(file, _)| path::is_within(file, file_or_folder));
            found.extend(below.flat_map(|(_, feeds)| feeds));
        }
        found.into_iter().filter_map(|index| self.all.get(index)).collect()
    }

    /// Returns the objects that a file declares or patches, per environment, each once.
    pub fn objects(&self, file: &str) -> Vec<(&str, &Declared)> {
        let mut found: Vec<(&str, &Declared)> = Vec::new();
        for feed in self.by_file.get(file).into_iter().flatten().filter_map(|index| self.all.get(*index)) {
            for declared in feed.declared.iter().filter(|declared| declared.file == file) {
                if !found.iter().any(|(env, known)| *env == feed.env && known.object == declared.object) {
                    found.push((&feed.env, declared));
                }
            }
        }
        found
    }

    /// Returns the files that declare or patch an object in an environment, the declaring ones first.
    ///
    /// An empty namespace or group on either side fits any.
    pub fn files_of(&self, env: &str, object: &ObjectRef) -> Vec<&str> {
        let mut found: Vec<(Role, &str)> = self
            .all
            .iter()
            .filter(|feed| feed.env == env)
            .flat_map(|feed| &feed.declared)
            .filter(|declared| fits(&declared.object, object))
            .map(|declared| (declared.role, declared.file.as_str()))
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|(_, file)| file).collect()
    }
}

fn fits(declared: &ObjectRef, asked: &ObjectRef) -> bool {
    let open = |one: &str, other: &str| one.is_empty() || other.is_empty() || one == other;
    declared.kind == asked.kind
        && declared.name == asked.name
        && open(&declared.namespace, &asked.namespace)
        && (declared.is_open() || asked.is_open() || declared.group == asked.group)
}
