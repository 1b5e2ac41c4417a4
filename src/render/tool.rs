//! The real kustomize: where it is, and running it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{Fault, ShellLine};
use crate::programs::{Command, Kind, Limits};

/// How long one folder may take: a large one takes a second, and an operator waits no longer than this.
const LIMIT: Duration = Duration::from_mins(1);

/// What one folder may take of the machine: Go maps much and uses little of it.
const LIMITS: Limits = Limits { memory: Some(8 << 30), cpu_seconds: Some(120), open_files: Some(1024) };

/// The most that one folder may render to.
const LARGEST: usize = 256 << 20;

/// Says why there is no rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unrendered {
    /// The repository is wrong, in these words: Flux fails too.
    Wrong(String),
    /// It was not looked at here, for this reason: what Flux makes of it is not known.
    Unknown(String),
}

impl From<String> for Unrendered {
    fn from(said: String) -> Self {
        Self::Wrong(said)
    }
}

/// Names the program that renders.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tool {
    program: PathBuf,
    /// Whether it is kubectl, which has kustomize inside.
    kubectl: bool,
    /// Tells one build of it from another: its size and time of change.
    stamp: String,
    limit: Duration,
}

impl Tool {
    /// Finds `kustomize`, else `kubectl`, in the folders of a `PATH`.
    ///
    /// # Errors
    /// Fails when neither is there.
    pub fn find(folders: &std::ffi::OsStr) -> Result<Self, Fault> {
        for (name, kubectl) in [("kustomize", false), ("kubectl", true)] {
            // An empty or relative part means the folder that we stand in, which is the repository.
            for folder in std::env::split_paths(folders).filter(|folder| folder.is_absolute()) {
                let program = folder.join(name);
                if let Ok(data) = program.metadata().and_then(|data| Ok((data.is_file(), data.len(), data.modified()?)))
                    && let (true, length, modified) = data
                {
                    return Ok(Self { program, kubectl, stamp: format!("{length} {modified:?}"), limit: LIMIT });
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
    pub fn shell(&self, folder: &str) -> ShellLine {
        let verb = if self.kubectl { "kubectl kustomize" } else { "kustomize build" };
        ShellLine::from(verb).and_then(" --load-restrictor LoadRestrictionsNone {path}", &[folder])
    }

    /// Builds a folder, which says itself what else it reads; the options are kustomize-controller's: files anywhere below the source
    /// may be read, and no plug-in runs.
    ///
    /// # Errors
    /// Returns what the program said, or that it was stopped after a minute.
    pub(super) fn build(&self, folder: &Path) -> Result<String, Unrendered> {
        let mut command = Command::new(Kind::Renderer, &self.program);
        command.arg(if self.kubectl { "kustomize" } else { "build" });
        command.arg("--load-restrictor").arg("LoadRestrictionsNone").arg(folder);
        command.env("GIT_TERMINAL_PROMPT", "0").limits(LIMITS);
        let name = self.program.display();
        let output = command.output_within(self.limit, LARGEST).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Unrendered::Unknown(format!("{name} was stopped, since {error}")),
            _ => Unrendered::Unknown(format!("{name} cannot be run: {error}")),
        })?;
        if output.status.success() {
            return String::from_utf8(output.stdout).map_err(|_| "what it printed is no text".to_owned().into());
        }
        if output.status.code().is_none() {
            return Err(Unrendered::Unknown(format!("{name} was ended by the system: {}", output.status)));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said_in(&said);
        Err(Unrendered::Wrong(said.trim_start_matches("error: ").trim_start_matches("Error: ").to_owned()))
    }
}

/// Takes the error out of klog's form, in which kubectl logs its own on some builds: `err="…"` on one line, `err=<` and `>` around several.
fn said_in(said: &str) -> &str {
    let (one, several) = (said.split_once("err=\""), said.split_once("err=<"));
    match (one, several) {
        (_, Some((_, rest))) => rest.trim().trim_end_matches('>').trim(),
        (Some((_, rest)), None) => rest.trim().trim_end_matches('"'),
        (None, None) => said.trim(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_error_is_taken_out_of_what_logs_it() {
        for (said, error) in [
            ("error: no such folder\n", "error: no such folder"),
            ("E1124 14:35:40 1 run.go:72] \"command failed\" err=\"no such folder\"\n", "no such folder"),
            (
                "E1124 14:35:40 1 run.go:72] \"command failed\" err=<\n\tyaml: errors:\n\t  line 8\n >\n",
                "yaml: errors:\n\t  line 8",
            ),
        ] {
            assert_eq!(said_in(said), error);
        }
    }

    /// Writes a program that is found as kustomize.
    fn tool(folder: &Path, script: &str) -> Tool {
        let program = folder.join("kustomize");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Tool::find(folder.as_os_str()).unwrap()
    }

    #[test]
    fn what_does_not_end_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let mut tool = tool(folder.path(), "echo begun; exec sleep 600");
        tool.limit = Duration::from_millis(300);
        let error = tool.build(folder.path()).unwrap_err();
        assert!(matches!(&error, Unrendered::Unknown(why) if why.contains("was stopped")), "{error:?}");
    }

    #[test]
    fn long_output_and_errors_are_read_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "i=0; while [ $i -lt 20000 ]; do echo line-of-output; echo line-of-errors >&2; i=$((i+1)); done";
        assert_eq!(tool(folder.path(), lines).build(folder.path()).unwrap().len(), 20_000 * 15);
        let error = tool(folder.path(), &format!("{lines}; exit 1")).build(folder.path()).unwrap_err();
        assert!(matches!(&error, Unrendered::Wrong(said) if said.lines().count() == 20_000), "{error:?}");
    }
}
