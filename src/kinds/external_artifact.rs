//! `ExternalArtifact`: an artifact that another controller made.

use serde::Deserialize;

use super::flux::{SOURCE, short_revision};
use super::settled::Settled;
use super::shell;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "ExternalArtifact",
    group: SOURCE,
    version: "v1",
    plural: "externalartifacts",
    aliases: &["ea"],
    namespaced: true,
    flux: true,
    noun: "source external",
    controller: "",
    watched: false,
    part: None,
    columns: &[Column { title: "Revision", width: 16 }, Column { title: "Source", width: 36 }],
    decode,
    lesson,
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    source_ref: Source,
}

#[derive(Deserialize, Default)]
struct Source {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let object = Settled::<Spec>::read(bytes)?;
    let cells = {
        let source = &object.spec.source_ref;
        vec![short_revision(&object.status.artifact.revision), format!("{}/{}", source.kind, source.name)]
    };
    Ok(object.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "An ExternalArtifact hands on what a controller beside Flux made, for Kustomizations and HelmReleases to apply."
            .to_owned(),
        look_for: "READY True and a REVISION; its SOURCE is what made it.".to_owned(),
        docs: "https://fluxcd.io/flux/components/source/externalartifacts/".into(),
    }
}
