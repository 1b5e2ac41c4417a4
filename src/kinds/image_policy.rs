//! `ImagePolicy`: the newest permitted tag of an image.

use serde::Deserialize;

use super::flux::IMAGE;
use super::settled::Settled;
use super::shell;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "ImagePolicy",
    group: IMAGE,
    version: "v1",
    plural: "imagepolicies",
    aliases: &["imagepol"],
    namespaced: true,
    flux: true,
    noun: "image policy",
    controller: "image-reflector-controller",
    watched: false,
    part: None,
    columns: &[Column { title: "Repository", width: 20 }, Column { title: "Latest", width: 44 }],
    decode,
    lesson,
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    image_repository_ref: Name,
}

#[derive(Deserialize, Default)]
struct Name {
    #[serde(default)]
    name: String,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let object = Settled::<Spec>::read(bytes)?;
    let cells = {
        let latest = &object.status.latest_ref;
        let tag = if latest.tag.is_empty() { String::new() } else { format!("{}:{}", latest.name, latest.tag) };
        vec![object.spec.image_repository_ref.name.clone(), tag]
    };
    Ok(object.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "An ImagePolicy chooses the newest tag by its rule; automations write it into the repository.".to_owned(),
        look_for: "READY True and LATEST; a rule that matches no tag says so.".to_owned(),
        docs: "https://fluxcd.io/flux/components/image/imagepolicies/".into(),
    }
}
