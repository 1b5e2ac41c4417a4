//! The reports on small repositories, with a stand-in for kustomize: its output is written beside each test.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{BuiltReport, ReportInput, ReportKind, Reports, compare, findings};
use crate::app::{CommandTarget, Facts, Keymap, Motion, Scene, View};
use crate::check::Quiet;
use crate::commands::COMMANDS;
use crate::model::{Env, Fault};
use crate::render::{Stop, Worker};
use crate::repo::Snapshot;
use crate::repo::git::tests::TestRepository;
use crate::runtime::{PictureFormat, picture};
use crate::theme::{Depth, Scope, Theme};
use crate::views::parts::page::PageLine;

/// Draws a report, made or failed, at a size.
fn screen(made: Result<BuiltReport, Fault>, size: (u16, u16)) -> String {
    static REPORT: ReportKind = ReportKind { id: "test", title: "a report", make: |_| Err(never()) };
    let facts = Facts::new(Timestamp::UNIX_EPOCH);
    let theme = Theme::load("terminal", Depth::None, true).unwrap();
    let keymap = Keymap::new(COMMANDS, &std::collections::BTreeMap::new()).unwrap();
    let scene = Scene { facts: &facts, theme: &theme, keymap: &keymap, focus: true, marks: None, commands: COMMANDS };
    let mut view = Reports::new(&REPORT);
    view.reply(Box::new(made), &scene);
    view.motion(Motion::Down, &scene);
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| view.render(frame, frame.area(), &scene)).unwrap();
    picture(terminal.backend().buffer(), PictureFormat::Text, false)
}

fn never() -> Fault {
    Fault::failed("nothing can be rendered", "neither kustomize nor kubectl is on PATH", "install kubectl")
}

fn input(repository: &TestRepository) -> ReportInput {
    let environments = vec![(Env(0), "staging".to_owned()), (Env(1), "production".to_owned())];
    ReportInput {
        begins: None,
        snapshot: Arc::new(Snapshot::load(repository.path())),
        environments,
        applied: Vec::new(),
        live: BTreeMap::new(),
        renderer: Worker::default(),
        stop: Stop::default(),
    }
}

#[test]
fn a_report_says_what_it_is_and_what_failed() {
    let target = CommandTarget::File(Some(Env(0)), "a.yaml".to_owned());
    let lines = vec![
        PageLine::heading("a.yaml"),
        PageLine::wrapped(
            "a finding that is longer than the screen is wide and goes on below where it began",
            Scope::Text,
        )
        .after("    7  ", Scope::Dim)
        .opens(Some(target)),
    ];
    insta::assert_snapshot!(
        "made",
        screen(Ok(BuiltReport { summary: "1 error".to_owned(), lines: lines.into() }), (60, 8))
    );
    insta::assert_snapshot!("failed", screen(Err(never()), (60, 8)));
}

#[test]
fn findings_stand_below_their_files_and_open_them() {
    let repository = TestRepository::new();
    repository.write("README.md", "[a](gone.md)\n");
    repository.write("clusters/staging/a.yaml", "kind: [\n");
    let source = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: flux-system\n  namespace: flux-system\n";
    repository.write("clusters/staging/source.yaml", source);
    repository.write("docs.md", "<!-- fluxdeck:ignore document-link an example -->\n[a](gone.md)\n");
    let made = (findings::REPORT.make)(&input(&repository)).unwrap();
    assert_eq!(made.summary, "1 error, 1 warning, 0 hints");
    let shown = format!("{:?}", made.lines);
    assert!(shown.contains("silenced by a comment of their file, or by .fluxdeck.toml: 1"), "{shown}");
    assert!(shown.contains("document-link") && shown.contains("flux-graph"), "{shown}");
    assert!(
        made.lines.iter().any(|line| line.link() == Some(&CommandTarget::File(None, "README.md".to_owned()))),
        "{shown}"
    );
}

#[test]
fn a_list_says_which_rules_did_not_look() {
    let quiet = Quiet {
        rules: vec!["issuer-missing", "secret-missing"],
        envs: vec!["staging".to_owned()],
        unknown: vec!["Kustomization apps".to_owned()],
        because: "it cannot be rendered, as its error says".to_owned(),
        file: String::new(),
    };
    let shown = format!("{:?}", findings::not_run(&[quiet]));
    let text = "2 rules did not run on all of staging (issuer-missing, secret-missing), because of Kustomization apps: it cannot be rendered";
    assert!(shown.contains(text), "{shown}");
    assert_eq!(findings::not_run(&[]).len(), 0);
}

#[test]
fn one_environment_is_compared_with_nothing() {
    let repository = TestRepository::new();
    let mut input = input(&repository);
    input.environments.pop();
    assert_eq!((compare::REPORT.make)(&input).unwrap().summary, "one environment");
}
