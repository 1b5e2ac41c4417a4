//! A repository with two environments, a kubeconfig and a home: what a test breaks one piece of.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::api::{Api, PLACE};
use super::pty::Stage;

/// A Flux Kustomization that applies `./apps`.
const APPS: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\n\
                    spec:\n  interval: 10m\n  path: ./apps\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n";

/// The repository with `staging` and `production`, and what is beside it; all of it goes when the test ends.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    /// Makes the repository, committed on branch `main`; there is no kubeconfig yet.
    pub(crate) fn new() -> Self {
        let workspace = Self { folder: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir(workspace.home()).expect("a home");
        for env in ["staging", "production"] {
            workspace.write(&format!("clusters/{env}/apps.yaml"), APPS);
        }
        workspace.write(
            "apps/settings.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: default\ndata:\n  colour: blue\n",
        );
        workspace.git(&["init", "--quiet", "--initial-branch", "main"]);
        workspace.git(&["config", "user.name", "Operator"]);
        workspace.git(&["config", "user.email", "operator@localhost"]);
        workspace.commit("workspace");
        workspace
    }

    /// Makes it, with both environments on a server.
    pub(crate) fn on(api: &Api) -> Self {
        let workspace = Self::new();
        workspace.reaches(&api.url(), "token: hunter2");
        workspace
    }

    /// Returns the repository.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("homelab")
    }

    /// Returns a place beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the operator's home.
    pub(crate) fn home(&self) -> PathBuf {
        self.beside("home")
    }

    /// Returns where the kubeconfig is, once there is one.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.beside("kubeconfig")
    }

    /// Writes a file of the repository.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Writes an executable script beside the repository, and returns where.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.beside(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("an executable");
        path
    }

    /// Runs git in the repository; it must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) {
        let output = self.try_git(arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs git in the repository, where it may fail as a merge in conflict does.
    pub(crate) fn try_git(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("git");
        command.current_dir(self.root()).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command.args(arguments).output().expect("git runs")
    }

    /// Commits everything.
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Writes a kubeconfig in which both environments reach a server, as a user that is written in YAML's short form. Each has a place of its own
    /// there, as behind Rancher: what shares an API server with production would be protected.
    pub(crate) fn reaches(&self, server: &str, user: &str) {
        let envs = ["staging", "production"];
        let clusters = envs.map(|env| format!("{{name: {env}, cluster: {{server: '{server}{PLACE}{env}'}}}}"));
        let contexts = envs.map(|env| format!("{{name: {env}, context: {{cluster: {env}, user: u}}}}"));
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters: [{}]\nusers: [{{name: u, user: {{{user}}}}}]\ncontexts: [{}]\n",
            clusters.join(", "),
            contexts.join(", ")
        );
        std::fs::write(self.kubeconfig(), text).expect("a kubeconfig");
    }

    /// Prepares the cockpit in the repository.
    pub(crate) fn stage(&self) -> Stage {
        self.stage_in(&self.root())
    }

    /// Prepares the cockpit in another folder.
    pub(crate) fn stage_in(&self, folder: &Path) -> Stage {
        Stage::fluxdeck().knowing("KUBECONFIG", self.kubeconfig()).knowing("HOME", self.home()).inside(folder)
    }

    /// Runs a headless subcommand in the repository: its exit code, what it printed and what it complained of.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        command.args(arguments).env_clear().env("HOME", self.home()).env("KUBECONFIG", self.kubeconfig());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(self.root());
        let output = command.output().expect("fluxdeck runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
    }

    /// Reads the journal: a line for each beginning and each end.
    pub(crate) fn journal(&self) -> String {
        std::fs::read_to_string(self.home().join(".local/state/fluxdeck/journal.jsonl")).unwrap_or_default()
    }
}
