//! What is made of a repository, whatever its layout: the files of `tests/layouts` each hold a small one, and all that is to be found in it.
//! `UPDATE_LAYOUTS=1` writes the latter anew.

use std::fmt::Write as _;
use std::path::Path;

use fluxdeck::repo::{Snapshot, Sync};

use super::support::golden::assert_all;

#[test]
fn every_layout_is_found_and_followed() {
    assert_all("layouts", 10, "UPDATE_LAYOUTS", |_, root| describe(&Snapshot::load(root)));
}

fn describe(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    let mut say = |line: String| {
        let _written = writeln!(out, "{line}");
    };
    if snapshot.environments.is_empty() {
        let fault = snapshot.looked.nothing();
        say(format!("no environment: {}; {}", fault.why, fault.todo));
    }
    for environment in &snapshot.environments {
        let how = match &environment.sync {
            Sync::Expected => "not synced yet".to_owned(),
            Sync::Named => "named by the settings".to_owned(),
            Sync::Hub => "by a hub".to_owned(),
            Sync::Kustomization { file, .. } | Sync::Instance { file, .. } | Sync::Patch { file, .. } => {
                format!("synced by {file}")
            }
        };
        let path = if environment.path.is_empty() { "." } else { &environment.path };
        say(format!("environment {} at {path}, {how}", environment.name));
        for one in snapshot.kustomizations_of(&environment.name) {
            let elsewhere =
                one.elsewhere.as_ref().map(|elsewhere| format!(" elsewhere: {elsewhere}")).unwrap_or_default();
            let path = if one.path.is_empty() { "." } else { &one.path };
            say(format!("  {}/{} at {path}{elsewhere}", one.namespace, one.name));
            for file in snapshot.feeds.files(&environment.name, &one.namespace, &one.name) {
                say(format!("    {file}"));
            }
        }
        for (_, set) in snapshot.sets.iter().filter(|(env, _)| *env == environment.name) {
            say(format!("  more is made by {set}"));
        }
        let Some(order) = snapshot.order(&environment.name) else { continue };
        let names =
            |names: &[fluxdeck::repo::Named]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        for (index, wave) in order.waves.iter().enumerate() {
            say(format!("  wave {}: {}", index + 1, names(wave)));
        }
        if !order.stuck.is_empty() {
            say(format!("  never: {}", names(&order.stuck)));
        }
        for named in order.missing.keys().filter(|named| order.stuck.contains(named)) {
            say(format!("    {named}: {}", order.why_stuck(named)));
        }
        for (named, what) in order.not_known() {
            say(format!("  not known: whether {what}, for which {named} waits, is declared"));
        }
    }
    for finding in &snapshot.findings {
        say(format!("finding {finding}"));
    }
    out
}

/// A repository without anything that says what Flux syncs.
fn without_environment() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let unsynced = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\nspec:\n  path: ./kubernetes/apps\n";
    std::fs::create_dir_all(place.path().join("kubernetes/flux")).unwrap();
    std::fs::write(place.path().join("kubernetes/flux/ks.yaml"), unsynced).unwrap();
    std::fs::create_dir_all(place.path().join("kubernetes/apps")).unwrap();
    let init = std::process::Command::new("git").args(["init", "-q"]).current_dir(place.path()).status().unwrap();
    assert!(init.success());
    place
}

fn run(folder: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", folder.join("home"))
        .env("KUBECONFIG", "/dev/null")
        .current_dir(folder);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
    command.output().unwrap()
}

#[test]
fn where_there_is_no_environment_no_command_is_content() {
    let place = without_environment();
    let asking: &[&[&str]] = &[
        &["envs"],
        &["info"],
        &["kustomizations"],
        &["order"],
        &["files"],
        &["objects"],
        &["releases"],
        &["status"],
        &["events"],
        &["check"],
        &["secrets"],
        &["secret", "age-key"],
        &["reconcile", "Kustomization/flux-system/apps"],
        &["order", "--env", "lab"],
        &["status", "--env", "lab"],
    ];
    for arguments in asking {
        let done = run(place.path(), arguments);
        let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert!(matches!(done.status.code(), Some(1 | 2)), "{arguments:?}: {:?}\n{said}", done.status);
        assert!(said.contains("there is no environment"), "{arguments:?}: {said}");
        assert!(said.contains("[env.NAME] path = \"kubernetes/flux\""), "{arguments:?}: {said}");
    }
}

#[test]
fn the_settings_name_an_environment_that_the_files_do_not() {
    let place = without_environment();
    std::fs::write(place.path().join(".fluxdeck.toml"), "[env.lab]\npath = \"kubernetes/flux\"\n").unwrap();
    let done = run(place.path(), &["kustomizations"]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success() && said.lines().any(|line| line.starts_with("lab") && line.contains("apps")),
        "{said}"
    );
    std::fs::write(place.path().join(".fluxdeck.toml"), "[env.lab]\npath = \"../elsewhere\"\n").unwrap();
    let done = run(place.path(), &["kustomizations"]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2));
    assert!(said.contains("../elsewhere, which the settings name for lab"), "{said}");
}

#[test]
fn info_says_which_flux_it_is_and_what_says_so() {
    let place = without_environment();
    for (env, more) in [("lab", "  distribution: {version: 2.8.x}\n"), ("home", "")] {
        let instance = format!(
            "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {{name: flux, namespace: flux-system}}\nspec:\n  sync: {{kind: GitRepository, url: 'https://example.org/fleet', ref: refs/heads/main, path: clusters/{env}}}\n{more}"
        );
        let folder = place.path().join("clusters").join(env);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("flux.yaml"), instance).unwrap();
    }
    let done = run(place.path(), &["info"]);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let line = |env: &str| said.lines().find(|line| line.starts_with(&format!("env.{env}.flux"))).unwrap_or_default();
    assert!(
        line("lab").contains(" 2.8 ") && line("lab").ends_with("FluxInstance/flux in clusters/lab/flux.yaml"),
        "{said}"
    );
    assert!(line("home").contains("the cockpit asks the controllers of the cluster"), "{said}");
}
