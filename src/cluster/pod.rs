//! Finds the pod that is meant: a pod itself, or one that stands behind a workload or a Service.

use serde_json::Value;

use super::{Cluster, fault, request};
use crate::model::{Fault, ObjectRef};

/// The annotation by which a pod names the container that is meant where none is named; kubectl goes by it too.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// A pod that runs, and through what it was found.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pod: Value,
    service: Option<Value>,
}

/// Tells whether an object is a pod, or has pods that it selects by labels.
pub fn has_pods(object: &ObjectRef) -> bool {
    super::logs::is_workload(object) || (object.group.is_empty() && matches!(object.kind.as_str(), "Pod" | "Service"))
}

/// Chooses a pod: the one that is named; else the newest of those that are ready, as far as any is.
///
/// # Errors
/// Fails when the object cannot be read, selects no pods, or none of them runs; `tried` says what for.
pub(crate) async fn choose(cluster: &Cluster, object: &ObjectRef, tried: &str) -> Result<Chosen, Fault> {
    let cannot = |why: String, todo: &str| Fault::failed(format!("cannot {tried} in {}", cluster.name), why, todo);
    let found = cluster.read(object).await?.value;
    if object.kind == "Pod" {
        let phase = text(&found, "/status/phase");
        if phase != "Running" {
            let why = format!("it is {}", if phase.is_empty() { "not running" } else { phase });
            return Err(cannot(why, "d on it shows what it waits for, l what it said"));
        }
        return Ok(Chosen::new(found, None));
    }
    let Some(selector) = selector(&found) else {
        return Err(cannot("it does not select its pods by labels alone".to_owned(), "choose one of its pods"));
    };
    let selector = request::escape(&selector);
    let path = format!("/api/v1/namespaces/{}/pods?labelSelector={selector}", object.namespace);
    let list: Value =
        request::get(cluster, &path).await.map_err(|error| fault::of(&cluster.name, "list pods", &error))?;
    let mut pods: Vec<Value> = list.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
    let count = pods.len();
    pods.retain(|pod| text(pod, "/status/phase") == "Running" && pod.pointer("/metadata/deletionTimestamp").is_none());
    pods.sort_by_key(|pod| (is_ready(pod), text(pod, "/metadata/creationTimestamp").to_owned()));
    match pods.pop() {
        Some(pod) => Ok(Chosen::new(pod, (object.kind == "Service").then_some(found))),
        None => Err(cannot(
            format!("none of its {count} pods runs"),
            "its pods (K, then pods) and their events say what they wait for",
        )),
    }
}

/// Writes the labels by which a workload or a Service selects its pods, as a query takes them; `None` where it does not go by labels alone.
pub(crate) fn selector(object: &Value) -> Option<String> {
    ["/spec/selector/matchLabels", "/spec/selector"].iter().find_map(|path| {
        let labels = object.pointer(path)?.as_object()?;
        let pairs: Option<Vec<String>> =
            labels.iter().map(|(name, value)| Some(format!("{name}={}", value.as_str()?))).collect();
        pairs.filter(|pairs| !pairs.is_empty()).map(|pairs| pairs.join(","))
    })
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

impl Chosen {
    fn new(pod: Value, service: Option<Value>) -> Self {
        let (namespace, name) = (text(&pod, "/metadata/namespace").to_owned(), text(&pod, "/metadata/name").to_owned());
        Self { namespace, name, pod, service }
    }

    /// Returns the container that is meant: the one that was asked for, the annotated one, or the first.
    pub(crate) fn container(&self, asked: Option<&str>) -> Result<String, String> {
        let names: Vec<&str> = all(&self.pod, "/spec/containers").map(|one| text(one, "/name")).collect();
        match asked {
            Some(name) if names.contains(&name) => Ok(name.to_owned()),
            Some(name) => Err(format!("it has no container {name}, only {}", names.join(", "))),
            None => {
                let annotated = self.pod.pointer("/metadata/annotations").and_then(|all| all.get(DEFAULT_CONTAINER));
                let name = annotated.and_then(Value::as_str).or_else(|| names.first().copied());
                name.map(str::to_owned).ok_or_else(|| "it has no containers".to_owned())
            }
        }
    }

    /// Returns the pod's port that is meant: the one that was asked for by number or name, in a Service's terms where it was found through one;
    /// else the first.
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
        // A port need not be declared to be listened on: any number will do.
        if let Some(number) = asked.and_then(|asked| asked.parse().ok()) {
            return Ok(number);
        }
        let ports: Vec<&Value> = all(&self.pod, "/spec/containers").flat_map(|one| all(one, "/ports")).collect();
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
    use super::Chosen;
    use serde_json::{Value, json};

    fn pod() -> Value {
        json!({"metadata": {"namespace": "web", "name": "web-1"}, "spec": {"containers": [
            {"name": "proxy", "ports": [{"name": "metrics", "containerPort": 9090}]},
            {"name": "web", "ports": [{"name": "http", "containerPort": 8000}]},
        ]}})
    }

    #[test]
    fn a_port_is_meant_by_number_name_or_the_service() {
        let own = Chosen::new(pod(), None);
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
        let behind = Chosen::new(pod(), Some(service));
        assert_eq!(behind.port(None), Ok(8000));
        assert_eq!(behind.port(Some("other")), Ok(9090));
        assert_eq!(behind.port(Some("82")), Ok(82));
        assert_eq!(behind.port(Some("8000")).unwrap_err(), "the Service has no port 8000; it has 80, 81 (other), 82");
    }

    #[test]
    fn a_container_is_the_one_asked_for_the_annotated_or_the_first() {
        let mut value = pod();
        assert_eq!(Chosen::new(value.clone(), None).container(None), Ok("proxy".to_owned()));
        value["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/default-container": "web"});
        let annotated = Chosen::new(value, None);
        assert_eq!(annotated.container(None), Ok("web".to_owned()));
        assert_eq!(annotated.container(Some("proxy")), Ok("proxy".to_owned()));
        assert_eq!(annotated.container(Some("db")).unwrap_err(), "it has no container db, only proxy, web");
    }
}
