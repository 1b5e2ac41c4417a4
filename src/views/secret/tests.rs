//! The editor by its keys, on copies of the template's secrets: the screen, the questions, the written files.

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

/// A cockpit on a repository with a secret of each environment, and with each environment's key by default.
struct SecretScreen {
    app: App,
    terminal: Terminal<TestBackend>,
    _folder: tempfile::TempDir,
    root: PathBuf,
    task_context: TaskContext,
    pending_count: PendingCount,
    sender: mpsc::Sender<Msg>,
    messages: mpsc::Receiver<Msg>,
    told: Vec<String>,
}

fn key(name: &str) -> IdentitySources {
    // The path is relative, since the screen names the source of a key.
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
        let task_context = TaskContext {
            clusters: Arc::new(PerEnv::default()),
            root: Some(root.clone()),
            identities: keys_of(|env| key(keys[env.index()])),
            journal: None,
            clock: Clock::fixed("2026-01-02T03:04:05Z".parse().unwrap()),
            terminal: crate::app::Lender::default(),
            renderer: crate::render::Worker::default(),
            away: |work| work(),
        };
        let mut cockpit = Self {
            app: App::new(facts, theme, keymap, COMMANDS, Box::new(Home::new())),
            terminal: Terminal::new(TestBackend::new(width, height)).unwrap(),
            _folder: folder,
            root,
            task_context,
            pending_count: PendingCount::default(),
            sender,
            messages,
            told: Vec::new(),
        };
        cockpit.screen();
        cockpit
    }

    /// Opens the secret of an environment from the tree.
    async fn open(name: &str) -> Self {
        let mut cockpit = Self::new(120, 30, NAMES);
        cockpit.press(&format!("1/apps/{name}/secret<enter><enter>")).await;
        assert_eq!(cockpit.app.view_id(), "secret");
        cockpit
    }

    async fn press(&mut self, keys: &str) {
        for key in parse_keys(keys).unwrap() {
            self.take(Msg::Key(key)).await;
            self.take(Msg::Rested).await;
            self.screen();
        }
    }

    /// Handles a message and all its effects.
    async fn take(&mut self, message: Msg) {
        let mut waiting = vec![message];
        loop {
            while let Some(message) = waiting.pop() {
                for effect in self.app.update(message) {
                    match effect {
                        Effect::Task(ticket, task) => {
                            let reply = Reply::new(ticket, self.sender.clone(), self.pending_count.begin());
                            tokio::spawn((task.work)(self.task_context.clone(), reply));
                        }
                        Effect::Operate(id, operation) => {
                            self.told.push(format!("{operation:?}"));
                            let outcome = (operation.work)(self.task_context.clone(), Box::new(|_| {})).await;
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
            if self.pending_count.open() == 0 && self.messages.is_empty() {
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
    let mut cockpit = SecretScreen::open("staging").await;
    let value = cockpit.value("staging");
    let masked = cockpit.screen();
    assert!(masked.contains("********") && !masked.contains(&value));
    insta::assert_snapshot!("open-120x30", masked);
    cockpit.press("jx").await;
    assert!(cockpit.screen().contains(&value));
    assert!(!format!("{:?}", cockpit.app.facts).contains(&value));
    tokio::time::sleep(Duration::from_secs(59)).await;
    cockpit.take(Msg::Rested).await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    cockpit.take(Msg::Rested).await;
    assert!(cockpit.screen().contains(&value), "keys keep it on the screen");
    tokio::time::sleep(Duration::from_secs(61)).await;
    cockpit.take(Msg::Time(cockpit.app.facts.now)).await;
    let hidden = cockpit.screen();
    assert!(!hidden.contains(&value) && hidden.contains("values were hidden"), "{hidden}");
    cockpit.press("A").await;
    assert!(cockpit.screen().contains(&value));
    cockpit.press("A").await;
    assert!(!cockpit.screen().contains(&value));
}

#[tokio::test(start_paused = true)]
async fn a_small_screen_shows_the_values_too() {
    let mut cockpit = SecretScreen::new(80, 24, NAMES);
    cockpit.press("1/apps/production/secret<enter><enter>je").await;
    let editing = cockpit.screen();
    let value = cockpit.value("production");
    assert!(editing.contains(&value), "the field shows what is edited: {editing}");
    insta::assert_snapshot!("edit-80x24", editing.replace(&value, "VALUE"));
}

#[tokio::test(start_paused = true)]
async fn a_changed_value_is_shown_by_its_path_and_saved_after_a_question() {
    let mut cockpit = SecretScreen::open("staging").await;
    let before = cockpit.text("staging");
    cockpit.press("j<enter><ctrl-u>throwaway-1<enter>").await;
    let changed = cockpit.screen();
    assert!(changed.contains(&format!("1: {PASSWORD}")) && !changed.contains("throwaway-1"), "{changed}");
    assert_eq!(cockpit.text("staging"), before, "nothing is written before it is saved");
    cockpit.press("<ctrl-s>").await;
    insta::assert_snapshot!("save-120x30", cockpit.screen());
    assert!(cockpit.told.is_empty());
    cockpit.press("<enter>").await;
    assert_eq!(cockpit.value("staging"), "throwaway-1");
    assert!(!cockpit.told.join("").contains("throwaway-1"));
    let after = cockpit.text("staging");
    let differing = before.lines().zip(after.lines()).filter(|(old, new)| old != new).count();
    assert_eq!((differing, before.lines().count()), (3, after.lines().count()), "the value, lastmodified and mac");
    // It can be changed again, and closed without a question.
    cockpit.press("<enter>x<enter><ctrl-s><enter><esc><esc>").await;
    assert_eq!(cockpit.value("staging"), "throwaway-1x");
    assert_eq!(cockpit.app.view_id(), "home");
}

#[tokio::test(start_paused = true)]
async fn production_asks_once_and_its_question_names_what_changes() {
    let mut cockpit = SecretScreen::open("production").await;
    cockpit.press("j<enter><ctrl-u>throwaway-2<enter><ctrl-s>").await;
    // One dialog shows the changes, their places and the command; enter does not save there.
    let question = cockpit.screen();
    assert!(question.contains("Save?  production PROTECTED") && question.contains(PASSWORD), "{question}");
    assert!(question.contains("sops set --value-stdin apps/production/secret.yaml"), "{question}");
    cockpit.press("<enter>").await;
    assert_eq!(cockpit.app.view_id(), "changes");
    cockpit.press("n").await;
    assert!(cockpit.told.is_empty() && cockpit.value("production") != "throwaway-2");
    cockpit.press("Sy").await;
    assert_eq!(cockpit.value("production"), "throwaway-2");
}

#[tokio::test(start_paused = true)]
async fn read_only_saves_nothing() {
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.app.facts.read_only = true;
    cockpit.press("j<enter>x<enter><ctrl-s><enter>y").await;
    assert!(cockpit.told.is_empty(), "{:?}", cockpit.told);
}

#[tokio::test(start_paused = true)]
async fn changes_are_not_lost_by_leaving_or_quitting_and_can_be_undone() {
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("j<enter>x<enter><enter>y<enter>").await;
    for keys in ["<esc>", "q"] {
        cockpit.press(keys).await;
        assert!(cockpit.screen().contains("would be lost"), "{keys}");
        cockpit.press("n").await;
        assert_eq!(cockpit.app.view_id(), "secret");
    }
    assert!(cockpit.told.is_empty());
    cockpit.press("u").await;
    assert!(cockpit.screen().contains(&format!("1: {PASSWORD}")));
    cockpit.press("u").await;
    assert!(cockpit.screen().contains("changed  nothing"));
    cockpit.press("<esc>").await;
    assert_eq!(cockpit.app.view_id(), "home");
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("j<enter>x<enter><esc>y").await;
    assert_eq!(cockpit.app.view_id(), "home");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_wrote_meanwhile_is_not_overwritten_and_the_change_is_kept() {
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("j<enter><ctrl-u>throwaway-3<enter>").await;
    let theirs = cockpit.text("staging") + "# theirs\n";
    std::fs::write(cockpit.root.join("apps/staging/secret.yaml"), &theirs).unwrap();
    cockpit.press("<ctrl-s><enter>").await;
    assert_eq!(cockpit.text("staging"), theirs);
    let screen = cockpit.screen();
    assert!(screen.contains("changed by somebody else") && screen.contains(&format!("1: {PASSWORD}")), "{screen}");
}

/// Writes the file as a colleague would, with another value, and makes the cockpit read it.
async fn colleague(cockpit: &mut SecretScreen, value: &str) {
    let path = cockpit.root.join("apps/staging/secret.yaml");
    let mut opened = sops::unlock(&path, "secret.yaml", None, &[key("staging")]).unwrap().opened;
    let entry = opened.entries().iter().find(|entry| entry.encrypted && entry.path.to_string() != PASSWORD).unwrap();
    let (document, place) = (entry.document, entry.path.clone());
    opened.set(document, &place, &crate::secret::Secret::new(value.to_owned())).unwrap();
    sops::save(&opened, &path, "secret.yaml", "2026-01-02T03:04:05Z".parse().unwrap(), &crate::model::permit::grant())
        .unwrap();
    cockpit.take(Msg::Repository(Ok(Arc::new(Snapshot::load(&cockpit.root))), None)).await;
}

fn holds(cockpit: &SecretScreen, value: &str) -> bool {
    let path = cockpit.root.join("apps/staging/secret.yaml");
    let opened = sops::unlock(&path, "secret.yaml", None, &[key("staging")]).unwrap().opened;
    opened.entries().iter().any(|entry| entry.secret.expose() == value)
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changed_under_the_editor_is_read_anew_where_nothing_is_lost() {
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("A").await;
    colleague(&mut cockpit, "theirs-1").await;
    let screen = cockpit.screen();
    assert!(screen.contains("was read anew") && !screen.contains("theirs-1"), "{screen}");
    cockpit.press("A").await;
    assert!(cockpit.screen().contains("theirs-1"));
}

#[tokio::test(start_paused = true)]
async fn both_changes_are_compared_and_ours_are_kept_on_top_or_dropped() {
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("j<enter><ctrl-u>throwaway-5<enter>").await;
    colleague(&mut cockpit, "theirs-2").await;
    assert!(cockpit.screen().contains("ctrl-s compares"), "{}", cockpit.screen());
    cockpit.press("S").await;
    insta::assert_snapshot!("theirs-120x30", cockpit.screen());
    let (original, theirs) = (cockpit.value("staging"), "theirs-2");
    assert!(!cockpit.screen().contains(theirs) && !cockpit.screen().contains("throwaway-5"), "{}", cockpit.screen());
    cockpit.press("x").await;
    let revealed = cockpit.screen();
    for value in [theirs, "throwaway-5", original.as_str()] {
        assert!(revealed.contains(value), "{revealed}");
    }
    // The key, a pause, and leaving each hide it again.
    cockpit.press("x").await;
    assert!(!cockpit.screen().contains(theirs), "{}", cockpit.screen());
    cockpit.press("x").await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    cockpit.take(Msg::Time(cockpit.app.facts.now)).await;
    assert!(!cockpit.screen().contains(theirs) && !cockpit.screen().contains("throwaway-5"), "{}", cockpit.screen());
    cockpit.press("x<esc>").await;
    assert!(!cockpit.screen().contains("throwaway-5"), "{}", cockpit.screen());
    cockpit.press("S").await;
    assert!(!cockpit.screen().contains(theirs), "{}", cockpit.screen());
    // "Later" is a choice, too: nothing is lost by it.
    cockpit.press("<esc>Sk").await;
    assert!(cockpit.screen().contains(&format!("1: {PASSWORD}")), "{}", cockpit.screen());
    cockpit.press("S<enter>").await;
    assert_eq!(cockpit.value("staging"), "throwaway-5");
    assert!(holds(&cockpit, "theirs-2"), "theirs is kept as well");

    cockpit.press("<esc>").await;
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("j<enter><ctrl-u>throwaway-6<enter>").await;
    colleague(&mut cockpit, "theirs-3").await;
    cockpit.press("Sr").await;
    assert!(cockpit.screen().contains("changed  nothing"), "{}", cockpit.screen());
}

#[tokio::test(start_paused = true)]
async fn what_is_being_typed_is_not_disturbed_by_what_others_write() {
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("j<enter><ctrl-u>throwaway").await;
    colleague(&mut cockpit, "theirs-4").await;
    cockpit.press("-7<enter>").await;
    assert!(cockpit.screen().contains(&format!("1: {PASSWORD}")), "{}", cockpit.screen());
    cockpit.press("SkS<enter>").await;
    assert_eq!(cockpit.value("staging"), "throwaway-7");
    assert!(holds(&cockpit, "theirs-4"));
}

#[tokio::test(start_paused = true)]
async fn the_key_of_the_other_environment_opens_nothing_and_the_screen_says_whose_is_needed() {
    let mut cockpit = SecretScreen::new(120, 30, ["staging", "staging"]);
    let before = cockpit.text("production");
    cockpit.press("1/apps/production/secret<enter><enter>").await;
    insta::assert_snapshot!("locked-120x30", cockpit.screen());
    cockpit.press("xAu<ctrl-s>").await;
    assert_eq!(cockpit.text("production"), before);
    // With the right key, enter tries again.
    cockpit.task_context.identities = keys_of(|_| key("production"));
    cockpit.press("<enter>").await;
    assert!(cockpit.screen().contains(PASSWORD));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_given_opens_the_file_and_is_never_shown() {
    let mut cockpit = SecretScreen::new(120, 30, ["staging", "staging"]);
    let prompts = Prompts::default();
    let sources = IdentitySources { prompts: prompts.clone(), ..key("staging") };
    cockpit.task_context.identities = keys_of(|_| sources.clone());
    cockpit.press("1/apps/production/secret<enter><enter>eno-key<enter>").await;
    assert!(cockpit.screen().contains("that is not a key"), "{}", cockpit.screen());
    let text = std::fs::read_to_string("tests/keys/production-throwaway.txt").unwrap();
    let given = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();
    cockpit.press("<ctrl-u>").await;
    cockpit.press(given).await;
    assert!(cockpit.screen().contains("****") && !cockpit.screen().contains(given), "{}", cockpit.screen());
    cockpit.press("<enter>").await;
    assert!(
        cockpit.screen().contains(PASSWORD) && cockpit.screen().contains("the key that was given"),
        "{}",
        cockpit.screen()
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_key_asks_is_answered_where_the_file_is_opened() {
    let mut cockpit = SecretScreen::new(120, 30, NAMES);
    let identity =
        IdentitySources { key_file: Some("tests/sops/locked/armored.age".into()), ..IdentitySources::default() };
    cockpit.task_context.identities = keys_of(|_| identity.clone());
    std::fs::copy("tests/sops/locked/passphrase.yaml", cockpit.root.join("apps/staging/secret.yaml")).unwrap();
    cockpit.press("1/apps/staging/secret<enter><enter>").await;
    assert!(
        cockpit.screen().contains("enter answer  esc leave it closed   passphrase of tests/sops/locked/armored.age")
    );
    cockpit.press("wrong<enter>").await;
    assert!(cockpit.screen().contains("enter answer"), "{}", cockpit.screen());
    cockpit.press("throwaway").await;
    assert!(cockpit.screen().contains("*********") && !cockpit.screen().contains("throwaway "), "{}", cockpit.screen());
    cockpit.press("<enter>").await;
    assert!(cockpit.screen().contains("stringData.password"), "{}", cockpit.screen());
    assert!(cockpit.screen().contains("from tests/sops/locked/armored.age"), "{}", cockpit.screen());
}

#[tokio::test(start_paused = true)]
async fn damaged_files_are_told_apart() {
    for (change, wanted) in [
        (("version:", "# version:"), "version is missing"),
        (("kind: Secret", "kind: [Secret"), "line "),
        (("name: linkding-container-env", "name: other"), "MAC"),
    ] {
        let mut cockpit = SecretScreen::new(120, 30, NAMES);
        let text = cockpit.text("staging").replace(change.0, change.1);
        std::fs::write(cockpit.root.join("apps/staging/secret.yaml"), text).unwrap();
        cockpit.press("1/apps/staging/secret<enter><enter>").await;
        let screen = cockpit.screen();
        assert!(screen.contains(wanted) && screen.contains("What to do"), "{screen}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_pasted_goes_into_the_field_and_stays_out_of_debug() {
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("j<enter><ctrl-u>").await;
    // As most terminals send it.
    cockpit.take(Msg::Paste("throwaway-4\rsecond".to_owned())).await;
    assert!(cockpit.screen().contains("ctrl-s keep"));
    tokio::time::sleep(Duration::from_secs(61)).await;
    cockpit.take(Msg::Time(cockpit.app.facts.now)).await;
    assert!(!cockpit.screen().contains("throwaway-4"));
    cockpit.press("<enter><ctrl-s><ctrl-s><enter>").await;
    assert_eq!(cockpit.value("staging"), "throwaway-4\nsecond");
}

#[tokio::test(start_paused = true)]
async fn what_is_revealed_is_hidden_when_another_view_takes_its_place() {
    let mut cockpit = SecretScreen::open("staging").await;
    let value = cockpit.value("staging");
    cockpit.press("jx").await;
    assert!(cockpit.screen().contains(&value));
    let mut effects = Vec::new();
    for key in parse_keys("p").unwrap() {
        effects.extend(cockpit.app.update(Msg::Key(key)));
    }
    assert!(effects.iter().any(|effect| matches!(effect, Effect::OnScreen(OnScreen::Forget))), "no buffer may keep it");
    cockpit.press("<esc>").await;
    assert_eq!(cockpit.app.view_id(), "secret");
    assert!(!cockpit.screen().contains(&value));
}

#[tokio::test(start_paused = true)]
async fn keys_are_added_renamed_removed_and_all_of_it_taken_back_and_made_again() {
    let mut cockpit = SecretScreen::open("staging").await;
    let before = cockpit.text("staging");
    let plain = |cockpit: &SecretScreen| {
        let path = cockpit.root.join("apps/staging/secret.yaml");
        let opened = sops::unlock(&path, "secret.yaml", None, &[key("staging")]).unwrap().opened;
        opened.plaintext().unwrap().expose().to_owned()
    };
    cockpit.press("jaNEW_KEY<enter>throwaway-8<enter>").await;
    assert!(cockpit.screen().contains("stringData.NEW_KEY (added)"), "{}", cockpit.screen());
    cockpit.press("m<ctrl-u>OTHER<enter>").await;
    assert!(cockpit.screen().contains("stringData.OTHER (added)"), "{}", cockpit.screen());
    // The server would refuse such a key.
    cockpit.press("anot a key<enter>").await;
    assert!(cockpit.screen().contains("cannot be a key"), "{}", cockpit.screen());
    cockpit.press("<esc>kD").await;
    assert!(cockpit.screen().contains("(removed)"), "{}", cockpit.screen());
    cockpit.press("S").await;
    let question = cockpit.screen();
    assert!(question.contains("+ ********") && question.contains("- ********"), "{question}");
    cockpit.press("x").await;
    assert!(cockpit.screen().contains("+ throwaway-8"), "{}", cockpit.screen());
    tokio::time::sleep(Duration::from_secs(61)).await;
    cockpit.take(Msg::Time(cockpit.app.facts.now)).await;
    assert!(!cockpit.screen().contains("throwaway-8"), "{}", cockpit.screen());
    cockpit.press("nuuuu").await;
    assert!(cockpit.screen().contains("changed  nothing"), "{}", cockpit.screen());
    assert_eq!(cockpit.text("staging"), before);
    cockpit.press("UUUS<enter>").await;
    let after = plain(&cockpit);
    assert!(after.contains("OTHER: throwaway-8"), "{after}");
    assert!(!cockpit.text("staging").contains("throwaway-8") && !cockpit.told.join("").contains("throwaway-8"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_saved_yet_shows_by_a_sign_and_bytes_by_their_size() {
    let mut cockpit = SecretScreen::open("staging").await;
    let bytes = cockpit.root.join("bytes");
    std::fs::write(&bytes, [0xff, 0xfe, 0]).unwrap();
    cockpit.press(&format!("a/data/keystore<enter>dGhyb3dhd2F5<enter>i{}<enter>x", bytes.display())).await;
    assert!(cockpit.screen().contains("3 bytes, sha256 "), "{}", cockpit.screen());
    cockpit.press("x/SUPERUSER_NAME<enter>m<ctrl-u>RENAMED<enter>/<esc>").await;
    cockpit.press("/SUPERUSER_PASSWORD<enter>D<enter>/<esc>").await;
    insta::assert_snapshot!("signs-120x30", cockpit.screen());
}

#[tokio::test(start_paused = true)]
async fn a_password_is_made_and_files_are_taken_in_and_written() {
    let mut cockpit = SecretScreen::open("staging").await;
    let before = cockpit.value("staging");
    cockpit.press("j").await;
    cockpit.press("M<ctrl-u>24 a-f0-9<enter>").await;
    assert!(cockpit.screen().contains("24 characters out of 16: 96 bits"), "{}", cockpit.screen());
    cockpit.press("S<enter>").await;
    let made = cockpit.value("staging");
    assert!(made.len() == 24 && made.chars().all(|letter| letter.is_ascii_hexdigit()) && made != before);

    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("in"), "throwaway-9\n").unwrap();
    cockpit.press(&format!("i{}<enter>", elsewhere.path().join("in").display())).await;
    cockpit.press("S<enter>").await;
    assert_eq!(cockpit.value("staging"), "throwaway-9\n");
    cockpit.press(&format!("w<ctrl-u>{}<enter>", elsewhere.path().join("out").display())).await;
    assert_eq!(std::fs::read_to_string(elsewhere.path().join("out")).unwrap(), "throwaway-9\n");
    assert!(cockpit.screen().contains("readable by you alone"), "{}", cockpit.screen());
    assert!(
        cockpit.told.last().unwrap().contains("Write stringData.LD_SUPERUSER_PASSWORD into a file"),
        "{:?}",
        cockpit.told
    );
    let operations = cockpit.told.len();
    cockpit.app.facts.read_only = true;
    cockpit.press(&format!("w<ctrl-u>{}<enter>", elsewhere.path().join("none").display())).await;
    assert!(!elsewhere.path().join("none").exists() && cockpit.told.len() == operations, "{}", cockpit.screen());
}

#[tokio::test(start_paused = true)]
async fn a_copied_value_is_marked_as_one_that_is_cleared() {
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("j").await;
    let mut effects = Vec::new();
    for key in parse_keys("c").unwrap() {
        effects.extend(cockpit.app.update(Msg::Key(key)));
    }
    let copied = effects
        .iter()
        .find_map(|effect| if let Effect::OnScreen(OnScreen::CopySecret(text)) = effect { Some(text) } else { None });
    assert_eq!(copied.unwrap().expose(), cockpit.value("staging"));
    assert!(!format!("{effects:?}").contains(&cockpit.value("staging")));
    assert!(cockpit.screen().contains("cleared in 30 s"), "{}", cockpit.screen());
}

#[tokio::test(start_paused = true)]
async fn the_document_is_edited_as_text_and_a_mistake_is_told_on_its_line() {
    let mut cockpit = SecretScreen::open("staging").await;
    let value = cockpit.value("staging");
    cockpit.press("jv").await;
    let text = cockpit.screen();
    assert!(!text.contains(&value) && text.contains("kind: Secret") && text.contains("it can be saved"), "{text}");
    insta::assert_snapshot!("text-120x30", text);
    // One value, all of them, and none again after a pause.
    let name = "LD_SUPERUSER_NAME: ********";
    cockpit.press("<ctrl-x>").await;
    assert!(cockpit.screen().contains(&value) && cockpit.screen().contains(name), "{}", cockpit.screen());
    cockpit.press("<ctrl-x>").await;
    assert!(!cockpit.screen().contains(&value), "{}", cockpit.screen());
    cockpit.press("<ctrl-t>").await;
    assert!(cockpit.screen().contains(&value) && !cockpit.screen().contains(name), "{}", cockpit.screen());
    tokio::time::sleep(Duration::from_secs(61)).await;
    cockpit.take(Msg::Time(cockpit.app.facts.now)).await;
    assert!(!cockpit.screen().contains(&value) && cockpit.screen().contains(name), "{}", cockpit.screen());
    // The typed text is visible, and the values beside it are not.
    cockpit.press("<end><enter>LD_SUPERUSER_NAME: twice").await;
    assert!(cockpit.screen().contains(name), "{}", cockpit.screen());
    let wrong = cockpit.screen();
    assert!(wrong.contains("x ") && wrong.contains("line ") && !wrong.contains("it can be saved"), "{wrong}");
    // A text that cannot be parsed is refused, and stays as the user typed it.
    cockpit.press("<ctrl-s>").await;
    assert!(cockpit.screen().contains("twice"), "{}", cockpit.screen());
    cockpit.press("<esc>").await;
    assert!(cockpit.screen().contains("esc again drops"), "{}", cockpit.screen());
    cockpit.press("<ctrl-u>    ADDED: throwaway-10 # why<esc>").await;
    assert!(cockpit.screen().contains("stringData.ADDED (added)"), "{}", cockpit.screen());
    // Before it is saved, the dialog shows it as values, and as text with its comment; both masked.
    cockpit.press("Sd").await;
    let saving = cockpit.screen();
    assert!(saving.contains("+     ADDED: ********") && !saving.contains("# why"), "{saving}");
    cockpit.press("x").await;
    let saving = cockpit.screen();
    assert!(saving.contains("+     ADDED: throwaway-10 # why") && saving.contains(&value), "{saving}");
    insta::assert_snapshot!("text-difference-120x30", saving.replace(&value, "VALUE"));
    cockpit.press("<enter>").await;
    let path = cockpit.root.join("apps/staging/secret.yaml");
    let opened = sops::unlock(&path, "secret.yaml", None, &[key("staging")]).unwrap().opened;
    assert!(opened.plaintext().unwrap().expose().contains("ADDED: throwaway-10 # why"));
    assert!(!cockpit.text("staging").contains("# why"), "the comment is encrypted");
}

#[tokio::test(start_paused = true)]
async fn keys_that_came_and_went_are_kept_on_top_of_anothers_change() {
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.press("jaMINE<enter>throwaway-11<enter>").await;
    colleague(&mut cockpit, "theirs-5").await;
    cockpit.press("S").await;
    let question = cockpit.screen();
    assert!(question.contains("added by you") && question.contains("changed by them"), "{question}");
    cockpit.press("kS<enter>").await;
    assert!(holds(&cockpit, "throwaway-11") && holds(&cockpit, "theirs-5"));
}

#[tokio::test(start_paused = true)]
async fn changes_that_were_not_saved_survive_a_crash_encrypted() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut cockpit = SecretScreen::open("staging").await;
    cockpit.task_context.journal = Some(cockpit.root.join("../state/journal.jsonl"));
    cockpit.press("<esc>").await;
    cockpit.press("<enter>j<enter><ctrl-u>throwaway-12<enter>").await;
    let drafts = || -> Vec<PathBuf> {
        let folder = std::fs::read_dir(drafts_folder(&cockpit.root)).into_iter().flatten();
        folder.flatten().map(|entry| entry.path()).collect()
    };
    let [draft] = drafts().try_into().unwrap();
    let text = std::fs::read_to_string(&draft).unwrap();
    assert!(text.contains("ENC[") && !text.contains("throwaway-12"));
    assert_eq!(draft.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // Once the change is undone, there is nothing to keep.
    cockpit.press("u").await;
    assert!(!draft.exists());
    // The same as after a crash.
    cockpit.press("<esc>").await;
    std::fs::write(&draft, &text).unwrap();
    cockpit.press("<enter>").await;
    assert!(cockpit.screen().contains("ended before these changes were saved"), "{}", cockpit.screen());
    cockpit.press("<esc>").await;
    assert!(cockpit.screen().contains("changed  nothing") && draft.exists(), "{}", cockpit.screen());
    cockpit.press("<esc><enter>t").await;
    assert!(cockpit.screen().contains(&format!("1: {PASSWORD}")), "{}", cockpit.screen());
    cockpit.press("S<enter>").await;
    assert_eq!(cockpit.value("staging"), "throwaway-12");
    assert!(!draft.exists(), "what is saved needs no draft");
    // There is no further question about a dropped draft, and leaving without saving drops it, too.
    std::fs::write(&draft, &text).unwrap();
    cockpit.press("<esc><esc>").await;
    if cockpit.app.view_id() == "secret" {
        cockpit.press("<esc>").await;
    }
    cockpit.press("<enter>").await;
    if cockpit.screen().contains("ended before") {
        cockpit.press("d").await;
    }
    assert!(!draft.exists());
    cockpit.press("<enter>x<enter><esc>y").await;
    assert_eq!(cockpit.app.view_id(), "home");
    assert!(!draft.exists());
}

fn drafts_folder(root: &Path) -> PathBuf {
    root.join("../state/drafts")
}

#[tokio::test(start_paused = true)]
async fn edit_in_the_tree_opens_an_encrypted_file_and_no_other() {
    let mut cockpit = SecretScreen::new(120, 30, NAMES);
    let root = cockpit.task_context.root.clone().unwrap();
    std::fs::write(root.join("apps/staging/plain.yaml"), "a: 1\n").unwrap();
    cockpit.app.facts.repository = Some(Arc::new(Snapshot::load(&root)));
    cockpit.press("1/apps/staging/plain<enter>e").await;
    assert_eq!(cockpit.app.view_id(), "home");
    // The editor needs the terminal, and there is none here.
    assert!(cockpit.screen().contains("cannot take the terminal"), "{}", cockpit.screen());
    cockpit.press("/apps/staging/secret<enter>e").await;
    assert_eq!(cockpit.app.view_id(), "secret");
}
