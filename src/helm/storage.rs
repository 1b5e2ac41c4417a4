//! Helm's storage: one Secret per revision, `sh.helm.release.v1.NAME.vN`, whose `release` is JSON, compressed, in
//! base64 (helm/pkg/storage/driver).

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// The first bytes of gzip's output; releases of old Helm versions are not compressed.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];
/// The largest release that is decompressed, in bytes: a Secret holds 1 MiB, charts compress by a factor of ten, and
/// parsing takes several times the length.
const LARGEST: u64 = 32 << 20;

/// Says why a release cannot be read; it never contains any of it.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The Secret has no `release`.
    #[error("the Secret has no key `release`")]
    Missing,
    /// The base64 is broken.
    #[error("its base64 is broken")]
    Base64,
    /// The compression is broken.
    #[error("it cannot be decompressed")]
    Gzip,
    /// The decompressed release is too large.
    #[error("it unpacks to more than {} MiB or to more values than any release has, and was not read", LARGEST >> 20)]
    Large,
    /// The JSON is not a release, at this line and column.
    #[error("its JSON is not a release (line {0}, column {1})")]
    Json(usize, usize),
}

/// Holds a release as Helm stored it. `config` and `manifest` hold secrets, so its `Debug` prints only the name.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Release {
    /// The release's name.
    pub name: String,
    /// The namespace of its objects.
    pub namespace: String,
    /// The revision.
    #[serde(rename = "version")]
    pub revision: u32,
    /// The times, the status, and the notes.
    pub info: Info,
    /// The chart.
    pub chart: Chart,
    /// The configured values, without the chart's defaults.
    pub config: Value,
    /// The rendered objects, several YAML documents, without hooks.
    pub manifest: String,
    /// The hooks.
    pub hooks: Vec<Hook>,
}

impl std::fmt::Debug for Release {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Release({}/{}.v{})", self.namespace, self.name, self.revision)
    }
}

/// Holds the status of a release.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Info {
    /// The time when the first revision was deployed.
    #[serde(deserialize_with = "crate::model::clock::lenient")]
    pub first_deployed: Option<Timestamp>,
    /// The time when this revision was deployed.
    #[serde(deserialize_with = "crate::model::clock::lenient")]
    pub last_deployed: Option<Timestamp>,
    /// The last action, such as `Upgrade complete`.
    pub description: String,
    /// The status in Helm's words, such as `deployed`.
    pub status: String,
    /// The chart's notes, rendered; they may hold secrets.
    pub notes: String,
}

/// Holds a release's chart.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Chart {
    /// The name and versions.
    pub metadata: ChartMetadata,
    /// The default values; those of subcharts are not stored.
    pub values: Value,
}

/// Holds a chart's name and versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChartMetadata {
    /// The chart's name.
    pub name: String,
    /// The chart's version.
    pub version: String,
    /// The application's version.
    pub app_version: String,
}

/// Holds a hook.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// The object's name.
    pub name: String,
    /// The object's kind.
    pub kind: String,
    /// The template that it comes from.
    pub path: String,
    /// The events that run it, such as `pre-upgrade`.
    pub events: Vec<String>,
    /// The rendered object; may hold secrets.
    pub manifest: String,
}

/// Holds one line of a release's history.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseRevision {
    /// The revision.
    pub revision: u32,
    /// The status in Helm's words, such as `deployed`, `superseded` or `failed`.
    pub status: String,
    /// The chart's name and version, `web-1.2.3`.
    pub chart: String,
    /// The application's version.
    pub app_version: String,
    /// The time of deployment.
    pub deployed: Option<Timestamp>,
    /// The last action; empty where the storage cannot be read.
    pub description: String,
}

/// Mirrors the fields for the history and skips the others.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    version: u32,
    info: Info,
    chart: HeadChart,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HeadChart {
    metadata: ChartMetadata,
}

/// Decodes the value of `data.release` in the Secret's JSON.
///
/// # Errors
/// Fails when a layer is broken, and names it.
pub fn decode(data: &str) -> Result<Release, StorageError> {
    json(&unpack(data)?)
}

/// Decodes the history of a release, without its values and manifest.
///
/// # Errors
/// Fails when a layer is broken, and names it.
pub fn decode_revision(data: &str) -> Result<ReleaseRevision, StorageError> {
    let head: Head = json(&unpack(data)?)?;
    let ChartMetadata { name, version, app_version } = head.chart.metadata;
    Ok(ReleaseRevision {
        revision: head.version,
        status: head.info.status,
        chart: format!("{name}-{version}"),
        app_version,
        deployed: head.info.last_deployed,
        description: head.info.description,
    })
}

fn unpack(data: &str) -> Result<Vec<u8>, StorageError> {
    let outer = STANDARD.decode(data.trim()).map_err(|_| StorageError::Base64)?;
    let inner = STANDARD.decode(outer).map_err(|_| StorageError::Base64)?;
    if !inner.starts_with(&GZIP) {
        return Ok(inner);
    }
    let mut unpacked = Vec::new();
    let length = GzDecoder::new(inner.as_slice()).take(LARGEST + 1).read_to_end(&mut unpacked);
    match length.map(u64::try_from) {
        Ok(Ok(length)) if length <= LARGEST => Ok(unpacked),
        Ok(_) => Err(StorageError::Large),
        Err(_) => Err(StorageError::Gzip),
    }
}

fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StorageError> {
    if crate::cluster::bounded::holds_too_much(bytes) {
        return Err(StorageError::Large);
    }
    serde_json::from_slice(bytes).map_err(|error| StorageError::Json(error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use super::{STANDARD, StorageError, decode, decode_revision};
    use base64::Engine as _;

    fn stored(secret: &str) -> String {
        let secret: serde_json::Value = serde_json::from_str(secret).unwrap();
        secret["data"]["release"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_release_of_the_real_controller_is_read() {
        let release = decode(&stored(include_str!("fixtures/web-v3.json"))).unwrap();
        assert_eq!(format!("{release:?}"), "Release(default/web.v3)");
        assert_eq!(release.chart.metadata.version, "1.3.0+d5164ba28319");
        assert_eq!(release.chart.values["nested"]["c"], "default");
        assert_eq!(release.config["nested"]["b"], "inline");
        assert_eq!(release.info.notes, "thanks for installing web\n");
        assert_eq!(crate::yaml::documents(&release.manifest).unwrap().len(), 4);
    }

    #[test]
    fn history_reads_the_head_only() {
        let revision = decode_revision(&stored(include_str!("fixtures/web-v1.json"))).unwrap();
        assert_eq!((revision.revision, revision.status.as_str()), (1, "superseded"));
        assert_eq!(revision.chart, "web-1.2.3+d3ded97bb066");
        assert_eq!(revision.description, "Install complete");
        assert_eq!(revision.app_version, "4.5");
    }

    #[test]
    fn broken_ones_say_where_and_not_what() {
        let plain =
            STANDARD.encode(STANDARD.encode(r#"{"name": "old", "version": 7, "info": {"first_deployed": ""}}"#));
        assert_eq!(decode(&plain).unwrap().revision, 7);
        assert!(matches!(decode("%"), Err(StorageError::Base64)));
        let cut = STANDARD.encode(STANDARD.encode([0x1f, 0x8b, 0x08, 0, 0]));
        assert!(matches!(decode(&cut), Err(StorageError::Gzip)));
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let piece = vec![b' '; 1 << 20];
        for _ in 0..=(super::LARGEST >> 20) {
            std::io::Write::write_all(&mut bomb, &piece).unwrap();
        }
        let bomb = STANDARD.encode(STANDARD.encode(bomb.finish().unwrap()));
        let refused = decode(&bomb).unwrap_err();
        assert!(matches!(refused, StorageError::Large) && refused.to_string().contains("32 MiB"));
        let odd = STANDARD.encode(STANDARD.encode(r#"{"name": {"password": "hunter2"}}"#));
        assert!(!decode(&odd).unwrap_err().to_string().contains("hunter2"));
    }
}
