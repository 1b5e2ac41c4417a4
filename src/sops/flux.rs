//! Decrypting as kustomize-controller does: an object as JSON, by its paths, without verifying the MAC, which a build
//! breaks by reordering (kustomize-controller's `internal/decryptor`).

use serde_json::Value;

use super::error::SopsError;
use super::file::SopsFile;
use super::format::Format;
use super::keys::identities::Identities;
use super::path::Segment;

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

    use super::decrypt_object;
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
}
