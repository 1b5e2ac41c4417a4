//! The scheduler finds no node.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "unschedulable",
    title: "The scheduler finds no node",
    find: |graph| scheduling::diagnose(graph, Refusal::Other),
};
