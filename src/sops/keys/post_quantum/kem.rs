//! MLKEM768-X25519, also called X-Wing (draft-ietf-hpke-pq, KEM 0x647a): a key encapsulation that holds as long as one
//! of its halves does.
//!
//! The reference is Go's filippo.io/hpke, which age and sops use. Its private key is a seed of 32 bytes, which both
//! halves are derived from.

use hpke::generic_array::typenum::{Sum, U32, U96, U192, U1024};
use hpke::kem::SharedSecret;
use hpke::rand_core::{CryptoRng, RngCore};
use hpke::{Deserializable, HpkeError, Serializable};
use ml_kem::kem::{Decapsulate as _, DecapsulationKey, Encapsulate as _, EncapsulationKey};
use ml_kem::{B32, Ciphertext, Encoded, EncodedSizeUser as _, KemCore as _, MlKem768, MlKem768Params};
use sha3::digest::{ExtendableOutput as _, FixedOutput as _, Update as _, XofReader as _};
use sha3::{Sha3_256, Shake256};
use x25519_dalek::{EphemeralSecret, StaticSecret};
use zeroize::{Zeroize as _, Zeroizing};

/// The label of this combination: a drawing of an X-Wing.
const LABEL: &[u8] = br"\.//^\";
/// The bytes of a point of X25519, of a seed and of a secret.
pub(super) const POINT: usize = 32;
/// The bytes of a public key of ML-KEM-768.
const LATTICE_KEY: usize = 1184;
/// The bytes of its ciphertext.
const LATTICE_TEXT: usize = 1088;
/// The bytes of a public key of both.
const PUBLIC: usize = LATTICE_KEY + POINT;
/// The bytes of an encapsulated key of both.
pub(super) const ENCAPSULATED: usize = LATTICE_TEXT + POINT;
/// The prime of ML-KEM: each coefficient is smaller.
const PRIME: u16 = 3329;

/// The combination of both.
pub(super) struct Hybrid;

/// Holds the public key of both halves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey(Box<[u8; PUBLIC]>);

/// Holds the seed of a private key; wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PrivateKey(pub(super) Zeroizing<[u8; POINT]>);

/// Holds the encapsulated key from the sender.
#[derive(Clone)]
pub(super) struct Encapsulated(Box<[u8; ENCAPSULATED]>);

impl PrivateKey {
    /// Derives both halves from the seed.
    fn halves(&self) -> (DecapsulationKey<MlKem768Params>, StaticSecret) {
        let mut stream = Shake256::default().chain(self.0.as_slice()).finalize_xof();
        let (mut first, mut second) = (B32::default(), B32::default());
        let mut point = Zeroizing::new([0; POINT]);
        stream.read(&mut first);
        stream.read(&mut second);
        stream.read(point.as_mut_slice());
        let (lattice, _) = MlKem768::generate_deterministic(&first, &second);
        first.as_mut_slice().zeroize();
        second.as_mut_slice().zeroize();
        (lattice, StaticSecret::from(*point))
    }
}

impl Deserializable for PrivateKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        exactly(encoded).map(|seed: [u8; POINT]| Self(Zeroizing::new(seed)))
    }
}

impl Serializable for PrivateKey {
    type OutputSize = U32;

    fn write_exact(&self, into: &mut [u8]) {
        into.copy_from_slice(self.0.as_slice());
    }
}

impl Deserializable for PublicKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        let key = Self(Box::new(exactly(encoded)?));
        // FIPS 203, 7.2: two coefficients of 12 bits in three bytes, each below the prime; Go refuses others.
        let (coefficients, _seed) = key.0.split_at(LATTICE_KEY.saturating_sub(POINT));
        let small = |pair: &[u8]| match pair {
            [low, both, high] => {
                let first = u16::from(*low) | (u16::from(both & 0x0f) << 8);
                let second = u16::from(both >> 4) | (u16::from(*high) << 4);
                first < PRIME && second < PRIME
            }
            _ => false,
        };
        if coefficients.chunks(3).all(small) { Ok(key) } else { Err(HpkeError::ValidationError) }
    }
}

impl Serializable for PublicKey {
    type OutputSize = Sum<U1024, U192>;

    fn write_exact(&self, into: &mut [u8]) {
        into.copy_from_slice(self.0.as_slice());
    }
}

impl Deserializable for Encapsulated {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        exactly(encoded).map(|bytes| Self(Box::new(bytes)))
    }
}

impl Serializable for Encapsulated {
    type OutputSize = Sum<U1024, U96>;

    fn write_exact(&self, into: &mut [u8]) {
        into.copy_from_slice(self.0.as_slice());
    }
}

impl hpke::Kem for Hybrid {
    type PublicKey = PublicKey;
    type PrivateKey = PrivateKey;
    type EncappedKey = Encapsulated;
    type NSecret = U32;
    const KEM_ID: u16 = 0x647a;

    fn sk_to_pk(key: &PrivateKey) -> PublicKey {
        let (lattice, point) = key.halves();
        let mut bytes = Box::new([0; PUBLIC]);
        let (first, second) = bytes.split_at_mut(LATTICE_KEY);
        first.copy_from_slice(&lattice.encapsulation_key().as_bytes());
        second.copy_from_slice(x25519_dalek::PublicKey::from(&point).as_bytes());
        PublicKey(bytes)
    }

    fn derive_keypair(material: &[u8]) -> (PrivateKey, PublicKey) {
        let mut seed = Zeroizing::new([0; POINT]);
        let label = b"DeriveKeyPair";
        // LabeledDerive of draft-ietf-hpke-pq: each number in two bytes, the highest first.
        let derived = Shake256::default()
            .chain(material)
            .chain(b"HPKE-v1KEM")
            .chain(Self::KEM_ID.to_be_bytes())
            .chain([0, 13])
            .chain(label)
            .chain([0, 32]);
        derived.finalize_xof().read(seed.as_mut_slice());
        let key = PrivateKey(seed);
        let public = Self::sk_to_pk(&key);
        (key, public)
    }

    fn decap(
        key: &PrivateKey,
        sender: Option<&PublicKey>,
        encapsulated: &Encapsulated,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        if sender.is_some() {
            // This KEM authenticates no sender.
            return Err(HpkeError::DecapError);
        }
        let (lattice, point) = key.halves();
        let (first, second) = encapsulated.0.split_at(LATTICE_TEXT);
        let text = Ciphertext::<MlKem768>::try_from(first).map_err(|_| HpkeError::DecapError)?;
        let mut secret = lattice.decapsulate(&text).map_err(|()| HpkeError::DecapError)?;
        let theirs: [u8; POINT] = exactly(second)?;
        let agreed = point.diffie_hellman(&theirs.into());
        if !agreed.was_contributory() {
            return Err(HpkeError::DecapError);
        }
        let own = x25519_dalek::PublicKey::from(&point);
        let shared = combined([secret.as_slice(), agreed.as_bytes(), second, own.as_bytes()]);
        secret.as_mut_slice().zeroize();
        Ok(shared)
    }

    fn encap<R: CryptoRng + RngCore>(
        public: &PublicKey,
        sender: Option<(&PrivateKey, &PublicKey)>,
        random: &mut R,
    ) -> Result<(SharedSecret<Self>, Encapsulated), HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::EncapError);
        }
        let (first, second) = public.0.split_at(LATTICE_KEY);
        let lattice = Encoded::<EncapsulationKey<MlKem768Params>>::try_from(first);
        let lattice = EncapsulationKey::<MlKem768Params>::from_bytes(&lattice.map_err(|_| HpkeError::EncapError)?);
        let (text, mut secret) = lattice.encapsulate(random).map_err(|()| HpkeError::EncapError)?;
        let own = EphemeralSecret::random_from_rng(random);
        let handed = x25519_dalek::PublicKey::from(&own);
        let theirs: [u8; POINT] = exactly(second)?;
        let agreed = own.diffie_hellman(&theirs.into());
        if !agreed.was_contributory() {
            return Err(HpkeError::EncapError);
        }
        let shared = combined([secret.as_slice(), agreed.as_bytes(), handed.as_bytes(), second]);
        secret.as_mut_slice().zeroize();
        let mut bytes = Box::new([0; ENCAPSULATED]);
        let (first, second) = bytes.split_at_mut(LATTICE_TEXT);
        first.copy_from_slice(&text);
        second.copy_from_slice(handed.as_bytes());
        Ok((shared, Encapsulated(bytes)))
    }
}

/// Combines the secrets of both: that of the lattice, that of the curve, and the curve's ephemeral and public keys.
fn combined(parts: [&[u8]; 4]) -> SharedSecret<Hybrid> {
    let mut hash = Sha3_256::default();
    for part in parts {
        hash.update(part);
    }
    hash.update(LABEL);
    SharedSecret(hash.finalize_fixed())
}

/// Takes bytes of exactly one length.
fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], HpkeError> {
    bytes.try_into().map_err(|_| HpkeError::IncorrectInputLength(N, bytes.len()))
}
