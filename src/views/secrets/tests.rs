//! The list of secrets after its tasks: side by side, the faults, the users.

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
        let mut cockpit = Self {
            facts,
            theme: Theme::load("terminal", Depth::None, true).unwrap(),
            keymap: Keymap::new(COMMANDS, &BTreeMap::new()).unwrap(),
            view: Secrets::default(),
        };
        cockpit.with(Secrets::opened);
        cockpit
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
        filled_by: None,
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
    let mut cockpit = SecretsScreen::new();
    let rows = listed();
    let keys: Vec<_> = rows.iter().map(key).collect();
    cockpit.answer(Answer::Listed(Ok(rows)));
    assert!(cockpit.screen(120, 24).contains("comparing 0 of 6"), "{}", cockpit.screen(120, 24));
    let same = |key: &str| (key.to_owned(), KeyState::Same);
    let differs = |key: &str| (key.to_owned(), KeyState::Differs);
    let no_key = Fault::new(FaultKind::Undecryptable, "cannot open it", "no key at hand fits", "look at A");
    let sync_states = [
        (0, SyncState::Compared(vec![same("user")])),
        (1, SyncState::Missing),
        (2, SyncState::Nothing("generated")),
        (3, SyncState::Compared(vec![same("user"), differs("password")])),
        (4, SyncState::Unknown(no_key)),
        (5, SyncState::Compared(vec![same("token"), ("old".to_owned(), KeyState::OnlyLive)])),
    ];
    for (index, sync_state) in sync_states {
        cockpit.answer(Answer::Stands(keys[index].clone(), sync_state));
    }
    let progresses = [
        (1, travels(true, true, vec![(apps(1, State::Suspended), false)])),
        (3, travels(false, false, Vec::new())),
        (5, travels(true, true, vec![(apps(0, State::Ready), true)])),
    ];
    for (index, progress) in progresses {
        cockpit.answer(Answer::Travels(keys[index].clone(), Ok(progress)));
    }
    insta::assert_snapshot!("list-200x30", cockpit.screen(200, 30));
    insta::assert_snapshot!("list-170x30", cockpit.screen(170, 30));
    insta::assert_snapshot!("list-120x24", cockpit.screen(120, 24));
    insta::assert_snapshot!("list-80x24", cockpit.screen(80, 24));
    // The other environment, its difference from this one, and the reason that its change waits.
    cockpit.press(&[Motion::Top, Motion::Right]);
    assert!(cockpit.screen(120, 24).contains("staging has password more"), "{}", cockpit.screen(120, 24));
    cockpit.press(&[Motion::Bottom, Motion::Up]);
    let token = cockpit.screen(120, 24);
    assert!(token.contains("Flux is behind: Kustomization/apps is suspended"), "{token}");
    // A gap is labelled as one, and is no target of a command.
    cockpit.press(&[Motion::Up, Motion::Up]);
    let gap = cockpit.screen(120, 24);
    assert!(gap.contains("production has no web/mail in Git") && gap.contains("staging"), "{gap}");
    assert_eq!(cockpit.with(|view, scene| view.targets(scene)), []);
    cockpit.press(&[Motion::PreviousPanel]);
    let file = CommandTarget::File(Some(Env(0)), "apps/staging/web/mail-secret.yaml".to_owned());
    assert_eq!(cockpit.with(|view, scene| view.targets(scene)), [file]);
    cockpit.press(&[Motion::Bottom]);
    let file = CommandTarget::File(None, "apps/old/web/gone-secret.yaml".to_owned());
    assert_eq!(cockpit.with(|view, scene| view.targets(scene)), [file]);
}

#[test]
fn the_filter_looks_at_keys_files_and_how_they_stand_and_says_when_nothing_is_left() {
    let mut cockpit = SecretsScreen::new();
    let rows = listed();
    let database = key(&rows[3]);
    cockpit.answer(Answer::Listed(Ok(rows)));
    cockpit.answer(Answer::Stands(database, SyncState::Compared(vec![("user".to_owned(), KeyState::Differs)])));
    for (text, count) in [("smtp", 1), ("settings.env", 1), ("1 differs", 1), ("plain", 2), ("web/", 5), ("", 5)] {
        cockpit.with(|view, scene| view.filter(text, scene));
        assert_eq!(cockpit.view.shown().len(), count, "{text}");
    }
    cockpit.with(|view, scene| view.filter("nowhere", scene));
    let nothing = cockpit.screen(80, 10);
    assert!(nothing.contains("nothing matches `nowhere`; ‹key:back› shows all again"), "{nothing}");
    cockpit.with(|view, scene| {
        assert_eq!(view.filtered(scene), Some((0, 5)));
        true
    });
}

#[test]
fn who_uses_it_is_told_with_where_that_is_known_from() {
    let mut cockpit = SecretsScreen::new();
    let rows = vec![entry("staging", "database", &["user"])];
    let database = key(&rows[0]);
    cockpit.answer(Answer::Listed(Ok(rows)));
    let found = || {
        let object = ObjectRef::new("Deployment", "apps", "web", "shop");
        vec![Use { object, how: "environment", restart: true }]
    };
    cockpit.answer(Answer::Used(database.clone(), Users { found: found(), fault: None }));
    let live = cockpit.screen(120, 20);
    assert!(live.contains("used by  Deployment/shop (environment: restart it to see a change)"), "{live}");
    let away = Fault::new(FaultKind::Unreachable, "no cluster", "connection refused", "start it");
    cockpit.answer(Answer::Used(database.clone(), Users { found: found(), fault: Some(away.clone()) }));
    let by_manifests = cockpit.screen(120, 20);
    assert!(by_manifests.contains("by the manifests, the cluster was not asked:"), "{by_manifests}");
    cockpit.answer(Answer::Used(database, Users { found: Vec::new(), fault: Some(away) }));
    assert!(cockpit.screen(120, 20).contains("no manifest names it; the cluster was not asked"));
}

#[test]
fn the_selection_stays_on_its_secret_while_others_come_and_go() {
    let mut cockpit = SecretsScreen::new();
    cockpit.answer(Answer::Listed(Ok(listed())));
    cockpit.press(&[Motion::Down]);
    let selected = |cockpit: &mut SecretsScreen| cockpit.with(|view, scene| view.targets(scene));
    let before = selected(&mut cockpit);
    let mut more = listed();
    more.push(entry("staging", "aaa", &["a"]));
    cockpit.answer(Answer::Listed(Ok(more)));
    assert_eq!(selected(&mut cockpit), before);
    cockpit.answer(Answer::Listed(Err(Fault::failed("git does not list", "it broke off", "try again"))));
    assert_eq!(selected(&mut cockpit), before, "what was listed stays");
}

#[test]
fn what_is_wrong_comes_first_and_a_key_leads_from_one_to_the_next() {
    let mut cockpit = SecretsScreen::new();
    let rows = vec![
        entry("production", "alpha", &["a"]),
        entry("production", "omega", &["a"]),
        entry("staging", "alpha", &["a"]),
        SecretEntry { encrypted: false, plain: vec!["a".to_owned()], ..entry("staging", "middle", &["a"]) },
        entry("staging", "omega", &["a"]),
    ];
    let keys: Vec<_> = rows.iter().map(key).collect();
    let selected = |cockpit: &mut SecretsScreen| {
        cockpit.with(|view, scene| view.targets(scene)).first().map(CommandTarget::name).unwrap_or_default()
    };
    cockpit.answer(Answer::Listed(Ok(rows)));
    let first = selected(&mut cockpit);
    assert_eq!(first, "apps/staging/web/middle-secret.yaml", "it is plain");
    cockpit.answer(Answer::Stands(keys[1].clone(), SyncState::Missing));
    cockpit.answer(Answer::Stands(keys[0].clone(), SyncState::Compared(vec![("a".to_owned(), KeyState::Filled)])));
    let screen = cockpit.screen(120, 20);
    let places = ["web/middle", "web/omega", "web/alpha"].map(|name| screen.find(name));
    assert!(places.is_sorted() && screen.contains("= filled in"), "{screen}");
    assert_eq!(selected(&mut cockpit), first, "others came, and the selection stays");
    let mut seen = Vec::new();
    for motion in [Motion::NextMatch, Motion::NextMatch, Motion::PreviousMatch] {
        cockpit.press(&[motion]);
        seen.push(selected(&mut cockpit));
    }
    assert_eq!(seen, ["apps/production/web/omega-secret.yaml", &first, "apps/production/web/omega-secret.yaml"]);
}

#[test]
fn a_key_costs_what_it_draws() {
    let cost = |count: usize| {
        let mut cockpit = SecretsScreen::new();
        cockpit.answer(Answer::Listed(Ok((0..count)
            .map(|number| entry("staging", &format!("secret-{number:05}"), &["user"]))
            .collect())));
        cockpit.press(&[Motion::Down]);
        cockpit.screen(120, 24);
        work::taken();
        for motion in [Motion::Down, Motion::Down, Motion::Up] {
            cockpit.press(&[motion]);
            cockpit.with(|view, scene| view.targets(scene));
            cockpit.screen(120, 24);
        }
        work::taken()
    };
    let (few, many) = (cost(50), cost(1000));
    assert!(few > 50 && many < few + few / 5, "{few} for 50 secrets, {many} for 1000");
}

#[test]
fn a_long_name_keeps_its_namespace_and_its_end() {
    let mut cockpit = SecretsScreen::new();
    let mut long = entry("staging", "cloudflare-api-token-of-the-other-zone", &["token"]);
    long.namespace = "cert-manager".to_owned();
    cockpit.answer(Answer::Listed(Ok(vec![long])));
    let screen = cockpit.screen(80, 24);
    let line = screen.lines().find(|line| line.contains("cert-manager/cl")).unwrap();
    assert!(line.contains("other-zone"), "{screen}");
}
