//! The origin of an object and its descendants: up to its commit, and down to its pods.

mod node;
mod trace;
mod tree;

pub use node::LineageNode;
pub use trace::{Lineage, keeper, trace};
pub use tree::tree;
