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
use crate::app::{App, Effect, Keymap, KindTable, Msg, PendingCount, Reply, TaskContext};
use crate::commands::COMMANDS;
use crate::model::{Clock, Env, PerEnv};
use crate::repo::Snapshot;
use crate::theme::{Depth, Theme};
use crate::views::home::Home;

struct GitScreen {
    app: App,
    terminal: Terminal<TestBackend>,
    folder: tempfile::TempDir,
    task_context: TaskContext,
    pending_count: PendingCount,
    sender: mpsc::Sender<Msg>,
    messages: mpsc::Receiver<Msg>,
}

fn git(root: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    // Fixed times make the hashes of commits reproducible.
    command.env("GIT_AUTHOR_DATE", "2026-01-01T12:00:00Z").env("GIT_COMMITTER_DATE", "2026-01-01T12:00:00Z");
    let output = command.arg("-C").arg(root).args(arguments).output().unwrap();
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
        facts.now = "2026-01-02T03:04:05Z".parse().unwrap();
        let (sender, messages) = mpsc::channel(64);
        let task_context = TaskContext {
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
        let mut cockpit = Self {
            app: App::new(facts, theme, keymap, COMMANDS, Box::new(Home::new())),
            terminal: Terminal::new(TestBackend::new(100, 30)).unwrap(),
            folder,
            task_context,
            pending_count: PendingCount::default(),
            sender,
            messages,
        };
        cockpit.press("v");
        cockpit
    }

    fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("homelab")
    }

    /// Presses keys, performs their effects, and returns the screen.
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
                    let reply = Reply::new(ticket, self.sender.clone(), self.pending_count.begin());
                    futures::executor::block_on((task.work)(self.task_context.clone(), reply));
                }
                Effect::Rescan => {
                    let snapshot = Arc::new(Snapshot::load(&self.root()));
                    self.sender.try_send(Msg::Repository(Ok(snapshot), None)).unwrap();
                }
                Effect::Operate(id, operation) => {
                    let work = (operation.work)(self.task_context.clone(), Box::new(|_| {}));
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

/// Tells whether the footer lists a key.
fn has_key(cockpit: &GitScreen, key: &str) -> bool {
    cockpit.app.footer_keys().iter().any(|(known, _)| known == key)
}

#[test]
fn only_the_panel_with_the_focus_has_the_cursor() {
    let mut cockpit = GitScreen::new(|root| {
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
        std::fs::write(root.join("a.yaml"), "a: 2\n").unwrap();
    });
    let cursors = |screen: &str| -> Vec<String> {
        let lines = screen.lines().filter(|line| line.starts_with("\"|>") || line.starts_with("|>"));
        lines.map(str::to_owned).collect()
    };
    let found = cursors(&cockpit.press(""));
    assert!(found.len() == 1 && found[0].contains("a.yaml"), "{found:?}");
    let found = cursors(&cockpit.press("<tab>"));
    assert!(found.len() == 1 && found[0].contains("one"), "{found:?}");
    assert!(cockpit.press("-").contains("no changed file is selected"));
}

#[test]
fn a_file_is_staged_committed_and_seen_in_the_history() {
    let mut cockpit = GitScreen::new(|_| {});
    let screen = cockpit.press("");
    assert!(screen.contains("no commit yet") && screen.contains("not known to git"), "{screen}");
    let screen = cockpit.press("<space>");
    assert!(screen.contains("staged (1)"), "{screen}");
    let screen = cockpit.press("<enter>");
    assert!(screen.contains("+a: 1"), "{screen}");
    cockpit.press("<esc>");
    let screen = cockpit.press("cfeat:<space>a");
    assert!(screen.contains("feat: a_") && screen.contains("a.yaml"), "{screen}");
    // The message is kept while another screen is open.
    cockpit.press("<esc>");
    assert!(cockpit.press("c").contains("feat: a_"));
    // It is kept even after the git screen was closed.
    cockpit.press("<esc><esc>v");
    assert!(cockpit.press("c").contains("feat: a_"));
    let screen = cockpit.press("<ctrl-s>");
    assert!(screen.contains("feat: a") && screen.contains("nothing is changed"), "{screen}");
    assert_eq!(git(&cockpit.root(), &["log", "--format=%s"]), "feat: a\n");
}

#[test]
fn what_is_staged_can_be_taken_out_again() {
    let mut cockpit = GitScreen::new(|root| std::fs::write(root.join("b.yaml"), "b: 1\n").unwrap());
    assert!(cockpit.press("a").contains("staged (2)"));
    assert!(cockpit.press("<space>").contains("staged (1)"));
    assert!(cockpit.press("a").contains("staged (2)"));
    assert!(cockpit.press("a").contains("not known to git (2)"));
}

#[test]
fn a_key_is_refused_until_its_files_name_is_typed() {
    let (key, _) = crate::sops::generate();
    let mut cockpit = GitScreen::new(|root| std::fs::write(root.join("a.yaml"), key.expose()).unwrap());
    let screen = cockpit.press("<space>");
    assert!(screen.contains("age private key") && screen.contains("Type a.yaml"), "{screen}");
    assert!(!git(&cockpit.root(), &["status", "--porcelain"]).starts_with('A'));
    let screen = cockpit.press("a.yaml<enter>");
    assert!(screen.contains("staged (1)"), "{screen}");
    cockpit.press("cx<ctrl-s>");
    assert_eq!(git(&cockpit.root(), &["log", "--format=%s"]), "x\n");
}

#[test]
fn what_was_staged_elsewhere_is_looked_at_before_it_is_committed() {
    let mut cockpit = GitScreen::new(|root| {
        std::fs::write(root.join("a.yaml"), "kind: Secret\nstringData:\n  a: hunter2\n").unwrap();
        git(root, &["add", "a.yaml"]);
    });
    let screen = cockpit.press("cx<ctrl-s>");
    assert!(screen.contains("in plain text") && !screen.contains("hunter2"), "{screen}");
    let screen = cockpit.press("<esc>c");
    assert!(screen.contains("x_"), "the message is kept: {screen}");
}

#[test]
fn a_refused_commit_keeps_its_message_and_shows_the_hooks_words() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut cockpit = GitScreen::new(|root| {
        let hook = root.join(".git/hooks/pre-commit");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, "#!/bin/sh\necho 'a.yaml: the image has no tag'\nexit 1\n").unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    });
    cockpit.press("<space>");
    let screen = cockpit.press("csubject<ctrl-s>");
    assert!(screen.contains("the image has no tag") && screen.contains("subject_"), "{screen}");
}

#[test]
fn a_push_names_the_protected_environment_that_it_reaches() {
    let mut cockpit = GitScreen::new(|root| {
        git(root, &["init", "--quiet", "--bare", "--initial-branch=main", "../origin.git"]);
        git(root, &["remote", "add", "origin", "../origin.git"]);
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
    });
    let screen = cockpit.press("P");
    assert!(screen.contains("production  PROTECTED") && screen.contains("git push"), "{screen}");
    cockpit.press("n");
    assert!(!Path::new(&cockpit.root().join("../origin.git/refs/heads/main")).exists());
    cockpit.press("P");
    cockpit.press("y");
    assert!(Path::new(&cockpit.root().join("../origin.git/refs/heads/main")).exists());
}

#[test]
fn a_push_that_is_asked_for_while_git_commits_carries_the_new_commit() {
    let mut cockpit = GitScreen::new(|root| {
        git(root, &["init", "--quiet", "--bare", "--initial-branch=main", "../origin.git"]);
        git(root, &["remote", "add", "origin", "../origin.git"]);
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
        git(root, &["push", "--quiet", "-u", "origin", "main"]);
        std::fs::write(root.join("a.yaml"), "a: 2\n").unwrap();
        git(root, &["add", "-A"]);
    });
    cockpit.press("csecond");
    let commit = cockpit.app.update(Msg::Key(parse_keys("<ctrl-s>").unwrap().remove(0)));
    let screen = cockpit.press("P");
    assert!(screen.contains("git is committing") && !screen.contains("y yes"), "{screen}");
    cockpit.perform(commit);
    let screen = cockpit.press("");
    assert!(screen.contains("y yes") && screen.contains("second") && screen.contains("1 commit"), "{screen}");
    cockpit.press("y");
    assert_eq!(git(&cockpit.root(), &["log", "--format=%s", "origin/main"]), "second\none\n");
}

#[test]
fn what_git_is_in_the_middle_of_is_said_and_nothing_is_pushed() {
    let mut cockpit = GitScreen::new(|root| {
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
        git(root, &["checkout", "--quiet", "--detach"]);
    });
    let screen = cockpit.press("P");
    assert!(screen.contains("detached at") && screen.contains("HEAD is detached"), "{screen}");
}

#[test]
fn read_only_stages_nothing() {
    let mut cockpit = GitScreen::new(|_| {});
    cockpit.app.facts.read_only = true;
    let screen = cockpit.press("<space>");
    assert!(screen.contains("--read-only"), "{screen}");
    assert!(git(&cockpit.root(), &["status", "--porcelain"]).starts_with("??"));
}

/// Creates a remote with a commit of another user on the same line, and one of ours here; returns after the fetch.
fn both_sides(root: &Path) {
    git(root, &["init", "--quiet", "--bare", "--initial-branch=main", "../origin.git"]);
    git(root, &["remote", "add", "origin", "../origin.git"]);
    git(root, &["add", "-A"]);
    git(root, &["commit", "--quiet", "-m", "one"]);
    git(root, &["push", "--quiet", "-u", "origin", "main"]);
    std::fs::write(root.join("a.yaml"), "a: theirs\n").unwrap();
    git(root, &["commit", "--quiet", "-am", "fix: theirs"]);
    git(root, &["push", "--quiet", "origin", "main"]);
    git(root, &["reset", "--quiet", "--hard", "HEAD^"]);
    std::fs::write(root.join("a.yaml"), "a: ours\n").unwrap();
    git(root, &["commit", "--quiet", "-am", "feat: ours"]);
}

#[test]
fn a_push_lists_its_commits_and_says_that_it_is_behind_before_it_asks() {
    let mut cockpit = GitScreen::new(both_sides);
    let screen = cockpit.press("P");
    assert!(screen.contains("1 behind") && screen.contains("feat: ours") && screen.contains("1 commit"), "{screen}");
    assert!(screen.contains("impact") && screen.contains("y yes"), "{screen}");
    let screen = cockpit.press("y");
    assert!(!screen.contains("is pushed"), "{screen}");
    // The next step is on the screen, and not below git's own words.
    let said = screen.lines().map(|line| line.trim_matches(['"', ' '])).collect::<Vec<_>>().join(" ");
    assert!(said.contains("the other side has commits that are not here. L pulls them"), "{screen}");
    let screen = cockpit.press("O");
    assert!(screen.contains("nothing was pushed: the other side has commits that are not here "), "{screen}");
}

#[test]
fn how_far_the_branch_is_behind_is_not_known_before_a_fetch() {
    let mut cockpit = GitScreen::new(|root| {
        git(root, &["init", "--quiet", "--bare", "--initial-branch=main", "../origin.git"]);
        git(root, &["remote", "add", "origin", "../origin.git"]);
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
        git(root, &["push", "--quiet", "../origin.git", "main"]);
        git(root, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
        git(root, &["branch", "--quiet", "--set-upstream-to", "origin/main"]);
        git(root, &["commit", "--quiet", "--allow-empty", "-m", "two"]);
    });
    let screen = cockpit.press("");
    assert!(screen.contains("origin/main  1 ahead, behind unknown: never fetched, u fetches"), "{screen}");
    assert!(screen.contains("main 1 ahead, behind unknown"), "the header says the same: {screen}");
    let screen = cockpit.press("u");
    assert!(screen.contains("origin/main  1 ahead, 0 behind, fetched <1m ago"), "{screen}");
    assert!(!screen.contains("unknown"), "{screen}");
}

#[test]
fn what_goes_on_by_other_commands_offers_no_key_for_it() {
    let mut cockpit = GitScreen::new(|root| {
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
        git(root, &["bisect", "start"]);
    });
    let screen = cockpit.press("");
    assert!(
        screen.contains("git is bisecting: `git bisect good` and `git bisect bad` go on with it, Q ends it"),
        "{screen}"
    );
    assert!(!screen.contains("Y continues") && !has_key(&cockpit, "Y") && has_key(&cockpit, "Q"), "{screen}");
}

#[test]
fn a_conflict_leads_through_to_its_end() {
    let mut cockpit = GitScreen::new(both_sides);
    let screen = cockpit.press("L");
    assert!(screen.contains("REBASING IN PROGRESS") && screen.contains("in conflict: e edits"), "{screen}");
    assert!(screen.contains("! a.yaml  both modified"), "{screen}");
    assert!(
        screen.contains("1 file is in conflict") && screen.contains("Y continues") && screen.contains("Q aborts"),
        "{screen}"
    );
    assert!(!has_key(&cockpit, "Y") && has_key(&cockpit, "Q") && !has_key(&cockpit, "P"), "{screen}");
    // It can neither continue nor be pushed while a file is in conflict, and a file that still has conflict marks
    // cannot be resolved.
    assert!(cockpit.press("Y").contains("a.yaml is still in conflict"));
    assert!(cockpit.press("P").contains("git is rebasing"));
    let screen = cockpit.press("<space>");
    assert!(
        git(&cockpit.root(), &["status", "--porcelain"]).starts_with("UU") && screen.contains("conflict"),
        "{screen}"
    );
    assert!(cockpit.press("-").contains("is in conflict"));
    std::fs::write(cockpit.root().join("a.yaml"), "a: both\n").unwrap();
    let screen = cockpit.press("<space>");
    assert!(screen.contains("no file is in conflict") && screen.contains("staged (1)"), "{screen}");
    assert!(has_key(&cockpit, "Y"), "{screen}");
    let screen = cockpit.press("Y");
    assert!(!screen.contains("REBASING IN") && screen.contains("1 ahead, 0 behind"), "{screen}");
    assert_eq!(git(&cockpit.root(), &["log", "--format=%s"]), "feat: ours\nfix: theirs\none\n");
    assert!(!has_key(&cockpit, "Y") && !has_key(&cockpit, "Q") && has_key(&cockpit, "P"), "{screen}");
    assert!(cockpit.press("Y").contains("in the middle of nothing"));
    assert!(cockpit.press("Q").contains("in the middle of nothing"));
}

#[test]
fn what_no_commit_may_hold_does_not_go_on_either() {
    let mut cockpit = GitScreen::new(both_sides);
    cockpit.press("L");
    std::fs::write(cockpit.root().join("a.yaml"), "kind: Secret\nstringData:\n  a: hunter2\n").unwrap();
    git(&cockpit.root(), &["add", "a.yaml"]);
    let screen = cockpit.press("<ctrl-l>Y");
    assert!(screen.contains("in plain text") && !screen.contains("hunter2"), "{screen}");
    cockpit.press("<esc>");
    assert!(cockpit.press("<ctrl-l>").contains("REBASING IN PROGRESS"));
    assert_eq!(git(&cockpit.root(), &["log", "--format=%s"]), "fix: theirs\none\n");
}

#[test]
fn a_conflict_is_left_once_its_name_was_typed() {
    let mut cockpit = GitScreen::new(both_sides);
    cockpit.press("L");
    let screen = cockpit.press("Q");
    assert!(screen.contains("Type rebase") && screen.contains("git rebase --abort"), "{screen}");
    assert!(cockpit.press("x<esc>").contains("IN PROGRESS"));
    let screen = cockpit.press("Qrebase<enter>");
    assert!(!screen.contains("REBASING") && screen.contains("1 ahead, 1 behind"), "{screen}");
    assert!(screen.contains("all is as it was before"), "{screen}");
    assert_eq!(git(&cockpit.root(), &["log", "--format=%s"]), "feat: ours\none\n");
}

#[test]
fn a_commit_is_left_out_once_the_operation_was_typed() {
    let mut cockpit = GitScreen::new(both_sides);
    assert!(cockpit.press("_").contains("in the middle of nothing"));
    cockpit.press("L");
    let screen = cockpit.press("_");
    assert!(screen.contains("Type rebase") && screen.contains("git rebase --skip"), "{screen}");
    assert!(cockpit.press("<esc>").contains("IN PROGRESS"));
    let screen = cockpit.press("_rebase<enter>");
    assert!(!screen.contains("REBASING") && screen.contains("up to date"), "{screen}");
    assert_eq!(git(&cockpit.root(), &["log", "--format=%s"]), "fix: theirs\none\n");
    cockpit.app.facts.read_only = true;
    git(&cockpit.root(), &["checkout", "--quiet", "--detach"]);
    std::fs::create_dir(cockpit.root().join(".git/rebase-merge")).unwrap();
    assert!(cockpit.press("<ctrl-l>_").contains("--read-only"));
}

#[test]
fn a_conflict_at_four_sizes() {
    for (width, height) in [(80, 24), (120, 36), (170, 48), (200, 50)] {
        let mut cockpit = GitScreen::new(both_sides);
        cockpit.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        cockpit.press("L");
        let told = cockpit.press("");
        let panel = told.lines().filter(|line| !line.contains("Rebasing (")).skip(1);
        insta::assert_snapshot!(format!("conflict-{width}x{height}"), panel.collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn what_is_lost_is_said_before_a_change_is_discarded() {
    let mut cockpit = GitScreen::new(|root| {
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
        std::fs::write(root.join("a.yaml"), "a: 2\nb: 3\n").unwrap();
        std::fs::write(root.join("new.yaml"), "b: 1\n").unwrap();
    });
    let screen = cockpit.press("-");
    assert!(screen.contains("+2 -1 lines are lost") && screen.contains("Type a.yaml"), "{screen}");
    assert!(screen.contains("git --literal-pathspecs restore --worktree -- a.yaml"), "{screen}");
    cockpit.press("<esc>");
    assert_eq!(std::fs::read_to_string(cockpit.root().join("a.yaml")).unwrap(), "a: 2\nb: 3\n");
    cockpit.press("-a.yaml<enter>");
    assert_eq!(std::fs::read_to_string(cockpit.root().join("a.yaml")).unwrap(), "a: 1\n");
    let screen = cockpit.press("-");
    assert!(screen.contains("new.yaml is deleted") && screen.contains("git has never had"), "{screen}");
    let screen = cockpit.press("new.yaml<enter>");
    assert!(!cockpit.root().join("new.yaml").exists() && screen.contains("nothing is changed"), "{screen}");
    cockpit.app.facts.read_only = true;
    std::fs::write(cockpit.root().join("a.yaml"), "a: 2\n").unwrap();
    assert!(cockpit.press("<ctrl-l>-").contains("--read-only"));
}

#[test]
fn the_last_commit_is_made_anew_unless_it_is_pushed() {
    let mut cockpit = GitScreen::new(|root| {
        git(root, &["init", "--quiet", "--bare", "--initial-branch=main", "../origin.git"]);
        git(root, &["remote", "add", "origin", "../origin.git"]);
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
        git(root, &["push", "--quiet", "-u", "origin", "main"]);
        std::fs::write(root.join("a.yaml"), "a: 2\n").unwrap();
    });
    let screen = cockpit.press("m");
    assert!(screen.contains("origin/main has it"), "{screen}");
    cockpit.press("<space>csecond<ctrl-s>");
    std::fs::write(cockpit.root().join("b.yaml"), "b: 1\n").unwrap();
    cockpit.press("<ctrl-l>a");
    let screen = cockpit.press("m");
    assert!(screen.contains("which is not pushed: 1 file") && screen.contains("second_"), "{screen}");
    let screen = cockpit.press("<space>half<ctrl-s>");
    assert!(screen.contains("second half"), "{screen}");
    assert_eq!(
        git(&cockpit.root(), &["log", "--format=%s", "--name-only"]),
        "second half\n\na.yaml\nb.yaml\none\n\na.yaml\n"
    );
    // It is no draft of the next message.
    cockpit.press("m<esc>");
    std::fs::write(cockpit.root().join("b.yaml"), "b: 2\n").unwrap();
    assert!(!cockpit.press("<ctrl-l>ac").contains("second half_"));
}

#[test]
fn a_commit_and_the_history_of_a_file_are_looked_into() {
    let mut cockpit = GitScreen::new(|root| {
        git(root, &["add", "-A"]);
        git(root, &["commit", "--quiet", "-m", "one"]);
        std::fs::write(root.join("a.yaml"), "a: 2\n").unwrap();
        git(root, &["commit", "--quiet", "-am", "feat: two"]);
        std::fs::write(root.join("a.yaml"), "a: 3\n").unwrap();
    });
    let screen = cockpit.press("H");
    assert!(screen.contains("2 of 2 commits changed a.yaml") && screen.contains("+a: 2"), "{screen}");
    let screen = cockpit.press("j<enter>");
    assert!(screen.contains("feat: two") && screen.contains("author     Test <test@example.org>"), "{screen}");
    assert!(screen.contains("2026-01-01 12:00 UTC, 15h ago") && screen.contains("impact, as kustomize"), "{screen}");
    let screen = cockpit.press("<esc><esc><tab><enter>");
    assert!(screen.contains("feat: two") && screen.contains("a.yaml"), "{screen}");
}

#[test]
fn a_file_that_vanished_is_skipped_and_told() {
    let mut cockpit = GitScreen::new(|root| std::fs::write(root.join("b.yaml"), "b: 1\n").unwrap());
    std::fs::remove_file(cockpit.root().join("b.yaml")).unwrap();
    let screen = cockpit.press("a");
    assert!(
        screen.contains("b.yaml is not there any more, and was skipped") && screen.contains("staged (1)"),
        "{screen}"
    );
}

#[test]
fn a_commit_of_the_clusters_that_is_not_here_is_told_with_its_key() {
    let mut cockpit = GitScreen::new(both_sides);
    let known = git(&cockpit.root(), &["rev-parse", "HEAD"]).trim().to_owned();
    let applied = |commit: &str| {
        serde_json::json!({
            "metadata": {"name": "apps", "namespace": "flux-system"},
            "spec": {"path": "./apps", "interval": "10m", "sourceRef": {"kind": "GitRepository", "name": "flux-system"}},
            "status": {"lastAppliedRevision": format!("main@sha1:{commit}")},
        })
        .to_string()
    };
    let kind = crate::kinds::find("Kustomization").unwrap();
    for (commit, is_told) in [("1234567890123456789012345678901234567890", true), (&known, false)] {
        let row = (kind.decode)(applied(commit).as_bytes()).unwrap();
        let table = KindTable { rows: std::iter::once(row).collect(), ..KindTable::default() };
        cockpit.app.facts.tables.get_mut(Env(1)).unwrap().insert(kind.group_kind(), table);
        let screen = cockpit.press("<esc>v");
        assert_eq!(
            screen.contains("has applied 1234567, a commit that is not here: u fetches it"),
            is_told,
            "{screen}"
        );
    }
}
