//! HelmChart: a chart, fetched for a HelmRelease.

use super::flux::SOURCE;
use super::shell;
use super::source::Source;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "HelmChart",
    group: SOURCE,
    version: "v1",
    plural: "helmcharts",
    aliases: &["hc"],
    namespaced: true,
    flux: true,
    noun: "source chart",
    controller: "source-controller",
    watched: true,
    part: None,
    columns: &[
        Column { title: "Chart", width: 24 },
        Column { title: "Wanted", width: 14 },
        Column { title: "Version", width: 14 },
    ],
    decode,
    lesson,
};

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let source: Source<'_> = serde_json::from_slice(bytes)?;
    let cells = vec![source.spec.chart.clone(), source.spec.version.clone(), source.revision()];
    Ok(source.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "A HelmChart fetches one chart from its source; helm-controller makes one for each HelmRelease.".to_owned(),
        look_for: "READY True and the version that you expect in REVISION; else MESSAGE says which chart or version is not there.".to_owned(),
        docs: "https://fluxcd.io/flux/components/source/helmcharts/".into(),
    }
}
