//! Environments, Flux Kustomizations and sources, as the repository declares them.

use serde::{Serialize, Serializer};

use super::artifact::Selection;
use super::instance::GeneratedObjects;
use super::kustomize::Declared;
use super::reader::{Place, Reader};
use super::{order, path};
use crate::model::ObjectRef;
use crate::model::known;
use crate::yaml::Value;

/// The namespace that Flux is bootstrapped into; an object that states no namespace and gets none from its
/// kustomization belongs there.
pub(super) const FLUX_NAMESPACE: &str = "flux-system";

/// Describes an environment as the repository declares it: a folder that Flux syncs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepoEnvironment {
    /// Its name: the part of the folder's path that differs from the others', or the name from the settings.
    pub name: String,
    /// The folder, such as `clusters/staging`; empty for the repository's root.
    pub path: String,
    /// The age recipients that its `.sops.yaml` names, or the repository's for its files.
    pub recipients: Vec<String>,
    /// The evidence that the folder is synced.
    #[serde(skip)]
    pub sync: Sync,
}

/// Tells how Flux is known to sync a folder of this repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sync {
    /// No object here syncs it: a folder of `clusters/` before bootstrap.
    #[default]
    Expected,
    /// The settings name it.
    Named,
    /// Kustomizations with a kubeconfig, which another cluster's controller applies.
    Hub,
    /// A Kustomization whose path holds its own file.
    Kustomization {
        /// The Kustomization.
        object: ObjectRef,
        /// Its source, which stands for this repository.
        source: Option<ObjectRef>,
        /// The file that declares it.
        file: String,
        /// The line that its document starts on.
        line: usize,
    },
    /// A patch of a kustomization gives a Kustomization from elsewhere, such as a common base, a path that holds the
    /// kustomization itself.
    Patch {
        /// The Kustomization.
        object: ObjectRef,
        /// The kustomization file.
        file: String,
        /// The line of its patch.
        line: usize,
    },
    /// A `FluxInstance`, or values of the chart that makes one.
    Instance {
        /// The Kustomization that flux-operator creates.
        object: ObjectRef,
        /// The source that it creates, which stands for this repository.
        source: ObjectRef,
        /// The file that declares it.
        file: String,
        /// The line that its document starts on.
        line: usize,
        /// Both of them, as flux-operator creates them.
        made: Box<GeneratedObjects>,
    },
}

/// Describes how a Kustomization decrypts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decryption {
    /// The provider; `sops` is the only one.
    pub provider: String,
    /// The Secret with the keys, in the Kustomization's namespace.
    pub secret: Option<String>,
}

/// Names a Kustomization that another waits for; written as its name, with the namespace before it if it is in another
/// one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether its namespace is not the dependant's.
    pub foreign: bool,
}

impl std::fmt::Display for Dependency {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.foreign {
            write!(formatter, "{}/{}", self.namespace, self.name)
        } else {
            formatter.write_str(&self.name)
        }
    }
}

impl Serialize for Dependency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Describes a Flux Kustomization as its manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FluxKustomization {
    /// The environment's name.
    pub env: String,
    /// `metadata.name`.
    pub name: String,
    /// The namespace that it is applied to.
    pub namespace: String,
    /// The folder of this repository that it reads: `spec.path` without `./`, empty for the root; if an artifact is a
    /// copy of a folder, its path inside the repository.
    #[serde(skip)]
    pub path: String,
    /// `spec.path` from its source's root, without `./`.
    #[serde(rename = "path")]
    pub written_path: String,
    /// The source, in words, if its content is not this repository's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    /// `spec.dependsOn`.
    pub depends_on: Vec<Dependency>,
    /// `spec.interval`, as it is written.
    pub interval: Option<String>,
    /// `spec.retryInterval`, as it is written.
    pub retry_interval: Option<String>,
    /// `spec.timeout`, as it is written.
    pub timeout: Option<String>,
    /// `spec.wait`.
    pub wait: bool,
    /// `spec.prune`.
    pub prune: bool,
    /// `spec.suspend`.
    pub suspend: bool,
    /// `spec.decryption`.
    pub decryption: Option<Decryption>,
    /// `spec.sourceRef`, with the namespace filled in.
    pub source: Option<ObjectRef>,
    /// The file that declares it.
    pub file: String,
    /// The line that its document starts on.
    #[serde(skip)]
    pub line: usize,
    /// `spec.components`, from its path.
    #[serde(skip)]
    pub components: Vec<String>,
    /// `spec.targetNamespace`.
    #[serde(skip)]
    pub target_namespace: Option<String>,
    /// `spec` as it is written; if it was rendered, as its parent renders it.
    #[serde(skip)]
    pub spec: Value,
    /// The Kustomizations that have to be ready before flux-operator creates it from a `ResourceSet`.
    #[serde(skip)]
    pub made_after: Vec<Dependency>,
    /// The Kustomization that renders it, if that was rendered.
    #[serde(skip)]
    pub applied_by: Option<ObjectRef>,
    /// The reason that it may differ from this description: something that it depends on could not be rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsure: Option<String>,
}

impl FluxKustomization {
    /// Names the object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new("Kustomization", known::KUSTOMIZE, &self.namespace, &self.name)
    }

    /// Returns its name, with the namespace if that is not Flux's.
    pub fn shown(&self) -> String {
        order::shown(&self.namespace, &self.name)
    }

    /// Returns the components that are built with it: without missing ones, if `spec.ignoreMissingComponents` is set.
    pub fn components(&self, reader: &mut Reader) -> Vec<String> {
        let is_lenient = self.spec.get("ignoreMissingComponents").and_then(Value::as_bool) == Some(true);
        let is_there = |component: &String| {
            let folder = path::resolve(&self.path, component);
            folder.is_none_or(|folder| !matches!(reader.place_in_artifact(&folder), Place::Missing | Place::LeftOut))
        };
        let mut own = self.components.clone();
        if is_lenient {
            own.retain(is_there);
        }
        own
    }

    /// Gives it another path, as a known patch does.
    pub(super) fn lead_to(&mut self, folder: &str) {
        for path in [&mut self.path, &mut self.written_path] {
            folder.clone_into(path);
        }
        if let Value::Mapping(spec) = &mut self.spec {
            spec.insert("path".into(), format!("./{folder}").into());
        }
    }

    /// Tells whether a declared object is a Flux Kustomization (kustomize's own files have the same kind, in another
    /// group).
    pub fn is(declared: &Declared) -> bool {
        declared.object.kind == "Kustomization" && declared.object.group == known::KUSTOMIZE
    }

    /// Builds the Kustomization that `flux bootstrap` creates for an environment's folder (fluxcd/flux2,
    /// `sync.Generate`).
    pub fn of_bootstrap(env: &str, folder: &str) -> Self {
        Self {
            env: env.to_owned(),
            name: FLUX_NAMESPACE.to_owned(),
            namespace: FLUX_NAMESPACE.to_owned(),
            path: folder.to_owned(),
            written_path: folder.to_owned(),
            elsewhere: None,
            depends_on: Vec::new(),
            interval: None,
            retry_interval: None,
            timeout: None,
            wait: false,
            prune: true,
            suspend: false,
            decryption: None,
            source: None,
            file: folder.to_owned(),
            line: 1,
            components: Vec::new(),
            target_namespace: None,
            spec: Value::default(),
            made_after: Vec::new(),
            applied_by: None,
            unsure: None,
        }
    }

    pub(super) fn read(env: &str, declared: &Declared, body: &Value) -> Self {
        Self::read_at(env, &declared.object, (&declared.file, declared.line), body)
    }

    /// Reads one from its place: a file, and the line on which its document starts.
    pub(super) fn read_at(env: &str, object: &ObjectRef, (file, line): (&str, usize), body: &Value) -> Self {
        let namespace = namespace_of(object);
        let spec = body.get("spec").cloned().unwrap_or_default();
        let written = text(&spec, "path").unwrap_or_default();
        let path = path::below_root(&written);
        let flag = |key: &str| spec.get(key).and_then(Value::as_bool).unwrap_or_default();
        Self {
            env: env.to_owned(),
            name: object.name.clone(),
            written_path: path.clone(),
            elsewhere: None,
            path,
            depends_on: list(&spec, "dependsOn").filter_map(|item| dependency(item, &namespace)).collect(),
            interval: text(&spec, "interval"),
            retry_interval: text(&spec, "retryInterval"),
            timeout: text(&spec, "timeout"),
            wait: flag("wait"),
            prune: flag("prune"),
            suspend: flag("suspend"),
            decryption: spec.get("decryption").map(|decryption| Decryption {
                provider: text(decryption, "provider").unwrap_or_default(),
                secret: decryption.get("secretRef").and_then(|secret| text(secret, "name")),
            }),
            source: spec.get("sourceRef").and_then(|source| source_ref(source, &namespace)),
            file: file.to_owned(),
            line,
            components: list(&spec, "components").filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            target_namespace: text(&spec, "targetNamespace"),
            namespace,
            spec,
            made_after: Vec::new(),
            applied_by: None,
            unsure: None,
        }
    }
}

/// Describes a source of content for Flux.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FluxSource {
    /// The environment's name.
    pub env: String,
    /// `GitRepository`, `OCIRepository`, `HelmRepository`, `HelmChart`, `Bucket` or `ExternalArtifact`.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// The namespace that it is applied to.
    pub namespace: String,
    /// `spec.url`, or a bucket's endpoint.
    pub url: Option<String>,
    /// `spec.ref.branch` of a GitRepository.
    pub branch: Option<String>,
    /// `spec.interval`, as it is written.
    pub interval: Option<String>,
    /// `spec.suspend`.
    pub suspend: bool,
    /// The changes that its `spec` makes to its artifact.
    #[serde(skip)]
    pub selection: Selection,
    /// The file that declares it.
    pub file: String,
    /// The line that its document starts on.
    #[serde(skip)]
    pub line: usize,
}

impl FluxSource {
    /// Names the object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(&self.kind, known::SOURCE, &self.namespace, &self.name)
    }

    pub(super) fn is(declared: &Declared) -> bool {
        declared.object.group == known::SOURCE
    }

    pub(super) fn read(env: &str, declared: &Declared, body: &Value) -> Self {
        Self::read_at(env, &declared.object, (&declared.file, declared.line), body)
    }

    /// Reads one from its place: a file, and the line on which its document starts.
    pub(super) fn read_at(env: &str, object: &ObjectRef, (file, line): (&str, usize), body: &Value) -> Self {
        let spec = body.get("spec").cloned().unwrap_or_default();
        Self {
            env: env.to_owned(),
            kind: object.kind.clone(),
            name: object.name.clone(),
            namespace: namespace_of(object),
            url: text(&spec, "url").or_else(|| text(&spec, "endpoint")),
            branch: spec.get("ref").and_then(branch_of),
            interval: text(&spec, "interval"),
            suspend: spec.get("suspend").and_then(Value::as_bool).unwrap_or_default(),
            selection: Selection {
                ignore: text(&spec, "ignore"),
                includes: list(&spec, "include")
                    .filter_map(|include| included(include, &namespace_of(object)))
                    .collect(),
                submodules: spec.get("recurseSubmodules").and_then(Value::as_bool).unwrap_or_default(),
                pushed: None,
            },
            file: file.to_owned(),
            line,
        }
    }
}

/// Returns the branch of a reference: a full name takes precedence.
fn branch_of(reference: &Value) -> Option<String> {
    match text(reference, "name").filter(|name| !name.is_empty()) {
        Some(name) => name.strip_prefix("refs/heads/").map(str::to_owned),
        None => text(reference, "branch"),
    }
}

/// Reads an entry of `spec.include`: the target folder, and the source that is copied.
fn included(include: &Value, namespace: &str) -> Option<(String, String)> {
    let source = text(include.get("repository")?, "name")?;
    // Without `toPath`, source-controller copies to a folder of the source's name.
    let to = text(include, "toPath").filter(|to| !to.is_empty()).unwrap_or_else(|| source.clone());
    Some((path::below_root(&to), format!("GitRepository/{namespace}/{source}")))
}

fn namespace_of(object: &ObjectRef) -> String {
    let namespace = &object.namespace;
    if namespace.is_empty() { FLUX_NAMESPACE.to_owned() } else { namespace.clone() }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_sequence).into_iter().flatten()
}

fn dependency(value: &Value, own: &str) -> Option<Dependency> {
    let namespace = text(value, "namespace").unwrap_or_else(|| own.to_owned());
    Some(Dependency { name: text(value, "name")?, foreign: namespace != own, namespace })
}

fn source_ref(value: &Value, own: &str) -> Option<ObjectRef> {
    let namespace = text(value, "namespace").unwrap_or_else(|| own.to_owned());
    Some(ObjectRef::new(&text(value, "kind")?, known::SOURCE, &namespace, &text(value, "name")?))
}
