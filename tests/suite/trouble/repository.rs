//! The repository is missing, no repository, or in the middle of something.

use super::super::support::api::Api;
use super::super::support::workspace::Workspace;

#[test]
fn a_missing_one_is_wrong_usage() {
    let workspace = Workspace::on(&Api::healthy());
    let nowhere = workspace.beside("nowhere");
    for arguments in [["status", "--repo"], ["kustomizations", "--repo"]] {
        let (code, out, complaint) = workspace.run(arguments.iter().map(AsRef::as_ref).chain([nowhere.as_os_str()]));
        assert!(code == 2 && out.is_empty(), "{code} {out}");
        assert!(
            complaint.contains("nowhere is not a folder") && complaint.contains("name a folder with --repo"),
            "{complaint}"
        );
    }
    let mut deck = workspace.stage().with(["--repo".as_ref(), nowhere.as_os_str()]).open();
    deck.sees("name a folder with --repo");
    assert_eq!(deck.ends().code(), Some(2));
}

#[test]
fn one_that_goes_while_open_says_so() {
    let api = Api::healthy();
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().open();
    deck.sees("staging: healthy");
    deck.sees("settings.yaml");
    let moved = workspace.beside("moved");
    std::fs::rename(workspace.root(), &moved).unwrap();
    deck.press(":rescan<enter>");
    deck.sees("the repository is gone");
    deck.sees("what is shown is as it was");
    deck.sees("settings.yaml");
    std::fs::rename(&moved, workspace.root()).unwrap();
}

#[test]
fn a_folder_without_git_shows_what_it_can() {
    let api = Api::healthy();
    let workspace = Workspace::on(&api);
    // With clusters/ it is a repository of ours, only without history.
    std::fs::remove_dir_all(workspace.root().join(".git")).unwrap();
    let mut deck = workspace.stage().open();
    deck.sees_row(&["homelab", "no git", "staging: healthy", "production: healthy"]);
    deck.press("v");
    deck.sees("is not in a git repository");
    deck.sees("run `git init` there");
    assert!(!deck.text().contains("no commit yet"), "{}", deck.text());
    drop(deck);
    // A folder that has nothing to do with it says where it looked.
    let plain = workspace.beside("plain");
    std::fs::create_dir(&plain).unwrap();
    let mut deck = workspace.stage_in(&plain).open();
    deck.sees("no repository");
    deck.tells("cannot open the repository");
    deck.tells("name one with --repo, or run `git init` there");
    deck.tells("`fluxdeck info` shows where it looked");
}

#[test]
fn a_dirty_one_shows_its_changes() {
    let workspace = Workspace::on(&Api::healthy());
    workspace.write("apps/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n");
    workspace.write("apps/staged.yaml", "");
    workspace.git(&["add", "apps/staged.yaml"]);
    let mut deck = workspace.stage().open();
    deck.sees("main +1 ~1");
    deck.sees_row(&["settings.yaml", " M"]);
    deck.sees_row(&["staged.yaml", " A"]);
    // What comes while it is open is seen too.
    workspace.write("apps/new.yaml", "");
    deck.sees("main +1 ~1 ?1");
    deck.sees_row(&["new.yaml", " ?"]);
}

#[test]
fn a_detached_head_is_named_and_refuses_to_push() {
    let workspace = Workspace::on(&Api::healthy());
    workspace.git(&["checkout", "--quiet", "--detach"]);
    let mut deck = workspace.stage().open();
    deck.sees("settings.yaml");
    deck.press("v");
    deck.sees("detached at");
    deck.press("P");
    deck.sees("HEAD is detached, and no branch would carry the commit");
    deck.tells("git switch main, or git switch -c NAME");
}

#[test]
fn a_merge_in_conflict_is_told_and_its_marks_are_not_committed() {
    let workspace = Workspace::on(&Api::healthy());
    let settings = |colour: &str| format!("kind: ConfigMap\ndata:\n  colour: {colour}\n");
    workspace.git(&["checkout", "--quiet", "-b", "side"]);
    workspace.write("apps/settings.yaml", settings("green"));
    workspace.commit("green");
    workspace.git(&["checkout", "--quiet", "main"]);
    workspace.write("apps/settings.yaml", settings("red"));
    workspace.commit("red");
    assert!(!workspace.try_git(&["merge", "side"]).status.success());
    let mut deck = workspace.stage().open();
    deck.sees("main (merging in progress)");
    deck.sees_row(&["settings.yaml", "!"]);
    deck.press("v");
    deck.sees("MERGING IN PROGRESS");
    deck.sees("in conflict: e edits, space marks as resolved (1)");
    deck.press("P");
    deck.sees("git is merging");
    deck.tells("finish that, then push");
    deck.press("a");
    deck.tells("a conflict that is not solved");
    deck.tells("keep what is right and take the marks out");
    let staged = workspace.try_git(&["diff", "--cached", "--name-only", "--diff-filter=M"]);
    assert!(staged.stdout.is_empty(), "what is in conflict is not staged: {staged:?}");
    // Solved it is staged as any other.
    workspace.write("apps/settings.yaml", settings("violet"));
    deck.press("a");
    deck.sees("staged (1)");
}
