//! Secrets with their values, for code that compares or replaces them; every view gets them masked (`mask`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Cluster, request};
use crate::model::{Fault, ObjectRef, Permit};

/// Holds the content of a live Secret, in memory only.
pub struct LiveSecret {
    /// The decoded values, by key.
    pub values: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// The type.
    pub kind: String,
    /// The last writers of each value, by key: the field managers in managedFields.
    pub managers: BTreeMap<String, Vec<String>>,
    /// The annotations.
    pub annotations: BTreeMap<String, String>,
}

impl std::fmt::Debug for LiveSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LiveSecret").field("keys", &self.values.keys()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: BTreeMap<String, String>,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    annotations: BTreeMap<String, String>,
    managed_fields: Vec<ManagedFields>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ManagedFields {
    manager: String,
    fields_v1: Value,
}

/// Lists the last writers of each value.
fn managers(fields: &[ManagedFields]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for field in fields {
        let data = field.fields_v1.get("f:data").and_then(Value::as_object);
        for key in data.into_iter().flatten().filter_map(|(key, _)| key.strip_prefix("f:")) {
            found.entry(key.to_owned()).or_default().push(field.manager.clone());
        }
    }
    found
}

impl From<Answer> for LiveSecret {
    fn from(answer: Answer) -> Self {
        let decode = |(key, text): (String, String)| {
            let text = Zeroizing::new(text);
            (key, Zeroizing::new(STANDARD.decode(&*text).unwrap_or_default()))
        };
        Self {
            values: answer.data.into_iter().map(decode).collect(),
            kind: answer.kind,
            managers: managers(&answer.metadata.managed_fields),
            annotations: answer.metadata.annotations,
        }
    }
}

impl Cluster {
    /// Reads a Secret with its values; `None` is a missing one.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or forbids reading it.
    pub async fn secret(&self, namespace: &str, name: &str) -> Result<Option<LiveSecret>, Fault> {
        let object = ObjectRef::new("Secret", "", namespace, name);
        match request::get::<Answer>(self, &self.address_of(&object).await?).await {
            Ok(answer) => Ok(Some(answer.into())),
            Err(error) if error.code() == Some(404) => Ok(None),
            Err(error) => Err(error.fault(&self.name, &format!("read {object}"))),
        }
    }

    /// Sets one value of a Secret, and creates the Secret where it is missing; returns whether it was created. Its
    /// other values stay.
    ///
    /// # Errors
    /// Fails when the server cannot be queried or refuses.
    pub(crate) async fn put_secret(
        &self,
        namespace: &str,
        name: &str,
        key: &str,
        value: &[u8],
        permit: &Permit,
    ) -> Result<bool, Fault> {
        let object = ObjectRef::new("Secret", "", namespace, name);
        let data = json!({key: STANDARD.encode(value)});
        let address = self.address_of(&object).await?;
        match request::merge_patch::<Answer>(self, &address, &json!({"data": data}), permit).await {
            Ok(_) => return Ok(false),
            Err(error) if error.code() == Some(404) => {}
            Err(error) => return Err(error.fault_of_write(&self.name, &format!("change {object}"))),
        }
        let whole: Value = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": name, "namespace": namespace}, "data": data,
        });
        let list = self.resource(&object.group, &object.kind).await?.list(namespace);
        match request::create::<Answer>(self, &list, &whole, permit).await {
            Ok(_) => Ok(true),
            Err(error) => Err(error.fault_of_write(&self.name, &format!("create {object}"))),
        }
    }
}
