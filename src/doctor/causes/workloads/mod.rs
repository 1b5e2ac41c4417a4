//! Causes in workloads: images, crashes, memory, scheduling, probes, volumes, quotas, jobs.

use super::Cause;

pub(in crate::doctor::causes) mod autoscalers;
mod claims;
mod config;
mod containers;
mod cron;
mod images;
mod mounts;
mod pods;
mod probes;
mod refusals;
mod requests;
mod routing;
mod scheduling;

causes! {
    image_not_found,
    image_credentials,
    image_registry,
    image_rate_limit,
    image_architecture,
    image_name,
    image_pull,
    config_missing,
    runs_as_root,
    container_cannot_start,
    crash_loop,
    container_exits,
    out_of_memory,
    init_container_failed,
    init_container_waits,
    liveness_probe,
    readiness_probe,
    startup_probe,
    volume_not_mounted,
    nfs_mount,
    volume_multi_attach,
    pod_network,
    insufficient_resources,
    node_taint,
    node_selector,
    claim_not_bound,
    too_many_pods,
    pod_spread,
    volume_on_another_node,
    host_port_taken,
    nodes_cordoned,
    unschedulable,
    pod_gated,
    pod_unseen,
    evicted,
    pod_terminating,
    storage_class_missing,
    default_storage_class_missing,
    claim_no_volume,
    claim_provisioner_absent,
    claim_provisioning_failed,
    claim_lost,
    claim_terminating,
    quota_exceeded,
    limit_range,
    service_account_missing,
    pod_security,
    pod_denied,
    pod_webhook_down,
    pod_refused,
    disruption_budget,
    autoscaler_without_metrics,
    autoscaler_no_request,
    autoscaler_no_target,
    autoscaler_metric_missing,
    service_without_endpoints,
    service_port,
    network_policy,
    job_failed,
    cron_job_missed,
    cron_job_suspended,
    progress_deadline,
    deployment_paused,
    scaled_by_hand,
    restarts_rising,
}

pub(in crate::doctor::causes) use pod_webhook_down::pods_refused_by;
