//! OCIRepository: an artifact of a container registry, fetched.

use super::flux::{SOURCE, short_revision};
use super::shell;
use super::source::Source;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "OCIRepository",
    group: SOURCE,
    version: "v1",
    plural: "ocirepositories",
    aliases: &["ocirepo"],
    namespaced: true,
    flux: true,
    noun: "source oci",
    controller: "source-controller",
    watched: true,
    part: None,
    columns: &[
        Column { title: "Revision", width: 18 },
        Column { title: "Ref", width: 14 },
        Column { title: "URL", width: 44 },
    ],
    decode,
    lesson,
};

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let source: Source<'_> = serde_json::from_slice(bytes)?;
    let cells = vec![short_revision(&source.revision()), source.spec.reference.text(), source.spec.url.clone()];
    Ok(source.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "An OCIRepository fetches an artifact of a container registry: manifests or a chart.".to_owned(),
        look_for: "READY True and the tag with its digest in REVISION; else MESSAGE says what the pull ran into."
            .to_owned(),
        docs: "https://fluxcd.io/flux/components/source/ocirepositories/".into(),
    }
}
