//! Help of a screen: the keys that work there, each once.

use std::collections::BTreeMap;

use super::Help;
use super::rows::{HelpRow, OnEnter};
use crate::app::test_support::facts;
use crate::app::{App, CommandTarget, Key, KeyScope, Keymap, Msg, Scene};
use crate::commands::COMMANDS;
use crate::model::{Env, ObjectRef};
use crate::theme::{Depth, Theme};

const VIEWS: &[&str] = &["home", "list", "logs", "git", "secret", "operations", "lesson", "journal"];

fn selections() -> Vec<Vec<CommandTarget>> {
    let object = |kind: &str, group: &str| CommandTarget::Object(Env(1), ObjectRef::new(kind, group, "web", "web"));
    vec![
        Vec::new(),
        vec![object("Kustomization", "kustomize.toolkit.fluxcd.io")],
        vec![object("HelmRelease", "helm.toolkit.fluxcd.io")],
        vec![object("Deployment", "apps")],
        vec![object("Pod", "")],
        vec![object("CronJob", "batch")],
        vec![CommandTarget::File(Some(Env(0)), "apps/web.yaml".to_owned())],
        vec![CommandTarget::Environment(Env(0))],
    ]
}

#[test]
fn each_key_stands_once_and_what_is_said_to_work_here_does() {
    let (facts, theme) = (facts(), Theme::load("terminal", Depth::None, true).unwrap());
    let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
    let scene = Scene { facts: &facts, theme: &theme, keymap: &keymap, commands: COMMANDS, marks: None, focus: true };
    for view in VIEWS {
        for selected in selections() {
            let help = Help::new(view, selected.clone(), selected.clone());
            let mut seen: Vec<String> = Vec::new();
            for row in help.rows(&scene).iter().filter(|row| row.group != "Signs") {
                for key in row.keys.split(' ').filter(|key| *key != "..") {
                    assert!(!seen.contains(&key.to_owned()), "{view}: {key} stands twice, on {selected:?}");
                    seen.push(key.to_owned());
                }
                if let (OnEnter::Command(command), Some(Ok(key))) =
                    (row.enter, row.keys.split(' ').next().map(str::parse::<Key>))
                    && !row.group.starts_with("By name")
                {
                    assert!(command.applies(view, &selected), "{view}: {} on {selected:?}", command.id);
                    // Help names the command that the engine would run for the key.
                    let mut bound = keymap.commands(key);
                    let own = keymap.commands(key).find(|one| one.scope_is(view));
                    let meant = own.or_else(|| bound.find(|one| one.applies(view, &selected)));
                    assert_eq!(meant.map(|one| one.id), Some(command.id), "{view}: {key} on {selected:?}");
                }
            }
            for command in COMMANDS {
                for key in keymap.keys_of(command.id).iter().map(ToString::to_string) {
                    assert!(seen.contains(&key), "{view}: {key} of {} is missing", command.id);
                }
            }
            let last = help.rows(&scene).last().map(|row| row.group.clone());
            assert_eq!(last.as_deref(), Some("Signs"));
        }
    }
    assert!(COMMANDS.iter().any(|one| matches!(one.scope, KeyScope::View(_))));
}

#[test]
fn long_names_of_a_group_push_its_whole_column_and_no_other() {
    let row = |group: &str, keys: &str| HelpRow {
        group: group.to_owned(),
        keys: keys.to_owned(),
        title: "",
        text: String::new(),
        words: String::new(),
        enter: OnEnter::Nothing,
        is_refused: false,
    };
    let name = "a-reason-that-is-longer-than-any-column-of-keys";
    let rows = [row("a", "ReconciliationSucceeded"), row("a", "Kustomization"), row("b", "d"), row("c", name)];
    assert_eq!(rows.iter().map(|row| super::column(&rows, row)).collect::<Vec<_>>(), [24, 24, 16, 32]);
}

pub(in crate::views) fn opened(keys: &str) -> App {
    let theme = Theme::load("terminal", Depth::None, true).unwrap();
    let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
    let facts = facts();
    let environments: Vec<_> = facts.environments.iter().map(|(_, known)| known.clone()).collect();
    let count = environments.len();
    let mut app = App::new(facts, theme, keymap, COMMANDS, Box::new(crate::views::home::Home::new()));
    app.update(Msg::Environments(environments, vec![None; count]));
    press(&mut app, keys);
    app
}

pub(in crate::views) fn press(app: &mut App, keys: &str) {
    for key in crate::app::key::parse_keys(keys).unwrap() {
        app.update(Msg::Key(key));
    }
}

pub(in crate::views) fn screen(app: &App, (width, height): (u16, u16)) -> String {
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| app.render(frame)).unwrap();
    crate::runtime::picture(terminal.backend().buffer(), crate::runtime::PictureFormat::Text, false)
}

#[test]
fn help_at_four_sizes() {
    for size in [(80, 24), (120, 36), (170, 48), (200, 50)] {
        insta::assert_snapshot!(format!("help-{}x{}", size.0, size.1), screen(&opened("f?"), size));
    }
    insta::assert_snapshot!("help-signs-120x36", screen(&opened("f?G"), (120, 36)));
}

#[test]
fn a_word_finds_keys_and_enter_runs_what_is_found() {
    let mut app = opened("?/yaml<enter>");
    assert!(screen(&app, (120, 36)).contains("on an object: YAML."));
    press(&mut app, "<esc>/journal<enter><enter>");
    assert_eq!(app.view_id(), "journal");
    // The search for a key is case-sensitive.
    let app = opened("?/K<enter><enter>");
    assert_eq!(app.view_id(), "kinds");
    // A motion acts on the screen below.
    let app = opened("?/last line<enter><enter>");
    assert_eq!(app.view_id(), "home");
}
