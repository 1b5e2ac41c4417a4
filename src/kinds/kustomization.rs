//! Kustomization: a path of a source, applied.

use jiff::Timestamp;
use serde::Deserialize;

use super::flux::{Facts, KUSTOMIZE, Metadata, Reference, SOURCE, row, short_revision, text};
use super::shell;
use crate::model::{Column, Condition, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "Kustomization",
    group: KUSTOMIZE,
    version: "v1",
    plural: "kustomizations",
    aliases: &["ks"],
    namespaced: true,
    flux: true,
    noun: "kustomization",
    controller: "kustomize-controller",
    watched: true,
    part: None,
    columns: &[
        Column { title: "Revision", width: 18 },
        Column { title: "Path", width: 32 },
        Column { title: "Source", width: 24 },
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
    retry_interval: Option<&'a str>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    source_ref: Option<Reference>,
    #[serde(default)]
    depends_on: Vec<Reference>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    observed_generation: Option<i64>,
    #[serde(default)]
    conditions: Vec<Condition>,
    #[serde(default)]
    last_applied_revision: Option<String>,
    #[serde(default)]
    last_attempted_revision: Option<String>,
    #[serde(default)]
    inventory: Option<Inventory>,
    #[serde(default)]
    history: Vec<Past>,
}

#[derive(Deserialize)]
struct Inventory {
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: Box<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Past {
    #[serde(default)]
    last_reconciled: Option<Timestamp>,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let Object { metadata, spec, status } = serde_json::from_slice(bytes)?;
    let source = spec.source_ref.map(|source| source.object("GitRepository", SOURCE, &metadata.namespace));
    let path = spec.path.map(|path| path.trim_start_matches("./").trim_end_matches('/').to_owned());
    let revision = text(status.last_applied_revision.as_deref());
    let cells = vec![
        short_revision(&revision),
        text(path.as_deref()),
        source.as_ref().map(ObjectRef::short).unwrap_or_default(),
    ];
    let depends_on =
        spec.depends_on.iter().map(|other| other.object("Kustomization", KUSTOMIZE, &metadata.namespace)).collect();
    let facts = Facts {
        suspend: spec.suspend,
        observed: status.observed_generation,
        conditions: status.conditions,
        revision,
        attempted: status.last_attempted_revision,
        interval: spec.interval,
        retry_interval: spec.retry_interval,
        reconciled: status.history.iter().filter_map(|past| past.last_reconciled).max(),
        depends_on,
        source,
        path,
        inventory: status.inventory.into_iter().flat_map(|inventory| inventory.entries).map(|entry| entry.id).collect(),
        metadata,
        ..Facts::default()
    };
    Ok(row(facts, cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "A Kustomization applies one path of a source, and removes what is no longer in it.".to_owned(),
        look_for: "READY True, and the REVISION of your commit; MESSAGE names what failed or what it waits for."
            .to_owned(),
        docs: "https://fluxcd.io/flux/components/kustomize/kustomizations/".into(),
    }
}
