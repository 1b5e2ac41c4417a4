//! The working tree: its files, git, the Flux objects in it and what feeds them.
//!
//! ```text
//! git        the repository's folders, and its state from git
//! contents   the content of files, whatever a tree holds
//! artifact   the files that source-controller leaves out for Flux
//! scan       every file, in display order, with the locks of encrypted ones
//! reader     files below the root as YAML manifests, kept between reloads
//! kustomize  the files that a folder's kustomization reads
//! kustomization  a kustomization file as kustomize must see it
//! references the references of a kustomization file
//! sift       the files that may concern Flux, by their bytes
//! environments  the folders that Flux syncs, by the objects that sync them
//! spokes     clusters that a hub manages
//! naming     the names of environments
//! gitlinks   submodules, and files of Git LFS
//! home       the sources that stand for this repository
//! instance   the objects that a FluxInstance syncs with
//! flux       environments, Flux Kustomizations and sources, found by following paths
//! sets       the objects that flux-operator creates from declared ResourceSets
//! effective  the same, as parents render their children
//! new_secret a new Secret, encrypted, in the right overlay
//! order      waves of deployment
//! carried    values that reach a Secret from another file
//! feeds      the files that feed each Kustomization, and back
//! snapshot   all of it at one moment
//! creation   the rule of a .sops.yaml by which a file is encrypted
//! watch      notices of change
//! secrets    every secret, with its readers
//! template   the repository that `init` writes
//! users      the objects that name a Secret
//! age_secrets  the Secret of the cluster that holds the keys with which a Kustomization decrypts
//! ```

pub mod age_secrets;
pub mod artifact;
pub mod carried;
pub mod contents;
mod creation;
pub mod effective;
mod environments;
pub mod feeds;
pub mod file_fault;
pub mod filled;
pub mod flux;
pub mod git;
pub mod gitlinks;
mod graph;
mod home;
mod ignore_pattern;
mod instance;
pub mod kustomization;
pub mod kustomize;
pub mod lock;
pub mod manifest;
mod naming;
pub mod new_secret;
pub mod order;
pub mod path;
pub mod pushed;
pub mod reader;
pub mod readers;
pub mod references;
mod resources;
mod rules;
pub mod scan;
pub mod secrets;
mod sets;
mod sift;
pub mod snapshot;
mod spokes;
pub mod template;
mod tree_walk;
pub mod users;
pub mod watch;

#[cfg(test)]
mod tests;

pub use age_secrets::AgeSecret;
pub use carried::{CarriedValue, carried_values};
pub use creation::{Creation, How, config_for};
pub use environments::EnvironmentSearch;
pub use feeds::{Feed, Feeds};
pub use file_fault::FileFault;
pub use flux::{Decryption, FluxKustomization, FluxSource, RepoEnvironment, Sync};
pub use git::{GitState, Repository};
pub use graph::Graph;
pub use kustomize::{Declared, Role};
pub use lock::Lock;
pub use naming::Hints;
pub use order::{Named, Order, is_called};
pub use readers::{Committed, NewReader, Wanted};
pub use scan::{EntryKind, Scan, TreeEntry, scan};
pub use snapshot::{Loader, Snapshot};
pub use watch::{FileChange, Watcher};
