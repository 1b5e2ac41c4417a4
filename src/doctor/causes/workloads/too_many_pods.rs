//! The nodes have as many pods as they may.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "too-many-pods",
    title: "The nodes have as many pods as they may",
    find: |graph| scheduling::diagnose(graph, Refusal::TooManyPods),
};
