//! What happens to a change that is refused, or whose connection is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::super::support::api::{Answer, Api, apps, error};
use super::super::support::proxy::{Link, Proxy};
use super::super::support::workspace::Workspace;

const CONFLICT: &str = "Operation cannot be fulfilled on kustomizations.kustomize.toolkit.fluxcd.io \"apps\": the object has been modified";

#[test]
fn a_conflict_is_tried_again_and_then_told() {
    let api = Api::new(|request| request.starts_with("PATCH").then(|| error(409, CONFLICT)));
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().open();
    deck.sees("staging: healthy");
    deck.press("R");
    deck.tells("the object has been modified");
    deck.tells("somebody changed it meanwhile: try again");
    assert_eq!(api.count("PATCH", "/kustomizations/apps"), 3, "a conflict is worth another try or two");
    deck.press("q");
    deck.ends();
    assert!(
        workspace.journal().lines().last().is_some_and(|line| line.contains("has been modified")),
        "{}",
        workspace.journal()
    );
}

#[test]
fn a_request_whose_answer_is_lost_says_that_it_may_have_arrived() {
    let api = Api::new(|request| request.starts_with("PATCH").then_some(Answer::Nothing));
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().open();
    deck.sees("staging: healthy");
    deck.press("R");
    deck.tells("it may have arrived all the same");
    deck.tells("look at the object before you ask again");
    let before = api.count("PATCH", "");
    let (code, _, complaint) = workspace.run(["reconcile", "Kustomization/flux-system/apps", "--env", "staging"]);
    assert!(code == 4 && complaint.contains("it may have arrived all the same"), "{code} {complaint}");
    assert_eq!(api.count("PATCH", ""), before + 1, "what may have arrived is not sent again");
}

#[test]
fn a_connection_lost_while_waiting_is_waited_out() {
    let done = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let token = Arc::new(std::sync::Mutex::new(String::new()));
    let api = Api::new(move |request| {
        let read = request.starts_with("GET") && request.contains("/kustomizations/apps");
        let handled = if is_done.load(Ordering::Relaxed) { token.lock().unwrap().clone() } else { String::new() };
        // The controller answers the request, whose token the server was given, once it is done.
        match request.split_once("requestedAt\":\"") {
            Some((_, asked)) => {
                asked.split('"').next().unwrap_or_default().clone_into(&mut token.lock().unwrap());
                None
            }
            None => read.then(|| Answer::Object(apps(Timestamp::now(), &handled))),
        }
    });
    let proxy = Proxy::to(api.address(), Link::Up);
    let workspace = Workspace::new();
    workspace.reaches(&format!("http://127.0.0.1:{}", proxy.port()), "token: hunter2");
    let mut deck = workspace.stage().patient(Duration::from_secs(40)).open();
    deck.sees("staging: healthy");
    deck.press("R");
    deck.sees("1 running");
    deck.press("O");
    deck.sees_row(&["Reconcile Kustomization/apps", "staging"]);
    while api.count("GET", "fieldSelector=metadata.name%3Dapps") == 0 {
        std::thread::yield_now();
    }
    proxy.becomes(Link::Refused);
    deck.sees("connection lost, reading again");
    done.store(true, Ordering::Relaxed);
    proxy.becomes(Link::Up);
    deck.sees("applied main@sha1:");
    assert_eq!(api.count("PATCH", ""), 1, "it is asked once");
    assert!(
        workspace.journal().lines().last().is_some_and(|line| line.contains("applied main@")),
        "{}",
        workspace.journal()
    );
}
