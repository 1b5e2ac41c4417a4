//! Where an object comes from and what it becomes: up to the commit that it was made from, and down to its pods.

mod node;
mod trace;
mod tree;

pub use node::LineageNode;
pub use trace::{Lineage, keeper, trace};
pub use tree::tree;
