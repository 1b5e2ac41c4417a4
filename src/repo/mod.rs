//! The working tree: its files, git, the Flux objects in it and what feeds them.
//!
//! ```text
//! git        where the repository is, and what git knows of it
//! contents   what a file holds, from whatever a tree may hold
//! artifact   what source-controller leaves out of what Flux reads
//! scan       every file, in display order, with the locks of encrypted ones
//! reader     files below the root as YAML manifests, kept between reloads
//! kustomize  which files a folder's kustomization reads
//! kustomization  a kustomization file as kustomize must see it
//! references what a kustomization file refers to
//! sift       which files may say something about Flux, by their bytes
//! environments  the folders that Flux syncs, by what says so
//! spokes     clusters that a hub manages
//! naming     what environments are called
//! gitlinks   submodules, and files of Git LFS
//! home       which sources stand for this repository
//! instance   what a FluxInstance syncs
//! flux       environments, Flux Kustomizations and sources, found by following paths
//! sets       what flux-operator makes of declared ResourceSets
//! effective  the same, as parents render their children
//! new_secret a new Secret, encrypted, in the right overlay
//! order      waves of deployment
//! carried    values that reach a Secret from another file
//! feeds      which files feed which Kustomization, and back
//! snapshot   all of it at one moment
//! creation   which rule of which .sops.yaml says how a file is encrypted
//! watch      notices of change
//! secrets    every secret, with who reads it
//! template   the repository that `init` writes
//! users      which objects name a Secret
//! age_secrets  which Secret of the cluster holds the keys with which a Kustomization decrypts
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
