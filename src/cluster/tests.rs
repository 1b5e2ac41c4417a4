//! Names that could change an address, in every request to an API server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use super::testing::{Answer, Asked, cluster, event, ok};
use super::{Cluster, EventScope, Resource, WatchEvent, WatchScope, exec, logs, verbs, watch_printed};
use crate::cluster::verbs::{Delete, Forward, Reconcile, Restart, Resume, RunNow, Suspend, Verb};
use crate::model::log::LogTarget;
use crate::model::permit::grant;
use crate::model::{Clock, FaultKind, ObjectRef};

/// Names that would change an address if they were not escaped.
const STAY_NAMES: [&str; 5] = ["?old", "#old", "a?dryRun=All", "a&b=c", "a\\b"];
/// Names that change an address even when escaped: no request is sent for them.
const NO_NAMES: [&str; 5] = ["..", ".", "a/b", "../secrets", "%2e%2e"];

/// Starts a server that has every object, and records its requests except discovery.
fn server() -> (Cluster, Arc<Mutex<Vec<Asked>>>) {
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let log = asked.clone();
    let cluster = cluster(move |request| {
        log.lock().unwrap().push(request.clone());
        let whole = json!({
            "metadata": {"name": "x", "namespace": "x", "uid": "u", "resourceVersion": "7"}, "items": [],
            "spec": {"selector": {"matchLabels": {"app": "x"}}},
        });
        if request.query.contains("watch=1") {
            return Answer::Pieces(vec![(Duration::ZERO, event("DELETED", &whole))]);
        }
        ok(whole)
    });
    (cluster, asked)
}

fn verbs_of_all_kinds() -> Vec<Box<dyn Verb>> {
    let timeout = Duration::from_secs(1);
    vec![
        Box::new(Reconcile { with_source: true, force: true, reset: true, no_wait: true, timeout }),
        Box::new(Suspend { reason: String::new(), by: String::new(), until: None, manifests: Vec::new() }),
        Box::new(Resume { timeout }),
        Box::new(Restart { timeout }),
        Box::new(Delete { timeout }),
        Box::new(RunNow { timeout }),
        Box::new(Forward { local: None, remote: None, via: String::new() }),
    ]
}

/// Requests an object of a name in every possible way, and returns the server's requests for each.
async fn asked_for(kind: &str, namespace: &str, name: &str) -> BTreeMap<String, Vec<Asked>> {
    let (cluster, asked) = server();
    let cluster = Arc::new(cluster);
    let object: ObjectRef =
        ObjectRef { namespace: namespace.into(), name: name.into(), ..format!("{kind}/a/b").parse().unwrap() };
    let mut by_way = BTreeMap::new();
    let mut note = |way: &str| by_way.insert(way.to_owned(), std::mem::take(&mut *asked.lock().unwrap()));
    for verb in verbs_of_all_kinds() {
        let outcome = verbs::perform(&cluster, &*verb, &object, &Clock::system(), &mut |_| (), &grant()).await;
        if NO_NAMES.contains(&name) {
            let crate::model::Outcome::Failed(fault) = outcome else { panic!("{verb:?} of {name}: {outcome:?}") };
            assert!(
                fault.kind == FaultKind::Usage || fault.why.contains("not a Flux kind"),
                "{verb:?} of {name}: {fault:?}"
            );
        }
        note(&format!("{verb:?}"));
    }
    let _ = cluster.read(&object).await;
    let _ = cluster.detail(&object).await;
    note("read");
    let _ = cluster.secret(namespace, name).await;
    let _ = cluster.put_secret(namespace, name, "key", b"value", &grant()).await;
    note("secret");
    let _ = cluster.events(&EventScope::Object(object.clone())).await;
    note("events");
    let order = exec::ExecRequest { container: None, command: vec!["sh".to_owned()], terminal: false };
    let _ = cluster.exec(&object, &order, &grant()).await;
    let _ = verbs::revision(&cluster, &object).await;
    note("exec");
    let _ = crate::helm::inspector::inspect(&cluster, &object).await;
    let _ = crate::helm::inspector::release(&cluster, &object, Some(1)).await;
    note("helm");
    let target = LogTarget::Pod { namespace: namespace.into(), name: name.into(), container: Some(name.into()) };
    let (events, mut received) = tokio::sync::mpsc::channel(8);
    let options = logs::LogOptions { tail: None, since: None, previous: false, follow: false };
    let followed = logs::follow(cluster.clone(), target, options, events);
    let received = async { while received.recv().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_mins(5), async { tokio::join!(followed, received) }).await;
    note("logs");
    let resource = Resource {
        group: String::new(),
        version: "v1".into(),
        kind: "Thing".into(),
        plural: name.into(),
        namespaced: true,
    };
    let _ = cluster.table(&resource, namespace).await;
    let scope = WatchScope { namespace: namespace.into(), ..WatchScope::default() };
    let (events, mut received) = tokio::sync::mpsc::channel(8);
    let failed =
        async { while !matches!(received.recv().await, Some(WatchEvent::Link(link)) if link.fault().is_some()) {} };
    tokio::select! {
        () = watch_printed(cluster.clone(), resource, scope, events) => (),
        () = failed => (),
    }
    note("table");
    by_way
}

/// The parameters of our requests; any other one comes from a name.
const PARAMETERS: [&str; 13] = [
    "allowWatchBookmarks",
    "container",
    "continue",
    "fieldManager",
    "fieldSelector",
    "follow",
    "labelSelector",
    "limit",
    "previous",
    "resourceVersion",
    "timeoutSeconds",
    "timestamps",
    "watch",
];

fn parameters(asked: &Asked) -> Vec<&str> {
    asked.query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty()).collect()
}

/// Tells whether a write has the same form of address as one with a plain name.
fn is_like(asked: &Asked, plain: &Asked) -> bool {
    (&asked.method, asked.path.split('/').count()) == (&plain.method, plain.path.split('/').count())
        && parameters(asked) == parameters(plain)
}

#[tokio::test(start_paused = true)]
async fn no_name_becomes_an_address() {
    for kind in ["ConfigMap", "Pod", "Kustomization", "HelmRelease"] {
        let plain = asked_for(kind, "plain", "plain").await;
        assert!(plain.values().flatten().count() > 10, "{plain:?}");
        for name in STAY_NAMES {
            for (way, asked) in asked_for(kind, name, name).await {
                for one in &asked {
                    let odd = parameters(one).into_iter().find(|name| !PARAMETERS.contains(name));
                    assert_eq!(odd, None, "{way} of {kind} {name}: {one:?}");
                }
                let writes = |all: &[Asked]| all.iter().filter(|one| one.method != "GET").cloned().collect::<Vec<_>>();
                let (writes, plain) = (writes(&asked), writes(&plain[&way]));
                assert_eq!(writes.len(), plain.len(), "{way} of {kind} {name}: {writes:?}");
                for (write, plain) in writes.iter().zip(&plain) {
                    assert!(is_like(write, plain), "{way} of {kind} {name}: {write:?}");
                }
            }
        }
        for name in NO_NAMES {
            for (way, asked) in asked_for(kind, name, name).await {
                assert!(asked.is_empty(), "{way} of {kind} {name}: {asked:?}");
            }
        }
    }
}
