//! One whole object, when it is opened.

use serde_json::{Map, Value};

use super::failure::Failure;
use super::turning::Turning;
use super::{Cluster, mask, request};
use crate::model::{Condition, Fault, ObjectRef};

/// Objects of one page of a list of whole objects.
const PAGE: usize = 200;

/// Holds a whole object, as it is shown when it is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectDetail {
    /// Which object.
    pub object: ObjectRef,
    /// The object as the server sent it, with managedFields.
    pub value: Value,
    /// The object as YAML, without managedFields, in the order that manifests have.
    pub yaml: String,
    /// Its conditions; empty where it has none.
    pub conditions: Vec<Condition>,
}

impl ObjectDetail {
    /// Builds it from what the server sent.
    ///
    /// # Errors
    /// Fails when it cannot be written as YAML.
    pub fn from_value(object: &ObjectRef, value: Value) -> Result<Self, Fault> {
        let yaml = crate::yaml::to_string(&ordered(&value)).map_err(|error| {
            Fault::failed(format!("cannot show {object}"), error.to_string(), "`kubectl get -o yaml` shows it too")
        })?;
        let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
        let conditions = conditions.map(Vec::as_slice).unwrap_or_default();
        // Decoded one by one: a condition of a form of its own must not hide the others.
        let conditions = conditions.iter().filter_map(|one| serde_json::from_value(one.clone()).ok()).collect();
        Ok(Self { object: object.clone(), value, yaml, conditions })
    }
}

/// Puts the keys into the order of manifests, and leaves managedFields out.
fn ordered(value: &Value) -> Value {
    let Value::Object(whole) = value else { return value.clone() };
    let mut sorted = Map::new();
    for key in ["apiVersion", "kind", "metadata"] {
        if let Some(part) = whole.get(key) {
            sorted.insert(key.to_owned(), part.clone());
        }
    }
    if let Some(Value::Object(metadata)) = sorted.get_mut("metadata") {
        metadata.shift_remove("managedFields");
    }
    for (key, part) in whole {
        if key != "status" && !sorted.contains_key(key) {
            sorted.insert(key.clone(), part.clone());
        }
    }
    if let Some(status) = whole.get("status") {
        sorted.insert("status".to_owned(), status.clone());
    }
    Value::Object(sorted)
}

impl Cluster {
    /// Reads a whole object.
    ///
    /// # Errors
    /// Fails when the server cannot be asked, or there is no such object.
    pub async fn read(&self, object: &ObjectRef) -> Result<ObjectDetail, Fault> {
        let tried = format!("read {object}");
        let value = self.fetch(object).await?.map_err(|failure| failure.fault(&self.name, &tried))?;
        ObjectDetail::from_value(object, value)
    }

    /// Reads a whole object to be looked at: the values of a Secret are masked, and `None` is an object that is not there.
    ///
    /// # Errors
    /// Fails when the server cannot be asked.
    pub async fn detail(&self, object: &ObjectRef) -> Result<Option<ObjectDetail>, Fault> {
        let mut value = match self.fetch(object).await? {
            Ok(value) => value,
            Err(failure) if failure.code() == Some(404) => return Ok(None),
            Err(failure) => return Err(failure.fault(&self.name, &format!("read {object}"))),
        };
        mask::answer(object, &mut value);
        ObjectDetail::from_value(object, value).map(Some)
    }

    /// Reads all objects of a kind in a namespace, whole: for what lists few, such as the pods of a namespace.
    ///
    /// # Errors
    /// Fails when the server cannot be asked or does not serve the kind.
    pub async fn objects(&self, group: &str, kind: &str, namespace: &str) -> Result<Vec<Value>, Fault> {
        self.objects_labelled(group, kind, namespace, "").await
    }

    /// Lists those of them whose labels a selector fits; an empty one fits all.
    ///
    /// # Errors
    /// Fails when the server cannot be asked, or refuses.
    pub async fn objects_labelled(
        &self,
        group: &str,
        kind: &str,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<Value>, Fault> {
        let resource = self.resource(group, kind).await?;
        let fault = |failure: Failure| failure.fault(&self.name, &format!("list {}", resource.plural));
        let list = resource.list(namespace).with("limit", PAGE).with_some("labelSelector", selector);
        let (mut objects, mut next) = (Vec::new(), String::new());
        let mut turning = Turning::default();
        loop {
            let address = list.clone().with_some("continue", &next);
            let bytes = request::read(self, &address).await.map_err(fault)?;
            let mut page: Value = request::parse(&bytes).map_err(fault)?;
            if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
                turning.took(items.len(), bytes.len()).map_err(fault)?;
                objects.extend(items);
            }
            page.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default().clone_into(&mut next);
            if !turning.turn(&next).map_err(fault)? {
                return Ok(objects);
            }
        }
    }

    async fn fetch(&self, object: &ObjectRef) -> Result<Result<Value, Failure>, Fault> {
        let address = self.address_of(object).await?;
        Ok(request::get(self, &address).await)
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectDetail;

    #[test]
    fn yaml_is_in_the_order_of_manifests_and_lacks_managed_fields() {
        let value = serde_json::json!({
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"odd": 1}]},
            "kind": "ConfigMap", "data": {"a": "1"}, "apiVersion": "v1",
            "metadata": {"name": "n", "managedFields": [{"manager": "m"}], "labels": {"x": "y"}},
        });
        let object = "ConfigMap/default/n".parse().unwrap();
        let detail = ObjectDetail::from_value(&object, value).unwrap();
        assert!(detail.value.pointer("/metadata/managedFields").is_some());
        assert_eq!(detail.conditions.len(), 1);
        assert!(
            detail
                .yaml
                .starts_with("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: n\n  labels:\n    x: y\ndata:"),
            "{}",
            detail.yaml
        );
    }
}
