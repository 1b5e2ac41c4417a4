//! Secrets with their values, for what must compare or replace them; whatever is only looked at is masked (`mask`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Cluster, request};
use crate::model::{Fault, ObjectRef, Permit};

/// Holds what a live Secret holds, in memory only.
pub struct LiveSecret {
    /// Its values, decoded, by their keys.
    pub values: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// Its type.
    pub kind: String,
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
}

impl From<Answer> for LiveSecret {
    fn from(answer: Answer) -> Self {
        let decode = |(key, text): (String, String)| {
            let text = Zeroizing::new(text);
            (key, Zeroizing::new(STANDARD.decode(&*text).unwrap_or_default()))
        };
        Self { values: answer.data.into_iter().map(decode).collect(), kind: answer.kind }
    }
}

impl Cluster {
    /// Reads a Secret with its values; `None` is one that is not there.
    ///
    /// # Errors
    /// When the server cannot be asked, or does not let us read it.
    pub async fn secret(&self, namespace: &str, name: &str) -> Result<Option<LiveSecret>, Fault> {
        let object = ObjectRef::new("Secret", "", namespace, name);
        match request::get::<Answer>(self, &self.address_of(&object).await?).await {
            Ok(answer) => Ok(Some(answer.into())),
            Err(error) if error.code() == Some(404) => Ok(None),
            Err(error) => Err(error.fault(&self.name, &format!("read {object}"))),
        }
    }

    /// Gives a Secret one value, and makes the Secret where there is none; returns whether it was made. Its other values stay.
    ///
    /// # Errors
    /// When the server cannot be asked or refuses.
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
