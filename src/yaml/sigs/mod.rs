//! YAML as sigs.k8s.io/yaml writes and reads it, and so Flux and Kubernetes for every manifest: go-yaml v2, that is
//! YAML 1.1.
//!
//! Flux substitutes variables in the written text, so it is the same to the letter: the quotes of texts, the folds of
//! long lines, the order of keys. The reader assigns the types of go-yaml: `on` is true, `0755` is 493.

mod read;
mod scalar;
mod write;

pub use read::{Unread, read};
pub use write::write;
