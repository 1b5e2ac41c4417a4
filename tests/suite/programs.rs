//! What fluxdeck starts: what it sees of the environment, and that it never outlives fluxdeck.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::support::api::Api;
use super::support::workspace::Workspace;

/// How long anything may take; generous, since it only ends tests that fail.
const PATIENCE: Duration = Duration::from_secs(20);

/// What opens secrets or logs in somewhere, by kinds of what it opens.
const PRIVATE: [(&str, &str); 3] =
    [("SOPS_AGE_KEY", "AGE-SECRET-KEY-1THROWAWAY"), ("MY_OWN", "AGE-SECRET-KEY-1THROWAWAY"), ("SOPS_AGE_KEY_CMD", "x")];
const CLOUDS: [(&str, &str); 2] = [("AWS_SECRET_ACCESS_KEY", "throwaway"), ("ARM_CLIENT_SECRET", "throwaway")];

fn fluxdeck(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command.args(arguments).env_clear().env("HOME", workspace.home()).env("KUBECONFIG", workspace.kubeconfig());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(workspace.root());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until a script has written its process id, and returns it.
fn begun(note: &Path) -> Pid {
    let mut id = None;
    until("the script", || {
        id = std::fs::read_to_string(note).ok().filter(|text| text.ends_with('\n'));
        id.is_some()
    });
    Pid::from_raw(id.unwrap().trim().parse().unwrap()).unwrap()
}

/// Tells whether a process runs; one that has ended and that nobody has waited for does not.
fn runs(id: Pid) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).unwrap_or_default();
    test_kill_process(id).is_ok() && !state.contains(") Z")
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// A workspace whose credential plug-in writes down its process id and never ends.
fn with_endless_plugin(api: &Api) -> (Workspace, PathBuf) {
    let workspace = Workspace::new();
    let note = workspace.beside("begun");
    let plugin =
        workspace.script("plugin", &format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600", note.display()));
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, command: '{}'}}",
        plugin.display()
    );
    workspace.reaches(&api.url(), &user);
    (workspace, note)
}

#[test]
fn what_ends_fluxdeck_ends_what_it_started() {
    let api = Api::new(|_| None);
    // A shell has what it runs in the background ignore Ctrl-C, and nohup the end of a terminal: both are kept to.
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    let heard = |signal: &Signal| ignored & (1 << (signal.as_raw() - 1)) == 0;
    for ending in [Signal::TERM, Signal::INT, Signal::HUP].into_iter().filter(heard) {
        let (workspace, note) = with_endless_plugin(&api);
        let mut child = fluxdeck(&workspace, &["status"]).spawn().unwrap();
        let plugin = begun(&note);
        signal(&child, ending);
        let ended = child.wait().unwrap();
        assert_eq!(ended.signal(), Some(ending.as_raw()), "{ended}");
        until("the plug-in's end", || !runs(plugin));
    }
}

#[test]
fn what_a_killed_one_left_ends_at_the_next_start() {
    let api = Api::new(|_| None);
    let (workspace, note) = with_endless_plugin(&api);
    let mut child = fluxdeck(&workspace, &["status"]).spawn().unwrap();
    let plugin = begun(&note);
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    assert!(runs(plugin), "nobody could end it");
    assert!(fluxdeck(&workspace, &["envs"]).status().unwrap().success());
    until("the plug-in's end", || !runs(plugin));
}

#[test]
fn a_relative_part_of_path_is_never_searched() {
    let workspace = Workspace::new();
    for program in ["kustomize", "kubectl", "git"] {
        let script = workspace.script(program, &format!("touch {}", workspace.beside("ran").display()));
        std::fs::rename(script, workspace.root().join(program)).unwrap();
    }
    let path = format!(":.:{}:", std::env::var("PATH").unwrap());
    for arguments in [["objects"].as_slice(), &["check"], &["impact", "HEAD"]] {
        fluxdeck(&workspace, arguments).env("PATH", &path).status().unwrap();
        assert!(!workspace.beside("ran").exists(), "{arguments:?}");
    }
}

#[test]
fn no_child_sees_what_it_has_no_use_for() {
    let api = Api::new(|_| None);
    let workspace = Workspace::new();
    let says = |name: &str| format!("env > {}", workspace.beside(name).display());
    let plugin = workspace.script("plugin", &format!("{}; exit 1", says("plugin.env")));
    workspace.reaches(
        &api.url(),
        &format!(
            "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, command: '{}'}}",
            plugin.display()
        ),
    );
    let folder = workspace.beside("bin");
    std::fs::create_dir(&folder).unwrap();
    let git = workspace.script("git", &format!("{}; exit 1", says("git.env")));
    std::fs::rename(git, folder.join("git")).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let call = |arguments: &[&str]| {
        let mut command = fluxdeck(&workspace, arguments);
        command.envs(PRIVATE).envs(CLOUDS).env("PATH", &path).env("HARMLESS", "yes").status().unwrap();
    };
    call(&["status"]);
    call(&["impact", "HEAD"]);
    for (who, clouds) in [("plugin.env", true), ("git.env", false)] {
        let seen = std::fs::read_to_string(workspace.beside(who)).unwrap_or_else(|_| panic!("{who}: it never ran"));
        let holds = |name: &str| seen.lines().any(|line| line.starts_with(&format!("{name}=")));
        assert!(holds("HARMLESS"), "{who}: {seen}");
        for (name, _) in PRIVATE {
            assert!(!holds(name), "{who} sees {name}");
        }
        for (name, _) in CLOUDS {
            assert_eq!(holds(name), clouds, "{who}: {name}");
        }
    }
}
