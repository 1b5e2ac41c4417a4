//! Pods wait for a claim that is not bound.

use super::scheduling::{self, Refusal};
use crate::doctor::Cause;

pub(super) const CAUSE: Cause = Cause {
    id: "claim-not-bound",
    title: "Pods wait for a claim that is not bound",
    find: |graph| scheduling::diagnose(graph, Refusal::Claim),
};
