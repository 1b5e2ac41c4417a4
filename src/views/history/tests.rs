//! The history while it arrives, stopped, and at its end.

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{History, Piece};
use crate::app::test_support::facts;
use crate::app::{Action, Facts, Keymap, Motion, Scene, View};
use crate::commands::COMMANDS;
use crate::model::{Env, Fault, ObjectRef};
use crate::repo::Snapshot;
use crate::repo::git::CommitEntry;
use crate::repo::git::tests::TestRepository;
use crate::runtime::{PictureFormat, picture};
use crate::theme::{Depth, Theme};

struct Shown {
    view: Box<dyn View>,
    facts: Facts,
    theme: Theme,
    keymap: Keymap,
    _repository: TestRepository,
}

impl Shown {
    fn new(view: History) -> Self {
        let repository = TestRepository::new();
        let mut facts = facts();
        facts.repository = Some(Arc::new(Snapshot::load(repository.path())));
        let theme = Theme::load("terminal", Depth::None, true).unwrap();
        let keymap = Keymap::new(COMMANDS, &std::collections::BTreeMap::new()).unwrap();
        let mut shown = Self { view: Box::new(view), facts, theme, keymap, _repository: repository };
        // The task never runs here: the test sends its messages.
        shown.with(|view, scene| view.opened(scene));
        shown
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut dyn View, &Scene<'_>) -> T) -> T {
        let scene = Scene {
            facts: &self.facts,
            theme: &self.theme,
            keymap: &self.keymap,
            focus: true,
            marks: None,
            commands: COMMANDS,
        };
        act(self.view.as_mut(), &scene)
    }

    fn tell(&mut self, piece: Piece) {
        self.with(|view, scene| view.reply(Box::new(piece), scene));
    }

    fn screen(&mut self, size: (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        self.with(|view, scene| {
            let _drawn = terminal.draw(|frame| view.render(frame, frame.area(), scene));
        });
        picture(terminal.backend().buffer(), PictureFormat::Text, false)
    }
}

fn object() -> History {
    History::of_object(Env(0), "staging", &ObjectRef::new("Deployment", "apps", "web", "web"))
}

fn looked(index: usize) -> Piece {
    let entry = CommitEntry {
        commit: format!("{index:040}"),
        author: "Jane Doe".to_owned(),
        at: Some("2026-01-02T12:00:00Z".parse().unwrap()),
        subject: format!(
            "feat(web): take 1.{index}.0, which reads its settings from the new map and asks for less memory"
        ),
    };
    let diff = format!(
        " spec:\n-  image: registry.example.org/team/web:1.{}.0\n+  image: registry.example.org/team/web:1.{index}.0\n",
        index - 1
    );
    Piece::Looked(if index.is_multiple_of(2) { vec![(entry, diff)] } else { Vec::new() })
}

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 36), (170, 48), (200, 50)];

#[test]
fn commits_appear_as_they_are_known_at_four_sizes() {
    for size in SIZES {
        let mut shown = Shown::new(object());
        assert!(shown.screen(size).contains("finding the commits"));
        shown.tell(Piece::Begun(30, Some("web".to_owned())));
        for index in 1..13 {
            shown.tell(looked(index));
        }
        insta::assert_snapshot!(format!("looking-{}x{}", size.0, size.1), shown.screen(size));
    }
}

#[test]
fn esc_stops_it_and_what_is_shown_stays() {
    let mut shown = Shown::new(object());
    shown.tell(Piece::Begun(30, Some("web".to_owned())));
    shown.tell(looked(2));
    let told = shown.with(|view, scene| view.motion(Motion::Back, scene));
    assert!(matches!(told.as_deref(), Some([Action::Tell(_)])), "{told:?}");
    // A result that was under way is not added any more.
    shown.tell(looked(4));
    shown.tell(Piece::Ended(Err(Fault::failed("nothing was rendered", "it was given up", "ask again"))));
    let screen = shown.screen((100, 20));
    assert!(
        screen.contains("stopped after 1 of 30") && screen.contains("1.2.0") && !screen.contains("1.4.0"),
        "{screen}"
    );
    // The next esc leaves the screen.
    assert!(shown.with(|view, scene| view.motion(Motion::Back, scene)).is_none());
    // ctrl-l starts again.
    let actions = shown.with(|view, scene| view.motion(Motion::Redraw, scene)).unwrap();
    assert!(actions.iter().any(|action| matches!(action, Action::Task(_))), "{actions:?}");
    assert!(!shown.screen((100, 20)).contains("1.2.0"));
}

#[test]
fn at_its_end_it_says_how_many_it_looked_at() {
    let mut shown = Shown::new(object());
    shown.tell(Piece::Begun(2, Some("web".to_owned())));
    shown.tell(looked(1));
    shown.tell(looked(2));
    shown.tell(Piece::Ended(Ok(())));
    let screen = shown.screen((150, 20));
    assert!(
        screen.contains("1 of 2 commits that touch Kustomization/web changed Deployment/web of staging"),
        "{screen}"
    );
    assert!(screen.contains("each commit to its Kustomization"), "{screen}");
    // The cursor begins on the first commit.
    let actions = shown.with(|view, scene| view.motion(Motion::Open, scene)).unwrap();
    assert!(matches!(actions.as_slice(), [Action::Push(view)] if view.id() == "git-commit"), "{actions:?}");
    let mut shown = Shown::new(History::of_file(None, "a.yaml"));
    shown.tell(Piece::Begun(0, None));
    shown.tell(Piece::Ended(Ok(())));
    assert!(shown.screen((100, 20)).contains("git does not know it yet"));
    let mut shown = Shown::new(object());
    shown.tell(Piece::Ended(Err(Fault::failed("nothing can be rendered", "there is no kubectl", "install kubectl"))));
    assert!(shown.screen((100, 20)).contains("there is no kubectl"));
}
