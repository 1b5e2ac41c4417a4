//! Marks and focus never choose another cluster than the one on the screen.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{TestApp, operations};
use crate::app::{CommandTarget, Effect, Facts, Msg};
use crate::cluster::WatchEvent;
use crate::kinds;
use crate::model::{Connection, Env, State};

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
    let mut cockpit = TestApp::with(change);
    resize(&mut cockpit, width);
    cockpit
}

fn resize(cockpit: &mut TestApp, width: u16) {
    cockpit.terminal = Terminal::new(TestBackend::new(width, 40)).unwrap();
    cockpit.draw();
}

fn acted(effects: &[Effect]) -> Vec<(u8, String)> {
    operations(effects).into_iter().map(|(env, object)| (env.unwrap().0, object)).collect()
}

fn only(env: u8, object: &str) -> Vec<(u8, String)> {
    vec![(env, object.to_owned())]
}

/// The environments whose panels are on the screen, from the left.
fn panels(cockpit: &mut TestApp) -> Vec<&'static str> {
    let screen = cockpit.screen();
    let titles = screen.lines().nth(1).unwrap_or_default();
    let mut found: Vec<(usize, &'static str)> =
        ["staging", "production", "dev"].into_iter().filter_map(|name| Some((titles.find(name)?, name))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

/// The line of the panels' titles.
fn title(cockpit: &mut TestApp) -> String {
    cockpit.screen().lines().nth(1).unwrap_or_default().to_owned()
}

fn focused(cockpit: &TestApp) -> u8 {
    match cockpit.app.targets().as_slice() {
        [CommandTarget::Object(env, _), ..] => env.0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn marks_in_one_environment_leave_the_cursor_in_another_alone() {
    let mut cockpit = TestApp::new();
    cockpit.press("3<space>j<space>");
    assert!(cockpit.screen().contains("2 marked"));
    let effects = cockpit.press("2R");
    assert_eq!(acted(&effects), only(0, APPS));
    assert!(cockpit.screen().contains("2 marked"), "what was done elsewhere leaves them as they are");
    cockpit.press("3R");
    let asked = cockpit.screen();
    assert!(asked.contains(APPS) && asked.contains(MONITORING), "{asked}");
    assert_eq!(cockpit.press("y").iter().filter(|effect| matches!(effect, Effect::Operate(..))).count(), 2);
    assert!(!cockpit.screen().contains("marked"));
}

#[test]
fn marks_begin_anew_in_another_environment_and_on_another_screen() {
    let mut cockpit = TestApp::new();
    cockpit.press("3<space>j<space>2<space>");
    let screen = cockpit.screen();
    assert!(screen.contains("2 marked in production no longer") && screen.contains("  1 marked"), "{screen}");
    cockpit.press("f");
    assert!(!title(&mut cockpit).contains("marked"), "the marks of home are not the list's");
    cockpit.press("j<space>");
    assert!(cockpit.screen().contains("1 marked in staging no longer"));
    assert_eq!(acted(&cockpit.press("R")), only(0, MONITORING));
    cockpit.press("<space>><space>");
    let list = title(&mut cockpit);
    assert!(list.contains("production  kustomizations") && list.contains("  1 marked"), "{list}");
    cockpit.press("]");
    assert!(!title(&mut cockpit).contains("marked"), "another kind is another list");
}

#[test]
fn escape_takes_marks_away_before_it_goes_back() {
    let mut cockpit = TestApp::new();
    cockpit.press("<space>j<space><esc>");
    assert!(!cockpit.screen().contains("marked"));
    assert_eq!(acted(&cockpit.press("R")), only(0, MONITORING));
    cockpit.press("f<space><esc>");
    assert_eq!(cockpit.app.view_id(), "list");
    cockpit.press("<esc>");
    assert_eq!(cockpit.app.view_id(), "home");
    cockpit.press("f<space>");
    cockpit.press("<esc><esc>f");
    assert!(!cockpit.screen().contains("marked"));
}

#[test]
fn marks_go_with_what_was_done_to_them() {
    let mut cockpit = TestApp::new();
    assert_eq!(acted(&cockpit.press("<space>j<space>R")).len(), 2);
    assert_eq!(acted(&cockpit.press("R")), only(0, MONITORING));
}

#[test]
fn what_is_out_of_sight_is_counted_and_not_acted_on() {
    let mut cockpit = TestApp::new();
    cockpit.press("<space>j<space>/apps<enter>");
    assert!(cockpit.screen().contains("2 marked, 1 out of sight"));
    assert_eq!(acted(&cockpit.press("R")), only(0, APPS));

    // An object that is gone from the cluster loses its mark, and a new one by its name has none.
    let mut cockpit = TestApp::new();
    cockpit.press("<space>j<space>");
    let gone = WatchEvent::Gone(vec![super::row("monitoring", State::Ready).key]);
    cockpit.watched(Env(0), cockpit.generations[&(Env(0), "Kustomization")], gone);
    assert!(cockpit.screen().contains("2 marked, 1 out of sight"));
    assert_eq!(acted(&cockpit.press("R")), only(0, APPS));
    cockpit.rows(Env(0), &[("monitoring", State::Ready)]);
    assert!(!cockpit.screen().contains("marked"));
}

#[test]
fn what_is_opened_is_what_is_selected_whatever_is_marked() {
    for keys in ["<space>jd", "<space>j:describe<enter>", "<space>j<enter>"] {
        let mut cockpit = TestApp::new();
        cockpit.press(keys);
        let targets = cockpit.app.targets();
        assert!(
            matches!(targets.as_slice(), [CommandTarget::Object(_, object)] if object.to_string() == MONITORING),
            "{keys}"
        );
    }
}

#[test]
fn a_confirmation_shows_every_object() {
    let mut cockpit = TestApp::new();
    let names: Vec<String> = (0..12).map(|number| format!("app-{number:02}")).collect();
    let rows: Vec<(&str, State)> = names.iter().map(|name| (name.as_str(), State::Ready)).collect();
    cockpit.rows(Env(1), &rows);
    cockpit.press("3");
    for _ in 0..14 {
        cockpit.press("<space>j");
    }
    cockpit.press("RR");
    let mut seen = cockpit.screen();
    for _ in 0..12 {
        cockpit.press("<down>");
        seen.push_str(&cockpit.screen());
    }
    for name in &names {
        assert!(seen.contains(&format!("Kustomization/flux-system/{name}")), "{name}");
    }
}

#[test]
fn a_number_means_the_same_environment_at_every_width() {
    for width in [50, 80, 140, 200] {
        let mut cockpit = sized(width, three);
        for (key, env) in [("3", 1), ("2", 0), ("4", 2), ("3", 1), ("9", 1)] {
            cockpit.press(key);
            assert_eq!(focused(&cockpit), env, "{key} at {width}");
        }
        cockpit.press("S");
        for (key, env) in [("2", 0), ("3", 1), ("4", 2), ("9", 2)] {
            cockpit.press(key);
            assert_eq!(cockpit.app.view_env(), Some(Env(env)), "{key} among the secrets at {width}");
        }
    }
}

#[test]
fn the_focus_moves_and_the_panels_stay_in_their_order() {
    let mut cockpit = TestApp::new();
    for env in [1, 0, 1] {
        cockpit.press(">");
        assert_eq!((focused(&cockpit), panels(&mut cockpit)), (env, vec!["staging", "production"]));
    }
    let mut cockpit = sized(140, three);
    let pairs = [(1, ["staging", "production"]), (2, ["production", "dev"]), (0, ["staging", "production"])];
    for (env, pair) in pairs {
        cockpit.press(">");
        assert_eq!((focused(&cockpit), panels(&mut cockpit)), (env, pair.to_vec()));
    }
    for (env, pair) in [(2, ["production", "dev"]), (1, ["production", "dev"]), (0, ["staging", "production"])] {
        cockpit.press("<lt>");
        assert_eq!((focused(&cockpit), panels(&mut cockpit)), (env, pair.to_vec()));
    }
    cockpit.press("1>");
    assert_eq!(focused(&cockpit), 0, "from the tree, to the one that had the focus last");
}

#[test]
fn another_width_keeps_the_focus_and_the_lesson() {
    let mut cockpit = sized(140, three);
    cockpit.press("4j");
    let (targets, lesson) = (cockpit.app.targets(), cockpit.app.lesson().cloned());
    assert!(lesson.is_some());
    for width in [80, 50, 200, 140] {
        resize(&mut cockpit, width);
        cockpit.app.update(crate::app::Msg::Rested);
        assert_eq!(
            (cockpit.app.targets(), cockpit.app.lesson().cloned()),
            (targets.clone(), lesson.clone()),
            "{width}"
        );
        assert!(panels(&mut cockpit).contains(&"dev"), "{width}");
    }
}

#[test]
fn a_screen_gives_the_lesson_of_the_one_below_back() {
    let mut cockpit = sized(140, three);
    cockpit.press("2j");
    cockpit.app.update(crate::app::Msg::Rested);
    let below = cockpit.app.lesson().cloned();
    for key in ["p", "f", "K", "O", ":", "w"] {
        cockpit.press(key);
        assert_ne!(cockpit.app.lesson(), below.as_ref(), "{key}");
        cockpit.press("<esc>");
        assert_eq!(cockpit.app.lesson(), below.as_ref(), "{key}");
    }
    cockpit.press(":deploy<enter>");
    let (title, lesson) = cockpit.app.lesson().cloned().unwrap();
    assert_eq!(title, "Deployment");
    assert!(lesson.shell.to_string().contains("kubectl get deployments"), "{}", lesson.shell);
}

#[test]
fn a_screen_begins_in_the_environment_that_has_the_focus() {
    for width in [80, 140] {
        for env in [0, 1, 2] {
            for key in ["w", "S", "E", "f", "p", "i", "K", "A"] {
                let mut cockpit = sized(width, three);
                // In the second round the tree has the focus, without a selected environment.
                for back in ["", "1"] {
                    cockpit.press(&format!("{}{back}{key}", env + 2));
                    assert_eq!(cockpit.app.view_env(), Some(Env(env)), "{key} from {env} at {width}");
                    cockpit.press("<esc>");
                }
            }
        }
    }
}

#[test]
fn a_screen_begins_in_the_environment_of_the_screen_below() {
    let mut cockpit = sized(140, three);
    cockpit.press("f>>");
    cockpit.press("/nothing is called so<enter>w");
    assert_eq!(cockpit.app.view_env(), Some(Env(2)), "an empty list is of its environment too");
}

#[test]
fn a_screen_of_no_environment_does_not_move_the_focus_below_it() {
    let mut cockpit = TestApp::new();
    cockpit.press("C>");
    assert!(cockpit.screen().contains("no single environment"));
    cockpit.press("<esc><esc>");
    assert_eq!(focused(&cockpit), 0);
}

#[test]
fn an_environment_that_was_asked_for_alone_is_the_first_panel_and_the_only_one() {
    let mut cockpit = sized(160, |facts| (facts.focused, facts.only) = (Env(1), Some(Env(1))));
    assert_eq!(panels(&mut cockpit), ["production"]);
    for keys in ["2", ">", "<tab><tab>", "3"] {
        cockpit.press(keys);
        assert_eq!(focused(&cockpit), 1, "{keys}");
    }
}

/// Lets every kind of an environment answer, with these Kustomizations.
fn answers(cockpit: &mut TestApp, env: u8, rows: &[(&str, State)]) {
    cockpit.rows(Env(env), rows);
    let known: Vec<_> =
        cockpit.generations.iter().filter(|((of, _), _)| *of == Env(env)).map(|(key, one)| (key.1, *one)).collect();
    for (kind, generation) in known {
        let Some(kind) = kinds::find(kind) else { continue };
        let change = WatchEvent::Link(Connection::Live);
        cockpit.app.update(Msg::Watched { env: Env(env), kind, generation, change, pending: None });
    }
}

const HEALTHY: &[(&str, State)] = &[("apps", State::Ready), ("monitoring", State::Ready)];
const WAITS: &[(&str, State)] = &[("apps", State::Waiting), ("monitoring", State::Ready)];
const FAILED: &[(&str, State)] = &[("apps", State::Ready), ("monitoring", State::Failed)];

#[test]
fn the_focus_begins_where_the_worst_problem_is_once_all_environments_are_listed() {
    let suspended = [("apps", State::Ready), ("monitoring", State::Suspended)];
    for (staging, production, env) in [
        (HEALTHY, FAILED, 1),
        (HEALTHY, HEALTHY, 0),
        (WAITS, FAILED, 1),
        (FAILED, WAITS, 0),
        (FAILED, FAILED, 0),
        (HEALTHY, &suspended, 0),
    ] {
        for order in [[0, 1], [1, 0]] {
            let mut cockpit = TestApp::new();
            for one in order {
                assert_eq!(cockpit.app.facts.focused, Env(0), "not all are listed");
                answers(&mut cockpit, one, if one == 0 { staging } else { production });
            }
            assert_eq!(focused(&cockpit), env, "{staging:?} {production:?}");
            // It moves once: what happens later leaves it where it is.
            answers(&mut cockpit, 1, FAILED);
            answers(&mut cockpit, 0, HEALTHY);
            assert_eq!(focused(&cockpit), env);
        }
    }
}

#[test]
fn the_focus_does_not_move_under_the_users_hands() {
    let begun = |change: fn(&mut Facts)| {
        let mut cockpit = TestApp::with(change);
        answers(&mut cockpit, 0, HEALTHY);
        cockpit
    };
    let mut cockpit = begun(|_| {});
    cockpit.press("j");
    answers(&mut cockpit, 1, FAILED);
    assert_eq!(focused(&cockpit), 0, "a key was pressed");
    let mut cockpit = begun(|facts| facts.only = Some(Env(0)));
    answers(&mut cockpit, 1, FAILED);
    assert_eq!(focused(&cockpit), 0, "the user named the environment");
    for (seconds, env) in [(1, 1), (3, 0)] {
        let mut cockpit = begun(|_| {});
        let now = cockpit.app.facts.now + jiff::SignedDuration::from_secs(seconds);
        cockpit.app.update(Msg::Time(now));
        answers(&mut cockpit, 1, FAILED);
        assert_eq!(focused(&cockpit), env, "the first list could be read for {seconds} s");
    }
}
