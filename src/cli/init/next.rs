//! The steps after `init`: the command lines, with reasons and expected results.

use crate::model::ShellLine;
use crate::programs::XdgFolder;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Report;
use crate::repo::template::fresh::Missing;
use crate::workflows::new_key::KeyFile;

/// Holds a command line to type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    /// The command line.
    pub(super) shell: ShellLine,
    /// The reason.
    pub(super) why: String,
    /// The expected output.
    pub(super) look_for: String,
}

fn step(shell: impl Into<ShellLine>, why: impl Into<String>, look_for: impl Into<String>) -> Step {
    Step { shell: shell.into(), why: why.into(), look_for: look_for.into() }
}

/// Returns the steps from the written files to two clusters that follow them.
pub(super) fn steps(folder: &Path, name: &str, owner: Option<&str>, committed: bool, keys: &[KeyFile]) -> Vec<Step> {
    let owner = owner.unwrap_or("OWNER");
    let place = folder.to_string_lossy();
    let mut steps = Vec::new();
    if !committed {
        steps.push(step(
            ShellLine::new(
                "cd {path} && git init --initial-branch=main && git add --all && git commit --message 'feat: the homelab'",
                &[&place],
            ),
            "Flux applies what is committed, and nothing else",
            "no file that ends in .agekey or .key among those that are committed",
        ));
    }
    steps.push(step(
        ShellLine::new(
            "cd {path} && git remote add origin {} && git push --set-upstream origin main",
            &[&place, &format!("https://github.com/{owner}/{name}.git")],
        ),
        "both clusters fetch the repository from there; make it at GitHub first, private and empty",
        "branch 'main' set up to track 'origin/main'",
    ));
    for key in keys {
        let env = &key.name;
        steps.push(step(
            ShellLine::new(
                "flux bootstrap github --context={} --owner={} --repository={} --branch=main --path={} --personal",
                &[env, owner, name, &format!("./clusters/{env}")],
            ),
            format!("installs Flux in {env} and makes it follow clusters/{env}; it commits the controllers' manifests, so pull afterwards"),
            "all components are healthy",
        ));
        steps.push(step(
            ShellLine::new(
                "kubectl --context={} create secret generic sops-age --namespace=flux-system --from-file=age.agekey={}",
                &[env, &key.key.to_string_lossy()],
            ),
            format!("Flux decrypts the secrets of {env} with this key; until it is there, Kustomizations say: secrets \"sops-age\" not found"),
            "secret/sops-age created",
        ));
    }
    steps.push(step(
        ShellLine::new("fluxdeck --repo {path}", &[&place]),
        "shows both environments come up in the order of their waves",
        "every Kustomization ready; apps is the last",
    ));
    steps
}

/// Returns the settings that name the keys.
fn settings(keys: &[KeyFile]) -> String {
    let mut out = String::new();
    for key in keys {
        let file = toml::Value::String(key.key.display().to_string());
        let _ = writeln!(out, "[env.{}]\nage_key_file = {file}", key.name);
    }
    out
}

/// Writes the settings file where there is none, and returns its path; an existing file is left to the user.
pub(super) fn write_settings(named: Option<&Path>, keys: &[KeyFile]) -> Option<PathBuf> {
    let usual = || Some(XdgFolder::Config.folder()?.join("fluxdeck/config.toml"));
    let file = named.map(Path::to_owned).or_else(usual)?;
    std::fs::create_dir_all(file.parent()?).ok()?;
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).ok()?;
    open.write_all(settings(keys).as_bytes()).ok()?;
    Some(file)
}

/// Writes the report as text.
pub(super) fn text(report: &Report) -> String {
    let mut out = format!(
        "Wrote {} files into {}; {} are encrypted, with {} new values.\n\nKeys (keep a copy where the end of this machine does not reach it):\n",
        report.files,
        report.repository.display(),
        report.encrypted,
        report.renewed
    );
    for key in &report.environments {
        let _ = writeln!(out, "  {:<12}{}\n{:14}{}", key.name, key.key.display(), "", key.recipient);
    }
    match &report.settings {
        Some(file) => {
            let _ = writeln!(out, "\nfluxdeck finds them by its settings, which were written to {}:", file.display());
        }
        None => out.push_str(
            "\nTo let fluxdeck find them, add these lines to its settings, $XDG_CONFIG_HOME/fluxdeck/config.toml:\n",
        ),
    }
    for line in settings(&report.environments).lines() {
        let _ = writeln!(out, "  {line}");
    }
    missing(&mut out, &report.missing);
    out.push_str("\nNext:\n");
    for (number, step) in (1_usize..).zip(&report.next) {
        let _ = writeln!(out, "{number}. {}\n   why: {}\n   look for: {}", step.shell, step.why, step.look_for);
    }
    out
}

/// Lists the values that only the user has.
fn missing(out: &mut String, missing: &[Missing]) {
    if missing.is_empty() {
        return;
    }
    out.push_str(
        "\nOnly you can have these; docs/setup.md says where to get each. Without them both clusters come up, but issue no certificates and\n\
         keep no backups. Inside the repository: fluxdeck secret set FILE PATH, with the value on standard input\n",
    );
    for one in missing {
        let _ = writeln!(out, "  {} {}\n{:6}{}", one.file, one.path, "", one.wanted);
    }
}
