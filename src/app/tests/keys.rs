//! One key, one meaning, on every row.

use super::{TestApp, operations, row};
use crate::app::{CommandTarget, Effect, Msg};
use crate::cluster::WatchEvent;
use crate::kinds;
use crate::model::{Env, Labels, Row, RowKey, State};

const APPS: &str = "Kustomization/flux-system/apps";

fn only(object: &str) -> Vec<(Option<Env>, String)> {
    vec![(Some(Env(0)), object.to_owned())]
}

#[test]
fn the_key_that_reconciles_a_flux_object_reconciles_the_owner_of_a_workload() {
    let mut cockpit = TestApp::new();
    let mut apps = row("apps", State::Ready);
    apps.flux.as_mut().unwrap().inventory.push("web_web_apps_Deployment".into());
    cockpit.watched(Env(0), cockpit.generations[&(Env(0), "Kustomization")], WatchEvent::Rows(vec![apps]));
    let kind = kinds::find("Deployment").unwrap();
    let deployment = |name: &str| Row {
        key: RowKey { namespace: "web".into(), name: name.into() },
        note: None,
        labels: Labels::default(),
        since: None,
        flux: None,
        ..row(name, State::Ready)
    };
    cockpit.app.update(Msg::Watched {
        env: Env(0),
        kind,
        generation: cockpit.generations[&(Env(0), "Deployment")],
        change: WatchEvent::Rows(vec![deployment("web"), deployment("other")]),
        pending: None,
    });
    cockpit.press("j");
    assert!(
        matches!(cockpit.app.targets().as_slice(), [CommandTarget::Object(_, object)] if object.kind == "Deployment")
    );
    assert_eq!(operations(&cockpit.press("R")), only(APPS));
    assert!(operations(&cockpit.press("s")).is_empty());
    assert_eq!(operations(&cockpit.press("B")), only("Deployment/web/web"));
    // If no inventory names it, the cluster is queried first, and nothing is done before its answer.
    cockpit.app.open(Box::new(crate::views::list::List::new(Env(0), "Deployment")), &mut Vec::new());
    let effects = cockpit.press("R");
    assert!(operations(&effects).is_empty() && effects.iter().any(|effect| matches!(effect, Effect::Task(..))));
    assert_eq!(cockpit.app.view_id(), "owner");
}

#[test]
fn a_filter_is_told_in_the_title_lifted_by_esc_and_not_kept_over_screens() {
    let mut cockpit = TestApp::new();
    cockpit.press("j/MONI<enter>");
    let screen = cockpit.screen();
    assert!(screen.contains("filter MONI 1/2") && !screen.contains("= apps"), "{screen}");
    cockpit.press("<esc>");
    let screen = cockpit.screen();
    assert!(!screen.contains("filter") && screen.contains("= apps"), "{screen}");
    assert_eq!(
        cockpit.app.targets().first().map(crate::app::CommandTarget::name).unwrap(),
        "Kustomization/flux-system/monitoring"
    );
    // Another screen clears it; a dialog does not.
    cockpit.press("/mon<enter>s");
    assert!(cockpit.screen().contains("filter mon 1/2"));
    cockpit.press("<esc>K");
    cockpit.press("<esc>");
    assert!(!cockpit.screen().contains("filter mon"), "{}", cockpit.screen());
}

#[test]
fn esc_goes_back_though_a_notice_is_shown() {
    let mut cockpit = TestApp::new();
    cockpit.press("p");
    assert_eq!(cockpit.app.view_id(), "list");
    cockpit.app.update(Msg::Told(Ok("something ended".to_owned())));
    cockpit.press("<esc>");
    assert_eq!(cockpit.app.view_id(), "home");
    assert!(!cockpit.screen().contains("something ended"));
}

#[test]
fn the_footer_names_what_motions_do_on_the_screen() {
    let mut cockpit = TestApp::new();
    cockpit.rows(Env(0), &[("apps", State::Ready), ("monitoring", State::Failed)]);
    let footer = |cockpit: &mut TestApp| cockpit.screen().lines().last().unwrap_or_default().to_owned();
    cockpit.press("f");
    let list = footer(&mut cockpit);
    for hint in ["o sort", "ctrl-o reverse", "[ ] kind", "< > environment", "space mark"] {
        assert!(list.contains(hint), "{hint}: {list}");
    }
    cockpit.press("d");
    let detail = footer(&mut cockpit);
    assert!(detail.contains("[ ] tab") && detail.contains("< > environment"), "{detail}");
    cockpit.press("<esc><esc>S");
    let secrets = footer(&mut cockpit);
    assert!(secrets.contains("< > environment"), "{secrets}");
    // There is none: what would act on one is left out, and its key says why.
    assert!(!secrets.contains("ctrl-e") && !secrets.contains("n next that differs"), "{secrets}");
    cockpit.press("<ctrl-e>");
    assert!(cockpit.screen().contains("no secret is selected"), "{}", cockpit.screen());
}

#[test]
fn a_form_keeps_what_was_typed_and_says_what_is_wrong_with_it() {
    let mut cockpit = TestApp::new();
    cockpit.press("sdisk<enter>nonsense<enter>");
    let screen = cockpit.screen();
    assert!(screen.contains("`nonsense` is neither a duration") && screen.contains("> disk"), "{screen}");
    assert!(screen.lines().last().unwrap().contains("tab next field"), "the footer lists the dialog's keys: {screen}");
    let effects = cockpit.press(&"<backspace>".repeat(8)).len() + cockpit.press("2h<enter>").len();
    assert!(effects > 0 && cockpit.app.view_id() != "prompt");
}

#[test]
fn a_wrong_name_is_told() {
    let mut cockpit = TestApp::new();
    cockpit.press(">Dwrong<enter>");
    let screen = cockpit.screen();
    assert!(screen.contains("that is not production: nothing was done"), "{screen}");
    assert_eq!(cockpit.app.view_id(), "confirm");
}
