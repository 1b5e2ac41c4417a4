//! What Flux itself stumbles over. One file a rule.

mod crd_together;
mod depends_on_suspended;
mod graph;
mod namespace;
mod no_namespace;
mod prune;
mod rendering;
mod source;
mod substitution;
mod suspended;
mod twice;
mod unread;
mod unread_folder;
pub(in crate::check) mod variable_left;
mod wait_timeout;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] = &[
    suspended::RULE,
    depends_on_suspended::RULE,
    prune::RULE,
    wait_timeout::RULE,
    source::RULE,
    substitution::RULE,
    variable_left::RULE,
    twice::RULE,
    namespace::RULE,
    no_namespace::RULE,
    crd_together::RULE,
    graph::RULE,
    rendering::RULE,
    unread::RULE,
    unread_folder::RULE,
];
