//! The screen of Home, with handmade facts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::Home;
use crate::app::test_support::facts;
use crate::app::{App, Keymap, KindTable, Msg};
use crate::commands::COMMANDS;
use crate::kinds;
use crate::model::{Connection, Env, FluxFacts, Labels, Row, RowKey, State, Suspension};
use crate::runtime::{PictureFormat, picture};
use crate::theme::{Depth, Theme};

const NOW: &str = "2026-01-01T10:00:00Z";

fn row(name: &str, state: State, message: &str, flux: FluxFacts) -> Row {
    let at = |text: &str| text.parse::<Timestamp>().ok();
    let flux = FluxFacts {
        revision: "main@sha1:9f1c2aa47d3b60e8815f2c94ab07de6613c5f80b".to_owned(),
        since: at("2026-01-01T09:20:00Z"),
        next: at("2026-01-01T10:07:30Z"),
        interval: Some(std::time::Duration::from_mins(10)),
        ..flux
    };
    Row {
        key: RowKey { namespace: "flux-system".into(), name: name.into() },
        state,
        message: message.into(),
        created: None,
        cells: Box::default(),
        note: None,
        labels: Labels::default(),
        since: None,
        flux: Some(Box::new(flux)),
    }
}

/// Draws Home with a healthy staging and a production that has one problem of each sort.
fn screen(width: u16, height: u16) -> String {
    let kustomization = |name: &str| kinds::KUSTOMIZATION.object("flux-system", name);
    let waits = FluxFacts { depends_on: vec![kustomization("configs")], ..FluxFacts::default() };
    let suspension = Suspension { reason: Some("moving the exporters".to_owned()), ..Suspension::default() };
    let health = "health check failed after 5m0s: timeout waiting for: [Certificate/cert-manager/wildcard status: 'InProgress', Cluster/databases/main status: 'InProgress']";
    let build = "kustomize build failed: accumulating resources: accumulation err='accumulating resources from './deployment.yaml': open /tmp/kustomization-1/apps/base/linkding/deployment.yaml: no such file or directory'";
    let tables = [
        vec![
            row("configs", State::Ready, "Applied revision", FluxFacts::default()),
            row("apps", State::Ready, "Applied revision", waits.clone()),
        ],
        vec![
            row("configs", State::Failed, health, FluxFacts::default()),
            row("apps", State::Waiting, "dependency 'flux-system/configs' is not ready", waits),
            row("dashboards", State::Failed, build, FluxFacts::default()),
            row("monitoring", State::Suspended, "", FluxFacts { suspended: Some(suspension), ..FluxFacts::default() }),
        ],
    ];
    screen_of(tables, width, height)
}

/// Draws Home with these Kustomizations of staging and production.
fn screen_of(tables: [Vec<Row>; 2], width: u16, height: u16) -> String {
    let mut facts = facts();
    facts.now = NOW.parse().unwrap();
    let environments: Vec<_> = facts.environments.iter().map(|(_, known)| known.clone()).collect();
    let theme = Theme::load("terminal", Depth::None, true).unwrap();
    let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
    let mut app = App::new(facts, theme, keymap, COMMANDS, Box::new(Home::new()));
    app.update(Msg::Environments(environments, vec![None, None]));
    for (env, rows) in [Env(0), Env(1)].into_iter().zip(tables) {
        for kind in kinds::KINDS {
            app.facts
                .tables
                .get_mut(env)
                .unwrap()
                .insert(kind.group_kind(), KindTable { link: Connection::Live, ..KindTable::default() });
        }
        let table = KindTable { link: Connection::Live, rows: rows.into_iter().collect(), ..KindTable::default() };
        app.facts.tables.get_mut(env).unwrap().insert(kinds::KUSTOMIZATION.group_kind(), table);
    }
    app.update(Msg::Time(NOW.parse().unwrap()));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| app.render(frame)).unwrap();
    picture(terminal.backend().buffer(), PictureFormat::Text, false)
}

#[test]
fn both_environments_with_every_trouble() {
    insta::assert_snapshot!("wide", screen(200, 30));
    insta::assert_snapshot!("usual", screen(120, 30));
}

#[test]
fn a_small_terminal_shows_one_environment() {
    insta::assert_snapshot!("small", screen(80, 24));
}

#[test]
fn rows_of_one_name_have_their_namespaces() {
    let of = |namespace: &str, name: &str| {
        let mut row = row(name, State::Ready, "Applied revision", FluxFacts::default());
        row.key = RowKey { namespace: namespace.into(), name: name.into() };
        row
    };
    let rows = || vec![of("backend", "apps"), of("frontend", "apps"), of("flux-system", "configs")];
    for width in [80, 120] {
        let shown = screen_of([rows(), rows()], width, 24);
        assert!(shown.contains("backend/apps") && shown.contains("frontend/apps"), "{shown}");
        assert!(shown.contains("configs") && !shown.contains("flux-system/configs"), "{shown}");
    }
}
