//! Command lines for lessons of the kinds.

use crate::model::{ObjectRef, ShellLine};

/// Writes `flux get KIND …` for a list or an object.
pub(super) fn flux_get(kind: &'static str, context: &str, object: Option<&ObjectRef>) -> ShellLine {
    let line = ShellLine::from("flux get ").and_then(kind, &[]);
    match object {
        Some(object) => line.and_then(" {} -n {} --context {}", &[&object.name, &object.namespace, context]),
        None => line.and_then(" --all-namespaces --context {}", &[context]),
    }
}

/// Writes `kubectl get KIND` for a list, `kubectl describe KIND …` for an object.
pub(super) fn kubectl(kind: &'static str, context: &str, object: Option<&ObjectRef>) -> ShellLine {
    match object {
        Some(object) => ShellLine::new(
            "kubectl describe {} {} -n {} --context {}",
            &[kind, &object.name, &object.namespace, context],
        ),
        None => ShellLine::new("kubectl get {} --all-namespaces --context {}", &[kind, context]),
    }
}
