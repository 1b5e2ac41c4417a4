//! What the repository renders to: the objects of every Flux Kustomization, by the real kustomize and Flux's own steps.
//!
//! ```text
//! tool        the real kustomize
//! prepare     the kustomization that the controller would build
//! gather      what kustomize is given: kustomizations written anew, and the files that they name
//! quoted      what kustomize quotes of the files, cut out of its errors
//! sandbox     what is around kustomize
//! rounds      parents first, their children as they render them
//! worker      the one renderer of a session, and whose turn it is
//! substitute  spec.postBuild
//! envsubst    the expansion of `${…}` in a text
//! finish      Flux's own steps after the build
//! sets        ResourceSets of flux-operator, unfolded once their inputs are known
//! resource_set what a ResourceSet makes
//! gotemplate  Go's templates, of which ResourceSets are made
//! scope       what belongs to the whole cluster has no namespace
//! installation which Flux an environment runs
//! origins     which file an object is from, by its name
//! changes     which files change an object on its way
//! object      a rendered object and where it comes from
//! cache       renderings kept from run to run, by their content
//! workplace   a folder in memory for what kustomize must find as files
//! revision    the tree of a commit or of the index, as files
//! compare     what two renderings differ in
//! history     the commits that changed what an object renders to
//! impact      what a change does, before it is pushed
//! releases    HelmReleases with what applies to them
//! ```

mod cache;
mod changes;
pub mod compare;
mod envsubst;
mod finish;
mod gather;
mod gotemplate;
pub mod history;
pub mod impact;
mod installation;
mod object;
mod origins;
mod prepare;
mod quoted;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod recorded_sets;
pub mod releases;
mod resource_set;
pub mod revision;
mod rounds;
pub mod sandbox;
mod scope;
mod sets;
mod substitute;
#[cfg(test)]
mod tests;
mod tool;
mod worker;
mod workplace;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub use cache::Cache;
pub use installation::{Installation, Minor};
pub use object::{Object, Origin, at};
pub use substitute::SWITCH;
pub use tool::Tool;
pub use worker::{Stop, Worker};
pub use workplace::Workplace;

use crate::model::{Fault, FaultKind, ObjectRef};
use crate::repo::order::shown;
use crate::repo::{Feed, Finding, FluxKustomization, Graph, Snapshot, path};
use crate::yaml;
use gather::{Gathered, Gatherer};
use tool::Unrendered;

/// Changes when what is kept of a rendering does.
const FORM: &str = "3";

/// The folder of what kustomize is given, in its folder of work.
const COPY: &str = "repository";

/// For so many renderings a build is kept in memory that none of them asked for: two states of a repository are compared again and again.
const KEPT: u64 = 4;

/// Where kustomize writes where an object comes from.
const ORIGIN: &str = "config.kubernetes.io/origin";

/// Holds what one Flux Kustomization renders to.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /// The environment's name.
    pub env: String,
    /// The Kustomization's namespace.
    pub namespace: String,
    /// The Kustomization's name.
    pub name: String,
    /// The objects, in kustomize's order.
    pub objects: Vec<Object>,
    /// Why there are none.
    pub finding: Option<Finding>,
    /// Whether Flux puts variables in: not where there is none at all.
    pub substituted: bool,
    /// The variables that nothing in the repository defines and that have no default.
    pub undefined: Vec<Undefined>,
    /// What `spec.postBuild.substituteFrom` names and the repository does not hold readable.
    pub unknown: Vec<String>,
    /// What belongs to it and was not looked at: it may render to more than the objects.
    pub unseen: Vec<Unseen>,
    /// Why it may be otherwise than it is told here: what it rests on could not be rendered.
    pub unsure: Option<String>,
}

/// Names what was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// The file that names it.
    pub file: String,
    /// What it is, as it is written there.
    pub what: String,
    /// Why it was not looked at.
    pub why: String,
    /// Whether it may change what others bring.
    pub changes: bool,
}

/// Names a variable that nothing defines, and where it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undefined {
    /// The variable.
    pub name: String,
    /// How it is written: `${name}`, or a form without a default.
    pub form: String,
    /// Whether it stands in a default that is not needed: only a strict Flux minds it.
    pub idle: bool,
    /// The objects that ask for it.
    pub objects: Vec<ObjectRef>,
}

/// Holds what a repository renders to.
#[derive(Debug, Clone, Default)]
pub struct Rendering {
    /// Each Kustomization, in the order of environments and names.
    pub of: Vec<Rendered>,
    /// What the repository tells Flux, as it is rendered.
    pub graph: Arc<Graph>,
}

impl Rendering {
    /// Returns the names of the environments, sorted.
    pub fn environments(&self) -> Vec<&str> {
        let mut found: Vec<&str> = self.of.iter().map(|one| one.env.as_str()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Iterates over the objects of an environment, with the Kustomization that applies each.
    pub fn objects<'a>(&'a self, env: &'a str) -> impl Iterator<Item = (&'a Rendered, &'a Object)> {
        let own = self.of.iter().filter(move |one| one.env == env);
        own.flat_map(|one| one.objects.iter().map(move |object| (one, object)))
    }

    /// Finds an object of an environment; a group that the name leaves open fits any.
    pub fn find<'a>(&'a self, env: &'a str, wanted: &ObjectRef) -> Option<(&'a Rendered, &'a Object)> {
        self.objects(env).find(|(_, object)| wanted.means(&object.object))
    }
}

impl Rendered {
    /// Writes the Kustomization's name, with its namespace where that is not the one of Flux.
    pub fn shown(&self) -> String {
        shown(&self.namespace, &self.name)
    }

    /// Says why not everything of it is known, of `it`; `None` where it is.
    pub fn why_not_whole(&self) -> Option<String> {
        if let Some(finding) = &self.finding {
            return Some(format!("it cannot be rendered: {}", finding.fault.why));
        }
        if let Some(why) = &self.unsure {
            return Some(format!("it is known by its file alone: {why}"));
        }
        let own = format!("Kustomization {}", self.shown());
        if let [one] = self.unseen.as_slice()
            && one.what == own
        {
            return Some(one.why.clone());
        }
        let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
        for one in &self.unseen {
            match by_reason.iter_mut().find(|(why, _)| *why == one.why) {
                Some((_, named)) => named.push(&one.what),
                None => by_reason.push((&one.why, vec![&one.what])),
            }
        }
        let words = by_reason.into_iter().map(|(why, named)| {
            let each = if named.len() > 1 && why.starts_with("which") { "each of " } else { "" };
            format!("{}, {each}{why}", some(&named))
        });
        let words = words.collect::<Vec<_>>().join(" and ");
        (!words.is_empty()).then(|| format!("it is known in part, without {words}"))
    }

    /// Tells whether its objects may be otherwise than they are told here.
    pub fn is_unsure(&self) -> bool {
        self.unsure.is_some() || self.unseen.iter().any(|one| one.changes)
    }

    /// Tells whether everything of it is known.
    pub fn is_whole(&self) -> bool {
        self.finding.is_none() && self.unseen.is_empty() && self.unsure.is_none()
    }
}

/// So many are named of several.
const NAMED: usize = 3;

/// Names the first of several.
fn some(names: &[impl AsRef<str>]) -> String {
    let shown = names.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Says why not everything of some Kustomizations is known: each reason once, with those whose it is.
pub fn why_in_part<'a>(rendered: impl Iterator<Item = &'a Rendered>) -> Vec<String> {
    let mut by_reason: Vec<(String, Vec<String>)> = Vec::new();
    for one in rendered {
        let Some(why) = one.why_not_whole() else { continue };
        match by_reason.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) => names.push(one.shown()),
            None => by_reason.push((why, vec![one.shown()])),
        }
    }
    let words = by_reason.into_iter().map(|(why, names)| {
        let several = if names.len() > 1 { "s" } else { "" };
        format!("{why} (Kustomization{several} {})", some(&names))
    });
    words.collect()
}

/// Renders again and again, keeping what did not change.
#[derive(Debug)]
pub struct Renderer {
    tool: Result<Tool, Fault>,
    cache: Cache,
    /// Each with the rendering that asked for it last.
    kept: HashMap<String, (Built, u64)>,
    renderings: u64,
    stop: Stop,
    /// How many builds were run by the tool.
    pub built: usize,
}

type Built = Result<Arc<Vec<Object>>, Unrendered>;

struct Job<'a> {
    one: &'a FluxKustomization,
    feed: &'a Feed,
    key: String,
    /// What is built; taken away where that is known already.
    gathered: Result<Gathered, Unrendered>,
}

impl<'a> Job<'a> {
    fn new(tool: &Tool, one: &'a FluxKustomization, feed: &'a Feed, sources: &mut Gatherer<'_>) -> Self {
        let gathered = if feed.files.is_empty() && one.path.is_empty() {
            Err(Unrendered::Unknown("it reads nothing".to_owned()))
        } else {
            sources.gather(one, feed)
        };
        Self { one, feed, key: key(tool, one, feed, &gathered), gathered }
    }
}

impl Renderer {
    /// Renders by a tool, or tells everywhere that there is none.
    pub fn new(tool: Result<Tool, Fault>, cache: Cache) -> Self {
        Self { tool, cache, kept: HashMap::new(), renderings: 0, stop: Stop::default(), built: 0 }
    }

    /// Renders by this tool from now on, until it is given up; what is known stays known.
    fn equip(&mut self, tool: Result<Tool, Fault>, cache: Cache, stop: &Stop) {
        self.tool = tool;
        self.cache = cache;
        self.stop = stop.clone();
    }

    /// Renders every Kustomization of a repository.
    ///
    /// # Errors
    /// Fails when there is no tool, or no place for its files; a Kustomization that cannot be rendered is told of in its own place.
    pub fn render(&mut self, snapshot: &Snapshot) -> Result<Rendering, Fault> {
        let tool = self.tool.clone()?;
        self.renderings = self.renderings.saturating_add(1);
        let root = snapshot.root.canonicalize().unwrap_or_else(|_| snapshot.root.clone());
        let rendering = self.rounds(snapshot, &root, &tool)?;
        let now = self.renderings;
        let is_passing = |built: &Built| matches!(built, Err(Unrendered::Passing(_)));
        self.kept.retain(|_, (built, used)| used.saturating_add(KEPT) > now && !is_passing(built));
        Ok(rendering)
    }

    /// Builds what is not known yet, as many at a time as there are processors.
    fn build(&mut self, root: &Path, tool: &Tool, jobs: &[Job<'_>]) -> Result<(), Fault> {
        let mut todo: Vec<&Job<'_>> = Vec::new();
        for job in jobs {
            if self.kept.contains_key(&job.key) || todo.iter().any(|other| other.key == job.key) {
                continue;
            }
            match self.cache.get(&job.key) {
                Some(known) => {
                    let built = known.map(Arc::new).map_err(Unrendered::Wrong);
                    self.kept.insert(job.key.clone(), (built, self.renderings));
                }
                None => todo.push(job),
            }
        }
        todo.retain(|job| match &job.gathered {
            Ok(_) => true,
            Err(why) => {
                self.kept.insert(job.key.clone(), (Err(why.clone()), self.renderings));
                false
            }
        });
        if todo.is_empty() {
            return Ok(());
        }
        let place = Workplace::new().map_err(|error| {
            Fault::failed(
                "nothing can be rendered",
                format!("no folder for it: {error}"),
                "make room in /dev/shm or /tmp",
            )
        })?;
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(todo.len());
        let (cache, stop) = (&self.cache, &self.stop);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some((index, job)) = take(&todo, &next).filter(|_| !stop.is_given_up()) {
                        let built =
                            run(root, &place.path().join(index.to_string()), &tool.until(stop), job).map(Arc::new);
                        match &built {
                            Ok(objects) => cache.put(&job.key, objects),
                            // What was ended on the way says nothing, nor does what was not looked at.
                            Err(Unrendered::Wrong(said)) if !stop.is_given_up() => cache.put_refusal(&job.key, said),
                            Err(_) => {}
                        }
                        done.lock().unwrap_or_else(PoisonError::into_inner).push((job.key.clone(), built));
                    }
                });
            }
        });
        self.built = self.built.saturating_add(todo.len());
        // What was ended on the way says nothing.
        if self.stop.is_given_up() {
            return Err(Fault::failed(
                "nothing was rendered",
                "it was given up for a newer state of the files",
                "ask again",
            ));
        }
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        let now = self.renderings;
        self.kept.extend(done.into_iter().map(|(key, built)| (key, (built, now))));
        self.cache.prune();
        Ok(())
    }

    fn rendered(&mut self, job: &Job<'_>) -> Rendered {
        let now = self.renderings;
        let known = self.kept.get_mut(&job.key).map(|(built, used)| {
            *used = now;
            &*built
        });
        let (objects, finding) = match known {
            Some(Ok(objects)) => (objects.as_ref().clone(), None),
            Some(Err(said)) => (Vec::new(), Some(finding(job, said))),
            None => (Vec::new(), Some(finding(job, &Unrendered::Unknown("the rendering broke off".to_owned())))),
        };
        Rendered {
            env: job.one.env.clone(),
            namespace: job.one.namespace.clone(),
            name: job.one.name.clone(),
            objects,
            finding,
            unseen: job.gathered.as_ref().map(|gathered| gathered.unseen.clone()).unwrap_or_default(),
            ..Rendered::default()
        }
    }
}

fn take<'a, 'b>(todo: &'a [&'b Job<'b>], next: &AtomicUsize) -> Option<(usize, &'a Job<'b>)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    todo.get(index).map(|job| (index, *job))
}

/// Names a build by all that goes into it; where the repository lies is not among that.
fn key(tool: &Tool, one: &FluxKustomization, feed: &Feed, gathered: &Result<Gathered, Unrendered>) -> String {
    let mut sum = Sha256::new();
    let mut add = |part: &[u8]| {
        sum.update(part.len().to_le_bytes());
        sum.update(part);
    };
    add(FORM.as_bytes());
    add(tool.stamp().as_bytes());
    add(one.path.as_bytes());
    add(&[u8::from(feed.leaves)]);
    // What its spec changes is changed in the file that it is written in.
    if ["patches", "images", "components"].iter().any(|field| one.spec.get(*field).is_some()) {
        add(one.file.as_bytes());
    }
    match gathered {
        Ok(gathered) => {
            for (file, bytes) in gathered.parts() {
                add(file.as_bytes());
                add(bytes);
            }
        }
        Err(why) => add(format!("{why:?}").as_bytes()),
    }
    // Where objects come from is told by what the files declare, whatever they are to kustomize.
    for file in feed.files.keys() {
        add(file.as_bytes());
    }
    sum.finalize().iter().fold(String::new(), |mut key, byte| {
        let _written = write!(key, "{byte:02x}");
        key
    })
}

fn run(root: &Path, work: &Path, tool: &Tool, job: &Job<'_>) -> Result<Vec<Object>, Unrendered> {
    let (one, feed) = (job.one, job.feed);
    let gathered = job.gathered.as_ref().map_err(Clone::clone)?;
    if feed.leaves {
        return Err(Unrendered::Unknown("it reads what is not looked at here".to_owned()));
    }
    std::fs::create_dir(work).map_err(no_room)?;
    let changes = changes::Changes::new(root, feed, one);
    let built = build_all(root, work, tool, job, gathered, &changes);
    // Memory is given back with each, not with the last.
    let _left = std::fs::remove_dir_all(work);
    match (built, &gathered.unknown) {
        // Kustomize does not know it either: it is wrong.
        (Err(Unrendered::Wrong(said)), Some(_)) if said.contains("unknown field") => Err(Unrendered::Wrong(said)),
        (_, Some(why)) => Err(Unrendered::Unknown(why.clone())),
        // What is missed may be in what was left out.
        (Err(Unrendered::Wrong(said)), None) => match gathered.unseen.first() {
            None => Err(Unrendered::Wrong(said)),
            Some(left) => {
                let said = readable(&said, work, &one.path);
                Err(Unrendered::Unknown(format!("{} reads {}, {}; without it: {said}", left.file, left.what, left.why)))
            }
        },
        (built, None) => built,
    }
    .map_err(|error| match error {
        Unrendered::Wrong(said) => Unrendered::Wrong(readable(&said, work, &one.path)),
        other => other,
    })
}

fn no_room(error: std::io::Error) -> Unrendered {
    Unrendered::Passing(format!("there is no room for its files in memory: {error}"))
}

fn build_all(
    root: &Path,
    work: &Path,
    tool: &Tool,
    job: &Job<'_>,
    gathered: &Gathered,
    changes: &changes::Changes<'_>,
) -> Result<Vec<Object>, Unrendered> {
    let feed = job.feed;
    if let Some(origins) = origins::Origins::by_name(feed, &job.one.spec, changes) {
        let bodies = build(root, work, tool, job, gathered, false)?;
        let placed: Option<Vec<Object>> = bodies.into_iter().map(|body| origins.place(body, changes)).collect();
        if let Some(objects) = placed {
            return Ok(objects);
        }
    }
    let bodies = build(root, work, tool, job, gathered, true)?;
    Ok(bodies.into_iter().map(|body| place(body, job, changes)).collect())
}

fn build(
    root: &Path,
    work: &Path,
    tool: &Tool,
    job: &Job<'_>,
    gathered: &Gathered,
    origins: bool,
) -> Result<Vec<Value>, Unrendered> {
    let copy = work.join(COPY);
    gathered.write(&copy, origins).map_err(no_room)?;
    let printed = tool.build(&copy.join(&job.one.path), work).map_err(|error| match error {
        // What is there and was not given is not looked at: kustomize has read something otherwise than it was read here.
        Unrendered::Wrong(said) => match not_given(&said, root, &copy, gathered) {
            Some(file) => Unrendered::Unknown(format!("kustomize asks for {file}, which was not seen to be read")),
            None => Unrendered::Wrong(said),
        },
        other => other,
    })?;
    // Ten thousand lines of schemas are a third of a second to read.
    let bodies: Vec<Value> = yaml::documents_as(&printed).map_err(|error| error.to_string())?;
    Ok(bodies.into_iter().filter(|body| !body.is_null()).collect())
}

/// Finds a file of the repository that kustomize missed in its copy.
fn not_given(said: &str, root: &Path, copy: &Path, gathered: &Gathered) -> Option<String> {
    let start = format!("{}/", copy.display());
    let mut named =
        said.split(&start).skip(1).map(|rest| rest.split(['\'', ':', '"', '\n', ' ']).next().unwrap_or_default());
    named
        .find(|file| {
            !gathered.has(file)
                && !gathered.leaves_out(file)
                && !copy.join(file).exists()
                && root.join(file).symlink_metadata().is_ok()
        })
        .map(str::to_owned)
}

/// Finds where an object of the build comes from.
fn place(mut body: Value, job: &Job<'_>, changes: &changes::Changes<'_>) -> Object {
    let feed = job.feed;
    let written = take_annotation(&mut body, ORIGIN).unwrap_or_default();
    let written: yaml::Value = yaml::from_str(&written).unwrap_or_default();
    let said = |key: &str| written.get(key).and_then(yaml::Value::as_str).unwrap_or_default().to_owned();
    let named = Object::new(Value::Null, Origin::default(), Vec::new());
    let mut object = Object { ..Object::new(body, named.origin, named.changed_by) };
    let (path, generated) = match said("path") {
        path if path.is_empty() => (said("configuredIn"), true),
        path => (path, false),
    };
    let file = path::resolve(&job.one.path, &path).filter(|_| !path.is_empty()).unwrap_or_default();
    let declared =
        feed.declared.iter().filter(|declared| declared.file == file && declared.object.kind == object.object.kind);
    let exact = declared.clone().find(|declared| declared.object.name == object.object.name);
    let line = exact.or_else(|| declared.clone().find(|one| object.object.name.contains(&one.object.name)));
    let remote = said("repo");
    object.origin = Origin {
        line: line.map(|declared| declared.line),
        generated,
        remote: (!remote.is_empty()).then_some(remote),
        file,
        made_by: None,
    };
    object.changed_by = changes.of(&object.origin.file, &object.object, &object.body);
    object
}

fn take_annotation(body: &mut Value, name: &str) -> Option<String> {
    let metadata = body.get_mut("metadata")?.as_object_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_object_mut()?;
    let taken = annotations.shift_remove(name)?;
    if annotations.is_empty() {
        metadata.shift_remove("annotations");
    }
    taken.as_str().map(str::to_owned)
}

/// Writes the words of kustomize with paths of the repository in place of those of the folder of work.
fn readable(said: &str, work: &Path, path: &str) -> String {
    let copy = work.join(COPY).display().to_string();
    let said = said.replace(&format!("{copy}/"), "").replace(&copy, path);
    // Kustomize breaks and indents what one line says.
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Finds the folder in which kustomize failed, and the words about that, behind those about the way to it, which may be many; `None` where it
/// failed in the first. The words are those of `kusttarget.accumulateResources`.
fn cause(said: &str) -> Option<(&str, &str)> {
    let (_, after) = said.rsplit_once("recursed accumulation of path '")?;
    after.split_once("': ")
}

/// Tells why a Kustomization cannot be rendered, at the file and line that is to be mended, as near as the words tell it.
fn finding(job: &Job<'_>, error: &Unrendered) -> Finding {
    let (one, feed) = (job.one, job.feed);
    let (said, kind, todo) = match error {
        Unrendered::Wrong(said) => (said, FaultKind::Failed, "mend what the last words name".to_owned()),
        // What renders elsewhere is not wrong: it is not known.
        Unrendered::Unknown(why) | Unrendered::Passing(why) => {
            (why, FaultKind::Refused, format!("`kubectl kustomize {}` shows what it becomes", one.path))
        }
    };
    // Kustomize names folders as often as files; what it names last is the cause.
    let place = |file: &str| {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_kustomization = feed.files.get(file) == Some(&crate::repo::Role::Kustomization) && !folder.is_empty();
        let by_folder = said.rfind(&format!("{folder}'")).filter(|_| is_kustomization);
        said.rfind(file).or(by_folder)
    };
    let (folder, cause) = cause(said).unwrap_or((&one.path, said));
    // A resource is named from its kustomization's folder.
    let resource =
        cause.split("resources from '").last().and_then(|rest| path::resolve(folder, rest.split('\'').next()?));
    let resource = resource.as_ref().filter(|file| feed.files.contains_key(*file));
    let named = feed.files.keys().filter(|file| place(file).is_some()).max_by_key(|file| place(file));
    let file = resource.or(named).cloned();
    let file = file.or_else(|| prepare::own_file(one, feed)).unwrap_or_else(|| one.file.clone());
    let line = said.split("line ").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    let line = line.and_then(|digits| digits.parse().ok());
    let what = format!("Kustomization {} of {} cannot be rendered", one.shown(), one.env);
    let why = if cause == said { said.trim().to_owned() } else { format!("in {folder}: {}", cause.trim()) };
    let object = (one.file != one.path).then(|| one.object());
    Finding::new(&file, line, Fault::new(kind, what, why, todo)).about(&one.env, object.as_ref())
}
