//! Finds the content of a push before the user confirms it: the commits, how far the branch is behind, and the impact
//! in each environment.

use std::sync::Arc;

use crate::app::command::CommandTarget;
use crate::app::facts::Facts;
use crate::app::task::Task;
use crate::model::Fault;
use crate::render::impact::impact;
use crate::render::revision::Revision;
use crate::repo::git;

/// The most commits that are read; a larger number is shown as "more".
const MOST: usize = 50;

/// Holds the parts of the answer, in the order of their arrival.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// The commits of the push, newest first, and the number of commits on the remote that are missing here.
    Commits(Vec<String>, usize),
    /// Their impact, in a line for each environment.
    Impact(Vec<String>),
}

/// Writes the number of commits, as far as they were counted.
pub(super) fn count(commits: usize) -> String {
    match commits {
        1 => "1 commit".to_owned(),
        MOST.. => format!("{MOST} commits or more"),
        several => format!("{several} commits"),
    }
}

/// Builds the task that reads them; `None` if the command pushes nothing.
pub(super) fn task(
    command: &str,
    targets: &[CommandTarget],
    answers: &[(String, String)],
    facts: &Facts,
) -> Option<Task> {
    if command != "git-push-reconcile" {
        return None;
    }
    let answer = |id: &str| answers.iter().find(|(known, _)| known == id).map(|(_, text)| text.clone());
    let (remote, reference, commit) = (answer("remote")?, answer("reference")?, answer("commit")?);
    let there = format!("refs/remotes/{remote}/{}", reference.strip_prefix("refs/heads/").unwrap_or(&reference));
    let names: Vec<String> =
        targets.iter().filter_map(CommandTarget::env).map(|env| facts.name(env).to_owned()).collect();
    let snapshot = Arc::clone(facts.repository.as_ref()?);
    Some(Task::stream("what is pushed", move |task_context, mut reply| async move {
        let (root, reference, agreed) = (snapshot.root.clone(), there.clone(), commit.clone());
        let look = move || -> Result<_, Fault> {
            let Some(known) = git::commit(&root, &reference) else {
                // The remote has no such branch, as of the last fetch.
                return Ok((git::log_from(&root, &agreed, MOST)?, Vec::new(), None));
            };
            let (out, behind) =
                (git::log_between(&root, &known, &agreed, MOST)?, git::log_between(&root, &agreed, &known, MOST)?);
            // The push does not undo the remote's further commits: the remote refuses it.
            let before = git::common(&root, &known, &agreed).unwrap_or(known);
            Ok((out, behind, Some(before)))
        };
        let (out, behind, known) = match task_context.away(look).await.and_then(|found| found) {
            Ok(found) => found,
            Err(fault) => {
                reply.send(Outgoing::Impact(vec![format!("not told: {}", fault.why)])).await;
                return;
            }
        };
        let commits = out.iter().map(|entry| format!("{} {}", entry.short(), entry.subject)).collect();
        let is_empty = out.is_empty();
        reply.send_part(Outgoing::Commits(commits, behind.len())).await;
        let told = match (known, is_empty) {
            (_, true) => Vec::new(),
            (None, _) => {
                vec!["not told: the remote has no such branch yet, so there is nothing to compare with".to_owned()]
            }
            (Some(known), false) => {
                let (worker, stop) = (task_context.renderer.clone(), task_context.renderer.newest("push"));
                let _given_up_with_the_dialog = stop.with_its_owner();
                let (old, new) = (Revision::Commit(known), Revision::Commit(commit));
                let render = move || worker.until(&stop, |renderer| impact(&snapshot, &old, &new, renderer));
                match task_context.away(render).await.and_then(|found| found) {
                    Ok(found) => found.by_environment(names.iter().map(String::as_str)),
                    Err(fault) => vec![format!("not told: {}", fault.why)],
                }
            }
        };
        reply.send(Outgoing::Impact(told)).await;
    }))
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use std::sync::Arc;

    use super::{MOST, Outgoing, count, task};
    use crate::app::dialog::Confirm;
    use crate::app::key::parse_keys;
    use crate::app::test_support::facts;
    use crate::app::{CommandTarget, Keymap, Scene, View};
    use crate::commands::{COMMANDS, find};
    use crate::model::Env;
    use crate::repo::Snapshot;
    use crate::runtime::{PictureFormat, picture};
    use crate::theme::{Depth, Theme};

    fn answers() -> Vec<(String, String)> {
        let answer = |id: &str, text: &str| (id.to_owned(), text.to_owned());
        vec![
            answer("from", "main"),
            answer("commit", "0123456789012345678901234567890123456789"),
            answer("remote", "origin"),
            answer("reference", "refs/heads/main"),
            answer("address", "https://git.example.org/fleet"),
        ]
    }

    /// Draws the question before a push of so many commits.
    fn screen(commits: usize, behind: usize, impact: Option<&[&str]>, size: (u16, u16)) -> String {
        let facts = facts();
        let theme = Theme::load("terminal", Depth::None, true).unwrap();
        let keymap = Keymap::new(COMMANDS, &std::collections::BTreeMap::new()).unwrap();
        let scene =
            Scene { facts: &facts, theme: &theme, keymap: &keymap, focus: true, marks: None, commands: COMMANDS };
        let targets = vec![CommandTarget::Environment(Env(0)), CommandTarget::Environment(Env(1))];
        let mut dialog = Confirm::key(find("git-push-reconcile").unwrap(), targets, answers(), &scene);
        let commits = (0..commits).map(|index| format!("{index:07} feat(web): take 1.{index}.0")).collect();
        dialog.reply(Box::new(Outgoing::Commits(commits, behind)), &scene);
        if let Some(told) = impact {
            dialog.reply(Box::new(Outgoing::Impact(told.iter().map(ToString::to_string).collect())), &scene);
        }
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        terminal.draw(|frame| dialog.render(frame, frame.area(), &scene)).unwrap();
        picture(terminal.backend().buffer(), PictureFormat::Text, false)
    }

    const IMPACT: &[&str] = &["staging: 2 changed, 1 created", "production: 1 changed, 1 DELETED"];

    #[test]
    fn a_push_names_its_commits_and_what_they_do_at_four_sizes() {
        for size in [(80, 24), (120, 36), (170, 48), (200, 50)] {
            insta::assert_snapshot!(format!("push-{}x{}", size.0, size.1), screen(12, 1, Some(IMPACT), size));
        }
    }

    #[test]
    fn whatever_is_pushed_the_question_stays_on_the_screen() {
        for commits in [0, 1, 3, 12, MOST] {
            for behind in [0, 1, 7] {
                for impact in [None, Some(IMPACT)] {
                    // The smallest room of the dialog at 80x24, with a notice and a lesson.
                    let shown = screen(commits, behind, impact, (80, 17));
                    assert!(shown.contains("y yes"), "{shown}");
                    assert!(shown.contains("impact") && shown.contains("git push origin main:main"), "{shown}");
                    assert_eq!(shown.contains(&format!("{behind} behind")), behind > 0, "{shown}");
                    assert!(commits == 0 || shown.contains(&count(commits)), "{shown}");
                }
            }
        }
    }

    #[test]
    fn a_push_to_production_is_not_agreed_to_before_its_impact_is_told() {
        let mut facts = facts();
        facts.repository = Some(Arc::new(Snapshot::load(tempfile::tempdir().unwrap().path())));
        let theme = Theme::load("terminal", Depth::None, true).unwrap();
        let keymap = Keymap::new(COMMANDS, &std::collections::BTreeMap::new()).unwrap();
        let scene =
            Scene { facts: &facts, theme: &theme, keymap: &keymap, focus: true, marks: None, commands: COMMANDS };
        let protected = facts.environments.iter().find(|(_, environment)| environment.protected).unwrap().0;
        let targets = vec![CommandTarget::Environment(protected)];
        let mut dialog = Confirm::key(find("git-push-reconcile").unwrap(), targets, answers(), &scene);
        assert!(!dialog.opened(&scene).is_empty());
        let yes = || parse_keys("y").unwrap().remove(0);
        assert!(dialog.text(yes(), &scene).is_empty());
        dialog.reply(Box::new(Outgoing::Impact(vec!["not told: it does not render".to_owned()])), &scene);
        assert!(!dialog.text(yes(), &scene).is_empty());
    }

    #[test]
    fn only_a_push_looks_for_what_is_pushed() {
        let facts = facts();
        for command in COMMANDS.iter().filter(|command| command.id != "git-push-reconcile") {
            assert!(task(command.id, &[], &answers(), &facts).is_none(), "{}", command.id);
        }
    }
}
