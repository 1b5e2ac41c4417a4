//! Rules for the repository: one file a rule below `rules/`, and its name in the list of its group.
//!
//! A rule reports nothing where it cannot be sure. `# fluxdeck:ignore RULE reason` on the line of a finding, on the
//! line above, or in the comments at the top of the file silences one; `[check.ignore]` with `RULE = "reason"` in
//! `.fluxdeck.toml` silences a rule, except rules about secrets. A staged commit is checked strictly: no comment
//! silences a rule about secrets there. The report counts silenced findings.

mod context;
mod declared;
mod file;
mod finding;
mod image;
mod report;
mod rule;
mod rules;
mod run;
mod sources;
mod state;
mod subject;
mod survey;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod unknown;
mod world;

pub use context::Context;
pub use declared::{DeclaredObject, DeclaredPlace, DeclaredState};
pub use file::File;
pub use finding::{Finding, Other, Severity, by_cause, condensed};
pub use report::CheckReport;
pub use rule::Rule;
use rule::RuleInput;
pub use rules::all;
pub use rules::secrets::RULES as SECRET_RULES;
pub use rules::yaml::api_version::replaced_version;
pub use run::{check_all, check_secrets, refusal};
pub use sources::{ListedFile, folder, index, working_tree};
pub use state::CheckedState;
pub use survey::{Survey, Surveyed};
pub use unknown::Quiet;
use world::World;
