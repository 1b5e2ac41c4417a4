//! Faults that Flux itself fails at. One file a rule.

use crate::check::Rule;

rules! {
    suspended,
    depends_on_suspended,
    prune,
    wait_timeout,
    waits_for_own,
    image_automation,
    notified_secret,
    source,
    substitution,
    variable_left,
    twice,
    namespace,
    no_namespace,
    no_controller,
    other_namespace,
    crd_together,
    graph,
    rendering,
    unread,
    unread_folder,
}
