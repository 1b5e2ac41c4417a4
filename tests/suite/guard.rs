//! The guard of the headless twins: what it refuses never reaches a cluster.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use fluxdeck::app::Risk;
use fluxdeck::commands::COMMANDS;

/// The exit code of a refusal.
const REFUSED: i32 = 3;

/// Every command that writes, by its id in the registry, with the calls that reach it; a command without a headless twin says so.
const WRITES: &[(&str, &[&[&str]])] = &[
    (
        "reconcile",
        &[
            &["reconcile", "Kustomization/flux-system/apps", "--no-wait"],
            &["reconcile", "HelmRelease/cert-manager/cert-manager", "--timeout", "1s"],
        ],
    ),
    ("reconcile-with-source", &[&["reconcile", "Kustomization/flux-system/apps", "--with-source"]]),
    ("reconcile-all", &[&["reconcile", "--all", "--no-wait"]]),
    ("reconcile-force", &[&["reconcile", "HelmRelease/cert-manager/cert-manager", "--force"]]),
    ("reconcile-reset", &[&["reconcile", "HelmRelease/cert-manager/cert-manager", "--reset"]]),
    ("suspend", &[&["suspend", "Kustomization/flux-system/apps", "--reason", "a test"]]),
    ("resume", &[&["resume", "Kustomization/flux-system/apps"]]),
    ("restart", &[&["restart", "Deployment.apps/linkding/linkding"]]),
    ("run-now", &[&["run", "CronJob.batch/renovate/renovate"]]),
    ("delete", &[&["delete", "ConfigMap/linkding/linkding"], &["delete", "Kustomization/flux-system/apps"]]),
    ("exec", &[&["exec", "Pod/linkding/linkding-0", "--", "true"]]),
    // The same as exec with a container and a command, which its twin has as arguments.
    ("exec-command", &[]),
    ("port-forward", &[&["forward", "Deployment.apps/linkding/linkding", "8080:80"]]),
    ("age-key", &[&["secret", "age-key", "--create"]]),
    ("age-key-replace", &[&["secret", "age-key", "--replace"]]),
    ("age-key-new", &[&["secret", "age-key", "--generate"]]),
    ("hook-install", &[&["hook", "install"]]),
    ("hook-uninstall", &[&["hook", "uninstall"]]),
    // Git has its own command line: these have no twin.
    ("git-stage", &[]),
    ("git-unstage", &[]),
    ("git-stage-anyway", &[]),
    ("git-commit", &[]),
    ("git-fetch-now", &[]),
    ("git-pull-now", &[]),
    ("git-continue-now", &[]),
    ("git-skip-now", &[]),
    ("git-abort-now", &[]),
    ("git-amend-now", &[]),
    ("git-discard-now", &[]),
    ("git-push-reconcile", &[]),
    // Headless, `fluxdeck secret decrypt` writes to standard output.
    ("secret-write-out", &[]),
    ("secret-new", &[&["secret", "new", "smtp", "-n", "linkding", "--generate", "PASSWORD"]]),
    ("secret-encrypt", &[&["secret", "encrypt", "apps/production/secret.yaml"]]),
    ("secret-encrypt-anew", &[&["secret", "encrypt", "--again", "apps/production/secret.yaml"]]),
    ("secret-recipients", &[&["secret", "recipients", "apps/production/secret.yaml", "--add", "age1x"]]),
    ("secret-recipients-all", &[&["secret", "recipients", "--all", "--add", "age1x"]]),
    ("secret-update-keys", &[&["secret", "recipients", "apps/production/secret.yaml", "--update"]]),
    ("secret-update-keys-all", &[&["secret", "recipients", "--all", "--update"]]),
    ("secret-rotate", &[&["secret", "rotate", "apps/production/secret.yaml"]]),
    ("secret-rotate-all", &[&["secret", "rotate", "--all"]]),
    (
        "secret-set",
        &[
            &["secret", "set", "apps/production/secret.yaml", "stringData.LD_SUPERUSER_NAME"],
            &["secret", "edit", "--editor=true", "apps/production/secret.yaml"],
            &["secret", "unset", "apps/production/secret.yaml", "stringData.LD_SUPERUSER_NAME"],
        ],
    ),
];

/// What stays in the operator's own clone and belongs to no environment: read-only alone refuses it.
const LOCAL: &[&str] = &["secret-write-out", "age-key-new", "hook-install", "hook-uninstall"];

/// Every subcommand that changes neither a cluster nor a file of a repository; `init` and `demo` make a repository where there is none.
const READS: &[&str] = &[
    "init",
    "demo",
    "envs",
    "kustomizations",
    "order",
    "files",
    "where",
    "objects",
    "orphans",
    "build",
    "releases",
    "impact",
    "diff",
    "history",
    "check",
    "status",
    "doctor",
    "explain",
    "walk",
    "logs",
    "pods",
    "get",
    "describe",
    "tree",
    "trace",
    "snapshot",
    "events",
    "timeline",
    "secrets",
    "keys",
    "themes",
    "info",
    "completions",
    "man",
    "helm history",
    "helm values",
    "helm manifest",
    "helm diff",
    "secret view",
    "secret decrypt",
    "secret verify",
];

/// A secret of production, encrypted for its throwaway key.
const SECRET: &str = include_str!("../../repo-template/apps/production/linkding/linkding-container-env-secret.yaml");

/// A server that is asked like a cluster, answers every request with an error, and remembers what it was asked for.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let requests = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let requests = Arc::clone(&requests);
                std::thread::spawn(move || answer(&stream, &requests));
            }
        });
        Self { port, asked }
    }

    /// Returns the requests since the last call.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn answer(stream: &TcpStream, requests: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        requests.lock().unwrap().push(line.trim().to_owned());
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if header.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        let empty_list = r#"{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}"#;
        let (status, text) = if line.starts_with("GET") { ("200 OK", empty_list) } else { ("403 Forbidden", "{}") };
        let reply = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        if reader.read_exact(&mut body).is_err() || (&*stream).write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

/// A repository with both environments, and a kubeconfig whose clusters are both on the server, each at a place of its own.
fn workspace(server: &Server) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let envs = ["staging", "production"];
    for env in envs {
        let entry = folder.path().join("repo/clusters").join(env);
        std::fs::create_dir_all(&entry).unwrap();
        let sync = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux-system, namespace: flux-system}\nspec:\n  interval: 10m\n  path: ./clusters/ENV\n  prune: true\n  sourceRef: {kind: GitRepository, name: flux-system}\n";
        std::fs::write(entry.join("sync.yaml"), sync.replace("ENV", env)).unwrap();
    }
    let port = server.port;
    let clusters =
        envs.map(|env| format!("{{name: {env}, cluster: {{server: \"http://127.0.0.1:{port}/{env}\"}}}}")).join(", ");
    let contexts = envs.map(|env| format!("{{name: {env}, context: {{cluster: {env}, user: nobody}}}}")).join(", ");
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\nusers: [{{name: nobody, user: {{token: none}}}}]\nclusters: [{clusters}]\ncontexts: [{contexts}]\n"
    );
    std::fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
    std::fs::create_dir_all(folder.path().join("repo/apps/production")).unwrap();
    std::fs::write(folder.path().join("repo/apps/production/secret.yaml"), SECRET).unwrap();
    let git = Command::new("git").args(["init", "--quiet"]).current_dir(folder.path().join("repo")).status().unwrap();
    assert!(git.success());
    folder
}

fn fluxdeck(workspace: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fluxdeck"))
        .args(arguments)
        .env_clear()
        .env("HOME", workspace.join("home"))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("KUBECONFIG", workspace.join("kubeconfig"))
        .current_dir(workspace.join("repo"))
        .output()
        .unwrap()
}

#[test]
fn every_command_that_writes_is_tried_here() {
    let known: BTreeSet<&str> =
        COMMANDS.iter().filter(|command| command.risk != Risk::Reads).map(|command| command.id).collect();
    let tried: BTreeSet<&str> = WRITES.iter().map(|(id, _)| *id).collect();
    assert_eq!(tried, known, "a command that writes belongs into the list above, with the calls that reach it");
}

#[test]
fn every_subcommand_that_writes_is_tried_here() {
    fn leaves(command: &clap::Command, above: &str, found: &mut BTreeSet<String>) {
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            let name = format!("{above} {}", sub.get_name()).trim().to_owned();
            if sub.has_subcommands() {
                leaves(sub, &name, found);
            } else {
                found.insert(name);
            }
        }
    }
    let mut known = BTreeSet::new();
    leaves(&fluxdeck::cli::command_line(), "", &mut known);
    let calls: Vec<String> = WRITES.iter().flat_map(|(_, calls)| calls.iter().map(|call| call.join(" "))).collect();
    let tried = |name: &String| calls.iter().any(|call| call == name || call.starts_with(&format!("{name} ")));
    let untried: Vec<&String> = known.iter().filter(|name| !tried(name) && !READS.contains(&name.as_str())).collect();
    assert!(untried.is_empty(), "does it write? It belongs into one of the lists above: {untried:?}");
    let gone: Vec<&&str> = READS.iter().filter(|name| !known.contains(**name)).collect();
    assert!(gone.is_empty(), "there is no {gone:?}");
}

#[test]
fn what_is_made_headless_is_written_down() {
    let server = Server::start();
    let workspace = workspace(&server);
    let output = fluxdeck(workspace.path(), &["secret", "age-key", "--generate", "--env", "staging"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let journal = std::fs::read_to_string(workspace.path().join("home/.local/state/fluxdeck/journal.jsonl")).unwrap();
    assert_eq!(journal.matches("age key of staging").count(), 2, "a beginning and an end: {journal}");
    assert!(!journal.contains("AGE-SECRET-KEY"), "{journal}");
}

#[test]
fn what_is_refused_never_reaches_the_cluster() {
    let server = Server::start();
    let workspace = workspace(&server);
    let refusals: [&[&str]; 6] = [
        &["--env", "production"],
        &["--env", "production", "--confirm", "staging"],
        &["--env", "production", "--confirm", "Production"],
        &["--env", "production", "--read-only", "--confirm", "production"],
        &["--env", "staging", "--read-only"],
        &["--env", "staging", "--protect", "staging"],
    ];
    let calls = WRITES.iter().flat_map(|(id, calls)| calls.iter().map(move |call| (id, call)));
    for (id, call) in calls {
        for flags in refusals.into_iter().filter(|flags| !LOCAL.contains(id) || flags.contains(&"--read-only")) {
            let arguments = [flags, call].concat();
            let output = fluxdeck(workspace.path(), &arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(REFUSED), "{arguments:?}: {said}");
            assert!(said.contains("is refused") && said.contains("what to do: "), "{arguments:?}: {said}");
            let asked = server.asked();
            assert!(asked.iter().all(|request| request.starts_with("GET ")), "{arguments:?} asked for {asked:?}");
            let secret = std::fs::read_to_string(workspace.path().join("repo/apps/production/secret.yaml")).unwrap();
            assert!(secret == SECRET, "{arguments:?} changed the file");
        }
    }
    assert!(!workspace.path().join("repo/.git/hooks/pre-commit").exists(), "no hook was installed");
    assert!(!workspace.path().join("home/.local/state/fluxdeck/journal.jsonl").exists(), "nothing was begun");
}

#[test]
fn what_is_confirmed_reaches_the_cluster() {
    let server = Server::start();
    let workspace = workspace(&server);
    for flags in [["--env", "production", "--confirm", "production"].as_slice(), &["--env", "staging"]] {
        let output = fluxdeck(workspace.path(), &[flags, WRITES[0].1[0]].concat());
        let asked = server.asked();
        assert!(!asked.is_empty(), "{flags:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let journal = std::fs::read_to_string(workspace.path().join("home/.local/state/fluxdeck/journal.jsonl")).unwrap();
    assert_eq!(journal.lines().count(), 4, "a beginning and an end for each: {journal}");
}

#[test]
fn a_context_that_only_the_repository_names_is_written_to_once_the_operator_agreed() {
    let server = Server::start();
    let workspace = workspace(&server);
    let kubeconfig = std::fs::read_to_string(workspace.path().join("kubeconfig")).unwrap();
    let text = kubeconfig
        .replace(
            "clusters: [",
            &format!("clusters: [{{name: c, cluster: {{server: \"http://127.0.0.1:{}/c\"}}}}, ", server.port),
        )
        .replace("contexts: [", "contexts: [{name: ops, context: {cluster: c, user: nobody}}, ");
    std::fs::write(workspace.path().join("kubeconfig"), text).unwrap();
    std::fs::write(workspace.path().join("repo/.fluxdeck.toml"), "[env.staging]\ncontext = \"ops\"\n").unwrap();
    let call = [&["--env", "staging"], WRITES[0].1[0]].concat();
    let refused = fluxdeck(workspace.path(), &call);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(REFUSED), "{said}");
    assert!(said.contains("the context ops, which only the repository names"), "{said}");
    assert!(said.contains("`context = \"ops\"` below [env.staging]"), "{said}");
    assert_eq!(server.asked(), [""; 0]);
    let listed = String::from_utf8(fluxdeck(workspace.path(), &["envs"]).stdout).unwrap();
    assert!(listed.contains("the context ops, which only the repository names"), "{listed}");
    assert!(listed.contains("the name production"), "{listed}");

    fluxdeck(workspace.path(), &[call.as_slice(), &["--confirm", "staging"]].concat());
    assert!(!server.asked().is_empty(), "a confirmation passes once");
    fluxdeck(workspace.path(), &call);
    assert_eq!(server.asked(), [""; 0], "and once only");
    let root = workspace.path().join("repo").canonicalize().unwrap();
    let agreed = format!("{{\"repository\":\"{}\",\"env\":\"staging\",\"context\":\"ops\"}}\n", root.display());
    std::fs::write(workspace.path().join("home/.local/state/fluxdeck/agreements.jsonl"), agreed).unwrap();
    fluxdeck(workspace.path(), &call);
    assert!(!server.asked().is_empty(), "what the operator agreed to holds");
}
