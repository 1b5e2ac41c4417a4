//! An API server in the process, scripted from scenarios, behind a real `kube::Client`: for the demo and for tests.
//!
//! A [`Simulation`] holds a cluster for each environment of a [`Scenario`]. `server` answers as kube-apiserver does, `flux` moves the objects as
//! Flux' controllers do, `workload` keeps pods running, `past` makes what was there before the start. Scenarios and manifests are data.
//!
//! Time comes from the clock that is passed in, waiting from tokio: under tokio's paused time an hour passes at once, and nothing is random.
//! What the controllers' model answers is compared with recordings of the real ones (`tests/recordings`).

mod agenda;
mod apply;
mod fault;
mod fields;
mod flux;
mod helm_storage;
mod json;
mod kinds;
mod logs;
mod past;
mod renderings;
mod scenario;
mod script;
mod selector;
mod server;
mod simulation;
mod store;
#[cfg(test)]
mod tests;
mod trouble;
mod workload;
mod world;

pub use fault::Faults;
pub use scenario::{Commit, Remote, Scenario};
pub use simulation::Simulation;
pub use trouble::TextEdit;
