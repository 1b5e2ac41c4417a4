//! Environments: the cluster of a fact, a row or an effect.

use std::fmt;

use serde::{Serialize, Serializer};

/// Identifies an environment by its place in the order of environments; small and `Copy`, so that every message can
/// carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Env(pub u8);

impl Env {
    /// Returns the index of the environment in every [`PerEnv`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Describes an environment: a folder that Flux syncs, a kube context, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// The identity that rows and effects carry.
    #[serde(skip)]
    pub env: Env,
    /// The name for the operator: the part of the folder's path that differs from the others'.
    #[serde(rename = "env")]
    pub name: String,
    /// The kube context that reaches its cluster; `None` if there is none.
    pub context: Option<String>,
    /// Whether writes to it need a confirmation.
    pub protected: bool,
    /// The reason for that; `None` if they need none.
    pub protected_by: Option<Protection>,
    /// The folder below the repository's root, with `/`, such as `clusters/staging`; `None` without a repository.
    pub path: Option<String>,
    /// The age recipients of its `.sops.yaml`.
    pub recipients: Vec<String>,
    /// The colour that marks it, by its name in the theme; personal choice.
    #[serde(skip)]
    pub colour: Option<String>,
}

/// Explains why an environment is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protection {
    /// A rule or a setting, in words.
    Because(String),
    /// Its context is named by the repository alone, and the operator has not agreed to it.
    Unagreed(String),
}

impl fmt::Display for Protection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Because(reason) => formatter.write_str(reason),
            Self::Unagreed(context) => write!(formatter, "the context {context}, which only the repository names"),
        }
    }
}

impl Serialize for Protection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Holds one `T` per environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerEnv<T>(Vec<T>);

impl<T> Default for PerEnv<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> PerEnv<T> {
    /// Builds the values from a function called once per environment, in order.
    pub fn from_fn(count: usize, mut make: impl FnMut(Env) -> T) -> Self {
        Self((0..count).map(|index| make(Env(u8::try_from(index).unwrap_or(u8::MAX)))).collect())
    }

    /// Returns the value of an environment; `None` if the environment is not one of these.
    pub fn get(&self, env: Env) -> Option<&T> {
        self.0.get(env.index())
    }

    /// Returns the value of an environment for changing.
    pub fn get_mut(&mut self, env: Env) -> Option<&mut T> {
        self.0.get_mut(env.index())
    }

    /// Iterates over the environments and their values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Env, &T)> {
        self.0.iter().enumerate().map(|(index, value)| (Env(u8::try_from(index).unwrap_or(u8::MAX)), value))
    }

    /// Iterates over the environments and their values for changing, in order.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (Env, &mut T)> {
        self.0.iter_mut().enumerate().map(|(index, value)| (Env(u8::try_from(index).unwrap_or(u8::MAX)), value))
    }

    /// Returns the number of environments.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is no environment.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
