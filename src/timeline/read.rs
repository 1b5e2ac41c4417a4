//! Reads what a timeline is made of, side by side.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use serde_json::Value;

use super::entry::TimelinePart;
use crate::cluster::{Cluster, EventScope};
use crate::model::{Fault, JournalEntry, ObjectRef, known};
use crate::repo::git::log_of;
use crate::repo::{Snapshot, git::CommitEntry};
use crate::{helm, kinds};

/// The most commits that are read.
const COMMITS: usize = 100;

/// The most releases of an environment whose revisions are read at once.
const AT_ONCE: usize = 8;

/// The bytes at the end of the journal that are read.
const JOURNAL_END: u64 = 4 * 1024 * 1024;

/// What one reading gives: parts, and what could not be read, each with the reason.
type Readings = Vec<Result<TimelinePart, String>>;

/// Reads a cluster's side of a timeline: of an object, or of everything that Flux keeps. The readings come as they end;
/// dropping them gives the rest up.
pub fn readings<'a>(cluster: &'a Cluster, object: Option<&'a ObjectRef>) -> FuturesUnordered<BoxFuture<'a, Readings>> {
    let all: FuturesUnordered<BoxFuture<'a, Readings>> = FuturesUnordered::new();
    let scope = object.map_or(EventScope::All, |object| EventScope::Object(object.clone()));
    all.push(Box::pin(async move {
        vec![cluster.events(&scope).await.map(TimelinePart::Events).map_err(|fault| unread("events", &fault))]
    }));
    if let Some(object) = object {
        all.push(Box::pin(of_object(cluster, object)));
        return all;
    }
    for kind in kinds::flux() {
        all.push(Box::pin(async move {
            match cluster.listed(kind.group, kind.kind, "", "", "").await {
                Ok(Some(values)) => {
                    let values: Vec<Value> =
                        values.into_iter().map(|value| named(value, kind.group, kind.kind)).collect();
                    let releases = if kinds::HELM_RELEASE.group_kind() == kind.group_kind() {
                        releases(cluster, &values).await
                    } else {
                        Vec::new()
                    };
                    std::iter::once(Ok(TimelinePart::Objects(values))).chain(releases).collect()
                }
                Ok(None) => Vec::new(),
                Err(fault) => vec![Err(unread(kind.plural, &fault))],
            }
        }));
    }
    all.push(Box::pin(async move {
        let pods = cluster.restarted_pods().await;
        vec![pods.map(TimelinePart::Pods).map_err(|fault| unread("pods", &fault))]
    }));
    all
}

fn unread(what: &str, fault: &Fault) -> String {
    format!("{what}: {}", fault.cause())
}

/// Gives an item of a list the kind that only the list says.
fn named(mut value: Value, group: &str, kind: &str) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.entry("kind").or_insert_with(|| kind.into());
        map.entry("apiVersion").or_insert_with(|| format!("{group}/v1").into());
    }
    value
}

/// Reads the revisions of several releases.
async fn releases(cluster: &Cluster, values: &[Value]) -> Readings {
    let of = |object: ObjectRef| async move {
        match helm::history(cluster, &object).await {
            Ok(revisions) => Ok(TimelinePart::Releases(object, revisions)),
            Err(fault) => Err(unread(&format!("the releases of {object}"), &fault)),
        }
    };
    let objects: Vec<ObjectRef> = values.iter().map(ObjectRef::of_body).collect();
    futures::stream::iter(objects).map(of).buffer_unordered(AT_ONCE).collect().await
}

/// Reads an object with what stands behind it: its source, its revisions, its pods.
async fn of_object(cluster: &Cluster, object: &ObjectRef) -> Readings {
    let value = match cluster.detail(object).await {
        Ok(Some(detail)) => detail.value,
        Ok(None) => return vec![Err(format!("{object}: it is not there"))],
        Err(fault) => return vec![Err(unread(&object.to_string(), &fault))],
    };
    let mut found = Vec::new();
    if kinds::HELM_RELEASE.is(object) {
        found.extend(releases(cluster, std::slice::from_ref(&value)).await);
    }
    let source = kinds::kind_of(object)
        .and_then(|kind| (kind.decode)(value.to_string().as_bytes()).ok())
        .and_then(|row| row.flux?.source);
    if let Some(source) = source.filter(|source| source != object) {
        match cluster.detail(&source).await {
            Ok(Some(detail)) => found.push(Ok(TimelinePart::Objects(vec![detail.value]))),
            Ok(None) => {}
            Err(fault) => found.push(Err(unread(&source.to_string(), &fault))),
        }
    }
    found.push(pods_of(cluster, object, &value).await);
    found.push(Ok(TimelinePart::Objects(vec![value])));
    found
}

/// Reads the pods that an object runs: those of its selector, or of the workloads in its inventory.
async fn pods_of(cluster: &Cluster, object: &ObjectRef, value: &Value) -> Result<TimelinePart, String> {
    if kinds::POD.is(object) {
        return Ok(TimelinePart::Pods(vec![value.clone()]));
    }
    let fault = |fault: Fault| unread("pods", &fault);
    if let Some(labels) = crate::cluster::pod::selector(value) {
        let pods = cluster.objects_labelled("", "Pod", &object.namespace, &labels).await.map_err(fault)?;
        return Ok(TimelinePart::Pods(pods));
    }
    let workloads = workloads(value);
    let mut namespaces: Vec<&str> = workloads.iter().map(|one| one.namespace.as_str()).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let mut pods = Vec::new();
    for namespace in namespaces {
        let all = cluster.objects("", "Pod", namespace).await.map_err(fault)?;
        pods.extend(all.into_iter().filter(|pod| workloads.iter().any(|one| runs(one, pod))));
    }
    Ok(TimelinePart::Pods(pods))
}

/// Lists the workloads in the inventory of an object.
fn workloads(value: &Value) -> Vec<ObjectRef> {
    let entries = value.pointer("/status/inventory/entries").and_then(Value::as_array);
    let ids = entries.into_iter().flatten().filter_map(|entry| entry.get("id").and_then(Value::as_str));
    ids.filter_map(ObjectRef::from_inventory).filter(|one| one.group == "apps").collect()
}

/// Tells whether a pod belongs to a workload, by its owner: a Deployment's `ReplicaSet` is called after it, with a hash.
fn runs(workload: &ObjectRef, pod: &Value) -> bool {
    let word = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, owner) = (word("/metadata/ownerReferences/0/kind"), word("/metadata/ownerReferences/0/name"));
    let of_deployment = kind == "ReplicaSet"
        && workload.kind == "Deployment"
        && owner.rsplit_once('-').is_some_and(|(name, _)| name == workload.name);
    word("/metadata/namespace") == workload.namespace
        && (of_deployment || (kind == workload.kind && owner == workload.name))
}

/// Reads the operations at the end of the journal; those of an object, if one is named.
///
/// # Errors
/// Fails when the file cannot be read; one that is not there holds nothing.
pub fn journal(path: Option<&Path>, object: Option<&ObjectRef>) -> Result<TimelinePart, String> {
    let Some(path) = path else { return Ok(TimelinePart::Journal(Vec::new())) };
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = crate::files::open_own(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(JOURNAL_END)))?;
        let mut bytes = Vec::new();
        file.take(JOURNAL_END).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = match read() {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(format!("the journal {}: {error}", path.display())),
    };
    let mut operations = JournalEntry::operations(&String::from_utf8_lossy(&bytes));
    if let Some(object) = object {
        operations.retain(|one| one.object.parse::<ObjectRef>().is_ok_and(|known| object.means(&known)));
    }
    Ok(TimelinePart::Journal(operations))
}

/// Reads the commits that touched an object's files, or the folders of an environment. It asks git, and blocks meanwhile.
///
/// # Errors
/// Fails with git's own words.
pub fn commits(snapshot: &Snapshot, env: &str, object: Option<&ObjectRef>) -> Result<TimelinePart, String> {
    let files = match object {
        Some(object) => files_of(snapshot, env, object),
        None => folders_of(snapshot, env),
    };
    let commits: Vec<CommitEntry> = if files.is_empty() {
        Vec::new()
    } else {
        log_of(&snapshot.root, &files, COMMITS).map_err(|fault| unread("commits", &fault))?
    };
    Ok(TimelinePart::Commits(object.cloned(), commits))
}

/// Lists the files that declare an object; of a Kustomization its folder too.
fn files_of(snapshot: &Snapshot, env: &str, object: &ObjectRef) -> Vec<String> {
    let mut files: Vec<String> = snapshot.files_of(env, object).into_iter().map(str::to_owned).collect();
    if object.group == known::KUSTOMIZE {
        let is_it = |one: &&crate::repo::FluxKustomization| {
            one.elsewhere.is_none() && one.name == object.name && one.namespace == object.namespace
        };
        for one in snapshot.kustomizations_of(env).filter(is_it) {
            files.extend([folder(&one.path), one.file.clone()]);
        }
    }
    files.sort_unstable();
    files.dedup();
    files
}

/// Lists the folders that the Kustomizations of an environment apply, and the files that declare them.
fn folders_of(snapshot: &Snapshot, env: &str) -> Vec<String> {
    let here = snapshot.kustomizations_of(env).filter(|one| one.elsewhere.is_none());
    let mut files: Vec<String> = here.flat_map(|one| [folder(&one.path), one.file.clone()]).collect();
    files.sort_unstable();
    files.dedup();
    files
}

fn folder(path: &str) -> String {
    if path.is_empty() { ".".to_owned() } else { path.to_owned() }
}
