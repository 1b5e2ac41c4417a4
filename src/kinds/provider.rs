//! Provider: the receiver of alerts.

use serde::Deserialize;

use super::flux::NOTIFICATION;
use super::settled::Settled;
use super::shell;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "Provider",
    group: NOTIFICATION,
    version: "v1beta3",
    plural: "providers",
    aliases: &[],
    namespaced: true,
    flux: true,
    noun: "alert-provider",
    controller: "notification-controller",
    watched: false,
    part: None,
    columns: &[Column { title: "Type", width: 16 }, Column { title: "Address", width: 44 }],
    decode,
    lesson,
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    address: String,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let object = Settled::<Spec>::read(bytes)?;
    let cells = vec![object.spec.kind.clone(), object.spec.address.clone()];
    Ok(object.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "A Provider says where alerts are sent; it has no status of its own.".to_owned(),
        look_for: "its TYPE and the Secret with its token; whether it works shows in the events of its Alert."
            .to_owned(),
        docs: "https://fluxcd.io/flux/components/notification/providers/".into(),
    }
}
