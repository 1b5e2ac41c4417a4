//! Facts only: what the rest of the crate talks about. Nothing here does I/O or knows a screen.

pub mod clock;
pub mod context;
pub mod env;
pub mod exposure;
pub mod fault;
pub mod health;
pub mod kind;
pub mod known;
pub mod lesson;
pub mod link;
pub mod log;
pub mod nodes;
pub mod object;
pub mod operation;
pub mod permit;
pub mod revision;
pub mod row;
pub mod segment;
pub mod shell;
pub mod text;

pub use clock::Clock;
pub use context::{KubeContext, Server};
pub use env::{Env, Environment, PerEnv, Protection};
pub use exposure::Exposure;
pub use fault::{Fault, FaultKind};
pub use health::{Condition, State};
pub use kind::{Column, Kind};
pub use lesson::Lesson;
pub use link::Link;
pub use nodes::{Amount, Nodes, quantity};
pub use object::{GroupKind, Gvk, ObjectRef};
pub use operation::{Outcome, Step, StepState, Verb};
pub use permit::Permit;
pub use row::{FluxFacts, Row, RowKey, Suspension};
pub use shell::ShellLine;
pub use text::Shown;
