//! What a cluster tells is refused, absent, old, cut off, or told by a clock that is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::super::support::api::{Api, apps, change, error};
use super::super::support::pty::Deck;
use super::super::support::workspace::Workspace;

fn both_live(deck: &mut Deck) {
    deck.sees_row(&["staging: healthy", "production: healthy"]);
}

#[test]
fn what_is_forbidden_is_told_and_hides_nothing_else() {
    let why = "helmreleases.helm.toolkit.fluxcd.io is forbidden: User \"op\" cannot list resource \"helmreleases\"";
    let api = Api::new(move |request| request.contains("/helmreleases").then(|| error(403, why)));
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().open();
    deck.sees_row(&["staging: 1 forbidden", "production: 1 forbidden"]);
    deck.sees("cannot list helmreleases in staging");
    deck.tells("ask for the permission that the message names");
    deck.sees_row(&["= apps", "= apps"]);

    let (code, out, complaint) = workspace.run(["status", "--env", "staging"]);
    assert_eq!(code, 1, "{complaint}");
    assert!(out.contains("Kustomization/flux-system/apps") && out.contains(why), "{out}");
}

#[test]
fn a_cluster_without_flux_says_what_brings_it() {
    let api = Api::new(|request| {
        request.contains("toolkit.fluxcd.io").then(|| error(404, "the server could not find the requested resource"))
    });
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().open();
    deck.sees_row(&["staging: no Flux", "production: no Flux"]);
    deck.sees("Flux is not installed here");
    deck.tells("`flux install` or `flux bootstrap` brings it");
    deck.sees_row(&["? apps", "? apps"]);
    deck.press("R");
    deck.tells("its CRD is not installed there");

    let (code, out, complaint) = workspace.run(["status", "--env", "staging"]);
    assert_eq!(code, 1, "{complaint}");
    assert!(out.contains("no Flux in staging") && out.contains("flux bootstrap"), "{out}");
}

#[test]
fn an_expired_watch_is_listed_anew() {
    let expired = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&expired);
    let api = Api::new(move |request| {
        let watched = request.contains("/kustomizations?") && request.contains("watch=");
        // The first watch of each environment has lost its version.
        (watched && counted.fetch_add(1, Ordering::Relaxed) < 2).then(|| error(410, "too old resource version: 1 (9)"))
    });
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().open();
    both_live(&mut deck);
    assert!(expired.load(Ordering::Relaxed) >= 4, "every environment watches again");
    assert!(api.count("GET", "/kustomizations?limit") >= 4, "every environment lists again");
    assert!(!deck.text().contains("too old"), "it is nobody's fault: nothing is told");
    // One whose versions are always too old is told.
    api.says(|request| request.contains("watch=").then(|| error(410, "too old resource version: 1 (9)")));
    api.drops_connections();
    deck.sees_row(&["staging: degraded", "production: degraded"]);
    deck.sees("it is listed again by itself");
    deck.sees_row(&["= apps", "= apps"]);
}

#[test]
fn a_restarted_server_is_watched_again_and_what_was_known_stays() {
    let down = Arc::new(AtomicBool::new(false));
    let now_down = Arc::clone(&down);
    let api = Api::new(move |_| now_down.load(Ordering::Relaxed).then(|| error(503, "apiserver is shutting down")));
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().open();
    both_live(&mut deck);
    down.store(true, Ordering::Relaxed);
    api.drops_connections();
    deck.sees_row(&["staging: degraded", "production: degraded"]);
    deck.tells("apiserver is shutting down");
    deck.tells("is in trouble: look at its log");
    deck.sees_row(&["= apps", "= apps"]);
    down.store(false, Ordering::Relaxed);
    both_live(&mut deck);
    deck.sees_no("shutting down");
}

#[test]
fn an_object_deleted_while_open_says_so_and_stays_readable() {
    let api = Api::healthy();
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().open();
    both_live(&mut deck);
    deck.press("<enter>");
    deck.sees_row(&["state", "ready"]);
    // The overview begins with what the list knows; what the object's own request brought is in its YAML.
    deck.press("y");
    deck.sees("path: ./apps");
    api.says(|request| {
        let gone = "kustomizations.kustomize.toolkit.fluxcd.io \"apps\" not found";
        match request {
            _ if request.contains("/kustomizations/apps") => Some(error(404, gone)),
            _ if request.contains("/kustomizations?") && request.contains("watch=") => {
                Some(change("DELETED", &apps(Timestamp::now(), "")))
            }
            _ => None,
        }
    });
    api.drops_connections();
    deck.sees("it was deleted; this is what it was last");
    deck.sees("path: ./apps");
    deck.press("R");
    deck.tells("it may have been deleted, or its CRD is not installed");
}

#[test]
fn ages_go_by_the_server_s_clock() {
    for ahead in [SignedDuration::from_hours(1), SignedDuration::from_hours(-1)] {
        let api = Api::ahead(ahead, |_| None);
        let workspace = Workspace::on(&api);
        let mut deck = workspace.stage().open();
        both_live(&mut deck);
        deck.sees_row(&["= apps", "next 6m", "= apps", "next 6m"]);
        deck.press("<enter>");
        deck.sees_row(&["ready", "since 3m"]);
        deck.sees("in 6m, every 10m");
    }
}
