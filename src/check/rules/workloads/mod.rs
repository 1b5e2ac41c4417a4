//! Workloads and their containers. One file a rule.

use crate::check::Rule;

rules! {
    moving_tag,
    several_tags,
    rolling_volume,
    autoscaled_requests,
    network_policies,
    slow_start,
    service_variables,
    text_needed,
    room,
    architecture,
}
