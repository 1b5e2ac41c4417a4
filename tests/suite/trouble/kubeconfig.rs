//! The kubeconfig is missing, broken, or lacks a context: the repository's side is shown all the same.

use std::collections::BTreeSet;

use clap::CommandFactory as _;

use super::super::support::api::Api;
use super::super::support::workspace::Workspace;

/// Every subcommand that needs a cluster, with a call of it.
const OF_CLUSTERS: &[&[&str]] = &[
    &["status"],
    &["doctor"],
    &["walk", "bootstrap"],
    &["logs", "flux-system/web-0"],
    &["reconcile", "ks/flux-system/apps"],
    &["suspend", "ks/flux-system/apps", "--reason", "a"],
    &["resume", "ks/flux-system/apps"],
    &["diff"],
    &["diff", "--drift"],
    &["pods"],
    &["get", "pods"],
    &["describe", "ks/flux-system/apps"],
    &["tree", "ks/flux-system/apps"],
    &["trace", "ks/flux-system/apps"],
    &["restart", "Deployment.apps/web/web"],
    &["delete", "ConfigMap/web/web"],
    &["run", "CronJob.batch/web/web"],
    &["exec", "Pod/web/web", "--", "true"],
    &["forward", "Pod/web/web", "8080"],
    &["helm", "history", "web/web"],
    &["helm", "values", "web/web"],
    &["helm", "manifest", "web/web"],
    &["helm", "diff", "web/web"],
    &["events"],
    &["timeline"],
    &["orphans"],
    &["secret", "age-key"],
];

/// Every subcommand that does what it is for without one.
const OF_FILES: &[&str] = &[
    "init",
    "demo",
    "envs",
    "kustomizations",
    "order",
    "files",
    "where",
    "objects",
    "build",
    "releases",
    "impact",
    "history",
    "check",
    "explain",
    "secrets",
    "secret view",
    "secret set",
    "secret unset",
    "secret edit",
    "secret decrypt",
    "secret encrypt",
    "secret new",
    "secret recipients",
    "secret rotate",
    "secret verify",
    "hook install",
    "hook uninstall",
    "snapshot",
    "keys",
    "themes",
    "info",
    "completions",
    "man",
];

fn leaves(command: &clap::Command, above: &str, found: &mut BTreeSet<String>) {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let name = format!("{above}{}", inner.get_name());
        if inner.has_subcommands() {
            leaves(inner, &format!("{name} "), found);
        } else {
            found.insert(name);
        }
    }
}

#[test]
fn without_a_cluster_every_subcommand_that_needs_one_ends_alike() {
    let mut command = fluxdeck::cli::Arguments::command();
    command.build();
    let mut known = BTreeSet::new();
    leaves(&command, "", &mut known);
    let words = |call: &&[&str]| {
        call.iter()
            .take(if matches!(call[0], "helm" | "secret") { 2 } else { 1 })
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let tried: BTreeSet<String> =
        OF_CLUSTERS.iter().map(words).chain(OF_FILES.iter().map(|name| (*name).to_owned())).collect();
    assert_eq!(tried, known, "whether a subcommand needs a cluster is said here");

    let ground = Workspace::new();
    let other = "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: a, user: {}}]\ncontexts: [{name: other, context: {cluster: a, user: a}}]\n";
    let mut wrong = Vec::new();
    for kubeconfig in [None, Some("users: ["), Some(other)] {
        if let Some(text) = kubeconfig {
            std::fs::write(ground.kubeconfig(), text).unwrap();
        }
        for call in OF_CLUSTERS {
            // What deletes is confirmed by the object's name.
            let confirmed = if call[0] == "delete" { "web" } else { "staging" };
            let (code, out, complaint) = ground.run([&["--env", "staging", "--confirm", confirmed], *call].concat());
            if code != 4 || !format!("{out}{complaint}").contains("KUBECONFIG") {
                wrong.push(format!("{call:?} with {kubeconfig:?} ends with {code}: {out}{complaint}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn none_says_where_it_looked_and_the_repository_is_shown() {
    let workspace = Workspace::new();
    let mut deck = workspace.stage().open();
    deck.sees_row(&["staging: no cluster", "production: no cluster", "PROTECTED"]);
    deck.tells("no kubeconfig: there is no file");
    deck.tells("name one with --kubeconfig, or set KUBECONFIG");
    deck.sees("settings.yaml");
    deck.sees_row(&["? apps", "? apps"]);
    // What needs a cluster says the same, and runs nothing.
    deck.resize(200, 36);
    // The keys that only this width has room for: the new size has arrived.
    deck.sees("reconcile the environment");
    deck.sees_row(&["/kubeconfig ", "/kubeconfig "]);
    deck.press("R");
    deck.sees_row(&["no kubeconfig: there is no file", "/kubeconfig. name one with --kubeconfig"]);
    deck.press("q");
    assert!(deck.ends().success());

    let (code, out, _) = workspace.run(["status", "--output", "json"]);
    assert_eq!(code, 4);
    assert_eq!(out.matches("no kubeconfig").count(), 2, "{out}");
    let (code, out, complaint) = workspace.run(["kustomizations"]);
    assert_eq!(code, 0, "the repository needs no cluster: {complaint}");
    assert!(out.contains("apps"), "{out}");
}

#[test]
fn a_broken_one_says_the_line_and_no_secret() {
    let workspace = Workspace::new();
    std::fs::write(workspace.kubeconfig(), "users:\n- name: a\n  user: {token: [hunter2]}\n").unwrap();
    let mut deck = workspace.stage().open();
    deck.tells("cannot read the kubeconfig:");
    deck.tells("kubeconfig:3:17 is not what a kubeconfig has there");
    deck.tells("`kubectl config view` shows what kubectl makes of it");
    deck.press("q");
    deck.ends();
    assert!(!String::from_utf8_lossy(deck.raw()).contains("hunter2"));

    let (code, out, complaint) = workspace.run(["status"]);
    assert_eq!(code, 4, "{complaint}");
    assert!(out.contains("kubeconfig:3:17") && !out.contains("hunter2"), "{out}");
}

#[test]
fn an_unknown_context_names_those_that_there_are() {
    let api = Api::healthy();
    let workspace = Workspace::on(&api);
    let text = std::fs::read_to_string(workspace.kubeconfig()).unwrap();
    std::fs::write(workspace.kubeconfig(), text.replace("name: production, context", "name: live, context")).unwrap();
    let mut deck = workspace.stage().open();
    deck.sees_row(&["staging: healthy", "production: no cluster"]);
    deck.tells("the kubeconfig has no context production; it has staging, live");
    deck.tells("below [env.production] in your settings, or --env production --context");
    drop(deck);

    let (code, out, complaint) = workspace.run(["status", "--env", "production"]);
    assert_eq!(code, 4, "{complaint}");
    assert!(out.contains("it has staging, live"), "{out}");
}

#[test]
fn within_a_pod_its_service_account_stands_in_for_a_kubeconfig() {
    let workspace = Workspace::new();
    std::fs::remove_dir_all(workspace.root().join("clusters/staging")).unwrap();
    workspace.commit("one environment");
    let account = workspace.beside("account");
    std::fs::create_dir(&account).unwrap();
    std::fs::write(account.join("token"), "t0ken").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command
        .args(["status", "--output", "json"])
        .env_clear()
        .env("HOME", workspace.home())
        .current_dir(workspace.root());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("FLUXDECK_SERVICE_ACCOUNT", &account);
    // Nobody listens there: that it is tried is told by the fault.
    command.env("KUBERNETES_SERVICE_HOST", "127.0.0.1").env("KUBERNETES_SERVICE_PORT", "1");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("no connection to 127.0.0.1:1") && !told.contains("t0ken"), "{told}");
}

#[test]
fn an_environment_may_have_a_file_of_its_own_beside_the_others() {
    let api = Api::healthy();
    let workspace = Workspace::on(&api);
    let own = workspace.beside("apart.yaml");
    std::fs::rename(workspace.kubeconfig(), &own).unwrap();
    let settings = workspace.home().join(".config/fluxdeck/config.toml");
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    std::fs::write(&settings, format!("[env.staging]\nkubeconfig = '{}'\n", own.display())).unwrap();
    let (code, out, complaint) = workspace.run(["status", "--env", "staging"]);
    assert_eq!(code, 0, "{complaint}");
    assert!(out.contains("Kustomization/flux-system/apps"), "{out}");
    // The repository's own file may not lead there.
    std::fs::remove_file(&settings).unwrap();
    workspace.write(".fluxdeck.toml", format!("[env.staging]\nkubeconfig = '{}'\n", own.display()));
    let (code, out, _) = workspace.run(["status", "--env", "staging"]);
    assert_eq!(code, 4, "{out}");
}
