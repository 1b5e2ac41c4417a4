//! The log's screens and keys, on handmade lines.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::Logs;
use super::feed::Batch;
use crate::app::key::parse_keys;
use crate::app::test_support::facts;
use crate::app::{App, Effect, Keymap, Msg, OnScreen, Ticket};
use crate::cluster::logs::LogSource;
use crate::commands::COMMANDS;
use crate::model::Env;
use crate::model::log::{LogEvent, LogLine};
use crate::runtime::{PictureFormat, picture};
use crate::theme::{Depth, Theme};
use crate::views::home::Home;

/// A cockpit with an opened log.
struct LogScreen {
    app: App,
    source: LogSource,
    ticket: Ticket,
    terminal: Terminal<TestBackend>,
}

impl LogScreen {
    fn open(object: &str, size: (u16, u16)) -> Self {
        let theme = Theme::load("terminal", Depth::None, true).unwrap();
        let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
        let mut app = App::new(facts(), theme, keymap, COMMANDS, Box::new(Home::new()));
        let source = LogSource::for_object(Env(0), &object.parse().unwrap()).unwrap();
        let mut effects = Vec::new();
        app.open(Box::new(Logs::new(source.clone())), &mut effects);
        let ticket = effects.iter().find_map(|effect| match effect {
            Effect::Task(ticket, _) => Some(*ticket),
            _ => None,
        });
        let terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        Self { app, source, ticket: ticket.unwrap(), terminal }
    }

    fn hears(&mut self, events: impl IntoIterator<Item = LogEvent>) {
        let mut batch = Batch::default();
        events.into_iter().for_each(|event| batch.take(event, &self.source));
        self.app.update(Msg::Reply { ticket: self.ticket, payload: Box::new(batch), pending: None });
    }

    fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in parse_keys(keys).unwrap() {
            self.screen();
            effects.extend(self.app.update(Msg::Key(key)));
        }
        effects
    }

    fn screen(&mut self) -> String {
        self.terminal.draw(|frame| self.app.render(frame)).unwrap();
        picture(self.terminal.backend().buffer(), PictureFormat::Text, false)
    }

    /// Returns the text of the selected line.
    fn selected(&mut self) -> String {
        let screen = self.screen();
        let line = screen.lines().find_map(|line| line.strip_prefix("|> ")).unwrap();
        line.trim_end_matches('|').trim().to_owned()
    }
}

fn line(second: i64, text: &str) -> LogLine {
    LogLine {
        at: jiff::Timestamp::from_second(second).ok(),
        pod: "web-7d9f".into(),
        container: "main".into(),
        line: text.to_owned(),
    }
}

fn numbered(count: i64) -> LogEvent {
    LogEvent::Lines((0..count).map(|number| line(number, &format!("line {number}"))).collect())
}

fn controller(level: &str, name: &str, message: &str, error: &str) -> LogLine {
    let text = serde_json::json!({
        "level": level, "ts": "1970-01-01T00:00:00Z", "msg": message, "error": error,
        "controllerKind": "Kustomization", "controllerGroup": "kustomize.toolkit.fluxcd.io",
        "Kustomization": {"name": name, "namespace": "flux-system"}, "revision": "main@sha1:d5164ba2831908c0",
    });
    line(3, &text.to_string())
}

const POD: &str = "Pod/web/web-7d9f";
const KUSTOMIZATION: &str = "Kustomization/flux-system/apps";

#[test]
fn what_is_not_there_yet_says_so() {
    let mut cockpit = LogScreen::open(POD, (80, 24));
    assert_snapshot!("connecting", cockpit.screen());
    cockpit.hears([]);
    assert!(cockpit.screen().contains("waiting for the first line"));
    cockpit.hears([LogEvent::Ended("cannot follow pod web/web-7d9f: not found".to_owned())]);
    assert_snapshot!("ended", cockpit.screen());
    assert!(cockpit.press("<enter>").iter().any(|effect| matches!(effect, Effect::Task(..))));
    assert!(cockpit.screen().contains("connecting"));
}

#[test]
fn a_controllers_log_is_shown_readable_and_only_of_the_object() {
    let mut cockpit = LogScreen::open(KUSTOMIZATION, (120, 36));
    cockpit.hears([LogEvent::Lines(vec![
        controller("info", "other", "server-side apply completed", ""),
        controller("error", "apps", "Reconciliation failed after 3s, next try in 1m0s", "no matches for kind Nonsense"),
        controller("info", "apps", "server-side apply completed", ""),
    ])]);
    assert_snapshot!("object", cockpit.screen());
    cockpit.press("a");
    assert_snapshot!("controller", cockpit.screen());
    cockpit.press("ao");
    assert!(cockpit.screen().contains(r#"{"level":"info","ts""#));
}

#[test]
fn a_log_without_a_word_about_the_object_says_what_to_do() {
    let mut cockpit = LogScreen::open(KUSTOMIZATION, (80, 24));
    cockpit.hears([LogEvent::Lines(vec![controller("info", "other", "done", "")])]);
    assert_snapshot!("nothing_about_it", cockpit.screen());
}

#[test]
fn the_end_is_followed_until_the_operator_scrolls_up() {
    let mut cockpit = LogScreen::open(POD, (80, 24));
    cockpit.hears([numbered(100)]);
    assert!(cockpit.selected().ends_with("line 99"));
    cockpit.press("kk");
    cockpit.hears([numbered(50)]);
    assert!(cockpit.selected().ends_with("line 97"), "{}", cockpit.selected());
    assert!(cockpit.screen().contains("G follows"));
    cockpit.press("G");
    cockpit.hears([LogEvent::Lines(vec![line(9, "the last")])]);
    assert!(cockpit.selected().ends_with("the last"));
    cockpit.press("g");
    assert!(cockpit.selected().ends_with("line 0"));
}

#[test]
fn the_place_stays_while_older_lines_fall_out_and_all_losses_are_counted() {
    let mut cockpit = LogScreen::open(POD, (120, 36));
    cockpit.hears([numbered(1000)]);
    cockpit.press("kkk");
    let before = cockpit.selected();
    cockpit.hears([numbered(19_500), LogEvent::Lost(7)]);
    assert_eq!(cockpit.selected(), before);
    let screen = cockpit.screen();
    assert!(screen.contains("20000 lines  500 older fell out  7 LOST"), "{screen}");
}

#[test]
fn a_filter_shows_matches_and_n_goes_from_one_to_the_next_among_all() {
    let mut cockpit = LogScreen::open(POD, (80, 24));
    cockpit.hears([numbered(100)]);
    cockpit.press("/line 9<enter>");
    assert!(cockpit.screen().contains("11 of 100 lines"));
    cockpit.hears([numbered(10)]);
    assert!(cockpit.screen().contains("12 of 110 lines"));
    cockpit.press("mg");
    assert!(cockpit.selected().ends_with("line 0"));
    cockpit.press("n");
    assert!(cockpit.selected().ends_with("line 9"));
    cockpit.press("nn");
    assert!(cockpit.selected().ends_with("line 91"));
    cockpit.press("N");
    assert_snapshot!("around_matches", cockpit.screen());
    cockpit.press("/<esc>");
    assert!(cockpit.screen().contains("110 lines"));
    cockpit.press("/nowhere<enter>m");
    assert!(cockpit.screen().contains("no line has `nowhere`"));
}

#[test]
fn long_lines_are_cut_panned_or_wrapped_and_cannot_steer_the_terminal() {
    let mut cockpit = LogScreen::open(POD, (80, 24));
    let long = format!("\x1b[31m{} finis", "word ".repeat(40));
    cockpit.hears([LogEvent::Lines(vec![line(1, "short"), line(2, &long), line(3, "\u{9b}after")])]);
    assert!(
        !cockpit.screen().contains("finis")
            && !cockpit.screen().contains('\x1b')
            && !cockpit.screen().contains('\u{9b}')
    );
    cockpit.press("<right><right><right><right><right><right><right><right>");
    assert!(cockpit.screen().contains("finis"));
    cockpit.press("w");
    assert_snapshot!("wrapped", cockpit.screen());
    cockpit.press("T");
    assert!(!cockpit.screen().contains("00:00:01Z"));
}

#[test]
fn a_page_of_wrapped_lines_holds_what_is_selected() {
    let mut cockpit = LogScreen::open(POD, (80, 24));
    let lines = (0..200).map(|number| {
        line(number, &format!("line {number} {}", "word ".repeat(usize::try_from(number % 60).unwrap())))
    });
    cockpit.hears([LogEvent::Lines(lines.collect())]);
    cockpit.press("w");
    for keys in ["k", "kkkkkkkk", "<ctrl-u>", "<ctrl-u>", "g", "jjjjjjjjjjjj", "<ctrl-d>", "<ctrl-d>", "G"] {
        cockpit.press(keys);
        assert!(cockpit.selected().contains("line "), "after {keys}");
    }
    assert!(cockpit.selected().contains("line 199"));
}

#[test]
fn several_pods_are_told_apart_and_events_show() {
    let mut cockpit = LogScreen::open(KUSTOMIZATION, (120, 36));
    let mut other = line(2, "E0101 00:00:02.1 1 x.go:1] of the other");
    other.pod = "kustomize-controller-6b7c8d9f-abcde".into();
    cockpit.hears([LogEvent::Lines(vec![line(1, "of one"), other])]);
    cockpit.press("a");
    assert!(cockpit.screen().contains("following 2 pods"));
    cockpit.hears([LogEvent::Interrupted("web-7d9f: the stream broke".to_owned())]);
    assert_snapshot!("pods", cockpit.screen());
    cockpit.hears([LogEvent::Following("web-8".to_owned())]);
    assert!(cockpit.screen().contains("following"));
}

#[test]
fn a_line_is_copied_as_it_was_written_but_for_what_steers() {
    let mut cockpit = LogScreen::open(POD, (80, 24));
    assert!(!cockpit.press("c").iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Copy(_)))));
    cockpit.hears([LogEvent::Lines(vec![line(1, r#"{"msg":"a"}"#)])]);
    let copied = cockpit
        .press("c")
        .into_iter()
        .find_map(|effect| if let Effect::OnScreen(OnScreen::Copy(text)) = effect { Some(text) } else { None });
    assert_eq!(copied.as_deref(), Some(r#"{"msg":"a"}"#));
    let steering = "\u{1b}[31mred\u{1b}[0m\tb\u{1b}]52;c;eA==\u{7}\u{202e}c\r";
    assert_eq!(super::pasted(steering), "red\tb\\u{1b}]52;c;eA==\\u{7}\\u{202e}c\\r");
}
