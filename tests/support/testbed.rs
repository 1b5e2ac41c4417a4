//! The running testbed: two real control planes, their repository, and kubectl to look behind the program's back.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::proxy::{Link, Proxy};
use super::pty::Stage;

/// The two environments of the testbed.
pub(crate) const ENVIRONMENTS: [&str; 2] = ["staging", "production"];

/// Knows where a running testbed lies.
pub(crate) struct Testbed {
    run: PathBuf,
    programs: PathBuf,
}

impl Testbed {
    /// Finds the testbed that tests/testbed/run.sh has started, and fails where there is none: these tests are never skipped.
    pub(crate) fn find() -> Self {
        let how = "start these tests with tests/testbed/run.sh, which starts what they need";
        let folder =
            |name: &str| std::env::var_os(name).map_or_else(|| panic!("{name} is not set: {how}"), PathBuf::from);
        let testbed = Self { run: folder("FLUXDECK_TESTBED_RUN"), programs: folder("FLUXDECK_TESTBED").join("bin") };
        assert!(testbed.kubeconfig().is_file(), "no testbed runs in {}: {how}", testbed.run.display());
        testbed
    }

    /// Returns the kubeconfig with a context for each environment.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.run.join("kubeconfig")
    }

    /// Returns the working copy that was pushed as the seed; tests that change files use [`Testbed::checkout`] and [`push`].
    pub(crate) fn repository(&self) -> PathBuf {
        self.run.join("repo")
    }

    /// Returns a folder or a file of the running testbed.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    /// Returns the file with the certificate authority of an environment's API server.
    pub(crate) fn authority(&self, env: &str) -> PathBuf {
        self.run.join(env).join("ca.crt")
    }

    /// Returns what the scripts of tests/testbed know this testbed by.
    pub(crate) fn variables(&self) -> [(&'static str, &Path); 2] {
        let testbed = self.programs.parent().expect("the folder above its programs");
        [("FLUXDECK_TESTBED", testbed), ("FLUXDECK_TESTBED_RUN", &self.run)]
    }

    /// Clones the repository to a folder of its own, from which a test may commit and push.
    pub(crate) fn checkout(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let origin = said(git(&self.repository()).args(["remote", "get-url", "origin"]));
        said(git(folder.path()).args(["clone", "--quiet", origin.trim(), "."]));
        folder
    }

    /// Runs one of the programs that the testbed has built, such as `kubectl` or `sops`.
    pub(crate) fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// Prepares a line of a shell in the repository, with the testbed's programs and both contexts.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("bash");
        command.args(["-c", line]).current_dir(self.repository());
        command.env("KUBECONFIG", self.kubeconfig()).env("PATH", self.path()).env("GIT_PAGER", "cat");
        command
    }

    /// Runs kubectl in an environment, and returns what it says; it must succeed.
    pub(crate) fn kubectl<A: AsRef<OsStr>>(&self, env: &str, arguments: impl IntoIterator<Item = A>) -> String {
        said(
            self.program("kubectl").arg("--kubeconfig").arg(self.kubeconfig()).args(["--context", env]).args(arguments),
        )
    }

    /// Reads an object or a list as JSON.
    pub(crate) fn get(&self, env: &str, what: &[&str]) -> Value {
        let text = self.kubectl(env, [&["get"], what, &["--output", "json"]].concat());
        serde_json::from_str(&text).expect("JSON from kubectl")
    }

    /// Waits until kubectl sees a condition, such as `condition=Ready` or `jsonpath={.spec.suspend}=true`, of objects such as
    /// `kustomization/apps`.
    pub(crate) fn wait(&self, env: &str, namespace: &str, objects: &str, condition: &str) {
        let condition = format!("--for={condition}");
        self.kubectl(env, ["--namespace", namespace, "wait", objects, &condition, "--timeout=60s"]);
    }

    /// Adds a line to the log of every pod in an environment that is not a controller's.
    pub(crate) fn pods_say(&self, env: &str, line: &str) {
        self.pods_say_many(env, [line.to_owned()]);
    }

    /// Adds many lines.
    pub(crate) fn pods_say_many(&self, env: &str, lines: impl IntoIterator<Item = String>) {
        let mut file = std::fs::OpenOptions::new().append(true).open(self.pods_log(env)).expect("the pods' log");
        let now = jiff::Timestamp::now();
        let mut text = String::new();
        for line in lines {
            writeln!(text, "{now:.9} stdout F {line}").expect("text");
        }
        // One write: a reader never sees half a line.
        file.write_all(text.as_bytes()).expect("lines");
    }

    /// Empties the log of every pod.
    pub(crate) fn pods_say_nothing(&self, env: &str) {
        std::fs::write(self.pods_log(env), "").expect("the pods' log");
    }

    fn pods_log(&self, env: &str) -> PathBuf {
        self.run.join(env).join("pod-logs/every-pod")
    }

    /// Returns where an environment's API server listens.
    pub(crate) fn server(&self, env: &str) -> SocketAddr {
        let query = format!("jsonpath={{.clusters[?(@.name=='{env}')].cluster.server}}");
        let url = self.kubectl(env, ["config", "view", "--output", &query]);
        let port =
            url.rsplit(':').next().and_then(|port| port.trim().parse().ok()).expect("a port in the server's URL");
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }

    /// Puts a link that can fail in front of an environment, and returns it with a kubeconfig that goes through it.
    pub(crate) fn through(&self, env: &str, link: Link) -> (Proxy, tempfile::NamedTempFile) {
        let proxy = Proxy::to(self.server(env), link);
        let kubeconfig = tempfile::NamedTempFile::new().expect("a kubeconfig");
        std::fs::copy(self.kubeconfig(), kubeconfig.path()).expect("a copy of the kubeconfig");
        let server = format!("--server=https://127.0.0.1:{}", proxy.port());
        said(self.program("kubectl").arg("--kubeconfig").arg(kubeconfig.path()).args([
            "config",
            "set-cluster",
            env,
            &server,
        ]));
        (proxy, kubeconfig)
    }

    /// Prepares the cockpit in the repository, with both environments.
    pub(crate) fn deck(&self) -> Stage {
        self.deck_with(&self.kubeconfig(), &self.repository())
    }

    /// Prepares the cockpit with another kubeconfig or in another checkout.
    pub(crate) fn deck_with(&self, kubeconfig: &Path, repository: &Path) -> Stage {
        Stage::fluxdeck().knowing("KUBECONFIG", kubeconfig).knowing("PATH", self.path()).inside(repository)
    }

    /// Runs a headless subcommand in the repository.
    pub(crate) fn fluxdeck<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        let home = tempfile::tempdir().expect("a home folder");
        self.headless(home.path()).args(arguments).output().expect("fluxdeck runs")
    }

    /// Prepares the program in the repository, with a home folder that is empty.
    pub(crate) fn headless(&self, home: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        command.env_clear().env("HOME", home).env("KUBECONFIG", self.kubeconfig()).env("PATH", self.path());
        command.current_dir(self.repository());
        command
    }

    /// Programs of the testbed first, so that it is their kubectl and sops that are found.
    fn path(&self) -> std::ffi::OsString {
        let machine = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(std::env::split_paths(&machine));
        std::env::join_paths(folders).expect("a search path")
    }
}

/// Returns the file of the age key that decrypts an environment's secrets.
pub(crate) fn age_key(env: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/keys/{env}-throwaway.txt"))
}

/// Commits everything in a checkout and pushes it to the branch that both clusters follow; returns the commit.
pub(crate) fn push(checkout: &Path, message: &str) -> String {
    said(git(checkout).args(["add", "--all"]));
    said(git(checkout).args(["commit", "--quiet", "--message", message]));
    said(git(checkout).args(["pull", "--quiet", "--rebase"]));
    said(git(checkout).args(["push", "--quiet"]));
    said(git(checkout).args(["rev-parse", "HEAD"])).trim().to_owned()
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for setting in ["user.name=Operator", "user.email=operator@localhost", "commit.gpgsign=false"] {
        command.args(["-c", setting]);
    }
    command
}

/// Runs a command that must succeed, and returns its output.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
