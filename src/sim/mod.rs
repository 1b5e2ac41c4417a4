//! An API server inside the process, scripted from scenarios, behind a real `kube::Client`: for the demo and for tests.
//!
//! A [`Simulation`] holds a cluster for each environment of a [`Scenario`]. `server` answers as kube-apiserver does,
//! `flux` changes the objects as Flux' controllers do, `workload` keeps pods running, `past` creates the state before
//! the start. Scenarios and manifests are data.
//!
//! Times come from a clock parameter, waits from tokio: under tokio's paused time an hour passes at once, and nothing
//! is random. The results of the controllers' model are compared with recordings of the real ones (`tests/recordings`).

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
pub use scenario::{Commit, Remote, Scenario, ScenarioRoot};
pub use simulation::Simulation;
pub use trouble::TextEdit;
