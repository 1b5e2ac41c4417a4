//! The server answers, and not as an API server does.

use serde_json::json;

use super::super::support::api::{Answer, Api};
use super::super::support::workspace::Workspace;

/// Says it for the list of Kustomizations, and what a server in order says for all else.
fn for_lists(answer: Answer) -> Api {
    Api::new(move |request| request.contains("/kustomizations?limit=").then(|| answer.clone()))
}

#[test]
fn one_without_end_is_cut_off_and_told() {
    let workspace = Workspace::on(&for_lists(Answer::Endless("{\"metadata\":{}},")));
    let (code, out, _) = workspace.run(["status", "--env", "staging"]);
    assert!(out.contains("the API server sends more than 64 MiB as a page of a list"), "{out}");
    assert_eq!(code, 4, "{out}");
}

#[test]
fn a_list_whose_pages_do_not_end_is_told() {
    let page =
        json!({"kind": "KustomizationList", "metadata": {"resourceVersion": "1", "continue": "again"}, "items": []});
    let workspace = Workspace::on(&for_lists(Answer::Object(page)));
    let (code, out, _) = workspace.run(["status", "--env", "staging"]);
    assert!(code > 0 && out.contains("the same page comes again"), "{code} {out}");
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let other = Api::healthy();
    let workspace = Workspace::on(&for_lists(Answer::Elsewhere(format!("{}/login", other.url()))));
    let (code, out, _) = workspace.run(["status", "--env", "staging"]);
    assert!(out.contains("/login, which is not followed"), "{out}");
    assert!(out.contains("`server` of this cluster in the kubeconfig may be the address of a proxy"), "{out}");
    assert_eq!((code, other.count("", "")), (4, 0));
}

#[test]
fn what_is_another_kind_than_asked_for_is_told_and_not_shown() {
    let secret = json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "apps", "namespace": "flux-system"},
                        "data": {"password": "aHVudGVyMg=="}});
    let told = secret.clone();
    let api = Api::new(move |request| request.contains("/kustomizations/apps").then(|| Answer::Object(told.clone())));
    let workspace = Workspace::on(&api);
    let object = "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/apps";
    let (code, out, err) = workspace.run(["describe", object, "--env", "staging"]);
    assert!(code > 0 && err.contains("`Secret apps`, and `Kustomization"), "{code} {out} {err}");
    assert!(!format!("{out}{err}").contains("aHVudGVyMg"), "{out} {err}");
    let list = json!({"kind": "SecretList", "metadata": {"resourceVersion": "1"}, "items": [secret]});
    api.says(move |request| request.contains("/kustomizations?limit=").then(|| Answer::Object(list.clone())));
    let (code, out, _) = workspace.run(["status", "--env", "staging"]);
    assert!(code > 0 && out.contains("`SecretList`, and `KustomizationList` was asked for"), "{code} {out}");
}
