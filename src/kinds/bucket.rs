//! Bucket: the files of an object store, fetched.

use super::flux::{SOURCE, short_revision};
use super::shell;
use super::source::Source;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "Bucket",
    group: SOURCE,
    version: "v1",
    plural: "buckets",
    aliases: &["bkt"],
    namespaced: true,
    flux: true,
    noun: "source bucket",
    controller: "source-controller",
    watched: true,
    part: None,
    columns: &[
        Column { title: "Revision", width: 10 },
        Column { title: "Bucket", width: 24 },
        Column { title: "Endpoint", width: 36 },
    ],
    decode,
    lesson,
};

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let source: Source<'_> = serde_json::from_slice(bytes)?;
    let cells = vec![short_revision(&source.revision()), source.spec.bucket_name.clone(), source.spec.endpoint.clone()];
    Ok(source.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "A Bucket fetches the files of an S3, GCS or Azure store, and keeps them for those that apply them."
            .to_owned(),
        look_for: "READY True and a REVISION; else MESSAGE says what the store answered.".to_owned(),
        docs: "https://fluxcd.io/flux/components/source/buckets/".into(),
    }
}
