//! A port of the node is taken on each node.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "host-port-taken",
    title: "A port of the node is taken on each node",
    find: |graph| scheduling::diagnose(graph, Refusal::Ports),
};
