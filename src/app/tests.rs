//! The engine by its keys: what a key does to the state, and what it makes the outside do.

mod focus;
mod keys;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::key::parse_keys;
use super::test_support::facts;
use super::{App, Effect, Keymap, Msg, OnScreen, Ticket};
use crate::cluster::WatchEvent;
use crate::commands::COMMANDS;
use crate::kinds;
use crate::model::{
    Connection, Env, Exposure, Fault, FaultKind, FluxFacts, Outcome, PerEnv, Protection, Row, RowKey, State,
};
use crate::render::BuildProgress;
use crate::repo::{Snapshot, template};
use crate::theme::{Depth, Theme};
use crate::views::home::Home;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// A cockpit with two Kustomizations in both environments, driven by keys.
struct TestApp {
    app: App,
    terminal: Terminal<TestBackend>,
    generations: BTreeMap<(Env, &'static str), u64>,
}

impl TestApp {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut super::Facts)) -> Self {
        let mut facts = facts();
        change(&mut facts);
        let (environments, read_only) =
            (facts.environments.iter().map(|(_, known)| known.clone()).collect(), facts.read_only);
        let theme = Theme::load("terminal", Depth::None, true).unwrap();
        let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
        let app = App::new(facts, theme, keymap, COMMANDS, Box::new(Home::new()));
        let mut desk =
            Self { app, terminal: Terminal::new(TestBackend::new(140, 40)).unwrap(), generations: BTreeMap::new() };
        let count = desk.app.facts.environments.len();
        let effects = desk.app.update(Msg::Environments(environments, vec![None; count]));
        desk.app.facts.read_only = read_only;
        for effect in effects {
            if let Effect::Watch { env, kind, generation } = effect {
                desk.generations.insert((env, kind.kind), generation);
            }
        }
        for index in 0..count {
            let env = Env(u8::try_from(index).unwrap());
            desk.rows(env, &[("apps", State::Ready), ("monitoring", State::Failed)]);
        }
        desk.draw();
        desk
    }

    fn rows(&mut self, env: Env, rows: &[(&str, State)]) {
        let generation = self.generations[&(env, "Kustomization")];
        self.watched(env, generation, WatchEvent::Rows(rows.iter().map(|(name, state)| row(name, *state)).collect()));
        self.watched(env, generation, WatchEvent::Link(Connection::Live));
    }

    fn watched(&mut self, env: Env, generation: u64, change: WatchEvent) {
        self.app.update(Msg::Watched { env, kind: kinds::KUSTOMIZATION, generation, change, owed: None });
    }

    fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in parse_keys(keys).unwrap() {
            effects.extend(self.app.update(Msg::Key(key)));
            self.app.update(Msg::Rested);
            self.draw();
        }
        effects
    }

    fn draw(&mut self) {
        self.terminal.draw(|frame| self.app.render(frame)).unwrap();
    }

    fn screen(&mut self) -> String {
        self.draw();
        crate::runtime::picture(self.terminal.backend().buffer(), crate::runtime::PictureFormat::Text, false)
    }
}

fn row(name: &str, state: State) -> Row {
    Row {
        key: RowKey { namespace: "flux-system".into(), name: name.into() },
        state,
        message: if state == State::Failed { "health check failed".into() } else { "".into() },
        created: None,
        cells: Box::new([]),
        flux: Some(Box::new(FluxFacts::default())),
    }
}

fn operations(effects: &[Effect]) -> Vec<(Option<Env>, String)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Operate(_, operation) => Some((operation.env, operation.object.clone())),
            _ => None,
        })
        .collect()
}

#[test]
fn a_key_reconciles_what_is_selected_where_nothing_is_protected() {
    let mut desk = TestApp::new();
    let effects = desk.press("jR");
    assert_eq!(operations(&effects), [(Some(Env(0)), "Kustomization/flux-system/monitoring".to_owned())]);
    assert!(desk.screen().contains("flux reconcile kustomization monitoring -n flux-system --context staging"));
}

#[test]
fn what_the_selection_is_linked_with_shows_once_the_repository_is_read() {
    let folder = tempfile::tempdir().unwrap();
    template::write_into(folder.path()).unwrap();
    let snapshot = Arc::new(Snapshot::load(folder.path()));
    let mut desk = TestApp::new();
    desk.press("2");
    assert!(!desk.screen().contains("|*v apps"), "nothing is known of the files yet");
    desk.app.update(Msg::Repository(Ok(Arc::clone(&snapshot)), None));
    assert!(desk.screen().contains("|*v apps"), "{}", desk.screen());

    // While keys are coming it waits, as ever, until they rest.
    let mut desk = TestApp::new();
    for key in parse_keys("2").unwrap() {
        desk.app.update(Msg::Key(key));
    }
    desk.app.update(Msg::Repository(Ok(snapshot), None));
    assert!(!desk.screen().contains("|*v apps"));
    desk.app.update(Msg::Rested);
    assert!(desk.screen().contains("|*v apps"));
}

#[test]
fn what_could_not_be_looked_at_is_told_once_and_stands_as_old() {
    let fault = || Fault::failed("git does not list the files", "it gave no reason", "try again");
    let mut desk = TestApp::new();
    for _ in 0..2 {
        desk.app.update(Msg::Surveyed(Err(fault()), None));
    }
    assert!(desk.screen().contains("git does not list the files"), "{}", desk.screen());
    assert_eq!(desk.app.facts.notices.len(), 1);
    assert_eq!(desk.app.facts.survey_fault, Some(fault()));
    desk.app.update(Msg::Surveyed(Ok(Arc::default()), None));
    assert_eq!(desk.app.facts.survey_fault, None);
}

#[test]
fn a_long_rendering_says_how_far_it_has_come_until_it_is_done() {
    let mut desk = TestApp::new();
    desk.app.update(Msg::Building(BuildProgress { done: 40, total: 250 }));
    assert!(desk.screen().contains("rendering 40/250 ? help"), "{}", desk.screen());
    desk.app.update(Msg::Building(BuildProgress { done: 250, total: 250 }));
    assert!(!desk.screen().contains("rendering"));
}

#[test]
fn a_protected_environment_asks_first_and_no_means_no() {
    let mut desk = TestApp::new();
    assert!(operations(&desk.press("3R")).is_empty());
    let asked = desk.screen();
    assert!(asked.contains("production  PROTECTED") && asked.contains("Kustomization/flux-system/apps"), "{asked}");
    for key in ["<enter>", "R", "r", "<space>", "x"] {
        assert!(operations(&desk.press(key)).is_empty(), "{key} must not confirm");
    }
    assert!(operations(&desk.press("n")).is_empty());
    assert_eq!(desk.app.view_id(), "home");
    let effects = desk.press("Ry");
    assert_eq!(operations(&effects), [(Some(Env(1)), "Kustomization/flux-system/apps".to_owned())]);
}

#[test]
fn read_only_does_nothing_and_says_so() {
    let mut desk = TestApp::with(|facts| facts.read_only = true);
    for keys in ["R", "W", "r", "s", "<ctrl-r>", "3R", "y"] {
        assert!(operations(&desk.press(keys)).is_empty(), "{keys}");
    }
    assert!(desk.screen().contains("READ-ONLY"));
}

#[test]
fn suspending_asks_for_a_reason_and_takes_no_empty_one() {
    let mut desk = TestApp::new();
    assert!(operations(&desk.press("s<enter><enter>")).is_empty());
    assert!(desk.screen().contains("an answer is needed here"));
    let effects = desk.press("a disk is full<enter><enter>");
    assert_eq!(operations(&effects).len(), 1);
}

#[test]
fn marked_rows_go_together_and_those_out_of_sight_do_not() {
    let mut desk = TestApp::new();
    desk.press("<space>j<space>");
    assert_eq!(operations(&desk.press("R")).len(), 2);
    desk.press("/apps<enter>");
    let effects = desk.press("R");
    assert_eq!(operations(&effects), [(Some(Env(0)), "Kustomization/flux-system/apps".to_owned())]);
}

#[test]
fn pasted_text_runs_no_command() {
    let mut desk = TestApp::new();
    let effects = desk.app.update(Msg::Paste("RRRq".to_owned()));
    assert!(effects.is_empty());
    assert!(desk.screen().contains("pasted text was dropped"));
    desk.press("s");
    desk.app.update(Msg::Paste("a reason\nsecond line".to_owned()));
    assert!(desk.screen().contains("a reason_"));
}

#[test]
fn what_an_older_watch_still_sends_is_dropped() {
    let mut desk = TestApp::new();
    desk.watched(Env(0), 999, WatchEvent::Rows(vec![row("ghost", State::Ready)]));
    assert!(!desk.screen().contains("ghost"));
    desk.watched(
        Env(0),
        desk.generations[&(Env(0), "Kustomization")],
        WatchEvent::Gone(vec![row("apps", State::Ready).key]),
    );
    assert_eq!(desk.app.facts.table(Env(0), kinds::KUSTOMIZATION).unwrap().rows.len(), 1);
    assert_eq!(desk.app.facts.table(Env(1), kinds::KUSTOMIZATION).unwrap().rows.len(), 2);
}

#[test]
fn an_answer_for_a_view_that_is_gone_is_dropped() {
    let mut desk = TestApp::new();
    let effects = desk.app.update(Msg::Reply { ticket: Ticket(77), payload: Box::new("x"), owed: None });
    assert!(effects.is_empty());
}

#[test]
fn escape_never_quits_and_quitting_asks_while_something_runs() {
    let mut desk = TestApp::new();
    assert!(!desk.press("<esc><esc>").iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Quit))));
    let effects = desk.press("R");
    let id =
        effects.iter().find_map(|effect| if let Effect::Operate(id, _) = effect { Some(*id) } else { None }).unwrap();
    assert!(!desk.press("q").iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Quit))));
    assert!(desk.screen().contains("One operation runs"));
    desk.press("n");
    desk.app.update(Msg::Ended(id, Outcome::Done("applied".to_owned()), None));
    assert!(desk.press("q").iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Quit))));
}

#[test]
fn what_runs_is_on_the_screen_once_the_journal_has_it() {
    let mut desk = TestApp::new();
    let effects = desk.press("R");
    let id =
        effects.iter().find_map(|effect| if let Effect::Operate(id, _) = effect { Some(*id) } else { None }).unwrap();
    assert!(!desk.screen().contains("1 running"), "{}", desk.screen());
    desk.app.update(Msg::Noted(id));
    assert!(desk.screen().contains("1 running"), "{}", desk.screen());
}

#[test]
fn a_stop_is_told_once_it_has_stopped_and_a_late_outcome_changes_nothing() {
    let mut desk = TestApp::new();
    let effects = desk.press("R");
    let id =
        effects.iter().find_map(|effect| if let Effect::Operate(id, _) = effect { Some(*id) } else { None }).unwrap();
    assert!(desk.press("X").iter().any(|effect| matches!(effect, Effect::Cancel(cancelled) if *cancelled == id)));
    assert!(!desk.screen().contains("the controller goes on"), "{}", desk.screen());
    desk.app.update(Msg::Ended(id, Outcome::Cancelled("no longer waited for; the controller goes on"), None));
    desk.app.update(Msg::Ended(id, Outcome::Done("late".to_owned()), None));
    let screen = desk.screen();
    assert!(screen.contains("the controller goes on") && !screen.contains("late"), "{screen}");
}

#[test]
fn flux_kinds_are_watched_in_every_environment_and_others_while_looked_at() {
    let mut desk = TestApp::new();
    // The workloads and the nodes are what home looks at besides.
    let flux = kinds::watched().count();
    assert_eq!(desk.generations.len(), 2 * (flux + kinds::WORKLOADS.len() + 1));
    let effects = desk.press("p");
    let watched: Vec<&str> = effects
        .iter()
        .filter_map(|effect| if let Effect::Watch { kind, .. } = effect { Some(kind.kind) } else { None })
        .collect();
    assert_eq!(watched, ["Pod"]);
    desk.press("<esc>");
    let later = desk.app.facts.now;
    let ended = desk.app.update(Msg::Time(later));
    assert!(ended.iter().any(|effect| matches!(effect, Effect::Unwatch { kind, .. } if kind.kind == "Pod")));
}

#[test]
fn the_palette_finds_commands_by_any_part_of_their_names() {
    let mut desk = TestApp::new();
    desk.press(":with so");
    assert!(desk.screen().contains("Reconcile with source"));
    let effects = desk.press("<enter>");
    assert_eq!(operations(&effects).len(), 1);
}

#[test]
fn home_at_four_sizes() {
    for (width, height) in [(80, 24), (120, 36), (170, 48), (200, 50)] {
        let mut desk = TestApp::new();
        desk.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        desk.draw();
        desk.press("j");
        insta::assert_snapshot!(format!("home-{width}x{height}"), desk.screen());
    }
}

#[test]
fn a_connection_that_is_not_safe_is_told_in_the_titles() {
    let exposed = |env: Env| (env == Env(1)).then_some(Exposure::Unverified);
    let mut desk = TestApp::with(|facts| facts.exposed = PerEnv::from_fn(2, exposed));
    let screen = desk.screen();
    assert_eq!(screen.matches("TLS NOT VERIFIED").count(), 1, "{screen}");
    assert!(screen.contains("production  TLS not verified") && !screen.contains("staging  TLS"), "{screen}");
    desk.press("3");
    desk.terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    assert!(desk.screen().contains("production  TLS not verified"));
}

#[test]
fn a_tiny_or_huge_terminal_is_no_trouble() {
    for (width, height) in [(1, 1), (19, 4), (20, 5), (40, 10), (300, 100)] {
        let mut desk = TestApp::new();
        desk.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        desk.press("jk?<esc>:x<esc>3R<esc>pGg");
    }
}

#[test]
fn a_plugin_that_was_refused_is_asked_about_by_its_whole_name() {
    let refused = || {
        let wanted = crate::model::WantedPlugin {
            name: "hsm".to_owned(),
            recipient: "age1hsm1qqq".to_owned(),
            file: "a/secret.yaml".to_owned(),
        };
        let fault = Fault::new(FaultKind::Refused, "not encrypted", "it runs age-plugin-hsm", "agree to it");
        Msg::Told(Err(Fault { plugin: Some(Box::new(wanted)), ..fault }))
    };
    let remembered = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Task(ticket, task) if task.label == "remember the plug-in" => Some(ticket),
            _ => None,
        })
    };
    let mut desk = TestApp::new();
    desk.app.update(refused());
    let screen = desk.screen();
    for word in ["Run age-plugin-hsm?", "age1hsm1qqq", "a/secret.yaml", "as you", "remembered for this"] {
        assert!(screen.contains(word), "{word}: {screen}");
    }
    desk.app.update(Msg::Paste("age-plugin-hsm\n".to_owned()));
    assert_eq!(remembered(desk.press("y<enter>")), None, "one key agrees to nothing");
    desk.press("<esc>");
    assert_eq!(desk.app.view_id(), "home");

    desk.app.update(refused());
    let ticket = remembered(desk.press("age-plugin-hsm<enter>")).unwrap();
    let payload = Box::new(super::dialog::Allowed(Ok(())));
    desk.app.update(Msg::Reply { ticket, payload, owed: None });
    assert_eq!(desk.app.view_id(), "home");
    assert!(desk.screen().contains("age-plugin-hsm may run for this repository"));

    let mut desk = TestApp::with(|facts| facts.read_only = true);
    desk.app.update(refused());
    assert_eq!(desk.app.view_id(), "home", "where nothing may be written nothing is asked");
}

#[test]
fn a_context_of_the_repository_alone_is_asked_about_once_and_paste_agrees_to_nothing() {
    let unagreed = |facts: &mut super::Facts| {
        let staging = facts.environments.get_mut(Env(0)).unwrap();
        staging.protected = true;
        staging.protected_by = Some(Protection::Unagreed("ops".to_owned()));
    };
    let is_protected = |desk: &TestApp| desk.app.facts.environment(Env(0)).unwrap().protected;
    let mut desk = TestApp::with(unagreed);
    assert_eq!(desk.app.view_id(), "agree");
    assert!(desk.screen().contains("Is this your staging?"));
    desk.app.update(Msg::Paste("y\n".to_owned()));
    let asked = |effects: Vec<Effect>| {
        let mut tasks = effects.into_iter().filter_map(|effect| match effect {
            Effect::Task(ticket, task) => Some((ticket, task.label)),
            _ => None,
        });
        tasks.find(|(_, label)| label == "remember the agreement").map(|(ticket, _)| ticket)
    };
    assert_eq!((asked(desk.press("x<enter>")), desk.app.view_id()), (None, "agree"));
    assert_eq!(asked(desk.press("n")), None, "nothing is remembered");
    assert!(is_protected(&desk) && desk.app.view_id() == "home");

    let mut desk = TestApp::with(unagreed);
    let ticket = asked(desk.press("y")).unwrap();
    assert!(is_protected(&desk), "not before it is remembered");
    let payload = Box::new(super::dialog::Agreed(Ok(())));
    desk.app.update(Msg::Reply { ticket, payload, owed: None });
    assert!(!is_protected(&desk) && desk.app.view_id() == "home");
    assert!(desk.app.facts.environment(Env(1)).unwrap().protected);
}

#[test]
fn a_plugin_is_asked_about_before_a_command_starts_it_for_the_first_time() {
    let encrypt = COMMANDS.iter().find(|command| command.id == "secret-encrypt").copied().unwrap();
    let yubikey = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t";
    let nowhere = tempfile::tempdir().unwrap().path().to_owned();
    let desk = || {
        TestApp::with(|facts| {
            let env = facts.environments.iter_mut().find(|(_, known)| known.name == "staging").unwrap().1;
            env.recipients = vec![yubikey.to_owned()];
            facts.repository = Some(Arc::new(Snapshot::load(&nowhere)));
        })
    };
    let dispatched = |desk: &mut TestApp| {
        let staging = desk.app.facts.environments.iter().find(|(_, known)| known.name == "staging").unwrap().0;
        let targets = vec![super::CommandTarget::File(Some(staging), "a/secret.yaml".to_owned())];
        let mut effects = Vec::new();
        desk.app.dispatch(encrypt, targets, Vec::new(), super::Consent::None, &mut effects);
        effects
    };
    let begun = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Operate(..)));
    let mut one = desk();
    assert!(!begun(&dispatched(&mut one)));
    let screen = one.screen();
    for word in ["Run age-plugin-yubikey?", "a/secret.yaml", "remembered for this"] {
        assert!(screen.contains(word), "{word}: {screen}");
    }
    // Whoever refuses has what he began refused where it needs the plug-in, and is not asked again.
    assert!(begun(&one.press("<esc>")));
    let wanted = crate::model::WantedPlugin {
        name: "yubikey".to_owned(),
        recipient: yubikey.to_owned(),
        file: "a/secret.yaml".to_owned(),
    };
    let fault = Fault::new(FaultKind::Refused, "not encrypted", "it runs age-plugin-yubikey", "agree to it");
    one.app.update(Msg::Told(Err(Fault { plugin: Some(Box::new(wanted)), ..fault })));
    assert_eq!(one.app.view_id(), "home");
    assert!(begun(&dispatched(&mut one)));

    let mut other = desk();
    dispatched(&mut other);
    let ticket = other
        .press("age-plugin-yubikey<enter>")
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Task(ticket, task) if task.label == "remember the plug-in" => Some(ticket),
            _ => None,
        })
        .unwrap();
    let payload = Box::new(super::dialog::Allowed(Ok(())));
    assert!(begun(&other.app.update(Msg::Reply { ticket, payload, owed: None })), "what waited goes on");
    assert!(!other.screen().contains("do it again"));

    // A file may name a recipient that its environment does not know, and so may the operator.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    let sealed = format!(
        "kind: Secret\nsops:\n    age:\n        - recipient: {yubikey}\n          enc: x\n    mac: ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\n"
    );
    std::fs::write(folder.path().join("a/secret.yaml"), sealed).unwrap();
    let mut snapshot = Snapshot::load(folder.path());
    snapshot.scan.read_locks(folder.path());
    let snapshot = Arc::new(snapshot);
    let mut of_file = TestApp::with(|facts| facts.repository = Some(Arc::clone(&snapshot)));
    dispatched(&mut of_file);
    assert!(of_file.screen().contains("Run age-plugin-yubikey?"), "{}", of_file.screen());
    let mut typed = TestApp::with(|facts| facts.repository = Some(Arc::new(Snapshot::load(&nowhere))));
    let recipients = COMMANDS.iter().find(|command| command.id == "secret-recipients").copied().unwrap();
    let answers = recipients.questions.iter().map(|question| (question.id.to_owned(), yubikey.to_owned())).collect();
    let targets = vec![super::CommandTarget::Worktree("a/secret.yaml".to_owned())];
    typed.app.dispatch(recipients, targets, answers, super::Consent::None, &mut Vec::new());
    assert!(typed.screen().contains("Run age-plugin-yubikey?"), "{}", typed.screen());

    let mut quiet = TestApp::with(|facts| facts.read_only = true);
    dispatched(&mut quiet);
    assert_ne!(quiet.app.view_id(), "plugin", "where nothing may be written nothing is asked");
}

#[test]
fn every_command_that_writes_secrets_is_known_to_wrap_keys_or_not_to() {
    let others = ["secret-set", "secret-write-out"];
    let writes =
        COMMANDS.iter().filter(|command| command.id.starts_with("secret-") && command.risk != super::Risk::Reads);
    let mut known: Vec<&str> = super::dialog::WRAPPING.iter().chain(&others).copied().collect();
    let mut all: Vec<&str> = writes.map(|command| command.id).collect();
    known.sort_unstable();
    all.sort_unstable();
    assert_eq!(known, all);
}
