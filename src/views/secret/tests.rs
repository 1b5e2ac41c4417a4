//! The editor by its keys, on copies of the template's secrets: what is shown, what is asked, what is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;

use crate::app::key::parse_keys;
use crate::app::test_support::facts;
use crate::app::{App, Effect, Keymap, Msg, OnScreen, PendingCount, Reply, TaskContext};
use crate::commands::COMMANDS;
use crate::model::{Clock, Env, Outcome, PerEnv};
use crate::repo::Snapshot;
use crate::sops::{self, IdentitySources, KeySources, Prompts};
use crate::theme::{Depth, Theme};
use crate::views::home::Home;

const NAMES: [&str; 2] = ["staging", "production"];
const PASSWORD: &str = "stringData.LD_SUPERUSER_PASSWORD";

/// A cockpit on a repository with a secret of each environment, and with each environment's key unless told otherwise.
struct SecretScreen {
    app: App,
    terminal: Terminal<TestBackend>,
    _folder: tempfile::TempDir,
    root: PathBuf,
    reach: TaskContext,
    ledger: PendingCount,
    sender: mpsc::Sender<Msg>,
    messages: mpsc::Receiver<Msg>,
    told: Vec<String>,
}

fn key(name: &str) -> IdentitySources {
    // Relative, since the screen says where a key came from.
    let file = PathBuf::from(format!("tests/keys/{name}-throwaway.txt"));
    IdentitySources { key_file: Some(file), ..IdentitySources::default() }
}

fn keys_of(sources: impl Fn(Env) -> IdentitySources) -> Arc<KeySources> {
    Arc::new(KeySources::new(PerEnv::from_fn(2, sources), IdentitySources::default()))
}

impl SecretScreen {
    fn new(width: u16, height: u16, keys: [&str; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The screen names the repository after its folder.
        let root = folder.path().join("homelab");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("repo-template");
        for name in NAMES {
            std::fs::create_dir_all(root.join(format!("clusters/{name}"))).unwrap();
            let source = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: flux-system\n  namespace: flux-system\n";
            std::fs::write(root.join(format!("clusters/{name}/source.yaml")), source).unwrap();
            std::fs::create_dir_all(root.join(format!("apps/{name}"))).unwrap();
            std::fs::copy(
                from.join(format!("apps/{name}/linkding/linkding-container-env-secret.yaml")),
                root.join(format!("apps/{name}/secret.yaml")),
            )
            .unwrap();
        }
        let mut facts = facts();
        let recipients = ["staging", "production"].map(|name| {
            let path = root.join(format!("apps/{name}/secret.yaml"));
            sops::sniff(&std::fs::read_to_string(path).unwrap()).unwrap()
        });
        let mut environments: Vec<_> = facts.environments.iter().map(|(_, one)| one.clone()).collect();
        for (environment, recipients) in environments.iter_mut().zip(recipients) {
            let config = root.join(format!("clusters/{}/.sops.yaml", environment.name));
            let rule = "creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: ";
            std::fs::write(config, format!("{rule}{}\n", recipients.join(","))).unwrap();
            environment.recipients = recipients;
        }
        facts.set_environments(environments, vec![None, None]);
        facts.repository = Some(Arc::new(Snapshot::load(&root)));
        let theme = Theme::load("terminal", Depth::None, true).unwrap();
        let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
        let (sender, messages) = mpsc::channel(16);
        let reach = TaskContext {
            clusters: Arc::new(PerEnv::default()),
            root: Some(root.clone()),
            identities: keys_of(|env| key(keys[env.index()])),
            journal: None,
            clock: Clock::fixed("2026-01-02T03:04:05Z".parse().unwrap()),
            terminal: crate::app::Lender::default(),
            renderer: crate::render::Worker::default(),
            away: |work| work(),
        };
        let mut desk = Self {
            app: App::new(facts, theme, keymap, COMMANDS, Box::new(Home::new())),
            terminal: Terminal::new(TestBackend::new(width, height)).unwrap(),
            _folder: folder,
            root,
            reach,
            ledger: PendingCount::default(),
            sender,
            messages,
            told: Vec::new(),
        };
        desk.screen();
        desk
    }

    /// Opens the secret of an environment from the tree.
    async fn open(name: &str) -> Self {
        let mut desk = Self::new(120, 30, NAMES);
        desk.press(&format!("1/apps/{name}/secret<enter><enter>")).await;
        assert_eq!(desk.app.view_id(), "secret");
        desk
    }

    async fn press(&mut self, keys: &str) {
        for key in parse_keys(keys).unwrap() {
            self.take(Msg::Key(key)).await;
            self.take(Msg::Rested).await;
            self.screen();
        }
    }

    /// Takes a message and all that comes of it.
    async fn take(&mut self, message: Msg) {
        let mut waiting = vec![message];
        loop {
            while let Some(message) = waiting.pop() {
                for effect in self.app.update(message) {
                    match effect {
                        Effect::Task(ticket, task) => {
                            let reply = Reply::new(ticket, self.sender.clone(), self.ledger.owe());
                            tokio::spawn((task.work)(self.reach.clone(), reply));
                        }
                        Effect::Operate(id, operation) => {
                            self.told.push(format!("{operation:?}"));
                            let outcome = (operation.work)(self.reach.clone(), Box::new(|_| {})).await;
                            if let Outcome::Failed(fault) = &outcome {
                                self.told.push(fault.to_string());
                            }
                            waiting.push(Msg::Ended(id, outcome, None));
                        }
                        Effect::OnScreen(OnScreen::Quit) => self.told.push("quit".to_owned()),
                        _ => {}
                    }
                }
            }
            if self.ledger.open() == 0 && self.messages.is_empty() {
                return;
            }
            waiting.extend(self.messages.recv().await);
        }
    }

    fn screen(&mut self) -> String {
        self.terminal.draw(|frame| self.app.render(frame)).unwrap();
        crate::runtime::picture(self.terminal.backend().buffer(), crate::runtime::PictureFormat::Text, false)
    }

    fn value(&self, name: &str) -> String {
        let path = self.root.join(format!("apps/{name}/secret.yaml"));
        let opened = sops::unlock(&path, "secret.yaml", None, &[key(name)]).unwrap().opened;
        opened.find(0, PASSWORD).unwrap().secret.expose().to_owned()
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.root.join(format!("apps/{name}/secret.yaml"))).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn values_are_masked_until_they_are_revealed_and_hide_again_by_themselves() {
    let mut desk = SecretScreen::open("staging").await;
    let value = desk.value("staging");
    let masked = desk.screen();
    assert!(masked.contains("********") && !masked.contains(&value));
    insta::assert_snapshot!("open-120x30", masked);
    desk.press("jx").await;
    assert!(desk.screen().contains(&value));
    assert!(!format!("{:?}", desk.app.facts).contains(&value));
    tokio::time::sleep(Duration::from_secs(59)).await;
    desk.take(Msg::Rested).await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    desk.take(Msg::Rested).await;
    assert!(desk.screen().contains(&value), "keys keep it on the screen");
    tokio::time::sleep(Duration::from_secs(61)).await;
    desk.take(Msg::Time(desk.app.facts.now)).await;
    let hidden = desk.screen();
    assert!(!hidden.contains(&value) && hidden.contains("values were hidden"), "{hidden}");
    desk.press("A").await;
    assert!(desk.screen().contains(&value));
    desk.press("A").await;
    assert!(!desk.screen().contains(&value));
}

#[tokio::test(start_paused = true)]
async fn a_small_screen_shows_the_values_too() {
    let mut desk = SecretScreen::new(80, 24, NAMES);
    desk.press("1/apps/production/secret<enter><enter>je").await;
    let editing = desk.screen();
    let value = desk.value("production");
    assert!(editing.contains(&value), "the field shows what is edited");
    insta::assert_snapshot!("edit-80x24", editing.replace(&value, "VALUE"));
}

#[tokio::test(start_paused = true)]
async fn a_changed_value_is_shown_by_its_path_and_saved_after_a_question() {
    let mut desk = SecretScreen::open("staging").await;
    let before = desk.text("staging");
    desk.press("j<enter><ctrl-u>throwaway-1<enter>").await;
    let changed = desk.screen();
    assert!(changed.contains(&format!("1: {PASSWORD}")) && !changed.contains("throwaway-1"), "{changed}");
    assert_eq!(desk.text("staging"), before, "nothing is written before it is saved");
    desk.press("<ctrl-s>").await;
    insta::assert_snapshot!("save-120x30", desk.screen());
    assert!(desk.told.is_empty());
    desk.press("<enter>").await;
    assert_eq!(desk.value("staging"), "throwaway-1");
    assert!(!desk.told.join("").contains("throwaway-1"));
    let after = desk.text("staging");
    let differing = before.lines().zip(after.lines()).filter(|(old, new)| old != new).count();
    assert_eq!((differing, before.lines().count()), (3, after.lines().count()), "the value, lastmodified and mac");
    // It can be changed again, and left without a question.
    desk.press("<enter>x<enter><ctrl-s><enter><esc><esc>").await;
    assert_eq!(desk.value("staging"), "throwaway-1x");
    assert_eq!(desk.app.view_id(), "home");
}

#[tokio::test(start_paused = true)]
async fn production_asks_once_and_its_question_names_what_changes() {
    let mut desk = SecretScreen::open("production").await;
    desk.press("j<enter><ctrl-u>throwaway-2<enter><ctrl-s>").await;
    // First what changes, then the guard's question.
    assert!(desk.screen().contains("Save?") && desk.screen().contains(PASSWORD), "{}", desk.screen());
    desk.press("<enter>").await;
    let question = desk.screen();
    assert!(question.contains("production  PROTECTED") && question.contains(PASSWORD), "{question}");
    desk.press("n").await;
    assert!(desk.told.is_empty() && desk.value("production") != "throwaway-2");
    desk.press("S<enter>y").await;
    assert_eq!(desk.value("production"), "throwaway-2");
}

#[tokio::test(start_paused = true)]
async fn read_only_saves_nothing() {
    let mut desk = SecretScreen::open("staging").await;
    desk.app.facts.read_only = true;
    desk.press("j<enter>x<enter><ctrl-s><enter>y").await;
    assert!(desk.told.is_empty(), "{:?}", desk.told);
}

#[tokio::test(start_paused = true)]
async fn changes_are_not_lost_by_leaving_or_quitting_and_can_be_undone() {
    let mut desk = SecretScreen::open("staging").await;
    desk.press("j<enter>x<enter><enter>y<enter>").await;
    for keys in ["<esc>", "q"] {
        desk.press(keys).await;
        assert!(desk.screen().contains("would be lost"), "{keys}");
        desk.press("n").await;
        assert_eq!(desk.app.view_id(), "secret");
    }
    assert!(desk.told.is_empty());
    desk.press("u").await;
    assert!(desk.screen().contains(&format!("1: {PASSWORD}")));
    desk.press("u").await;
    assert!(desk.screen().contains("changed  nothing"));
    desk.press("<esc>").await;
    assert_eq!(desk.app.view_id(), "home");
    let mut desk = SecretScreen::open("staging").await;
    desk.press("j<enter>x<enter><esc>y").await;
    assert_eq!(desk.app.view_id(), "home");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_wrote_meanwhile_is_not_overwritten_and_the_change_is_kept() {
    let mut desk = SecretScreen::open("staging").await;
    desk.press("j<enter><ctrl-u>throwaway-3<enter>").await;
    let theirs = desk.text("staging") + "# theirs\n";
    std::fs::write(desk.root.join("apps/staging/secret.yaml"), &theirs).unwrap();
    desk.press("<ctrl-s><enter>").await;
    assert_eq!(desk.text("staging"), theirs);
    let screen = desk.screen();
    assert!(screen.contains("changed by somebody else") && screen.contains(&format!("1: {PASSWORD}")), "{screen}");
}

/// Writes the file as a colleague would, with another value, and lets the cockpit see it.
async fn colleague(desk: &mut SecretScreen, value: &str) {
    let path = desk.root.join("apps/staging/secret.yaml");
    let mut opened = sops::unlock(&path, "secret.yaml", None, &[key("staging")]).unwrap().opened;
    let entry = opened.entries().iter().find(|entry| entry.encrypted && entry.path.to_string() != PASSWORD).unwrap();
    let (document, place) = (entry.document, entry.path.clone());
    opened.set(document, &place, &crate::secret::Secret::new(value.to_owned())).unwrap();
    sops::save(&opened, &path, "secret.yaml", "2026-01-02T03:04:05Z".parse().unwrap(), &crate::model::permit::grant())
        .unwrap();
    desk.take(Msg::Repository(Ok(Arc::new(Snapshot::load(&desk.root))), None)).await;
}

fn holds(desk: &SecretScreen, value: &str) -> bool {
    let path = desk.root.join("apps/staging/secret.yaml");
    let opened = sops::unlock(&path, "secret.yaml", None, &[key("staging")]).unwrap().opened;
    opened.entries().iter().any(|entry| entry.secret.expose() == value)
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changed_under_the_editor_is_read_anew_where_nothing_is_lost() {
    let mut desk = SecretScreen::open("staging").await;
    desk.press("A").await;
    colleague(&mut desk, "theirs-1").await;
    let screen = desk.screen();
    assert!(screen.contains("was read anew") && !screen.contains("theirs-1"), "{screen}");
    desk.press("A").await;
    assert!(desk.screen().contains("theirs-1"));
}

#[tokio::test(start_paused = true)]
async fn both_changes_are_compared_and_ours_are_kept_on_top_or_dropped() {
    let mut desk = SecretScreen::open("staging").await;
    desk.press("j<enter><ctrl-u>throwaway-5<enter>").await;
    colleague(&mut desk, "theirs-2").await;
    assert!(desk.screen().contains("S compares both"), "{}", desk.screen());
    desk.press("S").await;
    insta::assert_snapshot!("theirs-120x30", desk.screen());
    let (original, theirs) = (desk.value("staging"), "theirs-2");
    assert!(!desk.screen().contains(theirs) && !desk.screen().contains("throwaway-5"), "{}", desk.screen());
    desk.press("x").await;
    let revealed = desk.screen();
    for value in [theirs, "throwaway-5", original.as_str()] {
        assert!(revealed.contains(value), "{revealed}");
    }
    // Hidden again by the key, by silence, and by leaving.
    desk.press("x").await;
    assert!(!desk.screen().contains(theirs), "{}", desk.screen());
    desk.press("x").await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    desk.take(Msg::Time(desk.app.facts.now)).await;
    assert!(!desk.screen().contains(theirs) && !desk.screen().contains("throwaway-5"), "{}", desk.screen());
    desk.press("x<esc>").await;
    assert!(!desk.screen().contains("throwaway-5"), "{}", desk.screen());
    desk.press("S").await;
    assert!(!desk.screen().contains(theirs), "{}", desk.screen());
    // Later is a choice too: nothing is lost by it.
    desk.press("<esc>Sk").await;
    assert!(desk.screen().contains(&format!("1: {PASSWORD}")), "{}", desk.screen());
    desk.press("S<enter>").await;
    assert_eq!(desk.value("staging"), "throwaway-5");
    assert!(holds(&desk, "theirs-2"), "theirs is kept as well");

    desk.press("<esc>").await;
    let mut desk = SecretScreen::open("staging").await;
    desk.press("j<enter><ctrl-u>throwaway-6<enter>").await;
    colleague(&mut desk, "theirs-3").await;
    desk.press("Sr").await;
    assert!(desk.screen().contains("changed  nothing"), "{}", desk.screen());
}

#[tokio::test(start_paused = true)]
async fn what_is_being_typed_is_not_disturbed_by_what_others_write() {
    let mut desk = SecretScreen::open("staging").await;
    desk.press("j<enter><ctrl-u>throwaway").await;
    colleague(&mut desk, "theirs-4").await;
    desk.press("-7<enter>").await;
    assert!(desk.screen().contains(&format!("1: {PASSWORD}")), "{}", desk.screen());
    desk.press("SkS<enter>").await;
    assert_eq!(desk.value("staging"), "throwaway-7");
    assert!(holds(&desk, "theirs-4"));
}

#[tokio::test(start_paused = true)]
async fn the_key_of_the_other_environment_opens_nothing_and_the_screen_says_whose_is_needed() {
    let mut desk = SecretScreen::new(120, 30, ["staging", "staging"]);
    let before = desk.text("production");
    desk.press("1/apps/production/secret<enter><enter>").await;
    insta::assert_snapshot!("locked-120x30", desk.screen());
    desk.press("xAu<ctrl-s>").await;
    assert_eq!(desk.text("production"), before);
    // With the right key, enter tries again.
    desk.reach.identities = keys_of(|_| key("production"));
    desk.press("<enter>").await;
    assert!(desk.screen().contains(PASSWORD));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_given_opens_the_file_and_is_never_shown() {
    let mut desk = SecretScreen::new(120, 30, ["staging", "staging"]);
    let prompts = Prompts::default();
    let sources = IdentitySources { prompts: prompts.clone(), ..key("staging") };
    desk.reach.identities = keys_of(|_| sources.clone());
    desk.press("1/apps/production/secret<enter><enter>eno-key<enter>").await;
    assert!(desk.screen().contains("that is not a key"), "{}", desk.screen());
    let text = std::fs::read_to_string("tests/keys/production-throwaway.txt").unwrap();
    let given = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();
    desk.press("<ctrl-u>").await;
    desk.press(given).await;
    assert!(desk.screen().contains("****") && !desk.screen().contains(given), "{}", desk.screen());
    desk.press("<enter>").await;
    assert!(desk.screen().contains(PASSWORD) && desk.screen().contains("the key that was given"), "{}", desk.screen());
}

#[tokio::test(start_paused = true)]
async fn what_a_key_asks_is_answered_where_the_file_is_opened() {
    let mut desk = SecretScreen::new(120, 30, NAMES);
    let identity =
        IdentitySources { key_file: Some("tests/sops/locked/armored.age".into()), ..IdentitySources::default() };
    desk.reach.identities = keys_of(|_| identity.clone());
    std::fs::copy("tests/sops/locked/passphrase.yaml", desk.root.join("apps/staging/secret.yaml")).unwrap();
    desk.press("1/apps/staging/secret<enter><enter>").await;
    assert!(desk.screen().contains("enter answer  esc leave it closed   passphrase of tests/sops/locked/armored.age"));
    desk.press("wrong<enter>").await;
    assert!(desk.screen().contains("enter answer"), "{}", desk.screen());
    desk.press("throwaway").await;
    assert!(desk.screen().contains("*********") && !desk.screen().contains("throwaway "), "{}", desk.screen());
    desk.press("<enter>").await;
    assert!(desk.screen().contains("stringData.password"), "{}", desk.screen());
    assert!(desk.screen().contains("from tests/sops/locked/armored.age"), "{}", desk.screen());
}

#[tokio::test(start_paused = true)]
async fn damaged_files_are_told_apart() {
    for (change, wanted) in [
        (("version:", "# version:"), "version is missing"),
        (("kind: Secret", "kind: [Secret"), "line "),
        (("name: linkding-container-env", "name: other"), "MAC"),
    ] {
        let mut desk = SecretScreen::new(120, 30, NAMES);
        let text = desk.text("staging").replace(change.0, change.1);
        std::fs::write(desk.root.join("apps/staging/secret.yaml"), text).unwrap();
        desk.press("1/apps/staging/secret<enter><enter>").await;
        let screen = desk.screen();
        assert!(screen.contains(wanted) && screen.contains("What to do"), "{screen}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_pasted_goes_into_the_field_and_stays_out_of_debug() {
    let mut desk = SecretScreen::open("staging").await;
    desk.press("j<enter><ctrl-u>").await;
    desk.take(Msg::Paste("throwaway-4\nsecond".to_owned())).await;
    assert!(desk.screen().contains("ctrl-s keep"));
    tokio::time::sleep(Duration::from_secs(61)).await;
    desk.take(Msg::Time(desk.app.facts.now)).await;
    assert!(!desk.screen().contains("throwaway-4"));
    desk.press("<enter><ctrl-s><ctrl-s><enter>").await;
    assert_eq!(desk.value("staging"), "throwaway-4\nsecond");
}

#[tokio::test(start_paused = true)]
async fn what_is_revealed_is_hidden_when_another_view_takes_its_place() {
    let mut desk = SecretScreen::open("staging").await;
    let value = desk.value("staging");
    desk.press("jx").await;
    assert!(desk.screen().contains(&value));
    let mut effects = Vec::new();
    for key in parse_keys("p").unwrap() {
        effects.extend(desk.app.update(Msg::Key(key)));
    }
    assert!(effects.iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Forget))), "no buffer may keep it");
    desk.press("<esc>").await;
    assert_eq!(desk.app.view_id(), "secret");
    assert!(!desk.screen().contains(&value));
}

#[tokio::test(start_paused = true)]
async fn keys_are_added_renamed_removed_and_all_of_it_taken_back_and_made_again() {
    let mut desk = SecretScreen::open("staging").await;
    let before = desk.text("staging");
    let plain = |desk: &SecretScreen| {
        let path = desk.root.join("apps/staging/secret.yaml");
        let opened = sops::unlock(&path, "secret.yaml", None, &[key("staging")]).unwrap().opened;
        opened.plaintext().unwrap().expose().to_owned()
    };
    desk.press("jaNEW_KEY<enter>throwaway-8<enter>").await;
    assert!(desk.screen().contains("stringData.NEW_KEY (added)"), "{}", desk.screen());
    desk.press("m<ctrl-u>OTHER<enter>").await;
    assert!(desk.screen().contains("stringData.OTHER (added)"), "{}", desk.screen());
    // The server would refuse such a key.
    desk.press("anot a key<enter>").await;
    assert!(desk.screen().contains("cannot be a key"), "{}", desk.screen());
    desk.press("<esc>kD").await;
    assert!(desk.screen().contains("(removed)"), "{}", desk.screen());
    desk.press("S").await;
    let question = desk.screen();
    assert!(question.contains("+ ********") && question.contains("- ********"), "{question}");
    desk.press("x").await;
    assert!(desk.screen().contains("+ throwaway-8"), "{}", desk.screen());
    tokio::time::sleep(Duration::from_secs(61)).await;
    desk.take(Msg::Time(desk.app.facts.now)).await;
    assert!(!desk.screen().contains("throwaway-8"), "{}", desk.screen());
    desk.press("nuuuu").await;
    assert!(desk.screen().contains("changed  nothing"), "{}", desk.screen());
    assert_eq!(desk.text("staging"), before);
    desk.press("UUUS<enter>").await;
    let after = plain(&desk);
    assert!(after.contains("OTHER: throwaway-8"), "{after}");
    assert!(!desk.text("staging").contains("throwaway-8") && !desk.told.join("").contains("throwaway-8"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_saved_yet_shows_by_a_sign_and_bytes_by_their_size() {
    let mut desk = SecretScreen::open("staging").await;
    let bytes = desk.root.join("bytes");
    std::fs::write(&bytes, [0xff, 0xfe, 0]).unwrap();
    desk.press(&format!("a/data/keystore<enter>dGhyb3dhd2F5<enter>i{}<enter>x", bytes.display())).await;
    assert!(desk.screen().contains("3 bytes, sha256 "), "{}", desk.screen());
    desk.press("x/SUPERUSER_NAME<enter>m<ctrl-u>RENAMED<enter>/<esc>").await;
    desk.press("/SUPERUSER_PASSWORD<enter>D<enter>/<esc>").await;
    insta::assert_snapshot!("signs-120x30", desk.screen());
}

#[tokio::test(start_paused = true)]
async fn a_password_is_made_and_files_are_taken_in_and_written() {
    let mut desk = SecretScreen::open("staging").await;
    let before = desk.value("staging");
    desk.press("j").await;
    desk.press("M<ctrl-u>24 a-f0-9<enter>").await;
    assert!(desk.screen().contains("24 characters out of 16: 96 bits"), "{}", desk.screen());
    desk.press("S<enter>").await;
    let made = desk.value("staging");
    assert!(made.len() == 24 && made.chars().all(|letter| letter.is_ascii_hexdigit()) && made != before);

    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("in"), "throwaway-9\n").unwrap();
    desk.press(&format!("i{}<enter>", elsewhere.path().join("in").display())).await;
    desk.press("S<enter>").await;
    assert_eq!(desk.value("staging"), "throwaway-9\n");
    desk.press(&format!("w<ctrl-u>{}<enter>", elsewhere.path().join("out").display())).await;
    assert_eq!(std::fs::read_to_string(elsewhere.path().join("out")).unwrap(), "throwaway-9\n");
    assert!(desk.screen().contains("readable by you alone"), "{}", desk.screen());
    assert!(
        desk.told.last().unwrap().contains("Write stringData.LD_SUPERUSER_PASSWORD into a file"),
        "{:?}",
        desk.told
    );
    let operations = desk.told.len();
    desk.app.facts.read_only = true;
    desk.press(&format!("w<ctrl-u>{}<enter>", elsewhere.path().join("none").display())).await;
    assert!(!elsewhere.path().join("none").exists() && desk.told.len() == operations, "{}", desk.screen());
}

#[tokio::test(start_paused = true)]
async fn a_copied_value_is_marked_as_one_that_is_cleared() {
    let mut desk = SecretScreen::open("staging").await;
    desk.press("j").await;
    let mut effects = Vec::new();
    for key in parse_keys("c").unwrap() {
        effects.extend(desk.app.update(Msg::Key(key)));
    }
    let copied = effects
        .iter()
        .find_map(|effect| if let Effect::OnScreen(OnScreen::CopySecret(text)) = effect { Some(text) } else { None });
    assert_eq!(copied.unwrap().expose(), desk.value("staging"));
    assert!(!format!("{effects:?}").contains(&desk.value("staging")));
    assert!(desk.screen().contains("cleared in 30 s"), "{}", desk.screen());
}

#[tokio::test(start_paused = true)]
async fn the_document_is_edited_as_text_and_a_mistake_is_told_on_its_line() {
    let mut desk = SecretScreen::open("staging").await;
    let value = desk.value("staging");
    desk.press("jv").await;
    let text = desk.screen();
    assert!(!text.contains(&value) && text.contains("kind: Secret") && text.contains("it can be saved"), "{text}");
    insta::assert_snapshot!("text-120x30", text);
    // One value, all of them, and none again by silence.
    let name = "LD_SUPERUSER_NAME: ********";
    desk.press("<ctrl-x>").await;
    assert!(desk.screen().contains(&value) && desk.screen().contains(name), "{}", desk.screen());
    desk.press("<ctrl-x>").await;
    assert!(!desk.screen().contains(&value), "{}", desk.screen());
    desk.press("<ctrl-t>").await;
    assert!(desk.screen().contains(&value) && !desk.screen().contains(name), "{}", desk.screen());
    tokio::time::sleep(Duration::from_secs(61)).await;
    desk.take(Msg::Time(desk.app.facts.now)).await;
    assert!(!desk.screen().contains(&value) && desk.screen().contains(name), "{}", desk.screen());
    // What is typed is seen, and what stands beside it is not.
    desk.press("<end><enter>LD_SUPERUSER_NAME: twice").await;
    assert!(desk.screen().contains(name), "{}", desk.screen());
    let wrong = desk.screen();
    assert!(wrong.contains("x ") && wrong.contains("line ") && !wrong.contains("it can be saved"), "{wrong}");
    // What cannot be read is not taken, and nothing that was typed is lost.
    desk.press("<ctrl-s>").await;
    assert!(desk.screen().contains("twice"), "{}", desk.screen());
    desk.press("<esc>").await;
    assert!(desk.screen().contains("esc again drops"), "{}", desk.screen());
    desk.press("<ctrl-u>    ADDED: throwaway-10 # why<esc>").await;
    assert!(desk.screen().contains("stringData.ADDED (added)"), "{}", desk.screen());
    // Before it is saved it is shown as values, and as text with its comment; both masked.
    desk.press("Sd").await;
    let saving = desk.screen();
    assert!(saving.contains("+     ADDED: ********") && !saving.contains("# why"), "{saving}");
    desk.press("x").await;
    let saving = desk.screen();
    assert!(saving.contains("+     ADDED: throwaway-10 # why") && saving.contains(&value), "{saving}");
    insta::assert_snapshot!("text-difference-120x30", saving.replace(&value, "VALUE"));
    desk.press("<enter>").await;
    let path = desk.root.join("apps/staging/secret.yaml");
    let opened = sops::unlock(&path, "secret.yaml", None, &[key("staging")]).unwrap().opened;
    assert!(opened.plaintext().unwrap().expose().contains("ADDED: throwaway-10 # why"));
    assert!(!desk.text("staging").contains("# why"), "the comment is encrypted");
}

#[tokio::test(start_paused = true)]
async fn keys_that_came_and_went_are_kept_on_top_of_anothers_change() {
    let mut desk = SecretScreen::open("staging").await;
    desk.press("jaMINE<enter>throwaway-11<enter>").await;
    colleague(&mut desk, "theirs-5").await;
    desk.press("S").await;
    let question = desk.screen();
    assert!(question.contains("added by you") && question.contains("changed by them"), "{question}");
    desk.press("kS<enter>").await;
    assert!(holds(&desk, "throwaway-11") && holds(&desk, "theirs-5"));
}

#[tokio::test(start_paused = true)]
async fn changes_that_were_not_saved_survive_a_crash_encrypted() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut desk = SecretScreen::open("staging").await;
    desk.reach.journal = Some(desk.root.join("../state/journal.jsonl"));
    desk.press("<esc>").await;
    desk.press("<enter>j<enter><ctrl-u>throwaway-12<enter>").await;
    let drafts = || -> Vec<PathBuf> {
        let folder = std::fs::read_dir(drafts_folder(&desk.root)).into_iter().flatten();
        folder.flatten().map(|entry| entry.path()).collect()
    };
    let [draft] = drafts().try_into().unwrap();
    let text = std::fs::read_to_string(&draft).unwrap();
    assert!(text.contains("ENC[") && !text.contains("throwaway-12"));
    assert_eq!(draft.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // Taken back, there is nothing to keep.
    desk.press("u").await;
    assert!(!draft.exists());
    // As after a crash.
    desk.press("<esc>").await;
    std::fs::write(&draft, &text).unwrap();
    desk.press("<enter>").await;
    assert!(desk.screen().contains("ended before these changes were saved"), "{}", desk.screen());
    desk.press("<esc>").await;
    assert!(desk.screen().contains("changed  nothing") && draft.exists(), "{}", desk.screen());
    desk.press("<esc><enter>t").await;
    assert!(desk.screen().contains(&format!("1: {PASSWORD}")), "{}", desk.screen());
    desk.press("S<enter>").await;
    assert_eq!(desk.value("staging"), "throwaway-12");
    assert!(!draft.exists(), "what is saved needs no draft");
    // One that is dropped is asked about no more, and leaving without saving drops it too.
    std::fs::write(&draft, &text).unwrap();
    desk.press("<esc><esc>").await;
    if desk.app.view_id() == "secret" {
        desk.press("<esc>").await;
    }
    desk.press("<enter>").await;
    if desk.screen().contains("ended before") {
        desk.press("d").await;
    }
    assert!(!draft.exists());
    desk.press("<enter>x<enter><esc>y").await;
    assert_eq!(desk.app.view_id(), "home");
    assert!(!draft.exists());
}

fn drafts_folder(root: &Path) -> PathBuf {
    root.join("../state/drafts")
}

#[tokio::test(start_paused = true)]
async fn edit_in_the_tree_opens_an_encrypted_file_and_no_other() {
    let mut desk = SecretScreen::new(120, 30, NAMES);
    let root = desk.reach.root.clone().unwrap();
    std::fs::write(root.join("apps/staging/plain.yaml"), "a: 1\n").unwrap();
    desk.app.facts.repository = Some(Arc::new(Snapshot::load(&root)));
    desk.press("1/apps/staging/plain<enter>e").await;
    assert_eq!(desk.app.view_id(), "home");
    // The editor would have the terminal, and there is none here.
    assert!(desk.screen().contains("cannot take the terminal"), "{}", desk.screen());
    desk.press("/apps/staging/secret<enter>e").await;
    assert_eq!(desk.app.view_id(), "secret");
}
