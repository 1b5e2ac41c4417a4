//! The guard: the one place that decides whether a write may happen. Keys and headless twins both pass it.

use std::collections::BTreeSet;

use super::command::{Command, CommandTarget, Risk};
use super::facts::Facts;
pub use crate::model::Permit;
use crate::model::permit::grant;
use crate::model::{Fault, FaultKind};

/// Decides what must happen before a command may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may run now.
    Go(Option<Permit>),
    /// The user must confirm it by a key.
    Confirm,
    /// The user must type this text to confirm it: the object's name, or the environment's if it is protected.
    Type(String),
    /// It may not run.
    Refuse(Fault),
}

/// Holds the user's confirmation so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent<'a> {
    /// None.
    None,
    /// By one key.
    Key,
    /// By typing a text, or by `--confirm TEXT`.
    Typed(&'a str),
}

/// Judges a command on its targets.
///
/// Reads pass. Read-only refuses everything else. A write to a protected environment needs one key; a destroying
/// command needs the object's name typed, in a protected environment the environment's. A write without a known
/// environment counts as one to a protected environment, because the worst defect would be to guess wrong.
pub fn judge(command: &Command, targets: &[CommandTarget], facts: &Facts, consent: Consent<'_>) -> Verdict {
    if command.risk == Risk::Reads {
        return Verdict::Go(None);
    }
    if facts.read_only {
        return Verdict::Refuse(Fault::new(
            FaultKind::Refused,
            format!("{} is refused", command.title),
            "fluxdeck was started with --read-only".to_owned(),
            "start it without --read-only to change anything".to_owned(),
        ));
    }
    let protected = targets.is_empty()
        || targets.iter().any(|target| {
            !is_own(target, facts)
                && target.env().and_then(|env| facts.environment(env)).is_none_or(|environment| environment.protected)
        });
    let granted = Verdict::Go(Some(grant()));
    // Reads have passed above; only the exhaustive match needs this arm.
    match (command.risk, protected) {
        (Risk::Reads, _) | (Risk::Writes, false) => granted,
        (Risk::Writes, true) => match consent {
            Consent::Key => granted,
            Consent::Typed(text) if confirms(text, &confirmation(targets, facts)) => granted,
            Consent::None | Consent::Typed(_) => Verdict::Confirm,
        },
        (Risk::Destroys, _) => {
            let wanted = if protected { confirmation(targets, facts) } else { name(targets) };
            match consent {
                Consent::Typed(text) if confirms(text, &wanted) => granted,
                _ => Verdict::Type(wanted),
            }
        }
    }
}

/// Tells whether a target concerns only the user's own files.
fn is_own(target: &CommandTarget, facts: &Facts) -> bool {
    match target {
        // A change in the user's own working tree concerns no environment yet.
        CommandTarget::Worktree(_) => true,
        // Without any environment, a file is the user's own.
        CommandTarget::File(None, _) => facts.environments.iter().next().is_none(),
        _ => false,
    }
}

/// Returns the text that confirms a write to a protected target: the names of the protected environments of its
/// targets, separated by commas. A target without a known environment may be of any: the text then names all protected
/// ones.
pub fn confirmation(targets: &[CommandTarget], facts: &Facts) -> String {
    let of = |target: &CommandTarget| target.env().and_then(|env| facts.environment(env));
    let is_stray = targets.is_empty() || targets.iter().any(|target| of(target).is_none() && !is_own(target, facts));
    let concerned = facts
        .environments
        .iter()
        .filter(|(env, known)| known.protected && (is_stray || targets.iter().any(|one| one.env() == Some(*env))));
    let names: BTreeSet<&str> = concerned.map(|(_, known)| known.name.as_str()).collect();
    if names.is_empty() { name(targets) } else { names.into_iter().collect::<Vec<_>>().join(",") }
}

/// Tells whether a text has all the wanted names; more names do no harm.
fn confirms(text: &str, wanted: &str) -> bool {
    text == wanted || wanted.split(',').all(|name| text.split(',').any(|typed| typed.trim() == name))
}

/// Names the first target of a command, or `yes`.
fn name(targets: &[CommandTarget]) -> String {
    match targets.first() {
        Some(CommandTarget::Object(_, object)) => object.name.clone(),
        Some(target) => target.name(),
        None => "yes".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Consent, Verdict, confirmation, judge};
    use crate::app::command::{Command, CommandTarget, KeyScope, Risk};
    use crate::app::facts::Facts;
    use crate::app::test_support::{facts, lesson};
    use crate::model::{Env, ObjectRef};

    fn command(risk: Risk) -> Command {
        Command {
            id: "x",
            title: "X",
            keys: &[],
            scope: KeyScope::Everywhere,
            risk,
            questions: &[],
            lesson,
            run: |_| Vec::new(),
        }
    }

    fn target(env: u8) -> Vec<CommandTarget> {
        vec![CommandTarget::Object(Env(env), ObjectRef::bare("Kustomization", "flux-system", "apps"))]
    }

    fn passes(facts: &Facts, risk: Risk, env: u8, consent: Consent<'_>) -> bool {
        matches!(judge(&command(risk), &target(env), facts, consent), Verdict::Go(_))
    }

    #[test]
    fn every_risk_in_every_environment_with_every_consent() {
        let facts = facts();
        let (staging, production) = (0, 1);
        for env in [staging, production] {
            assert!(passes(&facts, Risk::Reads, env, Consent::None));
        }
        assert!(passes(&facts, Risk::Writes, staging, Consent::None));
        assert!(!passes(&facts, Risk::Writes, production, Consent::None));
        assert!(passes(&facts, Risk::Writes, production, Consent::Key));
        assert!(passes(&facts, Risk::Writes, production, Consent::Typed("production")));
        assert!(!passes(&facts, Risk::Writes, production, Consent::Typed("staging")));
        assert!(!passes(&facts, Risk::Destroys, staging, Consent::Key));
        assert!(passes(&facts, Risk::Destroys, staging, Consent::Typed("apps")));
        assert!(!passes(&facts, Risk::Destroys, production, Consent::Typed("apps")));
        assert!(passes(&facts, Risk::Destroys, production, Consent::Typed("production")));
    }

    #[test]
    fn read_only_refuses_whatever_writes() {
        let mut facts = facts();
        facts.read_only = true;
        for risk in [Risk::Writes, Risk::Destroys] {
            for consent in [Consent::None, Consent::Key, Consent::Typed("production"), Consent::Typed("apps")] {
                assert!(matches!(judge(&command(risk), &target(0), &facts, consent), Verdict::Refuse(_)));
            }
        }
        assert!(passes(&facts, Risk::Reads, 1, Consent::None));
    }

    #[test]
    fn what_stays_in_the_working_tree_is_not_protected_and_read_only_refuses_it() {
        let mut facts = facts();
        let here = vec![CommandTarget::Worktree("apps/key.txt".to_owned())];
        assert!(matches!(judge(&command(Risk::Writes), &here, &facts, Consent::None), Verdict::Go(Some(_))));
        let typed = Verdict::Type("apps/key.txt".to_owned());
        assert_eq!(judge(&command(Risk::Destroys), &here, &facts, Consent::Key), typed);
        facts.read_only = true;
        assert!(matches!(judge(&command(Risk::Writes), &here, &facts, Consent::None), Verdict::Refuse(_)));
    }

    #[test]
    fn what_belongs_to_no_environment_counts_as_protected() {
        let facts = facts();
        let stray = vec![CommandTarget::File(None, "apps/base/x.yaml".to_owned())];
        assert_eq!(judge(&command(Risk::Writes), &stray, &facts, Consent::None), Verdict::Confirm);
        assert_eq!(judge(&command(Risk::Writes), &[], &facts, Consent::None), Verdict::Confirm);
        assert_eq!(judge(&command(Risk::Writes), &target(9), &facts, Consent::None), Verdict::Confirm);
    }

    #[test]
    fn a_file_is_the_operators_own_where_there_is_no_environment_at_all() {
        let mut facts = facts();
        let stray = vec![CommandTarget::File(None, "apps/base/x.yaml".to_owned())];
        facts.set_environments(Vec::new(), Vec::new());
        assert!(matches!(judge(&command(Risk::Writes), &stray, &facts, Consent::None), Verdict::Go(Some(_))));
        assert_eq!(
            judge(&command(Risk::Writes), &target(9), &facts, Consent::None),
            Verdict::Confirm,
            "an object is never"
        );
        facts.read_only = true;
        assert!(matches!(judge(&command(Risk::Writes), &stray, &facts, Consent::None), Verdict::Refuse(_)));
    }

    #[test]
    fn several_targets_are_as_protected_as_the_most_protected() {
        let facts = facts();
        let both: Vec<CommandTarget> = target(0).into_iter().chain(target(1)).collect();
        assert_eq!(judge(&command(Risk::Writes), &both, &facts, Consent::None), Verdict::Confirm);
    }

    #[test]
    fn every_protected_environment_is_named_whatever_is_done() {
        let mut facts = facts();
        let mut all: Vec<_> = facts.environments.iter().map(|(_, known)| known.clone()).collect();
        for known in &mut all {
            known.protected = true;
        }
        facts.set_environments(all, Vec::new());
        let both: Vec<CommandTarget> = target(0).into_iter().chain(target(1)).collect();
        let stray = vec![CommandTarget::File(None, "apps/base/x.yaml".to_owned())];
        for targets in [&both, &stray, &Vec::new(), &target(9)] {
            assert_eq!(confirmation(targets, &facts), "production,staging");
            for risk in [Risk::Writes, Risk::Destroys] {
                let go = |text| matches!(judge(&command(risk), targets, &facts, Consent::Typed(text)), Verdict::Go(_));
                assert!(go("production,staging") && go("staging, production") && go("staging,production,other"));
                assert!(!go("production") && !go("staging") && !go("") && !go("production staging"));
            }
        }
        assert_eq!(confirmation(&target(0), &facts), "staging");
    }
}
