//! The HelmRelease inspector: reads a HelmRelease, its releases and its values from the cluster.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::release::{HelmRelease, ValuesReference};
use super::storage::{self, ChartMetadata, Release, ReleaseRevision, StorageError};
use super::values::{self, Referenced, ValueRow};
use crate::cluster::address::Address;
use crate::cluster::{Cluster, request};
use crate::model::health::true_cause;
use crate::model::{Condition, Fault, ObjectRef};

/// Holds the inspector's view of a HelmRelease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The HelmRelease.
    pub object: ObjectRef,
    /// The release's name; it may differ from the HelmRelease's.
    pub release: String,
    /// The namespace of its objects.
    pub namespace: String,
    /// The namespace where its releases are stored.
    pub storage_namespace: String,
    /// Whether it is suspended.
    pub suspended: bool,
    /// The deployed chart.
    pub chart: ChartMetadata,
    /// The requested chart: name or path, and version or range.
    pub wanted: (String, String),
    /// The source of the chart: a repository, or the object of `chartRef`.
    pub source: Option<ObjectRef>,
    /// The HelmChart between it and its source.
    pub helm_chart: Option<ObjectRef>,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The condition with the reason why it is not ready: after a remediation, that is not `Ready`.
    pub cause: Option<Condition>,
    /// The sources of its values.
    pub values_from: Vec<ValuesReference>,
    /// The releases, newest first.
    pub history: Vec<ReleaseRevision>,
}

/// Reads the whole view of the inspector.
///
/// # Errors
/// Fails when the HelmRelease or its storage cannot be read.
pub async fn inspect(cluster: &Cluster, object: &ObjectRef) -> Result<Inspection, Fault> {
    let release = read(cluster, object).await?;
    let history = history_of(cluster, &release).await?;
    let chart = release.status.history.first().map(|snapshot| ChartMetadata {
        name: snapshot.chart_name.clone(),
        version: snapshot.chart_version.clone(),
        app_version: snapshot.app_version.clone(),
    });
    let (name, version) = release.chart();
    let cause = true_cause(&release.status.conditions).filter(|condition| condition.status != "True").cloned();
    Ok(Inspection {
        object: object.clone(),
        release: release.release_name(),
        namespace: release.release_namespace().to_owned(),
        storage_namespace: release.storage_namespace().to_owned(),
        suspended: release.is_suspended(),
        chart: chart.unwrap_or_default(),
        wanted: (name.to_owned(), version.to_owned()),
        source: release.source(),
        helm_chart: release.helm_chart(),
        cause,
        values_from: release.values_from().to_vec(),
        conditions: release.status.conditions,
        history,
    })
}

/// Lists the stored releases of a HelmRelease, newest first; where reading Secrets is forbidden, those in its status.
///
/// # Errors
/// Fails when the HelmRelease or its storage cannot be read.
pub async fn history(cluster: &Cluster, object: &ObjectRef) -> Result<Vec<ReleaseRevision>, Fault> {
    let release = read(cluster, object).await?;
    history_of(cluster, &release).await
}

/// Reads a stored release: a revision, or the newest.
///
/// # Errors
/// Fails when the HelmRelease or its storage cannot be read, or there is no such revision.
pub async fn release(cluster: &Cluster, object: &ObjectRef, revision: Option<u32>) -> Result<Release, Fault> {
    let owner = read(cluster, object).await?;
    stored(cluster, object, &owner, revision).await
}

/// Merges the values for the next run, each with its origin; chart defaults are those of the newest stored release.
///
/// # Errors
/// Fails when a source of values cannot be read; the reason names it, never its content.
pub async fn effective_values(cluster: &Cluster, object: &ObjectRef) -> Result<Vec<ValueRow>, Fault> {
    let owner = read(cluster, object).await?;
    let release = stored(cluster, object, &owner, None).await?;
    let mut objects = HashMap::new();
    let mut references: Vec<Referenced> = Vec::new();
    for reference in owner.values_from() {
        let key = (reference.kind.clone(), reference.name.clone());
        if !objects.contains_key(&key) {
            let found = holder(cluster, owner.namespace(), reference).await?;
            objects.insert(key.clone(), found);
        }
        let text = objects.get(&key).and_then(Option::as_ref).and_then(|holder| holder.text(reference));
        if text.is_none() && !reference.optional {
            return Err(unresolved(cluster, owner.namespace(), reference));
        }
        references.push((reference.clone(), text));
    }
    values::effective(&release.chart.values, &references, owner.values()).map_err(|why| {
        Fault::failed(
            format!("cannot merge the values of {object} in {}", cluster.name),
            why,
            "mend it where the values come from",
        )
    })
}

#[derive(Deserialize)]
struct Secrets {
    #[serde(default = "Vec::new")]
    items: Vec<Stored>,
}

/// Holds a Secret of Helm's storage, or a ConfigMap or Secret with values; no `Debug`, because it holds secrets.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    metadata: StoredMetadata,
    #[serde(default)]
    data: HashMap<String, String>,
}

/// Holds the labels, in which Helm repeats the revision and the status.
#[derive(Deserialize, Default)]
struct StoredMetadata {
    #[serde(default)]
    labels: HashMap<String, String>,
}

impl Stored {
    /// Tells what the labels say of a revision that cannot be read; `None` without its number.
    fn labelled(&self, error: &StorageError) -> Option<ReleaseRevision> {
        let label = |name: &str| self.metadata.labels.get(name).cloned().unwrap_or_default();
        let revision = label("version").parse().ok()?;
        let description = format!("cannot be read: {error}");
        Some(ReleaseRevision { revision, status: label("status"), description, ..ReleaseRevision::default() })
    }

    fn text(&self, reference: &ValuesReference) -> Option<String> {
        let value = self.data.get(reference.key())?;
        if reference.kind != "Secret" {
            return Some(value.clone());
        }
        String::from_utf8(STANDARD.decode(value).ok()?).ok()
    }

    fn release(&self) -> Result<&str, StorageError> {
        self.data.get("release").map(String::as_str).ok_or(StorageError::Missing)
    }
}

async fn read(cluster: &Cluster, object: &ObjectRef) -> Result<HelmRelease, Fault> {
    let path = cluster.address_of(object).await?;
    request::get(cluster, &path).await.map_err(|error| error.fault(&cluster.name, &format!("read {object}")))
}

async fn history_of(cluster: &Cluster, owner: &HelmRelease) -> Result<Vec<ReleaseRevision>, Fault> {
    let labels = [("owner", "helm"), ("name", &*owner.release_name())];
    let path = Address::core(owner.storage_namespace(), "secrets").with_labels(&labels);
    let secrets: Secrets = match request::get(cluster, &path).await {
        Ok(secrets) => secrets,
        Err(error) if error.code() == Some(403) => return Ok(remembered(owner)),
        Err(error) => return Err(error.fault(&cluster.name, "list Helm releases")),
    };
    let mut history = Vec::new();
    let mut readable = secrets.items.is_empty();
    let mut fault = None;
    for secret in &secrets.items {
        match secret.release().and_then(storage::decode_revision) {
            Ok(revision) => {
                readable = true;
                history.push(revision);
            }
            // Helm itself passes over a revision that it cannot read.
            Err(error) => {
                history.extend(secret.labelled(&error));
                fault = Some(broken(cluster, &owner.release_name(), &error));
            }
        }
    }
    if let Some(fault) = fault.filter(|_| !readable) {
        return Err(fault);
    }
    history.sort_by_key(|revision| std::cmp::Reverse(revision.revision));
    Ok(history)
}

fn remembered(owner: &HelmRelease) -> Vec<ReleaseRevision> {
    let revision = |snapshot: &super::release::ReleaseSnapshot| ReleaseRevision {
        revision: snapshot.version,
        status: snapshot.status.clone(),
        chart: format!("{}-{}", snapshot.chart_name, snapshot.chart_version),
        app_version: snapshot.app_version.clone(),
        deployed: snapshot.last_deployed,
        description: String::new(),
    };
    owner.status.history.iter().map(revision).collect()
}

async fn stored(
    cluster: &Cluster,
    object: &ObjectRef,
    owner: &HelmRelease,
    revision: Option<u32>,
) -> Result<Release, Fault> {
    let name = owner.release_name();
    let newest = || owner.status.history.iter().map(|snapshot| snapshot.version).max();
    let Some(revision) = revision.or_else(newest) else {
        return Err(Fault::failed(
            format!("{object} has no release in {}", cluster.name),
            "nothing was installed yet",
            format!("look at why: fluxdeck describe {object}"),
        ));
    };
    let path =
        Address::core(owner.storage_namespace(), "secrets").at(&format!("sh.helm.release.v1.{name}.v{revision}"));
    let secret: Stored = request::get(cluster, &path)
        .await
        .map_err(|error| error.fault(&cluster.name, &format!("read revision {revision} of {object}")))?;
    secret.release().and_then(storage::decode).map_err(|error| broken(cluster, &format!("{name}.v{revision}"), &error))
}

fn broken(cluster: &Cluster, name: &str, error: &StorageError) -> Fault {
    Fault::failed(
        format!("cannot read the stored release {name} in {}", cluster.name),
        error.to_string(),
        "something other than Helm wrote this Secret; helm history tells whether Helm can read it",
    )
}

/// Reads a source of values; `None` when it does not exist.
async fn holder(cluster: &Cluster, namespace: &str, reference: &ValuesReference) -> Result<Option<Stored>, Fault> {
    let plural = if reference.kind == "Secret" { "secrets" } else { "configmaps" };
    let path = Address::core(namespace, plural).at(&reference.name);
    match request::get(cluster, &path).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == Some(404) => Ok(None),
        Err(error) => {
            Err(error.fault(&cluster.name, &format!("read {}/{namespace}/{}", reference.kind, reference.name)))
        }
    }
}

fn unresolved(cluster: &Cluster, namespace: &str, reference: &ValuesReference) -> Fault {
    let ValuesReference { kind, name, .. } = reference;
    Fault::failed(
        format!("cannot resolve values in {}", cluster.name),
        format!("{kind}/{namespace}/{name} or its key {} is not there, or not text", reference.key()),
        format!(
            "add it to the repository, or mark the reference optional: true; kubectl get {kind} {name} -n {namespace}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{effective_values, history, inspect, release};
    use crate::cluster::Cluster;
    use crate::cluster::testing::{Answer, cluster, error, ok};
    use serde_json::{Value, json};

    fn fixture(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// Answers with recorded objects of a real API server.
    fn recorded(secrets: bool) -> Cluster {
        cluster(move |asked| -> Answer {
            let v3 = fixture(include_str!("fixtures/web-v3.json"));
            let v4 = fixture(include_str!("fixtures/web-v4.json"));
            match asked.path.rsplit('/').next().unwrap_or_default() {
                "web" => ok(fixture(include_str!("fixtures/helmrelease-web.json"))),
                "broken" => ok(fixture(include_str!("fixtures/helmrelease-broken.json"))),
                _ if asked.path.contains("/secrets") && !secrets => error(403, "secrets is forbidden"),
                "secrets" => {
                    assert!(asked.query.starts_with("labelSelector=owner%3Dhelm%2Cname%3D"));
                    ok(json!({"items": [v3, v4]}))
                }
                "sh.helm.release.v1.web.v4" => ok(v4),
                "web-values" if asked.path.contains("/secrets/") => {
                    ok(fixture(include_str!("fixtures/secret-values.json")))
                }
                "web-values" => ok(fixture(include_str!("fixtures/configmap-values.json"))),
                _ => error(404, "not found"),
            }
        })
    }

    #[tokio::test]
    async fn a_revision_that_cannot_be_read_hides_no_other() {
        let inspected = |broken: &'static [&'static str]| {
            let cluster = cluster(move |asked| -> Answer {
                if !asked.path.contains("/secrets") {
                    return ok(fixture(include_str!("fixtures/helmrelease-web.json")));
                }
                let mut revisions =
                    [fixture(include_str!("fixtures/web-v3.json")), fixture(include_str!("fixtures/web-v4.json"))];
                for revision in &mut revisions {
                    let name = revision["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                    if broken.iter().any(|number| name.ends_with(number)) {
                        revision["data"]["release"] = json!("!!!");
                    }
                }
                ok(json!({"items": revisions}))
            });
            async move { history(&cluster, &"HelmRelease/web/web".parse().unwrap()).await }
        };
        let told = |history: &[super::ReleaseRevision]| -> Vec<(u32, bool)> {
            history.iter().map(|one| (one.revision, one.description.starts_with("cannot be read"))).collect()
        };
        assert_eq!(told(&inspected(&[]).await.unwrap()), [(4, false), (3, false)]);
        let one = inspected(&["v3"]).await.unwrap();
        assert_eq!(told(&one), [(4, false), (3, true)]);
        assert!(!one[1].status.is_empty(), "the labels tell the status");
        assert!(inspected(&["v3", "v4"]).await.unwrap_err().why.contains("base64"));
    }

    #[tokio::test]
    async fn a_real_release_is_inspected() {
        let web = "HelmRelease/default/web".parse().unwrap();
        let found = inspect(&recorded(true), &web).await.unwrap();
        assert_eq!((found.chart.version.as_str(), found.cause), ("1.3.0+d5164ba28319", None));
        assert_eq!(found.wanted.0, "charts/web");
        let told: Vec<_> = found.history.iter().map(|revision| (revision.revision, revision.status.as_str())).collect();
        assert_eq!(told, [(4, "deployed"), (3, "superseded")]);
        assert_eq!(release(&recorded(true), &web, None).await.unwrap().revision, 4);
        let missing = release(&recorded(true), &web, Some(9)).await.unwrap_err();
        assert!(missing.what.contains("revision 9"), "{missing:?}");
    }

    #[tokio::test]
    async fn without_the_right_to_secrets_the_status_tells_the_history() {
        let web = "HelmRelease/default/web".parse().unwrap();
        let found = history(&recorded(false), &web).await.unwrap();
        assert_eq!((found[0].revision, found[0].chart.as_str()), (4, "web-1.3.0+d5164ba28319"));
        assert!(release(&recorded(false), &web, None).await.unwrap_err().why.contains("forbidden"));
    }

    #[tokio::test]
    async fn a_failed_release_tells_its_cause() {
        let broken = "HelmRelease/default/broken".parse().unwrap();
        let found = inspect(&recorded(false), &broken).await.unwrap();
        assert!(found.cause.unwrap().message.contains("cannot unmarshal string"), "{:?}", found.conditions);
    }

    #[tokio::test]
    async fn effective_values_are_what_the_controller_used() {
        let web = "HelmRelease/default/web".parse().unwrap();
        let cluster = recorded(true);
        let rows = effective_values(&cluster, &web).await.unwrap();
        let mut merged = json!({});
        for row in &rows {
            let pointer = format!("/{}", row.path.replace('.', "/"));
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            if !parent.is_empty() && merged.pointer(parent).is_none() {
                merged[parent.trim_start_matches('/')] = json!({});
            }
            merged.pointer_mut(parent).unwrap()[key] = row.value.clone();
        }
        let stored = release(&cluster, &web, None).await.unwrap();
        let mut used = stored.chart.values.clone();
        for (key, value) in stored.config.as_object().unwrap() {
            match value.as_object() {
                Some(map) => map.iter().for_each(|(inner, value)| used[key][inner] = value.clone()),
                None => used[key] = value.clone(),
            }
        }
        assert_eq!(merged, used);
        let secret: Vec<_> = rows.iter().filter(|row| row.secret).map(|row| row.path.as_str()).collect();
        assert_eq!(secret, ["nested.token", "password", "replicas"]);
    }
}
