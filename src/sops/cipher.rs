//! One value: AES-256-GCM with a nonce of 32 bytes, written `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]` (sops's
//! `aes/cipher.go`).

use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aead::generic_array::ArrayLength;
use aes_gcm::aead::rand_core::RngCore;
use aes_gcm::aead::{Aead, KeyInit, OsRng, Payload};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::value::{Value, ValueType};

/// The bytes of a data key.
pub(super) const KEY_LENGTH: usize = 32;
/// The bytes of a nonce; sops has always used 32, where GCM's usual is 12.
const NONCE_LENGTH: usize = 32;
/// The bytes of the authentication tag.
const TAG_LENGTH: usize = 16;

/// The beginning of every ciphertext.
pub(super) const ENC: &str = "ENC[AES256_GCM,";

/// Holds the key that encrypts the values of one file; wiped on drop.
pub(super) struct DataKey(Zeroizing<[u8; KEY_LENGTH]>);

impl DataKey {
    /// Generates a new random key.
    pub(super) fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        OsRng.fill_bytes(bytes.as_mut());
        Self(bytes)
    }

    /// Takes a key from bytes; `None` if there are not 32 of them.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(<[u8; KEY_LENGTH]>::try_from(bytes).ok()?)))
    }

    /// Lends the bytes, to be wrapped for a recipient.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Encrypts a value, authenticated together with `authenticated`; empty strings and null are never encrypted.
    pub(super) fn encrypt(&self, value: &Value, authenticated: &str) -> Option<String> {
        let kind = value.kind.tag()?;
        if value.canonical.is_empty() {
            return None;
        }
        let mut nonce = [0; NONCE_LENGTH];
        OsRng.fill_bytes(&mut nonce);
        let plain = value.raw();
        let payload = Payload { msg: &plain, aad: authenticated.as_bytes() };
        let sealed = AesGcm::<Aes256, U32>::new_from_slice(self.bytes())
            .ok()?
            .encrypt(Nonce::<U32>::from_slice(&nonce), payload)
            .ok()?;
        let (data, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_LENGTH)?)?;
        let [data, nonce, tag] = [data, &nonce, tag].map(|bytes| STANDARD.encode(bytes));
        Some(format!("{ENC}data:{data},iv:{nonce},tag:{tag},type:{kind}]"))
    }

    /// Decrypts a ciphertext; the error names its fault in a few words.
    pub(super) fn decrypt(&self, text: &str, authenticated: &str) -> Result<Value, &'static str> {
        let sealed = Sealed::parse(text)?;
        let kind = ValueType::from_tag(sealed.kind).ok_or("its type is unknown")?;
        let plain = match sealed.nonce.len() {
            32 => self.open::<U32>(&sealed, authenticated),
            16 => self.open::<U16>(&sealed, authenticated),
            12 => self.open::<U12>(&sealed, authenticated),
            _ => return Err("its nonce has an unknown length"),
        }
        .ok_or("it is damaged, or stands under another key than it was encrypted for")?;
        let bytes = Value::bytes(Zeroizing::new(plain));
        let value = match (bytes.kind, kind) {
            // Only a binary file may hold bytes that are no text.
            (ValueType::Bytes, ValueType::Text | ValueType::Bytes) => bytes,
            (ValueType::Bytes, _) => return Err("it holds bytes that are not text"),
            (_, ValueType::Bytes) => Value { kind: ValueType::Text, ..bytes },
            _ => Value { kind, ..bytes },
        };
        normalized(value).ok_or("it does not hold what its type says")
    }

    fn open<N: ArrayLength<u8>>(&self, sealed: &Sealed<'_>, authenticated: &str) -> Option<Vec<u8>> {
        let payload = Payload { msg: &sealed.data, aad: authenticated.as_bytes() };
        AesGcm::<Aes256, N>::new_from_slice(self.bytes())
            .ok()?
            .decrypt(Nonce::<N>::from_slice(&sealed.nonce), payload)
            .ok()
    }
}

/// Converts a decrypted value to the form that sops hashes: sops parses the plaintext and writes it again.
fn normalized(value: Value) -> Option<Value> {
    let text = value.canonical.expose();
    Some(match value.kind {
        ValueType::Integer => Value::integer(text.parse().ok()?),
        ValueType::Float => Value::float(match text {
            "+Inf" => f64::INFINITY,
            "-Inf" => f64::NEG_INFINITY,
            text => text.parse().ok()?,
        }),
        // Go's ParseBool accepts these.
        ValueType::Boolean => match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Value::boolean(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Value::boolean(false),
            _ => return None,
        },
        _ => value,
    })
}

/// Returns the type that a ciphertext states; it is not authenticated.
pub(super) fn sealed_type(text: &str) -> Option<ValueType> {
    ValueType::from_tag(Sealed::parse(text).ok()?.kind)
}

/// Tells whether a text is a ciphertext.
pub(super) fn is_sealed(text: &str) -> bool {
    text.starts_with(ENC) && Sealed::parse(text).is_ok()
}

struct Sealed<'a> {
    /// The ciphertext followed by the tag, as the cipher takes them.
    data: Vec<u8>,
    nonce: Vec<u8>,
    kind: &'a str,
}

impl<'a> Sealed<'a> {
    fn parse(text: &'a str) -> Result<Self, &'static str> {
        let malformed = "it is not in SOPS's form ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]";
        let fields = || {
            let rest = text.strip_prefix(ENC)?.strip_prefix("data:")?;
            let (data, rest) = rest.split_once(",iv:")?;
            let (nonce, rest) = rest.split_once(",tag:")?;
            let (tag, rest) = rest.split_once(",type:")?;
            // sops ignores the text after the bracket.
            let (kind, _) = rest.rsplit_once(']')?;
            Some((data, nonce, tag, kind))
        };
        let (data, nonce, tag, kind) = fields().ok_or(malformed)?;
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| "its base64 is damaged");
        let mut data = decode(data)?;
        data.extend(decode(tag)?);
        Ok(Self { data, nonce: decode(nonce)?, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::{DataKey, Value, is_sealed};

    #[test]
    fn a_value_opens_only_under_its_own_path() {
        let key = DataKey::generate();
        let sealed = key.encrypt(&Value::text("hunter2"), "stringData:password:").unwrap();
        assert!(is_sealed(&sealed) && !sealed.contains("hunter2"));
        assert_eq!(key.decrypt(&sealed, "stringData:password:"), Ok(Value::text("hunter2")));
        assert!(key.decrypt(&sealed, "stringData:other:").is_err());
        assert!(DataKey::generate().decrypt(&sealed, "stringData:password:").is_err());
    }

    #[test]
    fn a_nonce_is_never_used_twice() {
        let key = DataKey::generate();
        let again = || key.encrypt(&Value::text("same"), "a:").unwrap();
        assert_ne!(again(), again());
    }

    #[test]
    fn empty_strings_and_null_are_not_encrypted() {
        let key = DataKey::generate();
        assert_eq!(key.encrypt(&Value::text(""), "a:"), None);
        assert_eq!(key.encrypt(&Value::null(), "a:"), None);
    }
}
