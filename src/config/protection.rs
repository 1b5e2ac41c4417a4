//! Which environments are protected, and by whom.

use super::layer::{Origin, Sourced};
use super::settings::Settings;

/// Names that say by themselves that people depend on the cluster.
const PROTECTED_NAMES: [&str; 3] = ["production", "prod", "live"];

impl Settings {
    /// Decides whether an environment is protected: by a flag, by any source's `protected = true`, by its name, by the name of its
    /// context, or because a settings file could not be read. Only `--unprotect` takes it away.
    pub fn protection(&self, environment: &str, context: Option<&str>) -> Sourced<bool> {
        let named = |names: &[String]| names.iter().any(|name| name == environment);
        if named(&self.flags.protect) {
            return Sourced::new(true, Origin::Flag("protect"));
        }
        if named(&self.flags.unprotect) {
            return Sourced::new(false, Origin::Flag("unprotect"));
        }
        if let Some(protected) = self.env(environment).protected
            && protected.value
        {
            return protected;
        }
        let rule = |rule: String| Sourced::new(true, Origin::Rule(rule));
        if is_protected_name(environment) {
            return rule(format!("the name {environment}"));
        }
        // An environment of another name must not be a way round the guard of the same cluster.
        if let Some(context) = context.filter(|context| is_protected_name(context)) {
            return rule(format!("the context {context}"));
        }
        if self.unreadable {
            return rule("a settings file that cannot be read".to_owned());
        }
        Sourced::default()
    }

    /// Tells whether a flag explicitly took protection away.
    pub(super) fn is_unprotected(&self, environment: &str) -> bool {
        self.protection(environment, None).origin == Origin::Flag("unprotect")
    }
}

fn is_protected_name(name: &str) -> bool {
    PROTECTED_NAMES.iter().any(|protected| name.eq_ignore_ascii_case(protected))
}
