//! One run of kustomize: its key, its output, and the origins of its objects.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::gather::{Gathered, Gatherer};
use super::tool::Unrendered;
use super::{Object, Origin, Tool, changes, origins, prepare};
use crate::model::{Fault, FaultKind};
use crate::repo::{Feed, FileFault, FluxKustomization, path};
use crate::yaml;

/// The version of the cached form: it changes when the form does.
const FORM: &str = "6";

/// The folder of kustomize's input, in its folder of work.
const COPY: &str = "repository";

/// The annotation in which kustomize writes the origin of an object.
const ORIGIN: &str = "config.kubernetes.io/origin";

/// Describes a build.
pub(super) struct Job<'a> {
    pub(super) one: &'a FluxKustomization,
    feed: &'a Feed,
    pub(super) key: String,
    /// The input; removed if the result is known already.
    pub(super) gathered: Result<Gathered, Unrendered>,
}

impl<'a> Job<'a> {
    pub(super) fn new(tool: &Tool, one: &'a FluxKustomization, feed: &'a Feed, sources: &mut Gatherer<'_>) -> Self {
        let gathered = if feed.files.is_empty() && one.path.is_empty() {
            Err(Unrendered::Unknown("it reads nothing".to_owned()))
        } else {
            sources.gather(one, feed)
        };
        Self { one, feed, key: key(tool, one, feed, &gathered), gathered }
    }
}

/// Returns the key of a build from all of its input; the repository's place is not part of it.
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
    // Changes of its spec are changes of its file.
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
    // The declarations of the files show the origins of objects, whatever the files are to kustomize.
    for file in feed.files.keys() {
        add(file.as_bytes());
    }
    sum.finalize().iter().fold(String::new(), |mut key, byte| {
        let _written = write!(key, "{byte:02x}");
        key
    })
}

/// Builds, and reports kustomize's errors.
pub(super) fn run(root: &Path, work: &Path, tool: &Tool, job: &Job<'_>) -> Result<Vec<Object>, Unrendered> {
    let (one, feed) = (job.one, job.feed);
    let gathered = job.gathered.as_ref().map_err(Clone::clone)?;
    if feed.leaves {
        return Err(Unrendered::Unknown("it reads what is not looked at here".to_owned()));
    }
    std::fs::create_dir(work).map_err(no_room)?;
    let changes = changes::Changes::new(root, feed, one);
    let built = build_all(root, work, tool, job, gathered, &changes);
    // Memory is freed after each build, not after the last.
    let _left = std::fs::remove_dir_all(work);
    match (built, &gathered.unknown) {
        // Kustomize does not know the field either: it is wrong.
        (Err(Unrendered::Wrong(said)), Some(_)) if said.contains("unknown field") => Err(Unrendered::Wrong(said)),
        (_, Some(why)) => Err(Unrendered::Unknown(why.clone())),
        // The missing thing may be in an excluded part.
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
    Ok(bodies.into_iter().map(|body| place(body, job, changes, gathered.keeps_origins)).collect())
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
        // kustomize requests an existing file that it was not given: it has parsed something differently than this
        // program.
        Unrendered::Wrong(said) => match not_given(&said, root, &copy, gathered) {
            Some(file) => Unrendered::Unknown(format!("kustomize asks for {file}, which was not seen to be read")),
            None => Unrendered::Wrong(said),
        },
        other => other,
    })?;
    // Ten thousand lines of schemas take a third of a second to read.
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

/// Finds the origin of an object of the build.
fn place(mut body: Value, job: &Job<'_>, changes: &changes::Changes<'_>, keeps_origins: bool) -> Object {
    let feed = job.feed;
    let written = if keeps_origins {
        let annotation = body.pointer("/metadata/annotations").and_then(|annotations| annotations.get(ORIGIN));
        annotation.and_then(Value::as_str).map(str::to_owned)
    } else {
        take_annotation(&mut body, ORIGIN)
    };
    let written = written.unwrap_or_default();
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
    object.changed_by = changes.files_changing(&object.origin.file, &object.object, &object.body);
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

/// Returns the message of kustomize with paths of the repository in place of those of the folder of work.
fn readable(said: &str, work: &Path, path: &str) -> String {
    let copy = work.join(COPY).display().to_string();
    let said = said.replace(&format!("{copy}/"), "").replace(&copy, path);
    // Kustomize breaks and indents a message of one line.
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Finds the folder in which kustomize failed, and the message about that, after the possibly many parts about the way
/// to it; `None` if it failed in the first folder. The words are those of `kusttarget.accumulateResources`.
fn cause(said: &str) -> Option<(&str, &str)> {
    let (_, after) = said.rsplit_once("recursed accumulation of path '")?;
    after.split_once("': ")
}

/// Finds the first file of resources that readers of YAML take differently.
fn doubtful(job: &Job<'_>) -> Option<String> {
    let is_resource = |file: &str| job.feed.files.get(file) == Some(&crate::repo::Role::Resource);
    let is_odd = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(|text| yaml::strict::documents(text).is_err());
    let mut files = job.gathered.as_ref().ok()?.parts();
    files.find(|(file, bytes)| is_resource(file) && is_odd(bytes)).map(|(file, _)| file.to_owned())
}

/// Explains why a Kustomization cannot be rendered, at the file and line to correct, as near as the message names it.
pub(super) fn finding(job: &Job<'_>, error: &Unrendered) -> FileFault {
    let (one, feed) = (job.one, job.feed);
    let (said, kind, todo) = match error {
        Unrendered::Wrong(said) => (said, FaultKind::Failed, "mend what the last words name".to_owned()),
        // A failure in this place only is no fault: the result is unknown.
        Unrendered::Unknown(why) | Unrendered::Passing(why) => {
            (why, FaultKind::Refused, format!("`kubectl kustomize {}` shows what it becomes", one.path))
        }
    };
    // Kustomize names folders as often as files; the last one named is the cause.
    let place = |file: &str| {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_kustomization = feed.files.get(file) == Some(&crate::repo::Role::Kustomization) && !folder.is_empty();
        let by_folder = said.rfind(&format!("{folder}'")).filter(|_| is_kustomization);
        said.rfind(file).or(by_folder)
    };
    let (folder, cause) = cause(said).unwrap_or((&one.path, said));
    // A resource is named relative to its kustomization's folder.
    let resource =
        cause.split("resources from '").last().and_then(|rest| path::resolve(folder, rest.split('\'').next()?));
    let resource = resource.as_ref().filter(|file| feed.files.contains_key(*file));
    let named = feed.files.keys().filter(|file| place(file).is_some()).max_by_key(|file| place(file));
    // Where kustomize converts to JSON it names no file: it is one that not every reader takes alike.
    let file = resource.or(named).cloned().or_else(|| doubtful(job));
    let line = said.split("line ").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    let line = line.filter(|_| file.is_some()).and_then(|digits| digits.parse().ok());
    let file = file.or_else(|| prepare::own_file(one, feed)).unwrap_or_else(|| one.file.clone());
    let what = format!("Kustomization {} of {} cannot be rendered", one.shown(), one.env);
    let why = if cause == said { said.trim().to_owned() } else { format!("in {folder}: {}", cause.trim()) };
    let object = (one.file != one.path).then(|| one.object());
    FileFault::new(&file, line, Fault::new(kind, what, why, todo)).about(&one.env, object.as_ref())
}
