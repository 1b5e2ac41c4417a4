//! New random values, from the system's random source.

use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// The letters of passwords: a URL, a shell or YAML need escape none of them.
pub const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// 32 letters of 62 are 190 bits.
const LENGTH: usize = 32;

/// Generates a password of 32 letters and digits, each equally likely.
pub fn password() -> Secret {
    password_of(LENGTH, &LETTERS.chars().collect::<Vec<_>>())
}

/// Generates a password of a length from letters, each equally likely; empty if there are no letters.
pub fn password_of(length: usize, letters: &[char]) -> Secret {
    let count = u32::try_from(letters.len()).unwrap_or(u32::MAX);
    let mut text = String::with_capacity(length.saturating_mul(4));
    // Numbers above the last whole multiple would favor the first letters.
    let Some(whole) = u32::MAX.checked_div(count).map(|times| times.saturating_mul(count)) else {
        return Secret::new(text);
    };
    let mut made: usize = 0;
    let mut bytes = Zeroizing::new([0_u8; 4]);
    while made < length {
        OsRng.fill_bytes(bytes.as_mut());
        let number = u32::from_ne_bytes(*bytes);
        if number < whole {
            let chosen = usize::try_from(number.checked_rem(count).unwrap_or(0)).unwrap_or(0);
            text.extend(letters.get(chosen));
            made = made.saturating_add(1);
        }
    }
    Secret::new(text)
}

/// Generates 32 random bytes and returns them in base64.
pub fn random_key() -> Secret {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    OsRng.fill_bytes(bytes.as_mut());
    Secret::new(STANDARD.encode(*bytes))
}

#[cfg(test)]
mod tests {
    use super::{password, password_of, random_key};

    #[test]
    fn passwords_have_the_length_and_the_letters_that_were_asked_for() {
        let letters: Vec<char> = "aé!".chars().collect();
        let made = password_of(200, &letters);
        assert_eq!(made.expose().chars().count(), 200);
        assert!(letters.iter().all(|letter| made.expose().contains(*letter)));
        assert!(made.expose().chars().all(|letter| letters.contains(&letter)));
        assert!(password_of(5, &[]).is_empty() && password_of(0, &letters).is_empty());
    }

    #[test]
    fn passwords_need_no_escaping_and_never_repeat() {
        let (one, other) = (password(), password());
        assert_eq!(one.len(), 32);
        assert!(one.expose().chars().all(|letter| letter.is_ascii_alphanumeric()));
        assert!(one != other && random_key() != random_key());
        assert_eq!(random_key().len(), 44);
    }
}
