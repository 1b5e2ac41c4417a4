//! Every key that a footer shows does something, on every screen of the demo.

use std::sync::Arc;

use clap::Parser as _;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{Arguments, Call};
use crate::app::key::parse_keys;
use crate::app::{App, CommandTarget, Effect, Msg, OnScreen};
use crate::runtime::{PictureFormat, picture};
use crate::theme::Depth;

/// Keys that lead to each screen from home, in two parts that run beside each other.
const SCREENS: &[&str] =
    &["", "2", "f", "pd", "pl", "i", "K", "I", "E", "w", "J", "A", "?", "T", "l", "@", ":explain<enter>"];
const OF_THE_REPOSITORY: &[&str] = &["C", "S", "S<enter>", "M", "v", "v<tab>", "v<tab><enter>", "O", "z", "y", "H"];

/// The only key whose effect is on the panel that the comparison hides.
const LESSON: &str = "lesson on or off";

fn drawn(app: &mut App) -> String {
    app.bare();
    let mut terminal = Terminal::new(TestBackend::new(120, 36)).unwrap();
    terminal.draw(|frame| app.render(frame)).unwrap();
    let screen = picture(terminal.backend().buffer(), PictureFormat::Text, false);
    assert!(!screen.contains("‹key:"), "a text has the name of a command in place of its key:\n{screen}");
    screen
}

/// Presses a key, and tells whether anything but a notice or a lesson came of it.
fn acts(app: &mut App, key: &str) -> bool {
    let (before, depth) = (drawn(app), app.depth());
    let mut did = false;
    for key in parse_keys(key).unwrap() {
        let effects = app.update(Msg::Key(key));
        did |=
            effects.iter().any(|effect| !matches!(effect, Effect::OnScreen(OnScreen::Rest) | Effect::KeepLessons(_)));
    }
    did || app.depth() != depth || drawn(app) != before
}

#[test]
fn every_key_of_a_footer_has_an_effect() {
    press_all("broken-chain", SCREENS);
}

#[test]
fn every_key_of_a_footer_has_an_effect_on_the_screens_of_the_repository() {
    press_all("no-key", OF_THE_REPOSITORY);
}

/// Opens the demonstration, and presses keys.
async fn opened(scenario: &str, keys: &str, size: (u16, u16)) -> App {
    let call = Call::new(Arguments::parse_from(["fluxdeck"]).flags.global);
    let session = super::demo::session(scenario, &call, super::demo::snapshot_clock().unwrap()).unwrap();
    let session = Arc::new(session);
    let mut app = call.app(&session, Depth::None).unwrap();
    crate::runtime::snapshot(&mut app, session, &parse_keys(keys).unwrap(), size).await.unwrap();
    app
}

#[test]
fn a_commit_in_homes_room_below_is_selected_and_opened() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut app = opened("broken-chain", "", (200, 50)).await;
        let mut terminal = Terminal::new(TestBackend::new(200, 50)).unwrap();
        let mut press = |app: &mut App, keys: &str| {
            for key in parse_keys(keys).unwrap() {
                // What is below the lines is selected as it was drawn.
                terminal.draw(|frame| app.render(frame)).unwrap();
                app.update(Msg::Key(key));
            }
        };
        press(&mut app, "2G");
        let targets = app.targets();
        let [CommandTarget::Commit(Some(_), hash)] = targets.as_slice() else { panic!("{targets:?}") };
        assert_eq!((app.view_id(), hash.len()), ("home", 40));
        press(&mut app, "<enter>");
        assert_eq!(app.view_id(), "git-commit");
    });
}

#[test]
fn a_file_is_edited_from_each_of_its_lines() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut app = opened("broken-chain", "1/commafeed/deployment<enter><enter>", (120, 36)).await;
        // The first line names what the file becomes, and the file is the subject of the screen.
        assert!(matches!(app.targets().as_slice(), [CommandTarget::Object(..)]), "{:?}", app.targets());
        let keys = app.footer_keys();
        for (key, title) in [("d", "describe"), ("e", "edit"), ("V", "roll out")] {
            assert!(keys.iter().any(|(known, what)| (known.as_str(), what.as_str()) == (key, title)), "{keys:?}");
        }
        let depth = app.depth();
        app.update(Msg::Key("e".parse().unwrap()));
        assert!(app.depth() > depth, "{}", drawn(&mut app));
    });
}

/// Presses every key of the footer of every screen.
fn press_all(scenario: &str, screens: &[&str]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (pressed, silent) = runtime.block_on(pressed(scenario, screens));
    assert!(silent.is_empty(), "{}", silent.join("\n"));
    assert!(pressed > 150, "{pressed}");
}

async fn pressed(scenario: &str, screens: &[&str]) -> (usize, Vec<String>) {
    let (mut pressed, mut silent) = (0, Vec::new());
    for screen in screens {
        let call = Call::new(Arguments::parse_from(["fluxdeck"]).flags.global);
        let session = super::demo::session(scenario, &call, super::demo::snapshot_clock().unwrap()).unwrap();
        let session = Arc::new(session);
        let mut app = call.app(&session, Depth::None).unwrap();
        let keys = parse_keys(screen).unwrap();
        let _drawn = crate::runtime::snapshot(&mut app, Arc::clone(&session), &keys, (120, 36)).await.unwrap();
        let (id, depth) = (app.view_id(), app.depth());
        for (keys, title) in app.footer_keys() {
            // A key before it may have changed what works.
            let is_there = app.footer_keys().iter().any(|(known, _)| *known == keys);
            if keys == "esc" || title == LESSON || !is_there {
                continue;
            }
            pressed += 1;
            // Of two opposite keys one may have reached its end.
            let mut did = false;
            for key in keys.split(' ') {
                let written = if key.chars().count() > 1 { format!("<{key}>") } else { key.replace('<', "<lt>") };
                did |= acts(&mut app, &written);
                while app.depth() > depth {
                    app.update(Msg::Key("esc".parse().unwrap()));
                }
            }
            if !did {
                silent.push(format!("{scenario} {id} ({screen}): {keys} {title}"));
            }
            // What help runs takes its place.
            if id == "help" && app.view_id() != id {
                break;
            }
            assert_eq!((app.view_id(), app.depth()), (id, depth), "{scenario} {screen}: {keys} {title}");
        }
    }
    (pressed, silent)
}
