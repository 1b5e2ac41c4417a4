//! The input of kustomize for one Flux Kustomization: all kustomizations on the way written anew, and the files that
//! they name.
//!
//! The references are followed again here, from the exact bytes that are then written into the folder of work: files
//! that were not followed are missing there, and a build that would fetch something is refused.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use super::prepare::{self, push};
use super::stand_in::{EncryptedInputs, stand_in};
use super::tool::Unrendered;
use super::{Brings, Unseen};
use crate::repo::gitlinks::Attributes;
use crate::repo::kustomization::{self, check_plugin, in_place};
use crate::repo::kustomize::{DEPTH_LIMIT, NAMES};
use crate::repo::lock::sealed_names;
use crate::repo::reader::{Place, Reader};
use crate::repo::references::{Reference, is_fetched, is_remote, of_plugin, references};
use crate::repo::{Feed, FluxKustomization, Role, contents, path};
use crate::yaml::strict::{self, Refusal};
use crate::yaml::{self, Mapping, Value};

/// The most bytes for one Kustomization: kustomize holds them in memory several times.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// Fields of a kustomization in a folder of plug-ins: none of them changes what the configurations state about files.
const OF_PLUGIN_FOLDERS: [&str; 8] =
    ["apiVersion", "kind", "metadata", "resources", "components", "namespace", "namePrefix", "nameSuffix"];

/// Holds the input of kustomize, by paths below the repository's root.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    files: BTreeMap<String, Arc<Vec<u8>>>,
    /// The named folders without a kustomization: kustomize reports them.
    folders: BTreeSet<String>,
    /// The named files that are not in the artifact.
    left_out: BTreeSet<String>,
    /// The reason not to trust the result: an unknown field was emptied.
    pub(super) unknown: Option<String>,
    /// The excluded parts, which are not in this repository or encrypted.
    pub(super) unseen: Vec<Unseen>,
    /// Whether objects keep the annotation of their origin, because the file or the controller asks for it.
    pub(super) keeps_origins: bool,
    /// The encrypted files of variables, in whose place stand-ins are in the input.
    pub(super) encrypted_inputs: EncryptedInputs,
    own: String,
    body: Mapping,
}

/// Gathers the inputs, and caches files for the next Kustomization.
#[derive(Debug)]
pub(super) struct Gatherer<'a> {
    root: &'a Path,
    reader: Reader,
    known: HashMap<String, Result<Arc<Vec<u8>>, String>>,
    attributes: Attributes,
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root, reader: Reader::new(root), known: HashMap::new(), attributes: Attributes::default() }
    }

    /// Gathers the input of a Flux Kustomization.
    ///
    /// # Errors
    /// Gives the reason that it is not built.
    pub(super) fn gather(&mut self, one: &FluxKustomization, feed: &Feed) -> Result<Gathered, Unrendered> {
        self.reader.select(&feed.selection);
        match self.reader.place_in_artifact(&one.path) {
            Place::Folder => {}
            Place::Outside => return unknown(format!("the path {} leads out of the repository", one.path)),
            Place::Elsewhere => return unknown(self.reader.why_elsewhere(&one.path).unwrap_or_default()),
            _ => return Err(Unrendered::Wrong(format!("the path {} does not exist", one.path))),
        }
        let components = one.components(&mut self.reader);
        let mut walk = Walk {
            gatherer: self,
            gathered: Gathered::default(),
            seen: HashSet::new(),
            namespaces: Vec::new(),
            depth: 0,
            bytes: 0,
        };
        let own = walk.own(&one.path);
        let mut body = match &own {
            Some(file) => walk.read(file)?,
            None => prepare::generated(one, feed),
        };
        if own.is_some() {
            prepare::keep_from_being_empty(&mut body);
        }
        prepare::apply_spec(&mut body, &one.spec, &components);
        if own.is_none() {
            // A generated kustomization includes every manifest below.
            let included = feed.selection.includes.iter().filter(|(folder, _)| path::is_within(folder, &one.path));
            walk.gathered.unseen.extend(included.map(|(folder, source)| Unseen {
                file: one.file.clone(),
                what: folder.clone(),
                why: format!("which spec.include copies from {source}"),
                changes: false,
                brings: Brings::Anything,
                namespace: one.target_namespace.clone(),
            }));
        }
        let own = own.unwrap_or_else(|| path::join(&one.path, "kustomization.yaml"));
        walk.kustomization(&one.path, &own, &mut body, None)?;
        let mut gathered = walk.gathered;
        gathered.own = own;
        gathered.keeps_origins = prepare::asks_for_origins(&body);
        gathered.body = body;
        Ok(gathered)
    }
}

fn unknown<T>(why: impl Into<String>) -> Result<T, Unrendered> {
    Err(Unrendered::Unknown(why.into()))
}

impl Gathered {
    /// Iterates over the input, as the key of a build.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.files.iter().map(|(file, bytes)| (file.as_str(), bytes.as_slice()));
        files.chain(self.folders.iter().map(|folder| (folder.as_str(), [].as_slice())))
    }

    /// Tells whether a file is in the input.
    pub(super) fn has(&self, file: &str) -> bool {
        self.files.contains_key(file) || self.folders.contains(file)
    }

    /// Tells whether a file exists but is left out of Flux's artifact, so that Flux misses it, too.
    pub(super) fn leaves_out(&self, file: &str) -> bool {
        self.left_out.contains(file)
    }

    /// Writes the input below a new folder; with `origins` kustomize annotates each object with its origin.
    ///
    /// # Errors
    /// As the file system reports them.
    pub(super) fn write(&self, below: &Path, origins: bool) -> io::Result<()> {
        let mut folders = std::fs::DirBuilder::new();
        folders.recursive(true).mode(0o700);
        folders.create(below)?;
        for folder in &self.folders {
            folders.create(below.join(folder))?;
        }
        for (file, bytes) in &self.files {
            folders.create(below.join(path::parent(file)))?;
            std::fs::write(below.join(file), bytes.as_slice())?;
        }
        if origins {
            let mut body = self.body.clone();
            push(&mut body, "buildMetadata", "originAnnotations".into());
            std::fs::write(below.join(&self.own), strict::write(&Value::Mapping(body))?)?;
        }
        Ok(())
    }
}

struct Walk<'g, 'a> {
    gatherer: &'g mut Gatherer<'a>,
    gathered: Gathered,
    /// The folders that were followed, each for itself and for the plug-ins of a folder.
    seen: HashSet<(String, Option<String>)>,
    /// The namespaces that the surrounding kustomizations set on everything, the outermost first.
    namespaces: Vec<String>,
    depth: usize,
    bytes: usize,
}

impl Walk<'_, '_> {
    /// Returns the kustomization file of a folder.
    fn own(&mut self, folder: &str) -> Option<String> {
        let reader = &mut self.gatherer.reader;
        // Any other file of such a name is never read, and refused on reading.
        NAMES
            .iter()
            .map(|name| path::join(folder, name))
            .find(|file| !matches!(reader.place_in_artifact(file), Place::Missing | Place::LeftOut))
    }

    fn bytes(&mut self, file: &str) -> Result<Arc<Vec<u8>>, Unrendered> {
        let Gatherer { root, known, attributes, .. } = &mut *self.gatherer;
        let read = known.entry(file.to_owned()).or_insert_with(|| {
            let bytes = contents::bytes(root, file).map_err(|error| format!("{file}: {error}"))?;
            Ok(Arc::new(attributes.in_git(root, file, bytes)))
        });
        read.clone().map_err(Unrendered::Unknown)
    }

    fn text(&mut self, file: &str) -> Result<String, Unrendered> {
        let bytes = self.bytes(file)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => unknown(format!("{file}: it is not UTF-8 text")),
        }
    }

    /// Reads a kustomization file.
    fn read(&mut self, file: &str) -> Result<Mapping, Unrendered> {
        let body = kustomization::read(&self.text(file)?).map_err(|refusal| refused(file, &refusal))?;
        if let Some(field) = body.unknown {
            let why = || format!("{file} has the field {field}, which is not known by this name here");
            self.gathered.unknown.get_or_insert_with(why);
        }
        Ok(body.fields)
    }

    /// Adds a file to the input.
    fn give(&mut self, file: &str, bytes: Arc<Vec<u8>>) -> Result<(), Unrendered> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > MOST_BYTES {
            return unknown(format!("it reads more than {} MiB", MOST_BYTES / 1024 / 1024));
        }
        self.gathered.files.insert(file.to_owned(), bytes);
        Ok(())
    }

    /// Follows a folder; `home` is the folder of the kustomization whose plug-ins it belongs to.
    fn folder(&mut self, folder: &str, home: Option<&str>) -> Result<(), Unrendered> {
        if self.seen.contains(&(folder.to_owned(), home.map(str::to_owned))) {
            return Ok(());
        }
        let Some(file) = self.own(folder) else {
            self.gathered.folders.insert(folder.to_owned());
            return Ok(());
        };
        let mut body = self.read(&file)?;
        self.kustomization(folder, &file, &mut body, home)
    }

    fn kustomization(
        &mut self,
        folder: &str,
        file: &str,
        body: &mut Mapping,
        home: Option<&str>,
    ) -> Result<(), Unrendered> {
        self.seen.insert((folder.to_owned(), home.map(str::to_owned)));
        if self.depth >= DEPTH_LIMIT {
            return unknown(format!("kustomizations are nested more than {DEPTH_LIMIT} deep, down to {file}"));
        }
        let full = self.gatherer.root.join(folder);
        if full.canonicalize().ok().as_deref() != Some(full.as_path()) {
            return unknown(format!("{folder} is reached by a link, from whose other end kustomize counts its paths"));
        }
        if home.is_some()
            && let Some(key) = body.keys().filter_map(Value::as_str).find(|key| !OF_PLUGIN_FOLDERS.contains(key))
        {
            return unknown(format!("{file} may change configurations of plug-ins by {key}, and what they read then"));
        }
        self.depth = self.depth.saturating_add(1);
        let own = body.get("namespace").and_then(Value::as_str).filter(|own| !own.is_empty() && !own.contains('$'));
        self.namespaces.extend(own.map(str::to_owned));
        let gives_namespace = own.is_some();
        for field in ["generators", "transformers", "validators"] {
            for entry in body.get_mut(field).and_then(Value::as_sequence_mut).into_iter().flatten() {
                if let Some(documents) = entry.as_str().and_then(in_place) {
                    *entry = Value::String(written(file, &documents)?);
                }
            }
        }
        let mut missing = Vec::new();
        for reference in references(&Value::Mapping(body.clone())) {
            if let Some(why) = self.reference(folder, file, &reference, home)? {
                missing.push((reference, why));
            }
        }
        for (reference, why) in missing {
            let Some(taken) = take_reference_out(body, &reference.text).filter(|_| home.is_none()) else {
                return unknown(format!("{file} reads {}, {why}", reference.text));
            };
            let brings = match taken {
                Taken::Resource => Brings::of_address(&reference.text),
                Taken::Change => Brings::Anything,
                Taken::Input => Brings::Contents,
            };
            let one = Unseen {
                file: file.to_owned(),
                what: reference.text,
                why: why.to_owned(),
                changes: taken == Taken::Change,
                brings,
                namespace: self.namespaces.first().cloned(),
            };
            if !self.gathered.unseen.contains(&one) {
                self.gathered.unseen.push(one);
            }
        }
        self.sealed(folder, file, body);
        if gives_namespace {
            self.namespaces.pop();
        }
        self.depth = self.depth.saturating_sub(1);
        // Kustomize refuses a folder with two of them.
        for name in NAMES.iter().map(|name| path::join(folder, name)).filter(|other| other != file) {
            if !matches!(self.gatherer.reader.place_in_artifact(&name), Place::Missing | Place::LeftOut) {
                self.give(&name, Arc::new(b"{}\n".to_vec()))?;
            }
        }
        let text = strict::write(&Value::Mapping(body.clone())).map_err(|error| format!("{file}: {error}"))?;
        self.give(file, Arc::new(text.into_bytes()))
    }

    /// Follows a reference; returns the reason if it is to be left out.
    fn reference(
        &mut self,
        folder: &str,
        file: &str,
        reference: &Reference,
        home: Option<&str>,
    ) -> Result<Option<&'static str>, Unrendered> {
        let text = &reference.text;
        if text.contains(|letter: char| letter.is_control() && letter != '\t') {
            return unknown(format!(
                "{file} names {text:?}, a path that kustomize and fluxdeck could read differently"
            ));
        }
        let target = path::resolve(folder, text);
        let place = target.as_deref().map_or(Place::Outside, |target| self.gatherer.reader.place_in_artifact(target));
        let is_file = place == Place::File || !reference.followed;
        let is_nowhere = target.is_none() || matches!(place, Place::Missing | Place::LeftOut);
        if place == Place::Elsewhere {
            return Ok(Some("which the artifact has of another source, and which is not in this repository"));
        }
        if is_fetched(text, is_file) || (is_nowhere && is_remote(text)) {
            return Ok(Some("which is not in this repository, and nothing is fetched"));
        }
        let Some(target) = target else {
            return unknown(format!(
                "{file} names {text}, which leads out of the repository, and nothing outside is read"
            ));
        };
        let home = if reference.plugin { Some(folder) } else { home };
        match place {
            Place::File if reference.followed && home.is_some() => self.plugin(&target, home.unwrap_or(folder))?,
            Place::File => {
                let bytes = self.bytes(&target)?;
                // Files that go into a ConfigMap unchanged may be anything, whatever their names; no reader of YAML
                // accepts a text that is neither UTF-8 nor UTF-16 with a mark.
                let is_input = reference.role == Role::Input;
                let is_binary = std::str::from_utf8(&bytes).is_err()
                    && !bytes.starts_with(b"\xff\xfe")
                    && !bytes.starts_with(b"\xfe\xff");
                if !is_input || path::name(&target).contains(".y") && !is_binary {
                    within_bounds(&target, &bytes)?;
                }
                self.give(&target, bytes)?;
            }
            Place::Folder if reference.followed => self.folder(&target, home)?,
            Place::Folder => drop(self.gathered.folders.insert(target)),
            // Kustomize reports this itself; remote ones are handled above.
            Place::Missing | Place::Elsewhere => {}
            Place::LeftOut => drop(self.gathered.left_out.insert(target)),
            Place::Outside => {
                return unknown(format!(
                    "{file} names {text}, which leads out of the repository, and nothing outside is read"
                ));
            }
            Place::Special => return unknown(format!("{file} names {text}, which is a pipe, a socket or a device")),
        }
        Ok(None)
    }

    /// Replaces the values in encrypted files of variables, which Flux decrypts before it builds, by stand-ins:
    /// kustomize needs only their names.
    fn sealed(&mut self, folder: &str, file: &str, body: &Mapping) {
        let generators = ["configMapGenerator", "secretGenerator"];
        let generators = generators.iter().filter_map(|key| body.get(*key).and_then(Value::as_sequence)).flatten();
        for generator in generators {
            let envs = generator.get("envs").and_then(Value::as_sequence).into_iter().flatten();
            for env in envs.chain(generator.get("env")).filter_map(Value::as_str) {
                let Some(target) = path::resolve(folder, env) else { continue };
                let Some(given) = self.gathered.files.get(&target) else { continue };
                let text = std::str::from_utf8(given).unwrap_or_default();
                let Some(names) = sealed_names(text) else { continue };
                let line = |name: &&str| format!("{name}={}\n", stand_in(&target, name));
                let stand_ins: String = names.iter().map(line).collect();
                if names.is_empty() {
                    let why = "which is encrypted as a whole, so that its variables are not known".to_owned();
                    self.gathered.unseen.push(Unseen {
                        file: file.to_owned(),
                        what: env.to_owned(),
                        why,
                        changes: false,
                        brings: Brings::Contents,
                        namespace: None,
                    });
                }
                self.gathered.encrypted_inputs.insert(target.clone(), Arc::clone(given));
                self.gathered.files.insert(target, Arc::new(stand_ins.into_bytes()));
            }
        }
    }

    /// Adds a file with configurations of plug-ins, whose paths count from the kustomization that names them.
    fn plugin(&mut self, file: &str, home: &str) -> Result<(), Unrendered> {
        let documents = strict::documents(&self.text(file)?).map_err(|refusal| refused(file, &refusal))?;
        let text = written(file, &documents)?;
        for reference in documents.iter().flat_map(of_plugin) {
            if let Some(why) = self.reference(home, file, &reference, None)? {
                return unknown(format!("{file} reads {}, {why}", reference.text));
            }
        }
        self.give(file, Arc::new(text.into_bytes()))
    }
}

/// Classifies a reference that was removed from a kustomization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Taken {
    /// An input of a ConfigMap or Secret.
    Input,
    /// Manifests.
    Resource,
    /// Something that may change objects of others.
    Change,
}

/// Removes a reference from a kustomization; `None` if that is not possible.
fn take_reference_out(body: &mut Mapping, text: &str) -> Option<Taken> {
    let is_it = |item: Option<&Value>| item.and_then(Value::as_str) == Some(text);
    let mut taken = Taken::Input;
    for (key, value) in body.iter_mut() {
        let key = key.as_str().unwrap_or_default();
        if key == "openapi" && is_it(value.get("path")) {
            (*value, taken) = (Value::Mapping(Mapping::new()), Taken::Change);
            continue;
        }
        let Some(items) = value.as_sequence_mut() else { continue };
        if matches!(key, "configMapGenerator" | "secretGenerator") {
            for generator in items {
                without_input(generator, text);
            }
            continue;
        }
        let before = items.len();
        items.retain(|item| !is_it(Some(item)) && !is_it(item.get("path")));
        if items.len() < before {
            taken = taken.max(if matches!(key, "resources" | "bases") { Taken::Resource } else { Taken::Change });
        }
    }
    let is_gone = references(&Value::Mapping(body.clone())).iter().all(|reference| reference.text != text);
    is_gone.then_some(taken)
}

/// Removes a file from a generator's input; its key stays, with an empty value.
fn without_input(generator: &mut Value, text: &str) {
    let Some(generator) = generator.as_mapping_mut() else { return };
    if generator.get("env").and_then(Value::as_str) == Some(text) {
        generator.remove("env");
    }
    if let Some(envs) = generator.get_mut("envs").and_then(Value::as_sequence_mut) {
        envs.retain(|item| item.as_str() != Some(text));
    }
    let mut keys = Vec::new();
    if let Some(files) = generator.get_mut("files").and_then(Value::as_sequence_mut) {
        files.retain(|item| {
            let item = item.as_str().unwrap_or_default();
            let (key, file) = item.split_once('=').unwrap_or((path::name(item), item));
            if file == text {
                keys.push(Value::from(format!("{key}=")));
            }
            file != text
        });
    }
    for key in keys {
        push(generator, "literals", key);
    }
}

/// Writes configurations of plug-ins anew, after checking that each field looks the same to every reader.
fn written(file: &str, documents: &[Value]) -> Result<String, Unrendered> {
    let mut parts = Vec::new();
    for document in documents.iter().filter(|document| !document.is_null()) {
        check_plugin(document).map_err(|why| Unrendered::Unknown(format!("{file}: {why}")))?;
        parts.push(strict::write(document).map_err(|error| format!("{file}: {error}"))?);
    }
    Ok(parts.join("---\n"))
}

/// Refuses a text whose expanded aliases are too large, before kustomize expands them.
fn within_bounds(file: &str, bytes: &[u8]) -> Result<(), Unrendered> {
    // kustomize also reads UTF-16 with a mark, which is not measured here.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return unknown(format!("{file} is not UTF-8 text, and is not read here"));
    };
    let beyond = yaml::within_bounds(text).err();
    beyond.map_or(Ok(()), |beyond| unknown(format!("{file}: {} at line {}", beyond.why, beyond.line)))
}

fn refused(file: &str, refusal: &Refusal) -> Unrendered {
    match refusal {
        Refusal::Syntax(why) => Unrendered::Wrong(format!("{file}: {why}")),
        Refusal::Doubtful(why) => Unrendered::Unknown(format!("{file}: {why}")),
    }
}
