//! Settings of the repository that cannot be read or are unknown: they have no effect.

use crate::check::{Context, Finding, Rule, RuleInput};
use crate::config;

pub(in crate::check) const RULE: Rule = Rule {
    id: "fluxdeck-settings",
    about: "a line of .fluxdeck.toml that cannot be read, is not a setting, or names a folder that does not exist",
    check: RuleInput::Repository(check),
};

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let shared = config::shared(&context.snapshot.root);
    for fault in &shared.faults {
        let finding = Finding::new(
            RULE.id,
            config::SHARED,
            fault.fault.what.clone(),
            fault.fault.why.clone(),
            fault.fault.todo.clone(),
        );
        let finding = Finding { line: fault.line, ..finding };
        found.push(if shared.is_unreadable { finding } else { finding.warning() });
    }
    for (env, path, line) in &shared.paths {
        if context.snapshot.root.join(path).is_dir() {
            continue;
        }
        let message = format!("[env.{env}] path = \"{path}\" is not a folder of this repository");
        let why = format!("{env} is not an environment here: nothing of it is shown, checked or protected");
        let finding = Finding::new(RULE.id, config::SHARED, message, why, "correct the path, or take the table out");
        found.push(Finding { line: *line, ..finding }.warning());
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::check::{Context, Severity};
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;
    use crate::sops::Identities;

    #[test]
    fn what_the_settings_say_in_vain_is_told() {
        for (settings, expected) in [
            ("theme = 'terminal'\n", None),
            ("theme = \n", Some((Severity::Error, Some(1)))),
            ("[check]\nfoo = 1\n", Some((Severity::Warning, Some(2)))),
            ("[env.prod]\npath = 'nope'\n", Some((Severity::Warning, Some(2)))),
        ] {
            let repository = TestRepository::new();
            repository.write(".fluxdeck.toml", settings);
            let (snapshot, none) = (Snapshot::load(repository.path()), Identities::default());
            let mut found = Vec::new();
            check(&Context::new(&snapshot, &none, None), &mut found);
            let told: Vec<_> = found.iter().map(|one| (one.severity, one.line)).collect();
            assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{settings}: {found:?}");
        }
    }
}
