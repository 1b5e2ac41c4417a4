//! HelmRelease: a chart with its values, installed.

use jiff::Timestamp;
use serde::Deserialize;

use super::flux::{Facts, HELM, Metadata, Reference, SOURCE, row, text};
use super::shell;
use crate::model::{Column, Condition, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "HelmRelease",
    group: HELM,
    version: "v2",
    plural: "helmreleases",
    aliases: &["hr"],
    namespaced: true,
    flux: true,
    noun: "helmrelease",
    controller: "helm-controller",
    watched: true,
    part: None,
    columns: &[
        Column { title: "Chart", width: 24 },
        Column { title: "Version", width: 14 },
        Column { title: "App", width: 14 },
        Column { title: "Source", width: 28 },
    ],
    decode,
    lesson,
};

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    spec: Spec<'a>,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(default)]
    suspend: bool,
    #[serde(default)]
    interval: Option<&'a str>,
    #[serde(default)]
    depends_on: Vec<Reference>,
    #[serde(default)]
    chart: Option<Template>,
    #[serde(default)]
    chart_ref: Option<Reference>,
}

#[derive(Deserialize)]
struct Template {
    spec: Chart,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chart {
    #[serde(default)]
    chart: String,
    source_ref: Reference,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    observed_generation: Option<i64>,
    #[serde(default)]
    conditions: Vec<Condition>,
    #[serde(default)]
    last_attempted_revision: Option<String>,
    #[serde(default)]
    history: Vec<Past>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Past {
    #[serde(default)]
    chart_name: Option<String>,
    #[serde(default)]
    chart_version: Option<String>,
    #[serde(default)]
    app_version: Option<String>,
    #[serde(default)]
    last_deployed: Option<Timestamp>,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let Object { metadata, spec, status } = serde_json::from_slice(bytes)?;
    let newest = status.history.first();
    let source = match (&spec.chart, &spec.chart_ref) {
        (Some(chart), _) => Some(chart.spec.source_ref.object("HelmRepository", SOURCE, &metadata.namespace)),
        (None, Some(chart)) => Some(chart.object("OCIRepository", SOURCE, &metadata.namespace)),
        (None, None) => None,
    };
    // As in the flux CLI: the newest release's chart version, else the attempted one.
    let attempted = status.last_attempted_revision;
    let deployed = newest.and_then(|past| past.chart_version.clone());
    let revision = deployed.or_else(|| attempted.clone()).unwrap_or_default();
    let chart = spec.chart.as_ref().map(|chart| chart.spec.chart.as_str()).filter(|chart| !chart.is_empty());
    let cells = vec![
        text(newest.and_then(|past| past.chart_name.as_deref()).or(chart)),
        revision.clone(),
        text(newest.and_then(|past| past.app_version.as_deref())),
        source.as_ref().map(ObjectRef::short).unwrap_or_default(),
    ];
    let depends_on =
        spec.depends_on.iter().map(|other| other.object("HelmRelease", HELM, &metadata.namespace)).collect();
    let facts = Facts {
        suspend: spec.suspend,
        observed: status.observed_generation,
        conditions: status.conditions,
        revision,
        attempted,
        interval: spec.interval,
        reconciled: newest.and_then(|past| past.last_deployed),
        depends_on,
        source,
        metadata,
        ..Facts::default()
    };
    Ok(row(facts, cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "A HelmRelease installs a chart with its values, and upgrades it when either changes.".to_owned(),
        look_for:
            "READY True and the chart's version in REVISION; after a rollback the true cause is the condition Released."
                .to_owned(),
        docs: "https://fluxcd.io/flux/components/helm/helmreleases/".into(),
    }
}
