//! Finds a pod: the given one, or one behind a workload or a Service.

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use serde_json::Value;

use super::address::Address;
use super::{Cluster, request};
use crate::model::segment::{is_label_value, no_segment};
use crate::model::{Fault, ObjectRef};

/// The annotation that names a pod's default container; kubectl reads it too.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// The remedy for a server with an impossible answer.
const LIES: &str = "is this the API server that you mean?";

/// Holds a running pod, and the Service that it was found through.
#[derive(Debug, Clone)]
pub(crate) struct RunningPod {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pod: Value,
    service: Option<Value>,
}

/// Tells whether an object is a pod, or selects pods by labels.
pub fn has_pods(object: &ObjectRef) -> bool {
    super::logs::is_workload(object) || (object.group.is_empty() && matches!(object.kind.as_str(), "Pod" | "Service"))
}

/// Chooses a pod: the named one, else the newest of the ready ones, if any is ready.
///
/// # Errors
/// Fails when the object cannot be read, selects no pods, or none of them runs; `tried` names the purpose.
pub(crate) async fn choose(cluster: &Cluster, object: &ObjectRef, tried: &str) -> Result<RunningPod, Fault> {
    let cannot = |why: String, todo: &str| Fault::failed(format!("cannot {tried} in {}", cluster.name), why, todo);
    let found = cluster.read(object).await?.value;
    if object.kind == "Pod" && object.group.is_empty() {
        let phase = text(&found, "/status/phase");
        if phase != "Running" {
            let why = format!("it is {}", if phase.is_empty() { "not running" } else { phase });
            return Err(cannot(
                why,
                "‹key:describe|fluxdeck describe› on it shows what it waits for, ‹key:logs|fluxdeck logs› what it said",
            ));
        }
        return RunningPod::new(found, None).map_err(|why| cannot(why, LIES));
    }
    let Some(selector) = selector(&found) else {
        return Err(cannot("it does not select its pods by labels alone".to_owned(), "choose one of its pods"));
    };
    let pods = Address::core(&object.namespace, "pods").with("labelSelector", selector);
    let list: Value = request::get(cluster, &pods).await.map_err(|error| error.fault(&cluster.name, "list pods"))?;
    let mut pods: Vec<Value> = list.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
    let count = pods.len();
    pods.retain(|pod| text(pod, "/status/phase") == "Running" && pod.pointer("/metadata/deletionTimestamp").is_none());
    pods.sort_by_key(|pod| (is_ready(pod), text(pod, "/metadata/creationTimestamp").to_owned()));
    match pods.pop() {
        Some(pod) => RunningPod::new(pod, (object.kind == "Service").then_some(found)).map_err(|why| cannot(why, LIES)),
        None => Err(cannot(
            format!("none of its {count} pods runs"),
            "its pods (‹key:pods|fluxdeck get pods›) and their events say what they wait for",
        )),
    }
}

/// Returns the label selector of a workload or a Service, as a query takes it; `None` where it does not select by
/// labels alone.
pub(crate) fn selector(object: &Value) -> Option<String> {
    let selector = object.pointer("/spec/selector")?;
    // A Service has the labels themselves.
    let (labels, expressions) = (selector.get("matchLabels"), selector.get("matchExpressions"));
    let labels = if labels.is_none() && expressions.is_none() { Some(selector) } else { labels };
    let mut parts = Vec::new();
    if let Some(labels) = labels.filter(|labels| !labels.is_null()) {
        for (name, value) in labels.as_object()? {
            parts.push(label(name, value.as_str()?)?);
        }
    }
    for one in expressions.and_then(Value::as_array).into_iter().flatten() {
        parts.push(expression(one)?);
    }
    if parts.is_empty() { None } else { Some(parts.join(",")) }
}

/// Writes a label of a selector; `None` where no object can have it, so that it would change the selector.
fn label(name: &str, value: &str) -> Option<String> {
    (is_label_name(name) && is_label_value(value)).then(|| format!("{name}={value}"))
}

/// Writes a requirement of a selector, as a query takes it (Kubernetes, "Labels and Selectors").
fn expression(one: &Value) -> Option<String> {
    let name = text(one, "/key");
    if !is_label_name(name) {
        return None;
    }
    let values = || -> Option<String> {
        let values: Vec<&str> = all(one, "/values").filter_map(Value::as_str).collect();
        let fits = !values.is_empty() && values.iter().all(|value| is_label_value(value));
        fits.then(|| values.join(","))
    };
    match text(one, "/operator") {
        "In" => Some(format!("{name} in ({})", values()?)),
        "NotIn" => Some(format!("{name} notin ({})", values()?)),
        "Exists" => Some(name.to_owned()),
        "DoesNotExist" => Some(format!("!{name}")),
        _ => None,
    }
}

fn is_label_name(name: &str) -> bool {
    name.split('/').count() <= 2 && name.split('/').all(|part| !part.is_empty() && is_label_value(part))
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn all<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

fn is_ready(pod: &Value) -> bool {
    all(pod, "/status/conditions").any(|one| text(one, "/type") == "Ready" && text(one, "/status") == "True")
}

fn number(value: &Value, path: &str) -> Option<u16> {
    value.pointer(path).and_then(Value::as_u64).and_then(|port| port.try_into().ok())
}

impl RunningPod {
    /// Reads a pod from the server's answer.
    ///
    /// # Errors
    /// Fails when its name or namespace is not safe in an address: exec and port-forward build their own
    /// ([`RunningPod::api`]).
    fn new(pod: Value, service: Option<Value>) -> Result<Self, String> {
        let (namespace, name) = (text(&pod, "/metadata/namespace").to_owned(), text(&pod, "/metadata/name").to_owned());
        for name in [&namespace, &name] {
            if no_segment(name).is_some() || !is_label_value(name) {
                return Err(format!("the API server says that it is called {name:?}, which is not a valid pod name"));
            }
        }
        Ok(Self { namespace, name, pod, service })
    }

    /// Returns the API for exec and port-forward.
    pub(crate) fn api(&self, cluster: &Cluster) -> Api<Pod> {
        // A WebSocket starts as HTTP/1.1, which the client for log streams speaks.
        Api::namespaced(cluster.streams().clone(), &self.namespace)
    }

    /// Returns the container: the requested one, which may be an init container that goes on as a sidecar or one that
    /// was added for debugging; else the annotated one, or the first.
    pub(crate) fn container(&self, asked: Option<&str>) -> Result<String, String> {
        let names: Vec<&str> = ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"]
            .into_iter()
            .flat_map(|path| all(&self.pod, path))
            .map(|one| text(one, "/name"))
            .collect();
        match asked {
            Some(name) if names.contains(&name) => Ok(name.to_owned()),
            Some(name) => Err(format!("it has no container {name}, only {}", names.join(", "))),
            None => {
                let annotated = self.pod.pointer("/metadata/annotations").and_then(|all| all.get(DEFAULT_CONTAINER));
                // As kubectl: an annotation that names no container of the pod counts for nothing.
                let annotated = annotated.and_then(Value::as_str).filter(|name| names.contains(name));
                let first = all(&self.pod, "/spec/containers").next().map(|one| text(one, "/name"));
                annotated.or(first).map(str::to_owned).ok_or_else(|| "it has no containers".to_owned())
            }
        }
    }

    /// Returns the pod's port: the requested one by number or name, in a Service's terms where the pod was found
    /// through one; else the first.
    pub(crate) fn port(&self, asked: Option<&str>) -> Result<u16, String> {
        if let Some(service) = &self.service {
            let ports: Vec<&Value> = all(service, "/spec/ports").collect();
            let known = |port: &&&Value| {
                asked.is_none_or(|asked| text(port, "/name") == asked || number(port, "/port") == asked.parse().ok())
            };
            let Some(port) = ports.iter().find(known) else {
                return Err(format!(
                    "the Service has no port {}; it has {}",
                    asked.unwrap_or_default(),
                    listed(&ports, "/port")
                ));
            };
            let named = text(port, "/targetPort");
            return match number(port, "/targetPort") {
                Some(target) => Ok(target),
                None if named.is_empty() => number(port, "/port").ok_or_else(|| "the Service names no port".to_owned()),
                None => self.own_port(Some(named)),
            };
        }
        self.own_port(asked)
    }

    fn own_port(&self, asked: Option<&str>) -> Result<u16, String> {
        // A port need not be declared, so any number is valid.
        if let Some(number) = asked.and_then(|asked| asked.parse().ok()) {
            return Ok(number);
        }
        // An init container that goes on as a sidecar serves ports too.
        let containers = ["/spec/containers", "/spec/initContainers"].into_iter().flat_map(|path| all(&self.pod, path));
        let ports: Vec<&Value> = containers.flat_map(|one| all(one, "/ports")).collect();
        let found = ports.iter().find(|port| asked.is_none_or(|asked| text(port, "/name") == asked));
        found.and_then(|port| number(port, "/containerPort")).ok_or_else(|| match asked {
            Some(asked) => format!("the pod declares no port {asked}; it has {}", listed(&ports, "/containerPort")),
            None => "the pod declares no port".to_owned(),
        })
    }
}

fn listed(ports: &[&Value], path: &str) -> String {
    let names = ports.iter().filter_map(|port| {
        let number = number(port, path)?;
        let name = text(port, "/name");
        Some(if name.is_empty() { number.to_string() } else { format!("{number} ({name})") })
    });
    let names: Vec<String> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::RunningPod;
    use serde_json::{Value, json};

    fn pod() -> Value {
        json!({"metadata": {"namespace": "web", "name": "web-1"}, "spec": {"containers": [
            {"name": "proxy", "ports": [{"name": "metrics", "containerPort": 9090}]},
            {"name": "web", "ports": [{"name": "http", "containerPort": 8000}]},
        ]}})
    }

    #[test]
    fn a_port_is_meant_by_number_name_or_the_service() {
        let own = RunningPod::new(pod(), None).unwrap();
        assert_eq!(own.port(None), Ok(9090));
        assert_eq!(own.port(Some("http")), Ok(8000));
        assert_eq!(own.port(Some("5432")), Ok(5432), "not every port that is listened on is declared");
        assert_eq!(
            own.port(Some("dns")).unwrap_err(),
            "the pod declares no port dns; it has 9090 (metrics), 8000 (http)"
        );
        let service = json!({"spec": {"ports": [
            {"port": 80, "targetPort": "http"}, {"name": "other", "port": 81, "targetPort": 9090}, {"port": 82},
        ]}});
        let behind = RunningPod::new(pod(), Some(service)).unwrap();
        assert_eq!(behind.port(None), Ok(8000));
        assert_eq!(behind.port(Some("other")), Ok(9090));
        assert_eq!(behind.port(Some("82")), Ok(82));
        assert_eq!(behind.port(Some("8000")).unwrap_err(), "the Service has no port 8000; it has 80, 81 (other), 82");
    }

    #[test]
    fn a_container_is_the_one_asked_for_the_annotated_or_the_first() {
        let mut value = pod();
        assert_eq!(RunningPod::new(value.clone(), None).unwrap().container(None), Ok("proxy".to_owned()));
        value["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/default-container": "web"});
        let annotated = RunningPod::new(value, None).unwrap();
        assert_eq!(annotated.container(None), Ok("web".to_owned()));
        assert_eq!(annotated.container(Some("proxy")), Ok("proxy".to_owned()));
        assert_eq!(annotated.container(Some("db")).unwrap_err(), "it has no container db, only proxy, web");
        let mut value = pod();
        value["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/default-container": "renamed"});
        value["spec"]["initContainers"] = json!([{"name": "vpn", "restartPolicy": "Always"}]);
        value["spec"]["ephemeralContainers"] = json!([{"name": "debugger"}]);
        let more = RunningPod::new(value, None).unwrap();
        assert_eq!(more.container(None), Ok("proxy".to_owned()), "the annotation names no container of this pod");
        for name in ["vpn", "debugger"] {
            assert_eq!(more.container(Some(name)), Ok(name.to_owned()));
        }
    }

    #[test]
    fn a_pod_whose_name_would_lead_elsewhere_is_refused() {
        for name in ["web-1?command=sh", "../../secrets", "..", "", "a/b", "a#b", "a%2fb"] {
            for place in ["name", "namespace"] {
                let mut pod = pod();
                pod["metadata"][place] = name.into();
                assert!(RunningPod::new(pod, None).is_err(), "{place} {name:?}");
            }
        }
    }

    #[test]
    fn the_requirements_of_a_selector_are_asked_for_like_its_labels() {
        let selected = |selector: Value| super::selector(&json!({"spec": {"selector": selector}}));
        let one = |operator: &str, values: Value| json!({"key": "tier", "operator": operator, "values": values});
        for (selector, query) in [
            (json!({"matchExpressions": [one("In", json!(["a", "b"]))]}), Some("tier in (a,b)")),
            (
                json!({"matchLabels": {"app": "x"}, "matchExpressions": [one("NotIn", json!(["a"]))]}),
                Some("app=x,tier notin (a)"),
            ),
            (json!({"matchLabels": {}, "matchExpressions": [one("Exists", json!(null))]}), Some("tier")),
            (json!({"matchLabels": null, "matchExpressions": [one("DoesNotExist", json!([]))]}), Some("!tier")),
            (json!({"app": "x"}), Some("app=x")),
            (json!({"matchLabels": {"app": "x"}, "matchExpressions": [one("Near", json!(["a"]))]}), None),
            (json!({"matchExpressions": [one("In", json!([]))]}), None),
            (json!({"matchExpressions": [one("In", json!(["a)"]))]}), None),
            (json!({"matchExpressions": [{"key": "!tier", "operator": "Exists"}]}), None),
            (json!({"matchLabels": {}}), None),
            (json!(null), None),
        ] {
            assert_eq!(selected(selector.clone()).as_deref(), query, "{selector}");
        }
    }

    #[test]
    fn labels_that_would_choose_by_something_else_are_none() {
        let selected = |labels: Value| super::selector(&json!({"spec": {"selector": {"matchLabels": labels}}}));
        assert_eq!(selected(json!({"app.kubernetes.io/name": "web"})).as_deref(), Some("app.kubernetes.io/name=web"));
        for labels in [json!({"app": "a,b"}), json!({"!app": "a"}), json!({"app": "a in (b)"}), json!({"a,b": "c"})] {
            assert_eq!(selected(labels.clone()), None, "{labels}");
        }
    }
}
