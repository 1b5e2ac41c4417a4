//! The cockpit on both environments: browse, reconcile, suspend and resume, with kubectl looking behind its back.

use serde_json::Value;

use super::support::pty::Deck;
use super::support::testbed::{ENVIRONMENTS, Testbed, push};

/// What Flux deploys, in the order in which it does.
const ORDER: [&str; 6] =
    ["flux-system", "infrastructure-controllers", "cert-manager", "monitoring", "infrastructure-configs", "apps"];
const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// Opens home and waits until both environments are there.
fn home(testbed: &Testbed) -> Deck {
    let mut deck = testbed.deck().open();
    deck.lives(&["staging", "production"]);
    deck.sees("PROTECTED");
    deck.wait_for("every object of both environments", |screen| {
        ORDER.iter().all(|name| screen.contents().matches(&format!(" {name} ")).count() >= 2)
    });
    deck
}

/// Selects an object of an environment on home.
fn select(deck: &mut Deck, env: &str, name: &str) {
    deck.press(if env == "staging" { "2" } else { "3" });
    deck.sees(&format!(">{env} "));
    deck.press("/");
    deck.press(name);
    deck.press("<enter>");
    deck.sees_row(&[">= ", name]);
}

/// Agrees where the environment is protected, after a look at what is asked.
fn agree(deck: &mut Deck, env: &str, title: &str, object: &str) {
    if env == "production" {
        deck.sees(&format!(">{title}?"));
        deck.sees_row(&["environment", "production", "PROTECTED"]);
        deck.sees_row(&["object", object]);
        deck.press("y");
        deck.sees_no(&format!(">{title}?"));
    }
}

fn kustomization(testbed: &Testbed, env: &str, name: &str) -> Value {
    testbed.get(env, &["kustomizations.kustomize.toolkit.fluxcd.io", name, "--namespace", "flux-system"])
}

fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][name].as_str()
}

#[test]
fn home_shows_both_environments_in_deployment_order_beside_the_tree() {
    let testbed = Testbed::find();
    let mut deck = home(&testbed);
    let text = deck.text();
    // Production has more releases than staging, so each column is read by itself.
    let line = |column: usize, name: &str| {
        let shown = |line: &str| line.split("││").nth(column).is_some_and(|cell| cell.contains(&format!(" {name} ")));
        text.lines().position(shown).unwrap_or_else(|| panic!("{name} is not shown in column {column}:\n{text}"))
    };
    for column in [1, 2] {
        assert!(ORDER.map(|name| line(column, name)).is_sorted(), "deployment order:\n{text}");
    }
    // Each environment has its own version of the release.
    let releases = text.lines().nth(line(1, "cert-manager")).unwrap();
    let (staging, production) = (releases.find("v1.21.2"), releases.find("v1.21.1"));
    assert!(staging.is_some() && staging < production, "{releases}");
}

#[test]
fn an_object_marks_its_files_and_a_folder_what_it_feeds() {
    let testbed = Testbed::find();
    let mut deck = home(&testbed);
    // An object marks its files; a folder marks what it feeds, in its environment alone.
    select(&mut deck, "staging", "monitoring");
    deck.sees_row(&["│* ", "> staging"]);
    deck.press("/");
    deck.press("<esc>");
    deck.sees_row(&["= apps"]);
    deck.press("1gjjj");
    deck.sees_row(&["│>  > staging"]);
    // In whatever state: another test may have pushed just now.
    deck.wait_for("apps marked in staging alone", |screen| {
        let text = screen.contents();
        let marked = |column: usize, name: &str| {
            text.lines()
                .filter_map(|line| line.split("││").nth(column))
                .any(|cell| cell.starts_with('*') && cell.contains(name))
        };
        marked(1, " apps ") && !marked(2, "")
    });
}

/// Reconciles infrastructure-configs in both environments, by the key.
#[test]
fn reconcile_asks_in_production_alone_and_tells_the_true_outcome() {
    let testbed = Testbed::find();
    let mut deck = home(&testbed);
    for env in ENVIRONMENTS {
        let before = kustomization(&testbed, env, "infrastructure-configs");
        select(&mut deck, env, "infrastructure-configs");
        deck.press("R");
        if env == "production" {
            deck.sees(">Reconcile?");
            deck.press("n");
            deck.sees_no(">Reconcile?");
            let untouched = kustomization(&testbed, env, "infrastructure-configs");
            assert_eq!(annotation(&untouched, REQUESTED_AT), annotation(&before, REQUESTED_AT), "n changes nothing");
            deck.press("R");
        }
        agree(&mut deck, env, "Reconcile", "Kustomization/flux-system/infrastructure-configs");
        let told = format!("Reconcile Kustomization/infrastructure-configs in {env}: applied main@sha1:");
        deck.sees(&told);
        let after = kustomization(&testbed, env, "infrastructure-configs");
        let requested = annotation(&after, REQUESTED_AT);
        assert!(requested.is_some() && requested != annotation(&before, REQUESTED_AT), "{env}: {after:#}");
        assert_eq!(after["status"]["lastHandledReconcileAt"].as_str(), requested, "told once it was handled");
        deck.press("<esc>");
        deck.sees_no(&told);
    }
}

/// Suspends monitoring in both environments and resumes it.
#[test]
fn suspend_keeps_its_reason_on_the_object_until_resume() {
    let testbed = Testbed::find();
    let mut deck = home(&testbed);
    for env in ENVIRONMENTS {
        select(&mut deck, env, "monitoring");
        deck.press("s");
        deck.sees("Whoever finds it suspended");
        // A pasted line end does not answer the question.
        deck.paste("the disk of node 2\n");
        deck.press("<enter>2h<enter>");
        agree(&mut deck, env, "Suspend", "Kustomization/flux-system/monitoring");
        deck.sees_row(&["# monitoring", "suspended"]);
        let suspended = kustomization(&testbed, env, "monitoring");
        assert_eq!(suspended["spec"]["suspend"], true, "{env}");
        assert_eq!(annotation(&suspended, "fluxdeck.dev/suspend-reason"), Some("the disk of node 2"), "{env}");
        for name in ["by", "until"] {
            let name = format!("fluxdeck.dev/suspend-{name}");
            assert!(annotation(&suspended, &name).is_some_and(|value| !value.is_empty()), "{env}: {name}");
        }

        deck.press("r");
        agree(&mut deck, env, "Resume", "Kustomization/flux-system/monitoring");
        let told = format!("Resume Kustomization/monitoring in {env}: applied main@sha1:");
        deck.sees(&told);
        let resumed = kustomization(&testbed, env, "monitoring");
        assert_ne!(resumed["spec"]["suspend"], true, "{env}");
        let left = resumed["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        assert!(!left.keys().any(|name| name.starts_with("fluxdeck.dev/")), "{env}: {left:?}");
        deck.press("<esc>");
        deck.sees_no(&told);
    }
}

/// Pushes a commit, and brings it to staging with infrastructure-controllers and its source.
#[test]
fn with_source_brings_a_pushed_commit() {
    let testbed = Testbed::find();
    let mut deck = home(&testbed);
    let checkout = testbed.checkout();
    let file = checkout.path().join("apps/base/homepage/configmap.yaml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str("# Another line.\n");
    std::fs::write(&file, text).unwrap();
    let commit = push(checkout.path(), "docs: another line");

    select(&mut deck, "staging", "infrastructure-controllers");
    deck.press("W");
    let name = "Kustomization/infrastructure-controllers";
    deck.sees(&format!("Reconcile with source {name} in staging: applied main@sha1:{}", &commit[..8]));
    let controllers = kustomization(&testbed, "staging", "infrastructure-controllers");
    assert_eq!(controllers["status"]["lastAppliedRevision"], format!("main@sha1:{commit}"));
    deck.sees_row(&[">staging  main@", &commit[..7]]);
}
