//! Compared with files from age and sops (`tests/sops/post-quantum`, with a throwaway key), and the vectors of the
//! draft.

use hpke::{Deserializable as _, Kem as _, Serializable as _};

use super::kem::{Encapsulated, Hybrid, PrivateKey, PublicKey};
use super::{Identity, Recipient};
use crate::secret::Secret;
use crate::sops::keys::recipients;
use crate::sops::tests::folder;
use crate::sops::{Format, Identities, KeyKind, NewFile, Path, SopsFile, create};

/// Returns the key file of the recordings, below `tests/sops`, and its public key.
pub(in crate::sops) fn throwaway() -> (&'static str, String) {
    let file = "post-quantum/throwaway.txt";
    let text = recorded("throwaway.txt");
    let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned();
    (file, recipient)
}

fn recorded(name: &str) -> String {
    std::fs::read_to_string(folder().join("post-quantum").join(name)).unwrap()
}

fn identities() -> Identities {
    Identities::from_text(&Secret::new(recorded("throwaway.txt"))).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_vectors_of_the_draft_hold() {
    let vector: serde_json::Value = serde_json::from_str(&recorded("hpke.json")).unwrap();
    let of = |name: &str| bytes(vector[name].as_str().unwrap());
    let (key, public) = Hybrid::derive_keypair(&of("ikmR"));
    assert_eq!(key.to_bytes().to_vec(), of("skRm"));
    assert_eq!(public.to_bytes().to_vec(), of("pkRm"));
    let handed = Encapsulated::from_bytes(&of("enc")).unwrap();
    assert_eq!(Hybrid::decap(&key, None, &handed).unwrap().0.to_vec(), of("shared_secret"));
    let opened = hpke::single_shot_open::<hpke::aead::ChaCha20Poly1305, hpke::kdf::HkdfSha256, Hybrid>(
        &hpke::OpModeR::Base,
        &key,
        &handed,
        &of("info"),
        &of("ct"),
        &of("aad"),
    );
    assert_eq!(opened.unwrap(), of("pt"));
    assert!(Hybrid::decap(&key, Some(&public), &handed).is_err(), "it authenticates nobody");
}

#[test]
fn a_key_of_age_keygen_is_read_and_written_as_it_is() {
    let (_, recipient) = throwaway();
    let text = recorded("throwaway.txt");
    let line = text.lines().last().unwrap();
    let identity: Identity = line.parse().unwrap();
    assert_eq!(identity.to_public().to_string(), recipient);
    assert_eq!(identity.text().expose(), line);
    let found = identities();
    assert_eq!(found.recipients(), std::slice::from_ref(&recipient));
    assert_eq!(found.key_of(&recipient).unwrap().expose(), line);
    let (made, public) = KeyKind::PostQuantum.generate();
    assert_eq!(Identities::from_text(&made).unwrap().recipients(), std::slice::from_ref(&public));
    assert_eq!(
        (KeyKind::from_recipient(&public), KeyKind::from_recipient("age1qqq")),
        (KeyKind::PostQuantum, KeyKind::Classic)
    );
}

#[test]
fn what_age_and_sops_encrypted_opens_and_what_we_encrypt_opens_again() {
    let found = identities();
    let key: Identity = recorded("throwaway.txt").lines().last().unwrap().parse().unwrap();
    let note = recipients::unwrap(&recorded("note.age"), std::iter::once(&key as &dyn age::Identity)).unwrap();
    assert_eq!(note.as_slice(), b"throwaway");
    let file = SopsFile::parse(Format::Yaml, recorded("secret.yaml")).unwrap();
    let mut opened = file.decrypt(&found).unwrap();
    let path = Path::parse("stringData.password");
    assert_eq!(opened.entries().iter().find(|one| one.path == path).unwrap().secret.expose(), "throwaway");
    opened.set(0, &path, &Secret::new("other")).unwrap();
    let saved = opened.save(jiff::Timestamp::UNIX_EPOCH).unwrap();
    let again = SopsFile::parse(Format::Yaml, saved).unwrap().decrypt(&found).unwrap();
    assert_eq!(again.entries().iter().find(|one| one.path == path).unwrap().secret.expose(), "other");

    // Beside a classic one, as sops has a stanza of its own for each.
    let (classic, other) = KeyKind::Classic.generate();
    let wanted = NewFile::for_recipients(&[throwaway().1, other], "^stringData$");
    let plain = Secret::new("stringData:\n    a: b\n");
    let sealed = create(Format::Yaml, &plain, &wanted, jiff::Timestamp::UNIX_EPOCH).unwrap();
    for identities in [found, Identities::from_text(&classic).unwrap()] {
        let file = SopsFile::parse(Format::Yaml, sealed.as_str()).unwrap();
        assert_eq!(file.decrypt(&identities).unwrap().entries()[0].secret.expose(), "b");
    }
    let stranger = Identities::from_text(&KeyKind::PostQuantum.generate().0).unwrap();
    let why = SopsFile::parse(Format::Yaml, sealed.as_str()).unwrap().decrypt(&stranger).unwrap_err();
    assert!(matches!(why, crate::sops::SopsError::WrongKey { .. }), "{why}");
}

#[test]
fn what_is_no_such_key_is_refused() {
    let (_, recipient) = throwaway();
    let text = recorded("throwaway.txt");
    let line = text.lines().last().unwrap();
    for wrong in
        [recipient.to_uppercase(), format!("{recipient}q"), recipient.replacen("1pq17", "1pq1q", 1), String::new()]
    {
        assert!(wrong.parse::<Recipient>().is_err());
    }
    let changed = line.replace("PQ-1", "PQ-1Q");
    for wrong in [line.to_lowercase().as_str(), &changed, "AGE-SECRET-KEY-PQ-1QQ", ""] {
        assert!(wrong.parse::<Identity>().is_err());
    }
    // FIPS 203 requires coefficients below 3329.
    let mut large = recipient.parse::<Recipient>().unwrap().0.to_bytes();
    large[0] = 0xff;
    large[1] |= 0x0f;
    assert!(PublicKey::from_bytes(&large).is_err());
    assert!(PrivateKey::from_bytes(&[0; 31]).is_err() && Encapsulated::from_bytes(&[0; 1119]).is_err());
}

#[test]
fn a_point_that_agrees_on_nothing_is_refused() {
    let (key, public) = Hybrid::derive_keypair(&[7; 64]);
    let mut zero = public.to_bytes();
    zero[1184..].fill(0);
    let zero = PublicKey::from_bytes(&zero).unwrap();
    assert!(Hybrid::encap(&zero, None, &mut aes_gcm::aead::OsRng).is_err());
    assert!(Hybrid::decap(&key, None, &Encapsulated::from_bytes(&[0; 1120]).unwrap()).is_err());
}
