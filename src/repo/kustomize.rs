//! The files that a folder's kustomization reads, found by following it as kustomize and kustomize-controller do,
//! without rendering.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::file_fault::FileFault;
use super::flux::FluxKustomization;
use super::kustomization;
use super::manifest::Manifest;
use super::path;
use super::reader::{Place, Reader};
use super::references::{is_fetched, is_remote, of_plugin, references};
use crate::model::scope::is_cluster_scoped;
use crate::model::{Fault, FaultKind, ObjectRef};
use crate::yaml::Value;

/// The names of a kustomization file, in kustomize's order (`konfig.RecognizedKustomizationFileNames`).
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The deepest nesting of kustomizations that is followed: real ones are not nested deeper.
pub const DEPTH_LIMIT: usize = 64;

/// The most files that are read for one Kustomization, such as one whose path is the root of a large repository.
const FILE_LIMIT: usize = 20_000;

/// Classifies a file for the Kustomization that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A kustomization file.
    Kustomization,
    /// Manifests that are applied.
    Resource,
    /// A patch of the applied manifests.
    Patch,
    /// Any other input: of generators, values, replacements, configurations.
    Input,
}

/// Names an object that a file declares or patches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The object; its namespace is a best effort, empty if only rendering would show it.
    pub object: ObjectRef,
    /// Its `apiVersion`.
    pub api_version: String,
    /// The file.
    pub file: String,
    /// The document's place among the manifests of the file.
    pub index: usize,
    /// The line that its document starts on.
    pub line: usize,
    /// Whether the file declares it or patches it.
    pub role: Role,
}

impl Declared {
    /// Names the object of a document of a file, by its place among the manifests of the file, as it is written there.
    pub(super) fn from_manifest(manifest: &Manifest, file: &str, index: usize) -> Self {
        Self {
            object: ObjectRef::new(&manifest.kind, manifest.group(), &manifest.namespace, &manifest.name),
            api_version: manifest.api_version.clone(),
            file: file.to_owned(),
            index,
            line: manifest.line,
            role: Role::Resource,
        }
    }
}

/// Holds the input of a kustomization.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    /// The files, each with its role.
    pub files: BTreeMap<String, Role>,
    /// The objects that the files declare and patch.
    pub declared: Vec<Declared>,
    /// The remote resources, each with the file that names it: only the network has their content.
    pub remote: Vec<(String, String)>,
    /// Whether it names something that is never read: something outside of the repository, a pipe or a device.
    pub leaves: bool,
    /// The faults on the way.
    pub findings: Vec<FileFault>,
}

/// The place of a component that the Flux Kustomization names, whose file is not known here.
const OF_SPEC: &str = "spec.components";

/// Puts a fault of `spec.components` to the place of the Kustomization.
pub fn located(fault: FileFault, one: &FluxKustomization) -> FileFault {
    if fault.file == OF_SPEC { FileFault { file: one.file.clone(), line: Some(one.line), ..fault } } else { fault }
}

/// Follows the kustomization of a folder; a folder without one is read as kustomize-controller generates one: every
/// manifest below it.
///
/// `components` are `spec.components` of the Flux Kustomization, `target_namespace` its `spec.targetNamespace`.
pub fn follow(reader: &mut Reader, folder: &str, components: &[String], target_namespace: Option<&str>) -> Reads {
    let mut walk = Walk { reader, reads: Reads::default(), seen: HashSet::new(), stack: Vec::new() };
    let context = Context { namespace: target_namespace.map(str::to_owned), role: Role::Resource, plugins: None };
    walk.folder_or_tree(folder, &context);
    for component in components {
        walk.reference(folder, OF_SPEC, component, true, &context);
    }
    walk.reads
}

#[derive(Clone)]
struct Context {
    /// The namespace that the outermost kustomization sets: transformers run from the inside out, so it wins.
    namespace: Option<String>,
    role: Role,
    /// The folder of the kustomization to whose plug-ins this belongs.
    plugins: Option<String>,
}

struct Walk<'a> {
    reader: &'a mut Reader,
    reads: Reads,
    seen: HashSet<(String, Option<String>)>,
    stack: Vec<String>,
}

impl Walk<'_> {
    fn kustomization_file(&mut self, folder: &str) -> Option<String> {
        NAMES
            .iter()
            .map(|name| path::join(folder, name))
            .find(|file| self.reader.place_in_artifact(file) == Place::File)
    }

    fn folder_or_tree(&mut self, folder: &str, context: &Context) {
        match self.kustomization_file(folder) {
            Some(file) => self.kustomization(folder, &file, context),
            None => self.tree(folder, context),
        }
    }

    /// Reads every manifest below a folder, as kustomize-controller does without a kustomization file: a folder below
    /// that has one is included as a whole (fluxcd/pkg kustomize, `scanManifests`).
    fn tree(&mut self, folder: &str, context: &Context) {
        for name in self.reader.names(folder) {
            let child = path::join(folder, &name);
            if self.is_full(folder) {
                continue;
            }
            match self.reader.place_in_artifact(&child) {
                Place::Folder => self.folder_or_tree(&child, context),
                Place::File if is_yaml(&name) => self.file(&child, context),
                _ => {}
            }
        }
    }

    fn kustomization(&mut self, folder: &str, file: &str, context: &Context) {
        if self.stack.len() >= DEPTH_LIMIT {
            self.reads.leaves = true;
            let fault = Fault::new(
                FaultKind::Refused,
                format!("kustomizations are nested more than {DEPTH_LIMIT} deep"),
                format!("what {file} reads is not followed, and not rendered here: what it becomes is not known"),
                "take folders out of the way to it",
            );
            return self.reads.findings.push(FileFault::new(file, None, fault));
        }
        if self.stack.iter().any(|open| open == folder) {
            let fault = Fault::failed(
                "a kustomization reads itself",
                format!("{} lead to {folder} again", self.stack.join(", ")),
                "take one of the references out",
            );
            return self.reads.findings.push(FileFault::new(file, None, fault));
        }
        self.reads.files.insert(file.to_owned(), Role::Kustomization);
        if !self.seen.insert((folder.to_owned(), context.namespace.clone())) || self.is_full(file) {
            return;
        }
        let Some(body) = self.body(file) else { return };
        let own = body.get("namespace").and_then(Value::as_str).map(str::to_owned);
        let namespace = context.namespace.clone().or(own);
        self.stack.push(folder.to_owned());
        for reference in references(&body) {
            let role = if context.role == Role::Resource { reference.role } else { context.role };
            let plugins = if reference.plugin { Some(folder.to_owned()) } else { context.plugins.clone() };
            let context = Context { namespace: namespace.clone(), role, plugins };
            self.reference(folder, file, &reference.text, reference.followed, &context);
        }
        self.stack.pop();
    }

    /// Returns the content of a kustomization file: as kustomize must see it, else as far as it can be read.
    fn body(&mut self, file: &str) -> Option<Value> {
        if let Some(body) = self.reader.text(file).and_then(|text| kustomization::read(&text).ok()) {
            return Some(Value::Mapping(body.fields));
        }
        match self.reader.manifests(file) {
            Ok(parsed) => {
                self.report_broken(file, &parsed);
                parsed.manifests.first().and_then(|manifest| manifest.body.clone())
            }
            Err(why) => {
                self.unreadable(file, &why);
                None
            }
        }
    }

    /// Follows one reference of a kustomization file (or, with `file` a field's name, of a Flux Kustomization).
    fn reference(&mut self, folder: &str, file: &str, reference: &str, followed: bool, context: &Context) {
        // This is no path that a person wrote, and kustomize's reading of it is unknown.
        if reference.contains(|letter: char| letter.is_control() && letter != '\t') {
            self.reads.leaves = true;
            return;
        }
        let Some(target) = path::resolve(folder, reference) else {
            if is_remote(reference) {
                self.reads.remote.push((file.to_owned(), reference.to_owned()));
            } else {
                self.leaves(file, reference);
            }
            return;
        };
        let place = self.reader.place_in_artifact(&target);
        if is_fetched(reference, place == Place::File || !followed) {
            return self.reads.remote.push((file.to_owned(), reference.to_owned()));
        }
        match place {
            Place::File => self.file(&target, context),
            Place::Folder => match self.kustomization_file(&target) {
                Some(inner) => self.kustomization(&target, &inner, context),
                None => self.missing(file, reference, "it is a folder without a kustomization.yaml"),
            },
            Place::Missing if is_remote(reference) => {
                self.reads.remote.push((file.to_owned(), reference.to_owned()));
            }
            Place::Missing => self.missing(file, reference, "there is no such file or folder"),
            Place::LeftOut => {
                let why = self.reader.why_left_out(&target).map(|why| why.to_string()).unwrap_or_default();
                self.missing(file, reference, &why);
            }
            Place::Elsewhere => self.reads.remote.push((file.to_owned(), reference.to_owned())),
            Place::Outside => self.leaves(file, reference),
            Place::Special => {
                self.reads.leaves = true;
                self.missing(file, reference, "it is a pipe, a socket or a device, which nothing reads here");
            }
        }
    }

    fn file(&mut self, file: &str, context: &Context) {
        let known = self.reads.files.entry(file.to_owned()).or_insert(context.role);
        *known = (*known).min(context.role);
        if let Some(folder) = &context.plugins {
            return self.plugin(folder, file);
        }
        if context.role == Role::Input || self.is_full(file) {
            return;
        }
        let parsed = match self.reader.manifests(file) {
            Ok(parsed) => parsed,
            Err(why) => return self.unreadable(file, &why),
        };
        self.report_broken(file, &parsed);
        for (index, manifest) in parsed.manifests.iter().enumerate().filter(|(_, manifest)| manifest.is_object()) {
            let namespace = if is_cluster_scoped(manifest.group(), &manifest.kind) {
                ""
            } else {
                context.namespace.as_deref().unwrap_or(&manifest.namespace)
            };
            let object = ObjectRef::new(&manifest.kind, manifest.group(), namespace, &manifest.name);
            self.reads.declared.push(Declared {
                object,
                role: context.role,
                ..Declared::from_manifest(manifest, file, index)
            });
        }
    }

    /// Follows the references of the plug-ins that a file configures.
    fn plugin(&mut self, folder: &str, file: &str) {
        let text = self.reader.text(file).unwrap_or_default();
        for reference in crate::yaml::documents(&text).unwrap_or_default().iter().flat_map(of_plugin) {
            let context = Context { namespace: None, role: Role::Input, plugins: None };
            self.reference(folder, file, &reference.text, false, &context);
        }
    }

    fn is_full(&mut self, file: &str) -> bool {
        let full = self.reads.files.len() >= FILE_LIMIT;
        if full && !self.reads.findings.iter().any(|finding| finding.fault.what.starts_with("more than")) {
            self.reads.leaves = true;
            let what = format!("more than {FILE_LIMIT} files feed one Kustomization");
            let why = "the rest is not followed, and it is not rendered here: what it becomes is not known";
            let fault = Fault::new(FaultKind::Refused, what, why, "give it a narrower path, or split it");
            self.reads.findings.push(FileFault::new(file, None, fault));
        }
        full
    }

    fn report_broken(&mut self, file: &str, parsed: &super::manifest::Parsed) {
        for broken in &parsed.broken {
            let fault = Fault::failed(
                "the file is not valid YAML",
                &*broken.why,
                "mend it at this line; Flux would refuse the whole Kustomization",
            );
            self.reads.findings.push(FileFault::new(file, Some(broken.line), fault));
        }
    }

    fn unreadable(&mut self, file: &str, why: &str) {
        let fault = Fault::failed("the file cannot be read", why, "look at its type and permissions");
        self.reads.findings.push(FileFault::new(file, None, fault));
    }

    fn missing(&mut self, file: &str, reference: &str, why: &str) {
        let line = self.reader.line_of(file, reference);
        let fault = Fault::failed(
            format!("{reference} cannot be followed"),
            why,
            "correct the reference, or commit what it names",
        );
        self.reads.findings.push(FileFault::new(file, line, fault));
    }

    fn leaves(&mut self, file: &str, reference: &str) {
        self.reads.leaves = true;
        let line = self.reader.line_of(file, reference);
        let why = "it leads out of the repository, and nothing outside is read";
        let fault =
            Fault::failed(format!("{reference} is not followed"), why, "move what it names into the repository");
        self.reads.findings.push(FileFault::new(file, line, fault));
    }
}

/// Tells whether a file is a kustomization by its name.
pub fn is_kustomization(file: &str) -> bool {
    NAMES.contains(&path::name(file))
}

fn is_yaml(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "yaml" | "yml"))
}
