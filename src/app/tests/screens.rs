//! The rules for all screens and dialogs.

use std::path::{Path, PathBuf};

use super::TestApp;
use crate::app::{Effect, Msg, OnScreen};

/// Keys that each open a different screen from home.
const SCREENS: &[&str] =
    &["f", "p", "i", "K", "C", "I", "E", "w", "S", "M", "v", "O", "J", "A", "?", "T", "d", "y", "l", "H", "@"];

/// Screens without a filter: their content is short, or changes by itself.
const NOT_FILTERED: &[&str] = &["git", "lesson", "operations", "secrets"];

/// Screens in which esc first stops the running work.
const STOPPED_FIRST: &[&str] = &["history"];

fn quits(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Quit)))
}

/// Opens a screen, and returns its id.
fn opened(keys: &str) -> (TestApp, &'static str) {
    let mut cockpit = TestApp::new();
    cockpit.press("jk");
    cockpit.press(keys);
    let id = cockpit.app.view_id();
    assert_ne!(id, "home", "{keys}");
    (cockpit, id)
}

#[test]
fn q_goes_back_and_ends_at_the_root_alone() {
    for keys in SCREENS {
        let (mut cockpit, id) = opened(keys);
        assert!(!quits(&cockpit.press("q")), "{id}");
        assert_eq!(cockpit.app.view_id(), "home", "{id}");
        assert!(quits(&cockpit.press("q")), "{id}");
        // ctrl-c quits from everywhere, as in other terminal programs.
        let (mut cockpit, id) = opened(keys);
        assert!(quits(&cockpit.press("<ctrl-c>")), "{id}");
    }
}

/// Tells whether the line above the footer has a text: the journal lists notices as its content.
fn tells(cockpit: &mut TestApp, text: &str) -> bool {
    cockpit.screen().lines().rev().nth(1).is_some_and(|line| line.contains(text))
}

#[test]
fn a_notice_goes_with_the_screen_that_shows_it_and_waits_below_a_dialog() {
    for keys in SCREENS {
        let mut cockpit = TestApp::new();
        cockpit.press("jk");
        cockpit.app.update(Msg::Told(Ok("something ended".to_owned())));
        assert!(tells(&mut cockpit, "something ended"));
        cockpit.press(keys);
        let id = cockpit.app.view_id();
        assert!(!tells(&mut cockpit, "something ended"), "{id}");
        cockpit.app.update(Msg::Told(Ok("another ended".to_owned())));
        assert!(tells(&mut cockpit, "another ended"), "{id}");
        while cockpit.app.view_id() != "home" {
            cockpit.press("<esc>");
        }
        assert!(!tells(&mut cockpit, "ended"), "{id}: {}", cockpit.screen());
    }
    let mut cockpit = TestApp::new();
    cockpit.app.update(Msg::Told(Ok("something ended".to_owned())));
    cockpit.press("s");
    let screen = cockpit.screen();
    assert!(cockpit.app.view_id() == "prompt" && !tells(&mut cockpit, "something ended"), "{screen}");
    cockpit.press("<esc>");
    assert!(tells(&mut cockpit, "something ended"));
}

#[test]
fn the_lesson_of_a_command_stays_on_the_screen_that_it_ran_on() {
    let mut cockpit = TestApp::new();
    cockpit.press("jR");
    assert!(cockpit.screen().contains("flux reconcile kustomization monitoring"));
    cockpit.press("O");
    assert!(!cockpit.screen().contains("flux reconcile kustomization monitoring"), "{}", cockpit.screen());
    cockpit.press("<esc>");
    assert!(cockpit.screen().contains("flux reconcile kustomization monitoring"), "{}", cockpit.screen());
}

#[test]
fn a_key_without_effect_says_why_and_the_footer_leaves_it_out() {
    let has = |cockpit: &TestApp, key: &str| cockpit.app.footer_keys().iter().any(|(known, _)| known == key);
    let mut cockpit = TestApp::new();
    assert!(!has(&cockpit, "X"));
    cockpit.press("X");
    assert!(cockpit.screen().contains("no operation runs"), "{}", cockpit.screen());
    cockpit.press("?/cancel<enter>");
    assert!(cockpit.screen().contains("Not now: no operation runs."), "{}", cockpit.screen());
    cockpit.press("<esc><esc>:cancel");
    assert!(cockpit.screen().contains("Stop the last operation: no operation runs"), "{}", cockpit.screen());
    cockpit.press("<enter>");
    assert!(cockpit.app.view_id() == "home" && cockpit.screen().contains("no operation runs"));
    cockpit.press("R");
    assert!(has(&cockpit, "X"), "an operation runs now");
    let (mut cockpit, _) = opened("O");
    assert!(!has(&cockpit, "X"));
    cockpit.press("X");
    assert!(cockpit.screen().contains("no operation is selected"), "{}", cockpit.screen());
}

#[test]
fn an_answer_to_a_key_ends_with_the_next_key_and_news_with_the_next_command() {
    let mut cockpit = TestApp::new();
    cockpit.press("X");
    assert!(cockpit.screen().contains("no operation runs"), "{}", cockpit.screen());
    cockpit.press("j");
    assert!(!cockpit.screen().contains("no operation runs"), "{}", cockpit.screen());
    cockpit.app.update(Msg::Told(Ok("something ended".to_owned())));
    cockpit.press("j");
    assert!(cockpit.screen().contains("something ended"), "{}", cockpit.screen());
    cockpit.press("t");
    assert!(!cockpit.screen().contains("something ended"), "{}", cockpit.screen());
}

#[test]
fn esc_goes_back_from_every_screen_though_a_notice_is_shown() {
    for keys in SCREENS {
        let (mut cockpit, id) = opened(keys);
        if STOPPED_FIRST.contains(&id) {
            cockpit.press("<esc>");
        }
        cockpit.app.update(Msg::Told(Ok("something ended".to_owned())));
        cockpit.press("<esc>");
        assert_eq!(cockpit.app.view_id(), "home", "{id}");
        assert!(!cockpit.screen().contains("something ended"), "{id}");
    }
}

#[test]
fn a_filter_stands_in_the_title_of_every_screen_and_esc_lifts_it_first() {
    for keys in SCREENS {
        let (mut cockpit, id) = opened(keys);
        if STOPPED_FIRST.contains(&id) {
            cockpit.press("<esc>");
        }
        cockpit.press("/zzz<enter>");
        let screen = cockpit.screen();
        if NOT_FILTERED.contains(&id) {
            continue;
        }
        assert!(!screen.contains("there is nothing to filter here"), "{id}: {screen}");
        let title = screen.lines().nth(1).unwrap_or_default();
        assert!(title.contains(" zzz "), "{id}: {screen}");
        cockpit.press("<esc>");
        assert_eq!(cockpit.app.view_id(), id);
        assert!(!cockpit.screen().contains(" zzz "), "{id}: {}", cockpit.screen());
        cockpit.press("<esc>");
        assert_eq!(cockpit.app.view_id(), "home", "{id}");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// On screens with text input the footer cannot be built from the commands: each of them lists its keys, and the one
/// that leads back.
#[test]
fn whatever_takes_text_lists_its_keys_in_the_footer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root.join("views"), &mut files);
    sources(&root.join("app/dialog"), &mut files);
    let mut count = 0;
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for part in text.split("\nimpl View for ").skip(1).filter(|part| part.contains("fn takes_text(&self)")) {
            let keys = part.split_once("fn text_keys(&self)").map(|(_, rest)| rest.split("\n    }\n").next().unwrap());
            assert!(keys.is_some_and(|keys| keys.contains("(\"esc\", ")), "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 12, "{count}");
}

/// Opens a screen and goes back, as often as that; the last opening stays.
fn pods_opened(times: usize) -> TestApp {
    let mut cockpit = TestApp::new();
    for _ in 1..times {
        cockpit.press("p<esc>");
    }
    cockpit.press("p");
    cockpit
}

#[test]
fn a_lesson_that_was_met_often_is_its_command_alone_and_a_key_shows_all_of_it() {
    assert!(pods_opened(5).screen().contains("Why: "));
    let mut cockpit = pods_opened(6);
    let short = cockpit.screen();
    assert!(short.contains("met 6 times: t shows all of it") && !short.contains("Why: "), "{short}");
    assert!(short.contains("kubectl get pods"), "{short}");
    assert!(cockpit.press("t").iter().any(|effect| matches!(effect, Effect::OnScreen(_))));
    let whole = cockpit.screen();
    assert!(whole.contains("Why: ") && !whole.contains("met 6 times"), "{whole}");
    cockpit.press("t");
    assert!(!cockpit.screen().contains("kubectl get pods"));
}

#[test]
fn lessons_are_shown_the_first_time_or_never_as_the_user_says_and_that_is_kept() {
    use crate::model::{LessonHabits, LessonMode};
    let mut cockpit = TestApp::new();
    cockpit.app.show_lessons(LessonMode::First);
    cockpit.press("p");
    assert!(cockpit.screen().contains("Why: "));
    cockpit.press("<esc>p");
    assert!(cockpit.screen().contains("met 2 times"));
    cockpit.app.show_lessons(LessonMode::Never);
    assert!(!cockpit.screen().contains("kubectl get pods"));
    cockpit.press("t");
    assert!(cockpit.screen().contains("kubectl get pods"));
    // What earlier runs said counts where this one said nothing.
    let mut cockpit = TestApp::new();
    let met = [("Pods".to_owned(), 9)].into();
    cockpit.app.update(Msg::Lessons(LessonHabits { mode: None, met }));
    let kept = cockpit.press("p").into_iter().find_map(|effect| match effect {
        Effect::KeepLessons(habits) => Some(habits),
        _ => None,
    });
    assert_eq!(kept.map(|habits| habits.met["Pods"]), Some(10));
    assert!(cockpit.screen().contains("met 10 times"));
    cockpit.press(":lessons<enter>");
    assert!(tells(&mut cockpit, "the first time"), "{}", cockpit.screen());
}

#[test]
fn the_lesson_of_a_selection_is_counted_once_a_session_for_its_kind() {
    use crate::model::{Env, LessonHabits, LessonMode, State};
    let page = (crate::kinds::KUSTOMIZATION.lesson)("production", None).docs.into_owned();
    let seen = |times: u32, mode: Option<LessonMode>| {
        let mut cockpit = TestApp::new();
        cockpit.rows(Env(0), &[("apps", State::Ready), ("monitoring", State::Ready)]);
        cockpit.app.update(Msg::Lessons(LessonHabits { mode, met: [(page.clone(), times)].into() }));
        cockpit.press("2jjkjk");
        (cockpit.app.habits.met.get(&page).copied(), cockpit.screen())
    };
    let (counted, whole) = seen(0, None);
    assert_eq!(counted, Some(1), "once, however often the selection moves");
    assert!(whole.contains("Why: ") && !whole.contains("met "), "{whole}");
    let (_, short) = seen(5, None);
    assert!(short.contains("met 6 times: t shows all of it") && !short.contains("Why: "), "{short}");
    assert!(seen(1, Some(LessonMode::First)).1.contains("met 2 times"));
}

#[test]
fn help_begins_with_what_is_selected_and_enter_explains_it() {
    let mut cockpit = TestApp::new();
    cockpit.press("jk?");
    let help = cockpit.screen();
    assert!(help.contains("What is selected: enter explains it") && help.contains("Kustomization"), "{help}");
    cockpit.press("<enter>");
    assert_eq!(cockpit.app.view_id(), "explain");
    let explained = cockpit.screen();
    assert!(explained.contains("explain: Kustomization") && explained.contains("--context"), "{explained}");
    cockpit.press("<esc>");
    assert_eq!(cockpit.app.view_id(), "home", "help made way for what it led to");
}
