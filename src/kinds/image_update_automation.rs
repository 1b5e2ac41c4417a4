//! `ImageUpdateAutomation`: commits of new image tags to the repository.

use serde::Deserialize;

use super::flux::{IMAGE, short_revision};
use super::settled::Settled;
use super::shell;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "ImageUpdateAutomation",
    group: IMAGE,
    version: "v1",
    plural: "imageupdateautomations",
    aliases: &["iua"],
    namespaced: true,
    flux: true,
    noun: "image update",
    controller: "image-automation-controller",
    watched: false,
    part: None,
    columns: &[Column { title: "Path", width: 30 }, Column { title: "Pushed", width: 10 }],
    decode,
    lesson,
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    update: Update,
}

#[derive(Deserialize, Default)]
struct Update {
    #[serde(default)]
    path: String,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let object = Settled::<Spec>::read(bytes)?;
    let cells = vec![object.spec.update.path.clone(), short_revision(&object.status.last_push_commit)];
    Ok(object.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "An ImageUpdateAutomation writes the tags that policies chose into the repository and pushes a commit."
            .to_owned(),
        look_for: "READY True, and the commit that it pushed last.".to_owned(),
        docs: "https://fluxcd.io/flux/components/image/imageupdateautomations/".into(),
    }
}
