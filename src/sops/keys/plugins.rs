//! Plug-ins of age: programs that a recipient names, and so the author of a file or a `.sops.yaml`. They run only with
//! the operator's agreement: in the settings, or once for a repository in the cockpit, which asks after a refusal.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::sops::error::SopsError;

/// The plug-ins that the operator agreed to, by their names.
static AGREED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Allows plug-ins to run from now on; only the operator may decide that.
pub fn agree_to_plugins(names: impl IntoIterator<Item = String>) {
    AGREED.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
}

/// Refuses a plug-in that the operator has not agreed to.
///
/// # Errors
/// Names the recipient that needs it.
pub(in crate::sops) fn judge(plugin: &str, recipient: &str) -> Result<(), SopsError> {
    if AGREED.lock().unwrap_or_else(PoisonError::into_inner).contains(plugin) {
        return Ok(());
    }
    Err(SopsError::Plugin { plugin: plugin.to_owned(), recipient: recipient.to_owned() })
}

/// Names the plug-in that wrapping for a recipient would start, if the operator has not agreed to it yet.
pub fn unagreed_plugin(recipient: &str) -> Option<String> {
    let plugin = super::recipients::plugin_of(recipient)?;
    judge(&plugin, recipient).is_err().then_some(plugin)
}

#[cfg(test)]
mod tests {
    use super::{agree_to_plugins, judge, unagreed_plugin};
    use crate::sops::SopsError;

    #[test]
    fn only_recipients_of_plugins_name_one() {
        let (_, own) = crate::sops::generate();
        let yubikey = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t";
        assert_eq!(unagreed_plugin(yubikey).as_deref(), Some("yubikey"));
        for other in ["ssh-ed25519 AAAA", "age1", "", own.as_str()] {
            assert_eq!(unagreed_plugin(other), None, "{other}");
        }
    }

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
