//! HelmRepository: the index of a chart server, fetched.

use super::flux::{SOURCE, short_revision};
use super::shell;
use super::source::Source;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row, State};

pub(super) static KIND: Kind = Kind {
    kind: "HelmRepository",
    group: SOURCE,
    version: "v1",
    plural: "helmrepositories",
    aliases: &["helmrepo"],
    namespaced: true,
    flux: true,
    noun: "source helm",
    controller: "source-controller",
    watched: true,
    part: None,
    columns: &[
        Column { title: "Revision", width: 10 },
        Column { title: "Type", width: 8 },
        Column { title: "URL", width: 44 },
    ],
    decode,
    lesson,
};

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let source: Source<'_> = serde_json::from_slice(bytes)?;
    let cells = vec![
        short_revision(&source.revision()),
        source.spec.kind.clone().unwrap_or_else(|| "default".to_owned()),
        source.spec.url.clone(),
    ];
    // One of type oci is only an address: since Flux 2.2 no controller writes its status, so an existing status is old.
    let address_only = source.spec.kind.as_deref() == Some("oci");
    let mut row = source.row(cells);
    if address_only && row.state != State::Suspended {
        row.state = State::Ready;
        row.message = "an address for charts; there is nothing to fetch".into();
    }
    Ok(row)
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why:
            "A HelmRepository fetches the index of a chart server; one of type oci has no index and is only an address."
                .to_owned(),
        look_for: "READY True; an index that cannot be fetched holds up every chart from it.".to_owned(),
        docs: "https://fluxcd.io/flux/components/source/helmrepositories/".into(),
    }
}
