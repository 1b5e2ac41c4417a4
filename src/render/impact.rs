//! The effect of a change of the repository, before it is pushed.

use std::collections::BTreeSet;
use std::path::Path;

use super::compare::{Difference, compare};
use super::revision::Revision;
use super::workplace::Workplace;
use super::{Renderer, Rendering, at};
use crate::helm::diff::DocumentChange;
use crate::model::{Fault, known};
use crate::repo::git::{self, Between};
use crate::repo::{FileFault, NewReader, Snapshot, contents, path, readers};

/// Holds the effect of going from one state of the repository to another.
#[derive(Debug, Clone)]
pub struct Impact {
    /// The changes of objects, by environment, Kustomization and object.
    pub changes: Vec<Difference>,
    /// The files that differ.
    pub files: Vec<String>,
    /// Those of them without an effect on the rendered output.
    pub inert: Vec<String>,
    /// What becomes of changed charts in the repository, a sentence for each release of one.
    pub charts: Vec<String>,
    /// The readers of encrypted files, or recipients of a `.sops.yaml`, that are new.
    pub readers: Vec<NewReader>,
    /// The Kustomizations that cannot be rendered on either side, so that their changes are unknown.
    pub findings: Vec<FileFault>,
}

impl Impact {
    /// Returns a line for each environment with the changes of its objects.
    pub fn by_environment<'a>(&self, environments: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let line = |env: &str| {
            let count = |wanted: DocumentChange| {
                self.changes.iter().filter(|one| one.env == env && one.change == wanted && !one.stays).count()
            };
            let counts = [
                (count(DocumentChange::Update), "changed"),
                (count(DocumentChange::Create), "created"),
                (count(DocumentChange::Delete), "DELETED"),
            ];
            let words: Vec<String> =
                counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
            let unknown = self.findings.iter().any(|finding| finding.env.as_deref().is_none_or(|known| known == env));
            let told = if words.is_empty() { "no object differs".to_owned() } else { words.join(", ") };
            format!("{env}: {told}{}", if unknown { "; not all of it can be rendered" } else { "" })
        };
        environments.into_iter().map(line).collect()
    }
}

/// Renders two states and compares them; `snapshot` is the working tree.
///
/// # Errors
/// Fails if git does not know a state, or there is no place for its files.
pub fn impact(snapshot: &Snapshot, old: &Revision, new: &Revision, renderer: &mut Renderer) -> Result<Impact, Fault> {
    let files = changed(snapshot, old, new)?;
    let (before, after) = (side(snapshot, old, renderer)?, side(snapshot, new, renderer)?);
    let known: BTreeSet<String> =
        before.0.environments.iter().flat_map(|environment| environment.recipients.iter().cloned()).collect();
    // The files of a state exist as long as its place does.
    let (old_place, new_place) = (old.check_out(&snapshot.root)?, new.check_out(&snapshot.root)?);
    let readers = readers(&files, folder(old_place.as_ref(), snapshot), folder(new_place.as_ref(), snapshot), &known);
    let changes = compare(&before.1, &after.1);
    // A file has an effect if a differing object comes from it, or a Kustomization whose own spec differs.
    let mut active = BTreeSet::new();
    for change in &changes {
        for (rendering, own) in [(&before.1, &before.0), (&after.1, &after.0)] {
            let Ok(wanted) = change.object.parse() else { continue };
            if let Some((one, object)) = rendering.find(&change.env, &wanted) {
                active.extend(object.files().map(str::to_owned));
                // Generator inputs, replacements and the kustomization files on the way have no object of their own.
                let feed = own.feeds.get(&one.env, &one.namespace, &one.name);
                let inputs = feed.into_iter().flat_map(|feed| feed.files.iter());
                let inputs = inputs
                    .filter(|(_, role)| matches!(role, crate::repo::Role::Input | crate::repo::Role::Kustomization));
                active.extend(inputs.map(|(file, _)| file.clone()));
            }
        }
    }
    let inert: Vec<String> = files.iter().filter(|file| !active.contains(*file)).cloned().collect();
    let charts = charts(&files, &after.1, (folder(old_place.as_ref(), snapshot), folder(new_place.as_ref(), snapshot)));
    let mut findings = Vec::new();
    for finding in before.1.of.iter().chain(&after.1.of).filter_map(|one| one.finding.clone()) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    Ok(Impact { changes, files, inert, charts, readers, findings })
}

/// Tells of each HelmRelease whose chart is in the repository and changed: the chart is not rendered here, and by default
/// helm-controller upgrades to it only when its version is another (`spec.chart.spec.reconcileStrategy`).
fn charts(files: &[String], after: &Rendering, (before, now): (&Path, &Path)) -> Vec<String> {
    let mut told = Vec::new();
    let of_env = |one: &super::Rendered| one.env.clone();
    for (env, object) in after.of.iter().flat_map(|one| one.objects.iter().map(move |object| (of_env(one), object))) {
        let spec = at(&object.body, "/spec/chart/spec");
        let word = |pointer: &str| at(spec, pointer).as_str().unwrap_or_default();
        let is_here = object.is(known::HELM, "HelmRelease") && word("/sourceRef/kind") == "GitRepository";
        let Some(chart) = is_here.then(|| path::resolve("", word("/chart"))).flatten() else { continue };
        let declaration = path::join(&chart, "Chart.yaml");
        let version = |folder: &Path| {
            let text = contents::text(folder, &declaration).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("version:"))?;
            Some(line.trim().trim_matches(['"', '\'']).to_owned())
        };
        let Some(own) = version(now).filter(|_| files.iter().any(|file| path::is_within(file, &chart))) else {
            continue;
        };
        let release = &object.object;
        told.push(if word("/reconcileStrategy") == "Revision" || version(before).is_some_and(|old| old != own) {
            format!("{env}: {release} is upgraded to the chart {chart}, which is not rendered here")
        } else {
            format!(
                "{env}: {release} keeps its chart: {chart} is still version {own}, and a change counts with a new version alone, or with reconcileStrategy: Revision"
            )
        });
    }
    told
}

fn folder<'a>(place: Option<&'a Workplace>, snapshot: &'a Snapshot) -> &'a Path {
    place.map_or(snapshot.root.as_path(), Workplace::path)
}

/// Finds the new readers of each file.
fn readers(files: &[String], before: &Path, after: &Path, known: &BTreeSet<String>) -> Vec<NewReader> {
    let gained = |file: &String| {
        let old = contents::text(before, file).ok();
        contents::text(after, file).map(|new| readers::gained(file, old.as_deref(), &new, known)).unwrap_or_default()
    };
    files.iter().flat_map(gained).collect()
}

/// Renders one state of a repository.
///
/// # Errors
/// Fails if git does not know the state, or nothing renders.
pub fn side(snapshot: &Snapshot, revision: &Revision, renderer: &mut Renderer) -> Result<(Snapshot, Rendering), Fault> {
    with_state(snapshot, revision, renderer, |own, rendering| (own.with_graph(&rendering.graph), rendering))
}

/// Renders one state of a repository, and uses the result while the files of that state are there.
///
/// # Errors
/// Fails if git does not know the state, or nothing renders.
pub fn with_state<T>(
    snapshot: &Snapshot,
    revision: &Revision,
    renderer: &mut Renderer,
    deed: impl FnOnce(&Snapshot, Rendering) -> T,
) -> Result<T, Fault> {
    let place = revision.check_out(&snapshot.root)?;
    let own = match &place {
        None => snapshot.clone(),
        Some(place) => snapshot.load_like(place.path()),
    };
    let rendering = renderer.render(&own)?;
    Ok(deed(&own, rendering))
}

/// Lists the files that differ between two states.
fn changed(snapshot: &Snapshot, old: &Revision, new: &Revision) -> Result<Vec<String>, Fault> {
    let root = &snapshot.root;
    match (old, new) {
        (Revision::Commit(old), Revision::Commit(new)) => git::changed(root, Between::Commits(old, new)),
        (Revision::Commit(old), Revision::Index) => git::changed(root, Between::Staged(old)),
        (Revision::Commit(old), Revision::WorkingTree) => {
            let mut files = git::changed(root, Between::WorkingTree(old))?;
            let marks = &snapshot.git.as_ref().map_err(Clone::clone)?.marks;
            files.extend(marks.iter().filter(|(_, mark)| mark.is_untracked()).map(|(file, _)| file.clone()));
            files.sort();
            files.dedup();
            Ok(files)
        }
        (Revision::Index, Revision::WorkingTree) => git::changed(root, Between::Unstaged),
        _ => git::changed(root, Between::WorkingTree("HEAD")),
    }
}
