//! A key costs as much as it draws, however many rows there are. The tests count visited and written items, not the
//! time.

use std::sync::Arc;

use jiff::Timestamp;

use super::TestApp;
use crate::app::key::parse_keys;
use crate::app::{Effect, Msg, View};
use crate::cluster::{Resource, TableColumn, WatchEvent};
use crate::kinds;
use crate::model::{Connection, Env, Fault, FluxFacts, JournalEntry, Row, RowKey, State, work};
use crate::repo::Snapshot;
use crate::theme::Scope;
use crate::views::detail::{Detail, Tab};
use crate::views::journal::JournalView;
use crate::views::list::List;
use crate::views::order::OrderView;
use crate::views::parts::page::PageLine;
use crate::views::report::{BuiltReport, Reports, findings};

const FEW: usize = 100;
const MANY: usize = 2000;

impl TestApp {
    fn show(&mut self, view: Box<dyn View>) {
        self.app.open(view, &mut Vec::new());
        for effect in self.app.update(Msg::Resize) {
            if let Effect::Watch { env, kind, generation } = effect {
                self.generations.insert((env, kind.kind), generation);
            }
        }
    }

    fn reply<T: std::any::Any + Send>(&mut self, payload: T) {
        let ticket = self.app.top_ticket();
        self.app.update(Msg::Reply { ticket, payload: Box::new(payload), pending: None });
    }

    fn pods(&mut self, change: WatchEvent) {
        let generation = self.generations[&(Env(0), "Pod")];
        self.app.update(Msg::Watched {
            env: Env(0),
            kind: kinds::find("Pod").unwrap(),
            generation,
            change,
            pending: None,
        });
    }

    /// Counts the cost of keys that do not scroll.
    fn cost(&mut self) -> usize {
        self.press("jk");
        work::taken();
        for key in parse_keys("jjkjkk").unwrap() {
            self.app.update(Msg::Key(key));
            self.draw();
        }
        work::taken()
    }
}

fn named(number: usize) -> Row {
    let state = if number.is_multiple_of(7) { State::Failed } else { State::Ready };
    let cells = ["1/1", "Running", "0", "node-1"].map(Into::into);
    Row {
        key: RowKey { namespace: "default".into(), name: format!("worker-{number:05}").into() },
        cells: cells.into(),
        message: "a message".into(),
        ..super::row("", state)
    }
}

fn pods(cockpit: &mut TestApp, count: usize) {
    cockpit.show(Box::new(List::new(Env(0), "Pod")));
    cockpit.pods(WatchEvent::Rows((0..count).map(named).collect()));
    cockpit.pods(WatchEvent::Link(Connection::Live));
}

fn sorted_and_found(cockpit: &mut TestApp, count: usize) {
    pods(cockpit, count);
    cockpit.press("oo/worker<enter>");
}

fn marked(cockpit: &mut TestApp, count: usize) {
    pods(cockpit, count);
    cockpit.press("<space>j<space>");
}

fn printed(cockpit: &mut TestApp, count: usize) {
    let resource = Resource {
        group: "example.org".to_owned(),
        version: "v1".to_owned(),
        kind: "Thing".to_owned(),
        plural: "things".to_owned(),
        namespaced: true,
    };
    cockpit.show(Box::new(List::printed(Env(0), resource)));
    let column = |name: &str| TableColumn { name: name.to_owned(), wide: false };
    cockpit.reply(WatchEvent::Columns(vec![column("Ready"), column("Status")]));
    cockpit.reply(WatchEvent::Rows((0..count).map(named).collect()));
    cockpit.reply(WatchEvent::Link(Connection::Live));
}

fn environment(cockpit: &mut TestApp, count: usize) {
    let names: Vec<String> = (0..count).map(|number| format!("app-{number:05}")).collect();
    let rows: Vec<(&str, State)> = names.iter().map(|name| (name.as_str(), State::Ready)).collect();
    cockpit.rows(Env(0), &rows);
}

fn tree(cockpit: &mut TestApp, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("apps")).unwrap();
    for number in 0..count {
        std::fs::write(folder.path().join(format!("apps/file-{number:05}.txt")), "").unwrap();
    }
    cockpit.app.update(Msg::Repository(Ok(Arc::new(Snapshot::load(folder.path()))), None));
    cockpit.press("1");
}

fn report(cockpit: &mut TestApp, count: usize) {
    cockpit.show(Box::new(Reports::new(&findings::REPORT)));
    let line = |number: usize| PageLine::wrapped(format!("{number:05} is wrong, and this says why"), Scope::Text);
    let made = BuiltReport { summary: String::new(), lines: (0..count).map(line).collect::<Vec<_>>().into() };
    cockpit.reply(Ok::<BuiltReport, Fault>(made));
    cockpit.press("/wrong<enter>");
}

fn journal(cockpit: &mut TestApp, count: usize) {
    cockpit.show(Box::new(JournalView::default()));
    let entry = |number: usize| JournalEntry {
        at: Timestamp::UNIX_EPOCH,
        id: number.to_string(),
        user: None,
        login: "maria".to_owned(),
        env: Some("staging".to_owned()),
        object: String::new(),
        command: format!("flux reconcile kustomization app-{number:05}"),
        result: Some("applied".to_owned()),
    };
    cockpit.reply(Ok::<Vec<JournalEntry>, Fault>((0..count).map(entry).collect()));
}

fn inventory(cockpit: &mut TestApp, count: usize) {
    let mut row = super::row("apps", State::Ready);
    let id = |number: usize| format!("default_worker-{number:05}__Pod").into();
    row.flux = Some(Box::new(FluxFacts { inventory: (0..count).map(id).collect(), ..FluxFacts::default() }));
    let object = kinds::KUSTOMIZATION.object(&row.key.namespace, &row.key.name);
    cockpit
        .app
        .facts
        .tables
        .get_mut(Env(0))
        .unwrap()
        .get_mut(&kinds::KUSTOMIZATION.group_kind())
        .unwrap()
        .rows
        .insert(row);
    cockpit.show(Box::new(Detail::new(Env(0), &object, Tab::Inventory)));
}

fn order(cockpit: &mut TestApp, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let one = |number: usize| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: app-{number:05}, namespace: flux-system}}\nspec: {{path: ./apps}}\n"
        )
    };
    let all: Vec<String> = (0..count).map(one).collect();
    std::fs::create_dir_all(folder.path().join("clusters/staging")).unwrap();
    std::fs::write(folder.path().join("clusters/staging/all.yaml"), all.join("---\n")).unwrap();
    cockpit.app.update(Msg::Repository(Ok(Arc::new(Snapshot::load(folder.path()))), None));
    cockpit.show(Box::new(OrderView::new(Env(0))));
}

#[test]
fn a_page_is_written_anew_after_a_change_and_not_for_a_key() {
    let mut cockpit = TestApp::new();
    journal(&mut cockpit, MANY);
    assert!(cockpit.cost() < MANY, "keys write nothing anew");
    cockpit.app.update(Msg::Told(Ok("a notice that comes in".to_owned())));
    work::taken();
    cockpit.draw();
    assert!(work::taken() > MANY, "a notice is another line");
    assert!(cockpit.screen().contains("a notice that comes in"));
    assert!(cockpit.cost() < MANY, "and then it stays");
}

#[test]
fn what_a_watch_tells_of_one_environment_is_judged_in_that_alone() {
    let told = |other: usize| {
        let mut cockpit = TestApp::new();
        let names: Vec<String> = (0..other).map(|number| format!("app-{number:05}")).collect();
        let rows: Vec<(&str, State)> = names.iter().map(|name| (name.as_str(), State::Ready)).collect();
        cockpit.rows(Env(1), &rows);
        cockpit.show(Box::new(JournalView::default()));
        work::taken();
        cockpit.app.facts.judge_environment(Env(0));
        let one = work::taken();
        cockpit.rows(Env(0), &[("apps", State::Ready)]);
        (one, work::taken())
    };
    let ((one_of_few, few), (one_of_many, many)) = (told(FEW), told(MANY));
    assert_eq!(one_of_few, one_of_many);
    assert_eq!(few, many, "the other environment has more, and nothing is said of it");
}

#[test]
fn a_key_costs_what_it_draws_in_every_list() {
    /// The name of a list, and the function that fills it with a number of rows.
    type Filled = (&'static str, fn(&mut TestApp, usize));
    let lists: [Filled; 10] = [
        ("pods", pods),
        ("pods sorted and found", sorted_and_found),
        ("pods with marks", marked),
        ("a list that the server prints", printed),
        ("an environment at home", environment),
        ("the repository's tree", tree),
        ("a report", report),
        ("the journal", journal),
        ("an inventory", inventory),
        ("the order", order),
    ];
    for (name, fill) in lists {
        let cost = |count: usize| {
            let mut cockpit = TestApp::new();
            fill(&mut cockpit, count);
            cockpit.cost()
        };
        let (few, many) = (cost(FEW), cost(MANY));
        assert!(few > 50, "{name}: it draws something: {few}");
        assert!(many < few + few / 5, "{name}: {few} for {FEW} rows, {many} for {MANY}");
    }
}
