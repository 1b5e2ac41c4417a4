//! Command lines for lessons: they can be typed as they stand.

/// Quotes a word for a POSIX shell where that is needed.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Writes `flux get KIND …` for a list or an object.
pub(super) fn flux_get(kind: &str, context: &str, object: Option<&crate::model::ObjectRef>) -> String {
    let context = word(context);
    match object {
        Some(object) => {
            format!("flux get {kind} {} -n {} --context {context}", word(&object.name), word(&object.namespace))
        }
        None => format!("flux get {kind} --all-namespaces --context {context}"),
    }
}

/// Writes `kubectl get KIND` for a list, `kubectl describe KIND …` for an object.
pub(super) fn kubectl(kind: &str, context: &str, object: Option<&crate::model::ObjectRef>) -> String {
    let context = word(context);
    match object {
        Some(object) => {
            format!("kubectl describe {kind} {} -n {} --context {context}", word(&object.name), word(&object.namespace))
        }
        None => format!("kubectl get {kind} --all-namespaces --context {context}"),
    }
}
