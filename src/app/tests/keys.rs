//! One key, one meaning, on whichever row it falls.

use super::{TestApp, operations, row};
use crate::app::{CommandTarget, Effect, Msg};
use crate::cluster::WatchEvent;
use crate::kinds;
use crate::model::{Env, Row, RowKey, State};

const APPS: &str = "Kustomization/flux-system/apps";

fn only(object: &str) -> Vec<(Option<Env>, String)> {
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
    assert_eq!(operations(&desk.press("R")), only(APPS));
    assert!(operations(&desk.press("s")).is_empty());
    assert_eq!(operations(&desk.press("B")), only("Deployment/web/web"));
    // Where no inventory names it, the cluster is asked first, and nothing is done until it has told.
    desk.app.open(Box::new(crate::views::list::List::new(Env(0), "Deployment")), &mut Vec::new());
    let effects = desk.press("R");
    assert!(operations(&effects).is_empty() && effects.iter().any(|effect| matches!(effect, Effect::Task(..))));
    assert_eq!(desk.app.view_id(), "owner");
}

#[test]
fn a_filter_is_told_in_the_title_lifted_by_esc_and_not_kept_over_screens() {
    let mut desk = TestApp::new();
    desk.press("j/MONI<enter>");
    let screen = desk.screen();
    assert!(screen.contains("filter MONI 1/2") && !screen.contains("= apps"), "{screen}");
    desk.press("<esc>");
    let screen = desk.screen();
    assert!(!screen.contains("filter") && screen.contains("= apps"), "{screen}");
    assert_eq!(
        desk.app.targets().first().map(crate::app::CommandTarget::name).unwrap(),
        "Kustomization/flux-system/monitoring"
    );
    // Another screen lifts it; a dialog does not.
    desk.press("/mon<enter>s");
    assert!(desk.screen().contains("filter mon 1/2"));
    desk.press("<esc>K");
    desk.press("<esc>");
    assert!(!desk.screen().contains("filter mon"), "{}", desk.screen());
}

#[test]
fn esc_goes_back_though_a_notice_is_shown() {
    let mut desk = TestApp::new();
    desk.press("p");
    assert_eq!(desk.app.view_id(), "list");
    desk.app.update(Msg::Told(Ok("something ended".to_owned())));
    desk.press("<esc>");
    assert_eq!(desk.app.view_id(), "home");
    assert!(!desk.screen().contains("something ended"));
}

#[test]
fn a_form_keeps_what_was_typed_and_says_what_is_wrong_with_it() {
    let mut desk = TestApp::new();
    desk.press("sdisk<enter>nonsense<enter>");
    let screen = desk.screen();
    assert!(screen.contains("`nonsense` is neither a duration") && screen.contains("> disk"), "{screen}");
    assert!(screen.lines().last().unwrap().contains("tab next field"), "the footer lists the dialog's keys: {screen}");
    let effects = desk.press(&"<backspace>".repeat(8)).len() + desk.press("2h<enter>").len();
    assert!(effects > 0 && desk.app.view_id() != "prompt");
}

#[test]
fn a_wrong_name_is_told() {
    let mut desk = TestApp::new();
    desk.press(">Dwrong<enter>");
    let screen = desk.screen();
    assert!(screen.contains("that is not production: nothing was done"), "{screen}");
    assert_eq!(desk.app.view_id(), "confirm");
}
