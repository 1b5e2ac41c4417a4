//! Reading objects: one, or a list in pages, as objects or as a Table.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::route::RequestTarget;
use super::{Asked, ServerResponse, status, table};
use crate::sim::json::{remove, set};
use crate::sim::selector::Selector;
use crate::sim::world::Site;

/// Answers a list.
pub(crate) fn list(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    let selector = match Selector::parse(asked.parameter("labelSelector"), asked.parameter("fieldSelector")) {
        Ok(selector) => selector,
        Err(message) => return status::bad_request(&message),
    };
    let limit = asked.parameter("limit").parse::<usize>().ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let Some(start) = Start::parse(asked.parameter("continue")) else {
        return status::bad_request("continue key is not valid: illegal base64 data");
    };
    site.with(|world| {
        if start.version.is_some_and(|version| world.store.changes_after(version).is_err()) {
            return status::expired_continue();
        }
        let version = start.version.unwrap_or_else(|| world.store.version());
        let mut matching = world
            .store
            .list(target.served, target.namespace)
            .filter(|(key, _)| {
                (key.namespace.as_str(), key.name.as_str()) > (start.namespace.as_str(), start.name.as_str())
            })
            .filter(|(_, object)| selector.matches(object));
        let page: Vec<_> = matching.by_ref().take(limit).collect();
        let remaining = matching.count();
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if let (Some((last, _)), true) = (page.last(), remaining > 0) {
            set(&mut metadata, &["continue"], Start::write(version, &last.namespace, &last.name));
            // The real server counts the remaining items only without a selector.
            if asked.parameter("labelSelector").is_empty() && asked.parameter("fieldSelector").is_empty() {
                set(&mut metadata, &["remainingItemCount"], remaining);
            }
        }
        if table::is_wanted(&asked.accept) {
            let objects = page.iter().map(|(_, object)| object.as_ref());
            let full = table::table(target.served, objects, asked.parameter("includeObject"), world.now(), true);
            let mut full = full;
            set(&mut full, &["metadata"], metadata);
            return ServerResponse::json(StatusCode::OK, &full);
        }
        if asked.accept.split(',').next().is_some_and(|first| first.contains("as=PartialObjectMetadataList")) {
            let items: Vec<Value> = page.iter().map(|(_, object)| json!({"metadata": object["metadata"]})).collect();
            let kind = "PartialObjectMetadataList";
            let partial = json!({"kind": kind, "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items});
            return ServerResponse::json(StatusCode::OK, &partial);
        }
        let items: Vec<Value> = page
            .into_iter()
            .map(|(_, object)| {
                let mut item = Value::clone(object);
                if !target.served.custom {
                    remove(&mut item, &["apiVersion"]);
                    remove(&mut item, &["kind"]);
                }
                item
            })
            .collect();
        ServerResponse::json(
            StatusCode::OK,
            &json!({
                "kind": format!("{}List", target.served.kind),
                "apiVersion": target.served.api_version(),
                "metadata": metadata,
                "items": items,
            }),
        )
    })
}

/// Answers a get.
pub(crate) fn get(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    let key = target.served.object(target.namespace, target.name);
    site.with(|world| match world.store.get(&key) {
        None => status::not_found(target.served, target.name),
        Some(object) if table::is_wanted(&asked.accept) => {
            let one = std::iter::once(object.as_ref());
            let full = table::table(target.served, one, asked.parameter("includeObject"), world.now(), true);
            ServerResponse::json(StatusCode::OK, &full)
        }
        Some(object) => ServerResponse::json(StatusCode::OK, object),
    })
}

/// Names the start of a page: the object before it, and the version of the list.
struct Start {
    version: Option<u64>,
    namespace: String,
    name: String,
}

impl Start {
    fn parse(token: &str) -> Option<Self> {
        if token.is_empty() {
            return Some(Self { version: None, namespace: String::new(), name: String::new() });
        }
        let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
        let mut parts = text.split('\n');
        let version = parts.next()?.parse().ok()?;
        Some(Self { version: Some(version), namespace: parts.next()?.to_owned(), name: parts.next()?.to_owned() })
    }

    fn write(version: u64, namespace: &str, name: &str) -> String {
        STANDARD.encode(format!("{version}\n{namespace}\n{name}"))
    }
}
