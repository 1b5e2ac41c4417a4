//! Reads of whole objects.

use serde_json::{Map, Value};

use super::address::Address;
use super::failure::Failure;
use super::turning::Turning;
use super::{Cluster, Resource, mask, request};
use crate::model::{Condition, Fault, ObjectRef};

/// The objects of one page of a list of whole objects.
const PAGE: usize = 200;

/// Holds a whole object for display.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectDetail {
    /// The object.
    pub object: ObjectRef,
    /// The object as the server sent it, with managedFields.
    pub value: Value,
    /// The object as YAML, without managedFields, in the order of manifests.
    pub yaml: String,
    /// The conditions.
    pub conditions: Vec<Condition>,
}

impl ObjectDetail {
    /// Builds it from the server's answer.
    ///
    /// # Errors
    /// Fails when it cannot be written as YAML.
    pub fn from_value(object: &ObjectRef, value: Value) -> Result<Self, Fault> {
        let yaml = crate::yaml::to_string(&ordered(&value)).map_err(|error| {
            Fault::failed(format!("cannot show {object}"), error.to_string(), "`kubectl get -o yaml` shows it too")
        })?;
        let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
        let conditions = conditions.map(Vec::as_slice).unwrap_or_default();
        // Decoded one by one: a malformed condition must not hide the others.
        let conditions = conditions.iter().filter_map(|one| serde_json::from_value(one.clone()).ok()).collect();
        Ok(Self { object: object.clone(), value, yaml, conditions })
    }
}

/// Sorts the keys as in manifests, and removes managedFields.
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

/// Holds the objects of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedObjects {
    /// The objects, in the server's order.
    pub objects: Vec<Value>,
    /// Whether there are no more than these.
    pub is_whole: bool,
}

impl Cluster {
    /// Reads a whole object.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or the object does not exist.
    pub async fn read(&self, object: &ObjectRef) -> Result<ObjectDetail, Fault> {
        let tried = format!("read {object}");
        let value = self.fetch(object).await?.map_err(|failure| failure.fault(&self.name, &tried))?;
        ObjectDetail::from_value(object, value)
    }

    /// Reads a whole object for display: the values of a Secret are masked, and `None` is a missing object.
    ///
    /// # Errors
    /// Fails when the server cannot be queried.
    pub async fn detail(&self, object: &ObjectRef) -> Result<Option<ObjectDetail>, Fault> {
        let mut value = match self.fetch(object).await? {
            Ok(value) => value,
            Err(failure) if failure.code() == Some(404) => return Ok(None),
            Err(failure) => return Err(failure.fault(&self.name, &format!("read {object}"))),
        };
        mask::answer(object, &mut value);
        ObjectDetail::from_value(object, value).map(Some)
    }

    /// Reads all objects of a kind in a namespace, whole: for short lists, such as the pods of a namespace.
    ///
    /// # Errors
    /// Fails when the server cannot be queried or does not serve the kind.
    pub async fn objects(&self, group: &str, kind: &str, namespace: &str) -> Result<Vec<Value>, Fault> {
        self.objects_labelled(group, kind, namespace, "").await
    }

    /// Lists those of them that match a label selector; an empty one matches all.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or refuses.
    pub async fn objects_labelled(
        &self,
        group: &str,
        kind: &str,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<Value>, Fault> {
        let resource = self.resource(group, kind).await?;
        self.every(&resource, resource.list(namespace).with_some("labelSelector", selector)).await
    }

    /// Lists the objects of a kind, whole: all, or those of a namespace, with a label and a field selector; empty ones
    /// choose nothing. `None` where the server does not serve the kind.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or refuses.
    pub async fn listed(
        &self,
        group: &str,
        kind: &str,
        namespace: &str,
        labels: &str,
        fields: &str,
    ) -> Result<Option<Vec<Value>>, Fault> {
        let found = self.listed_up_to(usize::MAX, group, kind, [namespace, labels, fields], |value| value).await?;
        Ok(found.map(|found| found.objects))
    }

    /// Lists the objects of a kind, whole: chosen by a namespace, a label and a field selector, of which empty ones choose
    /// nothing, and no more than `most` of them, each prepared before the next page is read. `None` where the server does
    /// not serve the kind.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or refuses.
    pub async fn listed_up_to(
        &self,
        most: usize,
        group: &str,
        kind: &str,
        [namespace, labels, fields]: [&str; 3],
        prepare: impl Fn(Value) -> Value,
    ) -> Result<Option<ListedObjects>, Fault> {
        let tried = || format!("look up {kind}");
        let found = self.look_up(group, kind).await.map_err(|failure| failure.fault(&self.name, &tried()))?;
        let Some(resource) = found else { return Ok(None) };
        let list = resource.list(namespace).with_some("labelSelector", labels).with_some("fieldSelector", fields);
        self.first(&resource, list, most, prepare).await.map(Some)
    }

    /// Reads a whole object; `None` if it is not there, or its kind is not served.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or refuses.
    pub async fn looked_up(&self, object: &ObjectRef) -> Result<Option<Value>, Fault> {
        let fault = |failure: Failure| failure.fault(&self.name, &format!("read {object}"));
        Address::check_name(object).map_err(|bad| fault(bad.into()))?;
        let Some(resource) = self.look_up(&object.group, &object.kind).await.map_err(fault)? else { return Ok(None) };
        match request::get(self, &resource.object(&object.namespace, &object.name)).await {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.code() == Some(404) => Ok(None),
            Err(failure) => Err(fault(failure)),
        }
    }

    /// Lists the pods on a node, whole.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or refuses.
    pub async fn pods_on(&self, node: &str) -> Result<Vec<Value>, Fault> {
        let resource = self.resource("", "Pod").await?;
        self.every(&resource, resource.list("").with_fields(&[("spec.nodeName", node)])).await
    }

    /// Reads every page of a list.
    async fn every(&self, resource: &Resource, list: Address) -> Result<Vec<Value>, Fault> {
        self.first(resource, list, usize::MAX, |value| value).await.map(|found| found.objects)
    }

    /// Reads the pages of a list, until there are so many objects.
    async fn first(
        &self,
        resource: &Resource,
        list: Address,
        most: usize,
        prepare: impl Fn(Value) -> Value,
    ) -> Result<ListedObjects, Fault> {
        let fault = |failure: Failure| failure.fault(&self.name, &format!("list {}", resource.plural));
        let list = list.with("limit", PAGE);
        let (mut objects, mut next) = (Vec::new(), String::new());
        let mut turning = Turning::default();
        loop {
            let address = list.clone().with_some("continue", &next);
            let bytes = request::read(self, &address).await.map_err(fault)?;
            let mut page: Value = request::parse(&bytes).map_err(fault)?;
            if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
                turning.took(items.len(), bytes.len()).map_err(fault)?;
                objects.extend(items.into_iter().map(&prepare));
            }
            page.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default().clone_into(&mut next);
            let has_more = turning.turn(&next).map_err(fault)?;
            if !has_more || objects.len() >= most {
                let is_whole = !has_more && objects.len() <= most;
                objects.truncate(most);
                return Ok(ListedObjects { objects, is_whole });
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
