//! The settings that are in force.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::agreements::{self, AGREEMENTS, Agreement};
use super::file::{self, Outcome, Owner};
use super::layer::{EnvSettings, Layer, Origin, Sourced, set};
use super::variables;
use crate::model::Fault;
use crate::repo::Finding;

/// The name of the shared file, at the repository's root.
pub(super) const SHARED: &str = ".fluxdeck.toml";

/// Settings files above this size are not read.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// Holds what flags set.
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
    /// `--unprotect E`: the one way to take away protection that a name, a server or a source gave.
    pub unprotect: Vec<String>,
    /// `--config FILE`: read in place of the personal file.
    pub config: Option<PathBuf>,
}

/// Holds the settings that are in force, each with where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The theme's name; `terminal` takes the terminal's own colours.
    pub theme: Sourced<String>,
    /// Whether signs are ASCII; `None` leaves it to the locale.
    pub ascii: Sourced<Option<bool>>,
    /// Whether the mouse is used; off unless asked for, because it takes text selection away.
    pub mouse: Sourced<bool>,
    /// Whether everything that writes is refused.
    pub read_only: Sourced<bool>,
    /// Keys by the id of their command.
    pub keys: BTreeMap<String, Sourced<Vec<String>>>,
    /// Environments that any source names, with what all sources together say of them.
    pub envs: BTreeMap<String, EnvSettings>,
    /// The plug-ins of age that may run though a file of the repository alone names them; personal.
    pub plugins: Vec<String>,
    /// What is wrong with the sources.
    pub findings: Vec<Finding>,
    /// Whether a settings file could not be understood; every environment is protected then, because it may have said so.
    #[serde(skip)]
    pub unreadable: bool,
    #[serde(skip)]
    pub(super) flags: Flags,
    #[serde(skip)]
    by_variable: BTreeMap<String, EnvSettings>,
    /// What was agreed to for this repository: environments and their contexts.
    #[serde(skip)]
    agreed: Vec<(String, String)>,
}

impl Settings {
    /// Reads the settings of this process for a repository (or for none).
    pub fn load(root: Option<&Path>, flags: &Flags) -> Self {
        // Names and values that are not UTF-8 cannot be settings.
        let variables: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::from_sources(root, flags, variables)
    }

    /// Reads the settings with these environment variables; `HOME` and `XDG_CONFIG_HOME` among them say where the personal file is.
    pub fn from_sources(root: Option<&Path>, flags: &Flags, variables: Vec<(String, String)>) -> Self {
        let variable =
            |name: &str| variables.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value);
        let home = variable("HOME").map(PathBuf::from);
        let base = variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".config")));
        let personal = flags.config.clone().or_else(|| Some(base?.join("fluxdeck/config.toml")));
        let shared = root.map(|root| root.join(SHARED));

        let mut outcomes = Vec::new();
        for (path, owner, is_wanted) in
            [(shared, Owner::Repository, false), (personal, Owner::Personal, flags.config.is_some())]
        {
            if let Some(path) = path {
                outcomes.push(open(&path, owner, is_wanted, home.as_deref()));
            }
        }
        let state = variable("XDG_STATE_HOME").map(PathBuf::from).or_else(|| Some(home?.join(".local/state")));
        let agreed = root.zip(state).map(|(root, state)| agreed(root, &state.join("fluxdeck").join(AGREEMENTS)));
        let (from_variables, found) = variables::read(variables);
        Self { agreed: agreed.unwrap_or_default(), ..Self::combine(outcomes, &from_variables, found, flags) }
    }

    /// Tells whether the operator agreed that an environment of this repository is reached by a context.
    pub(super) fn is_agreed(&self, environment: &str, context: &str) -> bool {
        self.agreed.iter().any(|(known, by)| known == environment && by == context)
    }

    fn combine(outcomes: Vec<Outcome>, from_variables: &Layer, findings: Vec<Finding>, flags: &Flags) -> Self {
        let mut settings = Self {
            theme: Sourced::new("terminal".to_owned(), Origin::Default),
            ascii: Sourced::default(),
            mouse: Sourced::default(),
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
        replace(&mut self.mouse, &layer.mouse);
        if !self.read_only.value {
            replace(&mut self.read_only, &layer.read_only);
        }
        self.keys.extend(layer.keys.clone());
        self.plugins.extend(layer.plugins.iter().cloned());
    }

    /// Returns what all sources say of an environment.
    pub fn env(&self, name: &str) -> EnvSettings {
        let mut settings = self.envs.get(name).cloned().unwrap_or_default();
        if let Some(over) = self.by_variable.get(&variables::spelled(name)) {
            settings.overlay(over);
        }
        if let Some((_, context)) = self.flags.contexts.iter().rev().find(|(environment, _)| environment == name) {
            set(&mut settings.context, Some(&Sourced::new(context.clone(), Origin::Flag("context"))));
        }
        settings
    }
}

/// Returns what was agreed to for a repository: environments and their contexts.
fn agreed(root: &Path, file: &Path) -> Vec<(String, String)> {
    let known = agreements::read(file);
    let here = |known: &Agreement| *known == Agreement::new(root, &known.env, &known.context);
    known.into_iter().filter(here).map(|known| (known.env, known.context)).collect()
}

fn of_flags(flags: &Flags) -> Layer {
    let on = |given: bool, name: &'static str| given.then(|| Sourced::new(true, Origin::Flag(name)));
    Layer {
        theme: flags.theme.clone().map(|theme| Sourced::new(theme, Origin::Flag("theme"))),
        ascii: on(flags.ascii, "ascii"),
        mouse: on(flags.mouse, "mouse"),
        read_only: on(flags.read_only, "read-only"),
        ..Layer::default()
    }
}

/// Opens a settings file; one that does not exist says nothing, unless it was asked for by name.
fn open(path: &Path, owner: Owner, is_wanted: bool, home: Option<&Path>) -> Outcome {
    let shown = match owner {
        Owner::Repository => SHARED.to_owned(),
        Owner::Personal => path.display().to_string(),
    };
    let refuse = |why: String| Outcome {
        findings: vec![Finding::new(
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
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_wanted => return Outcome::default(),
        Err(error) => return refuse(error.to_string()),
        Ok(data) if !data.is_file() || data.len() > SIZE_LIMIT => {
            return refuse("it is no file, or too large".to_owned());
        }
        Ok(_) => {}
    }
    match std::fs::read_to_string(path) {
        Ok(text) => file::read(&text, owner, &shown, path.parent().unwrap_or(path), home),
        Err(error) => refuse(error.to_string()),
    }
}
