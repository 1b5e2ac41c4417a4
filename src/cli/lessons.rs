//! Every lesson of every command on every row of the demo runs as it stands on the screen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clap::Parser as _;

use super::{Arguments, Call};
use crate::app::{App, Ask, Command, CommandTarget, KeyScope};
use crate::commands::COMMANDS;
use crate::kinds;
use crate::model::{Lesson, ObjectRef};
use crate::sim::Scenario;
use crate::theme::Depth;
use crate::widgets::command_rows;

/// Holds what is to be selected in a scenario of the demo, and what is known there.
struct ScenarioApp {
    app: App,
    targets: Vec<CommandTarget>,
}

/// Opens a scenario, and lists every object of both clusters, every file, and the environments themselves.
async fn scenario_app(scenario: &str) -> ScenarioApp {
    let call = Call::new(Arguments::parse_from(["fluxdeck"]).flags.global);
    let session = Arc::new(super::demo::session(scenario, &call, super::demo::snapshot_clock().unwrap()).unwrap());
    let mut app = call.app(&session, Depth::None).unwrap();
    let _drawn = crate::runtime::snapshot(&mut app, Arc::clone(&session), &[], (120, 36)).await.unwrap();
    let task_context = session.task_context();
    let mut targets = Vec::new();
    for known in &session.environments {
        targets.push(CommandTarget::Environment(known.env));
        targets.push(CommandTarget::Commit(Some(known.env), "9f1c2aa47d3b60e8815f2c94ab07de6613c5f80b".to_owned()));
        let Ok(cluster) = task_context.cluster(known.env) else { continue };
        for served in cluster.served().await.unwrap_or_default() {
            let table = cluster.table(&served.resource, "").await.unwrap_or_default();
            for row in table.rows {
                let (kind, group) = (&served.resource.kind, &served.resource.group);
                let object = ObjectRef::new(kind, group, &row.key.namespace, &row.key.name);
                targets.push(CommandTarget::Object(known.env, object));
            }
        }
    }
    let snapshot = app.facts.repository.clone().unwrap();
    let files = snapshot.scan.entries.iter().map(|entry| entry.path.to_string());
    for file in files {
        targets.push(CommandTarget::File(app.facts.environment_of(&file), file.clone()));
        targets.push(CommandTarget::Worktree(file));
    }
    ScenarioApp { app, targets }
}

/// What a command begins with.
const PROGRAMS: &[&str] = &[
    "SOPS_AGE_KEY_FILE=",
    "${VISUAL:-${EDITOR:-vi}} ",
    "age-keygen ",
    "cmctl ",
    "curl ",
    "dig ",
    "docker ",
    "fg",
    "flux ",
    "fluxdeck ",
    "git ",
    "kubectl ",
    "kustomize ",
    "mkdir ",
    "sops ",
    "ssh ",
    "tail ",
    "talosctl ",
];

/// Says what keeps a command from running as it stands.
pub(super) fn wrong(command: &str) -> Option<&'static str> {
    let unquoted = crate::model::shell::unquoted(command);
    let places = [
        "NAME",
        "NAMESPACE",
        "FILE",
        "FOLDER",
        "PATH",
        "DIR",
        "LOCAL",
        "PORT",
        "KEY",
        "ENV",
        "CONTEXT",
        "WORD",
        "KIND",
    ];
    let mut words = unquoted.split(|one: char| !(one.is_ascii_alphanumeric() || "_{$".contains(one)));
    if words.any(|word| places.contains(&word)) {
        return Some("a placeholder");
    }
    if unquoted.contains('…') || unquoted.contains("...") {
        return Some("something left out");
    }
    let bare = unquoted.replace("/dev/stdin < ", "");
    if bare.contains(';') || bare.contains("&&") || bare.contains("   #") {
        return Some("several commands, or a remark");
    }
    if !PROGRAMS.iter().any(|program| command.starts_with(program)) {
        return Some("no program at its beginning");
    }
    if bare.contains('<') {
        return Some("a placeholder in angles");
    }
    None
}

/// Returns the program and what it is asked to do: two links are of one thing where these are the same.
fn verb(command: &str) -> String {
    let words = command.split(' ').filter(|word| !word.contains('=') && *word != "--literal-pathspecs");
    let plain: Vec<&str> = words.take_while(|word| !word.starts_with(['-', '\'', '"', '$', '~', '.'])).collect();
    // One page is about both.
    if let ["sops", "encrypt" | "decrypt"] = plain.as_slice()
        && command.contains(" -i ")
    {
        return "sops encrypt or decrypt in place".to_owned();
    }
    // The page about a kind is for both.
    if let ["kubectl", "get" | "describe", ..] = plain.as_slice() {
        return "kubectl get or describe".to_owned();
    }
    let count = match plain.as_slice() {
        ["flux", "get" | "reconcile" | "suspend" | "resume", "source" | "sources" | "image" | "images", ..] => 4,
        ["flux", "get" | "reconcile" | "suspend" | "resume" | "build" | "diff", ..]
        | ["kubectl", "rollout" | "config" | "create", ..] => 3,
        [_, _, ..] => 2,
        _ => 1,
    };
    plain.into_iter().take(count).collect::<Vec<_>>().join(" ")
}

fn applies(command: &Command, target: &CommandTarget) -> bool {
    match command.scope {
        KeyScope::View("secret" | "new-secret") => {
            matches!(target, CommandTarget::File(..) | CommandTarget::Environment(_))
        }
        KeyScope::View("git") => matches!(target, CommandTarget::Worktree(_) | CommandTarget::File(..)),
        KeyScope::View(id) => command.applies(id, std::slice::from_ref(target)),
        _ => command.applies("home", std::slice::from_ref(target)),
    }
}

/// Tells whether a command is taught alike on all of these: then one of them is enough.
fn stand_in(command: &Command, target: &CommandTarget, seen: &mut BTreeSet<String>) -> bool {
    let kind = match (command.scope, target) {
        (KeyScope::Object(_) | KeyScope::File(_) | KeyScope::View(_), _) => return true,
        (_, CommandTarget::Object(env, object)) => format!("{env:?} {}", object.typed_kind()),
        (_, CommandTarget::File(env, path)) => format!("{env:?} file {}", path.ends_with("secret.yaml")),
        (_, CommandTarget::Environment(env)) => format!("{env:?}"),
        (_, CommandTarget::Worktree(_)) => "worktree".to_owned(),
        (_, CommandTarget::Commit(env, _)) => format!("{env:?} commit"),
    };
    seen.insert(kind)
}

/// Lists the lessons that a scenario can show.
fn lessons(scenario_app: &mut ScenarioApp, with_files: bool) -> Vec<(String, Lesson)> {
    let mut found = Vec::new();
    let values = [None, Some("[\"stringData\"][\"pass word\"]".to_owned())];
    for value in values.into_iter().take(if with_files { 2 } else { 1 }) {
        scenario_app.app.facts.value = value;
        let facts = &scenario_app.app.facts;
        let is_file = |target: &CommandTarget| matches!(target, CommandTarget::File(..) | CommandTarget::Worktree(_));
        for command in COMMANDS {
            let none: &[CommandTarget] = &[];
            let mut seen = BTreeSet::new();
            let targets = scenario_app.targets.iter().filter(|target| with_files || !is_file(target));
            let targets = targets.filter(|target| applies(command, target) && stand_in(command, target, &mut seen));
            for targets in std::iter::once(none).chain(targets.map(std::slice::from_ref)) {
                let ask = Ask { facts, targets, answers: &[], now: facts.now, permit: None };
                found.push((command.id.to_owned(), (command.lesson)(&ask)));
            }
        }
    }
    for target in &scenario_app.targets {
        if let CommandTarget::Object(env, object) = target
            && let Some(kind) = kinds::kind_of(object)
        {
            let context = scenario_app.app.facts.context(*env);
            found.push((format!("kind {}", kind.kind), (kind.lesson)(context, Some(object))));
            found.push((format!("kinds {}", kind.kind), (kind.lesson)(context, None)));
        }
    }
    found
}

#[test]
fn every_line_of_every_lesson_of_the_demo_runs_as_it_stands() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut commands: BTreeMap<String, String> = BTreeMap::new();
    let mut links: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    runtime.block_on(async {
        for (index, scenario) in Scenario::names().enumerate() {
            let mut scenario_app = scenario_app(scenario).await;
            assert!(scenario_app.targets.len() > 50, "{scenario}: {} targets", scenario_app.targets.len());
            for (id, lesson) in lessons(&mut scenario_app, index == 0) {
                assert!(lesson.docs.starts_with("https://"), "{id}");
                let Some(first) = lesson.commands().next() else { continue };
                links.entry(lesson.docs.to_string()).or_default().insert(verb(first));
                for command in lesson.commands() {
                    assert_eq!(wrong(command), None, "{scenario}: {id}: {command}");
                    commands.entry(command.to_owned()).or_insert_with(|| id.clone());
                }
            }
        }
    });
    assert!(commands.len() > 500, "{} commands", commands.len());
    // As they stand on screens of three widths, in one go.
    let mut script = String::new();
    for command in commands.keys() {
        for width in [78, 118, 198] {
            script.push_str(&command_rows(command, width).join("\n"));
            script.push('\n');
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &script).unwrap();
    let read = std::process::Command::new("bash").arg("-n").arg(file.path()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let front = [
        "https://fluxcd.io/flux/",
        "https://fluxcd.io/flux/cmd/",
        "https://git-scm.com/docs",
        "https://getsops.io/docs/",
    ];
    let shared: Vec<_> =
        links.iter().filter(|(link, verbs)| verbs.len() > 1 || front.contains(&link.as_str())).collect();
    assert!(shared.is_empty(), "front pages, and pages that several verbs share: {shared:#?}");
}

#[test]
fn a_line_with_something_unfilled_is_found() {
    for line in
        ["kubectl get all -n NAMESPACE", "sops decrypt FILE", "a && b", "a; b", "flux get <name>", "git log -- FILE..."]
    {
        assert!(wrong(line).is_some(), "{line}");
    }
    for line in ["SOPS_AGE_KEY_FILE=/x sops edit a.yaml", "kubectl get pods 'NAME; x'", "git diff '@{upstream}'"] {
        assert_eq!(wrong(line), None, "{line}");
    }
    assert_eq!(verb("SOPS_AGE_KEY_FILE=/x sops edit a.yaml"), "sops edit");
    assert_eq!(verb("flux reconcile source git flux-system -n x"), "flux reconcile source git");
}
