//! The real kustomize: where it is, and running it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::model::Fault;

/// Names the program that renders.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tool {
    program: PathBuf,
    /// Whether it is kubectl, which has kustomize inside.
    kubectl: bool,
    /// Tells one build of it from another: its size and time of change.
    stamp: String,
}

impl Tool {
    /// Finds `kustomize`, else `kubectl`, in the folders of a `PATH`.
    ///
    /// # Errors
    /// Fails when neither is there.
    pub fn find(folders: &std::ffi::OsStr) -> Result<Self, Fault> {
        for (name, kubectl) in [("kustomize", false), ("kubectl", true)] {
            for folder in std::env::split_paths(folders) {
                let program = folder.join(name);
                if let Ok(data) = program.metadata().and_then(|data| Ok((data.is_file(), data.len(), data.modified()?)))
                    && let (true, length, modified) = data
                {
                    return Ok(Self { program, kubectl, stamp: format!("{length} {modified:?}") });
                }
            }
        }
        Err(Fault::failed(
            "nothing can be rendered",
            "neither kustomize nor kubectl is on PATH",
            "install kubectl (kubernetes.io/docs/tasks/tools) or kustomize (kubectl.docs.kubernetes.io)",
        ))
    }

    /// Finds it on the `PATH` of this process.
    ///
    /// # Errors
    /// As [`Tool::find`].
    pub fn at_hand() -> Result<Self, Fault> {
        Self::find(&std::env::var_os("PATH").unwrap_or_default())
    }

    /// Returns what tells this build of the program from others.
    pub(super) fn stamp(&self) -> String {
        format!("{} {}", self.program.display(), self.stamp)
    }

    /// Returns the line that an operator types for the same.
    pub fn shell(&self, folder: &str) -> String {
        let verb = if self.kubectl { "kubectl kustomize" } else { "kustomize build" };
        format!("{verb} --load-restrictor LoadRestrictionsNone {folder}")
    }

    /// Builds a folder, which says itself what else it reads; the options are kustomize-controller's: files anywhere below the source
    /// may be read, and no plug-in runs.
    ///
    /// # Errors
    /// Returns what the program said.
    pub(super) fn build(&self, folder: &Path) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        command.arg(if self.kubectl { "kustomize" } else { "build" });
        command.arg("--load-restrictor").arg("LoadRestrictionsNone").arg(folder);
        // Nothing is fetched: what is remote is found before. A kubeconfig is none of its business.
        command.env_remove("KUBECONFIG").env("GIT_TERMINAL_PROMPT", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output =
            command.output().map_err(|error| format!("{} cannot be started: {error}", self.program.display()))?;
        if output.status.success() {
            return String::from_utf8(output.stdout).map_err(|_| "what it printed is no text".to_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        // kubectl logs its own error in the form of klog on some builds.
        let said = said.split_once("err=\"").map_or(said.trim(), |(_, rest)| rest.trim().trim_end_matches('"'));
        Err(said.trim_start_matches("error: ").trim_start_matches("Error: ").to_owned())
    }
}
