//! A variable of a Kustomization cannot be put in.

use super::failure::{Failure, failed_for, then_push};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "substitution-failed", title: "A variable cannot be substituted", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failed_for(graph, "BuildFailed").filter(|failure| failure.says("envsubst error"));
    failed.map(|failure| diagnosis(graph, &failure)).collect()
}

/// The forms come from fluxcd/pkg/kustomize 1.24 and fluxcd/pkg/envsubst 1.5.
fn diagnosis(graph: &LiveGraph, failure: &Failure<'_>) -> Diagnosis {
    let object = failure.object();
    let place = match between(failure.message(), "post build failed for '", "'").and_then(|id| id.split_once('/')) {
        Some((kind, name)) => format!("{} {name}", kind.split('.').next().unwrap_or(kind)),
        None => "one of its objects".to_owned(),
    };
    let told = object.told();
    let (message, what) = if let Some(name) = between(failure.message(), "variable not set (strict mode): \"", "\"") {
        let message = format!("{told} has no value for the variable {name} that {place} uses");
        let what = format!(
            "Give {name} a value (spec.postBuild.substitute, or a ConfigMap or Secret of substituteFrom) or a default: ${{{name}:=value}}. Where the text means no variable, write $${{{name}}}. Then push."
        );
        (message, what)
    } else if let Some(name) = between(failure.message(), "envsubst error: '", "' var name is invalid") {
        let message = format!("{told} takes its variables from an object whose key {name} is no name of a variable");
        (
            message,
            format!(
                "Rename the key {name} in the ConfigMap or Secret of substituteFrom (letters, digits and _), and push."
            ),
        )
    } else if failure.says("YAMLToJSON") {
        let why = super::failure::after(failure.message(), "YAMLToJSON");
        let message = format!("{told}: {place} is no valid YAML once its variables are put in: {why}");
        (message, "Put quotes around the variable or into its value, so that the text stays YAML, and push.".to_owned())
    } else {
        let why = super::failure::after(failure.message(), "envsubst error");
        let message = format!("{told} cannot put variables into {place}: {why}");
        let what = "Correct the expression ${…} (a script's own needs $${…}, or the annotation kustomize.toolkit.fluxcd.io/substitute: disabled on the object), and push.";
        (message, what.to_owned())
    };
    let found = failure
        .found(CAUSE.id, message)
        .look_at(graph.yaml(object))
        .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution");
    then_push(graph, found, object, what)
}
