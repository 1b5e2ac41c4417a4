//! Affinity or spread of pods allows no node.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "pod-spread",
    title: "Affinity or spread of pods allows no node",
    find: |graph| scheduling::diagnose(graph, Refusal::Spread),
};
