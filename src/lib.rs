//! fluxdeck: a cockpit in the terminal for people who run Kubernetes clusters from a Git repository with Flux.
//!
//! The modules show the way that data flows; imports point left only, and a test holds them to it:
//!
//! ```text
//! model, secret, programs, theme <- kinds, widgets <- app <- commands, views <- runtime <- cli <- main
//! repo, sops, helm, cluster, describe -> model, secret (and each other downwards), never app
//! sim is reached from cluster::connect and tests alone
//! ```

pub mod app;
pub mod check;

pub mod cli;
pub mod cluster;
pub mod commands;
pub mod config;
pub mod describe;
pub mod files;
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
