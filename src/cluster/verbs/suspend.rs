//! Suspend: Flux does not reconcile the object until it is resumed; annotations keep the reason, the user and the end.

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;

use super::{BY, Live, REASON, UNTIL, Verb, VerbCall};
use crate::model::{Fault, ObjectRef, Outcome, StepState};

/// Stops the reconciliation of an object; annotations keep the reason and the end.
#[derive(Debug, Clone)]
pub struct Suspend {
    /// The reason.
    pub reason: String,
    /// The user: the login, and the cluster's name for the user where it has one.
    pub by: String,
    /// The end, for people to read; nothing resumes by itself.
    pub until: Option<Timestamp>,
    /// The manifests of the objects in the repository, as far as they are known here.
    pub manifests: Vec<ObjectManifest>,
}

/// Names the manifest of an object, and whether it contains `spec.suspend`.
#[derive(Debug, Clone)]
pub struct ObjectManifest {
    /// The object.
    pub object: ObjectRef,
    /// The file to change.
    pub file: String,
    /// Whether it contains `suspend: false`, so that the next apply reverts a suspension.
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

/// Returns a warning that the next run of the object's owner reverts the suspension: its manifest has the field, by the
/// repository or by the fields that kustomize-controller manages. A manifest without the field leaves it to other
/// writers.
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
