//! Conditions as fluxcd/pkg/runtime keeps them: one of each type, in its order, with its rule for the transition time.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::json::{list, number, set, stamp, text};

/// Returns a condition by its type.
pub(crate) fn get<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|condition| text(condition, "/type") == kind)
}

/// Tells whether a condition has a status.
pub(crate) fn is(object: &Value, kind: &str, status: &str) -> bool {
    get(object, kind).is_some_and(|condition| text(condition, "/status") == status)
}

/// Sets a condition; its transition time changes with its status, reason or message.
pub(crate) fn mark(object: &mut Value, kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) {
    let generation = number(object, "/metadata/generation");
    let since = get(object, kind)
        .filter(|old| {
            text(old, "/status") == status && text(old, "/reason") == reason && text(old, "/message") == message
        })
        .map_or_else(|| stamp(now), |old| text(old, "/lastTransitionTime").to_owned());
    let mut all: Vec<Value> = list(object, "/status/conditions").to_vec();
    all.retain(|condition| text(condition, "/type") != kind);
    all.push(json!({
        "lastTransitionTime": since,
        "message": message,
        "observedGeneration": generation,
        "reason": reason,
        "status": status,
        "type": kind,
    }));
    all.sort_by_key(order);
    set(object, &["status", "conditions"], all);
}

/// Removes a condition.
pub(crate) fn remove(object: &mut Value, kind: &str) {
    let mut all: Vec<Value> = list(object, "/status/conditions").to_vec();
    all.retain(|condition| text(condition, "/type") != kind);
    set(object, &["status", "conditions"], all);
}

/// Returns the sort key for kubectl's users: Stalled, Reconciling, Ready, then the rest, newest generation first, by
/// type.
fn order(condition: &Value) -> (u8, i64, String) {
    let kind = text(condition, "/type");
    match kind {
        "Stalled" => (0, 0, String::new()),
        "Reconciling" => (1, 0, String::new()),
        "Ready" => (2, 0, String::new()),
        _ => (3, -number(condition, "/observedGeneration"), kind.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{get, mark};
    use crate::sim::json::{list, text};
    use serde_json::json;

    #[test]
    fn a_transition_is_a_change_of_status_reason_or_message() {
        let at = |text: &str| text.parse().unwrap();
        let mut object = json!({"metadata": {"generation": 1}});
        mark(&mut object, "Ready", "True", "Succeeded", "done", at("2026-01-01T00:00:00Z"));
        mark(&mut object, "Ready", "True", "Succeeded", "done", at("2026-01-01T00:05:00Z"));
        assert_eq!(text(get(&object, "Ready").unwrap(), "/lastTransitionTime"), "2026-01-01T00:00:00Z");
        mark(&mut object, "Reconciling", "True", "Progressing", "…", at("2026-01-01T00:06:00Z"));
        mark(&mut object, "Ready", "Unknown", "Progressing", "…", at("2026-01-01T00:06:00Z"));
        let kinds: Vec<&str> = list(&object, "/status/conditions").iter().map(|one| text(one, "/type")).collect();
        assert_eq!(kinds, ["Reconciling", "Ready"]);
        assert_eq!(text(get(&object, "Ready").unwrap(), "/lastTransitionTime"), "2026-01-01T00:06:00Z");
    }
}
