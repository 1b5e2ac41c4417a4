//! The resources that the nodes of a cluster offer to pods.

use serde_json::Value;

use super::Cluster;
use crate::model::{Amount, Fault, Nodes, quantity};

impl Cluster {
    /// Reads the nodes, with the resources that they offer to pods: `status.allocatable`, which the scheduler uses.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or forbids listing nodes.
    pub async fn nodes(&self) -> Result<Nodes, Fault> {
        Ok(add_up(&self.objects("", "Node", "").await?))
    }
}

fn add_up(nodes: &[Value]) -> Nodes {
    let mut architectures: Vec<String> = nodes
        .iter()
        .filter_map(|node| node.pointer("/status/nodeInfo/architecture")?.as_str())
        .map(str::to_owned)
        .collect();
    architectures.sort_unstable();
    architectures.dedup();
    let amount = |resource: &str| {
        let given = nodes.iter().map(|node| {
            let given = node.pointer(&format!("/status/allocatable/{resource}"))?;
            given.as_str().and_then(quantity)
        });
        // A node without the field may offer any amount.
        let given: Vec<f64> = given.collect::<Option<_>>()?;
        let largest = given.iter().copied().reduce(f64::max)?;
        Some(Amount { largest, together: Some(given.iter().sum()) })
    };
    Nodes { cpu: amount("cpu"), memory: amount("memory"), architectures, are_told: false }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::add_up;
    use crate::model::{Amount, Nodes};

    #[test]
    fn the_largest_and_all_together_are_told() {
        let node = |architecture: &str, cpu: &str, memory: &str| {
            json!({"status": {
                "allocatable": {"cpu": cpu, "memory": memory}, "nodeInfo": {"architecture": architecture},
            }})
        };
        let found = add_up(&[node("arm64", "4", "8Gi"), node("amd64", "3500m", "16Gi"), node("arm64", "4", "8Gi")]);
        assert_eq!(found.architectures, ["amd64", "arm64"]);
        assert_eq!(found.cpu, Some(Amount { largest: 4.0, together: Some(11.5) }));
        assert_eq!(found.memory, Some(Amount { largest: 17_179_869_184.0, together: Some(34_359_738_368.0) }));
        assert!(!found.are_told);
        assert_eq!(add_up(&[]), Nodes::default());
        let silent = add_up(&[node("arm64", "4", "8Gi"), json!({"status": {}})]);
        assert_eq!(silent.cpu, None, "a node that says nothing may give anything");
    }
}
