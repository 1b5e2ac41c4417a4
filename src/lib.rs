//! fluxdeck: a cockpit in the terminal for people who run Kubernetes clusters from a Git repository with Flux.
//!
//! The modules show the way that data flows: each names those above it in this list, and a test holds them to a table
//! (`tests/suite/architecture.rs`):
//!
//! ```text
//! model, secret, files, yaml, markdown       facts, secrets, YAML: what everybody may name
//! programs, kinds                            the one way to start others; what is said of a kind
//! flux_operator                              what flux-operator makes of its objects
//! sops, repo, config, render, check          the repository: encrypted files, what feeds what, what it renders to, what is wrong with it
//! cluster, helm, describe, lineage           the clusters
//! sim                                        the simulated clusters: a server behind a real client, which no cluster knows
//! theme, widgets, app                        what is shown, and how it behaves: pure
//! workflows, views, commands                 steps of work, one file per screen, one file per command
//! runtime, cli, main                         what acts
//! ```

pub mod app;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod config;
pub mod describe;
pub mod files;
pub mod flux_operator;
pub mod helm;
pub mod kinds;
pub mod lineage;
pub mod markdown;
pub mod model;
pub mod programs;
pub mod render;
pub mod repo;
pub mod runtime;
pub mod secret;
pub mod sim;
pub mod sops;
pub mod theme;
pub mod views;
pub mod widgets;
pub mod workflows;
pub mod yaml;
