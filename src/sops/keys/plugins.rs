//! Plug-ins of age: programs that a recipient names, and so whoever writes a file or a `.sops.yaml`. They run only where the operator agreed:
//! in his settings, or once for a repository in the cockpit, which asks when one was refused.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::sops::error::SopsError;

/// The plug-ins that the operator agreed to, by their names.
static AGREED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Lets plug-ins run from now on; only the operator himself may say so.
pub fn agree_to_plugins(names: impl IntoIterator<Item = String>) {
    AGREED.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
}

/// Refuses a plug-in that nobody agreed to.
///
/// # Errors
/// Names the recipient that asks for it.
pub(in crate::sops) fn judge(plugin: &str, recipient: &str) -> Result<(), SopsError> {
    if AGREED.lock().unwrap_or_else(PoisonError::into_inner).contains(plugin) {
        return Ok(());
    }
    Err(SopsError::Plugin { plugin: plugin.to_owned(), recipient: recipient.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{agree_to_plugins, judge};
    use crate::sops::SopsError;

    #[test]
    fn a_plugin_that_a_file_names_runs_only_once_it_was_agreed_to() {
        let recipient = "age1agreed1qqqq";
        let refused = judge("agreed", recipient).unwrap_err();
        assert!(matches!(refused, SopsError::Plugin { .. }));
        let fault = refused.fault("a.yaml", None);
        assert_eq!(fault.kind, crate::model::FaultKind::Refused);
        let wanted = fault.plugin.clone().unwrap();
        assert_eq!((wanted.name.as_str(), &*wanted.recipient, &*wanted.file), ("agreed", recipient, "a.yaml"));
        assert!(fault.why.contains(recipient) && fault.todo.contains("allow = [\"agreed\"]"), "{fault}");
        agree_to_plugins(["agreed".to_owned()]);
        judge("agreed", recipient).unwrap();
        assert!(judge("another", "age1another1qqqq").is_err());
    }
}
