//! The git screen by its keys, on real repositories in temporary folders.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;

use crate::app::key::parse_keys;
use crate::app::test_support::facts;
use crate::app::{App, Effect, Keymap, Msg, PendingCount, Reply, TaskContext};
use crate::commands::COMMANDS;
use crate::model::{Clock, PerEnv};
use crate::repo::Snapshot;
use crate::theme::{Depth, Theme};
use crate::views::home::Home;

struct GitScreen {
    app: App,
    terminal: Terminal<TestBackend>,
    folder: tempfile::TempDir,
    reach: TaskContext,
    ledger: PendingCount,
    sender: mpsc::Sender<Msg>,
    messages: mpsc::Receiver<Msg>,
}

fn git(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl GitScreen {
    fn new(prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("homelab");
        std::fs::create_dir_all(root.join("clusters/staging")).unwrap();
        std::fs::create_dir_all(root.join("clusters/production")).unwrap();
        git(&root, &["init", "--quiet", "--initial-branch=main"]);
        for (key, value) in [
            ("user.name", "Test"),
            ("user.email", "test@example.org"),
            ("commit.gpgsign", "false"),
            ("core.hooksPath", ".git/hooks"),
        ] {
            git(&root, &["config", key, value]);
        }
        std::fs::write(root.join("a.yaml"), "a: 1\n").unwrap();
        prepare(&root);
        let mut facts = facts();
        facts.repository = Some(Arc::new(Snapshot::load(&root)));
        let (sender, messages) = mpsc::channel(64);
        let reach = TaskContext {
            clusters: Arc::new(PerEnv::default()),
            root: Some(root),
            identities: Arc::default(),
            journal: None,
            clock: Clock::fixed("2026-01-02T03:04:05Z".parse().unwrap()),
            away: |work| work(),
            terminal: crate::app::Lender::default(),
            renderer: crate::render::Worker::default(),
        };
        let theme = Theme::load("terminal", Depth::None, true).unwrap();
        let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
        let mut desk = Self {
            app: App::new(facts, theme, keymap, COMMANDS, Box::new(Home::new())),
            terminal: Terminal::new(TestBackend::new(100, 30)).unwrap(),
            folder,
            reach,
            ledger: PendingCount::default(),
            sender,
            messages,
        };
        desk.press("v");
        desk
    }

    fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("homelab")
    }

    /// Presses keys, does what they cause, and returns the screen.
    fn press(&mut self, keys: &str) -> String {
        for key in parse_keys(keys).unwrap() {
            let effects = self.app.update(Msg::Key(key));
            self.perform(effects);
        }
        self.terminal.draw(|frame| self.app.render(frame)).unwrap();
        self.terminal.backend().to_string()
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Task(ticket, task) => {
                    let reply = Reply::new(ticket, self.sender.clone(), self.ledger.owe());
                    futures::executor::block_on((task.work)(self.reach.clone(), reply));
                }
                Effect::Rescan => {
                    let snapshot = Arc::new(Snapshot::load(&self.root()));
                    self.sender.try_send(Msg::Repository(Ok(snapshot), None)).unwrap();
                }
                Effect::Operate(id, operation) => {
                    let work = (operation.work)(self.reach.clone(), Box::new(|_| {}));
                    let outcome = futures::executor::block_on(work);
                    self.sender.try_send(Msg::Ended(id, outcome, None)).unwrap();
                }
                _ => {}
            }
        }
        while let Ok(message) = self.messages.try_recv() {
            let effects = self.app.update(message);
            self.perform(effects);
        }
    }
}

#[test]
fn a_file_is_staged_committed_and_seen_in_the_history() {
    let mut desk = GitScreen::new(|_| {});
    let screen = desk.press("");
    assert!(screen.contains("no commit yet") && screen.contains("not known to git"), "{screen}");
    let screen = desk.press("<space>");
    assert!(screen.contains("staged (1)"), "{screen}");
    let screen = desk.press("<enter>");
    assert!(screen.contains("+a: 1"), "{screen}");
    desk.press("<esc>");
    let screen = desk.press("cfeat:<space>a");
    assert!(screen.contains("feat: a_") && screen.contains("a.yaml"), "{screen}");
    // The message is kept while something else is looked at.
    desk.press("<esc>");
    assert!(desk.press("c").contains("feat: a_"));
    // And while the screen itself is left.
    desk.press("<esc><esc>v");
    assert!(desk.press("c").contains("feat: a_"));
    let screen = desk.press("<ctrl-s>");
    assert!(screen.contains("feat: a") && screen.contains("nothing is changed"), "{screen}");
    assert_eq!(git(&desk.root(), &["log", "--format=%s"]), "feat: a\n");
}

#[test]
fn what_is_staged_can_be_taken_out_again() {
    let mut desk = GitScreen::new(|root| std::fs::write(root.join("b.yaml"), "b: 1\n").unwrap());
    assert!(desk.press("a").contains("staged (2)"));
    assert!(desk.press("<space>").contains("staged (1)"));
    assert!(desk.press("a").contains("staged (2)"));
    assert!(desk.press("a").contains("not known to git (2)"));
}

#[test]
fn a_key_is_refused_until_its_files_name_is_typed() {
    let (key, _) = crate::sops::generate();
    let mut desk = GitScreen::new(|root| std::fs::write(root.join("a.yaml"), key.expose()).unwrap());
    let screen = desk.press("<space>");
    assert!(screen.contains("age private key") && screen.contains("Type a.yaml"), "{screen}");
    assert!(!git(&desk.root(), &["status", "--porcelain"]).starts_with('A'));
    let screen = desk.press("a.yaml<enter>");
    assert!(screen.contains("staged (1)"), "{screen}");
    desk.press("cx<ctrl-s>");
    assert_eq!(git(&desk.root(), &["log", "--format=%s"]), "x\n");
}

#[test]
fn what_was_staged_elsewhere_is_looked_at_before_it_is_committed() {
    let mut desk = GitScreen::new(|root| {
        std::fs::write(root.join("a.yaml"), "kind: Secret\nstringData:\n  a: hunter2\n").unwrap();
        git(root, &["add", "a.yaml"]);
    });
    let screen = desk.press("cx<ctrl-s>");
    assert!(screen.contains("in plain text") && !screen.contains("hunter2"), "{screen}");
    let screen = desk.press("<esc>c");
    assert!(screen.contains("x_"), "the message is kept: {screen}");
}

#[test]
fn a_refused_commit_keeps_its_message_and_shows_the_hooks_words() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut desk = GitScreen::new(|root| {
        let hook = root.join(".git/hooks/pre-commit");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, "#!/bin/sh\necho 'a.yaml: the image has no tag'\nexit 1\n").unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    });
    desk.press("<space>");
    let screen = desk.press("csubject<ctrl-s>");
    assert!(screen.contains("the image has no tag") && screen.contains("subject_"), "{screen}");
}

#[test]
fn a_push_names_the_protected_environment_that_it_reaches() {
    let mut desk = GitScreen::new(|root| {
        git(root, &["init", "--quiet", "--bare", "--initial-branch=main", "../origin.git"]);
        git(root, &["remote", "add", "origin", "../origin.git"]);
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
    });
    let screen = desk.press("P");
    assert!(screen.contains("production  PROTECTED") && screen.contains("git push"), "{screen}");
    desk.press("n");
    assert!(!Path::new(&desk.root().join("../origin.git/refs/heads/main")).exists());
    desk.press("P");
    desk.press("y");
    assert!(Path::new(&desk.root().join("../origin.git/refs/heads/main")).exists());
}

#[test]
fn what_git_is_in_the_middle_of_is_said_and_nothing_is_pushed() {
    let mut desk = GitScreen::new(|root| {
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
        git(root, &["checkout", "--quiet", "--detach"]);
    });
    let screen = desk.press("P");
    assert!(screen.contains("detached at") && screen.contains("HEAD is detached"), "{screen}");
}

#[test]
fn read_only_stages_nothing() {
    let mut desk = GitScreen::new(|_| {});
    desk.app.facts.read_only = true;
    let screen = desk.press("<space>");
    assert!(screen.contains("--read-only"), "{screen}");
    assert!(git(&desk.root(), &["status", "--porcelain"]).starts_with("??"));
}
