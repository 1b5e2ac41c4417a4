//! Objects that are looked for in one namespace and are in another: a reference without a namespace means the own one.

use crate::doctor::LiveGraph;
use crate::kinds;
use crate::model::ObjectRef;

/// Finds an object of the same kind and name in another namespace.
pub(super) fn elsewhere(graph: &LiveGraph, object: &ObjectRef) -> Option<ObjectRef> {
    let fields = if kinds::flux().any(|kind| kind.is(object)) {
        // They are listed anyway.
        String::new()
    } else {
        format!("metadata.name={}", object.name)
    };
    let all = graph.selected(&object.group, &object.kind, &fields);
    let others = all.filter(|live| live.object.name == object.name && live.object.namespace != object.namespace);
    others.filter(|live| !live.is_deleting()).map(|live| live.object.clone()).min()
}

/// Continues the sentence that says what is missing: `, but SECRET is there`; nothing where there is none.
pub(super) fn told(other: Option<&ObjectRef>) -> String {
    other.map(|other| format!("; {} is there", other.told())).unwrap_or_default()
}
