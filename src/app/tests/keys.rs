//! One key, one meaning, on whichever row it falls.

use super::{TestApp, operations, row};
use crate::app::{CommandTarget, Effect, Msg};
use crate::cluster::WatchEvent;
use crate::kinds;
use crate::model::{Env, Row, RowKey, State};

const APPS: &str = "Kustomization/flux-system/apps";

fn one(object: &str) -> Vec<(Option<Env>, String)> {
    vec![(Some(Env(0)), object.to_owned())]
}

#[test]
fn the_key_that_reconciles_a_flux_object_reconciles_the_owner_of_a_workload() {
    let mut desk = TestApp::new();
    let mut apps = row("apps", State::Ready);
    apps.flux.as_mut().unwrap().inventory.push("web_web_apps_Deployment".into());
    desk.watched(Env(0), desk.generations[&(Env(0), "Kustomization")], WatchEvent::Rows(vec![apps]));
    let kind = kinds::find("Deployment").unwrap();
    let deployment = |name: &str| Row {
        key: RowKey { namespace: "web".into(), name: name.into() },
        flux: None,
        ..row(name, State::Ready)
    };
    desk.app.update(Msg::Watched {
        env: Env(0),
        kind,
        generation: desk.generations[&(Env(0), "Deployment")],
        change: WatchEvent::Rows(vec![deployment("web"), deployment("other")]),
        owed: None,
    });
    desk.press("j");
    assert!(matches!(desk.app.targets().as_slice(), [CommandTarget::Object(_, object)] if object.kind == "Deployment"));
    assert_eq!(operations(&desk.press("R")), one(APPS));
    assert!(operations(&desk.press("s")).is_empty());
    assert_eq!(operations(&desk.press("B")), one("Deployment/web/web"));
    // Where no inventory names it, the cluster is asked first, and nothing is done until it has told.
    desk.app.open(Box::new(crate::views::list::List::new(Env(0), "Deployment")), &mut Vec::new());
    let effects = desk.press("R");
    assert!(operations(&effects).is_empty() && effects.iter().any(|effect| matches!(effect, Effect::Task(..))));
    assert_eq!(desk.app.view_id(), "owner");
}
