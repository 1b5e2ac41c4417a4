//! The sources of an object, in the order in which they must be reconciled before it.

use super::live::LiveReference;
use super::{Live, Target, VerbCall};
use crate::cluster::request;
use crate::model::{Fault, ObjectRef, StepState};

/// Finds the sources of an object, the nearest last, in the order of `flux reconcile --with-source`.
///
/// A HelmRelease with `spec.chart` owns a HelmChart `<namespace>-<name>` in the namespace of the chart's source.
pub(super) async fn chain(call: &mut VerbCall<'_>, target: &Target, live: &Live) -> Result<Vec<Target>, Fault> {
    let object = &target.object;
    let mut chain = Vec::new();
    match object.kind.as_str() {
        "Kustomization" | "HelmChart" => {
            if let Some(found) = &live.spec.source_ref {
                chain.push(call.target(&named(found, &object.namespace)).await?);
            }
        }
        "HelmRelease" => {
            if let Some(found) = &live.spec.chart_ref {
                let chart = call.target(&named(found, &object.namespace)).await?;
                if chart.object.kind == "HelmChart" {
                    let source = call.read(&chart, "reconcile").await?.spec.source_ref;
                    if let Some(source) = source {
                        chain.push(call.target(&named(&source, &chart.object.namespace)).await?);
                    }
                }
                chain.push(chart);
            } else if let Some(found) = live.spec.chart.pointer("/spec/sourceRef") {
                let found: LiveReference = serde_json::from_value(found.clone()).unwrap_or_default();
                let source = named(&found, &object.namespace);
                let name = format!("{}-{}", object.namespace, object.name);
                let chart = ObjectRef::bare("HelmChart", &source.namespace, &name);
                chain.push(call.target(&source).await?);
                let chart = call.target(&chart).await?;
                if exists(call, &chart).await? {
                    chain.push(chart);
                } else {
                    let message = format!("{} is not there yet: the HelmRelease's run makes it", chart.object);
                    call.step("source", StepState::Running, message);
                }
            }
        }
        _ => {}
    }
    Ok(chain)
}

async fn exists(call: &VerbCall<'_>, target: &Target) -> Result<bool, Fault> {
    match request::get::<Live>(call.cluster, &target.address).await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some(404) => Ok(false),
        Err(error) => Err(error.fault(&call.cluster.name, &format!("read {}", target.object))),
    }
}

fn named(reference: &LiveReference, namespace: &str) -> ObjectRef {
    let namespace = if reference.namespace.is_empty() { namespace } else { &reference.namespace };
    ObjectRef::bare(&reference.kind, namespace, &reference.name)
}
