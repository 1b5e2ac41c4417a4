//! New values that nobody can guess, from the system's random source.

use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What passwords are made of: nothing that a URL, a shell or YAML would want escaped.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// 32 letters of 62 are 190 bits.
const LENGTH: usize = 32;

/// Makes a password of 32 letters and digits, each equally likely.
pub fn password() -> Secret {
    let mut text = String::with_capacity(LENGTH);
    let mut bytes = Zeroizing::new([0_u8; LENGTH]);
    while text.len() < LENGTH {
        OsRng.fill_bytes(bytes.as_mut());
        // Bytes of 248 and above would make the first letters likelier than the others.
        let letters = bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| LETTERS.get(usize::from(byte % 62)));
        text.extend(letters.take(LENGTH.saturating_sub(text.len())).map(|letter| char::from(*letter)));
    }
    Secret::new(text)
}

/// Makes 32 random bytes and returns them in base64.
pub fn random_key() -> Secret {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    OsRng.fill_bytes(bytes.as_mut());
    Secret::new(STANDARD.encode(*bytes))
}

#[cfg(test)]
mod tests {
    use super::{password, random_key};

    #[test]
    fn passwords_need_no_escaping_and_never_repeat() {
        let (one, other) = (password(), password());
        assert_eq!(one.len(), 32);
        assert!(one.expose().chars().all(|letter| letter.is_ascii_alphanumeric()));
        assert!(one != other && random_key() != random_key());
        assert_eq!(random_key().len(), 44);
    }
}
