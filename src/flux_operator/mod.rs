//! What flux-operator makes of its objects: `ResourceSet`s, by their inputs and Go's templates (flux-operator 0.59).
//!
//! It knows objects alone, wherever they come from: the files that declare them (`repo`), or what kustomize makes of those (`render`).
//!
//! ```text
//! resource_set  what a set makes of its inputs
//! templated     what a set makes, as far as its templates say so
//! unfolding     a set with the objects around it, and in which order what sets make is applied
//! gotemplate    Go's templates, of which sets are made
//! ```

mod gotemplate;
#[cfg(test)]
mod recorded;
pub mod resource_set;
pub mod templated;
pub mod unfolding;

pub use gotemplate::Failed;

use crate::model::ObjectRef;

/// Shows an object to what flux-operator makes of it.
#[derive(Debug, Clone, Copy)]
pub struct OperatorObject<'a> {
    /// Which object.
    pub object: &'a ObjectRef,
    /// The object itself.
    pub body: &'a serde_json::Value,
}

impl OperatorObject<'_> {
    fn is(self, kind: &str) -> bool {
        self.object.kind == kind && self.object.group == crate::model::known::OPERATOR
    }
}
