//! The rules for all commands.

use std::collections::BTreeMap;

use super::COMMANDS;
use crate::app::test_support::facts;
use crate::app::{Ask, Command, CommandTarget, Facts, KeyScope, Keymap, Risk};
use crate::model::shell::unquoted;
use crate::model::{Env, Fault, ObjectRef};

fn release() -> Vec<CommandTarget> {
    vec![CommandTarget::Object(
        Env(1),
        ObjectRef::new("HelmRelease", "helm.toolkit.fluxcd.io", "cert-manager", "cert-manager"),
    )]
}

#[test]
fn no_key_means_two_things_in_one_place() {
    Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
}

#[test]
fn a_text_has_the_keys_that_the_settings_name() {
    let own = BTreeMap::from([("git-push".to_owned(), vec!["ctrl-p".to_owned()]), ("git-pull".to_owned(), Vec::new())]);
    let keymap = Keymap::new(COMMANDS, &own).unwrap();
    let text = "‹key:git-pull|git pull› pulls; then ‹key:git-push› pushes, and ‹key:open› opens";
    assert_eq!(keymap.written(text), ":Pull pulls; then ctrl-p pushes, and enter opens");
}

#[test]
fn screens_of_an_environment_are_refused_where_there_is_none() {
    let mut facts = facts();
    let refused = |facts: &Facts| {
        let is_refused = |command: &&&Command| match command.scope {
            KeyScope::While(why) => why(facts).is_some_and(|why| why.contains("no environment")),
            _ => false,
        };
        COMMANDS.iter().filter(is_refused).count()
    };
    assert_eq!(refused(&facts), 0);
    facts.set_environments(Vec::new(), Vec::new());
    assert_eq!(refused(&facts), 0, "they may be found yet");
    facts.repository_fault = Some(Fault::failed("no repository", "none is here", "start it in one"));
    assert_eq!(refused(&facts), 11);
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
        // A hook belongs to the clone, not to an environment.
        if command.risk > Risk::Reads && !command.id.starts_with("hook-") {
            assert!(lesson.names("production"), "{}: {}", command.id, lesson.shell);
        }
    }
}

/// A name that is harmful without quotes in every shell, and where it ends another command's line.
const HOSTILE: &str = "-x'$(pwned)\n;`pwned`&|>~\\";

#[test]
fn no_line_to_type_does_what_a_name_says() {
    let mut facts = facts();
    for env in [Env(0), Env(1)] {
        let known = facts.environments.get_mut(env).unwrap();
        known.name = HOSTILE.to_owned();
        known.context = Some(HOSTILE.to_owned());
    }
    let object = |kind: &str, group: &str| CommandTarget::Object(Env(1), ObjectRef::new(kind, group, HOSTILE, HOSTILE));
    let targets = [
        object("Kustomization", "kustomize.toolkit.fluxcd.io"),
        object("HelmRelease", "helm.toolkit.fluxcd.io"),
        object("Deployment", "apps"),
        object("CronJob", "batch"),
        object("Pod", ""),
        object(HOSTILE, HOSTILE),
        CommandTarget::File(None, HOSTILE.to_owned()),
        CommandTarget::Worktree(HOSTILE.to_owned()),
        CommandTarget::Commit(Some(Env(1)), HOSTILE.to_owned()),
        CommandTarget::Environment(Env(1)),
    ];
    let ids =
        ["ports", "container", "command", "words", "name", "place", "of", "file", "add", "remove", "branch", "reason"];
    let answers: Vec<(String, String)> = ids.iter().map(|id| ((*id).to_owned(), HOSTILE.to_owned())).collect();
    for command in COMMANDS {
        for targets in targets.chunks(1).chain([targets.as_slice()]) {
            for answers in [answers.as_slice(), &[]] {
                let ask = Ask { facts: &facts, targets, answers, now: facts.now, permit: None };
                let line = (command.lesson)(&ask).shell.to_string();
                assert!(!unquoted(&line).contains("pwned"), "{} on {targets:?}: {line}", command.id);
            }
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

/// The names of commands that share a verb: the key does the same on every row and screen.
const ONE_VERB: &[(&str, &str)] = &[
    ("reconcile-owner", "reconcile"),
    ("secret-remove", "delete"),
    ("cancel-selected", "cancel"),
    ("history-stop", "cancel"),
];

/// The commands of one screen that request a write without a further step; the guard judges the requested command.
const SCREENS_THAT_WRITE: &[&str] = &[
    "git-push",
    "git-pull",
    "git-continue",
    "git-skip",
    "git-abort",
    "git-discard",
    "secret-encrypt-selected",
    "secret-remove",
];

/// The commands of one screen that only read, open an input or a preview, or make a change with an undo: to the index,
/// or to unsaved text.
const SCREENS_THAT_LOOK: &[&str] = &[
    "cancel-selected",
    "exercise-hint",
    "git-all",
    "git-amend",
    "git-fetch",
    "git-folder",
    "git-message",
    "history-stop",
    "lesson-copy-command",
    "logs-all",
    "logs-around",
    "logs-as-written",
    "logs-container",
    "logs-copy",
    "logs-previous",
    "logs-since",
    "logs-times",
    "logs-wrap",
    "redo",
    "reveal",
    "reveal-all",
    "reverse",
    "save",
    "secret-add",
    "secret-copy",
    "secret-edit",
    "secret-export",
    "secret-generate",
    "secret-import",
    "secret-rename",
    "secret-text",
    "secret-undo",
    "sort",
    "walk-done",
];

fn verb(command: &Command) -> &'static str {
    ONE_VERB.iter().find(|(id, _)| *id == command.id).map_or(command.id, |(_, verb)| verb)
}

fn leads_to_a_write(command: &Command) -> bool {
    command.risk > Risk::Reads || SCREENS_THAT_WRITE.contains(&command.id) || verb(command) != command.id
}

#[test]
fn a_key_that_writes_is_one_verb_wherever_it_is_pressed() {
    let mut keys: BTreeMap<&str, Vec<&Command>> = BTreeMap::new();
    for command in COMMANDS {
        for key in command.keys {
            keys.entry(key).or_default().push(command);
        }
    }
    for (key, commands) in keys {
        let mut verbs: Vec<&str> = commands.iter().map(|command| verb(command)).collect();
        verbs.sort_unstable();
        verbs.dedup();
        let writes = commands.iter().any(|command| leads_to_a_write(command));
        assert!(!writes || verbs.len() == 1, "{key} is {verbs:?}: one row or screen further it does another thing");
    }
}

#[test]
fn every_key_of_one_screen_is_known_to_look_or_to_write() {
    for command in COMMANDS.iter().filter(|command| matches!(command.scope, KeyScope::View(_))) {
        let known = [SCREENS_THAT_LOOK, SCREENS_THAT_WRITE].iter().filter(|list| list.contains(&command.id)).count();
        let judged = usize::from(command.risk > Risk::Reads || command.keys.is_empty());
        assert_eq!(known + judged, 1, "{} stands in neither list, or in two", command.id);
    }
}

#[test]
fn no_key_that_writes_moves_about_elsewhere() {
    for (_, id, motions, _) in crate::app::motion::MOTIONS {
        for command in COMMANDS.iter().filter(|command| leads_to_a_write(command)) {
            let shared = command.keys.iter().find(|key| motions.contains(key));
            assert_eq!(shared, None, "{} and the motion {id}", command.id);
        }
    }
}
