//! The Flux version of a cluster.

use serde_json::Value;

use super::Cluster;
use crate::model::flux_version::of_controller;
use crate::model::{Fault, Minor};

/// The label that `flux install` and flux-operator give to the controllers.
const PART_OF_FLUX: &str = "app.kubernetes.io/part-of=flux";

impl Cluster {
    /// Reads the version of Flux from its controllers; `None` where there are none.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or forbids listing Deployments.
    pub async fn flux_version(&self) -> Result<Option<Minor>, Fault> {
        Ok(oldest(&self.flux_controllers().await?))
    }

    /// Reads the Deployments of Flux's controllers, whole.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, or forbids listing Deployments.
    pub async fn flux_controllers(&self) -> Result<Vec<Value>, Fault> {
        self.objects_labelled("apps", "Deployment", "", PART_OF_FLUX).await
    }
}

fn oldest(controllers: &[Value]) -> Option<Minor> {
    let versions = controllers.iter().filter_map(of_controller);
    versions.min_by_key(|(mark, _)| *mark).map(|(_, minor)| minor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::oldest;
    use crate::model::Minor;

    #[test]
    fn the_image_says_more_than_the_label() {
        let controller = |image: &str| {
            json!({
                "metadata": {"labels": {"app.kubernetes.io/version": "v2.6.0"}},
                "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
            })
        };
        let helm = controller("ghcr.io/fluxcd/helm-controller:v1.3.0");
        let kustomize = controller("registry.example.org/fluxcd/kustomize-controller:v1.9.6@sha256:ab");
        assert_eq!(oldest(&[helm.clone(), kustomize]), Some(Minor(2, 9)));
        assert_eq!((oldest(&[helm]), oldest(&[])), (Some(Minor(2, 6)), None));
    }
}
