//! The screen of a commit, at four sizes.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{CommitView, Piece};
use crate::app::test_support::facts;
use crate::app::{Keymap, Motion, Scene, View};
use crate::commands::COMMANDS;
use crate::helm::diff::DocumentChange;
use crate::model::Fault;
use crate::render::compare::Difference;
use crate::render::impact::Impact;
use crate::repo::git::CommitDetails;
use crate::runtime::{PictureFormat, picture};
use crate::theme::{Depth, Theme};

fn details() -> CommitDetails {
    CommitDetails {
        commit: "3f2a1bc".repeat(6).chars().take(40).collect(),
        parents: vec!["0".repeat(40)],
        author: "Jane Doe <jane@example.org>".to_owned(),
        written: None,
        committer: None,
        committed: Some("2026-01-02T12:00:00Z".parse().unwrap()),
        message: "feat(web): take 1.45.0\n\nIt asks for less memory.".to_owned(),
        files: vec![('M', "apps/base/web/deployment.yaml".to_owned())],
        pushed: vec!["origin/main".to_owned()],
    }
}

fn impact() -> Impact {
    let change = |env: &str, change| Difference {
        env: env.to_owned(),
        kustomization: "apps".to_owned(),
        object: "Deployment/web/web".to_owned(),
        change,
        diff: String::new(),
        note: None,
        stays: false,
    };
    Impact {
        changes: vec![change("staging", DocumentChange::Update), change("staging", DocumentChange::Create)],
        files: Vec::new(),
        inert: Vec::new(),
        charts: Vec::new(),
        readers: Vec::new(),
        findings: Vec::new(),
    }
}

#[test]
fn a_commit_says_who_why_and_what_it_does_at_four_sizes() {
    let mut facts = facts();
    facts.now = "2026-01-06T12:00:00Z".parse().unwrap();
    let theme = Theme::load("terminal", Depth::None, true).unwrap();
    let keymap = Keymap::new(COMMANDS, &std::collections::BTreeMap::new()).unwrap();
    let scene = Scene { facts: &facts, theme: &theme, keymap: &keymap, focus: true, marks: None, commands: COMMANDS };
    let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -12,3 +12,3 @@\n     spec:\n-      image: web:1.44.1\n+      image: web:1.45.0\n";
    for size in [(80, 24), (120, 36), (170, 48), (200, 50)] {
        let mut view: Box<dyn View> = Box::new(CommitView::new(&details().commit));
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        let mut screen = |view: &dyn View| {
            terminal.draw(|frame| view.render(frame, frame.area(), &scene)).unwrap();
            picture(terminal.backend().buffer(), PictureFormat::Text, false)
        };
        assert!(screen(view.as_ref()).contains("reading..."));
        view.reply(Box::new(Piece::Details(Ok(details()))), &scene);
        let files = vec![('M', "apps/base/web/deployment.yaml".to_owned(), Ok(diff.to_owned()))];
        view.reply(Box::new(Piece::Files(files)), &scene);
        assert!(screen(view.as_ref()).contains("rendering..."));
        view.reply(Box::new(Piece::Impact(Ok(Box::new(impact())))), &scene);
        view.motion(Motion::Down, &scene);
        insta::assert_snapshot!(format!("commit-{}x{}", size.0, size.1), screen(view.as_ref()));
        let why = "neither kustomize nor kubectl is on PATH";
        view.reply(Box::new(Piece::Impact(Err(Fault::failed("nothing can be rendered", why, "install one")))), &scene);
        assert!(screen(view.as_ref()).contains(why));
    }
}
