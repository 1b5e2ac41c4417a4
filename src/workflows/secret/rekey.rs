//! Changes the recipients and the keys of files: one file after the other, with a step for each.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::app::operation::StepSender;
use crate::app::{Operation, Permit, TaskContext};
use crate::files;
use crate::model::{Env, Fault, FaultKind, Outcome, ShellLine, Step, StepState};
use crate::repo::{Committed, NewReader, Snapshot, contents, git};
use crate::secret::Secret;
use crate::sops::{self, Format, IdentitySources, Opened, SopsError};

/// Names the action on each file.
#[derive(Debug, Clone)]
pub enum FileAction {
    /// Adds and removes recipients.
    Recipients {
        /// The added recipients.
        add: Vec<String>,
        /// The removed recipients.
        remove: Vec<String>,
    },
    /// Sets the recipients of `.sops.yaml`.
    Update,
    /// Replaces the data key.
    Rotate,
    /// Encrypts all values anew by `.sops.yaml`'s rule for new files.
    Anew,
    /// Encrypts a plain file.
    Encrypt,
}

/// Holds the common data of every file's change.
#[derive(Clone)]
struct RekeyContext {
    action: FileAction,
    snapshot: Arc<Snapshot>,
    /// Other environments whose keys may open the files, by their names.
    allowed: Vec<String>,
    /// The recipients of the last commit; read once for all files.
    committed: Arc<OnceLock<Committed>>,
    /// The new readers that the operator named on purpose.
    readers: Vec<String>,
    /// The available keys, by the environment's name.
    sources: Vec<(String, IdentitySources)>,
    /// The available keys for a file of no environment.
    others: Vec<IdentitySources>,
    /// The environments that the guard has judged; `None` if it used the strictest.
    judged: Option<Vec<String>>,
    /// The guard's permission.
    permit: Permit,
}

/// Describes a change of keys.
pub struct Rekey {
    /// The action on each file.
    pub action: FileAction,
    /// The repository.
    pub snapshot: Arc<Snapshot>,
    /// The named files.
    pub files: Vec<String>,
    /// The environments whose encrypted files are all included.
    pub whole: Vec<String>,
    /// The environment of the operation in lists, if it has one.
    pub env: Option<Env>,
    /// The environments that the guard has judged; `None` if it used the strictest.
    pub judged: Option<Vec<String>>,
    /// Other environments whose keys may open the files, by their names.
    pub allowed: Vec<String>,
    /// The new readers that the operator named on purpose.
    pub readers: Vec<String>,
    /// Every environment with its name, for its keys.
    pub environments: Vec<(Env, String)>,
}

impl Rekey {
    /// Builds the operation.
    pub fn operation(self, title: &str, shell: ShellLine, permit: Permit) -> Operation {
        let Self { action, snapshot, files, whole, env, judged, allowed, readers, environments } = self;
        let object = match (files.as_slice(), whole.as_slice()) {
            ([only], []) => only.clone(),
            ([], [env]) => format!("secrets of {env}"),
            _ => format!("{} files", files.len()),
        };
        let rekey = RekeyContext {
            action,
            snapshot,
            allowed,
            committed: Arc::default(),
            readers,
            sources: Vec::new(),
            others: Vec::new(),
            judged,
            permit,
        };
        let work = Box::new(move |task_context: TaskContext, steps: StepSender| {
            let known = environments.into_iter();
            let sources =
                known.filter_map(|(env, name)| Some((name, task_context.identities.get(env)?.clone()))).collect();
            let rekey = RekeyContext { sources, others: task_context.identities.for_environment(None), ..rekey };
            let work: futures::future::BoxFuture<'static, Outcome> =
                Box::pin(perform(task_context, steps, rekey, files, whole));
            work
        });
        let stopped = "stopped between two files: those that are done stay changed, the others are as they were";
        Operation { title: format!("{title} {object}"), env, object, shell, stopped, permit, work }
    }
}

async fn perform(
    task_context: TaskContext,
    mut steps: StepSender,
    rekey: RekeyContext,
    mut files: Vec<String>,
    whole: Vec<String>,
) -> Outcome {
    if !whole.is_empty() {
        let known = Arc::clone(&rekey.snapshot);
        match task_context.away(move || known.encrypted_files(&whole)).await.and_then(|found| found) {
            Ok(found) => files.extend(found),
            Err(fault) => return Outcome::Failed(fault),
        }
    }
    if files.is_empty() {
        return Outcome::Done("there is no encrypted file".to_owned());
    }
    let (mut changed, mut same) = (0_usize, 0_usize);
    let mut failed: Option<Fault> = None;
    let mut failures = 0_usize;
    let mut readers: BTreeSet<String> = BTreeSet::new();
    for file in &files {
        steps(Step {
            at: task_context.clock.now(),
            step: file.clone(),
            state: StepState::Running,
            message: "opening".to_owned(),
        });
        let (rekey, name, now) = (rekey.clone(), file.clone(), task_context.clock.now());
        // A new reader is reported before any file is encrypted for him.
        let (known, place) = (rekey.clone(), file.clone());
        let new = match task_context.file(file) {
            Ok(path) => task_context.away(move || known.new_readers(&path, &place)).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        for reader in &new {
            steps(reader.step(task_context.clock.now()));
        }
        let mut report = |state, message: String| {
            let step = file.clone();
            steps(Step { at: task_context.clock.now(), step, state, message });
        };
        let done = match task_context.file(file) {
            Ok(path) => task_context.away(move || rekey.change(&path, &name, now)).await.and_then(|done| done),
            Err(fault) => Err(fault),
        };
        match done {
            Ok(Some(words)) => {
                changed = changed.saturating_add(1);
                readers.extend(new.into_iter().map(|reader| reader.recipient));
                report(StepState::Done, words);
            }
            Ok(None) => {
                same = same.saturating_add(1);
                report(StepState::Done, "is as it should be already".to_owned());
            }
            Err(fault) => {
                failures = failures.saturating_add(1);
                report(StepState::Failed, fault.why.clone());
                failed.get_or_insert(fault);
            }
        }
    }
    match failed {
        Some(fault) if files.len() == 1 => Outcome::Failed(fault),
        Some(fault) => {
            let what = format!("{failures} of {} files are as they were", files.len());
            let why = format!("{}: {}", fault.what, fault.why);
            Outcome::Failed(Fault::new(fault.kind, what, why, format!("{}; the others are changed", fault.todo)))
        }
        None if changed == 0 => Outcome::Done("nothing was to be changed".to_owned()),
        None => {
            let rest = if same > 0 { format!(", {same} were so already") } else { String::new() };
            let readers: Vec<String> = readers.into_iter().collect();
            let new = if readers.is_empty() { String::new() } else { format!("; new readers: {}", readers.join(", ")) };
            Outcome::Done(format!("changed {changed} of {}{rest}{new}; commit and push them next", files.len()))
        }
    }
}

impl RekeyContext {
    /// Finds the readers of a changed file that the user has not agreed to yet. It blocks.
    fn new_readers(&self, path: &Path, name: &str) -> Vec<NewReader> {
        let text = contents::text(&self.snapshot.root, name).or_else(|_| files::text(path, sops::LARGEST)).ok();
        let own = text.as_deref().and_then(|text| sops::SopsFile::parse(Format::from_path(name), text).ok());
        let own = own.map(|file| file.recipients()).unwrap_or_default();
        let wanted = match &self.action {
            FileAction::Recipients { add, remove } => {
                own.into_iter().filter(|one| !remove.contains(one)).chain(add.iter().cloned()).collect()
            }
            FileAction::Rotate => own,
            FileAction::Update | FileAction::Anew | FileAction::Encrypt => {
                self.snapshot.creation(name).map(|creation| creation.rule.recipients()).unwrap_or_default()
            }
        };
        self.snapshot.new_readers(
            name,
            &wanted,
            text.as_deref(),
            self.committed.get_or_init(|| Committed::read(&self.snapshot.root)),
        )
    }

    /// Refuses a new data key for a reader who was slipped in: it opens every later save.
    fn judge_readers(&self, path: &Path, name: &str) -> Result<(), Fault> {
        let new = self.new_readers(path, name).into_iter().find(|one| !self.readers.contains(&one.recipient));
        let Some(reader) = new.filter(|_| matches!(self.action, FileAction::Rotate)) else { return Ok(()) };
        let recipient = &reader.recipient;
        Err(Fault::new(
            FaultKind::Refused,
            format!("{name} was left as it was"),
            format!("its new data key would be wrapped for {reader}"),
            format!(
                "take him out: fluxdeck secret recipients {name} --remove {recipient}; or name him on purpose: --reader {recipient}"
            ),
        ))
    }

    /// Changes one file; returns a description, `None` without a change. It blocks.
    fn change(&self, path: &Path, name: &str, now: Timestamp) -> Result<Option<String>, Fault> {
        let readers = self.snapshot.readers_of(name);
        // The guard must have judged a file for every environment that reads it.
        if let Some(judged) = &self.judged
            && let Some(other) = readers.iter().find(|reader| !judged.contains(reader))
        {
            return Err(Fault::new(
                FaultKind::Refused,
                format!("{name} was left as it was"),
                format!("{other} reads it too, and this was not confirmed for {other}"),
                "change it by its own name, which asks for all environments that read it",
            ));
        }
        if matches!(self.action, FileAction::Encrypt) {
            return self.encrypt(path, name, now).map(Some);
        }
        self.judge_readers(path, name)?;
        let known = |(env, _): &&(String, IdentitySources)| readers.contains(env);
        let sources: Vec<_> = match readers.as_slice() {
            [] => self.others.clone(),
            _ => self.sources.iter().filter(known).map(|(_, sources)| sources.clone()).collect(),
        };
        let opened = sops::unlock(path, name, None, &sources).map_err(|locked| locked.fault)?.opened;
        let before = opened.file().recipients();
        let text = self.text(&opened, name, now)?;
        if text == opened.file().text() {
            return Ok(None);
        }
        sops::write_atomically(path, opened.file().text(), &text, &self.permit)?;
        let after =
            sops::SopsFile::parse(Format::from_path(name), text).map_or_else(|_| Vec::new(), |file| file.recipients());
        let count = |ours: &[String], theirs: &[String]| ours.iter().filter(|one| !theirs.contains(one)).count();
        let rekeyed = match self.action {
            FileAction::Rotate => "has a new data key",
            FileAction::Anew => "is encrypted anew",
            _ => "has other recipients",
        };
        let (added, removed) = (count(&after, &before), count(&before, &after));
        let moved = if added + removed > 0 { format!(" (+{added} -{removed} recipients)") } else { String::new() };
        Ok(Some(format!("{rekeyed}{moved}")))
    }

    fn text(&self, opened: &Opened, name: &str, now: Timestamp) -> Result<String, Fault> {
        let fault = |error: SopsError| Fault { what: format!("{name} was left as it was"), ..error.fault(name, None) };
        let judge = |groups: &[Vec<String>]| self.snapshot.judge_recipients(name, &groups.concat(), &self.allowed);
        match &self.action {
            FileAction::Recipients { add, remove } => {
                let groups = changed(opened, name, add, remove)?;
                judge(&groups)?;
                opened.for_recipients(&groups, None).map_err(fault)
            }
            FileAction::Update => {
                let creation = self.snapshot.creation(name)?;
                let wanted = creation.new_file()?;
                judge(&wanted.groups)?;
                opened.for_recipients(&wanted.groups, wanted.shamir_threshold).map_err(fault)
            }
            FileAction::Rotate => opened.reencrypted(None, now).map_err(fault),
            FileAction::Anew | FileAction::Encrypt => {
                let wanted = self.snapshot.creation(name)?.new_file()?;
                judge(&wanted.groups)?;
                opened.reencrypted(Some(&wanted), now).map_err(fault)
            }
        }
    }

    fn encrypt(&self, path: &Path, name: &str, now: Timestamp) -> Result<String, Fault> {
        let cannot = |why: String, todo: &str| Fault::failed(format!("cannot encrypt {name}"), why, todo);
        let bytes = contents::bytes(&self.snapshot.root, name)
            .map_err(|error| cannot(error.to_string(), "see that it is there"))?;
        let bytes = Zeroizing::new(bytes);
        let creation = self.snapshot.creation(name)?;
        let wanted = creation.new_file()?;
        self.snapshot.judge_recipients(name, &wanted.groups.concat(), &self.allowed)?;
        let fault = |error: SopsError| Fault { what: format!("cannot encrypt {name}"), ..error.fault(name, None) };
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) if let Some(changed) = sops::changed_by_sealing(Format::from_path(name), text, &wanted) => {
                let why = format!("sops would keep another value than stands there: {changed}");
                return Err(Fault::new(
                    FaultKind::Refused,
                    format!("{name} is not encrypted so"),
                    why,
                    "write it in quotes",
                ));
            }
            Ok(text) => sops::create(Format::from_path(name), &Secret::new(text), &wanted, now).map_err(fault)?,
            Err(_) if Format::from_path(name) == Format::Binary => {
                sops::create_binary(bytes.clone(), &wanted, now).map_err(fault)?
            }
            Err(_) => return Err(cannot("it is not text".to_owned(), "a file of this ending must be UTF-8")),
        };
        sops::write_atomically(path, &*bytes, &text, &self.permit)?;
        let count = wanted.groups.concat().len();
        let known = git::is_known(&self.snapshot.root, name);
        let past = if known { "; its plain text is in git already: change the values too" } else { "" };
        Ok(format!("is encrypted for {count} recipients by {}{past}", creation.explanation()))
    }
}

/// Returns the recipients of a file with some added and some removed.
fn changed(opened: &Opened, name: &str, add: &[String], remove: &[String]) -> Result<Vec<Vec<String>>, Fault> {
    let refused =
        |why: String, todo: &str| Err(Fault::new(FaultKind::Usage, format!("{name} was left as it was"), why, todo));
    let mut groups: Vec<Vec<String>> = opened.file().metadata().groups.iter().map(sops::KeyGroup::recipients).collect();
    let all = groups.concat();
    if let Some(unknown) = remove.iter().find(|one| !all.contains(one)) {
        return refused(
            format!("it is not encrypted for {unknown}"),
            "`fluxdeck secret recipients FILE` lists whom it is for",
        );
    }
    for group in &mut groups {
        group.retain(|one| !remove.contains(one));
    }
    match groups.as_mut_slice() {
        [only] => only.extend(add.iter().filter(|one| !all.contains(one)).cloned()),
        _ if add.is_empty() => {}
        _ => {
            return refused(
                "its data key is split between groups, and it is not said which group the recipient joins".to_owned(),
                "add it to the group in .sops.yaml, then: fluxdeck secret recipients --update FILE",
            );
        }
    }
    Ok(groups)
}
