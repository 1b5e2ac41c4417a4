//! The version and the flags of Flux in an environment, as its repository declares them: rules judge by that version.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;
use serde_json::Value;

use super::object::{Object, at};
use super::rendered::Rendering;
use crate::model::Minor;
use crate::model::flux_version::{VersionMark, of_controller};
use crate::model::known::{self, OPERATOR};
use crate::repo::{Role, contents, kustomization, path};
use crate::yaml;

/// The version from which kustomize-controller is strict with variables by default.
const STRICT: Minor = Minor(2, 9);

/// Describes a range of versions of Flux: from one minor version to another, if there is an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    from: Minor,
    to: Option<Minor>,
}

/// Describes the Flux of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installation {
    version: Option<Version>,
    /// The evidence of the version.
    known_from: Option<String>,
    /// Feature gates by controller and name.
    gates: BTreeMap<(String, String), bool>,
    /// Boolean flags, by controller and name; the last one counts, as it does for the controllers.
    flags: BTreeMap<(String, String), bool>,
    /// The controllers that a `FluxInstance` makes flux-operator install; `None` if there is no such object.
    components: Option<BTreeSet<String>>,
    /// Whether a controller itself was found, with all patches applied.
    has_controllers: bool,
    /// The API versions that CRDs in the repository serve, by group and kind.
    served: BTreeMap<(String, String), Vec<String>>,
}

impl Installation {
    /// Reads it from the objects of an environment: the controllers and CRDs of `flux install`, a `FluxInstance` or the
    /// values of its chart, and the source of Flux's own manifests.
    pub fn from_objects<'a>(objects: impl Iterator<Item = &'a Object>) -> Self {
        let mut found = Self::default();
        // Evidence that is nearer to the controllers themselves counts more.
        let mut versions: Vec<(u8, Version)> = Vec::new();
        let mut told: Vec<String> = Vec::new();
        for object in objects {
            let (group, kind) = (object.object.group.as_str(), object.kind());
            match (group, kind) {
                ("apps", "Deployment") => {
                    found.read_deployment(object);
                    versions.extend(of_deployment(object));
                }
                ("apiextensions.k8s.io", "CustomResourceDefinition") => found.read_crd(object),
                (OPERATOR, "FluxInstance") => {
                    found.read_components(at(&object.body, "/spec"));
                    found.read_instance(at(&object.body, "/spec"), &mut versions);
                }
                (known::HELM, "HelmRelease") => {
                    if at(&object.body, "/spec/values/instance/distribution").is_object() {
                        found.read_components(at(&object.body, "/spec/values/instance"));
                    }
                    found.read_instance(at(&object.body, "/spec/values/instance"), &mut versions);
                    found.read_chart(&object.body);
                }
                (known::SOURCE, "OCIRepository" | "GitRepository") => versions.extend(of_source(object)),
                (known::KUSTOMIZE, "Kustomization") => found.read_patches(at(&object.body, "/spec/patches")),
                _ => {}
            }
            told.resize_with(versions.len(), || {
                let file = &object.origin.file;
                if file.is_empty() { object.object.short() } else { format!("{} in {file}", object.object.short()) }
            });
        }
        let nearest = versions.into_iter().zip(told).min_by_key(|((rank, _), _)| *rank);
        (found.version, found.known_from) = nearest.map(|((_, version), told)| (version, told)).unzip();
        found
    }

    /// Reads it from the rendered output of an environment. If no controller is in it, because `flux bootstrap` has not
    /// written its manifests yet or the repository leaves them out, the patches beside those show their flags.
    pub fn of_environment(rendering: &Rendering, env: &str, root: &Path) -> Self {
        let mut found = Self::from_objects(rendering.objects(env).map(|(_, object)| object));
        if found.has_controllers {
            return found;
        }
        let feeds = rendering.graph.feeds.iter().chain(rendering.graph.feeds.roots()).filter(|feed| feed.env == env);
        let files: BTreeSet<&String> = feeds
            .flat_map(|feed| &feed.files)
            .filter(|(_, role)| **role == Role::Kustomization)
            .map(|(file, _)| file)
            .collect();
        for file in files {
            let Some(body) = contents::text(root, file).ok().and_then(|text| kustomization::read(&text).ok()) else {
                continue;
            };
            let body = serde_json::to_value(yaml::Value::Mapping(body.fields)).unwrap_or_default();
            let of_flux = |entry: &Value| entry.as_str().is_some_and(|entry| path::name(entry) == COMPONENTS);
            if at(&body, "/resources").as_array().is_some_and(|entries| entries.iter().any(of_flux)) {
                found.read_bootstrap(&body, path::parent(file), root);
            }
        }
        found
    }

    /// Reads the patches of the kustomization in which `flux bootstrap` names its manifests; one may be in a file of
    /// its own.
    fn read_bootstrap(&mut self, body: &Value, folder: &str, root: &Path) {
        let mut patches = Vec::new();
        for field in ["patches", "patchesJson6902", "patchesStrategicMerge"] {
            for patch in at(body, &format!("/{field}")).as_array().into_iter().flatten() {
                let named = patch.get("path").and_then(Value::as_str).or_else(|| patch.as_str());
                let inline = patch.get("patch").and_then(Value::as_str);
                let read = || contents::text(root, &path::resolve(folder, named?)?).ok();
                let text = inline.map(str::to_owned).or_else(read).or_else(|| named.map(str::to_owned));
                patches.push(serde_json::json!({"patch": text, "target": patch.get("target")}));
            }
        }
        self.read_patches(&Value::Array(patches));
    }

    /// Tells whether it is this version of Flux or a newer one; `None` if the repository does not declare it.
    pub fn is_at_least(&self, wanted: Minor) -> Option<bool> {
        let version = self.version?;
        if version.from >= wanted {
            return Some(true);
        }
        version.to.filter(|to| *to < wanted).map(|_| false)
    }

    /// Returns the setting of a controller's feature gate; `None` if nothing sets it.
    pub fn gate(&self, controller: &str, name: &str) -> Option<bool> {
        self.gates.get(&(controller.to_owned(), name.to_owned())).copied()
    }

    /// Tells whether an undefined variable fails its Kustomization; `None` if the repository does not declare the
    /// version of Flux.
    pub fn is_strict(&self) -> Option<bool> {
        self.gate("kustomize-controller", "StrictPostBuildSubstitutions").or_else(|| self.is_at_least(STRICT))
    }

    /// Tells whether the strictness covers forms such as `${name^^}`, which read a value; before Flux 2.9 it covered
    /// `${name}` alone.
    pub fn is_strict_with_operators(&self) -> bool {
        self.is_strict() == Some(true) && self.is_at_least(STRICT) != Some(false)
    }

    /// Tells whether helm-controller retries failed releases by default.
    pub fn retries_releases(&self) -> bool {
        self.gate("helm-controller", "DefaultToRetryOnFailure") == Some(true)
    }

    /// Tells whether a controller refuses references into another namespace (`--no-cross-namespace-refs`, which the
    /// lockdown of tenants sets).
    pub fn refuses_other_namespaces(&self, controller: &str) -> bool {
        self.flags.get(&(controller.to_owned(), NO_OTHER_NAMESPACE.to_owned())) == Some(&true)
    }

    /// Tells whether a CRD of the repository serves a version; `None` if it has none of that kind.
    pub fn serves(&self, group: &str, kind: &str, version: &str) -> Option<bool> {
        let served = self.served.get(&(group.to_owned(), kind.to_owned()))?;
        Some(served.iter().any(|own| own == version))
    }

    /// Tells whether flux-operator installs a controller; `None` if no `FluxInstance` lists it.
    pub fn installs(&self, controller: &str) -> Option<bool> {
        self.components.as_ref().map(|components| components.contains(controller))
    }

    /// Uses the version of the cluster's controllers if the repository declares none.
    #[must_use]
    pub fn or_live(mut self, live: Option<Minor>) -> Self {
        if let (None, Some(minor)) = (self.version, live) {
            self.version = Some(Version::exactly(minor));
            self.known_from = Some("the controllers of the cluster".to_owned());
        }
        self
    }

    /// Returns the evidence of the version.
    pub fn known_from(&self) -> Option<&str> {
        self.known_from.as_deref()
    }

    /// Returns the version for people.
    pub fn version(&self) -> Option<String> {
        let Version { from, to } = self.version?;
        Some(match to {
            Some(to) if to == from => from.to_string(),
            Some(to) => format!("{from} to {to}"),
            None => format!("{from} or newer"),
        })
    }

    fn read_crd(&mut self, object: &Object) {
        let word = |pointer: &str| text(&object.body, pointer).to_owned();
        let versions = at(&object.body, "/spec/versions").as_array().into_iter().flatten();
        let served = versions.filter(|version| at(version, "/served") != false);
        let names = served.filter_map(|version| at(version, "/name").as_str()).map(str::to_owned).collect();
        self.served.insert((word("/spec/group"), word("/spec/names/kind")), names);
    }

    fn read_deployment(&mut self, object: &Object) {
        let name = &object.object.name;
        if !is_controller(name) {
            return;
        }
        self.has_controllers = true;
        for container in at(&object.body, "/spec/template/spec/containers").as_array().into_iter().flatten() {
            for argument in at(container, "/args").as_array().into_iter().flatten().filter_map(Value::as_str) {
                self.read_flags(name, argument);
            }
        }
    }

    /// Reads the flags in the values of the Flux community's chart.
    fn read_chart(&mut self, body: &Value) {
        let chart = text(body, "/spec/chart/spec/chart");
        if chart != "flux2" && text(body, "/spec/chartRef/name") != "flux2" {
            return;
        }
        if at(body, "/spec/values/multitenancy/enabled") == true {
            for controller in LOCKED {
                self.read_flags(controller, "--no-cross-namespace-refs=true");
            }
        }
        for controller in CONTROLLERS {
            let key = format!("{}Controller", controller.split('-').next().unwrap_or_default());
            let own = at(body, &format!("/spec/values/{key}/container/additionalArgs"));
            for argument in own.as_array().into_iter().flatten().filter_map(Value::as_str) {
                self.read_flags(controller, argument);
            }
        }
    }

    /// Reads the controllers of an instance: the listed ones, else the default ones (flux-operator 0.59,
    /// `FluxInstance.GetComponents`).
    fn read_components(&mut self, spec: &Value) {
        let listed = at(spec, "/components").as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut listed: BTreeSet<String> = listed.map(str::to_owned).collect();
        if listed.is_empty() {
            listed = CONTROLLERS.map(str::to_owned).into();
        }
        self.components.get_or_insert_default().append(&mut listed);
    }

    fn read_instance(&mut self, spec: &Value, versions: &mut Vec<(u8, Version)>) {
        versions.extend(Version::of_range(text(spec, "/distribution/version")).map(|version| (2, version)));
        self.read_cluster(spec);
        // The operator's own patches come first, so that later ones of the same flag count.
        self.read_patches(at(spec, "/kustomize/patches"));
    }

    /// Reads the flags that `spec.cluster` of an instance sets on controllers (flux-operator 0.59,
    /// `internal/builder/profiles.go` and `workload_identity.go`). Its size and its type change resources, caches and
    /// intervals, and its domain a URL: none of them affects the result of a file.
    fn read_cluster(&mut self, spec: &Value) {
        let cluster = at(spec, "/cluster");
        if at(cluster, "/multitenant") == true {
            for controller in LOCKED {
                self.read_flags(controller, "--no-cross-namespace-refs=true");
            }
            self.read_flags("kustomize-controller", "--no-remote-bases=true");
        }
        let version = Version::of_range(text(spec, "/distribution/version"));
        let is_by_object = at(cluster, "/objectLevelWorkloadIdentity") == true;
        // Flux 2.6 has it only on request, older ones refuse it, and newer ones get it in both cases.
        let (gated, is_told): (&[&str], bool) = match version.map(|version| version.from) {
            Some(minor) if minor < Minor(2, 6) => (&[], false),
            Some(minor) if minor < Minor(2, 7) => (&IDENTIFIED, is_by_object),
            Some(_) => (&IDENTIFIED, true),
            None => (&[], false),
        };
        for controller in gated.iter().filter(|_| is_told) {
            self.read_flags(controller, &format!("--feature-gates=ObjectLevelWorkloadIdentity={is_by_object}"));
        }
    }

    /// Reads the flags that patches set on controllers.
    fn read_patches(&mut self, patches: &Value) {
        for patch in patches.as_array().into_iter().flatten() {
            let (target, written) = (at(patch, "/target"), text(patch, "/patch"));
            if !KNOWN_FLAGS.iter().any(|flag| written.contains(flag))
                || !matches!(text(target, "/kind"), "" | "Deployment")
            {
                continue;
            }
            let name = text(target, "/name");
            let pattern = Regex::new(&format!("^(?:{name})$"));
            for controller in LOCKED.iter().copied().chain(["source-controller"]) {
                let is_it = match &pattern {
                    Ok(pattern) if !name.is_empty() => pattern.is_match(controller),
                    // A patch without a target names its object in itself; a target without a name means every
                    // Deployment.
                    _ => !target.is_null() || written.contains(controller),
                };
                if is_it {
                    self.read_flags(controller, written);
                }
            }
        }
    }

    /// Reads the flags in a text with arguments of a controller.
    fn read_flags(&mut self, controller: &str, text: &str) {
        self.read_gates(controller, text);
        for flag in [NO_OTHER_NAMESPACE, NO_REMOTE_BASE] {
            let Some((_, value)) = text.rsplit_once(&format!("--{flag}")) else { continue };
            let value = value.strip_prefix('=').unwrap_or_default();
            let is_off = ["false", "False", "FALSE", "f", "F", "0"]
                .iter()
                .any(|word| value.trim_start_matches(['"', '\'']).starts_with(word));
            self.flags.insert((controller.to_owned(), flag.to_owned()), !is_off);
        }
    }

    fn read_gates(&mut self, controller: &str, text: &str) {
        for part in text.split("--feature-gates").skip(1) {
            let part = part.trim_start_matches(['=', ' ', '"', '\'', ',', '\n', '-']);
            let list =
                part.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '=' || letter == ',')).next();
            for pair in list.unwrap_or_default().split(',') {
                let Some((name, value)) = pair.split_once('=') else { continue };
                let value = match value {
                    "true" | "True" | "TRUE" | "t" | "T" | "1" => true,
                    "false" | "False" | "FALSE" | "f" | "F" | "0" => false,
                    _ => continue,
                };
                self.gates.insert((controller.to_owned(), name.to_owned()), value);
            }
        }
    }
}

/// The file in which `flux bootstrap` writes the controllers.
const COMPONENTS: &str = "gotk-components.yaml";

const CONTROLLERS: [&str; 4] =
    ["kustomize-controller", "helm-controller", "source-controller", "notification-controller"];

/// The controllers that refuse references into other namespaces under multi-tenancy lockdown.
const LOCKED: [&str; 6] = [
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-watcher",
];

/// The controllers that can act as the service account that an object names.
const IDENTIFIED: [&str; 6] = [
    "source-controller",
    "kustomize-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "helm-controller",
];

const NO_OTHER_NAMESPACE: &str = "no-cross-namespace-refs";
const NO_REMOTE_BASE: &str = "no-remote-bases";

/// The flags that are read.
const KNOWN_FLAGS: [&str; 3] = ["--feature-gates", "--no-cross-namespace-refs", "--no-remote-bases"];

fn is_controller(name: &str) -> bool {
    LOCKED.contains(&name) || name == "source-controller"
}

/// Reads the version from a controller.
fn of_deployment(object: &Object) -> Option<(u8, Version)> {
    if !is_controller(&object.object.name) {
        return None;
    }
    let (mark, minor) = of_controller(&object.body)?;
    Some((u8::from(mark != VersionMark::Image), Version::exactly(minor)))
}

/// Reads the version from the source of Flux's own manifests.
fn of_source(object: &Object) -> Option<(u8, Version)> {
    let url = text(&object.body, "/spec/url").trim_end_matches(['/']).trim_end_matches(".git");
    let is_its_own = ["/flux-manifests", "/fluxcd/flux2"].iter().any(|end| url.ends_with(end));
    let reference = at(&object.body, "/spec/ref");
    let version = match (text(reference, "/semver"), text(reference, "/tag")) {
        ("", tag) => Minor::parse(tag).map(Version::exactly),
        (range, _) => Version::of_range(range),
    };
    version.filter(|_| is_its_own).map(|version| (3, version))
}

impl Version {
    fn exactly(minor: Minor) -> Self {
        Self { from: minor, to: Some(minor) }
    }

    /// Reads a range as Masterminds/semver writes it (`2.8.x`, `~2.8`, `>=2.6 <2.9`, `2.x`); of alternatives the first
    /// counts.
    fn of_range(range: &str) -> Option<Self> {
        let (mut from, mut to) = (None, None);
        let mut tight = range.split("||").next()?.replace(',', " ");
        for sign in [">=", "<=", ">", "<", "=", "~", "^"] {
            tight = tight.replace(&format!("{sign} "), sign);
        }
        for part in tight.split_whitespace() {
            let bare = part.trim_start_matches(['>', '<', '=', '~', '^', 'v']);
            let Some(minor) = Minor::parse(bare) else {
                // `2.x`, `2` and `*` mean any minor version.
                let major = bare.split('.').next().and_then(|major| major.parse().ok());
                from = from.max(major.map(|major| Minor(major, 0)));
                continue;
            };
            if let Some(end) = part.strip_prefix('<') {
                let is_before = !end.starts_with('=') && is_first(bare);
                to = Some(if is_before { Minor(minor.0, minor.1.saturating_sub(1)) } else { minor });
            } else {
                from = from.max(Some(minor));
                if !part.starts_with(['>', '^']) {
                    to = Some(minor);
                }
            }
        }
        from.map(|from| Self { from, to })
    }
}

/// Tells whether a version is the first of its minor version.
fn is_first(version: &str) -> bool {
    version.split('.').nth(2).is_none_or(|patch| patch.starts_with('0'))
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    at(value, pointer).as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Installation, Minor, Rendering, Role, Version};
    use crate::render::{Object, Origin};

    fn installation(text: &str) -> Installation {
        let bodies: Vec<serde_json::Value> = crate::yaml::documents_as(text).unwrap();
        let objects: Vec<Object> =
            bodies.into_iter().map(|body| Object::new(body, Origin::default(), Vec::new())).collect();
        Installation::from_objects(objects.iter())
    }

    const INSTANCE: &str = "apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec:
  distribution: {version: 2.8.x}
  kustomize:
    patches:
      - target: {kind: Deployment, name: (kustomize|helm)-controller}
        patch: |
          - op: add
            path: /spec/template/spec/containers/0/args/-
            value: --feature-gates=DefaultToRetryOnFailure=true,StrictPostBuildSubstitutions=true
";

    #[test]
    fn the_version_is_read_wherever_it_stands() {
        for (text, version) in [
            (INSTANCE, "2.8"),
            (
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: flux, namespace: a}\nspec: {values: {instance: {distribution: {version: '>=2.6 <2.9.0'}}}}\n",
                "2.6 to 2.8",
            ),
            (
                "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: f, namespace: a}\nspec: {url: 'oci://ghcr.io/fluxcd/flux-manifests', ref: {tag: v2.5.1}}\n",
                "2.5",
            ),
            (
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kustomize-controller, namespace: a, labels: {app.kubernetes.io/version: v2.6.0}}\nspec: {template: {spec: {containers: [{image: 'ghcr.io/fluxcd/kustomize-controller:v1.7.3@sha256:ab'}]}}}\n",
                "2.7",
            ),
            (
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: helm-controller, namespace: a, labels: {app.kubernetes.io/version: v2.6.0}}\nspec: {template: {spec: {containers: [{image: 'ghcr.io/fluxcd/helm-controller:v1.3.0'}]}}}\n",
                "2.6",
            ),
        ] {
            assert_eq!(installation(text).version().as_deref(), Some(version), "{text}");
        }
        assert_eq!(installation("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n").version(), None);
    }

    #[test]
    fn the_cluster_is_believed_where_the_repository_says_nothing() {
        let nothing = installation("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n").or_live(Some(Minor(2, 9)));
        assert_eq!((nothing.version().as_deref(), nothing.is_strict()), (Some("2.9"), Some(true)));
        assert_eq!(nothing.known_from(), Some("the controllers of the cluster"));
        let said = installation(INSTANCE).or_live(Some(Minor(2, 9)));
        assert_eq!((said.version().as_deref(), said.known_from()), (Some("2.8"), Some("FluxInstance/flux")));
    }

    #[test]
    fn ranges_say_from_where_to_where() {
        for (range, from, to) in [
            ("2.x", Minor(2, 0), None),
            ("2.8.*", Minor(2, 8), Some(Minor(2, 8))),
            ("~2.8.1", Minor(2, 8), Some(Minor(2, 8))),
            ("^2.7.0", Minor(2, 7), None),
            (">= 2.6, < 2.9", Minor(2, 6), Some(Minor(2, 8))),
            ("=v2.9.2", Minor(2, 9), Some(Minor(2, 9))),
        ] {
            assert_eq!(Version::of_range(range), Some(Version { from, to }), "{range}");
        }
        assert_eq!(Version::of_range("*"), None);
    }

    #[test]
    fn gates_are_read_off_flags_and_patches() {
        let flux = installation(INSTANCE);
        assert!(flux.retries_releases());
        assert_eq!((flux.is_strict(), flux.is_strict_with_operators()), (Some(true), false));
        assert_eq!(flux.is_at_least(Minor(2, 9)), Some(false));
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kustomize-controller, namespace: a}\nspec: {template: {spec: {containers: [{image: 'x/kustomize-controller:v1.9.1', args: [--watch-all-namespaces=true, --feature-gates=StrictPostBuildSubstitutions=false]}]}}}\n";
        assert_eq!(installation(deployment).is_strict(), Some(false));
        assert_eq!(
            installation(&deployment.replace("StrictPostBuildSubstitutions=false", "A=true")).is_strict(),
            Some(true)
        );
        let other = INSTANCE.replace("(kustomize|helm)-controller", "source-controller");
        assert!(!installation(&other).retries_releases());
        let merged = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux, namespace: flux-system}\nspec:\n  patches:\n    - patch: |\n        apiVersion: apps/v1\n        kind: Deployment\n        metadata: {name: helm-controller}\n        spec: {template: {spec: {containers: [{name: manager, args: [\"--feature-gates=DefaultToRetryOnFailure=true\"]}]}}}\n";
        assert!(installation(merged).retries_releases());
        let chart = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: flux, namespace: flux-system}\nspec:\n  chart: {spec: {chart: flux2}}\n  values: {helmController: {container: {additionalArgs: [--feature-gates=DefaultToRetryOnFailure=true]}}}\n";
        assert!(installation(chart).retries_releases());
    }

    #[test]
    fn the_lockdown_of_tenants_is_read_wherever_it_stands() {
        let refuses = |text: &str, controller: &str| installation(text).refuses_other_namespaces(controller);
        let instance = INSTANCE.replace("  kustomize:", "  cluster: {multitenant: true}\n  kustomize:");
        assert!(refuses(&instance, "kustomize-controller") && refuses(&instance, "source-watcher"));
        assert!(!refuses(&instance, "source-controller") && !refuses(INSTANCE, "kustomize-controller"));
        // A patch comes after the operator's own flags.
        let open = instance.replace(
            "DefaultToRetryOnFailure=true",
            "A=true\n          - {op: add, path: /a, value: --no-cross-namespace-refs=false}\n#",
        );
        assert!(!refuses(&open, "helm-controller") && refuses(&open, "notification-controller"));
        let patched =
            INSTANCE.replace("--feature-gates=DefaultToRetryOnFailure=true", "--no-cross-namespace-refs=true #");
        assert!(refuses(&patched, "helm-controller") && !refuses(&patched, "notification-controller"));
        let chart = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: flux, namespace: flux-system}\nspec: {values: {instance: {cluster: {multitenant: true}, distribution: {version: 2.x}}}}\n";
        assert!(refuses(chart, "image-automation-controller"));
        let community = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: flux, namespace: flux-system}\nspec: {chart: {spec: {chart: flux2}}, values: {multitenancy: {enabled: true}}}\n";
        assert!(refuses(community, "helm-controller"));
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: notification-controller, namespace: a}\nspec: {template: {spec: {containers: [{image: 'x/notification-controller:v1.7.3', args: [--no-cross-namespace-refs]}]}}}\n";
        assert!(refuses(deployment, "notification-controller"));
    }

    #[test]
    fn object_level_identities_are_gated_as_the_operator_does() {
        let gate = |version: &str, more: &str| {
            let text = INSTANCE
                .replace("2.8.x", version)
                .replace("  kustomize:", &format!("  cluster: {{{more}}}\n  kustomize:"));
            installation(&text).gate("source-controller", "ObjectLevelWorkloadIdentity")
        };
        let on = "objectLevelWorkloadIdentity: true";
        assert_eq!((gate("2.5.x", on), gate("2.6.x", on), gate("2.8.x", on)), (None, Some(true), Some(true)));
        assert_eq!((gate("2.6.x", ""), gate("2.8.x", "")), (None, Some(false)));
    }

    #[test]
    fn crds_say_what_is_served() {
        let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: helmreleases.helm.toolkit.fluxcd.io}\nspec: {group: helm.toolkit.fluxcd.io, names: {kind: HelmRelease}, versions: [{name: v2, served: true}, {name: v2beta1, served: false}]}\n";
        let flux = installation(crd);
        assert_eq!(flux.serves("helm.toolkit.fluxcd.io", "HelmRelease", "v2"), Some(true));
        assert_eq!(flux.serves("helm.toolkit.fluxcd.io", "HelmRelease", "v2beta1"), Some(false));
        assert_eq!(flux.serves("helm.toolkit.fluxcd.io", "Other", "v2"), None);
    }

    #[test]
    fn patches_beside_manifests_that_are_not_written_yet_give_flags() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let flux = |patches: &str| {
            write("c/gotk-components.yaml", "# made by bootstrap\n");
            write("c/kustomization.yaml", &format!("resources: [gotk-components.yaml]\n{patches}"));
            write(
                "c/lock.yaml",
                "- {op: add, path: /spec/template/spec/containers/0/args/-, value: --no-cross-namespace-refs=true}\n",
            );
            let of = |file: &str| crate::repo::Feed {
                env: "one".to_owned(),
                namespace: String::new(),
                name: String::new(),
                files: [(file.to_owned(), Role::Kustomization)].into(),
                declared: Vec::new(),
                remote: Vec::new(),
                leaves: false,
                selection: crate::repo::artifact::Selection::default(),
            };
            let mut graph = crate::repo::Graph::default();
            graph.feeds.add_root(of("c/kustomization.yaml"));
            let rendering = Rendering { of: Vec::new(), graph: std::sync::Arc::new(graph) };
            Installation::of_environment(&rendering, "one", folder.path())
        };
        let target = "target: {kind: Deployment, name: \"(kustomize-controller|helm-controller)\"}";
        for patches in [
            format!("patches: [{{{target}, path: lock.yaml}}]\n"),
            format!(
                "patches:\n  - patch: |\n      - op: add\n        path: /spec/template/spec/containers/0/args/-\n        value: --no-cross-namespace-refs=true\n    {target}\n"
            ),
        ] {
            let found = flux(&patches);
            assert!(found.refuses_other_namespaces("helm-controller"), "{patches}");
            assert!(!found.refuses_other_namespaces("notification-controller"), "{patches}");
        }
        assert!(!flux("").refuses_other_namespaces("helm-controller"));
    }
}
