//! A folder of manifests that nothing reads.

use std::collections::{BTreeMap, BTreeSet};

use super::unread::{declares, is_commented_out, is_manifest};
use crate::check::{Context, Finding, Rule, RuleInput};
use crate::repo::{contents, path};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-unread-folder",
    about: "a folder of manifests that renders nothing in any environment",
    check: RuleInput::Repository(check),
};

/// Parts of the names of folders whose manifests are not for Flux: preparation of clusters, charts, templates,
/// examples, tests.
const OTHERS: [&str; 19] = [
    "ansible",
    "archive",
    "bootstrap",
    "chart",
    "doc",
    "example",
    "fixture",
    "hack",
    "helmfile",
    "packer",
    "sample",
    "script",
    "talos",
    "template",
    "terraform",
    "test",
    "tofu",
    "tools",
    "vagrant",
];

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let snapshot = context.snapshot;
    if context.rendering.is_none_or(|rendering| rendering.of.iter().any(|one| one.finding.is_some())) {
        return;
    }
    // The folders with files that Flux reads, and all folders above them.
    let mut read: BTreeSet<&str> = BTreeSet::new();
    let fed = snapshot.feeds.iter().chain(snapshot.feeds.roots()).flat_map(|feed| feed.files.keys());
    for file in fed.chain(snapshot.kustomizations.iter().map(|one| &one.file)) {
        let mut folder = path::parent(file);
        while read.insert(folder) && !folder.is_empty() {
            folder = path::parent(folder);
        }
    }
    // An artifact may be built from any folder, and is read elsewhere.
    let is_pushed = snapshot.kustomizations.iter().filter(|one| one.elsewhere.is_some()).any(|one| {
        one.source.as_ref().is_some_and(|source| match source.kind.as_str() {
            "ExternalArtifact" | "Bucket" => true,
            "OCIRepository" => {
                let known = snapshot.sources.iter().find(|known| known.object() == *source);
                !known.and_then(|known| known.url.as_deref()).unwrap_or_default().contains("/fluxcd/")
            }
            _ => false,
        })
    });
    if read.is_empty() || is_pushed {
        return;
    }
    let mut folders: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    let mut charts: BTreeMap<&str, bool> = BTreeMap::new();
    // Only the start of a chain is reported: a folder that an unread manifest names is unread because of that.
    let mut named: Vec<(&str, String)> = Vec::new();
    let is_meant = |file: &&str| {
        let is_yaml = matches!(file.rsplit('.').next(), Some("yaml" | "yml"));
        is_yaml && !file.split('/').any(|part| part.starts_with('.'))
    };
    let unread: Vec<&str> = context.listed().iter().map(String::as_str).filter(is_meant).collect();
    let unread: Vec<&str> =
        unread.into_iter().filter(|file| snapshot.fed_by(file).is_empty() && !declares(snapshot, file)).collect();
    let left_out = snapshot.left_out(unread.iter().copied());
    for file in unread {
        // A file that is excluded from the artifact is not meant for Flux.
        if left_out.contains(file) {
            continue;
        }
        let text = contents::text(&snapshot.root, file).unwrap_or_default();
        if !is_manifest(&text) || text.contains("{{") {
            continue;
        }
        named.extend(names(file, &text).map(|name| (file, name)));
        let Some(folder) = topmost(file, &read).filter(|folder| !is_of_others(folder)) else { continue };
        if !*charts.entry(folder).or_insert_with(|| holds_chart(context, folder)) {
            folders.entry(folder).or_insert((file, 0)).1 += 1;
        }
    }
    for (folder, (file, count)) in folders {
        let is_named = |(by, name): &(&str, String)| {
            !path::is_within(by, folder) && (path::is_within(name, folder) || path::is_within(folder, name))
        };
        if named.iter().any(is_named) || is_commented_out(&snapshot.root, folder) {
            continue;
        }
        let manifests = if count == 1 { "its manifest renders" } else { "its manifests render" };
        let message = format!("nothing reads the folder {folder}: {manifests} nothing in any environment");
        let why = "a change in it has no effect, and it misleads anyone who looks for what runs";
        let fix = "name it in the resources of a kustomization.yaml or in spec.path of a Kustomization, or delete it";
        let habit = "nothing reads some folders of manifests: they render nothing in any environment";
        found.push(Finding::new(RULE.id, file, message, why, fix).on(1).hint().habit(habit));
    }
}

/// Lists the names in a manifest: paths of Kustomizations, and entries of kustomizations.
fn names<'a>(file: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(written) = line.strip_prefix("path:") {
            let folder = path::below_root(written.trim().trim_matches(['"', '\'']));
            return Some(folder).filter(|folder| !folder.is_empty());
        }
        let entry = line.strip_prefix("- ")?.trim().trim_matches(['"', '\'']);
        (!entry.contains([' ', ':'])).then(|| path::resolve(path::parent(file), entry)).flatten()
    })
}

/// Returns the topmost folder above a file of which Flux reads nothing; `None` where Flux reads the file's own folder.
fn topmost<'a>(file: &'a str, read: &BTreeSet<&str>) -> Option<&'a str> {
    let mut folder = path::parent(file);
    let mut top = None;
    while !read.contains(folder) && !folder.is_empty() {
        top = Some(folder);
        folder = path::parent(folder);
    }
    top
}

fn is_of_others(folder: &str) -> bool {
    let is_other = |part: &str| {
        let part = part.to_ascii_lowercase();
        part.starts_with(['.', '_']) || OTHERS.iter().any(|word| part.contains(word))
    };
    folder.split('/').any(is_other)
}

/// Tells whether a folder, or one above or below it, is a chart.
fn holds_chart(context: &Context<'_>, folder: &str) -> bool {
    let is_chart = |file: &&String| {
        path::name(file) == "Chart.yaml" && {
            let own = path::parent(file);
            path::is_within(folder, own) && !own.is_empty() || path::is_within(own, folder)
        }
    };
    context.listed().iter().any(|file| is_chart(&file))
}
