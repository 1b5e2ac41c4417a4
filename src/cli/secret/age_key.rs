//! `fluxdeck secret age-key`: the key with which a cluster opens its environment's files: checking it, giving it, making a new one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::app::age_key::{Examined, examine};
use crate::app::{Facts, Target};
use crate::cli::init::keys;
use crate::cli::{Call, operate};
use crate::commands;
use crate::model::{Env, Fault, FaultKind};
use crate::runtime::Session;

/// Flags of `secret age-key`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Put the key at hand into the cluster, beside those that it has
    #[arg(long, conflicts_with_all = ["replace", "generate"])]
    create: bool,
    /// Put the key at hand into the cluster and take all others out
    #[arg(long, conflicts_with = "generate")]
    replace: bool,
    /// Make a new key, kept outside of the repository, and say what to do with it
    #[arg(long)]
    generate: bool,
    /// Where a new key goes; by default below `$XDG_CONFIG_HOME`, in fluxdeck/keys
    #[arg(long, value_name = "DIR", requires = "generate")]
    keys: Option<PathBuf>,
}

/// What was made, and what is to be done with it.
#[derive(Serialize)]
struct Made {
    env: String,
    key: PathBuf,
    recipient: String,
    /// The configuration that was written, where there was none.
    config: Option<String>,
    next: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    shell: String,
    why: String,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let env = operate::only_environment(call, &session)?;
        let facts = super::facts(&session);
        if arguments.generate {
            let made = generate(arguments, call, &session, &facts, env)?;
            call.print(&made, text)?;
            return Ok(0);
        }
        if arguments.create || arguments.replace {
            let answers = vec![("replace".to_owned(), arguments.replace.to_string())];
            let targets = vec![Target::Environment(env)];
            return operate::dispatch(call, &session, &facts, &commands::AGE_KEY, targets, answers).await;
        }
        let Some(snapshot) = facts.repository.clone() else { return Err(no_repository()) };
        let examined = examine(&session.reach(), env, facts.name(env), Arc::clone(&snapshot)).await?;
        call.print(&examined, shown)?;
        Ok(u8::from(!examined.is_good()))
    })
}

fn shown(examined: &Examined) -> String {
    let mut lines = vec![examined.words()];
    lines.extend(examined.recipients.iter().map(|recipient| format!("  holds the key of {recipient}")));
    lines.extend(examined.problems.iter().map(|problem| format!("  ! {problem}")));
    if !examined.found {
        lines.push(format!("  fluxdeck secret age-key --create --env {} gives it the key at hand", examined.env));
        return lines.join("\n");
    }
    let closed = examined.closed.iter();
    lines.extend(closed.map(|closed| format!("  x {} is for {}", closed.file, closed.recipients.join(", "))));
    if !examined.closed.is_empty() {
        lines.push("  fluxdeck secret recipients --update FILE encrypts a file for it".to_owned());
    }
    lines.join("\n")
}

fn no_repository() -> Fault {
    Fault::new(
        FaultKind::Usage,
        "no key can be checked",
        "there is no repository here",
        "start it in one, or name one with --repo",
    )
}

fn generate(arguments: &Arguments, call: &Call, session: &Session, facts: &Facts, env: Env) -> Result<Made, Fault> {
    if call.global.read_only {
        return Err(Fault::new(FaultKind::Refused, "no key was made", "--read-only refuses it", "leave it out"));
    }
    let root = session.root.clone()?;
    let environment = facts.environment(env).ok_or_else(no_repository)?;
    let (name, now) = (environment.name.clone(), session.clock.now());
    let repository = root.file_name().and_then(|name| name.to_str()).unwrap_or("repository").to_owned();
    let at_hand = facts.key_files.get(env).cloned().flatten();
    let made = match at_hand.filter(|file| arguments.keys.is_none() && file.exists()) {
        Some(file) => keys::append_key(&file, &repository, &name, now)?,
        None => keys::write_key(&keys::folder(arguments.keys.as_deref(), &root)?, &repository, &name, now)?,
    };
    let path = environment.path.clone().unwrap_or_else(|| format!("clusters/{name}"));
    let config =
        if environment.recipients.is_empty() { Some(write_config(&root, &path, &made.recipient)?) } else { None };
    let next =
        if config.is_some() { first(&name, &made) } else { rollout(&name, &path, &environment.recipients, &made) };
    Ok(Made { env: name, key: made.key, recipient: made.recipient, config, next })
}

/// Writes the environment's own `.sops.yaml`, never over another.
fn write_config(root: &Path, folder: &str, recipient: &str) -> Result<String, Fault> {
    let file = format!("{folder}/.sops.yaml");
    let text = format!("creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n");
    let written = std::fs::File::create_new(root.join(&file))
        .and_then(|mut made| std::io::Write::write_all(&mut made, text.as_bytes()));
    written.map(|()| file.clone()).map_err(|error| {
        let why = error.to_string();
        Fault::failed(format!("cannot write {file}"), why, format!("write it yourself, with age: {recipient}"))
    })
}

fn step(shell: String, why: &str) -> Step {
    Step { shell, why: why.to_owned() }
}

fn backup(made: &keys::KeyFile) -> Step {
    step(
        format!("cat {}", made.key.display()),
        "keep a copy in the password manager, and one on paper or a stick in a drawer: without it nobody opens the secrets again, and a new cluster cannot be brought up",
    )
}

/// What comes after an environment's first key.
fn first(env: &str, made: &keys::KeyFile) -> Vec<Step> {
    vec![
        backup(made),
        step(
            format!(
                "printf '[env.{env}]\\nage_key_file = \"{}\"\\n' >> \"${{XDG_CONFIG_HOME:-$HOME/.config}}/fluxdeck/config.toml\"",
                made.key.display()
            ),
            "fluxdeck finds the key there",
        ),
        step(format!("fluxdeck secret age-key --create --env {env}"), "the cluster opens files with it"),
        step(
            "fluxdeck secret encrypt FILE".to_owned(),
            "a plain Secret is encrypted for it; the rule in .sops.yaml says which values",
        ),
        step("fluxdeck hook install".to_owned(), "nothing plain gets into a commit"),
    ]
}

/// How an environment's key is replaced by another without a moment in which the cluster cannot open something.
fn rollout(env: &str, folder: &str, old: &[String], made: &keys::KeyFile) -> Vec<Step> {
    let (recipient, old) = (&made.recipient, old.join(","));
    vec![
        backup(made),
        step(
            format!("$EDITOR {folder}/.sops.yaml   # age: {old},{recipient}"),
            "both keys are named, so that both open what is encrypted from now on",
        ),
        step(
            format!("fluxdeck secret recipients --all --update --env {env}"),
            "the files get the new recipient beside the old; their values stay",
        ),
        step(
            format!("fluxdeck secret age-key --create --env {env}"),
            "the cluster gets the new key beside the old, before anything needs it",
        ),
        step(
            "git commit -am 'secrets: a second recipient' && git push".to_owned(),
            "Flux still opens everything, with either key",
        ),
        step(
            format!("fluxdeck secret age-key --env {env}"),
            "the cluster's key opens every file: only then does the old one go",
        ),
        step(format!("$EDITOR {folder}/.sops.yaml   # age: {recipient}"), "the old key is named no more"),
        step(
            format!(
                "fluxdeck secret recipients --all --update --env {env} && fluxdeck secret rotate --all --env {env}"
            ),
            "the old key opens nothing that is written from now on; what is in git's history it opens for ever",
        ),
        step(
            "git commit -am 'secrets: the old recipient goes' && git push".to_owned(),
            "wait until every Kustomization has applied it",
        ),
        step(
            format!("fluxdeck secret age-key --replace --env {env}"),
            "the old identity leaves the cluster; take it out of the key file too",
        ),
        step("fluxdeck secret edit FILE".to_owned(), "change the values that whoever has the old key may know"),
    ]
}

fn text(made: &Made) -> String {
    let mut lines = vec![
        format!("Made an age key of {}: {}", made.env, made.key.display()),
        format!("  public key: {}", made.recipient),
    ];
    lines.extend(made.config.iter().map(|config| format!("Wrote {config}: new files are encrypted for it.")));
    lines.push("\nNext, one after the other:".to_owned());
    let numbered = made.next.iter().zip(1_usize..);
    lines.extend(numbered.map(|(step, number)| format!("{number}. {}\n   why: {}", step.shell, step.why)));
    lines.join("\n")
}
