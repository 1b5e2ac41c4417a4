//! The available private keys: age identities and SSH keys, held in memory only.

use age::secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::locked::{LockedKey, Tried, same_ssh, try_one};
use super::post_quantum;
use super::prompts::Prompts;
use super::recipients::Wrapped;
use crate::secret::Secret;
use crate::sops::error::SopsError;

/// Names the identity that opened a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opener {
    /// The public key that opened the file; `None` before that.
    pub recipient: Option<String>,
    /// The origin of the identity: a file's path, the name of a variable, or pasted text.
    pub source: String,
}

/// A private key that works without a question.
struct Key {
    identity: Box<dyn age::Identity + Send + Sync>,
    opener: Opener,
}

/// Holds the private keys for opening files, and their public keys for messages.
#[derive(Default)]
pub struct Identities {
    keys: Vec<Key>,
    /// Identities that are tried only if none of the keys fits: they prompt the operator.
    locked: Vec<LockedKey>,
    recipients: Vec<String>,
    /// The texts of the age keys, each with its public key: a cluster is given its own.
    texts: Vec<(String, Secret)>,
    problems: Vec<String>,
    prompts: Prompts,
}

impl Identities {
    /// Begins with none; locked identities use these prompts.
    pub(in crate::sops) fn asking(prompts: &Prompts) -> Self {
        Self { prompts: prompts.clone(), ..Self::default() }
    }

    /// Reads pasted or generated identities: one age key a line (`#` begins a comment), or one SSH private key.
    ///
    /// # Errors
    /// Names the line of anything else, never its content.
    pub fn from_text(text: &Secret) -> Result<Self, String> {
        let mut identities = Self::default();
        identities.read("what was pasted", text.expose().as_bytes());
        match identities.problems.first() {
            Some(problem) => Err(problem.trim_start_matches("what was pasted, ").to_owned()),
            None => Ok(identities),
        }
    }

    /// Returns the public keys of the available identities; those of locked ones are known once they are opened.
    pub fn recipients(&self) -> &[String] {
        &self.recipients
    }

    /// Returns the private key of an age recipient in the form of a key file, if it is available.
    pub fn key_of(&self, recipient: &str) -> Option<&Secret> {
        self.texts.iter().find(|(known, _)| known == recipient).map(|(_, text)| text)
    }

    /// Returns only the age keys of these recipients.
    #[must_use]
    pub fn only(&self, recipients: &[String]) -> Self {
        let mut found = Self::default();
        for (recipient, text) in self.texts.iter().filter(|(recipient, _)| recipients.contains(recipient)) {
            let source = self.source_of(recipient).unwrap_or_default().to_owned();
            // It was read once already.
            let _added = found.add_age(text.expose(), &source);
        }
        found
    }

    /// Returns the origin of a public key's identity.
    pub fn source_of(&self, recipient: &str) -> Option<&str> {
        let held = self.keys.iter().find(|key| key.opener.recipient.as_deref() == Some(recipient))?;
        Some(&held.opener.source)
    }

    /// Opens the identity files with a passphrase, which prompts for it.
    pub fn unseal(&mut self) {
        let prompts = self.prompts.clone();
        let found: Vec<Self> = self.locked.iter().filter_map(|locked| locked.identities(&prompts)).collect();
        for one in found {
            self.merge(one);
        }
    }

    /// Returns the unusable ones, with the reason, such as a missing key file.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Names the identities that are used only if nothing else fits: they need a passphrase or the answer of a plug-in.
    pub fn locked(&self) -> Vec<String> {
        self.locked.iter().map(LockedKey::description).collect()
    }

    /// Tells whether there is no identity at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.locked.is_empty()
    }

    /// Adds the identities of another set.
    pub fn merge(&mut self, other: Self) {
        if self.is_empty() {
            self.prompts = other.prompts;
        }
        self.keys.extend(other.keys);
        self.locked.extend(other.locked);
        self.texts.extend(other.texts);
        self.recipients
            .extend(other.recipients.into_iter().filter(|one| !self.recipients.contains(one)).collect::<Vec<_>>());
        self.problems.extend(other.problems);
    }

    /// Notes an unusable identity.
    pub(in crate::sops) fn note(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// Reads the content of a file, a variable or the output of a command. An unusable part is noted, and hides no
    /// other.
    pub(in crate::sops) fn read(&mut self, source: &str, bytes: &[u8]) {
        if let Some(locked) = LockedKey::file(bytes, source) {
            self.locked.push(locked);
            return;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.note(format!("{source} holds something that is neither text nor an age file"));
            return;
        };
        if text.trim_start().starts_with("-----BEGIN") {
            if let Err(why) = self.add_ssh(text, source) {
                self.note(format!("{source}, {why}"));
            }
            return;
        }
        for (line, number) in text.lines().zip(1_usize..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // SOPS_AGE_KEY may hold several on one line.
            for word in line.split_whitespace() {
                if let Err(why) = self.add_age(word, source) {
                    self.note(format!("{source}, line {number}: {why}"));
                }
            }
        }
    }

    fn add_age(&mut self, word: &str, source: &str) -> Result<(), String> {
        if word.starts_with("AGE-PLUGIN-") {
            let locked = LockedKey::plugin(word, source);
            // The operator's own identity of a plug-in is an agreement to it.
            super::plugins::agree_to_plugins(locked.as_ref().and_then(LockedKey::plugin_name).map(str::to_owned));
            self.locked.push(locked.ok_or_else(|| "it is a damaged identity of an age plug-in".to_owned())?);
            return Ok(());
        }
        if word.starts_with(post_quantum::PRIVATE) {
            let wrong = |why| format!("it is not a post-quantum age key ({}…): {why}", post_quantum::PRIVATE);
            let identity: post_quantum::Identity = word.parse().map_err(wrong)?;
            let recipient = identity.to_public().to_string();
            self.texts.push((recipient.clone(), Secret::new(word)));
            self.add(Box::new(identity), Some(recipient), source);
            return Ok(());
        }
        let identity: age::x25519::Identity =
            word.parse().map_err(|_| "it is not an age key (AGE-SECRET-KEY-1…)".to_owned())?;
        let recipient = identity.to_public().to_string();
        self.texts.push((recipient.clone(), Secret::new(word)));
        self.add(Box::new(identity), Some(recipient), source);
        Ok(())
    }

    fn add(&mut self, identity: Box<dyn age::Identity + Send + Sync>, recipient: Option<String>, source: &str) {
        if let Some(recipient) = recipient.iter().find(|one| !self.recipients.contains(one)) {
            self.recipients.push(recipient.clone());
        }
        self.keys.push(Key { identity, opener: Opener { recipient, source: source.to_owned() } });
    }

    fn add_ssh(&mut self, text: &str, source: &str) -> Result<(), String> {
        let unreadable = |_| "it is not an SSH private key that age can use".to_owned();
        let identity = age::ssh::Identity::from_buffer(text.as_bytes(), None).map_err(unreadable)?;
        match &identity {
            age::ssh::Identity::Unencrypted(_) => {
                let recipient = age::ssh::Recipient::try_from(identity.clone()).ok();
                self.add(Box::new(identity), recipient.map(|recipient| recipient.to_string()), source);
            }
            age::ssh::Identity::Encrypted(key) => self.locked.push(LockedKey::ssh(key, &Secret::new(text), source)),
            age::ssh::Identity::Unsupported(_) => return Err("age cannot use an SSH key of this type".to_owned()),
        }
        Ok(())
    }

    /// Unwraps a data key, or a part of one, with any identity that fits one of its wrappings: first those that need no
    /// prompt.
    pub(in crate::sops) fn unwrap(&self, wrapped: &[Wrapped]) -> Result<(Zeroizing<Vec<u8>>, Opener), SopsError> {
        let is_named = |key: &&Key| {
            let recipient = key.opener.recipient.as_deref();
            wrapped.iter().any(|one| recipient.is_some_and(|recipient| same_ssh(&one.recipient, recipient)))
        };
        let mut damage = None;
        for key in self.keys.iter().filter(is_named).chain(self.keys.iter().filter(|key| !is_named(key))) {
            match try_one(key.identity.as_ref(), key.opener.clone(), wrapped) {
                Tried::Opened(bytes, opener) => return Ok((bytes, opener)),
                Tried::Failed(why) => damage = Some(why),
                Tried::Unfit | Tried::Unanswered => {}
            }
        }
        self.ask(wrapped).map_err(|error| match (error, damage) {
            (SopsError::WrongKey { .. }, Some(why)) => SopsError::DataKey(why),
            (error, _) => error,
        })
    }

    /// Tries the identities that prompt the operator, the likeliest first.
    fn ask(&self, wrapped: &[Wrapped]) -> Result<(Zeroizing<Vec<u8>>, Opener), SopsError> {
        let mut ranked: Vec<(u8, &LockedKey)> =
            self.locked.iter().filter_map(|locked| Some((locked.rank(wrapped)?, locked))).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let (mut unanswered, mut failures) = (Vec::new(), Vec::new());
        for (_, locked) in ranked {
            match locked.try_on(wrapped, &self.prompts) {
                Tried::Opened(bytes, opener) => return Ok((bytes, opener)),
                Tried::Unanswered => unanswered.push(locked.description()),
                Tried::Failed(why) => failures.push(why),
                Tried::Unfit => {}
            }
        }
        let recipients = || wrapped.iter().map(|one| one.recipient.clone()).collect();
        Err(match (unanswered.is_empty(), failures.is_empty()) {
            (false, _) => SopsError::Unanswered { identities: unanswered },
            (true, false) => SopsError::LockedKey { recipients: recipients(), why: failures.join("; ") },
            (true, true) => SopsError::WrongKey { recipients: recipients(), at_hand: self.recipients.clone() },
        })
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Identities").field("recipients", &self.recipients).finish_non_exhaustive()
    }
}

/// Selects the kind of age key to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// X25519 (`age1…`), which every version of age opens.
    Classic,
    /// ML-KEM-768 with X25519 (`age1pq1…`), which age 1.3 and later open.
    PostQuantum,
}

impl KeyKind {
    /// Returns the kind of an age recipient by its prefix.
    pub fn from_recipient(recipient: &str) -> Self {
        if recipient.starts_with(post_quantum::PUBLIC) { Self::PostQuantum } else { Self::Classic }
    }

    /// Generates a new age identity; returns its text, in the form of a key file, and its public key.
    pub fn generate(self) -> (Secret, String) {
        match self {
            Self::Classic => {
                let identity = age::x25519::Identity::generate();
                (Secret::new(identity.to_string().expose_secret()), identity.to_public().to_string())
            }
            Self::PostQuantum => {
                let identity = post_quantum::Identity::generate();
                (identity.text(), identity.to_public().to_string())
            }
        }
    }
}

/// Generates a new classic age identity; returns its text, in the form of a key file, and its public key.
pub fn generate() -> (Secret, String) {
    KeyKind::Classic.generate()
}

#[cfg(test)]
mod tests {
    use super::{Identities, generate};
    use crate::secret::Secret;

    #[test]
    fn a_key_file_is_read_with_comments_blank_lines_and_carriage_returns() {
        let (one, first) = generate();
        let (two, second) = generate();
        let text = Secret::new(format!("# created today\r\n\r\n{}\r\n{}\r\n", one.expose(), two.expose()));
        assert_eq!(Identities::from_text(&text).unwrap().recipients(), [first, second]);
    }

    #[test]
    fn what_is_no_key_is_named_by_its_line_alone() {
        let error = Identities::from_text(&Secret::new("# a\nhunter2\n")).unwrap_err();
        assert_eq!(error, "line 2: it is not an age key (AGE-SECRET-KEY-1…)");
    }

    #[test]
    fn debug_shows_public_keys_only() {
        let (text, recipient) = generate();
        let debug = format!("{:?}", Identities::from_text(&text).unwrap());
        assert!(debug.contains(&recipient) && !debug.contains("SECRET"));
    }
}
