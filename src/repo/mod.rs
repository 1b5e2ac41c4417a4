//! The working tree: scan, file watcher, Flux graph, git.
