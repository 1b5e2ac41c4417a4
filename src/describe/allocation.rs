//! The requests and limits of a node's pods against its allocatable resources, as in `kubectl describe node`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::writer::{Writer, at, list};
use crate::model::clock::age;
use crate::model::quantity;

/// The resources that every node has, in kubectl's order.
const ORDINARY: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Amounts by resource: thousandths of cores for cpu, whole units for all else.
type Amounts = BTreeMap<String, f64>;

/// Writes the pods that have not ended, and their sums of requests and limits; `None` if they could not be read.
pub(super) fn pods(node: &Value, pods: Option<&[Value]>, now: Timestamp, writer: &mut Writer) {
    let Some(pods) = pods else {
        writer.field("Non-terminated Pods", "(not read)");
        return;
    };
    let running = |pod: &&Value| !matches!(at(pod, "/status/phase").as_str(), "Succeeded" | "Failed");
    let mut pods: Vec<&Value> = pods.iter().filter(running).collect();
    pods.sort_by_cached_key(|pod| (at(pod, "/metadata/namespace"), at(pod, "/metadata/name")));
    let given = if node.pointer("/status/allocatable").is_some() { "/status/allocatable" } else { "/status/capacity" };
    let given = amounts(node.pointer(given));
    let titles = ["Namespace", "Name", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    for pod in &pods {
        let (asks, may) = (of_pod(pod, "requests"), of_pod(pod, "limits"));
        let created = at(pod, "/metadata/creationTimestamp").parse::<Timestamp>().ok();
        rows.push(vec![
            at(pod, "/metadata/namespace"),
            at(pod, "/metadata/name"),
            share("cpu", &asks, &given),
            share("cpu", &may, &given),
            share("memory", &asks, &given),
            share("memory", &may, &given),
            created.map(|created| age(now, created)).unwrap_or_default(),
        ]);
        add(&mut requests, &asks);
        add(&mut limits, &may);
    }
    writer.field("Non-terminated Pods", format!("({} in total)", pods.len()));
    if !pods.is_empty() {
        writer.table(&rows);
    }
    writer.heading("Allocated resources");
    writer.block(|writer| writer.text("(Total limits may be over 100 percent, i.e., overcommitted.)"));
    let others = given.keys().map(String::as_str).filter(|name| !ORDINARY.contains(name) && *name != "pods");
    let mut rows = vec![["Resource", "Requests", "Limits"].map(str::to_owned).to_vec()];
    rows.extend(
        ORDINARY
            .into_iter()
            .chain(others)
            .map(|name| vec![name.to_owned(), share(name, &requests, &given), share(name, &limits, &given)]),
    );
    writer.table(&rows);
}

/// Reads a map of quantities.
fn amounts(map: Option<&Value>) -> Amounts {
    let read = |(name, value): (&String, &Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let amount = quantity(&text)?;
        Some((name.clone(), if name == "cpu" { (amount * 1000.0).round() } else { amount.round() }))
    };
    map.and_then(Value::as_object).into_iter().flatten().filter_map(read).collect()
}

fn add(to: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        *to.entry(name.clone()).or_default() += amount;
    }
}

/// Calculates the requests or limits of a pod as the scheduler does: its containers and sidecars together, or an init
/// container with the sidecars before it if that is more; plus the overhead of its runtime class (KEP-753,
/// `PodRequests` in k8s.io/component-helpers).
fn of_pod(pod: &Value, part: &str) -> Amounts {
    let of = |container: &Value| amounts(container.pointer(&format!("/resources/{part}")));
    let mut all = Amounts::new();
    list(pod, "/spec/containers").for_each(|container| add(&mut all, &of(container)));
    let (mut sidecars, mut init) = (Amounts::new(), Amounts::new());
    for container in list(pod, "/spec/initContainers") {
        let mut now = sidecars.clone();
        add(&mut now, &of(container));
        if at(container, "/restartPolicy") == "Always" {
            sidecars.clone_from(&now);
        }
        for (name, amount) in now {
            let most = init.entry(name).or_default();
            *most = most.max(amount);
        }
    }
    add(&mut all, &sidecars);
    for (name, amount) in init {
        let most = all.entry(name).or_default();
        *most = most.max(amount);
    }
    let overhead = amounts(pod.pointer("/spec/overhead"));
    // A limit that is not set stays unset.
    let overhead = overhead.into_iter().filter(|(name, _)| part == "requests" || all.contains_key(name)).collect();
    add(&mut all, &overhead);
    all
}

/// Writes an amount with its share of the node's allocatable amount.
fn share(name: &str, asked: &Amounts, given: &Amounts) -> String {
    let amount = asked.get(name).copied().unwrap_or_default();
    let percent = given.get(name).filter(|given| **given > 0.0).map_or(0.0, |given| (amount / given * 100.0).trunc());
    format!("{} ({percent}%)", written(name, amount))
}

/// Writes an amount as Kubernetes does: in the largest binary unit without a remainder.
fn written(name: &str, amount: f64) -> String {
    if name == "cpu" {
        return if amount % 1000.0 == 0.0 { format!("{}", amount / 1000.0) } else { format!("{amount}m") };
    }
    let mut left = amount;
    let mut unit = "";
    for next in ["Ki", "Mi", "Gi", "Ti", "Pi"] {
        if left == 0.0 || left % 1024.0 != 0.0 {
            break;
        }
        left /= 1024.0;
        unit = next;
    }
    format!("{left}{unit}")
}
