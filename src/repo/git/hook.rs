//! Git's hooks before a commit: a few lines between two marks, beside the hook's own lines.

use std::path::{Path, PathBuf};

use super::run;
use crate::model::{Fault, FaultKind, Permit};

const BEGIN: &str = "# >>> fluxdeck >>> checks what is staged; `fluxdeck hook uninstall` takes these lines out";
const END: &str = "# <<< fluxdeck <<<";

/// The hooks that git runs before it creates a commit: `pre-commit` for `git commit`, `pre-merge-commit` for commits of
/// `git merge` itself (githooks(5)). `git cherry-pick` and `git rebase` run none.
const HOOKS: &[&str] = &["pre-commit", "pre-merge-commit"];

/// Puts the check into the hooks; returns a report.
///
/// # Errors
/// Fails if there is no repository, if a hook is no shell script, or if git takes hooks from a folder outside of the
/// repository, which other repositories may share. Then no hook was changed.
pub fn install(root: &Path, program: Option<&Path>, permit: &Permit) -> Result<String, Fault> {
    let changes: Vec<(PathBuf, Option<String>)> =
        HOOKS.iter().map(|name| with_check(root, name, program)).collect::<Result<_, Fault>>()?;
    let mut said = Vec::new();
    for (hook, text) in changes {
        let shown = hook.display();
        said.push(match text {
            None => format!("{shown} has the check already"),
            Some(text) => {
                write(&hook, &text, permit)?;
                format!("{shown} now checks what is staged before each commit")
            }
        });
    }
    Ok(said.join("; "))
}

/// Returns the path of a hook, and its new text; `None` if it has that text already.
fn with_check(root: &Path, name: &str, program: Option<&Path>) -> Result<(PathBuf, Option<String>), Fault> {
    let hook = place(root, name)?;
    let shown = hook.display();
    let before = read(&hook)?;
    let block = block(program);
    let text = match before.as_deref().map(cut) {
        None => format!("#!/bin/sh\n{block}"),
        // A hook may end with `exec` or `exit`: the check comes first.
        Some(rest) => {
            let (first, rest) = rest.split_once('\n').map_or((rest.as_str(), ""), |(first, rest)| (first, rest));
            if !is_shell(first) {
                return Err(Fault::new(
                    FaultKind::Refused,
                    "the hook was not installed",
                    format!("{shown} exists already and is not a shell script ({first})"),
                    "call `fluxdeck secret verify --staged` and `fluxdeck check --staged --new` from it",
                ));
            }
            format!("{first}\n{block}{rest}")
        }
    };
    let is_new = before.as_deref() != Some(text.as_str());
    Ok((hook, is_new.then_some(text)))
}

/// Takes the check out of the hooks; deletes a hook that has nothing else.
///
/// # Errors
/// Fails if there is no repository or a hook cannot be written.
pub fn uninstall(root: &Path, permit: &Permit) -> Result<String, Fault> {
    let mut said = Vec::new();
    for name in HOOKS {
        let hook = place(root, name)?;
        let shown = hook.display();
        let Some(before) = read(&hook)?.filter(|text| text.contains(BEGIN)) else { continue };
        let rest = cut(&before);
        if rest.lines().all(|line| line.trim().is_empty() || line.starts_with("#!")) {
            std::fs::remove_file(&hook).map_err(|error| failed(&hook, &error))?;
            said.push(format!("{shown} is gone: there was nothing else in it"));
        } else {
            write(&hook, &rest, permit)?;
            said.push(format!("{shown} no longer has the check; the rest of it stays"));
        }
    }
    if said.is_empty() {
        said.push("git's hooks of this repository do not have the check".to_owned());
    }
    Ok(said.join("; "))
}

/// Returns the path where git looks for a hook of this repository.
fn place(root: &Path, name: &str) -> Result<PathBuf, Fault> {
    let what = "the hook was not touched";
    let ask = |arguments: &[&str]| run::finish(run::about_hooks(root, arguments), root, what);
    let shared = ask(&["config", "--type=path", "--get", "core.hooksPath"]).ok();
    let printed = ask(&["rev-parse", "--git-path", &format!("hooks/{name}")])?;
    let hook = root.join(String::from_utf8_lossy(&printed).trim_end());
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let inside = |folder: &Path| real(folder).starts_with(real(root));
    if shared.is_some() && !hook.parent().is_some_and(inside) {
        return Err(Fault::new(
            FaultKind::Refused,
            what,
            format!("core.hooksPath leads to {}, outside of the repository, where others may share it", hook.display()),
            "call `fluxdeck secret verify --staged` and `fluxdeck check --staged --new` from the hook there, or unset core.hooksPath",
        ));
    }
    if shared.is_none() {
        let common = ask(&["rev-parse", "--git-common-dir"])?;
        let own = root.join(String::from_utf8_lossy(&common).trim_end());
        let linked = hook.symlink_metadata().is_ok_and(|data| !data.is_file());
        if linked || !hook.parent().is_some_and(|folder| real(folder).starts_with(real(&own))) {
            return Err(Fault::new(
                FaultKind::Refused,
                what,
                format!(
                    "{} is a link, or lies behind one: what it leads to is not this repository's alone",
                    hook.display()
                ),
                "call `fluxdeck secret verify --staged` and `fluxdeck check --staged --new` from the hook there, or make it a file",
            ));
        }
    }
    Ok(hook)
}

/// Returns the lines; they call the program by its name, else by its path at installation.
fn block(program: Option<&Path>) -> String {
    let path = program.map(|path| path.to_string_lossy().replace('\'', "'\\''")).unwrap_or_default();
    format!(
        "{BEGIN}\n\
         if command -v fluxdeck >/dev/null 2>&1; then fluxdeck=fluxdeck; else fluxdeck='{path}'; fi\n\
         {{ \"$fluxdeck\" secret verify --staged && \"$fluxdeck\" check --staged --new; }} || {{\n\
         \x20 echo 'fluxdeck: not committed; git commit --no-verify passes by the check' >&2\n\
         \x20 exit 1\n\
         }}\n\
         {END}\n"
    )
}

/// Removes the lines between the marks.
fn cut(text: &str) -> String {
    let mut inside = false;
    let keep = |line: &&str| {
        let was = inside;
        inside = line.starts_with("# >>> fluxdeck >>>") || inside && line.trim_end() != END;
        !was && !inside
    };
    text.split_inclusive('\n').filter(keep).collect()
}

fn is_shell(first: &str) -> bool {
    let program = first.strip_prefix("#!").unwrap_or_default();
    let shells = ["sh", "bash", "dash", "zsh", "ksh"];
    program.split_whitespace().any(|word| word.rsplit('/').next().is_some_and(|name| shells.contains(&name)))
}

fn read(hook: &Path) -> Result<Option<String>, Fault> {
    match crate::files::text(hook, LARGEST) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(hook, &error)),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "a permit is shown, and stays with who has it")]
fn write(hook: &Path, text: &str, permit: &Permit) -> Result<(), Fault> {
    let folder = hook.parent().unwrap_or(hook);
    std::fs::create_dir_all(folder)
        .and_then(|()| crate::files::replace(hook, text.as_bytes(), 0o755, permit))
        .map_err(|error| failed(hook, &error))
}

/// The largest hook, in bytes.
const LARGEST: u64 = 1024 * 1024;

fn failed(hook: &Path, error: &std::io::Error) -> Fault {
    Fault::failed(format!("cannot change {}", hook.display()), error.to_string(), "see that you may write there")
}

#[cfg(test)]
mod tests {
    use crate::model::permit::grant;
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::tests::TestRepository;
    use super::{install, uninstall};

    #[test]
    fn a_linked_hook_is_not_written_through() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("pre-commit"), "#!/bin/sh\n").unwrap();
        for folder in [false, true] {
            let repository = TestRepository::new();
            let hooks = repository.path().join(".git/hooks");
            if folder {
                let _ = std::fs::remove_dir_all(&hooks);
                std::os::unix::fs::symlink(outside.path(), &hooks).unwrap();
            } else {
                std::fs::create_dir_all(&hooks).unwrap();
                std::os::unix::fs::symlink(outside.path().join("pre-commit"), hooks.join("pre-commit")).unwrap();
            }
            for done in [install(repository.path(), None, &grant()), uninstall(repository.path(), &grant())] {
                assert!(done.unwrap_err().why.contains("is a link"));
            }
        }
        assert_eq!(std::fs::read_to_string(outside.path().join("pre-commit")).unwrap(), "#!/bin/sh\n");
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_hook_goes_beside_what_is_there_and_out_of_it_again() {
        let repository = TestRepository::new();
        let hook = repository.path().join(".git/hooks/pre-commit");
        let theirs = "#!/usr/bin/env bash\nset -e\nexec ./lint.sh\n";
        repository.write(".git/hooks/pre-commit", theirs);
        let said = install(repository.path(), None, &grant()).unwrap();
        assert!(said.contains("now checks"), "{said}");
        let text = std::fs::read_to_string(&hook).unwrap();
        assert!(
            text.starts_with("#!/usr/bin/env bash\n# >>> fluxdeck") && text.ends_with("set -e\nexec ./lint.sh\n"),
            "{text}"
        );
        assert_eq!(hook.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert!(install(repository.path(), None, &grant()).unwrap().contains("already"));
        assert!(uninstall(repository.path(), &grant()).unwrap().contains("the rest of it stays"));
        assert_eq!(std::fs::read_to_string(&hook).unwrap(), theirs);
        assert!(uninstall(repository.path(), &grant()).unwrap().contains("do not have"));
    }

    #[test]
    fn a_hook_of_its_own_comes_and_goes() {
        let repository = TestRepository::new();
        install(repository.path(), None, &grant()).unwrap();
        assert!(uninstall(repository.path(), &grant()).unwrap().contains("is gone"));
        assert!(!repository.path().join(".git/hooks/pre-commit").exists());
    }

    #[test]
    fn what_a_merge_commits_is_asked_about_too() {
        let repository = TestRepository::new();
        install(repository.path(), None, &grant()).unwrap();
        let hooks = repository.path().join(".git/hooks");
        let text = |name: &str| std::fs::read_to_string(hooks.join(name)).unwrap();
        assert_eq!(text("pre-commit"), text("pre-merge-commit"));
        uninstall(repository.path(), &grant()).unwrap();
        assert!(!hooks.join("pre-merge-commit").exists());
    }

    #[test]
    fn what_is_no_shell_script_and_what_others_share_is_left_alone() {
        let repository = TestRepository::new();
        repository.write(".git/hooks/pre-commit", "#!/usr/bin/env python3\nprint()\n");
        assert!(install(repository.path(), None, &grant()).unwrap_err().why.contains("python3"));
        let elsewhere = tempfile::tempdir().unwrap();
        repository.git(&["config", "core.hooksPath", elsewhere.path().to_str().unwrap()]);
        assert!(install(repository.path(), None, &grant()).unwrap_err().why.contains("core.hooksPath"));
        // A hooks folder inside of the repository is the repository's own, as husky has it.
        repository.git(&["config", "core.hooksPath", ".husky"]);
        install(repository.path(), None, &grant()).unwrap();
        assert!(repository.path().join(".husky/pre-commit").exists());
    }
}
