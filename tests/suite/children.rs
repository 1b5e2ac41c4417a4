//! What the programs that we start see of our environment: every command that starts one is run with a key in it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::secrets::{STAGING, Workspace, said};

/// What must reach nobody.
const KEY: &str = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";

/// The programs that fluxdeck starts, but those that only a configuration names.
const PROGRAMS: [&str; 6] = ["git", "kustomize", "kubectl", "helm", "editor", "sh"];

/// Puts a program of each name before the real one, which writes down what it sees and goes on as that.
fn wrapped(folder: &Path) {
    let path = std::env::var("PATH").unwrap_or_default();
    for program in PROGRAMS {
        let real = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
        // An editor of this machine would wait for somebody.
        let real = real.filter(|_| program != "editor");
        let go_on = real.map_or_else(|| "exit 0".to_owned(), |real| format!("exec '{}' \"$@\"", real.display()));
        let log = folder.join("log").join(program);
        let script = format!("#!/bin/bash\n/usr/bin/env >>'{}'\n{go_on}\n", log.display());
        let file = folder.join(program);
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn no_program_that_we_start_sees_a_key() {
    let workspace = Workspace::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("log")).unwrap();
    wrapped(folder.path());
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    let editor = format!("--editor={}", folder.path().join("editor").display());
    let calls: [&[&str]; 10] = [
        &["check"],
        &["check", "--staged", "--new"],
        &["secret", "verify"],
        &["secret", "verify", "--staged"],
        &["secrets"],
        &["impact", "HEAD"],
        &["objects"],
        &["status"],
        &["hook", "install"],
        &["secret", "edit", STAGING, &editor],
    ];
    let mut all = BTreeSet::new();
    for call in calls {
        let secrets =
            [("SOPS_AGE_KEY", KEY), ("SOPS_AGE_KEY_CMD", "false"), ("MY_KEY", KEY), ("VAULT_TOKEN", "vaulted")];
        let output =
            workspace.command(call).env("PATH", &path).envs(secrets).current_dir(workspace.root()).output().unwrap();
        let mut started = BTreeSet::new();
        for entry in std::fs::read_dir(folder.path().join("log")).unwrap() {
            let entry = entry.unwrap();
            let seen = std::fs::read_to_string(entry.path()).unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            for secret in [KEY, "SOPS_AGE_KEY", "vaulted"] {
                assert!(!seen.contains(secret), "{call:?}: {name} sees {secret}\n{}", said(&output));
            }
            started.insert(name);
        }
        assert!(started.contains("git"), "{call:?} started nothing that was looked at: {}", said(&output));
        all.extend(started);
    }
    assert!(all.contains("editor"), "{all:?}");
}
