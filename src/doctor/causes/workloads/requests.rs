//! What pods ask for, beside what the nodes have.

use serde_json::Value;

use super::scheduling::reasons;
use crate::doctor::live::text;
use crate::doctor::{LiveGraph, LiveObject};
use crate::model::nodes::quantity;

/// Holds what a pod asks for: its containers and sidecars together, or its largest init container.
pub(super) struct Requests {
    cpu: f64,
    memory: f64,
}

impl Requests {
    pub(super) fn of(pod: &LiveObject<'_>) -> Self {
        let of = |container: &Value, pointer: &str| match container.pointer(pointer) {
            Some(Value::String(amount)) => quantity(amount).unwrap_or_default(),
            Some(Value::Number(amount)) => amount.as_f64().unwrap_or_default(),
            _ => 0.0,
        };
        let asked = |pointer: &str| {
            let is_sidecar = |container: &&Value| text(container, "/restartPolicy") == "Always";
            let first = pod.items("/spec/initContainers");
            let together: f64 = pod
                .items("/spec/containers")
                .iter()
                .chain(first.iter().filter(is_sidecar))
                .map(|one| of(one, pointer))
                .sum();
            first.iter().map(|one| of(one, pointer)).fold(together, f64::max)
        };
        Self { cpu: asked("/resources/requests/cpu"), memory: asked("/resources/requests/memory") }
    }

    pub(super) fn cpu_told(&self) -> String {
        cores(self.cpu)
    }

    pub(super) fn memory_told(&self) -> String {
        bytes(self.memory)
    }
}

fn cores(cpu: f64) -> String {
    if cpu < 1.0 { format!("{:.0}m", cpu * 1000.0) } else { format!("{}", (cpu * 10.0).round() / 10.0) }
}

fn bytes(memory: f64) -> String {
    const MI: f64 = 1_048_576.0;
    if memory >= 1024.0 * MI { format!("{:.1}Gi", memory / 1024.0 / MI) } else { format!("{:.0}Mi", memory / MI) }
}

/// Compares requests with the largest node; the second tells whether they fit on none, however empty.
pub(super) fn too_much(graph: &LiveGraph, said: &str, asked: &Requests) -> (String, bool) {
    let largest =
        |pointer: &str| graph.all("", "Node").filter_map(|node| quantity(node.text(pointer))).fold(0.0_f64, f64::max);
    let (cpu, memory) = (largest("/status/allocatable/cpu"), largest("/status/allocatable/memory"));
    let mut told = Vec::new();
    let mut never_fits = false;
    if said.contains("Insufficient cpu") {
        never_fits |= cpu > 0.0 && asked.cpu > cpu;
        told.push(format!("each asks for {} cpu, {}", cores(asked.cpu), on_nodes(asked.cpu, cpu, cores)));
    }
    if said.contains("Insufficient memory") {
        never_fits |= memory > 0.0 && asked.memory > memory;
        told.push(format!("each asks for {} memory, {}", bytes(asked.memory), on_nodes(asked.memory, memory, bytes)));
    }
    let others =
        reasons(said).into_iter().filter_map(|reason| reason.split_once("Insufficient ").map(|(_, name)| name));
    let nodes = || graph.all("", "Node");
    let is_offered = |name: &str| {
        nodes().any(|node| node.value.pointer("/status/allocatable").is_some_and(|all| all.get(name).is_some()))
    };
    told.extend(others.filter(|name| !matches!(*name, "cpu" | "memory")).map(|name| {
        if name.contains('/') && nodes().next().is_some() && !is_offered(name) {
            format!("no node offers {name}: its device plugin does not run there, or the nodes have none")
        } else {
            format!("no node has enough {name}")
        }
    }));
    (told.join("; "), never_fits)
}

fn on_nodes(asked: f64, largest: f64, tell: fn(f64) -> String) -> String {
    if largest <= 0.0 {
        "and no node has that much left".to_owned()
    } else if asked > largest {
        format!("and the largest node has {}", tell(largest))
    } else {
        format!("and no node has that much left of its {} or less", tell(largest))
    }
}
