//! Receiver: a webhook that requests a reconciliation.

use serde::Deserialize;

use super::flux::NOTIFICATION;
use super::settled::Settled;
use super::shell;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "Receiver",
    group: NOTIFICATION,
    version: "v1",
    plural: "receivers",
    aliases: &[],
    namespaced: true,
    flux: true,
    noun: "receiver",
    controller: "notification-controller",
    watched: false,
    part: None,
    columns: &[Column { title: "Type", width: 16 }, Column { title: "Path", width: 44 }],
    decode,
    lesson,
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default, rename = "type")]
    kind: String,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let object = Settled::<Spec>::read(bytes)?;
    let cells = vec![object.spec.kind.clone(), object.status.webhook_path.clone()];
    Ok(object.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "A Receiver takes a webhook, so that a push is reconciled at once rather than after the interval."
            .to_owned(),
        look_for: "READY True, and the PATH that the sender must call.".to_owned(),
        docs: "https://fluxcd.io/flux/components/notification/receivers/".into(),
    }
}
