//! Repositories that fluxdeck creates itself: the operator's new one, and the demo's.

use std::path::Path;

use super::run;
use crate::model::Fault;
use crate::programs::ProgramCommand;

/// The calls of git that create the operator's new repository and its first commit.
const FIRST_COMMIT: &[&[&str]] = &[
    &["init", "--quiet", "--initial-branch=main"],
    &["add", "--all"],
    &["commit", "--quiet", "--message", "feat: the homelab"],
];

/// Creates a repository from a folder that was just written, and its first commit, with the operator's own name, hooks
/// and signing.
///
/// It takes no permit: the folder is new and has only the requested files, and no existing file is changed.
///
/// # Errors
/// Fails if git cannot be started, or refuses; the fault says what is left to do.
pub fn first_commit(folder: &Path) -> Result<(), Fault> {
    for arguments in FIRST_COMMIT {
        let mut command = run::asked(folder, arguments);
        run::here(&mut command);
        output_of(command).map_err(|why| {
            let todo = format!("mend it, then run in {}: git {}", folder.display(), arguments.join(" "));
            Fault::failed("the files are written, but not committed", why, todo)
        })?;
    }
    Ok(())
}

/// A repository of the demo: its commits are the same for every user and all settings of git.
#[derive(Debug)]
pub struct Own<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// The author of the commits: name and address.
    pub author: (&'a str, &'a str),
    /// The time of the commits.
    pub moment: String,
}

impl Own<'_> {
    /// Runs git in it and returns the output; an error has git's own words.
    ///
    /// # Errors
    /// Fails if git cannot be started, or refuses.
    pub fn git(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = run::own(self.folder, arguments);
        for role in ["AUTHOR", "COMMITTER"] {
            let values = [("NAME", self.author.0), ("EMAIL", self.author.1), ("DATE", self.moment.as_str())];
            command.envs(values.map(|(what, value)| (format!("GIT_{role}_{what}"), value)));
        }
        output_of(command)
    }
}

/// Queries a bare repository, by its explicit path, since git trusts none that it only finds; `None` without an answer.
pub fn in_bare(folder: &Path, arguments: &[&str]) -> Option<String> {
    let named = format!("--git-dir={}", folder.display());
    output_of(run::command(folder, &[&[named.as_str()], arguments].concat())).ok()
}

fn output_of(command: ProgramCommand) -> Result<String, String> {
    let output = run::bounded(command).map_err(|error| format!("git cannot be started: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{Own, in_bare};

    /// Writes settings of the repository that would run a program.
    fn trap(config: &std::path::Path, ran: &std::path::Path) {
        use std::fmt::Write as _;
        let mut text = std::fs::read_to_string(config).unwrap();
        let touch = format!("touch {}", ran.display());
        write!(text, "[core]\n\tfsmonitor = {touch}\n\thooksPath = hooks\n[diff]\n\texternal = {touch}\n").unwrap();
        std::fs::write(config, text).unwrap();
    }

    #[test]
    fn our_own_repository_and_a_bare_one_run_no_program_that_their_settings_name() {
        let folder = tempfile::tempdir().unwrap();
        let ran = folder.path().join("ran");
        let own = Own {
            folder: folder.path(),
            author: ("demo", "demo@example.invalid"),
            moment: "2026-01-15T12:00:00Z".to_owned(),
        };
        own.git(&["init", "--quiet", "--initial-branch=main"]).unwrap();
        trap(&folder.path().join(".git/config"), &ran);
        std::fs::write(folder.path().join("a"), "1\n").unwrap();
        own.git(&["add", "a"]).unwrap();
        own.git(&["commit", "--quiet", "-m", "feat: a"]).unwrap();
        let bare = folder.path().join("bare.git");
        own.git(&["init", "--quiet", "--bare", "--initial-branch=main", bare.to_str().unwrap()]).unwrap();
        own.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]).unwrap();
        trap(&bare.join("config"), &ran);
        assert_eq!(in_bare(&bare, &["log", "--max-count=1", "--format=%an %s"]).unwrap(), "demo feat: a\n");
        assert_eq!(in_bare(&bare, &["cat-file", "blob", "main:a"]).unwrap(), "1\n");
        assert_eq!(in_bare(&bare, &["cat-file", "blob", "main:b"]), None);
        std::fs::write(folder.path().join("a"), "2\n").unwrap();
        own.git(&["add", "a"]).unwrap();
        own.git(&["commit", "--quiet", "-m", "feat: b"]).unwrap();
        own.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]).unwrap();
        assert_eq!(in_bare(&bare, &["diff", "--name-only", "main~1", "main"]).unwrap(), "a\n");
        in_bare(&bare, &["diff", "main~1", "main"]).unwrap();
        assert!(!ran.exists());
    }
}
