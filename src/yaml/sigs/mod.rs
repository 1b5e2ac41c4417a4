//! YAML as sigs.k8s.io/yaml writes and reads it, which is what Flux and Kubernetes do with every manifest: go-yaml v2, that is YAML 1.1.
//!
//! What is written is the text that Flux puts variables into, so it is the same to the letter: which texts stand in quotes, where long
//! lines are folded, how keys are sorted. What is read afterwards has the types that go-yaml gives it: `on` is true, `0755` is 493.

mod read;
mod scalar;
mod write;

pub use read::{Unread, read};
pub use write::write;
