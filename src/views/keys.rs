//! Keys and recipients of an environment: the key at hand, `.sops.yaml`, the files and the cluster, which must agree;
//! and the files that each key opens.
//!
//! ```text
//! +> keys  staging  13 encrypted files ------------------------------------------------+
//! | in order                                                                            |
//! |>= key at hand    age1pqpn…  from ~/.config/fluxdeck/keys/homelab-staging.agekey     |
//! | = .sops.yaml     clusters/staging/.sops.yaml names it                               |
//! | x files          2 of 13 lack age1new…: enter applies .sops.yaml to all             |
//! | = cluster        flux-system/sops-age opens all 13 encrypted files of staging       |
//! | recipients                                                                          |
//! | = age1pqpn…      staging   13 of 13 files   at hand   in .sops.yaml   in the cluster |
//! | files                                                                               |
//! | x apps/staging/linkding/linkding-database-secret.yaml   it lacks age1new…           |
//! +-------------------------------------------------------------------------------------+
//! ```

use std::any::Any;
use std::sync::{Arc, Weak};

use crate::app::{Action, CommandTarget, Scene, Task};
use crate::model::signs::{self, ScreenSign};
use crate::model::{Env, Environment, Fault};
use crate::repo::{Snapshot, config_for, contents, git, path};
use crate::sops::{self, Config, Format, Identities, IdentitySources, SopsFile};
use crate::theme::Scope;
use crate::views::parts::loaded::Loaded;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;
use crate::widgets::pad;
use crate::workflows::age_key::{Examined, examine};

/// Shows the keys of one environment.
#[derive(Debug)]
pub struct Keys {
    env: Env,
    known: Loaded<Known>,
    cluster: Loaded<Examined>,
    page: Page,
    /// The basis of the last answer: the repository, and the number of ended operations.
    seen: (Weak<Snapshot>, usize),
}

/// The state of the keys on this machine and in the repository.
#[derive(Debug, Clone)]
struct Known {
    /// The public keys at hand, each with the source of its private half.
    at_hand: Vec<(String, String)>,
    /// The identities that ask for something before each use.
    locked: Vec<String>,
    /// The keys that cannot be used, with the reason.
    problems: Vec<String>,
    /// The environment's configuration, if there is one, and the fields of it that sops would ignore.
    config: Option<(String, Vec<String>)>,
    /// The encrypted files that the environment reads.
    files: Vec<File>,
}

/// An encrypted file.
#[derive(Debug, Clone)]
struct File {
    path: String,
    recipients: Vec<String>,
    /// Its differences from the creation rule that applies.
    differences: Vec<String>,
    /// Whether a creation rule applies at all.
    ruled: bool,
}

/// Answers of the tasks.
enum Answer {
    Known(Env, Result<Known, Fault>),
    Cluster(Env, Result<Examined, Fault>),
}

impl Keys {
    /// Shows the keys of an environment.
    pub fn new(env: Env) -> Self {
        let (known, cluster) = (Loaded::default(), Loaded::default());
        Self { env, known, cluster, page: Page::new(SearchKey::Filters).at(1), seen: (Weak::new(), 0) }
    }

    fn written(&self, scene: &Scene<'_>) -> Vec<PageLine> {
        let Some(environment) = scene.facts.environment(self.env) else { return Vec::new() };
        if scene.facts.repository.is_none() {
            let text = "there is no repository: start fluxdeck in one, or with --repo DIR";
            return vec![PageLine::wrapped(text, Scope::Text)];
        }
        let Some(known) = &self.known.value else { return self.known.in_place() };
        let mut lines = vec![PageLine::heading("in order")];
        lines.extend(self.order(known, environment));
        lines.push(PageLine::heading("recipients"));
        lines.extend(self.recipients(known, environment, scene));
        lines.push(PageLine::heading(format!("files {}", known.files.len())));
        lines.extend(known.files.iter().map(|file| self.file(file)));
        if known.files.is_empty() {
            let text = "nothing is encrypted yet: ‹key:secret-form› makes a new secret, `fluxdeck secret encrypt FILE` encrypts a plain file";
            lines.push(PageLine::wrapped(text, Scope::Dim));
        }
        lines.push(PageLine::heading("more"));
        lines.extend(MORE.iter().map(|text| PageLine::wrapped(*text, Scope::Dim)));
        lines
    }

    /// Shows for each of the four places whether it is in order, and the remedy.
    fn order(&self, known: &Known, environment: &Environment) -> Vec<PageLine> {
        let wanted = &environment.recipients;
        let mut lines = Self::at_hand(known, environment);
        lines.extend(configuration(known, environment));
        let all = known.files.len();
        let lacking = |one: &String| known.files.iter().filter(|file| !file.recipients.contains(one)).count();
        let mut agree = true;
        for recipient in wanted {
            let count = lacking(recipient);
            if count > 0 {
                agree = false;
                let text = format!("{count} of {all} lack {}: ‹key:open› applies .sops.yaml to all", short(recipient));
                lines.push(row(signs::FAILED, "files", text).runs("secret-update-keys-all", on(environment)));
            }
        }
        // A file that another environment reads, too, is also for that environment's key.
        let others = known
            .files
            .iter()
            .filter(|file| file.differences.iter().any(|one| one.starts_with("it is encrypted for")))
            .count();
        if others > 0 {
            agree = false;
            let text = format!(
                "{others} of {all} are for keys that .sops.yaml does not name: ‹key:open› takes those out, rotate afterwards"
            );
            lines.push(row(signs::WARNING, "files", text).runs("secret-update-keys-all", on(environment)));
        }
        if agree && !wanted.is_empty() {
            lines.push(row(signs::READY, "files", format!("all {all} are for the keys of .sops.yaml")));
        }
        lines.extend(self.in_cluster(environment));
        if let Some((_, source)) = known.at_hand.iter().find(|(one, _)| wanted.contains(one)) {
            let text = format!(
                "keep a copy of {source} in the password manager, and one offline: without it nobody opens the secrets again"
            );
            lines.push(row(signs::UNKNOWN, "backup", text));
        }
        lines
    }

    fn at_hand(known: &Known, environment: &Environment) -> Vec<PageLine> {
        let wanted = &environment.recipients;
        let mut lines = Vec::new();
        for (recipient, source) in known.at_hand.iter().filter(|(one, _)| wanted.contains(one)) {
            lines.push(row(signs::READY, "key at hand", format!("{}  from {source}", short(recipient))));
        }
        if lines.is_empty() {
            lines.push(match (wanted.is_empty(), known.locked.is_empty()) {
                (true, _) => row(
                    signs::FAILED,
                    "key at hand",
                    "none is named yet: ‹key:open› makes one, outside of the repository".to_owned(),
                )
                .runs("age-key-new", on(environment)),
                (false, true) => {
                    let whose = wanted.iter().map(|one| short(one)).collect::<Vec<_>>().join(" or ");
                    let text = format!(
                        "none of {whose}: set age_key_file under [env.{}] in your configuration",
                        environment.name
                    );
                    row(signs::FAILED, "key at hand", text)
                }
                (false, false) => row(
                    signs::UNKNOWN,
                    "key at hand",
                    format!("perhaps in {}, which asks when a file is opened", known.locked.join(", ")),
                ),
            });
        }
        for problem in &known.problems {
            lines.push(row(signs::WARNING, "", problem.clone()));
        }
        lines
    }

    fn in_cluster(&self, environment: &Environment) -> Vec<PageLine> {
        let Some(examined) = &self.cluster.value else {
            let text = self
                .cluster
                .fault
                .as_ref()
                .map_or_else(|| "asking...".to_owned(), |fault| format!("{}: {}", fault.what, fault.why));
            return vec![row(signs::PROGRESSING, "cluster", text)];
        };
        let lacks: Vec<&String> =
            environment.recipients.iter().filter(|one| !examined.recipients.contains(one)).collect();
        let extra: Vec<&String> =
            examined.recipients.iter().filter(|one| !environment.recipients.contains(one)).collect();
        let mut lines = Vec::new();
        if examined.is_good() && (lacks.is_empty() || environment.recipients.is_empty()) {
            lines.push(row(signs::READY, "cluster", examined.summary()));
        } else if examined.found && lacks.is_empty() {
            lines.push(row(signs::FAILED, "cluster", examined.summary()));
        } else {
            let text = format!("{}; ‹key:open› gives it the key at hand", examined.summary());
            lines.push(row(signs::FAILED, "cluster", text).runs("age-key", on(environment)));
        }
        if !extra.is_empty() && lacks.is_empty() && !environment.recipients.is_empty() {
            let whose = extra.iter().map(|one| short(one)).collect::<Vec<_>>().join(", ");
            let text = format!(
                "it holds {whose} too, which .sops.yaml does not name: once all is pushed and applied, ‹key:open› takes it out"
            );
            lines.push(row(signs::WARNING, "", text).runs("age-key-replace", on(environment)));
        }
        for problem in &examined.problems {
            lines.push(row(signs::WARNING, "", problem.clone()));
        }
        lines
    }

    fn recipients(&self, known: &Known, environment: &Environment, scene: &Scene<'_>) -> Vec<PageLine> {
        let mut all: Vec<&String> = environment.recipients.iter().collect();
        let held = self.cluster.value.iter().flat_map(|examined| &examined.recipients);
        for one in known.files.iter().flat_map(|file| &file.recipients).chain(held) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        if all.is_empty() {
            return vec![PageLine::wrapped("nobody yet", Scope::Dim)];
        }
        let count = known.files.len();
        let line = |one: &String| {
            let owner = scene.facts.environments.iter().find(|(_, other)| other.recipients.contains(one));
            let owner = owner.map_or("no environment's", |(_, other)| other.name.as_str());
            let opens = known.files.iter().filter(|file| file.recipients.contains(one)).count();
            let mut places = Vec::new();
            if known.at_hand.iter().any(|(hand, _)| hand == one) {
                places.push("at hand");
            }
            if environment.recipients.contains(one) {
                places.push("in .sops.yaml");
            }
            if self.cluster.value.as_ref().is_some_and(|examined| examined.recipients.contains(one)) {
                places.push("in the cluster");
            }
            let text = format!("{}  {opens} of {count} files  {}  {one}", pad(owner, 12), places.join(", "));
            PageLine::cut(text, Scope::Text)
        };
        all.into_iter().map(line).collect()
    }

    fn file(&self, file: &File) -> PageLine {
        let (sign, scope, words) = match (file.differences.is_empty(), file.ruled) {
            (true, true) => (signs::READY, Scope::Ready, String::new()),
            (true, false) => (signs::UNKNOWN, Scope::Unknown, "no rule of a .sops.yaml fits it".to_owned()),
            (false, _) => (signs::FAILED, Scope::Failed, file.differences.join("; ")),
        };
        let line = PageLine::cut(words, Scope::Dim).after(format!("{}  ", file.path), Scope::Text);
        line.after(format!("{} ", sign.sign), scope).opens(Some(CommandTarget::File(Some(self.env), file.path.clone())))
    }
}

/// The other commands of this screen, and the steps to replace a key.
const MORE: &[&str] = &[
    "On a file, from the palette (‹key:palette›): secret-recipients adds and removes, secret-update-keys applies .sops.yaml, secret-rotate makes a new data key, \
     secret-encrypt-anew takes over another rule; with -all, all files of the environment, with a step for each.",
    "To replace a key: :age-key-new makes one behind the old; name both in .sops.yaml; apply it to all files; give it to the cluster; push. When all is \
     applied: name the new one alone, apply it to all, rotate all, push; then take the old one out of the cluster. Then change the values that whoever \
     has the old key may know.",
];

/// Shortens a public key to its distinctive part.
fn short(recipient: &str) -> String {
    let start: String = recipient.chars().take(12).collect();
    if recipient.chars().count() > 14 { format!("{start}…") } else { recipient.to_owned() }
}

/// Returns the target of a command about the keys of an environment.
fn on(environment: &Environment) -> Vec<CommandTarget> {
    vec![CommandTarget::Environment(environment.env)]
}

fn row(sign: ScreenSign, label: &str, text: String) -> PageLine {
    let scope = match sign {
        signs::READY => Scope::Ready,
        signs::FAILED => Scope::Failed,
        signs::PROGRESSING => Scope::Progressing,
        signs::WARNING => Scope::Waiting,
        _ => Scope::Unknown,
    };
    let line = PageLine::wrapped(text, Scope::Text).after(format!("{}  ", pad(label, 12)), Scope::Heading);
    line.after(format!("{} ", sign.sign), scope)
}

fn configuration(known: &Known, environment: &Environment) -> Vec<PageLine> {
    let Some((config, warnings)) = &known.config else {
        let text = "there is none for this environment: ‹key:open› makes a key and writes it".to_owned();
        let line = row(signs::FAILED, ".sops.yaml", text);
        let has_no_key = environment.recipients.is_empty();
        return vec![if has_no_key { line.runs("age-key-new", on(environment)) } else { line }];
    };
    let opened = |line: PageLine| line.runs("open", vec![CommandTarget::File(Some(environment.env), config.clone())]);
    let mut lines = match environment.recipients.len() {
        0 => {
            vec![opened(row(signs::FAILED, ".sops.yaml", format!("{config} names no recipient; ‹key:open› opens it")))]
        }
        1 => vec![opened(row(signs::READY, ".sops.yaml", format!("{config} names one recipient")))],
        count => vec![opened(row(signs::READY, ".sops.yaml", format!("{config} names {count} recipients")))],
    };
    // A key before its roll-out is in the environment's own key file.
    let own = known.at_hand.iter().find(|(one, _)| environment.recipients.contains(one)).map(|(_, source)| source);
    for (new, _) in
        known.at_hand.iter().filter(|(one, source)| Some(source) == own && !environment.recipients.contains(one))
    {
        let text = format!(
            "the key file holds {new} too, which is not named: ‹key:open› opens {config}; name it beside the old, or take it out of the file"
        );
        lines.push(opened(row(signs::WARNING, "", text)));
    }
    lines.extend(warnings.iter().map(|warning| opened(row(signs::WARNING, "", warning.clone()))));
    lines
}

/// Reads the state of the keys on this machine and in the repository. It blocks.
fn read_keys(snapshot: &Snapshot, environment: &Environment, sources: &IdentitySources) -> Result<Known, Fault> {
    let (at_hand, locked, problems) = match Identities::load(sources, &environment.recipients) {
        Ok(found) => {
            let source = |one: &String| found.source_of(one).unwrap_or("another key").to_owned();
            let at_hand = found.recipients().iter().map(|one| (one.clone(), source(one))).collect();
            (at_hand, found.locked(), found.problems().to_vec())
        }
        // The page is there to report that there is none.
        Err(fault) => (Vec::new(), Vec::new(), vec![fault.why]),
    };
    let folder = environment.path.clone().unwrap_or_else(|| format!("clusters/{}", environment.name));
    let name = config_for(&snapshot.root, &folder).unwrap_or_else(|| path::join(&folder, ".sops.yaml"));
    let config = contents::text(&snapshot.root, &name).ok().map(|text| {
        let warnings = match Config::parse(&text) {
            Ok(config) => config.warnings.iter().map(|one| format!("{name}:{}: {}", one.line, one.message)).collect(),
            Err(error) => vec![format!("{name}: {error}")],
        };
        (name, warnings)
    });
    let mut files = Vec::new();
    for path in git::files(&snapshot.root, &[])? {
        if !snapshot.readers_of(&path).contains(&environment.name) {
            continue;
        }
        let Ok(text) = contents::text(&snapshot.root, &path) else { continue };
        let Some(recipients) = sops::sniff(&text) else { continue };
        let creation = snapshot.creation(&path).ok();
        let parsed = SopsFile::parse(Format::from_path(&path), text).ok();
        let differences =
            creation.as_ref().zip(parsed).map(|(rule, file)| rule.differences(&recipients, &file.rule_text()));
        files.push(File { path, recipients, differences: differences.unwrap_or_default(), ruled: creation.is_some() });
    }
    Ok(Known { at_hand, locked, problems, config, files })
}

/// Returns the present basis of the page.
fn current(scene: &Scene<'_>) -> (Weak<Snapshot>, usize) {
    let snapshot = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
    (snapshot, scene.facts.operations.iter().filter(|operation| operation.ended.is_some()).count())
}

impl Paged for Keys {
    fn id(&self) -> &'static str {
        "keys"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("keys  {}", scene.facts.name(self.env))
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        self.written(scene).into()
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let env = self.env;
        let (Some(snapshot), Some(environment)) = (scene.facts.repository.clone(), scene.facts.environment(env)) else {
            return Vec::new();
        };
        self.seen = current(scene);
        let (environment, known) = (environment.clone(), Arc::clone(&snapshot));
        let name = environment.name.clone();
        vec![
            Action::Task(Task::blocking(format!("look at the keys of {name}"), move |task_context| {
                let sources = task_context.identities.get(env).map(IdentitySources::quietly).unwrap_or_default();
                Answer::Known(env, read_keys(&known, &environment, &sources))
            })),
            Action::Task(Task::once(format!("try the key of {name}'s cluster"), move |task_context| async move {
                Answer::Cluster(env, examine(&task_context, env, &name, snapshot).await)
            })),
        ]
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let (snapshot, ended) = current(scene);
        if snapshot.ptr_eq(&self.seen.0) && ended == self.seen.1 { Vec::new() } else { self.load(scene) }
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        let Ok(answer) = payload.downcast::<Answer>() else { return Vec::new() };
        match *answer {
            Answer::Known(env, known) if env == self.env => self.known.take(known.map(Some)),
            Answer::Cluster(env, examined) if env == self.env => self.cluster.take(examined.map(Some)),
            // The user has changed the environment meanwhile.
            Answer::Known(..) | Answer::Cluster(..) => {}
        }
        Vec::new()
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, scene: &Scene<'_>) -> Option<Vec<Action>> {
        *self = Self::new(env);
        Some(self.load(scene))
    }

    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        vec![line.and_then(PageLine::link).cloned().unwrap_or(CommandTarget::Environment(self.env))]
    }
}
