//! Wrapping the data key for each recipient with age, and unwrapping it.

use std::io::{Read as _, Write as _};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor};
use zeroize::{Zeroize, Zeroizing};

use super::cipher::{DataKey, KEY_LENGTH};
use super::error::SopsError;
use super::parsed::{BLOCK, Parsed};
use super::path::Segment;

/// Holds a data key as it is wrapped for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub(super) recipient: String,
    pub(super) armor: String,
}

/// Reads the wrapped data keys from the `sops` block.
///
/// Several groups of keys mean that the data key was split (Shamir), which is not handled yet.
pub(super) fn read(parsed: &Parsed) -> Result<Vec<Wrapped>, SopsError> {
    let mut wrapped: Vec<(Vec<Segment>, Wrapped)> = Vec::new();
    for leaf in parsed.metadata.iter().filter(|leaf| leaf.document == 0) {
        let segments = leaf.path.segments();
        let keys: Vec<&str> = leaf.path.keys().collect();
        if keys.starts_with(&[BLOCK, "key_groups"])
            && segments.iter().any(|segment| matches!(segment, Segment::Index(index) if *index > 0))
            && matches!(segments.get(2), Some(Segment::Index(index)) if *index > 0)
        {
            return Err(SopsError::Unsupported(
                "its data key is split between several groups of keys (Shamir)".to_owned(),
            ));
        }
        let Some((Segment::Key(field), entry)) = segments.split_last() else { continue };
        if !matches!(keys.as_slice(), [_, "age", _] | [_, "key_groups", "age", _]) {
            continue;
        }
        let text = leaf.value.canonical.expose();
        let position = wrapped.iter().position(|(path, _)| path == entry).unwrap_or_else(|| {
            wrapped.push((entry.to_vec(), Wrapped { recipient: String::new(), armor: String::new() }));
            wrapped.len().saturating_sub(1)
        });
        let Some((_, one)) = wrapped.get_mut(position) else { continue };
        match field.as_str() {
            "recipient" => text.clone_into(&mut one.recipient),
            "enc" => text.clone_into(&mut one.armor),
            _ => {}
        }
    }
    if wrapped.is_empty() {
        let others = ["pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "hckms"]
            .into_iter()
            .filter(|kind| parsed.metadata.iter().any(|leaf| leaf.path.keys().take(2).eq([BLOCK, kind])));
        let others = others.collect::<Vec<_>>().join(", ");
        return Err(if others.is_empty() {
            SopsError::Metadata("it names no keys".to_owned())
        } else {
            SopsError::Unsupported(format!("it is encrypted for {others} only; age and SSH keys are handled"))
        });
    }
    Ok(wrapped.into_iter().map(|(_, one)| one).collect())
}

/// Unwraps a data key; `Err(None)` when no identity fits, `Err(Some(why))` when the wrapping is damaged.
pub(super) fn unwrap<'a>(
    armor: &str,
    identities: impl Iterator<Item = &'a dyn age::Identity>,
) -> Result<Vec<u8>, Option<String>> {
    let damaged = |error: &dyn std::fmt::Display| Some(error.to_string());
    let decryptor =
        Decryptor::new_buffered(ArmoredReader::new(armor.trim_start().as_bytes())).map_err(|error| damaged(&error))?;
    let mut reader = decryptor.decrypt(identities).map_err(|error| match error {
        DecryptError::NoMatchingKeys => None,
        error => damaged(&error),
    })?;
    // Room from the start, so that growing leaves no copy behind.
    let mut bytes = Vec::with_capacity(KEY_LENGTH.saturating_mul(2));
    if let Err(error) = reader.read_to_end(&mut bytes) {
        bytes.zeroize();
        return Err(damaged(&error));
    }
    Ok(bytes)
}

/// Wraps a data key for each recipient.
pub(super) fn wrap(key: &DataKey, recipients: &[String]) -> Result<Vec<Wrapped>, SopsError> {
    recipients.iter().map(|recipient| wrap_for(key, recipient)).collect()
}

fn wrap_for(key: &DataKey, recipient: &str) -> Result<Wrapped, SopsError> {
    let unreadable = || SopsError::Recipient { recipient: recipient.to_owned() };
    let parsed: Box<dyn age::Recipient> = if recipient.starts_with("ssh-") {
        Box::new(recipient.parse::<age::ssh::Recipient>().map_err(|_| unreadable())?)
    } else {
        Box::new(recipient.parse::<age::x25519::Recipient>().map_err(|_| unreadable())?)
    };
    let failed = |error: &dyn std::fmt::Display| SopsError::DataKey(error.to_string());
    let encryptor = Encryptor::with_recipients(std::iter::once(parsed.as_ref())).map_err(|error| failed(&error))?;
    let mut armor = Vec::new();
    let wrapped = ArmoredWriter::wrap_output(&mut armor, Format::AsciiArmor).and_then(|armored| {
        let mut writer = encryptor.wrap_output(armored)?;
        writer.write_all(Zeroizing::new(key.bytes().to_vec()).as_slice())?;
        writer.finish()?.finish()
    });
    wrapped.map_err(|error| failed(&error))?;
    let armor = String::from_utf8(armor).map_err(|error| failed(&error))?;
    Ok(Wrapped { recipient: recipient.to_owned(), armor })
}
