//! The list by what it is told: side by side, what is wrong, who uses it.

use std::collections::BTreeMap;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{Answer, Secrets, Users, key};
use crate::app::test_support::facts;
use crate::app::{Action, CommandTarget, Facts, Keymap, Motion, Scene, View as _};
use crate::commands::COMMANDS;
use crate::kinds;
use crate::model::{Env, Fault, FaultKind, ObjectRef, State, work};
use crate::repo::git::CommitEntry;
use crate::repo::secrets::SecretEntry;
use crate::repo::users::Use;
use crate::runtime::{PictureFormat, picture};
use crate::theme::{Depth, Theme};
use crate::workflows::live_secret::{KeyState, SyncState};
use crate::workflows::secret_progress::{ReadingKustomization, SecretProgress};

struct SecretsScreen {
    facts: Facts,
    theme: Theme,
    keymap: Keymap,
    view: Secrets,
}

impl SecretsScreen {
    fn new() -> Self {
        let mut facts = facts();
        let mut environments: Vec<_> = facts.environments.iter().map(|(_, one)| one.clone()).collect();
        for environment in &mut environments {
            environment.recipients = vec![format!("age1{}", environment.name)];
        }
        facts.set_environments(environments, vec![None, None]);
        let mut desk = Self {
            facts,
            theme: Theme::load("terminal", Depth::None, true).unwrap(),
            keymap: Keymap::new(COMMANDS, &BTreeMap::new()).unwrap(),
            view: Secrets::default(),
        };
        desk.with(Secrets::opened);
        desk
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Secrets, &Scene<'_>) -> T) -> T {
        let Self { facts, theme, keymap, view } = self;
        work(view, &Scene { facts, theme, keymap, commands: COMMANDS, marks: None, focus: true })
    }

    fn answer(&mut self, answer: Answer) -> Vec<Action> {
        self.with(|view, scene| view.reply(Box::new(answer), scene))
    }

    fn press(&mut self, motions: &[Motion]) {
        for motion in motions {
            assert!(self.with(|view, scene| view.motion(*motion, scene)).is_some(), "{motion:?}");
        }
    }

    fn screen(&mut self, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        self.with(|view, scene| {
            terminal.draw(|frame| view.render(frame, frame.area(), scene)).unwrap();
        });
        picture(terminal.backend().buffer(), PictureFormat::Text, false)
    }
}

fn entry(env: &str, name: &str, keys: &[&str]) -> SecretEntry {
    SecretEntry {
        env: env.to_owned(),
        file: format!("apps/{env}/web/{name}-secret.yaml"),
        document: 0,
        kind: "Secret".to_owned(),
        namespace: "web".to_owned(),
        name: name.to_owned(),
        recipients: vec![format!("age1{env}")],
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        encrypted: true,
        plain: Vec::new(),
        generator: None,
        version: Some("3.13.3".to_owned()),
        rule: Some("encrypted_regex: ^(data|stringData)$".to_owned()),
        configured: Some(format!("rule 1 of clusters/{env}/.sops.yaml")),
        differences: Vec::new(),
        kustomization: Some("apps".to_owned()),
        last_change: None,
        problem: None,
    }
}

fn listed() -> Vec<SecretEntry> {
    let generator = Some("web/settings".to_owned());
    let input = SecretEntry {
        file: "apps/production/web/settings.env".to_owned(),
        encrypted: false,
        plain: vec!["A".to_owned()],
        generator,
        ..entry("production", "", &["A"])
    };
    let input = SecretEntry { kind: String::new(), name: String::new(), namespace: String::new(), ..input };
    vec![
        entry("production", "database", &["user"]),
        entry("production", "token", &["token"]),
        input,
        entry("staging", "database", &["user", "password"]),
        SecretEntry { recipients: vec!["age1production".to_owned()], ..entry("staging", "mail", &["smtp"]) },
        SecretEntry { plain: vec!["token".to_owned()], ..entry("staging", "token", &["token", "user"]) },
        SecretEntry { env: String::new(), kustomization: None, ..entry("old", "gone", &["a"]) },
    ]
}

fn apps(env: u8, state: State) -> ReadingKustomization {
    let object = kinds::KUSTOMIZATION.object("flux-system", "apps");
    ReadingKustomization { env: Env(env), object, revision: "main@sha1:0123456789".to_owned(), state: Some(state) }
}

fn travels(is_committed: bool, is_pushed: bool, readers: Vec<(ReadingKustomization, bool)>) -> SecretProgress {
    let commit =
        CommitEntry { commit: "89abcdef".to_owned(), author: "Test".to_owned(), at: None, subject: String::new() };
    SecretProgress { commit: Some(commit), is_committed, is_pushed, readers }
}

#[test]
fn environments_stand_side_by_side_with_what_is_wrong_in_each() {
    let mut desk = SecretsScreen::new();
    let rows = listed();
    let keys: Vec<_> = rows.iter().map(key).collect();
    desk.answer(Answer::Listed(Ok(rows)));
    assert!(desk.screen(120, 24).contains("comparing 0 of 6"), "{}", desk.screen(120, 24));
    let same = |key: &str| (key.to_owned(), KeyState::Same);
    let differs = |key: &str| (key.to_owned(), KeyState::Differs);
    let no_key = Fault::new(FaultKind::Undecryptable, "cannot open it", "no key at hand fits", "look at A");
    let standings = [
        (0, SyncState::Compared(vec![same("user")])),
        (1, SyncState::Missing),
        (2, SyncState::Nothing("generated")),
        (3, SyncState::Compared(vec![same("user"), differs("password")])),
        (4, SyncState::Unknown(no_key)),
        (5, SyncState::Compared(vec![same("token"), ("old".to_owned(), KeyState::OnlyLive)])),
    ];
    for (index, standing) in standings {
        desk.answer(Answer::Stands(keys[index].clone(), standing));
    }
    let journeys = [
        (1, travels(true, true, vec![(apps(1, State::Suspended), false)])),
        (3, travels(false, false, Vec::new())),
        (5, travels(true, true, vec![(apps(0, State::Ready), true)])),
    ];
    for (index, journey) in journeys {
        desk.answer(Answer::Travels(keys[index].clone(), Ok(journey)));
    }
    insta::assert_snapshot!("list-200x30", desk.screen(200, 30));
    insta::assert_snapshot!("list-120x24", desk.screen(120, 24));
    insta::assert_snapshot!("list-80x24", desk.screen(80, 24));
    // The other environment, what it says of this one, and where its change waits.
    desk.press(&[Motion::Right]);
    assert!(desk.screen(120, 24).contains("staging has password more"), "{}", desk.screen(120, 24));
    desk.press(&[Motion::Bottom, Motion::Up]);
    let token = desk.screen(120, 24);
    assert!(token.contains("Flux is behind: Kustomization/apps is suspended"), "{token}");
    // A gap says so, and has nothing that a command could act on.
    desk.press(&[Motion::Up, Motion::Up]);
    let gap = desk.screen(120, 24);
    assert!(gap.contains("production has no web/mail in Git") && gap.contains("staging"), "{gap}");
    assert_eq!(desk.with(|view, scene| view.targets(scene)), []);
    desk.press(&[Motion::PreviousPanel]);
    let file = CommandTarget::File(Some(Env(0)), "apps/staging/web/mail-secret.yaml".to_owned());
    assert_eq!(desk.with(|view, scene| view.targets(scene)), [file]);
    desk.press(&[Motion::Bottom]);
    let file = CommandTarget::File(None, "apps/old/web/gone-secret.yaml".to_owned());
    assert_eq!(desk.with(|view, scene| view.targets(scene)), [file]);
}

#[test]
fn the_filter_looks_at_keys_files_and_how_they_stand_and_says_when_nothing_is_left() {
    let mut desk = SecretsScreen::new();
    let rows = listed();
    let database = key(&rows[3]);
    desk.answer(Answer::Listed(Ok(rows)));
    desk.answer(Answer::Stands(database, SyncState::Compared(vec![("user".to_owned(), KeyState::Differs)])));
    for (text, count) in [("smtp", 1), ("settings.env", 1), ("1 differs", 1), ("plain", 2), ("web/", 5), ("", 5)] {
        desk.with(|view, scene| view.filter(text, scene));
        assert_eq!(desk.view.shown().len(), count, "{text}");
    }
    desk.with(|view, scene| view.filter("nowhere", scene));
    let nothing = desk.screen(80, 10);
    assert!(nothing.contains("nothing matches `nowhere`; esc shows all again"), "{nothing}");
    desk.with(|view, scene| {
        assert_eq!(view.filtered(scene), Some((0, 5)));
        true
    });
}

#[test]
fn who_uses_it_is_told_with_where_that_is_known_from() {
    let mut desk = SecretsScreen::new();
    let rows = vec![entry("staging", "database", &["user"])];
    let database = key(&rows[0]);
    desk.answer(Answer::Listed(Ok(rows)));
    let found = || {
        let object = ObjectRef::new("Deployment", "apps", "web", "shop");
        vec![Use { object, how: "environment", restart: true }]
    };
    desk.answer(Answer::Used(database.clone(), Users { found: found(), fault: None }));
    let live = desk.screen(120, 20);
    assert!(live.contains("used by  Deployment/shop (environment: restart it to see a change)"), "{live}");
    let away = Fault::new(FaultKind::Unreachable, "no cluster", "connection refused", "start it");
    desk.answer(Answer::Used(database.clone(), Users { found: found(), fault: Some(away.clone()) }));
    let by_manifests = desk.screen(120, 20);
    assert!(by_manifests.contains("by the manifests, the cluster was not asked:"), "{by_manifests}");
    desk.answer(Answer::Used(database, Users { found: Vec::new(), fault: Some(away) }));
    assert!(desk.screen(120, 20).contains("no manifest names it; the cluster was not asked"));
}

#[test]
fn the_selection_stays_on_its_secret_while_others_come_and_go() {
    let mut desk = SecretsScreen::new();
    desk.answer(Answer::Listed(Ok(listed())));
    desk.press(&[Motion::Down]);
    let selected = |desk: &mut SecretsScreen| desk.with(|view, scene| view.targets(scene));
    let before = selected(&mut desk);
    let mut more = listed();
    more.push(entry("staging", "aaa", &["a"]));
    desk.answer(Answer::Listed(Ok(more)));
    assert_eq!(selected(&mut desk), before);
    desk.answer(Answer::Listed(Err(Fault::failed("git does not list", "it broke off", "try again"))));
    assert_eq!(selected(&mut desk), before, "what was listed stays");
}

#[test]
fn a_key_costs_what_it_draws() {
    let cost = |count: usize| {
        let mut desk = SecretsScreen::new();
        desk.answer(Answer::Listed(Ok((0..count)
            .map(|number| entry("staging", &format!("secret-{number:05}"), &["user"]))
            .collect())));
        desk.press(&[Motion::Down]);
        desk.screen(120, 24);
        work::taken();
        for motion in [Motion::Down, Motion::Down, Motion::Up] {
            desk.press(&[motion]);
            desk.with(|view, scene| view.targets(scene));
            desk.screen(120, 24);
        }
        work::taken()
    };
    let (few, many) = (cost(50), cost(1000));
    assert!(few > 50 && many < few + few / 5, "{few} for 50 secrets, {many} for 1000");
}
