//! What one source says, and where a value came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::settings::SHARED;
use crate::programs::CommandLine;

/// Says where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SettingOrigin {
    /// Nobody said anything.
    #[default]
    Default,
    /// A rule of fluxdeck's own, in words.
    Rule(String),
    /// The operator's own file: as it is shown, and the line counted from 1.
    File(String, usize),
    /// The repository's file, which others write, and the line counted from 1.
    Repository(usize),
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl SettingOrigin {
    /// Tells whether the operator said it, in a source that is nobody else's.
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

/// Holds a value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: SettingOrigin,
}

impl<T> Sourced<T> {
    /// Joins a value with where it came from.
    pub fn new(value: T, origin: SettingOrigin) -> Self {
        Self { value, origin }
    }
}

/// Holds what is set for one environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EnvSettings {
    /// The kube context that reaches its cluster.
    pub context: Option<Sourced<String>>,
    /// The kubeconfig file that holds that context, where it stands apart from the others; personal.
    pub kubeconfig: Option<Sourced<PathBuf>>,
    /// Namespaces to look into where the server does not let us list all of them.
    pub namespaces: Option<Sourced<Vec<String>>>,
    /// The folder of the repository that Flux syncs to it, where that cannot be told from the files.
    pub path: Option<Sourced<String>>,
    /// A file with age identities; personal.
    pub age_key_file: Option<Sourced<PathBuf>>,
    /// A command that prints age identities; personal.
    pub age_key_command: Option<Sourced<CommandLine>>,
    /// Whether a source protects it; see `Settings::protection` for what comes of it.
    pub protected: Option<Sourced<bool>>,
    /// The colour that marks it.
    pub colour: Option<Sourced<String>>,
    /// Its place: lower comes first.
    pub order: Option<Sourced<i64>>,
}

impl EnvSettings {
    /// Lays what another source says over this; protection is added and never taken away.
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

/// Holds what one source says.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) theme: Option<Sourced<String>>,
    pub(super) ascii: Option<Sourced<bool>>,
    pub(super) mouse: Option<Sourced<bool>>,
    pub(super) read_only: Option<Sourced<bool>>,
    pub(super) keys: BTreeMap<String, Sourced<Vec<String>>>,
    pub(super) envs: BTreeMap<String, EnvSettings>,
    /// The plug-ins of age that may run.
    pub(super) plugins: Vec<String>,
}

/// Replaces a value where another source says one.
pub(super) fn set<T: Clone>(value: &mut Option<Sourced<T>>, over: Option<&Sourced<T>>) {
    if let Some(over) = over {
        *value = Some(over.clone());
    }
}
