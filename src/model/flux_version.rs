//! The version of Flux that a controller belongs to, and facts from the cluster itself.

use serde_json::Value;

use super::Nodes;

/// A minor version of Flux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor(pub u32, pub u32);

impl std::fmt::Display for Minor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

impl Minor {
    /// Reads the minor version from a whole one, such as `v2.8.1`.
    pub fn parse(version: &str) -> Option<Self> {
        let mut parts = version.trim_start_matches('v').split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?;
        let digits =
            minor.find(|letter: char| !letter.is_ascii_digit()).and_then(|end| minor.get(..end)).unwrap_or(minor);
        Some(Self(major, digits.parse().ok()?))
    }
}

/// Names the evidence of a version of Flux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VersionMark {
    /// The image of a controller.
    Image,
    /// The label that `flux install` and flux-operator set.
    Label,
}

/// Reads the version from the `Deployment` of a controller: its image, whose minor version is that of Flux, or its
/// label.
pub fn of_controller(deployment: &Value) -> Option<(VersionMark, Minor)> {
    let word = |of: &Value, pointer: &str| of.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let containers = deployment.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    for container in containers.into_iter().flatten() {
        let image = word(container, "/image");
        let name = image.rsplit('/').next().unwrap_or_default();
        let tag =
            name.split_once(':').filter(|(name, _)| matches!(*name, "kustomize-controller" | "source-controller"));
        let tag = tag.map(|(_, tag)| tag.split('@').next().unwrap_or_default());
        if let Some(Minor(1, minor)) = tag.and_then(Minor::parse) {
            return Some((VersionMark::Image, Minor(2, minor)));
        }
    }
    let label = word(deployment, "/metadata/labels/app.kubernetes.io~1version");
    Minor::parse(&label).filter(|Minor(major, _)| *major == 2).map(|minor| (VersionMark::Label, minor))
}

/// Holds facts from a cluster that its repository need not state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveFacts {
    /// The capacity of its nodes.
    pub nodes: Nodes,
    /// The version of Flux that runs there.
    pub flux: Option<Minor>,
}
