//! Helm's storage: a Secret for each revision of a release, encoded as helm 3 encodes it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::fields::Writer;
use super::json::{number, part, set, text};
use super::kinds;
use super::script::ScriptedChart;
use super::world::SimulatedCluster;
use crate::model::ObjectRef;

/// The number of kept revisions: helm-controller's default `maxHistory`.
const KEPT: i64 = 5;

/// One revision of a release.
pub(crate) struct StoredRelease {
    /// The namespace of the release and of its storage.
    pub(crate) namespace: String,
    /// The release's name.
    pub(crate) name: String,
    /// The revision's number.
    pub(crate) version: i64,
    /// The chart's name.
    pub(crate) chart: String,
    /// The chart's version.
    pub(crate) chart_version: String,
    /// The values that the release sets.
    pub(crate) values: Value,
    /// The time of the first revision's deployment.
    pub(crate) first_deployed: String,
    /// The time of this revision's deployment.
    pub(crate) last_deployed: String,
    /// `deployed` or `failed`.
    pub(crate) status: &'static str,
    /// Helm's description of it.
    pub(crate) description: String,
}

/// Stores a revision, marks the previously deployed one as superseded if this one is deployed, and forgets the oldest.
pub(crate) fn store(world: &mut SimulatedCluster, release: &StoredRelease) {
    let writer = Writer::update("helm-controller");
    if release.status == "deployed" {
        for version in (release.version - KEPT).max(0)..release.version {
            world.update(&secret(&release.namespace, &release.name, version), writer, supersede);
        }
    }
    world.delete(&secret(&release.namespace, &release.name, release.version - KEPT));
    let content = content(&world.script.chart(&release.chart), release);
    let key = secret(&release.namespace, &release.name, release.version);
    world.create(
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": key.name,
                "namespace": key.namespace,
                "labels": {
                    "name": release.name,
                    "owner": "helm",
                    "status": release.status,
                    "version": release.version.to_string(),
                    "modifiedAt": world.now().as_second().to_string(),
                },
            },
            "type": "helm.sh/release.v1",
            "data": {"release": encode(&content)},
        }),
        writer,
    );
}

fn supersede(secret: &mut Value) {
    if text(secret, "/metadata/labels/status") != "deployed" {
        return;
    }
    set(secret, &["metadata", "labels", "status"], "superseded");
    if let Some(mut content) = decode(secret) {
        set(&mut content, &["info", "status"], "superseded");
        set(secret, &["data", "release"], encode(&content));
    }
}

/// Returns the values of a revision; null if it is forgotten.
pub(crate) fn values(world: &SimulatedCluster, namespace: &str, name: &str, version: i64) -> Value {
    let stored = world.store.get(&secret(namespace, name, version));
    stored.and_then(|secret| decode(secret)).map(|content| part(&content, "/config")).unwrap_or_default()
}

/// Forgets a release.
pub(crate) fn forget(world: &mut SimulatedCluster, namespace: &str, name: &str, last: i64) {
    for version in 1..=last {
        world.delete(&secret(namespace, name, version));
    }
}

fn secret(namespace: &str, name: &str, version: i64) -> ObjectRef {
    let name = format!("sh.helm.release.v1.{name}.v{version}");
    kinds::by_kind("", "Secret")
        .map_or_else(|| ObjectRef::new("Secret", "", namespace, &name), |served| served.object(namespace, &name))
}

fn content(chart: &ScriptedChart, release: &StoredRelease) -> Value {
    let version = release.chart_version.as_str();
    let template = chart.manifest.replace("${VERSION}", "{{ .Chart.AppVersion }}");
    json!({
        "name": release.name,
        "info": {
            "first_deployed": release.first_deployed,
            "last_deployed": release.last_deployed,
            "deleted": "",
            "description": release.description,
            "status": release.status,
            "notes": chart.notes.replace("${VERSION}", version),
        },
        "chart": {
            "metadata": {
                "name": release.chart,
                "version": version,
                "description": chart.description,
                "home": chart.home,
                "apiVersion": "v2",
                "appVersion": version,
                "type": "application",
            },
            "lock": null,
            "templates": [{"name": "templates/all.yaml", "data": STANDARD.encode(template)}],
            "values": chart.values,
            "schema": null,
            "files": null,
        },
        "config": if release.values.is_null() { json!({}) } else { release.values.clone() },
        "manifest": chart.manifest.replace("${VERSION}", version).replace("${NAME}", &release.name),
        "version": release.version,
        "namespace": release.namespace,
    })
}

/// Encodes a release: JSON, gzip, base64 of helm, base64 of Kubernetes.
fn encode(content: &Value) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let zipped = gzip.write_all(content.to_string().as_bytes()).and_then(|()| gzip.finish()).unwrap_or_default();
    STANDARD.encode(STANDARD.encode(zipped))
}

/// Decodes the release in a Secret; `None` if it has none.
pub(crate) fn decode(secret: &Value) -> Option<Value> {
    use std::io::Read as _;
    let zipped = STANDARD.decode(STANDARD.decode(text(secret, "/data/release")).ok()?).ok()?;
    let mut plain = String::new();
    flate2::read::GzDecoder::new(zipped.as_slice()).read_to_string(&mut plain).ok()?;
    serde_json::from_str(&plain).ok().filter(|content| number(content, "/version") > 0)
}
