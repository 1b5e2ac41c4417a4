//! The MAC of a file: SHA-512 over its values, which reveals a change made without SOPS.

use std::fmt::Write as _;

use sha2::{Digest, Sha256, Sha512};

use super::value::{Value, ValueType};

/// Computes the MAC of a file from its values in document order, each with its flag for encryption.
///
/// Null and comments are left out; nothing separates the values, so `ab,cd` and `abc,d` are the same to it. That is
/// sops's format.
pub(super) fn compute<'a>(values: impl Iterator<Item = (&'a Value, bool)>, only_encrypted: bool) -> String {
    let mut hash = Sha512::new();
    if only_encrypted {
        // sops starts from known bytes, so that the two kinds of MAC never agree.
        hash.update(Sha256::digest(b"sops"));
    }
    for (value, encrypted) in values {
        let counts = !matches!(value.kind, ValueType::Null | ValueType::Comment);
        if counts && (encrypted || !only_encrypted) {
            hash.update(value.raw());
        }
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02X}");
        hex
    })
}
