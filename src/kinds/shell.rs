//! Command lines for lessons of the kinds.

use crate::model::{Kind, ObjectRef, ShellLine};

/// Writes `flux get KIND …` for a list or an object; the flux CLI lists by the plural of the first word of a kind.
pub(super) fn flux_get(kind: &Kind, context: &str, object: Option<&ObjectRef>) -> ShellLine {
    let line = ShellLine::from("flux get");
    let line = match kind.noun.split_once(' ') {
        Some((first, rest)) => line.word(&format!("{first}s")).word(rest),
        None => line.word(&format!("{}s", kind.noun)),
    };
    match object {
        Some(object) => line.and_then(" {} -n {} --context {}", &[&object.name, &object.namespace, context]),
        None => line.and_then(" --all-namespaces --context {}", &[context]),
    }
}

/// Writes `kubectl get KIND` for a list, `kubectl describe KIND …` for an object.
pub(super) fn kubectl(kind: &'static str, context: &str, object: Option<&ObjectRef>) -> ShellLine {
    match object {
        Some(object) => ShellLine::new("kubectl describe {} {}", &[kind, &object.name])
            .option(" -n {}", &object.namespace)
            .and_then(" --context {}", &[context]),
        None if super::find(kind).is_some_and(|kind| !kind.namespaced) => {
            ShellLine::new("kubectl get {} --context {}", &[kind, context])
        }
        None => ShellLine::new("kubectl get {} --all-namespaces --context {}", &[kind, context]),
    }
}
