//! The objects that flux-operator creates from its own: `ResourceSet`s, by their inputs and Go's templates
//! (flux-operator 0.59).
//!
//! It works on objects from any source: the files that declare them (`repo`), or the output of kustomize (`render`).
//!
//! ```text
//! resource_set  the objects of a set, by its inputs
//! templated     the objects of a set, as far as its templates show them
//! unfolding     a set with the objects around it, and the order in which Flux applies its objects
//! gotemplate    Go's templates, in which sets are written
//! ```

mod gotemplate;
#[cfg(test)]
mod recorded;
pub mod resource_set;
pub mod templated;
pub mod unfolding;

pub use gotemplate::Failed;

use crate::model::ObjectRef;

/// Holds an object for flux-operator.
#[derive(Debug, Clone, Copy)]
pub struct OperatorObject<'a> {
    /// The object's name.
    pub object: &'a ObjectRef,
    /// The object itself.
    pub body: &'a serde_json::Value,
}

impl OperatorObject<'_> {
    fn is(self, kind: &str) -> bool {
        self.object.kind == kind && self.object.group == crate::model::known::OPERATOR
    }
}
