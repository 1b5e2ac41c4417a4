//! Decrypting as kustomize-controller does: an object as JSON, by its paths, without verifying the MAC, which a build
//! breaks by reordering (kustomize-controller's `internal/decryptor`).

use serde_json::Value;
use zeroize::Zeroizing;

use super::error::SopsError;
use super::file::SopsFile;
use super::format::Format;
use super::keys::identities::Identities;
use super::path::Segment;
use crate::secret::Secret;

/// The mark of an encrypted text of each format, in the order in which they are looked for.
const MARKS: [(Format, &str); 4] = [
    (Format::Dotenv, "sops_mac=ENC["),
    (Format::Json, "\"mac\": \"ENC["),
    (Format::Yaml, "mac: ENC["),
    (Format::Ini, "[sops]"),
];

/// Returns the format that kustomize-controller reads a file of a generator in: that of its key's ending.
pub fn source_format(key: &str) -> Format {
    if key.ends_with(".dockerconfigjson") { Format::Json } else { Format::from_path(key) }
}

/// Tells whether kustomize-controller takes a text for an encrypted one of a format.
pub fn is_marked(format: Format, text: &str) -> bool {
    let format = if format == Format::Binary { Format::Json } else { format };
    MARKS.iter().any(|(other, mark)| *other == format && text.contains(mark))
}

/// Finds the format of an encrypted text by its mark, as kustomize-controller does for a value of a Secret.
pub fn marked_format(text: &str) -> Option<Format> {
    MARKS.iter().find(|(_, mark)| text.contains(mark)).map(|(format, _)| *format)
}

/// Decrypts a file, without verifying the MAC, in the file's own layout: sops writes structured files anew, so that the
/// bytes may differ where sops did not write the file.
///
/// # Errors
/// If it is not encrypted in that format, no key fits, or a value is damaged.
pub fn decrypt_source(format: Format, text: &str, identities: &Identities) -> Result<Zeroizing<Vec<u8>>, SopsError> {
    let file = SopsFile::parse(format, text)?;
    if format == Format::Binary {
        return file.unverified_content(identities);
    }
    Ok(Zeroizing::new(Secret::expose(&file.unverified_text(identities)?).as_bytes().to_vec()))
}

/// Decrypts an object with a `sops` block, and removes the block.
///
/// # Errors
/// If the block is broken, no key fits, or a value is damaged.
pub fn decrypt_object(object: &Value, identities: &Identities) -> Result<Value, SopsError> {
    let file = SopsFile::parse(Format::Json, object.to_string())?;
    let mut found = object.clone();
    if let Some(fields) = found.as_object_mut() {
        fields.remove("sops");
    }
    for (path, text) in file.unverified(identities)? {
        let place = path.segments().iter().try_fold(&mut found, |value, segment| match segment {
            Segment::Key(key) => value.get_mut(key),
            Segment::Index(index) => value.get_mut(index),
        });
        if let Some(place) = place {
            *place = Value::String(text.expose().to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::{decrypt_object, decrypt_source, is_marked, marked_format, source_format};
    use crate::secret::Secret;
    use crate::sops::{Format, Identities, NewFile, create, generate};

    #[test]
    fn an_object_that_a_build_changed_around_its_values_is_opened_all_the_same() {
        let (key, recipient) = generate();
        let plain = "kind: Secret\nmetadata:\n  name: a\nstringData:\n  list: [x, y]\n  one: hunter2\n";
        let file = NewFile::for_recipients(&[recipient], "^stringData$");
        let text = create(Format::Yaml, &Secret::new(plain), &file, Timestamp::UNIX_EPOCH).unwrap();
        let mut object: serde_json::Value = crate::yaml::from_str(&text).unwrap();
        object["metadata"]["namespace"] = json!("web");
        let identities = Identities::from_text(&key).unwrap();
        let expected = json!({"kind": "Secret", "metadata": {"name": "a", "namespace": "web"}, "stringData": {"list": ["x", "y"], "one": "hunter2"}});
        assert_eq!(decrypt_object(&object, &identities).unwrap(), expected);
        assert!(decrypt_object(&object, &Identities::from_text(&generate().0).unwrap()).is_err());
    }

    #[test]
    fn a_source_of_a_generator_is_opened_in_the_format_of_its_key() {
        let (key, recipient) = generate();
        let identities = Identities::from_text(&key).unwrap();
        let file = NewFile::for_recipients(&[recipient], "");
        for (name, plain) in [
            (".env", "# a remark\nA=hunter2\nB=x y\n"),
            ("a.yaml", "a: hunter2\nb:\n    - x\n"),
            ("a.ini", "[a]\nb = hunter2\n"),
            ("app.dockerconfigjson", "{\n\t\"a\": \"hunter2\"\n}\n"),
        ] {
            let format = source_format(name);
            let sealed = create(format, &Secret::new(plain), &file, Timestamp::UNIX_EPOCH).unwrap();
            assert!(!sealed.contains("hunter2") && is_marked(format, &sealed), "{name}");
            assert_eq!(marked_format(&sealed), Some(format), "{name}");
            let opened = decrypt_source(format, &sealed, &identities).unwrap();
            assert_eq!(std::str::from_utf8(&opened).unwrap(), plain, "{name}");
            assert!(decrypt_source(format, &sealed, &Identities::from_text(&generate().0).unwrap()).is_err());
        }
        let bytes = zeroize::Zeroizing::new(vec![0_u8, 255, 7]);
        let sealed = crate::sops::create_binary(bytes.clone(), &file, Timestamp::UNIX_EPOCH).unwrap();
        assert!(is_marked(source_format("tls.key"), &sealed));
        assert_eq!(*decrypt_source(source_format("tls.key"), &sealed, &identities).unwrap(), *bytes);
    }
}
