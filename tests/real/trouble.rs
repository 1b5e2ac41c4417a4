//! One environment is refused or hangs: the other works on, and the broken one says so.

use std::time::{Duration, Instant};

use super::support::proxy::Link;
use super::support::pty::is_live;
use super::support::testbed::{Testbed, said};

/// How soon a healthy environment must be there, whatever the other does; a hanging one would take its timeout of some seconds.
const SOON: Duration = Duration::from_secs(3);

/// Reconciles flux-system in production, through the cockpit, while staging is refused.
#[test]
fn a_refused_cluster_says_so_and_leaves_the_other_alone() {
    let testbed = Testbed::find();
    let (proxy, kubeconfig) = testbed.through("staging", Link::Refused);
    let mut deck = testbed.deck_with(kubeconfig.path(), &testbed.repository()).open();
    let live = deck.lives(&["production"]);
    deck.sees("PROTECTED");
    assert!(live - deck.started() < SOON, "{:?}", live - deck.started());
    deck.sees("staging: unreachable");
    deck.sees("staging cannot be reached:");
    deck.press("3");
    deck.sees(">production");
    deck.press("R");
    deck.sees(">Reconcile?");
    deck.press("y");
    deck.sees("Reconcile Kustomization/flux-system in production: applied main@sha1:");
    // It is back as soon as its cluster is.
    proxy.becomes(Link::Up);
    deck.lives(&["staging", "production"]);
    deck.sees("PROTECTED");
    // And it is shown as lost when it goes, with what was last known.
    proxy.becomes(Link::Refused);
    deck.wait_for("staging in trouble", |screen| !is_live(&screen.contents(), "staging"));
    // Counted in its own pane, row by row: production may wait on the Kustomization of that name just now.
    let text = deck.text();
    let of_staging = text.lines().filter_map(|line| line.split("││").nth(1));
    let kept = of_staging.filter(|cell| cell.contains(" infrastructure-controllers ") && !cell.contains("waits on"));
    assert_eq!(kept.count(), 1, "what was known stays:\n{text}");
}

#[test]
fn a_hanging_cluster_says_so_and_delays_nothing() {
    let testbed = Testbed::find();
    let (proxy, kubeconfig) = testbed.through("production", Link::Hanging);
    let mut deck = testbed.deck_with(kubeconfig.path(), &testbed.repository()).patient(Duration::from_secs(60)).open();
    let live = deck.lives(&["staging"]);
    assert!(live - deck.started() < SOON, "{:?}", live - deck.started());
    deck.sees_row(&[">staging  main@", "production"]);
    deck.sees("production: connecting");
    // Keys are answered at once meanwhile.
    let pressed = deck.press("j");
    let drawn = deck.sees_row(&[">= infrastructure-controllers"]);
    assert!(drawn - pressed < Duration::from_secs(1), "{:?}", drawn - pressed);
    deck.sees("production: unreachable");
    proxy.becomes(Link::Up);
    deck.lives(&["staging", "production"]);
    deck.sees("PROTECTED");
}

/// A VPN closes, a laptop sleeps: nothing is refused, and nothing comes any more.
#[test]
fn a_cluster_that_falls_silent_says_so_in_ten_seconds() {
    let testbed = Testbed::find();
    let (proxy, kubeconfig) = testbed.through("staging", Link::Up);
    let mut deck = testbed.deck_with(kubeconfig.path(), &testbed.repository()).open();
    deck.lives(&["staging", "production"]);
    deck.sees("PROTECTED");
    let silent = Instant::now();
    proxy.becomes(Link::Hanging);
    let told = deck.sees("staging: unreachable");
    // Ten seconds, and what a busy machine takes.
    assert!(told - silent < Duration::from_secs(13), "{:?}", told - silent);
    deck.tells("staging cannot be reached:");
    proxy.becomes(Link::Up);
    deck.lives(&["staging", "production"]);
}

#[test]
fn status_lists_the_environment_that_answers_and_the_error_of_the_other() {
    let testbed = Testbed::find();
    for link in [Link::Refused, Link::Hanging] {
        let (_proxy, kubeconfig) = testbed.through("staging", link);
        let began = Instant::now();
        let flag = kubeconfig.path().to_str().unwrap();
        let output = testbed.fluxdeck(["--kubeconfig", flag, "status", "--output", "json"]);
        assert_eq!(output.status.code(), Some(4), "{link:?}: {}", String::from_utf8_lossy(&output.stderr));
        let lines: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
        let staging: Vec<_> = lines.iter().filter(|line| line["env"] == "staging").collect();
        assert!(matches!(staging.as_slice(), [line] if line["error"].is_string()), "{link:?}: {staging:?}");
        assert!(lines.iter().any(|line| line["env"] == "production" && line["kind"] == "Kustomization"), "{link:?}");
        assert!(began.elapsed() < Duration::from_secs(45), "{link:?}: {:?}", began.elapsed());
    }
}

#[test]
fn a_certificate_of_somebody_else_is_told_with_what_to_compare() {
    let testbed = Testbed::find();
    for (setting, value) in [
        ("--certificate-authority", testbed.authority("production").display().to_string()),
        ("--tls-server-name", "somebody.example".to_owned()),
    ] {
        let (_proxy, kubeconfig) = testbed.through("staging", Link::Up);
        let mut change = testbed.program("kubectl");
        change.arg("--kubeconfig").arg(kubeconfig.path()).args(["config", "set-cluster", "staging"]);
        said(change.arg("--embed-certs=false").arg(format!("{setting}={value}")));
        let mut deck = testbed.deck_with(kubeconfig.path(), &testbed.repository()).open();
        deck.sees("staging: unreachable");
        deck.lives(&["production"]);
        deck.tells("certificate");
        deck.tells("compare certificate-authority and tls-server-name of this cluster in the kubeconfig");
    }
}
