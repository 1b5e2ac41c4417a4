//! No node can have the volume of the pods.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "volume-on-another-node",
    title: "No node can have the volume of the pods",
    find: |graph| scheduling::diagnose(graph, Refusal::Volume),
};
