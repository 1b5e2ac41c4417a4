//! The rendered output of the repository: the objects of every Flux Kustomization, by the real kustomize and Flux's own
//! steps.
//!
//! ```text
//! tool        the real kustomize
//! prepare     the kustomization that the controller would build
//! gather      the input of kustomize: kustomizations written anew, and the files that they name
//! stand_in    stand-ins for the values of encrypted variables
//! quoted      quotations of files, cut out of kustomize's errors
//! sandbox     the surroundings of kustomize
//! rendered    the rendered output of a repository
//! unseen      the parts that were not read, and the objects that they may bring
//! renderer    renders repeatedly, keeping unchanged builds
//! build       one run of kustomize
//! rounds      parents first, their children as they render them
//! worker      the one renderer of a session, one request at a time
//! substitute  spec.postBuild
//! variables   the variables of it, with their origins and uses
//! envsubst    the expansion of `${…}` in a text
//! finish      Flux's own steps after the build
//! sets        ResourceSets of flux-operator, unfolded once their inputs are known
//! scope       cluster-scoped objects, which have no namespace
//! installation the version and flags of Flux in an environment
//! origins     the file of an object, by its name
//! changes     the files that change an object on its way
//! masked      rendered objects without their secret values
//! object      a rendered object and its origin
//! cache       renderings kept from run to run, by their content
//! workplace   a folder in memory for the files of kustomize
//! revision    the tree of a commit or of the index, as files
//! compare     the difference of two renderings
//! history     the commits that changed the rendered output of an object
//! impact      the effect of a change, before it is pushed
//! releases    HelmReleases with their chart, version and values
//! ```

mod build;
mod cache;
mod changes;
pub mod compare;
mod envsubst;
mod fate;
mod finish;
mod gather;
pub mod history;
pub mod impact;
mod installation;
mod masked;
mod object;
mod origins;
mod prepare;
mod quoted;
#[cfg(test)]
mod recorded;
pub mod releases;
mod rendered;
mod renderer;
pub mod revision;
mod rounds;
pub mod sandbox;
mod scope;
mod sets;
mod stand_in;
mod substitute;
#[cfg(test)]
mod tests;
mod tool;
mod unseen;
mod variables;
mod worker;
mod workplace;

pub use cache::Cache;
pub use installation::Installation;
pub use masked::{MASK, masked};
pub use object::{Object, Origin, at};
pub use rendered::{Rendered, Rendering, Undefined, why_in_part};
pub use renderer::Renderer;
pub use stand_in::{EncryptedInputs, has_stand_in, stood_for};
pub use substitute::{Fillings, SWITCH, fill};
pub use tool::Tool;
pub use unseen::{Brings, Unseen};
pub use variables::{OverriddenDefinition, Substitution, Variable, VariableDefinition, VariableUse, variables};
pub use worker::{BuildProgress, Stop, Worker};
pub use workplace::Workplace;
