//! Alert: the events for a Provider.

use serde::Deserialize;

use super::flux::NOTIFICATION;
use super::settled::Settled;
use super::shell;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "Alert",
    group: NOTIFICATION,
    version: "v1beta3",
    plural: "alerts",
    aliases: &[],
    namespaced: true,
    flux: true,
    noun: "alert",
    controller: "notification-controller",
    watched: false,
    part: None,
    columns: &[
        Column { title: "Provider", width: 20 },
        Column { title: "Severity", width: 9 },
        Column { title: "Sources", width: 40 },
    ],
    decode,
    lesson,
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    provider_ref: Name,
    #[serde(default)]
    event_severity: String,
    #[serde(default)]
    event_sources: Vec<Source>,
}

#[derive(Deserialize, Default)]
struct Name {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let object = Settled::<Spec>::read(bytes)?;
    let cells = {
        let spec = &object.spec;
        let sources: Vec<String> =
            spec.event_sources.iter().map(|source| format!("{}/{}", source.kind, source.name)).collect();
        vec![spec.provider_ref.name.clone(), spec.event_severity.clone(), sources.join(" ")]
    };
    Ok(object.row(cells))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::flux_get(&KIND, context, object),
        place: String::new(),
        why: "An Alert sends events of the objects that it names to a Provider; it has no status of its own."
            .to_owned(),
        look_for: "sources that exist, and a severity that does not drown what matters.".to_owned(),
        docs: "https://fluxcd.io/flux/components/notification/alerts/".into(),
    }
}
