//! GitRepository: a branch, tag or commit, fetched.

use super::flux::{SOURCE, short_revision};
use super::shell;
use super::source::Source;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "GitRepository",
    group: SOURCE,
    version: "v1",
    plural: "gitrepositories",
    aliases: &["gitrepo"],
    namespaced: true,
    flux: true,
    noun: "source git",
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
        why: "A GitRepository fetches a branch, tag or commit, and keeps it for those that apply it.".to_owned(),
        look_for: "READY True and your commit in REVISION; else MESSAGE says what the fetch ran into.".to_owned(),
        docs: "https://fluxcd.io/flux/components/source/gitrepositories/".into(),
    }
}
