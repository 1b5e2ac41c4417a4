//! Parses the JSON lines of the Flux controllers, and finds the controller of each kind.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::kinds;
use crate::model::ObjectRef;
use crate::model::log::LogTarget;

/// Holds one parsed line of a controller's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerLine {
    /// `info`, `error` or `debug`.
    pub level: String,
    /// The time, by the controller's clock.
    pub at: Option<Timestamp>,
    /// The object that the line is about.
    pub object: Option<ObjectRef>,
    /// The message.
    pub message: String,
    /// The error, where there is one.
    pub error: Option<String>,
    /// The revision of the run.
    pub revision: Option<String>,
    /// The id that all lines of one run share.
    pub reconcile_id: Option<String>,
    /// The controller within the program, such as `kustomization`.
    pub controller: Option<String>,
}

/// Parses a line; `None` when it is not one of a controller's JSON lines.
pub fn parse(line: &str) -> Option<ControllerLine> {
    if !line.starts_with('{') {
        return None;
    }
    let fields: Map<String, Value> = serde_json::from_str(line).ok()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(ControllerLine {
        level: text("level")?,
        at: text("ts").and_then(|at| at.parse().ok()),
        object: object(&fields),
        message: text("msg")?,
        error: text("error").map(|error| error.trim_end().to_owned()).filter(|error| !error.is_empty()),
        revision: text("revision"),
        reconcile_id: text("reconcileID"),
        controller: text("controller"),
    })
}

/// Reads the object: its name and namespace are nested under its kind, and repeated beside it.
fn object(fields: &Map<String, Value>) -> Option<ObjectRef> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = Some(text("controllerKind")).filter(|kind| !kind.is_empty())?;
    let of_kind = |name: &str| fields.get(kind).and_then(|object| object.get(name)).and_then(Value::as_str);
    let name = of_kind("name").unwrap_or_else(|| text("name"));
    if name.is_empty() {
        return None;
    }
    let namespace = of_kind("namespace").unwrap_or_else(|| text("namespace"));
    Some(match text("controllerGroup") {
        "" => ObjectRef::bare(kind, namespace, name),
        group => ObjectRef::new(kind, group, namespace, name),
    })
}

impl ControllerLine {
    /// Tells whether the line is about an object; a missing group matches any.
    pub fn concerns(&self, object: &ObjectRef) -> bool {
        self.object.as_ref().is_some_and(|mine| object.means(mine) || mine.means(object))
    }
}

/// Returns the controller of a Flux object: the name of its Deployment, and the value of its pods' label `app`.
pub fn controller_of(object: &ObjectRef) -> Option<&'static str> {
    kinds::kind_of(object).map(|kind| kind.controller).filter(|controller| !controller.is_empty())
}

/// Returns the log to follow for a Flux object: its controller's pods in a namespace, which is `flux-system` by
/// default.
pub fn target_of(object: &ObjectRef, flux_namespace: &str) -> Option<LogTarget> {
    let controller = controller_of(object)?;
    Some(LogTarget::Selector {
        namespace: flux_namespace.to_owned(),
        selector: format!("app={controller}"),
        container: Some("manager".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    // Written by kustomize-controller 1.7.3.
    const LINE: &str = r#"{"level":"error","ts":"2026-11-22T22:42:32.640Z","msg":"Reconciliation failed after 345.472429ms, next try in 1m0s","controller":"kustomization","controllerGroup":"kustomize.toolkit.fluxcd.io","controllerKind":"Kustomization","Kustomization":{"name":"bad","namespace":"flux-system"},"namespace":"flux-system","name":"bad","reconcileID":"7a423e9b-2b54-45a6-928b-ec84d7853d7a","revision":"main@sha1:d5164ba2831908c006aed813d0b21bf700ffec61","error":"Nonsense/default/bad dry-run failed: no matches for kind \"Nonsense\" in version \"v1\"\n"}"#;

    #[test]
    fn a_line_tells_its_object_and_its_error() {
        let line = parse(LINE).unwrap();
        assert_eq!(line.level, "error");
        assert_eq!(line.at.unwrap().to_string(), "2026-11-22T22:42:32.64Z");
        assert_eq!(
            line.error.as_deref().unwrap(),
            "Nonsense/default/bad dry-run failed: no matches for kind \"Nonsense\" in version \"v1\""
        );
        assert!(line.revision.as_deref().unwrap().starts_with("main@sha1:d5164ba2"));
        assert!(line.concerns(&"Kustomization/flux-system/bad".parse().unwrap()));
        assert!(!line.concerns(&"Kustomization/flux-system/good".parse().unwrap()));
        assert!(!line.concerns(&"HelmRelease/flux-system/bad".parse().unwrap()));
        assert!(!line.concerns(&"Kustomization.other.io/flux-system/bad".parse().unwrap()));
    }

    #[test]
    fn lines_without_an_object_and_other_lines() {
        let line =
            parse(r#"{"level":"info","ts":"2026-11-22T22:40:00Z","msg":"starting manager","logger":"setup"}"#).unwrap();
        assert_eq!((line.object, line.error), (None, None));
        for other in ["", "I1122 klog line", "{not json", r#"{"no":"message"}"#] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
