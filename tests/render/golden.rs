//! Small repositories, each telling one story, and what the program must say of them; `FLUXDECK_GOLDEN=write` writes that anew, to be
//! read before it is committed. Nothing here touches a cluster.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::search_path;
use super::support::testbed::said;

pub(super) fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs a subcommand; what it prints, and its exit code.
fn run(root: &Path, subcommand: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command.args([subcommand, "-o", "json"]).current_dir(root).env("PATH", search_path());
    command.env("XDG_CACHE_HOME", root.join(".git/cache")).env("XDG_CONFIG_HOME", root.join(".git/none"));
    let output = command.output().unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{subcommand}: {}", String::from_utf8_lossy(&output.stderr)));
    json!({"exit": output.status.code(), "printed": printed})
}

#[test]
fn every_story_ends_as_it_is_written() {
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut told = 0;
    for story in std::fs::read_dir(&stories).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        copy(&story.path(), root);
        let expected = root.join("expected.json");
        let _none_yet = std::fs::remove_file(&expected);
        said(Command::new("git").args(["init", "--quiet"]).current_dir(root));
        if story.file_name() == "bad-input-ends-in-findings" {
            std::os::unix::fs::symlink("/etc/hostname", root.join("good/link.yaml")).unwrap();
            // A pipe blocks whoever opens it.
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe/pipe.yaml"), rustix::fs::FileType::Fifo, mode, 0)
                .unwrap();
            // Too large to be a manifest that somebody wrote, and read all the same.
            let dashboard = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: large\n  namespace: default\ndata:\n  a.json: '{}'\n",
                "x".repeat(300 * 1024)
            );
            std::fs::write(root.join("good/large.yaml"), dashboard).unwrap();
            let mut text = std::fs::read_to_string(root.join("good/kustomization.yaml")).unwrap();
            text.push_str("  - large.yaml\n");
            std::fs::write(root.join("good/kustomization.yaml"), text).unwrap();
        }
        let mut found = serde_json::Map::new();
        for subcommand in ["check", "objects", "releases", "order"] {
            found.insert(subcommand.to_owned(), run(root, subcommand));
        }
        let found = Value::Object(found);
        let kept = story.path().join("expected.json");
        if std::env::var_os("FLUXDECK_GOLDEN").is_some_and(|value| value == "write") {
            std::fs::write(&kept, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        }
        let wanted: Value = serde_json::from_str(&std::fs::read_to_string(&kept).unwrap()).unwrap();
        assert_eq!(found, wanted, "{}", story.path().display());
        told += 1;
    }
    assert_eq!(told, 8);
}
