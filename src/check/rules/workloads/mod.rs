//! Workloads and what runs in them. One file a rule.

mod architecture;
mod autoscaled_requests;
mod moving_tag;
mod network_policies;
mod rolling_volume;
mod room;
mod service_variables;
mod several_tags;
mod slow_start;
mod text_needed;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] = &[
    moving_tag::RULE,
    several_tags::RULE,
    rolling_volume::RULE,
    autoscaled_requests::RULE,
    network_policies::RULE,
    slow_start::RULE,
    service_variables::RULE,
    text_needed::RULE,
    room::RULE,
    architecture::RULE,
];
