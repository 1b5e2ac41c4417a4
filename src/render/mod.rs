//! What the repository renders to: the objects of every Flux Kustomization, by the real kustomize and Flux's own steps.
//!
//! ```text
//! tool        the real kustomize
//! prepare     the kustomization that the controller would build
//! gather      what kustomize is given: kustomizations written anew, and the files that they name
//! quoted      what kustomize quotes of the files, cut out of its errors
//! sandbox     what is around kustomize
//! rendered    what a repository renders to
//! unseen      what was not looked at, and what it may bring
//! renderer    renders again and again
//! build       one run of kustomize
//! rounds      parents first, their children as they render them
//! worker      the one renderer of a session, and whose turn it is
//! substitute  spec.postBuild
//! envsubst    the expansion of `${…}` in a text
//! finish      Flux's own steps after the build
//! sets        ResourceSets of flux-operator, unfolded once their inputs are known
//! scope       what belongs to the whole cluster has no namespace
//! installation which Flux an environment runs
//! origins     which file an object is from, by its name
//! changes     which files change an object on its way
//! object      a rendered object and where it comes from
//! cache       renderings kept from run to run, by their content
//! workplace   a folder in memory for what kustomize must find as files
//! revision    the tree of a commit or of the index, as files
//! compare     what two renderings differ in
//! history     the commits that changed what an object renders to
//! impact      what a change does, before it is pushed
//! releases    HelmReleases with what applies to them
//! ```

mod build;
mod cache;
mod changes;
pub mod compare;
mod envsubst;
mod finish;
mod gather;
pub mod history;
pub mod impact;
mod installation;
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
mod substitute;
#[cfg(test)]
mod tests;
mod tool;
mod unseen;
mod worker;
mod workplace;

pub use cache::Cache;
pub use installation::Installation;
pub use object::{Object, Origin, at};
pub use rendered::{Rendered, Rendering, Undefined, why_in_part};
pub use renderer::Renderer;
pub use substitute::SWITCH;
pub use tool::Tool;
pub use unseen::{Brings, Unseen};
pub use worker::{BuildProgress, Stop, Worker};
pub use workplace::Workplace;
