//! Certificate of cert-manager: when it ends, and when it is to be renewed.
//!
//! Fields: `status.notAfter`, `status.renewalTime` of cert-manager.io/v1 (cert-manager 1.19, API reference).

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::flux::Metadata;
use super::shell;
use crate::model::health::find;
use crate::model::{Column, Condition, Kind, Lesson, ObjectRef, Row, RowKey, State};

pub(super) static KIND: Kind = Kind {
    kind: "Certificate",
    group: "cert-manager.io",
    version: "v1",
    plural: "certificates",
    aliases: &["cert", "certs"],
    namespaced: true,
    flux: false,
    noun: "",
    controller: "",
    watched: false,
    part: None,
    columns: &[
        Column { title: "Secret", width: 30 },
        Column { title: "Ends", width: 20 },
        Column { title: "Renewed", width: 20 },
    ],
    decode,
    lesson,
};

/// Where no time of renewal is known, the last two weeks are soon.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A renewal may take so long; later, nobody does it.
const RENEWAL: SignedDuration = SignedDuration::from_hours(1);

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    secret_name: Box<str>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "crate::model::clock::lenient")]
    not_after: Option<Timestamp>,
    #[serde(deserialize_with = "crate::model::clock::lenient")]
    renewal_time: Option<Timestamp>,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let Object { metadata, spec, status } = serde_json::from_slice(bytes)?;
    let ready = find(&status.conditions, "Ready");
    let is_issuing = find(&status.conditions, "Issuing").is_some_and(|issuing| issuing.status == "True");
    let state = match ready.map(|ready| ready.status.as_str()) {
        Some("True") => State::Ready,
        Some(_) if is_issuing => State::Progressing,
        Some(_) => State::Failed,
        None => State::Unknown,
    };
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    Ok(Row {
        state,
        message: ready.filter(|_| state != State::Ready).map(|ready| ready.message.as_str()).unwrap_or_default().into(),
        created: metadata.creation_timestamp,
        cells: [spec.secret_name, time(status.not_after).into(), time(status.renewal_time).into()].into(),
        note: None,
        labels: metadata.labels,
        since: ready.filter(|_| state != State::Ready).and_then(|ready| ready.last_transition_time),
        flux: None,
        key: RowKey { namespace: metadata.namespace, name: metadata.name },
    })
}

/// Says what is wrong with a certificate's end: it is over, its renewal is late, or it comes soon and no renewal is known. Returns the end too.
pub(super) fn ending(row: &Row, now: Timestamp) -> Option<(Timestamp, Option<Timestamp>)> {
    let time = |place: usize| row.cells.get(place).and_then(|cell| cell.parse::<Timestamp>().ok());
    let end = time(1)?;
    let renewal = time(2);
    let is_late = match renewal {
        Some(renewal) => now.duration_since(renewal) > RENEWAL,
        None => end.duration_since(now) <= SOON,
    };
    (is_late || end <= now).then_some((end, renewal))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        place: String::new(),
        shell: shell::kubectl("certificates", context, object),
        why:
            "cert-manager renews a certificate when two thirds of its time are over; one that is not renewed then ends."
                .to_owned(),
        look_for: "Not After and Renewal Time; the events and the CertificateRequest say why it was not renewed."
            .to_owned(),
        docs: "https://cert-manager.io/docs/usage/certificate/".into(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{decode, ending};
    use crate::model::State;

    fn row(status: &str) -> crate::model::Row {
        let json = format!(
            r#"{{"metadata": {{"name": "web", "namespace": "web"}}, "spec": {{"secretName": "web-tls"}}, "status": {status}}}"#
        );
        decode(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_certificate_ends_soon_when_its_renewal_is_late() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let is_told = |status: &str| ending(&row(status), now).is_some();
        assert!(
            !is_told(r#"{"notAfter": "2026-11-23T10:00:00Z", "renewalTime": "2026-11-22T11:00:00Z"}"#),
            "it lasts a day"
        );
        assert!(
            !is_told(r#"{"notAfter": "2026-12-22T10:00:00Z", "renewalTime": "2026-11-22T09:30:00Z"}"#),
            "it is at work"
        );
        assert!(is_told(r#"{"notAfter": "2026-12-22T10:00:00Z", "renewalTime": "2026-11-20T10:00:00Z"}"#));
        assert!(
            is_told(r#"{"notAfter": "2026-12-01T10:00:00Z"}"#) && !is_told(r#"{"notAfter": "2027-01-01T10:00:00Z"}"#)
        );
        assert!(
            is_told(r#"{"notAfter": "2026-11-22T09:59:59Z", "renewalTime": "2026-11-22T09:59:00Z"}"#),
            "it is over"
        );
        assert!(!is_told("{}") && !is_told(r#"{"notAfter": "soon"}"#), "what is not known is not told");
    }

    #[test]
    fn a_certificate_is_ready_by_its_condition() {
        let of = |conditions: &str| row(&format!(r#"{{"conditions": [{conditions}]}}"#)).state;
        let ready = |status: &str| format!(r#"{{"type": "Ready", "status": "{status}"}}"#);
        assert_eq!((of(&ready("True")), of(&ready("False")), of("")), (State::Ready, State::Failed, State::Unknown));
        let issuing = format!(r#"{}, {{"type": "Issuing", "status": "True"}}"#, ready("False"));
        assert_eq!(of(&issuing), State::Progressing);
    }
}
