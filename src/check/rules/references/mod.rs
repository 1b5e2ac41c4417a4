//! References to objects that must exist. One file a rule.

use crate::check::Rule;

rules! {
    secret,
    secret_key,
    configmap,
    configmap_key,
    claim,
    service_account,
    priority_class,
    storage_class,
    backend,
    tls_secret,
    issuer,
    ingress_class,
    middleware,
    selector,
    scale_target,
}
