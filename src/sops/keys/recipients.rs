//! Wrapping the data key for each recipient with age, and unwrapping it.

use std::io::{Read as _, Write as _};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor};
use zeroize::Zeroizing;

use super::plugin::Plugin;
use super::post_quantum;
use crate::sops::cipher::KEY_LENGTH;
use crate::sops::error::SopsError;

/// Holds a data key wrapped for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The public key: age's, or that of an SSH key.
    pub recipient: String,
    /// The output of age, in its armor; empty if nothing is wrapped yet.
    pub armor: String,
}

/// Unwraps a data key; `Err(None)` if no identity fits, `Err(Some(why))` if the wrapping is damaged.
pub(in crate::sops) fn unwrap<'a>(
    armor: &str,
    identities: impl Iterator<Item = &'a dyn age::Identity>,
) -> Result<Zeroizing<Vec<u8>>, Option<String>> {
    let damaged = |error: &dyn std::fmt::Display| Some(error.to_string());
    let decryptor =
        Decryptor::new_buffered(ArmoredReader::new(armor.trim_start().as_bytes())).map_err(|error| damaged(&error))?;
    let mut reader = decryptor.decrypt(identities).map_err(|error| match error {
        DecryptError::NoMatchingKeys => None,
        error => damaged(&error),
    })?;
    // The full capacity from the start, so that growing leaves no copy in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_LENGTH.saturating_mul(2)));
    reader.read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
    Ok(bytes)
}

/// Names the plug-in of a recipient; `None` if age itself, or SSH, wraps for it.
pub(super) fn plugin_of(recipient: &str) -> Option<String> {
    let is_own = recipient.starts_with("ssh-")
        || recipient.starts_with(post_quantum::PUBLIC)
        || recipient.parse::<age::x25519::Recipient>().is_ok();
    let plugin = recipient.parse::<age::plugin::Recipient>().ok().filter(|_| !is_own)?;
    Some(plugin.plugin().to_owned())
}

/// Wraps a data key, or a part of one, for a recipient.
pub(in crate::sops) fn wrap(bytes: &[u8], recipient: &str) -> Result<Wrapped, SopsError> {
    let unreadable = || SopsError::Recipient { recipient: recipient.to_owned() };
    let failed = |error: &dyn std::fmt::Display| SopsError::DataKey(error.to_string());
    let parsed: Box<dyn age::Recipient> = if recipient.starts_with("ssh-") {
        Box::new(recipient.parse::<age::ssh::Recipient>().map_err(|_| unreadable())?)
    } else if recipient.starts_with(post_quantum::PUBLIC) {
        // This is never a plug-in of the name pq: age itself knows these keys.
        Box::new(recipient.parse::<post_quantum::Recipient>().map_err(|_| unreadable())?)
    } else if let Ok(key) = recipient.parse::<age::x25519::Recipient>() {
        Box::new(key)
    } else {
        // The plug-in wraps for recipients such as age1yubikey1…; it prompts for nothing, as the private key is not
        // needed.
        let plugin: age::plugin::Recipient = recipient.parse().map_err(|_| unreadable())?;
        super::plugins::judge(plugin.plugin(), recipient)?;
        Box::new(Plugin::new(plugin.plugin(), plugin.to_string(), age::NoCallbacks))
    };
    let encryptor = Encryptor::with_recipients(std::iter::once(parsed.as_ref())).map_err(|error| failed(&error))?;
    let mut armor = Vec::new();
    let wrapped = ArmoredWriter::wrap_output(&mut armor, Format::AsciiArmor).and_then(|armored| {
        let mut writer = encryptor.wrap_output(armored)?;
        writer.write_all(bytes)?;
        writer.finish()?.finish()
    });
    wrapped.map_err(|error| failed(&error))?;
    let armor = String::from_utf8(armor).map_err(|error| failed(&error))?;
    Ok(Wrapped { recipient: recipient.to_owned(), armor })
}
