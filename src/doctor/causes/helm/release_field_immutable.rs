//! An upgrade changes a field that cannot be changed.

use super::MANUAL;
use super::failure::{FailedRelease, WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-field-immutable", title: "An upgrade changes a field that cannot be changed", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failures(graph, WhyFailed::Immutable).map(|failure| diagnosis(graph, &failure)).collect()
}

fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Diagnosis {
    let (kind, name) = failure.refused().unwrap_or_else(|| ("an object".to_owned(), String::new()));
    let field = field(&failure.said);
    let what = match field {
        Some(field) => format!("the field {field} of {kind} {name} cannot be changed once it is there"),
        None => format!("a field of {kind} {name} cannot be changed once it is there"),
    };
    let diagnosis = failure.diagnosis(graph, CAUSE.id, &what).mended_by(Remedy::change(
        "Take the change back if it was not meant: a new name, label or size in the values, or the chart's version.",
        "Ready True",
    ));
    let diagnosis = if kind == "PersistentVolumeClaim" || name.is_empty() {
        diagnosis
    } else {
        let line = graph
            .shell("kubectl delete {} {} -n {} --cascade=orphan", &[&kind.to_lowercase(), &name, &failure.namespace]);
        diagnosis.mended_by(Remedy::new(
            line,
            "The next upgrade makes it anew; its pods stay meanwhile (--cascade=orphan). spec.upgrade.force: true does the same without hands, and stops the pods.",
            "the object is there again, with the new field",
        ))
    };
    diagnosis.documented(&format!("{MANUAL}#upgrade-configuration"))
}

/// Cuts the field out of `Deployment.apps "web" is invalid: spec.selector: Invalid value: …: field is immutable`.
fn field(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("\" is invalid: ")?;
    let field = rest.split(": ").next()?.trim_start_matches('[');
    (!field.is_empty() && !field.contains(' ')).then_some(field)
}
