//! Post-quantum age keys (`AGE-SECRET-KEY-PQ-1…`, `age1pq1…`): the stanza `mlkem768x25519` of filippo.io/age 1.3.
//!
//! The age library has stanzas, files and HPKE, but not this kind of key; this module implements its traits.

mod kem;

use std::collections::HashSet;
use std::str::FromStr;

use aes_gcm::aead::OsRng;
use age::secrecy::ExposeSecret as _;
use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{bech32_decode, bech32_encode, hpke_open, hpke_seal};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use bech32::Hrp;
use hpke::rand_core::RngCore as _;
use hpke::{Deserializable as _, Kem as _, Serializable as _};
use zeroize::Zeroizing;

use crate::secret::Secret;
use kem::{ENCAPSULATED, Encapsulated, Hybrid, POINT, PrivateKey, PublicKey};

/// The prefix of a private key.
pub(in crate::sops) const PRIVATE: &str = "AGE-SECRET-KEY-PQ-1";
/// The prefix of a public key.
pub(in crate::sops) const PUBLIC: &str = "age1pq1";
/// The stanza, and the context of the key schedule.
const STANZA: &str = "mlkem768x25519";
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// The bytes that a ciphertext is longer than its plain text.
const TAG: usize = 16;

/// Holds a public key.
#[derive(Debug)]
pub(in crate::sops) struct Recipient(PublicKey);

/// Holds a private key; wiped on drop.
pub(in crate::sops) struct Identity(PrivateKey);

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let bytes = bytes(text, "age1pq", PUBLIC)?;
        PublicKey::from_bytes(&bytes).map(Self).map_err(|_| "it is not a post-quantum public key")
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&bech32_encode(Hrp::parse_unchecked("age1pq"), &self.0.to_bytes()))
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (handed, body) = hpke_seal::<Hybrid, _>(&self.0, INFO, key.expose_secret(), &mut OsRng);
        let args = vec![BASE64_STANDARD_NO_PAD.encode(handed.to_bytes())];
        // age refuses such a stanza beside one of another kind in one file; sops has a file for each recipient.
        Ok((vec![Stanza { tag: STANZA.to_owned(), args, body }], HashSet::from(["postquantum".to_owned()])))
    }
}

impl Identity {
    /// Generates a new one.
    pub(in crate::sops) fn generate() -> Self {
        let mut seed = Zeroizing::new([0; POINT]);
        OsRng.fill_bytes(seed.as_mut_slice());
        Self(PrivateKey(seed))
    }

    /// Returns its public key.
    pub(in crate::sops) fn to_public(&self) -> Recipient {
        Recipient(Hybrid::sk_to_pk(&self.0))
    }

    /// Returns it in the form of a key file.
    pub(in crate::sops) fn text(&self) -> Secret {
        let small = Zeroizing::new(bech32_encode(Hrp::parse_unchecked("age-secret-key-pq-"), self.0.0.as_slice()));
        Secret::new(small.to_ascii_uppercase())
    }
}

impl FromStr for Identity {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let bytes = bytes(text, "age-secret-key-pq-", PRIVATE)?;
        PrivateKey::from_bytes(&bytes).map(Self).map_err(|_| "it is not a post-quantum age key")
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != STANZA {
            return None;
        }
        let handed = match stanza.args.as_slice() {
            [one] => BASE64_STANDARD_NO_PAD.decode(one).ok().filter(|bytes| bytes.len() == ENCAPSULATED),
            _ => None,
        };
        let handed = handed.and_then(|bytes| Encapsulated::from_bytes(&bytes).ok());
        let Some(handed) = handed.filter(|_| stanza.body.len() == FILE_KEY_BYTES + TAG) else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        // Only a trial shows which key fits: a mismatch is no fault.
        let key = Zeroizing::new(hpke_open::<Hybrid>(&handed, &self.0, INFO, &stanza.body).ok()?);
        Some(FileKey::try_init_with_mut(|into| match <&[u8; FILE_KEY_BYTES]>::try_from(key.as_slice()) {
            Ok(key) => {
                into.copy_from_slice(key);
                Ok(())
            }
            Err(_) => Err(DecryptError::InvalidHeader),
        }))
    }
}

/// Reads the bytes of a key's text; like age, only in the spelling that age writes.
fn bytes(text: &str, prefix: &str, begins: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    if !text.starts_with(begins) {
        return Err("it begins in another way");
    }
    let hrp = Hrp::parse(prefix).map_err(|_| "it begins in another way")?;
    let of_ours = |found: Hrp| if found == hrp { Ok(()) } else { Err("it begins in another way") };
    let read = bech32_decode(
        text,
        |_| "it is damaged: its checksum does not fit",
        of_ours,
        |_, found| {
            // The full capacity from the start, so that growing leaves no copy in memory.
            let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
            bytes.extend(found);
            Ok(bytes)
        },
    )?;
    let again = Zeroizing::new(bech32_encode(hrp, &read));
    if again.eq_ignore_ascii_case(text) { Ok(read) } else { Err("it is damaged: it ends in bits that say nothing") }
}

#[cfg(test)]
pub(in crate::sops) mod tests;
