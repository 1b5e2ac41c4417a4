//! fluxdeck: a cockpit in the terminal for people who run Kubernetes clusters from a Git repository with Flux.
//!
//! The modules are listed in the direction of the data: each depends only on those above it, and a test enforces a
//! table of this (`tests/suite/architecture.rs`):
//!
//! ```text
//! model, secret, files, yaml, markdown       facts, secrets, YAML: every module may use these
//! programs, kinds                            the one way to start other programs; the knowledge of each kind
//! flux_operator                              the objects that flux-operator creates from its own
//! sops, repo, config, render, check          the repository: encrypted files, readers of files, rendering, faults
//! cluster, helm, describe, lineage, doctor   the clusters
//! orphans                                    live objects that nothing explains
//! timeline                                   what happened, in one order
//! explain                                    topics: what conditions, fields, rules, causes and commands mean
//! difference                                 what Flux would change in them, and what has drifted
//! walks                                      guided work on them, step by step
//! sim                                        the simulated clusters: a server behind a real client
//! theme, widgets, app                        display and behaviour: pure
//! workflows, views, commands                 steps of work, one file per screen, one file per command
//! runtime, cli, main                         side effects
//! ```

pub mod app;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod config;
pub mod describe;
pub mod difference;
pub mod doctor;
pub mod explain;
pub mod files;
pub mod flux_operator;
pub mod helm;
pub mod kinds;
pub mod lineage;
pub mod markdown;
pub mod model;
pub mod orphans;
pub mod programs;
pub mod render;
pub mod repo;
pub mod runtime;
pub mod secret;
pub mod sim;
pub mod sops;
pub mod theme;
pub mod timeline;
pub mod views;
pub mod walks;
pub mod widgets;
pub mod workflows;
pub mod yaml;
