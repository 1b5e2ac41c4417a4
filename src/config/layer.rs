//! The settings of one source, and the origin of each value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::settings::SHARED;
use crate::model::LessonMode;
use crate::programs::CommandLine;

/// Names the origin of a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SettingOrigin {
    /// No source sets it.
    #[default]
    Default,
    /// A rule of fluxdeck's own, in words.
    Rule(String),
    /// The user's own file: its displayed name, and the line from 1.
    File(String, usize),
    /// The repository's file, which others write, and the line from 1.
    Repository(usize),
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl SettingOrigin {
    /// Tells whether the user set it, in a source that only the user controls.
    pub fn is_own(&self) -> bool {
        match self {
            Self::File(..) | Self::Variable(_) | Self::Flag(_) => true,
            Self::Default | Self::Rule(_) | Self::Repository(_) => false,
        }
    }
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::Rule(rule) => formatter.write_str(rule),
            Self::File(file, line) => write!(formatter, "{file}:{line}"),
            Self::Repository(line) => write!(formatter, "{SHARED}:{line}"),
            Self::Variable(name) => write!(formatter, "${name}"),
            Self::Flag(name) => write!(formatter, "--{name}"),
        }
    }
}

impl Serialize for SettingOrigin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Holds a value with its origin.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// The origin.
    pub origin: SettingOrigin,
}

impl<T> Sourced<T> {
    /// Combines a value with its origin.
    pub fn new(value: T, origin: SettingOrigin) -> Self {
        Self { value, origin }
    }
}

/// Holds the settings of one environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EnvSettings {
    /// The kube context for its cluster.
    pub context: Option<Sourced<String>>,
    /// The separate kubeconfig file with that context; personal.
    pub kubeconfig: Option<Sourced<PathBuf>>,
    /// The namespaces to list in where the server forbids listing all of them.
    pub namespaces: Option<Sourced<Vec<String>>>,
    /// The folder of the repository that Flux syncs to it, where the files do not show that.
    pub path: Option<Sourced<String>>,
    /// A file with age identities; personal.
    pub age_key_file: Option<Sourced<PathBuf>>,
    /// A command that prints age identities; personal.
    pub age_key_command: Option<Sourced<CommandLine>>,
    /// Whether a source protects it; see `Settings::protection` for the result.
    pub protected: Option<Sourced<bool>>,
    /// The colour that marks it.
    pub colour: Option<Sourced<String>>,
    /// The position: lower comes first.
    pub order: Option<Sourced<i64>>,
}

impl EnvSettings {
    /// Overlays the settings of another source; protection is added and never removed.
    pub(super) fn overlay(&mut self, over: &Self) {
        set(&mut self.context, over.context.as_ref());
        set(&mut self.kubeconfig, over.kubeconfig.as_ref());
        set(&mut self.namespaces, over.namespaces.as_ref());
        set(&mut self.path, over.path.as_ref());
        set(&mut self.age_key_file, over.age_key_file.as_ref());
        set(&mut self.age_key_command, over.age_key_command.as_ref());
        set(&mut self.colour, over.colour.as_ref());
        set(&mut self.order, over.order.as_ref());
        if !self.protected.as_ref().is_some_and(|known| known.value) {
            set(&mut self.protected, over.protected.as_ref());
        }
    }
}

/// Holds the settings of one source.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) theme: Option<Sourced<String>>,
    pub(super) ascii: Option<Sourced<bool>>,
    pub(super) mouse: Option<Sourced<bool>>,
    pub(super) lessons: Option<Sourced<LessonMode>>,
    pub(super) read_only: Option<Sourced<bool>>,
    pub(super) keys: BTreeMap<String, Sourced<Vec<String>>>,
    pub(super) envs: BTreeMap<String, EnvSettings>,
    /// The plug-ins of age that may run.
    pub(super) plugins: Vec<String>,
}

/// Replaces a value where another source sets it.
pub(super) fn set<T: Clone>(value: &mut Option<Sourced<T>>, over: Option<&Sourced<T>>) {
    if let Some(over) = over {
        *value = Some(over.clone());
    }
}
