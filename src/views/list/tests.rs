use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::List;
use crate::app::test_support::facts;
use crate::app::{Action, Facts, KindTable, Motion, Scene, View};
use crate::commands::COMMANDS;
use crate::kinds;
use crate::model::{Connection, Env, Kind, Labels, Row, RowKey, State};
use crate::theme::{Depth, Theme};
use crate::views::parts::row_list::NextOrder;

fn row(namespace: &str, name: &str, state: State, cells: &[&str], message: &str) -> Row {
    Row {
        key: RowKey { namespace: namespace.into(), name: name.into() },
        state,
        cells: cells.iter().map(|cell| (*cell).into()).collect(),
        message: message.into(),
        created: None,
        note: None,
        labels: Labels::default(),
        since: None,
        flux: None,
    }
}

fn put(facts: &mut Facts, kind: &'static Kind, rows: Vec<Row>) {
    let table = KindTable { link: Connection::Live, rows: rows.into_iter().collect(), generation: 0 };
    facts.tables.get_mut(Env(0)).unwrap().insert(kind.group_kind(), table);
}

/// Two pods that are not ready among others, and Kustomizations of which one has failed.
fn clusters() -> Facts {
    let mut facts = facts();
    put(
        &mut facts,
        kinds::POD,
        vec![
            row("kube-system", "coredns-64fd4b4794-8x2lz", State::Ready, &["1/1", "Running", "0", "node-1"], ""),
            row(
                "linkding",
                "linkding-6c6f9b7d5b-qk2rn",
                State::Failed,
                &["0/1", "CrashLoopBackOff", "12", "node-2"],
                "linkding: ended with exit code 137 (OOMKilled) at 11:57:00Z",
            ),
            row(
                "immich",
                "immich-server-7d9f5c6b4-h2kqs",
                State::Waiting,
                &["0/1", "Pending", "0", ""],
                "0/2 nodes are available",
            ),
        ],
    );
    put(
        &mut facts,
        kinds::KUSTOMIZATION,
        vec![
            row(
                "flux-system",
                "apps",
                State::Failed,
                &["main@dc5f039", "apps/staging", "GitRepository/flux-system"],
                "kustomize build failed",
            ),
            row(
                "flux-system",
                "flux-system",
                State::Ready,
                &["main@dc5f039", "clusters/staging", "GitRepository/flux-system"],
                "Applied",
            ),
        ],
    );
    put(&mut facts, kinds::find("Bucket").unwrap(), Vec::new());
    facts
}

struct Desk {
    facts: Facts,
    theme: Theme,
    keymap: crate::app::Keymap,
    list: List,
}

impl Desk {
    fn new(kind: &str) -> Self {
        let theme = Theme::load("terminal", Depth::None, false).unwrap();
        let keymap = crate::app::Keymap::new(COMMANDS, &std::collections::BTreeMap::new()).unwrap();
        let mut cockpit = Self { facts: clusters(), theme, keymap, list: List::new(Env(0), kind) };
        cockpit.with(crate::app::view::View::changed);
        cockpit
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut List, &Scene<'_>) -> T) -> T {
        let scene = Scene {
            facts: &self.facts,
            theme: &self.theme,
            keymap: &self.keymap,
            commands: COMMANDS,
            marks: None,
            focus: true,
        };
        act(&mut self.list, &scene)
    }

    fn press(&mut self, motion: Motion) -> Option<Vec<Action>> {
        self.with(|list, scene| list.motion(motion, scene))
    }

    fn screen(&mut self, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        self.with(|list, scene| terminal.draw(|frame| list.render(frame, frame.area(), scene)).map(|_| ())).unwrap();
        terminal.backend().to_string()
    }

    fn selected(&mut self) -> String {
        self.with(|list, scene| list.targets(scene)).first().map(crate::app::CommandTarget::name).unwrap()
    }
}

#[test]
fn the_list_of_pods_at_four_sizes() {
    for (width, height) in [(80, 10), (120, 10), (170, 10), (200, 10)] {
        insta::assert_snapshot!(format!("pods-{width}"), Desk::new("Pod").screen(width, height));
    }
}

#[test]
fn the_list_of_kustomizations_at_four_sizes() {
    for (width, height) in [(80, 8), (120, 8), (170, 8), (200, 8)] {
        insta::assert_snapshot!(format!("kustomizations-{width}"), Desk::new("Kustomization").screen(width, height));
    }
}

#[test]
fn tabs_count_what_is_not_ready_and_skip_kinds_of_which_there_are_none() {
    let mut cockpit = Desk::new("Kustomization");
    let screen = cockpit.screen(300, 10);
    assert!(screen.contains("[kustomizations x1/2]"), "{screen}");
    assert!(screen.contains("pods x2/3") && !screen.contains("buckets"), "{screen}");
    let before: Vec<&str> =
        super::kind_tabs::kinds(&cockpit.facts, Env(0), kinds::POD).iter().map(|kind| kind.plural).collect();
    assert!(!before.contains(&"buckets"));
    for plural in before.iter().skip(1) {
        cockpit.press(Motion::NextTab).unwrap();
        assert!(cockpit.screen(300, 10).contains(&format!("[{plural}")), "{plural}");
    }
}

#[test]
fn what_does_not_fit_is_scrolled_to_with_the_name_in_sight() {
    let mut cockpit = Desk::new("Pod");
    let first = cockpit.screen(80, 10);
    assert!(first.contains("READY STATUS") && !first.contains("RESTARTS") && !first.contains("←↑"), "{first}");
    assert!(cockpit.with(|list, _| list.motions().iter().any(|hint| hint.what == "columns")));
    for _ in 0..9 {
        cockpit.press(Motion::Right).unwrap();
        cockpit.screen(80, 10);
    }
    let last = cockpit.screen(80, 10);
    assert!(last.contains("←↑") && last.contains("linkding-") && last.contains("MESSAGE"), "{last}");
    for screen in [&first, &last] {
        assert!(screen.contains("CrashLoopBackOff") && screen.contains("AGE"), "{screen}");
    }
    for _ in 0..9 {
        cockpit.press(Motion::Left).unwrap();
    }
    assert_eq!(cockpit.screen(80, 10), first);
}

#[test]
fn a_long_name_keeps_both_ends_and_the_message_of_the_selection_is_told_in_full() {
    let mut cockpit = Desk::new("Pod");
    let name = "kustomize-controller-c2qk7vf94g-nlcbc";
    let why = "manager: it waits 40 s and starts again, the third time; it ended with exit code 1 at 11:57:00Z because its leader election was lost";
    let mut pod = row("infrastructure-system", name, State::Failed, &["0/1", "CrashLoopBackOff", "3", "node-1"], why);
    pod.created = "2025-12-01T12:00:00Z".parse().ok();
    cockpit.facts.now = "2026-01-01T12:00:00Z".parse().unwrap();
    put(&mut cockpit.facts, kinds::POD, vec![pod]);
    cockpit.with(crate::app::view::View::changed);
    let screen = cockpit.screen(80, 14);
    let line = screen.lines().find(|line| line.contains("CrashLoopBackOff")).unwrap();
    assert!(line.contains("kustomize-") && line.contains("-nlcbc") && line.contains("31d"), "{screen}");
    assert!(line.contains("infra") && line.contains("~system"), "{screen}");
    let told: String = screen.lines().map(|line| line.trim_matches(['"', '│', ' '])).collect::<Vec<_>>().join(" ");
    assert!(told.contains("manager: it waits 40 s") && told.contains("leader election was lost"), "{screen}");
    // With room for the message in its column nothing is told twice.
    let wide = cockpit.screen(200, 14);
    assert_eq!(wide.matches("manager: it waits").count(), 1, "{wide}");
    assert!(!wide.contains("election was lost\"\n\"│leader"), "{wide}");
}

#[test]
fn an_arrow_says_by_which_column_and_which_way_rows_are_sorted() {
    let mut cockpit = Desk::new("Pod");
    let mut headings = Vec::new();
    let columns = ["↑", "AGE↑", "READY↑", "STATUS↑", "RESTARTS↓", "NODE↑", "NAME↑", "MESSAGE↑", "NAMESPACE↑"];
    for column in columns {
        let screen = cockpit.screen(200, 10);
        headings.push(screen.contains(column));
        cockpit.with(|list, scene| list.reply(Box::new(NextOrder::Column), scene));
    }
    assert_eq!(headings, [true; 9]);
    cockpit.with(|list, scene| list.reply(Box::new(NextOrder::Reverse), scene));
    assert!(cockpit.screen(200, 10).contains("by state, reversed"));
}

#[test]
fn a_key_acts_on_what_was_read_though_another_row_came_to_the_top() {
    let mut cockpit = Desk::new("Pod");
    let read = cockpit.selected();
    assert_eq!(read, "Pod/linkding/linkding-6c6f9b7d5b-qk2rn");
    let table = cockpit.facts.tables.get_mut(Env(0)).unwrap().get_mut(&kinds::POD.group_kind()).unwrap();
    table.rows.insert(row("a", "first", State::Failed, &["0/1", "Error", "0", "node-1"], ""));
    cockpit.with(crate::app::view::View::changed);
    assert!(cockpit.screen(120, 10).find("first") < cockpit.screen(120, 10).find("linkding-"), "it is above now");
    assert_eq!(cockpit.selected(), read);
}
