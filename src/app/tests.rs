//! The engine by its keys: the effect of a key on the state and on the outside.

mod examination;
mod exercise;
mod focus;
mod keys;
mod screens;
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
    Connection, Env, Exposure, Fault, FaultKind, FluxFacts, Labels, Outcome, PerEnv, Protection, Row, RowKey, State,
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
        let mut cockpit =
            Self { app, terminal: Terminal::new(TestBackend::new(140, 40)).unwrap(), generations: BTreeMap::new() };
        let count = cockpit.app.facts.environments.len();
        let effects = cockpit.app.update(Msg::Environments(environments, vec![None; count]));
        cockpit.app.facts.read_only = read_only;
        for effect in effects {
            if let Effect::Watch { env, kind, generation } = effect {
                cockpit.generations.insert((env, kind.kind), generation);
            }
        }
        for index in 0..count {
            let env = Env(u8::try_from(index).unwrap());
            cockpit.rows(env, &[("apps", State::Ready), ("monitoring", State::Failed)]);
        }
        cockpit.draw();
        cockpit
    }

    fn rows(&mut self, env: Env, rows: &[(&str, State)]) {
        let generation = self.generations[&(env, "Kustomization")];
        self.watched(env, generation, WatchEvent::Rows(rows.iter().map(|(name, state)| row(name, *state)).collect()));
        self.watched(env, generation, WatchEvent::Link(Connection::Live));
    }

    fn watched(&mut self, env: Env, generation: u64, change: WatchEvent) {
        self.app.update(Msg::Watched { env, kind: kinds::KUSTOMIZATION, generation, change, pending: None });
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
        note: None,
        labels: Labels::default(),
        since: None,
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
    let mut cockpit = TestApp::new();
    let effects = cockpit.press("jR");
    assert_eq!(operations(&effects), [(Some(Env(0)), "Kustomization/flux-system/monitoring".to_owned())]);
    assert!(cockpit.screen().contains("flux reconcile kustomization monitoring -n flux-system --context staging"));
}

#[test]
fn what_the_selection_is_linked_with_shows_once_the_repository_is_read() {
    let folder = tempfile::tempdir().unwrap();
    template::write_into(folder.path()).unwrap();
    let snapshot = Arc::new(Snapshot::load(folder.path()));
    let mut cockpit = TestApp::new();
    cockpit.press("2");
    assert!(!cockpit.screen().contains("|*v apps"), "nothing is known of the files yet");
    cockpit.app.update(Msg::Repository(Ok(Arc::clone(&snapshot)), None));
    assert!(cockpit.screen().contains("|*v apps"), "{}", cockpit.screen());

    // While keys arrive, the panel waits until they rest.
    let mut cockpit = TestApp::new();
    for key in parse_keys("2").unwrap() {
        cockpit.app.update(Msg::Key(key));
    }
    cockpit.app.update(Msg::Repository(Ok(snapshot), None));
    assert!(!cockpit.screen().contains("|*v apps"));
    cockpit.app.update(Msg::Rested);
    assert!(cockpit.screen().contains("|*v apps"));
}

#[test]
fn what_could_not_be_looked_at_is_told_once_and_stands_as_old() {
    let fault = || Fault::failed("git does not list the files", "it gave no reason", "try again");
    let mut cockpit = TestApp::new();
    for _ in 0..2 {
        cockpit.app.update(Msg::Surveyed(Err(fault()), None));
    }
    assert!(cockpit.screen().contains("git does not list the files"), "{}", cockpit.screen());
    assert_eq!(cockpit.app.facts.notices.len(), 1);
    assert_eq!(cockpit.app.facts.survey_fault, Some(fault()));
    cockpit.app.update(Msg::Surveyed(Ok(Arc::default()), None));
    assert_eq!(cockpit.app.facts.survey_fault, None);
}

#[test]
fn a_long_rendering_says_how_far_it_has_come_until_it_is_done() {
    let mut cockpit = TestApp::new();
    cockpit.app.update(Msg::Building(BuildProgress { done: 40, total: 250 }));
    assert!(cockpit.screen().contains("rendering 40/250 ? help"), "{}", cockpit.screen());
    cockpit.app.update(Msg::Building(BuildProgress { done: 250, total: 250 }));
    assert!(!cockpit.screen().contains("rendering"));
}

#[test]
fn a_protected_environment_asks_first_and_no_means_no() {
    let mut cockpit = TestApp::new();
    assert!(operations(&cockpit.press("3R")).is_empty());
    let asked = cockpit.screen();
    assert!(asked.contains("production  PROTECTED") && asked.contains("Kustomization/flux-system/apps"), "{asked}");
    for key in ["<enter>", "R", "r", "<space>", "x"] {
        assert!(operations(&cockpit.press(key)).is_empty(), "{key} must not confirm");
    }
    assert!(operations(&cockpit.press("n")).is_empty());
    assert_eq!(cockpit.app.view_id(), "home");
    let effects = cockpit.press("Ry");
    assert_eq!(operations(&effects), [(Some(Env(1)), "Kustomization/flux-system/apps".to_owned())]);
}

#[test]
fn read_only_does_nothing_and_says_so() {
    let mut cockpit = TestApp::with(|facts| facts.read_only = true);
    for keys in ["R", "W", "r", "s", "<ctrl-r>", "3R", "y"] {
        assert!(operations(&cockpit.press(keys)).is_empty(), "{keys}");
    }
    assert!(cockpit.screen().contains("READ-ONLY"));
}

#[test]
fn suspending_asks_for_a_reason_and_takes_no_empty_one() {
    let mut cockpit = TestApp::new();
    assert!(operations(&cockpit.press("s<enter><enter>")).is_empty());
    assert!(cockpit.screen().contains("an answer is needed here"));
    let effects = cockpit.press("a disk is full<enter><enter>");
    assert_eq!(operations(&effects).len(), 1);
}

#[test]
fn marked_rows_go_together_and_those_out_of_sight_do_not() {
    let mut cockpit = TestApp::new();
    cockpit.press("<space>j<space>");
    assert_eq!(operations(&cockpit.press("R")).len(), 2);
    cockpit.press("/apps<enter>");
    let effects = cockpit.press("R");
    assert_eq!(operations(&effects), [(Some(Env(0)), "Kustomization/flux-system/apps".to_owned())]);
}

#[test]
fn pasted_text_runs_no_command() {
    let mut cockpit = TestApp::new();
    let effects = cockpit.app.update(Msg::Paste("RRRq".to_owned()));
    assert!(effects.is_empty());
    assert!(cockpit.screen().contains("pasted text was dropped"));
    for ends in ["\n", "\r\n", "\r"] {
        cockpit.press("s");
        cockpit.app.update(Msg::Paste(format!("a reason{ends}second line")));
        assert!(cockpit.screen().contains("a reason_"), "{ends:?}");
        cockpit.press("<esc>");
    }
}

#[test]
fn what_an_older_watch_still_sends_is_dropped() {
    let mut cockpit = TestApp::new();
    cockpit.watched(Env(0), 999, WatchEvent::Rows(vec![row("ghost", State::Ready)]));
    assert!(!cockpit.screen().contains("ghost"));
    cockpit.watched(
        Env(0),
        cockpit.generations[&(Env(0), "Kustomization")],
        WatchEvent::Gone(vec![row("apps", State::Ready).key]),
    );
    assert_eq!(cockpit.app.facts.table(Env(0), kinds::KUSTOMIZATION).unwrap().rows.len(), 1);
    assert_eq!(cockpit.app.facts.table(Env(1), kinds::KUSTOMIZATION).unwrap().rows.len(), 2);
}

#[test]
fn an_answer_for_a_view_that_is_gone_is_dropped() {
    let mut cockpit = TestApp::new();
    let effects = cockpit.app.update(Msg::Reply { ticket: Ticket(77), payload: Box::new("x"), pending: None });
    assert!(effects.is_empty());
}

#[test]
fn escape_never_quits_and_quitting_asks_while_something_runs() {
    let mut cockpit = TestApp::new();
    assert!(!cockpit.press("<esc><esc>").iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Quit))));
    let effects = cockpit.press("R");
    let id =
        effects.iter().find_map(|effect| if let Effect::Operate(id, _) = effect { Some(*id) } else { None }).unwrap();
    assert!(!cockpit.press("q").iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Quit))));
    assert!(cockpit.screen().contains("One operation runs"));
    cockpit.press("n");
    cockpit.app.update(Msg::Ended(id, Outcome::Done("applied".to_owned()), None));
    assert!(cockpit.press("q").iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Quit))));
}

#[test]
fn what_runs_is_on_the_screen_once_the_journal_has_it() {
    let mut cockpit = TestApp::new();
    let effects = cockpit.press("R");
    let id =
        effects.iter().find_map(|effect| if let Effect::Operate(id, _) = effect { Some(*id) } else { None }).unwrap();
    assert!(!cockpit.screen().contains("1 running"), "{}", cockpit.screen());
    cockpit.app.update(Msg::Noted(id));
    assert!(cockpit.screen().contains("1 running"), "{}", cockpit.screen());
}

#[test]
fn a_stop_is_told_once_it_has_stopped_and_a_late_outcome_changes_nothing() {
    let mut cockpit = TestApp::new();
    let effects = cockpit.press("R");
    let id =
        effects.iter().find_map(|effect| if let Effect::Operate(id, _) = effect { Some(*id) } else { None }).unwrap();
    assert!(cockpit.press("X").iter().any(|effect| matches!(effect, Effect::Cancel(cancelled) if *cancelled == id)));
    assert!(!cockpit.screen().contains("the controller goes on"), "{}", cockpit.screen());
    cockpit.app.update(Msg::Ended(id, Outcome::Cancelled("no longer waited for; the controller goes on"), None));
    cockpit.app.update(Msg::Ended(id, Outcome::Done("late".to_owned()), None));
    let screen = cockpit.screen();
    assert!(screen.contains("the controller goes on") && !screen.contains("late"), "{screen}");
}

#[test]
fn flux_kinds_are_watched_in_every_environment_and_others_while_looked_at() {
    let mut cockpit = TestApp::new();
    // Home also watches the workloads and the nodes.
    let flux = kinds::watched().count();
    assert_eq!(cockpit.generations.len(), 2 * (flux + kinds::WORKLOADS.len() + 1));
    let effects = cockpit.press("p");
    let watched: Vec<&str> = effects
        .iter()
        .filter_map(|effect| if let Effect::Watch { kind, .. } = effect { Some(kind.kind) } else { None })
        .collect();
    assert_eq!(watched, ["Pod"]);
    cockpit.press("<esc>");
    let later = cockpit.app.facts.now;
    let ended = cockpit.app.update(Msg::Time(later));
    assert!(ended.iter().any(|effect| matches!(effect, Effect::Unwatch { kind, .. } if kind.kind == "Pod")));
}

#[test]
fn the_palette_finds_commands_by_any_part_of_their_names() {
    let mut cockpit = TestApp::new();
    cockpit.press(":with so");
    assert!(cockpit.screen().contains("Reconcile with source"));
    let effects = cockpit.press("<enter>");
    assert_eq!(operations(&effects).len(), 1);
}

#[test]
fn home_at_four_sizes() {
    for (width, height) in [(80, 24), (120, 36), (170, 48), (200, 50)] {
        let mut cockpit = TestApp::new();
        cockpit.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        cockpit.draw();
        cockpit.press("j");
        insta::assert_snapshot!(format!("home-{width}x{height}"), cockpit.screen());
    }
}

#[test]
fn a_connection_that_is_not_safe_is_told_in_the_titles() {
    let exposed = |env: Env| (env == Env(1)).then_some(Exposure::Unverified);
    let mut cockpit = TestApp::with(|facts| facts.exposed = PerEnv::from_fn(2, exposed));
    let screen = cockpit.screen();
    assert_eq!(screen.matches("TLS NOT VERIFIED").count(), 1, "{screen}");
    assert!(screen.contains("production  TLS not verified") && !screen.contains("staging  TLS"), "{screen}");
    cockpit.press("3");
    cockpit.terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    assert!(cockpit.screen().contains("production  TLS not verified"));
}

#[test]
fn a_tiny_or_huge_terminal_is_no_trouble() {
    for (width, height) in [(1, 1), (19, 4), (20, 5), (40, 10), (300, 100)] {
        let mut cockpit = TestApp::new();
        cockpit.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        cockpit.press("jk?<esc>:x<esc>3R<esc>pGg");
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
    let mut cockpit = TestApp::new();
    cockpit.app.update(refused());
    let screen = cockpit.screen();
    for word in ["Run age-plugin-hsm?", "age1hsm1qqq", "a/secret.yaml", "as you", "remembered for this"] {
        assert!(screen.contains(word), "{word}: {screen}");
    }
    cockpit.app.update(Msg::Paste("age-plugin-hsm\n".to_owned()));
    assert_eq!(remembered(cockpit.press("y<enter>")), None, "one key agrees to nothing");
    cockpit.press("<esc>");
    assert_eq!(cockpit.app.view_id(), "home");

    cockpit.app.update(refused());
    let ticket = remembered(cockpit.press("age-plugin-hsm<enter>")).unwrap();
    let payload = Box::new(super::dialog::Allowed(Ok(())));
    cockpit.app.update(Msg::Reply { ticket, payload, pending: None });
    assert_eq!(cockpit.app.view_id(), "home");
    assert!(cockpit.screen().contains("age-plugin-hsm may run for this repository"));

    let mut cockpit = TestApp::with(|facts| facts.read_only = true);
    cockpit.app.update(refused());
    assert_eq!(cockpit.app.view_id(), "home", "where nothing may be written nothing is asked");
}

#[test]
fn a_context_of_the_repository_alone_is_asked_about_once_and_paste_agrees_to_nothing() {
    let unagreed = |facts: &mut super::Facts| {
        let staging = facts.environments.get_mut(Env(0)).unwrap();
        staging.protected = true;
        staging.protected_by = Some(Protection::Unagreed("ops".to_owned()));
    };
    let is_protected = |cockpit: &TestApp| cockpit.app.facts.environment(Env(0)).unwrap().protected;
    let mut cockpit = TestApp::with(unagreed);
    assert_eq!(cockpit.app.view_id(), "agree");
    assert!(cockpit.screen().contains("Is this your staging?"));
    cockpit.app.update(Msg::Paste("y\n".to_owned()));
    let asked = |effects: Vec<Effect>| {
        let mut tasks = effects.into_iter().filter_map(|effect| match effect {
            Effect::Task(ticket, task) => Some((ticket, task.label)),
            _ => None,
        });
        tasks.find(|(_, label)| label == "remember the agreement").map(|(ticket, _)| ticket)
    };
    assert_eq!((asked(cockpit.press("x<enter>")), cockpit.app.view_id()), (None, "agree"));
    assert_eq!(asked(cockpit.press("n")), None, "nothing is remembered");
    assert!(is_protected(&cockpit) && cockpit.app.view_id() == "home");

    let mut cockpit = TestApp::with(unagreed);
    let ticket = asked(cockpit.press("y")).unwrap();
    assert!(is_protected(&cockpit), "not before it is remembered");
    let payload = Box::new(super::dialog::Agreed(Ok(())));
    cockpit.app.update(Msg::Reply { ticket, payload, pending: None });
    assert!(!is_protected(&cockpit) && cockpit.app.view_id() == "home");
    assert!(cockpit.app.facts.environment(Env(1)).unwrap().protected);
}

#[test]
fn a_plugin_is_asked_about_before_a_command_starts_it_for_the_first_time() {
    let encrypt = COMMANDS.iter().find(|command| command.id == "secret-encrypt").copied().unwrap();
    let yubikey = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t";
    let empty = tempfile::tempdir().unwrap();
    let nowhere = empty.path().to_owned();
    let cockpit = || {
        TestApp::with(|facts| {
            let env = facts.environments.iter_mut().find(|(_, known)| known.name == "staging").unwrap().1;
            env.recipients = vec![yubikey.to_owned()];
            facts.repository = Some(Arc::new(Snapshot::load(&nowhere)));
        })
    };
    let dispatched = |cockpit: &mut TestApp| {
        let staging = cockpit.app.facts.environments.iter().find(|(_, known)| known.name == "staging").unwrap().0;
        let targets = vec![super::CommandTarget::File(Some(staging), "a/secret.yaml".to_owned())];
        let mut effects = Vec::new();
        cockpit.app.dispatch(encrypt, targets, Vec::new(), super::Consent::None, &mut effects);
        effects
    };
    let begun = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Operate(..)));
    let mut one = cockpit();
    assert!(!begun(&dispatched(&mut one)));
    let screen = one.screen();
    for word in ["Run age-plugin-yubikey?", "a/secret.yaml", "remembered for this"] {
        assert!(screen.contains(word), "{word}: {screen}");
    }
    // After a refusal, the operation fails where it needs the plug-in, and the question does not come again.
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

    let mut other = cockpit();
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
    assert!(begun(&other.app.update(Msg::Reply { ticket, payload, pending: None })), "what waited goes on");
    assert!(!other.screen().contains("do it again"));

    // A file, or the user, may name a recipient that its environment does not know.
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
