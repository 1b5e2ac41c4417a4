//! `ImageRepository`: the tags of an image, scanned.

use serde::Deserialize;

use super::flux::IMAGE;
use super::settled::Settled;
use super::shell;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "ImageRepository",
    group: IMAGE,
    version: "v1",
    plural: "imagerepositories",
    aliases: &["imagerepo"],
    namespaced: true,
    flux: true,
    noun: "image repository",
    controller: "image-reflector-controller",
    watched: false,
    part: None,
    columns: &[Column { title: "Image", width: 44 }],
    decode,
    lesson,
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    image: String,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let object = Settled::<Spec>::read(bytes)?;
    let cells = vec![object.spec.image.clone()];
    Ok(object.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "An ImageRepository scans the tags of an image for the policies that choose among them.".to_owned(),
        look_for: "READY True and when it was scanned last; else MESSAGE says what the registry answered.".to_owned(),
        docs: "https://fluxcd.io/flux/components/image/imagerepositories/".into(),
    }
}
