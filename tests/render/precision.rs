//! What `check` finds in repositories of the layouts that people use: true faults, and beside each whatever looks like one and is none. The
//! files of `tests/precision` each hold a small repository, and all that is to be found in it, no more and no less.
//! `UPDATE_PRECISION=1` writes the latter anew. Nothing here touches a cluster.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::search_path;
use super::support::golden::assert_all;
use super::support::testbed::said;

#[test]
fn what_is_found_is_all_that_is_wrong() {
    assert_all("precision", 8, "UPDATE_PRECISION", found);
}

/// Says what `check` finds in a repository.
fn found(name: &str, root: &Path) -> String {
    let place = tempfile::tempdir().unwrap();
    said(Command::new("git").args(["init", "--quiet"]).current_dir(root));
    let none = place.path().join("none");
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command.args(["check", "--hints", "-o", "json"]).current_dir(root).env("PATH", search_path()).env("HOME", &none);
    command.env("XDG_CACHE_HOME", &none).env("XDG_CONFIG_HOME", &none).env("KUBECONFIG", none.join("config"));
    command.env("XDG_STATE_HOME", &none);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let printed: Vec<Value> =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{name}: {why}: {said}"));
    let mut out = String::new();
    for finding in &printed {
        let word = |key: &str| finding[key].as_str().unwrap_or("-").to_owned();
        // Whoever reads them as data finds what each is about.
        let is_of_graph = finding["rule"] == "flux-graph";
        assert!(!is_of_graph || finding["env"].is_string() && finding["object"].is_string(), "{name}: {finding}");
        let line = format!("{} {} {} {}", word("severity"), word("rule"), place_of(finding), word("message"));
        let _written = writeln!(out, "{line}");
        for other in finding["others"].as_array().into_iter().flatten() {
            let _written = writeln!(out, "  also {}", place_of(other));
        }
    }
    for line in said.lines().filter(|line| line.contains("did not run")) {
        let _written = writeln!(out, "{line}");
    }
    out
}

/// Says where something is: the environment, the file and its line, the object.
fn place_of(finding: &Value) -> String {
    let word = |key: &str| finding[key].as_str().unwrap_or("-").to_owned();
    let line = finding["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
    format!("{} {}{line} {}", word("env"), word("file"), word("object"))
}
