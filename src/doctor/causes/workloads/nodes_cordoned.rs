//! The nodes that fit are cordoned.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "nodes-cordoned",
    title: "The nodes that fit are cordoned",
    find: |graph| scheduling::diagnose(graph, Refusal::Cordoned),
};
