//! A rendered environment, as rules see it: every object by kind and name, pods, and objects that create others without
//! a file.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;

use super::Rule;
use super::finding::Finding;
use super::unknown::{Quiet, Unknowns};
use crate::model::known;
use crate::model::{Nodes, ObjectRef};
use crate::render::{Installation, Object, Rendered, Rendering};
use crate::repo::FluxKustomization;
use crate::repo::kustomize::is_kustomization;
use crate::repo::{contents, path};

pub use crate::render::at;

/// Groups whose kinds do not create `Secret`, `ConfigMap` and `Service` objects of unknown names; any other custom
/// resource may.
const KNOWN_GROUPS: [&str; 39] = [
    "",
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "scheduling.k8s.io",
    "apiextensions.k8s.io",
    "admissionregistration.k8s.io",
    "apiregistration.k8s.io",
    known::KUSTOMIZE,
    known::SOURCE,
    known::NOTIFICATION,
    known::IMAGE,
    known::HELM,
    // The objects of a ResourceSet are known, or listed as unknown.
    known::OPERATOR,
    "cert-manager.io",
    "monitoring.coreos.com",
    "traefik.io",
    "metallb.io",
    "longhorn.io",
    "postgresql.cnpg.io",
    "barmancloud.cnpg.io",
    "external-secrets.io",
    "generators.external-secrets.io",
    "bitnami.com",
    "acme.cert-manager.io",
    "gateway.networking.k8s.io",
    "policy.networking.k8s.io",
    "snapshot.storage.k8s.io",
    "node.k8s.io",
    "certificates.k8s.io",
    "apiserver.config.k8s.io",
    "cilium.io",
    "k8s.cni.cncf.io",
    "upgrade.cattle.io",
    "helm.cattle.io",
];

/// Cluster-scoped kinds that create Secrets in namespaces of their choice, though their group is known.
const SPREADING: [&str; 1] = ["ClusterExternalSecret"];

/// The kinds that create pods.
pub const WORKLOADS: [(&str, &str); 7] = [
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("", "Pod"),
];

/// Charts that add nodes when pods wait for them.
const MAKERS_OF_NODES: [&str; 2] = ["cluster-autoscaler", "karpenter"];

/// Holds an environment.
pub struct World<'a> {
    /// The environment's name.
    pub env: &'a str,
    /// The rendering of every environment.
    pub rendering: &'a Rendering,
    /// The environment's nodes, as far as they are known.
    pub nodes: Nodes,
    /// The installed Flux, as far as the repository declares it.
    pub flux: Installation,
    root: &'a Path,
    known: HashMap<&'a ObjectRef, &'a Object>,
    /// The namespaces in which something else may create objects; the empty one stands for all.
    filled: HashSet<&'a str>,
    /// The ones among them with a custom resource of unknown behaviour.
    conjured: HashSet<&'a str>,
    /// The words in the values of charts.
    values: OnceLock<HashSet<&'a str>>,
    /// The text of the files that prepare a cluster before Flux starts.
    preparation: OnceLock<String>,
    texts: Mutex<HashMap<String, String>>,
    prepared: OnceLock<bool>,
    /// The unknown parts of the environment.
    unknowns: Unknowns,
    /// The objects that are known by their declaration alone, or that an uninspected part may change.
    unsure: HashSet<String>,
}

/// Holds the pods of a workload.
pub struct Pods<'a> {
    /// The workload, or the pod itself.
    pub object: &'a Object,
    /// The pod's `spec`.
    pub spec: &'a Value,
    /// The pod's labels.
    pub labels: &'a Value,
}

impl<'a> World<'a> {
    /// Creates the view of one environment; `root` is the repository, in which lines are searched.
    pub fn new(env: &'a str, rendering: &'a Rendering, root: &'a Path) -> Self {
        let mut known = HashMap::new();
        for (_, object) in rendering.objects(env) {
            known.insert(&object.object, object);
        }
        let own = || rendering.of.iter().filter(|one| one.env == env);
        let declared = &rendering.graph.kustomizations;
        let target = |one: &Rendered| {
            let is_it = |known: &&FluxKustomization| {
                known.env == one.env && known.namespace == one.namespace && known.name == one.name
            };
            declared.iter().find(is_it)?.target_namespace.clone()
        };
        let unknowns = Unknowns::of(own(), target);
        let unsure = own().filter(|one| one.is_unsure()).flat_map(|one| &one.objects);
        let unsure = unsure.map(|object| object.object.to_string()).collect();
        let filled = rendering.objects(env).flat_map(|(_, object)| filled_by(object)).collect();
        let strange = rendering.objects(env).filter(|(_, object)| !is_chart(object));
        let conjured = strange.flat_map(|(_, object)| filled_by(object)).collect();
        let flux = Installation::of_environment(rendering, env, root);
        Self {
            env,
            rendering,
            nodes: Nodes::default(),
            flux,
            root,
            known,
            filled,
            conjured,
            values: OnceLock::new(),
            preparation: OnceLock::new(),
            texts: Mutex::default(),
            prepared: OnceLock::new(),
            unknowns,
            unsure,
        }
    }

    /// Notes that the environment may have more objects than the known ones, with the reason.
    pub(super) fn has_more(&mut self, why: &str) {
        self.unknowns.anything(why);
    }

    /// Tells whether an unknown thing may create an object of these kinds in a namespace, and notes that: the rule is
    /// then silent. A rule calls this last, so that only silenced findings are noted. A cluster-scoped object is in the
    /// empty namespace, and a Namespace in that of its own name.
    pub fn may_come(&self, kinds: &[(&str, &str)], namespace: &str) -> bool {
        self.unknowns.may_bring(kinds, namespace)
    }

    /// Tells whether objects of the namespace may have unknown keys, and notes it likewise.
    pub fn may_be_filled(&self, namespace: &str) -> bool {
        self.unknowns.may_fill(namespace)
    }

    /// Runs a rule on the environment, and drops its findings about objects that may differ from what is known.
    pub(super) fn run_rule(&self, rule: &Rule, check: fn(&World<'_>, &mut Vec<Finding>), found: &mut Vec<Finding>) {
        self.unknowns.ask_for(rule.id);
        let mut own = Vec::new();
        check(self, &mut own);
        own.retain(|finding| finding.object.as_ref().is_none_or(|object| !self.unsure.contains(object)));
        found.append(&mut own);
    }

    /// Returns the rules that did not check everything, with the reasons.
    pub(super) fn quiet(&self) -> Vec<Quiet> {
        self.unknowns.quiet(self.env)
    }

    /// Sets the environment's nodes. Present nodes say little where an autoscaler adds more.
    #[must_use]
    pub fn with_nodes(self, nodes: Nodes) -> Self {
        let nodes = if nodes.are_told || !self.makes_nodes() { nodes } else { Nodes::default() };
        Self { nodes, ..self }
    }

    fn makes_nodes(&self) -> bool {
        self.objects_of(known::HELM, "HelmRelease").any(|release| {
            let name = text(&release.body, "/spec/chartRef/name");
            MAKERS_OF_NODES
                .iter()
                .any(|maker| [self.chart(release), name, release.object.name.as_str()].contains(maker))
        })
    }

    /// Returns the chart of a HelmRelease: the one that it names, that its HelmChart names, or the end of the address
    /// of its OCIRepository; for a missing source the source's name.
    pub fn chart(&self, release: &'a Object) -> &'a str {
        let named = text(&release.body, "/spec/chart/spec/chart");
        if !named.is_empty() {
            return last_part(named);
        }
        let reference = at(&release.body, "/spec/chartRef");
        let (kind, name) = (text(reference, "/kind"), text(reference, "/name"));
        let source = self.find_object(&ObjectRef::new(kind, known::SOURCE, release.namespace_of(reference), name));
        let chart = source.map(|source| match kind {
            "HelmChart" => last_part(text(&source.body, "/spec/chart")),
            _ => last_part(text(&source.body, "/spec/url")),
        });
        chart.filter(|chart| !chart.is_empty()).unwrap_or(name)
    }

    /// Tells whether something beside Flux prepares a cluster, such as a helmfile or a bootstrap script: its objects,
    /// such as definitions of custom resources, exist before Flux starts.
    pub fn is_prepared(&self) -> bool {
        *self.prepared.get_or_init(|| has_preparation(self.root, 3))
    }

    /// Returns the repository's folder.
    pub fn root(&self) -> &'a Path {
        self.root
    }

    /// Iterates over the objects with the Kustomization that applies each.
    pub fn applied(&self) -> impl Iterator<Item = (&'a Rendered, &'a Object)> {
        self.rendering.objects(self.env)
    }

    /// Iterates over the objects.
    pub fn objects(&self) -> impl Iterator<Item = &'a Object> {
        self.applied().map(|(_, object)| object)
    }

    /// Iterates over the objects of a kind of a group.
    pub fn objects_of(&self, group: &'static str, kind: &'static str) -> impl Iterator<Item = &'a Object> {
        self.objects().filter(move |object| object.is(group, kind))
    }

    /// Finds an object of the group that its bare kind means; an empty namespace is the cluster's.
    pub fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&'a Object> {
        self.find_object(&ObjectRef::bare(kind, namespace, name))
    }

    /// Finds an object; one without a group is found in any.
    pub fn find_object(&self, object: &ObjectRef) -> Option<&'a Object> {
        if object.is_open() {
            return self.objects().find(|one| object.means(&one.object));
        }
        self.known.get(object).copied()
    }

    /// Tells whether an object exists.
    pub fn has(&self, kind: &str, namespace: &str, name: &str) -> bool {
        self.find(kind, namespace, name).is_some()
    }

    /// Iterates over the pods of every workload.
    pub fn pods(&self) -> impl Iterator<Item = Pods<'a>> {
        self.objects().filter_map(Pods::from_object)
    }

    /// Tells whether a namespace may get an object of one of these kinds from elsewhere than from files: from the
    /// cluster itself, a chart, a custom resource of unknown behaviour, or an uninspected part.
    pub fn is_open(&self, kinds: &[(&str, &str)], namespace: &str) -> bool {
        matches!(namespace, "kube-system" | "default" | "kube-public" | "flux-system")
            || self.is_filled(namespace)
            || self.may_come(kinds, namespace)
    }

    /// Tells whether a chart or a custom resource of unknown behaviour may create objects in a namespace.
    pub fn is_filled(&self, namespace: &str) -> bool {
        // A cluster-scoped resource, such as a policy that copies Secrets, may affect any namespace.
        self.filled.contains(namespace) || self.filled.contains("")
    }

    /// Tells whether a custom resource of unknown behaviour may create objects in a namespace.
    pub fn is_conjured(&self, namespace: &str) -> bool {
        self.conjured.contains(namespace) || self.conjured.contains("")
    }

    /// Tells whether the values of a chart contain a name: the chart may create an object of that name.
    pub fn charts_say(&self, name: &str) -> bool {
        let values = self.values.get_or_init(|| {
            let mut found = HashSet::new();
            for release in self.objects_of(known::HELM, "HelmRelease") {
                collect_words(at(&release.body, "/spec/values"), &mut found);
                for source in list(&release.body, "/spec/valuesFrom") {
                    let map = self.find("ConfigMap", &release.object.namespace, text(source, "/name"));
                    if let Some(map) = map {
                        collect_words(at(&map.body, "/data"), &mut found);
                    }
                }
            }
            found
        });
        values.contains(name)
    }

    /// Tells whether a file that prepares a cluster before Flux starts, such as a helmfile, contains a name.
    pub fn preparation_says(&self, name: &str) -> bool {
        let text = self.preparation.get_or_init(|| {
            let mut text = String::new();
            read_preparation(self.root, "", 3, false, &mut text);
            text
        });
        text.lines().any(|line| says(line, name))
    }

    /// Tells whether a Secret is created without its own file: by certificates, CNPG clusters, mirrors, and Flux's
    /// bootstrap.
    pub fn makes_secret(&self, namespace: &str, name: &str) -> bool {
        self.find_object(&ObjectRef::new("SealedSecret", "bitnami.com", namespace, name)).is_some()
            || self.objects().any(|object| {
                let own = object.object.namespace == namespace;
                match (object.object.group.as_str(), object.kind()) {
                    ("cert-manager.io", "Certificate") => {
                        own && text(&object.body, "/spec/secretName") == name
                            || text(&object.body, "/spec/secretName") == name
                                && mirrors(at(&object.body, "/spec/secretTemplate"), namespace)
                    }
                    ("networking.k8s.io", "Ingress") => {
                        own && is_shimmed(object)
                            && list(&object.body, "/spec/tls").iter().any(|tls| text(tls, "/secretName") == name)
                    }
                    ("postgresql.cnpg.io", "Cluster") => {
                        let cluster = &object.object.name;
                        let made = ["app", "superuser", "ca", "server", "replication"];
                        let made = made.iter().any(|end| name == format!("{cluster}-{end}"));
                        made && (own || mirrors(at(&object.body, "/spec/inheritedMetadata"), namespace))
                    }
                    ("external-secrets.io", "ExternalSecret") => {
                        let target = text(&object.body, "/spec/target/name");
                        own && (if target.is_empty() { object.object.name.as_str() } else { target }) == name
                    }
                    ("", "Secret" | "ConfigMap") => {
                        object.object.name == name && mirrors(at(&object.body, "/metadata"), namespace)
                    }
                    _ => false,
                }
            })
    }

    /// Builds an error about an object, in the file that declares it, on the first line from its beginning that
    /// contains the needle.
    pub fn finding(
        &self,
        rule: &Rule,
        object: &Object,
        needle: &str,
        message: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        let (file, line) = self.place(object, needle);
        let found = Finding::new(rule.id, &file, message, why, fix)
            .in_environment(self.env)
            .about(Some(object.object.to_string()));
        Finding { line, ..found }
    }

    /// Tells whether one of the files of an object contains the needle.
    pub fn says(&self, object: &Object, needle: &str) -> bool {
        object.files().any(|file| self.line(file, 1, needle).is_some())
    }

    /// Finds the file and line of a finding: the file nearest to the environment that contains the needle, else the one
    /// that declares the object.
    pub fn place(&self, object: &Object, needle: &str) -> (String, Option<usize>) {
        let mut files: Vec<&str> = object.files().collect();
        files.reverse();
        for file in files.iter().filter(|_| !needle.is_empty()) {
            let start = if *file == object.origin.file { object.origin.line.unwrap_or(1) } else { 1 };
            if let Some(line) = self.line(file, start, needle) {
                return ((*file).to_owned(), Some(line));
            }
        }
        (object.origin.file.clone(), object.origin.line)
    }

    /// Finds the first line of a file, from `start` on, that contains the needle outside of comments.
    pub fn line(&self, file: &str, start: usize, needle: &str) -> Option<usize> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let text = texts.entry(file.to_owned()).or_insert_with(|| contents::text(self.root, file).unwrap_or_default());
        let is_kustomization = is_kustomization(file);
        let has = |line: &str| {
            let line = line.trim_start();
            !(line.starts_with('#') || is_kustomization && is_layout(line)) && says(line, needle)
        };
        let found = text.lines().enumerate().skip(start.saturating_sub(1)).find(|(_, line)| has(line));
        found.map(|(index, _)| index.saturating_add(1))
    }

    /// Iterates over the Flux Kustomizations that the environment's repository declares.
    pub fn kustomizations(&self) -> impl Iterator<Item = &'a Object> {
        self.objects_of(known::KUSTOMIZE, "Kustomization")
    }

    /// Returns the Kustomizations that one waits for, directly or not, itself included, by namespace and name.
    pub fn before(&self, namespace: &str, name: &str) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        let mut next = vec![(namespace.to_owned(), name.to_owned())];
        while let Some((namespace, name)) = next.pop() {
            if !found.insert((namespace.clone(), name.clone())) {
                continue;
            }
            if let Some(object) =
                self.kustomizations().find(|one| one.object.name == name && one.object.namespace == namespace)
            {
                for other in list(&object.body, "/spec/dependsOn") {
                    next.push((object.namespace_of(other).to_owned(), text(other, "/name").to_owned()));
                }
                // The Kustomization that applies it comes before it too.
                let parent = self.applied().find(|(_, known)| known.object == object.object);
                next.extend(parent.map(|(one, _)| (one.namespace.clone(), one.name.clone())));
            }
        }
        found
    }
}

impl<'a> Pods<'a> {
    fn from_object(object: &'a Object) -> Option<Self> {
        let template = match (object.object.group.as_str(), object.kind()) {
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {
                object.body.pointer("/spec/template")?
            }
            ("batch", "CronJob") => object.body.pointer("/spec/jobTemplate/spec/template")?,
            ("", "Pod") => &object.body,
            _ => return None,
        };
        Some(Self { object, spec: at(template, "/spec"), labels: at(template, "/metadata/labels") })
    }

    /// Iterates over the containers, init containers first.
    pub fn containers(&self) -> impl Iterator<Item = &'a Value> {
        list(self.spec, "/initContainers").iter().chain(list(self.spec, "/containers"))
    }

    /// Lists the config maps or secrets that the pods need, each with the needed key, where they name one.
    pub fn needs(&self, what: Needed) -> BTreeSet<(String, Option<String>)> {
        let mut found = BTreeSet::new();
        let mut add = |value: &Value, name: &str, key: Option<&str>| {
            if at(value, "/optional") != true && !text(value, name).is_empty() {
                found.insert((text(value, name).to_owned(), key.map(str::to_owned)));
            }
        };
        let (from, by_key, volume, named) = match what {
            Needed::Secret => ("secretRef", "secretKeyRef", "secret", "/secretName"),
            Needed::ConfigMap => ("configMapRef", "configMapKeyRef", "configMap", "/name"),
        };
        for container in self.containers() {
            for source in list(container, "/envFrom") {
                add(at(source, &format!("/{from}")), "/name", None);
            }
            for variable in list(container, "/env") {
                let reference = at(variable, &format!("/valueFrom/{by_key}"));
                add(reference, "/name", Some(text(reference, "/key")));
            }
        }
        for one in list(self.spec, "/volumes") {
            let items = |value: &Value, name: &str, add: &mut dyn FnMut(&Value, &str, Option<&str>)| {
                add(value, name, None);
                for item in list(value, "/items") {
                    if at(value, "/optional") != true {
                        add(value, name, Some(text(item, "/key")));
                    }
                }
            };
            items(at(one, &format!("/{volume}")), named, &mut add);
            for source in list(one, "/projected/sources") {
                items(at(source, &format!("/{volume}")), "/name", &mut add);
            }
        }
        if what == Needed::Secret {
            for one in list(self.spec, "/imagePullSecrets") {
                add(one, "/name", None);
            }
        }
        found
    }
}

/// The most bytes that are read of files that prepare a cluster.
const PREPARATION: usize = 4 * 1024 * 1024;

/// Extensions of scripts, playbooks and their like; a page's style sheet is called `bootstrap.css` as well.
const SCRIPTS: [&str; 12] = ["sh", "bash", "zsh", "fish", "ps1", "py", "rb", "mk", "just", "tf", "yaml", "yml"];

/// Tells whether a name is that of cluster preparation: a helmfile, or a folder or script for bootstrapping.
fn is_preparation(name: &str, is_folder: bool) -> bool {
    let is_script = || name.rsplit_once('.').is_none_or(|(_, ending)| SCRIPTS.contains(&ending));
    name.contains("helmfile") || name.contains("bootstrap") && (is_folder || is_script())
}

/// Reads the files that prepare a cluster, by their own name or their folder's, to a depth of folders.
fn read_preparation(root: &Path, folder: &str, depth: usize, within: bool, found: &mut String) {
    for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let path = path::join(folder, &entry.file_name().to_string_lossy());
        let name = path::name(&path).to_ascii_lowercase();
        let Ok(kind) = entry.file_type() else { continue };
        let own = within || is_preparation(&name, kind.is_dir());
        let is_near = depth > usize::from(!own);
        if kind.is_dir() && name != ".git" && is_near {
            read_preparation(root, &path, depth.saturating_sub(1), own, found);
        } else if kind.is_file() && own {
            let left = PREPARATION.saturating_sub(found.len()).try_into().unwrap_or(u64::MAX);
            let text = contents::at_most(root, &path, left).map(String::from_utf8);
            found.push_str(&text.ok().and_then(Result::ok).unwrap_or_default());
            found.push('\n');
        }
    }
}

/// Collects the words of values: keys and texts, and the words of longer texts.
fn collect_words<'a>(value: &'a Value, found: &mut HashSet<&'a str>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, field)| {
            found.insert(key);
            collect_words(field, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| collect_words(item, found)),
        Value::String(text) => {
            let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
            found.insert(text);
            found.extend(text.split(|letter: char| !is_part(letter)));
        }
        _ => {}
    }
}

/// Looks for files that prepare a cluster, by name, to a depth of folders.
fn has_preparation(folder: &Path, depth: usize) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_looked_into = depth > 1 && is_folder && name != ".git";
        is_preparation(&name, is_folder) || is_looked_into && has_preparation(&entry.path(), depth.saturating_sub(1))
    })
}

/// Returns the text behind the last slash.
fn last_part(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn is_chart(object: &Object) -> bool {
    object.is(known::HELM, "HelmRelease") || object.is("helm.cattle.io", "HelmChart")
}

/// Lists the namespaces in which an object may create others of unknown names.
fn filled_by(object: &Object) -> Vec<&str> {
    let own = object.object.namespace.as_str();
    if is_chart(object) {
        let named = ["/spec/targetNamespace", "/spec/storageNamespace"].map(|pointer| text(&object.body, pointer));
        return named.into_iter().filter(|namespace| !namespace.is_empty()).chain([own]).collect();
    }
    let is_known = KNOWN_GROUPS.contains(&object.object.group.as_str()) && !SPREADING.contains(&object.kind());
    // An object with an unknown name may be the one that a rule looks for.
    let is_hidden = !own.is_empty() && object.object.name.contains("${");
    if is_known && !is_hidden { Vec::new() } else { vec![own] }
}

/// Names the kind of object that pods need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// Secrets.
    Secret,
    /// Objects of kind `ConfigMap`.
    ConfigMap,
}

/// Tells whether a line contains whole words: `linkdin` is not in `linkding`, nor `a:1.0` in `a:1.0.1`.
fn says(line: &str, needle: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    let begins = |before: &str| !needle.starts_with(is_part) || !before.ends_with(is_part);
    let ends = |after: &str| {
        let after = after.strip_prefix('.').filter(|rest| rest.starts_with(is_part)).unwrap_or(after);
        !needle.ends_with(is_part) || !after.starts_with(is_part)
    };
    line.match_indices(needle).any(|(at, found)| {
        let (before, after) = (line.get(..at), line.get(at.saturating_add(found.len())..));
        begins(before.unwrap_or_default()) && ends(after.unwrap_or_default())
    })
}

/// Tells whether a line of a kustomization file only names locations, not content.
fn is_layout(line: &str) -> bool {
    let item = line.strip_prefix("- ").unwrap_or_default();
    line.starts_with("namespace:") || !item.contains(": ") && item.contains(['/', '.'])
}

/// Tells whether cert-manager creates the TLS Secrets of an Ingress by its annotations
/// (cert-manager.io/docs/usage/ingress).
pub fn is_shimmed(object: &Object) -> bool {
    ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme"]
        .iter()
        .any(|name| at(&object.body, "/metadata/annotations").get(name).is_some())
}

/// Tells whether metadata has the object mirrored into a namespace, by the annotations of such programs: reflector
/// (github.com/emberstack/kubernetes-reflector) where mirroring is permitted and automatic, kubernetes-replicator
/// (github.com/mittwald/kubernetes-replicator), and config-syncer, formerly kubed (config-syncer.com).
fn mirrors(metadata: &Value, namespace: &str) -> bool {
    let annotation =
        |name: &str| metadata.get("annotations").and_then(|all| all.get(name)).and_then(Value::as_str).map(str::trim);
    let names = |list: &str| {
        list.split(',')
            .any(|one| regex::Regex::new(&format!("^(?:{})$", one.trim())).is_ok_and(|regex| regex.is_match(namespace)))
    };
    let reflector = |name: &str| annotation(&format!("reflector.v1.k8s.emberstack.com/{name}")).unwrap_or_default();
    let all = |list: &str| list.is_empty() || names(list);
    let reflected = reflector("reflection-allowed") == "true"
        && reflector("reflection-auto-enabled") == "true"
        && all(reflector("reflection-allowed-namespaces"))
        && all(reflector("reflection-auto-namespaces"));
    // The others select namespaces by labels, which are not checked: any namespace may match.
    reflected
        || annotation("replicator.v1.mittwald.de/replicate-to").is_some_and(names)
        || annotation("replicator.v1.mittwald.de/replicate-to-matching").is_some()
        || annotation("kubed.appscode.com/sync").is_some()
}

/// Returns the text at a JSON Pointer, empty where there is none.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the list at a JSON Pointer, empty where there is none.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Tells whether labels satisfy a selector's `matchLabels`.
pub fn selects(wanted: &Value, labels: &Value) -> bool {
    wanted.as_object().is_some_and(|wanted| wanted.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

/// Names an object of a kind for display.
pub fn named(kind: &str, namespace: &str, name: &str) -> String {
    ObjectRef::bare(kind, namespace, name).told()
}

#[cfg(test)]
mod tests {
    use super::{PREPARATION, has_preparation, is_layout, read_preparation, says};

    #[test]
    fn what_prepares_a_cluster_is_a_folder_a_script_or_a_helmfile_near_the_root() {
        let prepares = |file: &str| {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "a-name").unwrap();
            let mut text = String::new();
            read_preparation(root.path(), "", 3, false, &mut text);
            (has_preparation(root.path(), 3), text.trim() == "a-name")
        };
        for (file, wanted) in [
            ("helmfile.yaml", (true, true)),
            ("scripts/bootstrap.sh", (true, true)),
            ("Bootstrap", (true, true)),
            ("a/bootstrap/inner/values.txt", (true, true)),
            ("web/bootstrap.css", (false, false)),
            ("web/bootstrap.min.js", (false, false)),
            ("bootstrap/a/b/c/values.txt", (true, false)),
            ("a/b/c/bootstrap.sh", (false, false)),
        ] {
            assert_eq!(prepares(file), wanted, "{file}");
        }
        let root = tempfile::tempdir().unwrap();
        for (name, size) in [("bootstrap-1.sh", PREPARATION - 10), ("bootstrap-2.sh", 20)] {
            std::fs::write(root.path().join(name), "x".repeat(size)).unwrap();
        }
        let mut text = String::new();
        read_preparation(root.path(), "", 3, false, &mut text);
        assert!(text.len() <= PREPARATION + 2, "{}", text.len());
    }

    #[test]
    fn a_word_is_found_as_a_whole() {
        for (line, needle, found) in [
            ("namespace: linkding", "linkdin", false),
            ("claimName: linkdin", "linkdin", true),
            ("image: a/b:1.0.1", "a/b:1.0", false),
            ("image: a/b:1.0", "a/b:1.0", true),
            ("see a/b:1.0.", "a/b:1.0", true),
            ("name: app-env", "app", false),
            ("name: app-env, app", "app", true),
            ("{name: \"app\"}", "app", true),
            ("replicas: 1", "replicas:", true),
        ] {
            assert_eq!(says(line, needle), found, "{needle} in {line}");
        }
        for (line, layout) in [
            ("namespace: linkding", true),
            ("- ../../base/linkding", true),
            ("- linkding.yaml", true),
            ("- name: docker.io/a/b", false),
            ("value: longhorn", false),
        ] {
            assert_eq!(is_layout(line), layout, "{line}");
        }
    }
}
