//! What holds for every command there is.

use std::collections::BTreeMap;

use super::COMMANDS;
use crate::app::test_support::facts;
use crate::app::{Ask, Keymap, Risk, Target};
use crate::model::{Env, ObjectRef};

fn release() -> Vec<Target> {
    vec![Target::Object(
        Env(1),
        ObjectRef::new("HelmRelease", "helm.toolkit.fluxcd.io", "cert-manager", "cert-manager"),
    )]
}

#[test]
fn no_key_means_two_things_in_one_place() {
    Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
}

#[test]
fn keys_that_readline_and_tmux_own_are_left_alone() {
    for command in COMMANDS {
        for key in ["ctrl-k", "ctrl-a", "ctrl-b"] {
            assert!(!command.keys.contains(&key), "{} takes {key}", command.id);
        }
    }
}

#[test]
fn ids_are_unique() {
    let mut ids: Vec<&str> = COMMANDS.iter().map(|command| command.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn every_command_teaches_and_names_the_environment_that_it_writes_to() {
    let (facts, targets) = (facts(), release());
    let ask = Ask { facts: &facts, targets: &targets, answers: &[], now: facts.now, permit: None };
    for command in COMMANDS {
        let lesson = (command.lesson)(&ask);
        assert!(!lesson.why.is_empty() && !lesson.look_for.is_empty(), "{} does not teach", command.id);
        assert!(lesson.docs.starts_with("https://"), "{} names no documentation", command.id);
        // A hook is that of the clone, and of no environment.
        if command.risk > Risk::Reads && !command.id.starts_with("hook-") {
            assert!(lesson.shell.contains("production"), "{}: {}", command.id, lesson.shell);
        }
    }
}

#[test]
fn without_the_guards_leave_no_command_does_anything_outside() {
    let (facts, targets) = (facts(), release());
    let answers = [("reason".to_owned(), "test".to_owned())];
    let ask = Ask { facts: &facts, targets: &targets, answers: &answers, now: facts.now, permit: None };
    for command in COMMANDS.iter().filter(|command| command.risk > Risk::Reads) {
        for action in (command.run)(&ask) {
            assert!(!matches!(action, crate::app::Action::Operate(_)), "{} writes without leave", command.id);
        }
    }
}
