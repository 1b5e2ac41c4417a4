//! Marks and focus never choose another cluster than the one that is looked at.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{TestApp, operations};
use crate::app::{CommandTarget, Effect, Facts};
use crate::cluster::WatchEvent;
use crate::model::{Env, State};

const APPS: &str = "Kustomization/flux-system/apps";
const MONITORING: &str = "Kustomization/flux-system/monitoring";

/// Adds `dev` to the environments, at the end.
fn three(facts: &mut Facts) {
    let mut environments: Vec<_> = facts.environments.iter().map(|(_, known)| known.clone()).collect();
    let mut dev = environments[0].clone();
    (dev.name, dev.context) = ("dev".to_owned(), Some("dev".to_owned()));
    environments.push(dev);
    facts.set_environments(environments, vec![None, None, None]);
}

fn sized(width: u16, change: impl FnOnce(&mut Facts)) -> TestApp {
    let mut desk = TestApp::with(change);
    resize(&mut desk, width);
    desk
}

fn resize(desk: &mut TestApp, width: u16) {
    desk.terminal = Terminal::new(TestBackend::new(width, 40)).unwrap();
    desk.draw();
}

fn acted(effects: &[Effect]) -> Vec<(u8, String)> {
    operations(effects).into_iter().map(|(env, object)| (env.unwrap().0, object)).collect()
}

fn only(env: u8, object: &str) -> Vec<(u8, String)> {
    vec![(env, object.to_owned())]
}

/// The environments whose panels are on the screen, from the left.
fn panels(desk: &mut TestApp) -> Vec<&'static str> {
    let screen = desk.screen();
    let titles = screen.lines().nth(1).unwrap_or_default();
    let mut found: Vec<(usize, &'static str)> =
        ["staging", "production", "dev"].into_iter().filter_map(|name| Some((titles.find(name)?, name))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

/// The line of the panels' titles.
fn title(desk: &mut TestApp) -> String {
    desk.screen().lines().nth(1).unwrap_or_default().to_owned()
}

fn focused(desk: &TestApp) -> u8 {
    match desk.app.targets().as_slice() {
        [CommandTarget::Object(env, _), ..] => env.0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn marks_in_one_environment_leave_the_cursor_in_another_alone() {
    let mut desk = TestApp::new();
    desk.press("3<space>j<space>");
    assert!(desk.screen().contains("2 marked"));
    let effects = desk.press("2R");
    assert_eq!(acted(&effects), only(0, APPS));
    assert!(desk.screen().contains("2 marked"), "what was done elsewhere leaves them as they are");
    desk.press("3R");
    let asked = desk.screen();
    assert!(asked.contains(APPS) && asked.contains(MONITORING), "{asked}");
    assert_eq!(desk.press("y").iter().filter(|effect| matches!(effect, Effect::Operate(..))).count(), 2);
    assert!(!desk.screen().contains("marked"));
}

#[test]
fn marks_begin_anew_in_another_environment_and_on_another_screen() {
    let mut desk = TestApp::new();
    desk.press("3<space>j<space>2<space>");
    let screen = desk.screen();
    assert!(screen.contains("2 marked in production no longer") && screen.contains("  1 marked"), "{screen}");
    desk.press("f");
    assert!(!title(&mut desk).contains("marked"), "the marks of home are not the list's");
    desk.press("j<space>");
    assert!(desk.screen().contains("1 marked in staging no longer"));
    assert_eq!(acted(&desk.press("R")), only(0, MONITORING));
    desk.press("<space>><space>");
    let list = title(&mut desk);
    assert!(list.contains("production  kustomizations") && list.contains("  1 marked"), "{list}");
    desk.press("]");
    assert!(!title(&mut desk).contains("marked"), "another kind is another list");
}

#[test]
fn escape_takes_marks_away_before_it_goes_back() {
    let mut desk = TestApp::new();
    desk.press("<space>j<space><esc>");
    assert!(!desk.screen().contains("marked"));
    assert_eq!(acted(&desk.press("R")), only(0, MONITORING));
    desk.press("f<space><esc>");
    assert_eq!(desk.app.view_id(), "list");
    desk.press("<esc>");
    assert_eq!(desk.app.view_id(), "home");
    desk.press("f<space>");
    desk.press("<esc><esc>f");
    assert!(!desk.screen().contains("marked"));
}

#[test]
fn marks_go_with_what_was_done_to_them() {
    let mut desk = TestApp::new();
    assert_eq!(acted(&desk.press("<space>j<space>R")).len(), 2);
    assert_eq!(acted(&desk.press("R")), only(0, MONITORING));
}

#[test]
fn what_is_out_of_sight_is_counted_and_not_acted_on() {
    let mut desk = TestApp::new();
    desk.press("<space>j<space>/apps<enter>");
    assert!(desk.screen().contains("2 marked, 1 out of sight"));
    assert_eq!(acted(&desk.press("R")), only(0, APPS));

    // One that is gone from the cluster is gone from the marks, and so is one that comes back by its name.
    let mut desk = TestApp::new();
    desk.press("<space>j<space>");
    let gone = WatchEvent::Gone(vec![super::row("monitoring", State::Ready).key]);
    desk.watched(Env(0), desk.generations[&(Env(0), "Kustomization")], gone);
    assert!(desk.screen().contains("2 marked, 1 out of sight"));
    assert_eq!(acted(&desk.press("R")), only(0, APPS));
    desk.rows(Env(0), &[("monitoring", State::Ready)]);
    assert!(!desk.screen().contains("marked"));
}

#[test]
fn what_is_opened_is_what_is_selected_whatever_is_marked() {
    for keys in ["<space>jd", "<space>j:describe<enter>", "<space>j<enter>"] {
        let mut desk = TestApp::new();
        desk.press(keys);
        let targets = desk.app.targets();
        assert!(
            matches!(targets.as_slice(), [CommandTarget::Object(_, object)] if object.to_string() == MONITORING),
            "{keys}"
        );
    }
}

#[test]
fn a_confirmation_shows_every_object() {
    let mut desk = TestApp::new();
    let names: Vec<String> = (0..12).map(|number| format!("app-{number:02}")).collect();
    let rows: Vec<(&str, State)> = names.iter().map(|name| (name.as_str(), State::Ready)).collect();
    desk.rows(Env(1), &rows);
    desk.press("3");
    for _ in 0..14 {
        desk.press("<space>j");
    }
    desk.press("RR");
    let mut seen = desk.screen();
    for _ in 0..12 {
        desk.press("<down>");
        seen.push_str(&desk.screen());
    }
    for name in &names {
        assert!(seen.contains(&format!("Kustomization/flux-system/{name}")), "{name}");
    }
}

#[test]
fn a_number_means_the_same_environment_at_every_width() {
    for width in [50, 80, 140, 200] {
        let mut desk = sized(width, three);
        for (key, env) in [("3", 1), ("2", 0), ("4", 2), ("3", 1), ("9", 1)] {
            desk.press(key);
            assert_eq!(focused(&desk), env, "{key} at {width}");
        }
        desk.press("S");
        for (key, env) in [("2", 0), ("3", 1), ("4", 2), ("9", 2)] {
            desk.press(key);
            assert_eq!(desk.app.view_env(), Some(Env(env)), "{key} among the secrets at {width}");
        }
    }
}

#[test]
fn the_focus_moves_and_the_panels_stay_in_their_order() {
    let mut desk = TestApp::new();
    for env in [1, 0, 1] {
        desk.press(">");
        assert_eq!((focused(&desk), panels(&mut desk)), (env, vec!["staging", "production"]));
    }
    let mut desk = sized(140, three);
    let pairs = [(1, ["staging", "production"]), (2, ["production", "dev"]), (0, ["staging", "production"])];
    for (env, pair) in pairs {
        desk.press(">");
        assert_eq!((focused(&desk), panels(&mut desk)), (env, pair.to_vec()));
    }
    for (env, pair) in [(2, ["production", "dev"]), (1, ["production", "dev"]), (0, ["staging", "production"])] {
        desk.press("<lt>");
        assert_eq!((focused(&desk), panels(&mut desk)), (env, pair.to_vec()));
    }
    desk.press("1>");
    assert_eq!(focused(&desk), 0, "from the tree, to the one that had the focus last");
}

#[test]
fn another_width_keeps_the_focus_and_the_lesson() {
    let mut desk = sized(140, three);
    desk.press("4j");
    let (targets, lesson) = (desk.app.targets(), desk.app.lesson().cloned());
    assert!(lesson.is_some());
    for width in [80, 50, 200, 140] {
        resize(&mut desk, width);
        desk.app.update(crate::app::Msg::Rested);
        assert_eq!((desk.app.targets(), desk.app.lesson().cloned()), (targets.clone(), lesson.clone()), "{width}");
        assert!(panels(&mut desk).contains(&"dev"), "{width}");
    }
}

#[test]
fn a_screen_gives_the_lesson_of_the_one_below_back() {
    let mut desk = sized(140, three);
    desk.press("2j");
    desk.app.update(crate::app::Msg::Rested);
    let below = desk.app.lesson().cloned();
    for key in ["p", "f", "K", "O", ":", "w"] {
        desk.press(key);
        assert_ne!(desk.app.lesson(), below.as_ref(), "{key}");
        desk.press("<esc>");
        assert_eq!(desk.app.lesson(), below.as_ref(), "{key}");
    }
    desk.press(":deploy<enter>");
    let (title, lesson) = desk.app.lesson().cloned().unwrap();
    assert_eq!(title, "Deployment");
    assert!(lesson.shell.to_string().contains("kubectl get deployments"), "{}", lesson.shell);
}

#[test]
fn a_screen_begins_in_the_environment_that_has_the_focus() {
    for width in [80, 140] {
        for env in [0, 1, 2] {
            for key in ["w", "S", "E", "f", "p", "i", "K", "A"] {
                let mut desk = sized(width, three);
                // The tree has the focus last where nothing of it is selected.
                for back in ["", "1"] {
                    desk.press(&format!("{}{back}{key}", env + 2));
                    assert_eq!(desk.app.view_env(), Some(Env(env)), "{key} from {env} at {width}");
                    desk.press("<esc>");
                }
            }
        }
    }
}

#[test]
fn a_screen_begins_in_the_environment_of_the_screen_below() {
    let mut desk = sized(140, three);
    desk.press("f>>");
    desk.press("/nothing is called so<enter>w");
    assert_eq!(desk.app.view_env(), Some(Env(2)), "an empty list is of its environment too");
}

#[test]
fn a_screen_of_no_environment_does_not_move_the_focus_below_it() {
    let mut desk = TestApp::new();
    desk.press("C>");
    assert!(desk.screen().contains("no single environment"));
    desk.press("<esc><esc>");
    assert_eq!(focused(&desk), 0);
}

#[test]
fn an_environment_that_was_asked_for_alone_is_the_first_panel_and_the_only_one() {
    let mut desk = sized(160, |facts| (facts.focused, facts.only) = (Env(1), Some(Env(1))));
    assert_eq!(panels(&mut desk), ["production"]);
    for keys in ["2", ">", "<tab><tab>", "3"] {
        desk.press(keys);
        assert_eq!(focused(&desk), 1, "{keys}");
    }
}
