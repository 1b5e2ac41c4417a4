//! The protection of environments, with its reasons.
//!
//! Protection goes by cluster. A sign of production (a flag, a setting, a word in the name of an environment, a context
//! or a cluster) protects all that reaches the same API server, by any context, because another name must not bypass
//! the guard. A reason that does not concern the cluster protects the one environment alone: a context that only the
//! repository names, an unreadable settings file, being the only environment.

use super::layer::SettingOrigin;
use super::settings::Settings;
use super::words::{says_otherwise, says_production};
use crate::model::{KubeContext, Protection};

/// Identifies an environment to judge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The name.
    pub(super) name: &'a str,
    /// The context for it, whether it exists or not.
    pub(super) context: &'a str,
}

/// Returns for each environment why it is protected, or the origin by which it is not.
pub(super) fn judge(
    settings: &Settings,
    subjects: &[Subject<'_>],
    contexts: &[KubeContext],
) -> Vec<Result<Protection, SettingOrigin>> {
    let reasons = reasons(settings, subjects, contexts);
    let is_only = subjects.len() == 1;
    let because = |reason: String| Ok(Protection::Because(reason));
    let of = |subject: &Subject<'_>| {
        let named = |names: &[String]| names.iter().any(|name| name == subject.name);
        let own = settings.env(subject.name);
        if named(&settings.flags.unprotect) && !named(&settings.flags.protect) {
            return Err(SettingOrigin::Flag("unprotect"));
        }
        let shared = || {
            let at = contexts.iter().position(|context| context.name == subject.context)?;
            reasons.get(at)?.as_ref().map(|root| format!("the API server of {root}"))
        };
        if let Some(reason) = protected_by(settings, subject).map(|origin| origin.to_string()).or_else(shared) {
            return because(reason);
        }
        if let Some(context) = &own.context
            && matches!(context.origin, SettingOrigin::Repository(_))
            && context.value != subject.name
            && !settings.is_agreed(subject.name, &context.value)
        {
            return Ok(Protection::Unagreed(context.value.clone()));
        }
        if settings.unreadable {
            return because("a settings file that cannot be read".to_owned());
        }
        match own.protected {
            Some(protected) if protected.origin.is_own() => Err(protected.origin),
            // Its name shows that the owner has classified it.
            _ if is_only && !says_otherwise(subject.name) => because("being the only environment".to_owned()),
            protected => Err(protected.map(|protected| protected.origin).unwrap_or_default()),
        }
    };
    subjects.iter().map(of).collect()
}

/// Returns the origin that protects an environment by its own settings.
fn protected_by(settings: &Settings, subject: &Subject<'_>) -> Option<SettingOrigin> {
    if settings.flags.protect.iter().any(|name| name == subject.name) {
        return Some(SettingOrigin::Flag("protect"));
    }
    if let Some(protected) = settings.env(subject.name).protected
        && protected.value
    {
        return Some(protected.origin);
    }
    says_production(subject.name).then(|| SettingOrigin::Rule(format!("the name {}", subject.name))).or_else(|| {
        says_production(subject.context).then(|| SettingOrigin::Rule(format!("the context {}", subject.context)))
    })
}

/// Returns for each context the name that protects its server: that of an environment or of a context that reaches it,
/// directly or through others.
fn reasons(settings: &Settings, subjects: &[Subject<'_>], contexts: &[KubeContext]) -> Vec<Option<String>> {
    let first = |context: &KubeContext| {
        let is_protected =
            |subject: &&Subject<'_>| subject.context == context.name && protected_by(settings, subject).is_some();
        let of_environment = subjects.iter().find(is_protected).map(|subject| subject.name.to_owned());
        of_environment
            .or_else(|| says_production(&context.name).then(|| format!("the context {}", context.name)))
            .or_else(|| says_production(&context.cluster).then(|| format!("the cluster {}", context.cluster)))
    };
    let mut reasons: Vec<Option<String>> = contexts.iter().map(first).collect();
    loop {
        let reached = |context: &KubeContext| {
            let mut known = contexts.iter().zip(&reasons);
            known.find_map(|(other, reason)| reason.clone().filter(|_| other.reaches_as(context)))
        };
        let next: Vec<Option<String>> = contexts
            .iter()
            .zip(&reasons)
            .map(|(context, reason)| reason.clone().or_else(|| reached(context)))
            .collect();
        if next == reasons {
            return reasons;
        }
        reasons = next;
    }
}
