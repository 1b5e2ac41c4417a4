//! `fluxdeck build`, with the real kustomize: the objects of a repository, and the variables that are put into them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::golden::copy;
use super::search_path;
use super::support::testbed::said;

/// Copies a story into a repository of its own.
fn story(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name), folder.path());
    said(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()));
    folder
}

fn fluxdeck(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command.args(arguments).current_dir(root).env("PATH", search_path()).env_remove("SOPS_AGE_KEY_FILE");
    command.env("XDG_CACHE_HOME", root.join(".git/cache")).env("XDG_CONFIG_HOME", root.join(".git/none"));
    command.output().unwrap()
}

fn printed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn variables_are_listed_with_their_origins_what_they_override_and_their_uses() {
    let folder = story("variables-are-put-in-by-flux");
    let root = folder.path();
    let file = root.join("settings/cluster.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}  domain: example.com\n  idle: \"1\"\n")).unwrap();
    let file = root.join("apps/app.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}  level: ${{level:=info}}\n")).unwrap();
    let output = fluxdeck(root, &["build", "--vars", "-k", "apps", "-o", "json"]);
    let found = printed(&output);
    let of = |name: &str| found.as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap_or_default();
    assert_eq!(
        of("domain"),
        json!({
            "env": "lab", "kustomization": "apps", "name": "domain", "value": "example.org", "origin": "substitute",
            "file": "clusters/lab/all.yaml", "line": 30,
            "overrides": [{
                "origin": "ConfigMap/flux-system/cluster", "file": "settings/cluster.yaml", "line": 8, "value": "example.com",
            }],
            "used": [{
                "object": "ConfigMap/default/app", "path": "data.url", "form": "${domain}", "file": "apps/app.yaml", "line": 10,
            }],
        })
    );
    assert_eq!(
        (&of("replicas")["value"], &of("replicas")["origin"]),
        (&json!("2"), &json!("ConfigMap/flux-system/cluster"))
    );
    assert_eq!(of("replicas")["used"][0]["path"], "metadata.labels.copies");
    assert_eq!((&of("idle")["value"], &of("idle")["used"]), (&json!("1"), &json!([])));
    assert_eq!(
        (&of("token")["value"], &of("token")["origin"]),
        (&json!("(masked)"), &json!("Secret/flux-system/made"))
    );
    assert_eq!((&of("path")["value"], &of("path")["origin"]), (&Value::Null, &json!("undefined")));
    assert_eq!((&of("level")["value"], &of("level")["origin"]), (&json!("info"), &json!("default")));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("throwaway"));
    let text = String::from_utf8(fluxdeck(root, &["build", "--vars"]).stdout).unwrap();
    assert!(text.contains("overrides") && text.contains("(settings/cluster.yaml:8)"), "{text}");
}

#[test]
fn the_objects_are_yaml_with_their_secrets_masked_until_they_are_asked_for_off_a_terminal() {
    let folder = story("variables-are-put-in-by-flux");
    let root = folder.path();
    let output = fluxdeck(root, &["build", "-k", "settings"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("---\n").count(), 2, "{text}");
    assert!(text.contains("# lab: settings, from settings/cluster.yaml\napiVersion: v1\n"), "{text}");
    assert!(text.contains("token: (masked, 14 bytes)") && !text.contains("dGhyb3dhd2F5"), "{text}");
    let objects = printed(&fluxdeck(root, &["build", "-k", "settings", "-o", "json"]));
    assert_eq!(objects[0]["kind"], "ConfigMap");
    let open = fluxdeck(root, &["build", "-k", "settings", "--decrypt"]);
    assert!(String::from_utf8(open.stdout).unwrap().contains("token: dGhyb3dhd2F5LW1hZGU="));
    assert_eq!(open.status.code(), Some(0));
}

#[test]
fn what_is_encrypted_for_others_stays_masked_and_what_cannot_be_rendered_is_told() {
    let folder = story("what-an-encrypted-secret-puts-in-is-not-known");
    let root = folder.path();
    let output = fluxdeck(root, &["build", "--decrypt"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("stays masked"), "{told}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("(masked)") && !text.contains("ENC["), "{text}");
    let broken = story("what-flux-refuses-of-variables");
    let output = fluxdeck(broken.path(), &["build"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be rendered"));
}

#[test]
fn a_commit_and_what_is_staged_are_built_as_they_were() {
    let folder = story("variables-are-put-in-by-flux");
    let root = folder.path();
    let git = |arguments: &[&str]| {
        let names = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
        said(Command::new("git").args(names).args(arguments).current_dir(root));
    };
    let write = |replicas: &str| {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cluster\n  namespace: flux-system\ndata:\n  replicas: \"{replicas}\"\n"
        );
        std::fs::write(root.join("settings/cluster.yaml"), text).unwrap();
    };
    git(&["add", "--all", "apps", "clusters", "settings"]);
    git(&["commit", "--quiet", "-m", "test: begin"]);
    write("3");
    git(&["add", "settings"]);
    write("4");
    let copies = |arguments: &[&str]| {
        let arguments = [&["build", "-k", "apps", "-o", "json"], arguments].concat();
        printed(&fluxdeck(root, &arguments))[0]["metadata"]["labels"]["copies"].clone()
    };
    assert_eq!([copies(&["--rev", "HEAD"]), copies(&["--staged"]), copies(&[])], [json!(2), json!(3), json!(4)]);
}
