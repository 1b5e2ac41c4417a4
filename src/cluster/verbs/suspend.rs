//! Suspend: nobody reconciles the object until it is resumed; why, who and until when are kept on it.

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;

use super::{BY, Live, REASON, UNTIL, Verb, VerbCall};
use crate::model::{Fault, ObjectRef, Outcome, StepState};

/// Stops its reconciliation; the reason and the end are kept as annotations.
#[derive(Debug, Clone)]
pub struct Suspend {
    /// Why.
    pub reason: String,
    /// Who: the login, and the cluster's own word where it has one.
    pub by: String,
    /// Until when; for people to read, nothing resumes by itself.
    pub until: Option<Timestamp>,
    /// What the repository says of the objects, as far as it is known here.
    pub manifests: Vec<ObjectManifest>,
}

/// Says where an object is declared, and whether `spec.suspend` is written there.
#[derive(Debug, Clone)]
pub struct ObjectManifest {
    /// Which object.
    pub object: ObjectRef,
    /// The file to change.
    pub file: String,
    /// Whether it says `suspend: false` itself: what applies it then takes a suspension back.
    pub says_suspend: bool,
}

impl Verb for Suspend {
    fn run<'a, 'c: 'a>(
        &'a self,
        call: &'a mut VerbCall<'c>,
        object: &'a ObjectRef,
    ) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(run(call, object, self))
    }
}

async fn run(call: &mut VerbCall<'_>, object: &ObjectRef, asked: &Suspend) -> Result<Outcome, Fault> {
    let target = call.target(object).await?;
    let before = call.read(&target, "suspend").await?;
    call.step("request", StepState::Running, format!("suspending {object}"));
    let patch = json!({
        "metadata": {"annotations": {
            REASON: text_or_null(&asked.reason),
            BY: text_or_null(&asked.by),
            UNTIL: asked.until.map(|at| at.to_string()),
        }},
        "spec": {"suspend": true},
    });
    call.patch::<Live>(&target, "suspend", &patch).await?;
    let message = if before.spec.suspend {
        format!("{object} was suspended already; the reason is noted")
    } else if before.is_running() {
        format!("{object} is suspended; the run under way still ends")
    } else {
        format!("{object} is suspended")
    };
    let message = match taken_back(object, &before, asked) {
        Some(warning) => format!("{message}, but not for long: {warning}"),
        None => message,
    };
    call.step("request", StepState::Done, &message);
    Ok(Outcome::Done(message))
}

/// Says that the next run of what applies the object takes the suspension back: its manifest has the field, by the repository or by the fields
/// that kustomize-controller manages. A manifest without it leaves the field to whoever sets it.
fn taken_back(object: &ObjectRef, live: &Live, asked: &Suspend) -> Option<String> {
    let manifest = asked.manifests.iter().find(|manifest| manifest.object == *object);
    let managed = live.metadata.managed_fields.iter().any(|fields| {
        fields.manager == "kustomize-controller" && fields.fields_v1.pointer("/f:spec/f:suspend").is_some()
    });
    if !managed && !manifest.is_some_and(|manifest| manifest.says_suspend) {
        return None;
    }
    let file = manifest.map_or("its manifest", |manifest| manifest.file.as_str());
    Some(format!("Git says `suspend: false`, and the next reconcile of what applies it takes this back; change {file}"))
}

fn text_or_null(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
