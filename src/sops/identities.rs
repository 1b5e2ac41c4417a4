//! The private keys at hand: age identities and SSH keys, held in memory only.

use age::secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::error::SopsError;
use super::recipients;
use crate::secret::Secret;

/// Holds the private keys that can be tried on a file, and their public keys to talk about.
#[derive(Default)]
pub struct Identities {
    keys: Vec<Box<dyn age::Identity + Send + Sync>>,
    recipients: Vec<String>,
    /// The texts of the age keys, each with its public key: a cluster is given its own.
    texts: Vec<(String, Secret)>,
    problems: Vec<String>,
}

impl Identities {
    /// Reads identities that were pasted or generated: one age key a line (`#` begins a comment), or one SSH private key.
    ///
    /// # Errors
    /// Says on which line something else stands, never what it is.
    pub fn from_text(text: &Secret) -> Result<Self, String> {
        let mut identities = Self::default();
        if text.expose().trim_start().starts_with("-----BEGIN") {
            identities.add_ssh(text)?;
            return Ok(identities);
        }
        for (number, line) in text.expose().lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // SOPS_AGE_KEY may hold several on one line.
            for word in line.split_whitespace() {
                identities.add_age(word).map_err(|why| format!("line {}: {why}", number.saturating_add(1)))?;
            }
        }
        Ok(identities)
    }

    /// Returns the public keys of the identities at hand.
    pub fn recipients(&self) -> &[String] {
        &self.recipients
    }

    /// Returns the private key of an age recipient as a key file holds it, where it is at hand.
    pub fn key_of(&self, recipient: &str) -> Option<&Secret> {
        self.texts.iter().find(|(known, _)| known == recipient).map(|(_, text)| text)
    }

    /// Returns what could not be used, and why, such as a key file that is missing.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Tells whether there is no identity at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Adds the identities of another set.
    pub fn merge(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.texts.extend(other.texts);
        self.recipients
            .extend(other.recipients.into_iter().filter(|one| !self.recipients.contains(one)).collect::<Vec<_>>());
        self.problems.extend(other.problems);
    }

    /// Notes something that could not be used.
    pub(super) fn note(&mut self, problem: String) {
        self.problems.push(problem);
    }

    fn add_age(&mut self, word: &str) -> Result<(), String> {
        if word.starts_with("AGE-PLUGIN-") {
            return Err("it is the identity of an age plug-in, which is not handled yet; use an age key".to_owned());
        }
        if word.starts_with("AGE-SECRET-KEY-PQ-") {
            return Err("it is a post-quantum age key, which is not handled yet; use a classic age key".to_owned());
        }
        let identity: age::x25519::Identity =
            word.parse().map_err(|_| "it is not an age key (AGE-SECRET-KEY-1…)".to_owned())?;
        self.recipients.push(identity.to_public().to_string());
        self.texts.push((identity.to_public().to_string(), Secret::new(word)));
        self.keys.push(Box::new(identity));
        Ok(())
    }

    fn add_ssh(&mut self, text: &Secret) -> Result<(), String> {
        let unreadable = |_| "it is not an SSH private key that age can use".to_owned();
        let identity = age::ssh::Identity::from_buffer(text.expose().as_bytes(), None).map_err(unreadable)?;
        match &identity {
            age::ssh::Identity::Unencrypted(_) => {}
            age::ssh::Identity::Encrypted(_) => {
                return Err("the SSH key has a passphrase, which is not handled yet".to_owned());
            }
            age::ssh::Identity::Unsupported(_) => return Err("age cannot use an SSH key of this type".to_owned()),
        }
        if let Ok(recipient) = age::ssh::Recipient::try_from(identity.clone()) {
            self.recipients.push(recipient.to_string());
        }
        self.keys.push(Box::new(identity));
        Ok(())
    }

    /// Unwraps a data key, or a part of one, with whichever identity fits one of its wrappings.
    pub(super) fn unwrap(&self, wrapped: &[recipients::Wrapped]) -> Result<Zeroizing<Vec<u8>>, SopsError> {
        let wrong_key = || SopsError::WrongKey {
            recipients: wrapped.iter().map(|one| one.recipient.clone()).collect(),
            at_hand: self.recipients.clone(),
        };
        let mut damage = None;
        for one in wrapped {
            let identities = self.keys.iter().map(|key| {
                let identity: &dyn age::Identity = key.as_ref();
                identity
            });
            match recipients::unwrap(&one.armor, identities) {
                Ok(bytes) => return Ok(bytes),
                Err(None) => {}
                Err(Some(message)) => damage = Some(message),
            }
        }
        Err(damage.map_or_else(wrong_key, SopsError::DataKey))
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Identities").field("recipients", &self.recipients).finish_non_exhaustive()
    }
}

/// Makes a new age identity; returns its text, as a key file holds it, and its public key.
pub fn generate() -> (Secret, String) {
    let identity = age::x25519::Identity::generate();
    (Secret::new(identity.to_string().expose_secret()), identity.to_public().to_string())
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
