//! No node has the labels that pods ask for.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "node-selector",
    title: "No node has the labels that pods ask for",
    find: |graph| scheduling::diagnose(graph, Refusal::Selector),
};
