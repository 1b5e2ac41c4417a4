//! The real kustomize: finding and running it.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::quoted::without_values;
use super::sandbox;
use super::worker::Stop;
use crate::model::{Fault, ShellLine};
use crate::programs::{self, ProgramCommand, ProgramKind};

/// The most time for one folder: a large one takes a second, and no operator waits longer than this.
const LIMIT: Duration = Duration::from_mins(1);

/// The most output that is read: etcd would not hold more.
const MOST_PRINTED: usize = 64 * 1024 * 1024;

/// Messages of a program that lacks something.
const OF_WALLS: [&str; 9] = [
    "permission denied",
    "operation not permitted",
    "executable file not found",
    "no 'git' program",
    "dial tcp",
    "dial udp",
    "out of memory",
    "cannot allocate memory",
    "network is unreachable",
];

/// Explains why there is no rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unrendered {
    /// The repository is wrong, with this error: Flux fails, too.
    Wrong(String),
    /// It was not rendered here, for this reason: the result of Flux is unknown.
    Unknown(String),
    /// It was not rendered for a temporary reason, such as no space: it is tried again.
    Passing(String),
}

impl From<String> for Unrendered {
    fn from(said: String) -> Self {
        Self::Wrong(said)
    }
}

/// Names the program that renders.
#[derive(Debug, Clone)]
pub struct Tool {
    program: PathBuf,
    /// Whether it is kubectl, which has kustomize inside.
    kubectl: bool,
    /// The identity of one build of the program: its size and time of change.
    stamp: String,
    limit: Duration,
    stop: Stop,
}

impl Tool {
    /// Finds `kustomize`, else `kubectl`, in the folders of a `PATH`.
    ///
    /// # Errors
    /// Fails if neither is there.
    pub fn find(folders: &std::ffi::OsStr) -> Result<Self, Fault> {
        for (name, kubectl) in [("kustomize", false), ("kubectl", true)] {
            let program = programs::find_in(folders, name.as_ref());
            let data = program.as_ref().and_then(|program| program.metadata().ok());
            if let (Some(program), Some(data)) = (program, data) {
                let stamp = format!("{} {:?}", data.len(), data.modified().ok());
                return Ok(Self { program, kubectl, stamp, limit: LIMIT, stop: Stop::default() });
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
        Self::find(&programs::search_path())
    }

    /// Returns the same program, which ends when its request is cancelled.
    pub(super) fn until(&self, stop: &Stop) -> Self {
        Self { stop: stop.clone(), ..self.clone() }
    }

    /// Returns the identity of this build of the program.
    pub(super) fn stamp(&self) -> String {
        format!("{} {}", self.program.display(), self.stamp)
    }

    /// Returns the command line that an operator types for the same.
    pub fn shell(&self, folder: &str) -> ShellLine {
        let verb = if self.kubectl { "kubectl kustomize" } else { "kustomize build" };
        ShellLine::from(verb).and_then(" --load-restrictor LoadRestrictionsNone {path}", &[folder])
    }

    /// Builds a folder below `work`, which has everything that it may read; the options are kustomize-controller's:
    /// files anywhere below the source may be read, and no plug-in runs.
    ///
    /// # Errors
    /// Returns the error of the program, or the reason that it was stopped.
    pub(super) fn build(&self, folder: &Path, work: &Path) -> Result<String, Unrendered> {
        let mut command = ProgramCommand::new(ProgramKind::Renderer, &self.program);
        command.arg(if self.kubectl { "kustomize" } else { "build" });
        command.arg("--load-restrictor").arg("LoadRestrictionsNone").arg(folder);
        let name = self.program.display();
        let running = sandbox::spawn(&mut command, &self.program, work);
        let output = running.and_then(|running| {
            let handle = running.handle();
            self.stop.watch(handle);
            let output = running.finish_within(Some(self.limit), MOST_PRINTED);
            self.stop.forget(handle);
            output
        });
        let output = output.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Unrendered::Unknown(format!("{name} was stopped, since {error}")),
            io::ErrorKind::FileTooLarge => {
                Unrendered::Unknown(format!("it becomes more than {} MiB", MOST_PRINTED / 1024 / 1024))
            }
            _ => Unrendered::Passing(format!("{name} cannot be run: {error}")),
        })?;
        if output.status.success() {
            return String::from_utf8(output.stdout).map_err(|_| "its output is not text".to_owned().into());
        }
        if output.status.code().is_none() {
            return Err(Unrendered::Unknown(format!("{name} was ended by the system: {}", output.status)));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = error_of(&said);
        let said = said.trim_start_matches("error: ").trim_start_matches("Error: ").to_owned();
        // A program that failed for lack of something here proves nothing about the repository.
        if OF_WALLS.iter().any(|words| said.contains(words)) {
            let said = without_values(&said);
            let first = said.lines().next().unwrap_or_default();
            return Err(Unrendered::Unknown(format!("{name} ended for want of what it has not here: {first}")));
        }
        Err(Unrendered::Wrong(without_values(&said)))
    }
}

/// Extracts the error from klog's form, in which kubectl logs its own on some builds: `err="…"` on one line, `err=<`
/// and `>` around several.
fn error_of(said: &str) -> Cow<'_, str> {
    let (one, several) = (said.split_once("err=\""), said.split_once("err=<"));
    match (one, several) {
        (_, Some((_, rest))) => rest.trim().trim_end_matches('>').trim().into(),
        // A quotation within has its quotes escaped, as Go and JSON write them.
        (Some((_, rest)), None) => {
            let inside = rest.trim().strip_suffix('"').unwrap_or(rest.trim());
            serde_json::from_str::<String>(&format!("\"{inside}\"")).map_or_else(|_| inside.into(), Cow::Owned)
        }
        (None, None) => said.trim().into(),
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
                "E1124 14:35:40 1 run.go:72] \"command failed\" err=\"no match for patch \\\"a.b\\\"; stop\"\n",
                "no match for patch \"a.b\"; stop",
            ),
            (
                "E1124 14:35:40 1 run.go:72] \"command failed\" err=<\n\tyaml: errors:\n\t  line 8\n >\n",
                "yaml: errors:\n\t  line 8",
            ),
        ] {
            assert_eq!(error_of(said), error);
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
        let mut tool = tool(folder.path(), "echo begun; exec /bin/sleep 600");
        tool.limit = Duration::from_millis(300);
        let error = tool.build(folder.path(), folder.path()).unwrap_err();
        assert!(matches!(&error, Unrendered::Unknown(why) if why.contains("was stopped")), "{error:?}");
    }

    #[test]
    fn long_output_and_errors_are_read_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "i=0; while [ $i -lt 20000 ]; do echo line-of-output; echo line-of-errors >&2; i=$((i+1)); done";
        assert_eq!(tool(folder.path(), lines).build(folder.path(), folder.path()).unwrap().len(), 20_000 * 15);
        let error = tool(folder.path(), &format!("{lines}; exit 1")).build(folder.path(), folder.path()).unwrap_err();
        assert!(matches!(&error, Unrendered::Wrong(said) if said.lines().count() == 20_000), "{error:?}");
    }

    #[test]
    fn nothing_is_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let (file, new) = (outside.path().join("file"), outside.path().join("new"));
        std::fs::write(&file, "outside\n").unwrap();
        let said = |script: &str| tool(folder.path(), script).build(folder.path(), folder.path());
        // Neither the environment of the user, nor another program, nor settings are there.
        let script = "echo \"[$GIT_ALLOW_PROTOCOL$USER$SOPS_AGE_KEY$KUBECONFIG$CARGO_MANIFEST_DIR]\"\ncommand -v git || echo none\ncd; echo *";
        assert_eq!(said(script).unwrap(), "[]\nnone\n*\n");
        if sandbox::is_available() {
            assert!(said(&format!("read -r line <{} && echo $line", file.display())).is_err());
            assert!(said(&format!("echo a >{}", new.display())).is_err() && !new.exists());
        }
        assert_eq!(said("read -r line <$4/kustomize && echo $line").unwrap(), "#!/bin/sh\n");
    }

    #[test]
    fn what_ends_for_want_of_what_it_is_not_given_is_not_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let build = |script: &str| tool(folder.path(), script).build(folder.path(), folder.path());
        for script in ["echo 'open /a: permission denied' >&2; exit 1", "echo 'dial tcp: no' >&2; exit 1", "kill -9 $$"]
        {
            let error = build(script).unwrap_err();
            assert!(matches!(error, Unrendered::Unknown(_)), "{script}: {error:?}");
        }
        assert_eq!(build("echo 'no such field' >&2; exit 1"), Err(Unrendered::Wrong("no such field".to_owned())));
        let error = build("exec /bin/cat /dev/urandom").unwrap_err();
        assert!(matches!(&error, Unrendered::Unknown(why) if why.contains("MiB")), "{error:?}");
    }
}
