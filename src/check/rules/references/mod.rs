//! Names of things that must be there. One file a rule.

mod backend;
mod claim;
mod configmap;
mod configmap_key;
mod ingress_class;
mod issuer;
mod middleware;
mod priority_class;
mod scale_target;
mod secret;
mod secret_key;
mod selector;
mod service_account;
mod storage_class;
mod tls_secret;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] = &[
    secret::RULE,
    secret_key::RULE,
    configmap::RULE,
    configmap_key::RULE,
    claim::RULE,
    service_account::RULE,
    priority_class::RULE,
    storage_class::RULE,
    backend::RULE,
    tls_secret::RULE,
    issuer::RULE,
    ingress_class::RULE,
    middleware::RULE,
    selector::RULE,
    scale_target::RULE,
];
