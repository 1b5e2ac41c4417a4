//! `fluxdeck demo`: the cockpit on a fresh copy of the template and two simulated clusters.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::Call;
use super::open::{Parts, Plan, flags};
use crate::app::App;
use crate::config::Settings;
use crate::model::{Clock, Exercise, Fault, FaultKind, KubeContext};
use crate::programs::WorkFolder;
use crate::repo::git::{Own, in_bare};
use crate::repo::{Loader, template};
use crate::runtime::{FirstScreen, Journal, Session, SessionSource};
use crate::sim::{Commit, Remote, Scenario, Simulation, TextEdit};
use crate::sops::Prompts;

/// The default scenario of the demo.
pub const DEFAULT_SCENARIO: &str = "day";

/// The start time of snapshots of the demo, so that they are reproducible.
const SNAPSHOT_START: &str = "2026-01-15T12:00:00Z";

// Flags of `demo`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What the simulated clusters go through
    #[arg(long, default_value = DEFAULT_SCENARIO)]
    scenario: String,
    /// A fault to find and mend, with hints; `list` names them
    #[arg(long, value_name = "NAME", conflicts_with = "scenario")]
    exercise: Option<String>,
}

/// Opens the cockpit on the simulation.
///
/// # Errors
/// Fails when there is no such scenario, or no terminal.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    match arguments.exercise.as_deref() {
        None => super::cockpit::open(call, |_, _| Ok(None), || session(&arguments.scenario, call, Clock::system())),
        Some("list") => {
            let row = |one: &Exercise| vec![one.name.clone(), one.symptom.clone()];
            call.print(&Scenario::exercises()?, |all| super::call::columns(&all.iter().map(row).collect::<Vec<_>>()))?;
            Ok(0)
        }
        Some(name) => {
            let first = |_: &App, _: &Session| Ok(Some(FirstScreen::Exercise));
            super::cockpit::open(call, first, || exercise_session(name, call, Clock::system()))
        }
    }
}

/// Builds a session on the simulation with an exercise.
///
/// # Errors
/// Fails when there is no such exercise, or as [`session`] does.
pub fn exercise_session(name: &str, call: &Call, clock: Clock) -> Result<Session, Fault> {
    let all = Scenario::exercises()?;
    let Some(exercise) = all.iter().find(|one| one.name == name) else {
        let known: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        let todo = format!("choose one of {}", known.join(", "));
        return Err(Fault::new(FaultKind::Usage, format!("there is no exercise {name}"), "none has that name", todo));
    };
    let session = session(name, call, clock)?;
    Ok(Session { exercise: Some(exercise.clone()), ..session })
}

/// Returns a clock that starts at the same time in every snapshot and follows tokio's virtual time.
///
/// # Errors
/// Never fails in practice: the time is a constant.
pub fn snapshot_clock() -> Result<Clock, Fault> {
    let start: Timestamp = SNAPSHOT_START
        .parse()
        .map_err(|error: jiff::Error| Fault::failed("no clock", error.to_string(), "this is a defect of fluxdeck"))?;
    let began = tokio::time::Instant::now();
    Ok(Clock::from_fn(move || {
        SignedDuration::try_from(began.elapsed())
            .ok()
            .and_then(|passed| start.checked_add(passed).ok())
            .unwrap_or(start)
    }))
}

/// Builds a session on the simulation.
///
/// # Errors
/// Fails when there is no such scenario, git is missing, or the copy of the template cannot be written.
pub fn session(scenario: &str, call: &Call, clock: Clock) -> Result<Session, Fault> {
    let scenario = Scenario::named(scenario)?;
    let folder = WorkFolder::temporary("demo").map_err(fault)?;
    let keys = folder.path().join("keys");
    write_keys(&keys)?;
    let root = folder.path().join("homelab");
    template::write_into(&root)?;
    let (head, previous) = commit(&root, &clock, &scenario)?;
    let origin = folder.path().join("origin.git");
    publish(&root, &origin, &clock)?;
    let news =
        News { origin, known: head.sha.clone(), edits: scenario.edits().cloned().collect(), last: Mutex::default() };
    let simulation = Simulation::new(&scenario.with_commits(head, previous), clock.clone());
    simulation.follow(&(Arc::new(move || news.newest()) as Remote));
    let settings = Settings::from_sources(Some(&root), &flags(&call.global), Vec::new());
    let context = |name: &str| KubeContext { name: name.to_owned(), ..KubeContext::default() };
    let contexts = template::KEYS.iter().map(|(name, _)| context(name)).collect();
    let loader = Loader::open(&root);
    let plan = Plan { root: Ok(root), settings, contexts: Ok(contexts) };
    let parts = Parts {
        source: SessionSource::Demo,
        clock,
        login: "demo".to_owned(),
        via: "demo@jump".to_owned(),
        journal: Journal::none(),
        folder: Some(folder),
        key_files: Some(keys),
        prompts: Prompts::default(),
    };
    Ok(plan.session(loader, parts, |env, environment, _context| Ok(simulation.cluster(env, &environment.name))))
}

fn fault(why: impl ToString) -> Fault {
    Fault::failed("cannot prepare the demo", why.to_string(), "it needs git, and a temporary folder that you may write")
}

fn write_keys(folder: &Path) -> Result<(), Fault> {
    std::fs::DirBuilder::new().mode(0o700).create(folder).map_err(fault)?;
    for (name, key) in template::KEYS {
        let path: PathBuf = folder.join(format!("{name}.txt"));
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).map_err(fault)?;
        file.write_all(key.as_bytes()).map_err(fault)?;
    }
    Ok(())
}

/// Creates a repository with two commits: in the story of the scenarios, production is one behind.
fn commit(root: &Path, clock: &Clock, scenario: &Scenario) -> Result<(Commit, Commit), Fault> {
    git(root, clock, &["init", "--quiet", "--initial-branch=main"])?;
    let previous = record(root, clock, "Install the homelab")?;
    let mut edited = false;
    for edit in scenario.edits() {
        let file = root.join(&edit.path);
        let text = std::fs::read_to_string(&file).map_err(fault)?;
        std::fs::write(&file, text.replacen(&edit.from, &edit.to, 1)).map_err(fault)?;
        edited = true;
    }
    if edited {
        let head = record(root, clock, scenario.subject())?;
        return Ok((head, previous));
    }
    let release = root.join("apps/base/homepage/configmap.yaml");
    let mut text = std::fs::read_to_string(&release).map_err(fault)?;
    text.push_str("# The widgets of the first page.\n");
    std::fs::write(&release, text).map_err(fault)?;
    let head = record(root, clock, "Describe the first page")?;
    Ok((head, previous))
}

/// Creates the bare repository that the demo pushes to and the simulated sources follow.
fn publish(root: &Path, origin: &Path, clock: &Clock) -> Result<(), Fault> {
    let address = origin.to_string_lossy().into_owned();
    git(root, clock, &["init", "--quiet", "--bare", "--initial-branch=main", &address])?;
    git(root, clock, &["remote", "add", "origin", &address])?;
    git(root, clock, &["push", "--quiet", "--set-upstream", "origin", "main"])?;
    // The user of the demo need not have configured git.
    for (key, value) in [("user.name", "demo"), ("user.email", "demo@example.invalid"), ("commit.gpgsign", "false")] {
        git(root, clock, &["config", key, value])?;
    }
    Ok(())
}

/// Looks for commits that were pushed since the start.
struct News {
    /// The bare repository.
    origin: PathBuf,
    /// The first commit, of which the renderings are.
    known: String,
    /// The differences of that commit from the template.
    edits: Vec<TextEdit>,
    /// The commit that was found last.
    last: Mutex<Option<Commit>>,
}

impl News {
    /// Returns the newest commit; `None` while no commit was pushed.
    fn newest(&self) -> Option<Commit> {
        let head = std::fs::read_to_string(self.origin.join("refs/heads/main")).ok()?;
        let head = head.trim();
        if head == self.known {
            return None;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|commit| commit.sha != head) {
            *last = self.read();
        }
        last.clone()
    }

    fn read(&self) -> Option<Commit> {
        let ask = |arguments: &[&str]| in_bare(&self.origin, arguments);
        let blob = |object: String| ask(&["cat-file", "blob", &object]);
        let newest = ask(&["log", "--max-count=1", "--format=%H %s"])?;
        let (sha, subject) = newest.trim_end().split_once(' ')?;
        let is_back = |edit: &TextEdit| {
            blob(format!("{sha}:{}", edit.path))
                .is_some_and(|text| text.contains(&edit.from) && !text.contains(&edit.to))
        };
        let mended = !self.edits.is_empty() && self.edits.iter().all(is_back);
        let changed = ask(&["diff", "--name-only", &self.known, sha]).unwrap_or_default();
        // A Secret in its own file is changed in place; any addition needs kustomize to be found.
        let secret = |file: &&str| {
            let text = blob(format!("{sha}:{file}"))?;
            let before = blob(format!("{}:{file}", self.known))?;
            let is_encrypted = |text: &str| crate::sops::sniff(text).is_some();
            if !is_encrypted(&text) || !is_encrypted(&before) {
                return None;
            }
            let object: serde_json::Value = crate::yaml::from_str(&text).ok()?;
            let env =
                template::KEYS.iter().map(|(env, _)| *env).find(|env| file.split('/').any(|part| part == *env))?;
            Some(((*file).to_owned(), (env.to_owned(), object)))
        };
        let (known, secrets): (Vec<String>, Vec<_>) = changed.lines().filter_map(|file| secret(&file)).unzip();
        let changed = changed
            .lines()
            .filter(|file| !known.iter().any(|secret| secret == file))
            .filter(|file| !(mended && self.edits.iter().any(|edit| edit.path == **file)))
            .map(str::to_owned)
            .collect();
        Some(Commit {
            branch: "main".to_owned(),
            sha: sha.to_owned(),
            subject: subject.to_owned(),
            changed,
            secrets,
            mended,
        })
    }
}

fn record(root: &Path, clock: &Clock, subject: &str) -> Result<Commit, Fault> {
    git(root, clock, &["add", "--all"])?;
    git(root, clock, &["commit", "--quiet", "--no-verify", "--no-gpg-sign", "-m", subject])?;
    let sha = git(root, clock, &["rev-parse", "HEAD"])?;
    Ok(Commit {
        branch: "main".to_owned(),
        sha: sha.trim().to_owned(),
        subject: subject.to_owned(),
        ..Commit::default()
    })
}

/// Runs git with a fixed author and time, so that the commits are the same for every user.
fn git(folder: &Path, clock: &Clock, arguments: &[&str]) -> Result<String, Fault> {
    let own = Own { folder, author: ("demo", "demo@example.invalid"), moment: clock.now().to_string() };
    own.git(arguments).map_err(fault)
}
