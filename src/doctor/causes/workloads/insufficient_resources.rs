//! No node has room for the requests of pods.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "insufficient-resources",
    title: "No node has room for the requests of pods",
    find: |graph| scheduling::diagnose(graph, Refusal::Resources),
};
