//! Addresses below an API server's root. Every request takes one, and only this file builds them: each part is one
//! segment or one value of the query, escaped, so that no name can lead to another address than its own.

use std::fmt;

use http::{Method, Request};
use serde::Deserialize;

use crate::model::ObjectRef;
use crate::model::segment::{is_label_value, no_segment};

/// Holds an address: escaped segments, and a query with escaped values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    path: String,
    query: String,
    refused: Option<Misnamed>,
    asked: Option<Asked>,
}

/// Identifies the object of an address: masks, views and errors rely on it, so the answer must be that object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    group: String,
    kind: String,
    name: String,
}

/// Mirrors the part of an object that identifies it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    api_version: String,
    kind: String,
    metadata: Named,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

/// Reports the part of an address that is not a valid name, and why; no request is sent then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a valid name: {why}")]
pub(crate) struct Misnamed {
    text: String,
    why: &'static str,
}

impl Address {
    /// Checks an object's name and namespace, before a caller sends another request first.
    ///
    /// # Errors
    /// Fails with the invalid one, and the reason.
    pub(crate) fn check_name(object: &ObjectRef) -> Result<(), Misnamed> {
        let place = Self::root("").within(&object.namespace).at(&object.name);
        place.refused.map_or(Ok(()), Err)
    }

    fn root(path: &str) -> Self {
        Self { path: path.to_owned(), query: String::new(), refused: None, asked: None }
    }

    /// Addresses the list of all groups.
    pub(crate) fn groups() -> Self {
        Self::root("/apis")
    }

    /// Addresses the description of a group.
    pub(crate) fn group(name: &str) -> Self {
        Self::groups().at(name)
    }

    /// Addresses a version of a group; an empty group is the core group.
    pub(crate) fn version(group: &str, version: &str) -> Self {
        if group.is_empty() { Self::root("/api").at(version) } else { Self::group(group).at(version) }
    }

    /// Addresses a list of the core group in a namespace; in all namespaces when it is empty.
    pub(crate) fn core(namespace: &str, plural: &str) -> Self {
        Self::version("", "v1").within(namespace).at(plural)
    }

    /// Appends a namespace, unless it is empty.
    pub(crate) fn within(self, namespace: &str) -> Self {
        if namespace.is_empty() { self } else { self.at("namespaces").at(namespace) }
    }

    /// Appends a segment.
    pub(crate) fn at(mut self, segment: &str) -> Self {
        if let Some(why) = no_segment(segment) {
            self.refused.get_or_insert_with(|| Misnamed { text: segment.to_owned(), why });
        }
        // A subresource is not the object itself.
        self.asked = None;
        self.path.push('/');
        escape(segment, &mut self.path);
        self
    }

    /// Appends the name of an object of a list, whose answer must be of this kind.
    pub(crate) fn object(self, group: &str, kind: &str, name: &str) -> Self {
        let asked = Asked { group: group.to_owned(), kind: kind.to_owned(), name: name.to_owned() };
        Self { asked: Some(asked), ..self.at(name) }
    }

    /// Refuses an answer that is another object than the requested one.
    ///
    /// # Errors
    /// Fails with the object in the answer, where it is another.
    pub(crate) fn check(&self, answer: &[u8]) -> Result<(), String> {
        let Some(Asked { group, kind, name }) = &self.asked else { return Ok(()) };
        let head = serde_json::from_slice::<Head>(answer);
        // Parsers differ in which of two duplicate fields they take.
        let head = head.map_err(|error| format!("it is no {kind}: {error}"))?;
        // An answer without a kind cannot contradict the request.
        if head.kind.is_empty() {
            return Ok(());
        }
        let sent = crate::model::api_group(&head.api_version);
        if head.kind == *kind && sent == group && head.metadata.name == *name {
            return Ok(());
        }
        let long = |group: &str, kind: &str, name: &str| {
            let dot = if group.is_empty() { "" } else { "." };
            format!("{kind}{dot}{group} {name}").chars().take(120).collect::<String>()
        };
        let (sent, asked) = (long(sent, &head.kind, &head.metadata.name), long(group, kind, name));
        Err(format!("it is `{sent}`, and `{asked}` was asked for"))
    }

    /// Adds a value to the query.
    pub(crate) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        escape(&value.to_string(), &mut self.query);
        self
    }

    /// Adds a value to the query, unless it is empty.
    pub(crate) fn with_some(self, name: &'static str, value: &str) -> Self {
        if value.is_empty() { self } else { self.with(name, value) }
    }

    /// Selects by fields; their values are escaped as field selectors require it (`fields.EscapeValue` of
    /// apimachinery).
    pub(crate) fn with_fields(self, fields: &[(&str, &str)]) -> Self {
        let mut selector = String::new();
        for (field, value) in fields {
            if !selector.is_empty() {
                selector.push(',');
            }
            selector.push_str(field);
            selector.push('=');
            for letter in value.chars() {
                if matches!(letter, '\\' | ',' | '=') {
                    selector.push('\\');
                }
                selector.push(letter);
            }
        }
        self.with("fieldSelector", selector)
    }

    /// Selects by labels; a value that no label can have is refused, because it would change the selector.
    pub(crate) fn with_labels(mut self, labels: &[(&str, &str)]) -> Self {
        for (_, value) in labels {
            if !is_label_value(value) {
                let why = "a label cannot have this value";
                self.refused.get_or_insert_with(|| Misnamed { text: (*value).to_owned(), why });
            }
        }
        let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.with("labelSelector", pairs.join(","))
    }

    /// Watches the list from a version on.
    pub(crate) fn watched(&self, version: &str) -> Self {
        let chosen = self.query.replacen('?', "&", 1);
        let watched = Self { query: String::new(), ..self.clone() };
        let mut watched = watched.with("watch", 1).with("resourceVersion", version);
        watched.query.push_str(&chosen);
        watched
    }

    /// Builds the request to the address.
    ///
    /// # Errors
    /// Fails when a part of the address is not a valid name.
    pub(crate) fn request(&self, method: Method) -> Result<http::request::Builder, Misnamed> {
        match &self.refused {
            Some(misnamed) => Err(misnamed.clone()),
            None => Ok(Request::builder().method(method).uri(format!("{}{}", self.path, self.query))),
        }
    }
}

/// Escapes all characters except those that RFC 3986 leaves unreserved.
fn escape(text: &str, into: &mut String) {
    use fmt::Write as _;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::Address;

    fn written(address: &Address) -> String {
        let request = address.request(Method::DELETE).unwrap().body(()).unwrap();
        request.uri().to_string()
    }

    #[test]
    fn an_answer_is_the_object_that_was_asked_for() {
        let apps = Address::version("apps", "v1").within("web").at("deployments").object("apps", "Deployment", "web");
        let answer = |kind: &str, version: &str, name: &str| {
            format!(r#"{{"kind":"{kind}","apiVersion":"{version}","metadata":{{"name":"{name}"}},"spec":{{}}}}"#)
        };
        assert_eq!(apps.check(answer("Deployment", "apps/v1", "web").as_bytes()), Ok(()));
        for lie in
            [answer("Secret", "v1", "web"), answer("Deployment", "x/v1", "web"), answer("Deployment", "apps/v1", "db")]
        {
            assert!(apps.check(lie.as_bytes()).unwrap_err().ends_with("`Deployment.apps web` was asked for"), "{lie}");
        }
        assert_eq!(apps.at("scale").check(answer("Scale", "autoscaling/v1", "web").as_bytes()), Ok(()));
    }

    #[test]
    fn whatever_a_name_holds_it_stays_one_segment() {
        for (name, written_as) in [
            ("?old", "%3Fold"),
            ("#old", "%23old"),
            ("a?dryRun=All", "a%3FdryRun%3DAll"),
            ("a b&c;d", "a%20b%26c%3Bd"),
            ("system:é", "system%3A%C3%A9"),
            ("a\\b", "a%5Cb"),
            ("...", "..."),
        ] {
            let address = Address::core(name, "configmaps").at(name);
            assert_eq!(written(&address), format!("/api/v1/namespaces/{written_as}/configmaps/{written_as}"), "{name}");
            let uri = address.request(Method::GET).unwrap().body(()).unwrap().uri().clone();
            assert_eq!((uri.query(), uri.path().split('/').count()), (None, 7), "{name}");
        }
    }

    #[test]
    fn what_can_be_no_name_is_not_asked_for() {
        for name in ["", ".", "..", "a/b", "../secrets", "%2e%2e", "a\r\nHost: b"] {
            assert!(Address::core("web", "pods").at(name).request(Method::GET).is_err(), "{name:?}");
            assert!(Address::group(name).request(Method::GET).is_err(), "{name:?}");
            assert!(Address::version("apps", name).request(Method::GET).is_err(), "{name:?}");
            if !name.is_empty() {
                assert!(Address::core(name, "pods").request(Method::GET).is_err(), "{name:?}");
            }
        }
    }

    #[test]
    fn values_of_the_query_are_escaped() {
        let list = Address::version("apps", "v1").at("deployments");
        assert_eq!(
            written(&list.clone().with("limit", 5).with("continue", "a=b&c/d").with_some("labelSelector", "")),
            "/apis/apps/v1/deployments?limit=5&continue=a%3Db%26c%2Fd"
        );
        assert_eq!(
            written(&list.clone().with_fields(&[("metadata.name", "a,b=c"), ("kind", "Pod")])),
            "/apis/apps/v1/deployments?fieldSelector=metadata.name%3Da%5C%2Cb%5C%3Dc%2Ckind%3DPod"
        );
        assert_eq!(
            written(&list.clone().with_labels(&[("owner", "helm"), ("name", "web-1")])),
            "/apis/apps/v1/deployments?labelSelector=owner%3Dhelm%2Cname%3Dweb-1"
        );
        assert_eq!(
            written(&list.clone().with("labelSelector", "a=b").watched("7&x")),
            "/apis/apps/v1/deployments?watch=1&resourceVersion=7%26x&labelSelector=a%3Db"
        );
        assert!(list.with_labels(&[("name", "a,owner=x")]).request(Method::GET).is_err());
    }
}
