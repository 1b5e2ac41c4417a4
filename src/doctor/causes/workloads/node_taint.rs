//! Pods do not tolerate the taints of the nodes.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "node-taint",
    title: "Pods do not tolerate the taints of the nodes",
    find: |graph| scheduling::diagnose(graph, Refusal::Taint),
};
