//! The effective settings.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::agreements::{self, AGREEMENTS, Agreement};
use super::file::{self, Outcome, Owner};
use super::layer::{EnvSettings, Layer, SettingOrigin, Sourced, set};
use super::own;
use super::variables;
use crate::model::{Fault, KubeContext, LessonMode};
use crate::programs::{XdgFolder, whole};
use crate::repo::git::Repository;
use crate::repo::{FileFault, Hints, contents};

/// The name of the shared file, at the repository's root.
pub const SHARED: &str = ".fluxdeck.toml";

/// The largest settings file, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// Holds the result of reading the repository's own settings.
#[derive(Debug, Default)]
pub struct SharedSettings {
    /// The faults in them, from the top.
    pub faults: Vec<FileFault>,
    /// Whether they cannot be parsed at all.
    pub is_unreadable: bool,
    /// The folders of the environments that they name, with the lines.
    pub paths: Vec<(String, String, Option<usize>)>,
}

/// Reads the settings of a repository alone; a missing file is not a fault.
pub fn shared(root: &Path) -> SharedSettings {
    let Ok(text) = contents::text(root, SHARED) else { return SharedSettings::default() };
    let Outcome { layer, findings, unreadable } = file::read(&text, Owner::Repository, SHARED, root, None);
    let paths = layer.envs.into_iter().filter_map(|(env, settings)| {
        let path = settings.path?;
        let line = if let SettingOrigin::Repository(line) = path.origin { Some(line) } else { None };
        Some((env, path.value, line))
    });
    SharedSettings { faults: findings, is_unreadable: unreadable, paths: paths.collect() }
}

/// Holds the settings of flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--theme NAME`.
    pub theme: Option<String>,
    /// `--ascii`.
    pub ascii: bool,
    /// `--mouse`.
    pub mouse: bool,
    /// `--read-only`.
    pub read_only: bool,
    /// `--env E --context C`: an environment and its context.
    pub contexts: Vec<(String, String)>,
    /// `--protect E`.
    pub protect: Vec<String>,
    /// `--unprotect E`: the only way to remove protection by a name, a server or a source.
    pub unprotect: Vec<String>,
    /// `--config FILE`: read in place of the personal file.
    pub config: Option<PathBuf>,
}

/// Holds the effective settings, each with its origin.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The theme's name; `terminal` takes the terminal's own colours.
    pub theme: Sourced<String>,
    /// Whether signs are ASCII; `None` leaves it to the locale.
    pub ascii: Sourced<Option<bool>>,
    /// Whether the mouse is used; off by default, because it disables text selection.
    pub mouse: Sourced<bool>,
    /// When lessons are shown in whole; `None` leaves it to the command that switches it.
    pub lessons: Sourced<Option<LessonMode>>,
    /// Whether all writes are refused.
    pub read_only: Sourced<bool>,
    /// The keys by the id of their command.
    pub keys: BTreeMap<String, Sourced<Vec<String>>>,
    /// The environments that any source names, with the merged settings of all sources.
    pub envs: BTreeMap<String, EnvSettings>,
    /// The plug-ins of age that may run even if only a file of the repository names them; personal.
    pub plugins: Vec<String>,
    /// The faults in the sources.
    pub findings: Vec<FileFault>,
    /// Whether a settings file could not be parsed; every environment is protected then, because the file may have
    /// required it.
    #[serde(skip)]
    pub unreadable: bool,
    #[serde(skip)]
    pub(super) flags: Flags,
    #[serde(skip)]
    by_variable: BTreeMap<String, EnvSettings>,
    /// The agreements for this repository.
    #[serde(skip)]
    agreed: Vec<Agreement>,
}

impl Settings {
    /// Reads the settings of this process, for a repository or for none.
    pub fn load(root: Option<&Path>, flags: &Flags) -> Self {
        // Names and values that are not UTF-8 are not settings.
        let variables: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::from_sources(root, flags, variables)
    }

    /// Reads the settings with these environment variables; `HOME` and `XDG_CONFIG_HOME` among them locate the personal
    /// file.
    pub fn from_sources(root: Option<&Path>, flags: &Flags, variables: Vec<(String, String)>) -> Self {
        let variable =
            |name: &str| variables.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value);
        let home = variable("HOME").and_then(whole);
        let base = |base: XdgFolder| base.path_from(|name| variable(name).map(Into::into));
        let personal = flags.config.clone().or_else(|| Some(base(XdgFolder::Config)?.join("fluxdeck/config.toml")));
        let shared = root.map(|root| root.join(SHARED));

        let mut outcomes = Vec::new();
        for (path, owner, is_wanted) in
            [(shared, Owner::Repository, false), (personal, Owner::Personal, flags.config.is_some())]
        {
            if let Some(path) = path {
                outcomes.push(open(&path, owner, is_wanted, home.as_deref()));
            }
        }
        let agreed = root
            .zip(base(XdgFolder::State))
            .map(|(root, state)| agreed(root, &state.join("fluxdeck").join(AGREEMENTS)));
        let (agreed, refused) = agreed.unwrap_or_default();
        let (from_variables, mut found) = variables::read(variables);
        found.extend(refused);
        let mut settings = Self::combine(outcomes, &from_variables, found, flags);
        settings.plugins.extend(agreed.iter().filter_map(|known| known.plugin().map(str::to_owned)));
        Self { agreed, ..settings }
    }

    /// Tells whether the user agreed that a context reaches an environment of this repository.
    pub(super) fn is_agreed(&self, environment: &str, context: &str) -> bool {
        self.agreed.iter().any(|known| known.is_to_context(environment, context))
    }

    fn combine(outcomes: Vec<Outcome>, from_variables: &Layer, findings: Vec<FileFault>, flags: &Flags) -> Self {
        let mut settings = Self {
            theme: Sourced::new("terminal".to_owned(), SettingOrigin::Default),
            ascii: Sourced::default(),
            mouse: Sourced::default(),
            lessons: Sourced::default(),
            read_only: Sourced::default(),
            keys: BTreeMap::new(),
            envs: BTreeMap::new(),
            plugins: Vec::new(),
            findings: Vec::new(),
            unreadable: false,
            flags: flags.clone(),
            by_variable: from_variables.envs.clone(),
            agreed: Vec::new(),
        };
        for outcome in outcomes {
            settings.unreadable |= outcome.unreadable;
            settings.findings.extend(outcome.findings);
            settings.general(&outcome.layer);
            for (name, over) in &outcome.layer.envs {
                settings.envs.entry(name.clone()).or_default().overlay(over);
            }
        }
        settings.findings.extend(findings);
        settings.general(from_variables);
        settings.general(&of_flags(flags));
        settings
    }

    /// Removes an unknown theme that the repository's file names, so that its writers cannot prevent the cockpit from
    /// starting. The user's own value stays, and is an error there.
    pub fn with_known_themes(&mut self, is_known: impl Fn(&str) -> bool) {
        let SettingOrigin::Repository(line) = self.theme.origin else { return };
        if is_known(&self.theme.value) {
            return;
        }
        let fault = Fault::failed(
            format!("the theme {} is ignored", self.theme.value),
            "no theme is called so",
            "`fluxdeck themes` lists them",
        );
        self.findings.push(FileFault::new(SHARED, Some(line), fault));
        self.theme = Sourced::new("terminal".to_owned(), SettingOrigin::Default);
    }

    fn general(&mut self, layer: &Layer) {
        let replace = |value: &mut Sourced<bool>, over: &Option<Sourced<bool>>| {
            if let Some(over) = over {
                *value = over.clone();
            }
        };
        if let Some(theme) = &layer.theme {
            self.theme = theme.clone();
        }
        if let Some(ascii) = &layer.ascii {
            self.ascii = Sourced::new(Some(ascii.value), ascii.origin.clone());
        }
        if let Some(lessons) = &layer.lessons {
            self.lessons = Sourced::new(Some(lessons.value), lessons.origin.clone());
        }
        replace(&mut self.mouse, &layer.mouse);
        if !self.read_only.value {
            replace(&mut self.read_only, &layer.read_only);
        }
        self.keys.extend(layer.keys.clone());
        self.plugins.extend(layer.plugins.iter().cloned());
    }

    /// Returns hints for the search of environments where the files do not show them, with the known contexts.
    pub fn hints(&self, contexts: &[KubeContext]) -> Hints {
        let named = |name: &String| Some((name.clone(), self.env(name).path?.value));
        let only = |names: &mut dyn Iterator<Item = &String>| names.next().cloned().filter(|_| names.next().is_none());
        Hints {
            paths: self.envs.keys().filter_map(named).collect(),
            setting: only(&mut self.envs.keys()),
            context: only(&mut contexts.iter().map(|context| &context.name)),
            repository: None,
        }
    }

    /// Returns the environments' own kubeconfig files.
    pub fn kubeconfigs(&self) -> Vec<PathBuf> {
        let of = self.envs.values().chain(self.by_variable.values());
        of.filter_map(|env| Some(env.kubeconfig.as_ref()?.value.clone())).collect()
    }

    /// Forgets them, because a flag replaces the kubeconfig.
    pub fn without_kubeconfigs(&mut self) {
        self.envs.values_mut().chain(self.by_variable.values_mut()).for_each(|env| env.kubeconfig = None);
    }

    /// Returns the merged settings of an environment.
    pub fn env(&self, name: &str) -> EnvSettings {
        let mut settings = self.envs.get(name).cloned().unwrap_or_default();
        if let Some(over) = self.by_variable.get(&variables::spelled(name)) {
            settings.overlay(over);
        }
        if let Some((_, context)) = self.flags.contexts.iter().rev().find(|(environment, _)| environment == name) {
            set(&mut settings.context, Some(&Sourced::new(context.clone(), SettingOrigin::Flag("context"))));
        }
        settings
    }
}

/// Returns the agreements for a repository, and the fault where they cannot be read.
fn agreed(root: &Path, file: &Path) -> (Vec<Agreement>, Option<FileFault>) {
    let (known, refused) = match agreements::read(file) {
        Ok(known) => (known, None),
        Err(error) => {
            let todo = "look at the file; until then nothing counts as agreed to";
            let fault = Fault::failed("what was agreed to cannot be read", error.to_string(), todo);
            (Vec::new(), Some(FileFault::new(&file.display().to_string(), None, fault)))
        }
    };
    (known.into_iter().filter(|known| known.is_of(root)).collect(), refused)
}

fn of_flags(flags: &Flags) -> Layer {
    let on = |given: bool, name: &'static str| given.then(|| Sourced::new(true, SettingOrigin::Flag(name)));
    Layer {
        theme: flags.theme.clone().map(|theme| Sourced::new(theme, SettingOrigin::Flag("theme"))),
        ascii: on(flags.ascii, "ascii"),
        mouse: on(flags.mouse, "mouse"),
        read_only: on(flags.read_only, "read-only"),
        ..Layer::default()
    }
}

/// Opens a settings file; a missing one is empty, unless the user named it.
fn open(path: &Path, owner: Owner, is_wanted: bool, home: Option<&Path>) -> Outcome {
    let shown = match owner {
        Owner::Repository => SHARED.to_owned(),
        Owner::Personal => path.display().to_string(),
    };
    let refuse = |why: String| Outcome {
        findings: vec![FileFault::new(
            &shown,
            None,
            Fault::failed(
                "the settings cannot be read",
                why,
                "look at the file; until then every environment is protected",
            ),
        )],
        unreadable: true,
        ..Outcome::default()
    };
    let folder = path.parent().unwrap_or(path);
    let opened = match owner {
        // A link out of the repository is not followed, and a pipe is not waited for.
        Owner::Repository => contents::at_most(folder, SHARED, SIZE_LIMIT),
        Owner::Personal => own::read(path),
    };
    let bytes = match opened {
        Ok(bytes) => bytes,
        Err(error)
            if error.kind() == std::io::ErrorKind::NotFound && !is_wanted && path.symlink_metadata().is_err() =>
        {
            return Outcome::default();
        }
        Err(error) => return refuse(error.to_string()),
    };
    if let Some(why) = foreign(path, owner) {
        return refuse(why);
    }
    match String::from_utf8(bytes) {
        Ok(text) => file::read(&text, owner, &shown, folder, home),
        Err(_) => refuse("it is not UTF-8 text".to_owned()),
    }
}

/// Reports the owner of a file where it is neither this user's nor root's: others' text is not the user's setting.
///
/// A repository of another user that git was told to trust (`safe.directory`) may have its own settings.
fn foreign(path: &Path, owner: Owner) -> Option<String> {
    let data = path.metadata().ok()?;
    if own::is_ours(data.uid()) {
        return None;
    }
    if owner == Owner::Repository
        && let Some(root) = path.parent()
        && root.metadata().is_ok_and(|folder| folder.uid() == data.uid())
        && Repository::discover(root).is_ok()
    {
        return None;
    }
    Some(own::foreign(data.uid()))
}
