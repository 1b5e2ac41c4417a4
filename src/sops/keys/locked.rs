//! Identities that need an answer before they open anything: encrypted identity files, SSH keys with a passphrase, and
//! plug-ins.

use std::io::Read as _;
use std::sync::Arc;

use age::DecryptError;
use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use zeroize::{Zeroize as _, Zeroizing};

use super::identities::{Identities, Opener};
use super::plugin::Plugin;
use super::prompts::{PluginPrompts, Prompts, SecretPrompt, Unsealed, seal};
use super::recipients::{self, Wrapped};
use crate::secret::Secret;

/// The size, in bytes, from which a file is no identity file.
const LARGEST: usize = 1 << 24;

/// The most work for a passphrase, as a power of two; age itself uses 18 and accepts up to 22 (filippo.io/age,
/// `ScryptIdentity.SetMaxWorkFactor`).
const MOST_WORK: u8 = 22;

/// The number of prompts for a passphrase in a row.
const TRIES: usize = 3;

/// Holds an identity that is used only if no other fits, since the user has to answer for it.
pub(in crate::sops) struct LockedKey {
    kind: Kind,
    source: String,
}

enum Kind {
    /// An encrypted age file of identities, armored or not, with a passphrase.
    File(Vec<u8>),
    /// An SSH key with a passphrase; its public key is beside it in clear text.
    Ssh { key: age::ssh::EncryptedKey, recipient: Option<String>, bytes: Secret },
    /// A plug-in's identity.
    Plugin(age::plugin::Identity),
}

/// Reports the result of trying a locked identity.
pub(in crate::sops) enum Tried {
    /// The data key, and the identity that opened it.
    Opened(Zeroizing<Vec<u8>>, Opener),
    /// It does not fit.
    Unfit,
    /// A question was not answered.
    Unanswered,
    /// An error, such as a plug-in that is not installed.
    Failed(String),
}

impl LockedKey {
    /// Takes an age file, if it is one.
    pub(in crate::sops) fn file(bytes: &[u8], source: &str) -> Option<Self> {
        let is_age = bytes.starts_with(b"age-encryption.org/") || bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE");
        (is_age && bytes.len() < LARGEST).then(|| Self { kind: Kind::File(bytes.to_vec()), source: source.to_owned() })
    }

    /// Takes an SSH key with a passphrase.
    pub(in crate::sops) fn ssh(key: &age::ssh::EncryptedKey, text: &Secret, source: &str) -> Self {
        let recipient = age::ssh::Recipient::try_from(age::ssh::Identity::from(key.clone())).ok();
        let recipient = recipient.map(|recipient| recipient.to_string());
        let kind = Kind::Ssh { key: key.clone(), recipient, bytes: text.duplicate() };
        Self { kind, source: source.to_owned() }
    }

    /// Takes a plug-in's identity (`AGE-PLUGIN-NAME-…`).
    pub(in crate::sops) fn plugin(word: &str, source: &str) -> Option<Self> {
        Some(Self { kind: Kind::Plugin(word.parse().ok()?), source: source.to_owned() })
    }

    /// Returns the name of its plug-in, if it is one's.
    pub(in crate::sops) fn plugin_name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plugin(identity) => Some(identity.plugin()),
            Kind::File(_) | Kind::Ssh { .. } => None,
        }
    }

    /// Describes it in a list of available identities.
    pub(in crate::sops) fn description(&self) -> String {
        match &self.kind {
            Kind::File(_) => format!("{} (with a passphrase)", self.source),
            Kind::Ssh { .. } => format!("{} (SSH key with a passphrase)", self.source),
            Kind::Plugin(identity) => format!("{} (age-plugin-{})", self.source, identity.plugin()),
        }
    }

    /// Ranks its likelihood to fit, the smallest first; `None` if it cannot.
    pub(in crate::sops) fn rank(&self, wrapped: &[Wrapped]) -> Option<u8> {
        match &self.kind {
            Kind::Ssh { recipient: Some(known), .. } => {
                wrapped.iter().any(|one| same_ssh(&one.recipient, known)).then_some(0)
            }
            Kind::Ssh { recipient: None, .. } => {
                wrapped.iter().any(|one| one.recipient.starts_with("ssh-")).then_some(3)
            }
            Kind::Plugin(identity) => {
                let prefix = format!("age1{}1", identity.plugin());
                // A plug-in may serve recipients of other names, such as age1tag1….
                Some(if wrapped.iter().any(|one| one.recipient.starts_with(&prefix)) { 0 } else { 2 })
            }
            Kind::File(_) => Some(1),
        }
    }

    /// Tries it on the wrappings of a data key.
    pub(in crate::sops) fn try_on(&self, wrapped: &[Wrapped], prompts: &Prompts) -> Tried {
        match &self.kind {
            Kind::File(bytes) => match self.unseal(bytes, prompts) {
                Ok(identities) => match identities.unwrap(wrapped) {
                    Ok((key, opener)) => Tried::Opened(key, opener),
                    Err(_) => Tried::Unfit,
                },
                Err(tried) => tried,
            },
            Kind::Ssh { key, recipient, bytes } => {
                let opener = Opener { recipient: recipient.clone(), source: self.source.clone() };
                match self.unlock_ssh(key, bytes, prompts) {
                    Ok(key) => try_one(&key, opener, wrapped),
                    Err(tried) => tried,
                }
            }
            Kind::Plugin(identity) => self.ask_plugin(identity, wrapped, prompts),
        }
    }

    /// Opens an encrypted identity file and returns its identities; `None` for another kind or without an answer.
    pub(in crate::sops) fn identities(&self, prompts: &Prompts) -> Option<Identities> {
        match &self.kind {
            Kind::File(bytes) => self.unseal(bytes, prompts).ok(),
            Kind::Ssh { .. } | Kind::Plugin(_) => None,
        }
    }

    fn unseal(&self, bytes: &[u8], prompts: &Prompts) -> Result<Identities, Tried> {
        let known = seal(bytes);
        let text = if let Some(Unsealed::Text(text)) = prompts.unsealed(&known) {
            text
        } else {
            let text = Arc::new(self.answered(prompts, |passphrase| decrypt(bytes, passphrase))?);
            prompts.keep(known, Unsealed::Text(Arc::clone(&text)));
            text
        };
        let mut found = Identities::asking(prompts);
        found.read(&self.source, text.expose().as_bytes());
        Ok(found)
    }

    fn unlock_ssh(
        &self,
        key: &age::ssh::EncryptedKey,
        text: &Secret,
        prompts: &Prompts,
    ) -> Result<age::ssh::Identity, Tried> {
        let known = seal(text.expose().as_bytes());
        if let Some(Unsealed::Ssh(key)) = prompts.unsealed(&known) {
            return Ok(key);
        }
        let key = self.answered(prompts, |passphrase| {
            key.decrypt(passphrase).map(age::ssh::Identity::from).map_err(|error| match error {
                DecryptError::KeyDecryptionFailed => None,
                error => Some(error.to_string()),
            })
        })?;
        prompts.keep(known, Unsealed::Ssh(key.clone()));
        Ok(key)
    }

    /// Prompts for the passphrase until it fits; `Err(None)` of the work means a wrong one.
    fn answered<T>(
        &self,
        prompts: &Prompts,
        work: impl Fn(SecretString) -> Result<T, Option<String>>,
    ) -> Result<T, Tried> {
        let question = SecretPrompt { text: format!("passphrase of {}", self.source), hidden: true };
        for _ in 0..TRIES {
            let Some(answer) = prompts.ask(&question) else { return Err(Tried::Unanswered) };
            match work(SecretString::from(answer.expose().to_owned())) {
                Ok(found) => {
                    prompts.say("");
                    return Ok(found);
                }
                Err(None) => prompts.say(&format!("that is not the passphrase of {}", self.source)),
                Err(Some(why)) => return Err(Tried::Failed(format!("{}: {why}", self.source))),
            }
        }
        Err(Tried::Failed(format!("{}: the passphrase was wrong", self.source)))
    }

    fn ask_plugin(&self, identity: &age::plugin::Identity, wrapped: &[Wrapped], prompts: &Prompts) -> Tried {
        if prompts.is_quiet() {
            return Tried::Unanswered;
        }
        let name = identity.plugin();
        let failed = |why: String| Tried::Failed(format!("{}: {why}", self.source));
        let plugin_prompts = PluginPrompts { prompts: prompts.clone(), plugin: name.to_owned() };
        let before = prompts.open();
        let plugin = Plugin::new(name, identity.to_string(), plugin_prompts);
        let prefix = format!("age1{name}1");
        let recipient = wrapped.iter().find(|one| one.recipient.starts_with(&prefix)).map(|one| one.recipient.clone());
        let tried = try_one(&plugin, Opener { recipient, source: self.source.clone() }, wrapped);
        prompts.say("");
        match tried {
            // It failed for lack of an answer.
            Tried::Failed(_) | Tried::Unfit if prompts.open() != before => Tried::Unanswered,
            Tried::Failed(why) => failed(why),
            tried => tried,
        }
    }
}

/// Tries an identity on wrappings: first those with its recipient.
pub(in crate::sops) fn try_one(identity: &dyn age::Identity, opener: Opener, wrapped: &[Wrapped]) -> Tried {
    let named = |one: &&Wrapped| opener.recipient.as_ref().is_some_and(|recipient| same_ssh(&one.recipient, recipient));
    let mut failed = None;
    for one in wrapped.iter().filter(named).chain(wrapped.iter().filter(|one| !named(one))) {
        match recipients::unwrap(&one.armor, std::iter::once(identity)) {
            Ok(bytes) => {
                let recipient = Some(opener.recipient.unwrap_or_else(|| one.recipient.clone()));
                return Tried::Opened(bytes, Opener { recipient, source: opener.source });
            }
            Err(None) => {}
            Err(Some(why)) => failed = Some(why),
        }
    }
    failed.map_or(Tried::Unfit, Tried::Failed)
}

/// Tells whether two recipients are equal; the comment at the end of an SSH key does not count.
pub(in crate::sops) fn same_ssh(one: &str, other: &str) -> bool {
    one == other || (one.starts_with("ssh-") && one.split(' ').take(2).eq(other.split(' ').take(2)))
}

/// Decrypts an identity file; `Err(None)` if the passphrase is wrong.
fn decrypt(bytes: &[u8], passphrase: SecretString) -> Result<Secret, Option<String>> {
    let mut identity = age::scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MOST_WORK);
    let wrong = |error: DecryptError| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => None,
        DecryptError::NoMatchingKeys => Some("it is not encrypted with a passphrase".to_owned()),
        error => Some(error.to_string()),
    };
    let decryptor = age::Decryptor::new(ArmoredReader::new(bytes)).map_err(wrong)?;
    let mut reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(wrong)?;
    let mut text = String::with_capacity(bytes.len());
    match reader.read_to_string(&mut text) {
        Ok(_) => Ok(Secret::new(text)),
        Err(error) => {
            text.zeroize();
            Err(Some(error.to_string()))
        }
    }
}
