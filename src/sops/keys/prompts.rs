//! Questions that an identity needs answered before it can be used: a passphrase, the PIN of a plug-in.
//!
//! One [`Prompts`] belongs to a session. A headless one prompts on the terminal at once; in the cockpit a task cannot
//! prompt, so the question is noted, the file stays closed, and the view that shows the reason asks the operator and
//! tries again. Opened identities are kept in memory until the session ends, so that the same question comes once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use age::secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

/// Describes a question to the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPrompt {
    /// The text of the question, such as "passphrase of /home/maria/keys.age".
    pub text: String,
    /// Whether the input must be hidden.
    pub hidden: bool,
}

/// Prompts a user who can answer at once.
pub trait Asker: Send + Sync {
    /// Asks; `None` without an answer.
    fn ask(&self, question: &SecretPrompt) -> Option<Secret>;

    /// Shows a message that needs no answer.
    fn tell(&self, text: &str);
}

/// Identifies a locked identity by the hash of its bytes.
pub(in crate::sops) type Seal = [u8; 32];

/// Holds an opened identity.
#[derive(Clone)]
pub(in crate::sops) enum Unsealed {
    /// The text of an encrypted identity file.
    Text(Arc<Secret>),
    /// An SSH key without its passphrase.
    Ssh(age::ssh::Identity),
}

#[derive(Default)]
struct State {
    answers: Vec<(SecretPrompt, Secret)>,
    open: Vec<SecretPrompt>,
    said: Option<String>,
    unsealed: Vec<(Seal, Unsealed)>,
    given: Vec<(String, Secret)>,
}

#[derive(Default)]
struct Inner {
    asker: Option<Box<dyn Asker>>,
    state: Mutex<State>,
}

/// Holds the asker, the answers, and the opened identities; copies share them.
#[derive(Clone, Default)]
pub struct Prompts {
    inner: Arc<Inner>,
    quiet: bool,
}

impl Prompts {
    /// Builds prompts that ask a user at once.
    pub fn from_asker(asker: impl Asker + 'static) -> Self {
        Self { inner: Arc::new(Inner { asker: Some(Box::new(asker)), ..Inner::default() }), quiet: false }
    }

    /// Returns prompts that know the opened identities and ask nothing: for background work.
    #[must_use]
    pub fn quietly(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), quiet: true }
    }

    /// Tells whether the prompts ask nothing.
    pub(in crate::sops) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Stores the answer to a noted question, for its next prompt.
    pub fn answer(&self, question: &SecretPrompt, answer: Secret) {
        let mut state = self.state();
        state.open.retain(|open| open != question);
        state.answers.retain(|(known, _)| known != question);
        state.answers.push((question.clone(), answer));
    }

    /// Adds a key for the rest of the session, with its origin.
    pub fn give(&self, source: &str, key: Secret) {
        self.state().given.push((source.to_owned(), key));
    }

    /// Returns the added keys.
    pub(in crate::sops) fn given(&self) -> Vec<(String, Secret)> {
        self.state().given.iter().map(|(source, key)| (source.clone(), key.duplicate())).collect()
    }

    /// Takes the unanswered questions, each once.
    pub fn take_open(&self) -> Vec<SecretPrompt> {
        std::mem::take(&mut self.state().open)
    }

    /// Returns the unanswered questions.
    pub(in crate::sops) fn open(&self) -> Vec<SecretPrompt> {
        self.state().open.clone()
    }

    /// Returns the instruction of a plug-in to the operator, such as to touch a key.
    pub fn instruction(&self) -> Option<String> {
        self.state().said.clone()
    }

    /// Shows a message to the operator; an empty text ends it.
    pub(in crate::sops) fn say(&self, text: &str) {
        let text = (!text.is_empty()).then(|| text.to_owned());
        if let (Some(text), Some(asker)) = (&text, &self.inner.asker) {
            asker.tell(text);
        }
        self.state().said = text;
    }

    /// Asks; uses a stored answer once.
    pub(in crate::sops) fn ask(&self, question: &SecretPrompt) -> Option<Secret> {
        if self.quiet {
            return None;
        }
        let mut state = self.state();
        if let Some(at) = state.answers.iter().position(|(known, _)| known == question) {
            return Some(state.answers.swap_remove(at).1);
        }
        // Without the lock: the user takes time to answer.
        drop(state);
        let answer = self.inner.asker.as_ref().and_then(|asker| asker.ask(question));
        let mut state = self.state();
        if answer.is_none() && !state.open.contains(question) {
            state.open.push(question.clone());
        }
        answer
    }

    /// Tells whether the user can correct a wrong answer at once.
    pub(in crate::sops) fn is_live(&self) -> bool {
        self.inner.asker.is_some() && !self.quiet
    }

    /// Returns the identity with these bytes, if it was opened before.
    pub(in crate::sops) fn unsealed(&self, seal: &Seal) -> Option<Unsealed> {
        self.state().unsealed.iter().find(|(known, _)| known == seal).map(|(_, unsealed)| unsealed.clone())
    }

    /// Keeps an opened identity.
    pub(in crate::sops) fn keep(&self, seal: Seal, unsealed: Unsealed) {
        self.state().unsealed.push((seal, unsealed));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Prompts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Prompts").field("open", &self.state().open).finish_non_exhaustive()
    }
}

/// Copies are equal.
impl PartialEq for Prompts {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) && self.quiet == other.quiet
    }
}

impl Eq for Prompts {}

/// Returns the hash that identifies a locked identity.
pub(in crate::sops) fn seal(bytes: &[u8]) -> Seal {
    Sha256::digest(bytes).into()
}

/// Prompts for a plug-in, with its name before each question.
#[derive(Clone)]
pub(in crate::sops) struct PluginPrompts {
    pub(in crate::sops) prompts: Prompts,
    pub(in crate::sops) plugin: String,
}

impl PluginPrompts {
    fn question(&self, text: &str, hidden: bool) -> SecretPrompt {
        // The text of a plug-in goes to the screen.
        let text: String = text.chars().filter(|character| !character.is_control()).collect();
        SecretPrompt { text: format!("age-plugin-{}: {}", self.plugin, text.trim()), hidden }
    }
}

impl age::Callbacks for PluginPrompts {
    fn display_message(&self, message: &str) {
        self.prompts.say(&self.question(message, false).text);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let choice = no.map_or_else(|| yes.to_owned(), |no| format!("{yes} or {no}"));
        let answer = self.prompts.ask(&self.question(&format!("{message} ({choice})"), false))?;
        let answer = answer.expose().trim().to_lowercase();
        Some(answer == yes.to_lowercase() || matches!(answer.as_str(), "y" | "yes"))
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.prompts.ask(&self.question(description, false)).map(|answer| answer.expose().to_owned())
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        self.prompts.ask(&self.question(description, true)).map(|answer| SecretString::from(answer.expose().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Prompts, SecretPrompt};
    use crate::secret::Secret;

    #[test]
    fn an_answer_is_taken_once_and_a_question_noted_once() {
        let question = SecretPrompt { text: "PIN".to_owned(), hidden: true };
        let prompts = Prompts::default();
        assert!(prompts.ask(&question).is_none() && prompts.clone().ask(&question).is_none());
        assert_eq!(prompts.take_open(), std::slice::from_ref(&question));
        assert!(prompts.take_open().is_empty());
        prompts.answer(&question, Secret::new("1234"));
        assert_eq!(prompts.ask(&question), Some(Secret::new("1234")));
        // A PIN that was wrong must not be sent again and again: three wrong ones lock a hardware key.
        assert_eq!(prompts.ask(&question), None);
        assert!(!format!("{prompts:?}").contains("1234"));
    }
}
