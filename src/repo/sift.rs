//! The files of a tree that may concern Flux, found by searching their bytes, before any is parsed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ignore::WalkState;

use super::tree_walk::{self, IgnoreRules};
use super::{contents, git, kustomize, path};
use crate::model::known::KUSTOMIZE;

/// The most files that are searched, so that a start stays quick in every folder.
const FILE_LIMIT: usize = 50_000;

/// The size, in bytes, above which a file holds schemas or data, and no hand-written Flux objects.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The age up to which a changed file may change again within one tick of the file system's clock, unseen.
const SETTLED: Duration = Duration::from_millis(50);

/// The argument that names the Secret for Kustomizations that decrypt and name none (kustomize-controller 1.7).
const AGE_SECRET: &str = "--sops-age-secret=";

/// Endings of files that become manifests once a program has filled them in.
const TEMPLATES: [&str; 5] = [".jinja", ".jinja2", ".j2", ".tmpl", ".tpl"];

/// Holds the traces of Flux in the bytes of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Seen {
    /// The file, from the root.
    pub(super) file: String,
    /// Whether it names an API of Flux or of its operator.
    pub(super) flux: bool,
    /// The values of `path:` in documents that name the API of Flux Kustomizations, as folders from the root; the root
    /// itself for a document without any. Values with a variable are left out.
    pub(super) paths: Vec<String>,
    /// Whether one of its Kustomizations may apply it.
    pub(super) own: bool,
    /// Whether a Kustomization in it may apply to another cluster.
    pub(super) remote: bool,
    /// Whether it may hold a `FluxInstance`, or values of the chart that creates one.
    pub(super) instance: bool,
    /// Whether it is a template of a manifest.
    pub(super) template: bool,
    /// Whether it is a kustomization by its name.
    pub(super) kustomization: bool,
    /// Whether it is a kustomization that may give a Flux Kustomization another path.
    pub(super) patches_path: bool,
    /// The Secret that it gives kustomize-controller for Kustomizations that name none.
    pub(super) age_secret: Option<String>,
}

/// Holds the traces of Flux in the bytes of a tree.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    /// The files with traces, in order.
    pub(super) files: Vec<Seen>,
    /// The number of searched files.
    pub(super) count: usize,
}

#[derive(Debug)]
struct Kept {
    modified: SystemTime,
    size: u64,
    seen: Option<Seen>,
}

/// Sifts a tree repeatedly, reading only changed files.
#[derive(Debug, Default)]
pub(super) struct CandidateFilter {
    kept: HashMap<String, Kept>,
    current: Option<Arc<Sifted>>,
    /// The number of files that were read, and of their bytes.
    pub(super) read: (usize, u64),
}

impl CandidateFilter {
    /// Forgets the tree; keeps the results of unchanged files.
    pub(super) fn refresh(&mut self) {
        self.current = None;
    }

    /// Returns the traces in the tree below a root: in files that git tracks or does not ignore, without those that
    /// only its forges read (`.github` and the like).
    pub(super) fn sift(&mut self, root: &Path) -> Arc<Sifted> {
        if let Some(current) = &self.current {
            return Arc::clone(current);
        }
        let before = std::mem::take(&mut self.kept);
        let found = Mutex::new((HashMap::<String, Kept>::new(), 0_usize, 0_u64));
        let (kept, told) = (&before, &found);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        let rules = IgnoreRules::for_tree(root);
        tree_walk::walk(&rules).threads(threads).build_parallel().run(|| {
            Box::new(move |entry| {
                let Ok(entry) = entry else { return WalkState::Continue };
                let full = entry.path();
                let Some(file) = full.strip_prefix(root).ok().and_then(Path::to_str) else {
                    return WalkState::Continue;
                };
                if entry.file_type().is_some_and(|kind| kind.is_dir()) && is_of_a_forge(file) {
                    return WalkState::Skip;
                }
                if !entry.file_type().is_some_and(|kind| kind.is_file()) || !is_wanted(full) {
                    return WalkState::Continue;
                }
                let (known, read) = sift_file(root, file, entry.metadata().ok().as_ref(), kept);
                let mut found = told.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(bytes) = read {
                    found.1 = found.1.saturating_add(1);
                    found.2 = found.2.saturating_add(bytes);
                }
                found.0.insert(file.to_owned(), known);
                if found.0.len() < FILE_LIMIT { WalkState::Continue } else { WalkState::Quit }
            })
        });
        let (mut kept, files, bytes) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        // A file that was added before it was ignored, or in spite of it, is in every clone, and so in Flux's artifact.
        let tracked =
            if rules.have_ignored() { git::tracked_but_ignored(root).unwrap_or_default() } else { Vec::new() };
        for file in tracked.iter().filter(|file| is_wanted(Path::new(file)) && !is_of_a_forge(file)) {
            let data = root.join(file).symlink_metadata().ok().filter(std::fs::Metadata::is_file);
            let (known, _) = sift_file(root, file, data.as_ref(), &before);
            kept.insert(file.clone(), known);
        }
        self.read = (self.read.0.saturating_add(files), self.read.1.saturating_add(bytes));
        let mut files: Vec<Seen> = kept.values().filter_map(|kept| kept.seen.clone()).collect();
        files.sort_unstable_by(|a, b| a.file.cmp(&b.file));
        let sifted = Arc::new(Sifted { files, count: kept.len() });
        self.kept = kept;
        self.current = Some(Arc::clone(&sifted));
        sifted
    }
}

/// Returns the result of a file, and the number of bytes read for it.
fn sift_file(
    root: &Path,
    file: &str,
    data: Option<&std::fs::Metadata>,
    kept: &HashMap<String, Kept>,
) -> (Kept, Option<u64>) {
    let size = data.map_or(0, std::fs::Metadata::len);
    let modified = data.and_then(|data| data.modified().ok()).unwrap_or(SystemTime::UNIX_EPOCH);
    if let Some(known) = kept.get(file)
        && known.modified == modified
        && known.size == size
    {
        return (Kept { modified, size, seen: known.seen.clone() }, None);
    }
    let text = contents::at_most(root, file, SIZE_LIMIT).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let seen = text.as_deref().and_then(|text| seen(file, text));
    // A file that may change again unseen is read again next time.
    let settled = modified.elapsed().is_ok_and(|age| age > SETTLED);
    let modified = if settled { modified } else { SystemTime::UNIX_EPOCH };
    (Kept { modified, size, seen }, Some(text.map_or(0, |text| text.len() as u64)))
}

/// Tells whether a path is in a folder for a forge or an editor, and not for a cluster (source-controller leaves
/// `.github` and the like out by default).
fn is_of_a_forge(file: &str) -> bool {
    let first = file.split('/').next().unwrap_or_default();
    matches!(first, ".github" | ".gitlab" | ".gitea" | ".forgejo" | ".circleci" | ".vscode" | ".idea")
}

fn is_wanted(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is = |ending: &str| name.ends_with(ending);
    is(".yaml") || is(".yml") || TEMPLATES.iter().any(|ending| is(ending)) || kustomize::is_kustomization(name)
}

/// Returns the traces of Flux in the text of a file; `None` if it has none.
pub(super) fn seen(file: &str, text: &str) -> Option<Seen> {
    // Test data syncs nothing.
    if matches!(file.split('/').next(), Some("tests" | "testdata" | "fixtures" | "e2e")) {
        return None;
    }
    let kustomization = kustomize::is_kustomization(file);
    let flux = text.contains("toolkit.fluxcd.io/v") || text.contains("fluxcd.controlplane.io/v");
    let instance = text.contains("sync:")
        && text.contains("path:")
        && (text.contains("FluxInstance") || text.contains("instance:"));
    let age_secret = age_secret(text);
    if !(flux || instance || kustomization || age_secret.is_some()) {
        return None;
    }
    let mut seen = Seen {
        file: file.to_owned(),
        flux,
        instance,
        kustomization,
        age_secret,
        template: TEMPLATES.iter().any(|ending| file.ends_with(ending)),
        patches_path: kustomization
            && text.contains("patch")
            && text.contains("Kustomization")
            && text.contains("path:"),
        ..Seen::default()
    };
    if !flux || seen.template {
        return Some(seen);
    }
    // The list of CRDs names the group without a version.
    let version = format!("{KUSTOMIZE}/v");
    for document in text.split("\n---").filter(|document| document.contains(&version)) {
        let mut written = paths(document).peekable();
        if written.peek().is_none() {
            seen.paths.push(String::new());
        }
        seen.paths.extend(written.filter(|path| !path.contains('$')).map(path::below_root));
        seen.remote |= document.contains("kubeConfig");
    }
    seen.own = seen.paths.iter().any(|folder| path::is_within(file, folder));
    Some(seen)
}

/// Finds the name in `--sops-age-secret=NAME`, an argument of kustomize-controller.
fn age_secret(text: &str) -> Option<String> {
    let (before, rest) = text.split_once(AGE_SECRET)?;
    let is_comment = before.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with('#'));
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    let name: String = rest.chars().take_while(|letter| is_name(*letter)).collect();
    (!is_comment && !name.is_empty()).then_some(name)
}

/// Lists the values of `path:` in a document, in every place.
fn paths(document: &str) -> impl Iterator<Item = &str> {
    document.lines().flat_map(|line| {
        line.match_indices("path:").filter_map(move |(at, key)| {
            let before = line.get(..at)?.chars().next_back();
            if before.is_some_and(|letter| !matches!(letter, ' ' | '{' | ',' | '-' | '\t')) {
                return None;
            }
            let value = line.get(at.saturating_add(key.len())..)?.trim();
            for quote in ['"', '\''] {
                if let Some(inside) = value.strip_prefix(quote) {
                    return inside.split(quote).next();
                }
            }
            let in_flow = line.contains('{');
            let end = value.find(" #").into_iter().chain(value.find([',', '}']).filter(|_| in_flow)).min();
            Some(value.get(..end.unwrap_or(value.len()))?.trim())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{CandidateFilter, paths, seen};
    use crate::repo::git::tests::write;

    #[test]
    fn paths_are_found_however_they_are_written() {
        let text = "spec:\n  path: ./apps # here\n  x: {interval: 1h, path: ./staging, prune: true}\n  - path: \"a b\"\n  subpath: no\n";
        assert_eq!(paths(text).collect::<Vec<_>>(), ["./apps", "./staging", "a b"]);
    }

    #[test]
    fn a_kustomization_may_apply_its_own_file_where_a_path_holds_it() {
        let of = |file: &str, path: &str| {
            let text = format!("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  {path}\n");
            seen(file, &text).unwrap()
        };
        assert!(of("clusters/eu/a/flux-system/gotk-sync.yaml", "path: ./clusters/eu/a").own);
        assert!(of("flux-system/gotk-sync.yaml", "path: ./").own);
        assert!(of("flux-system/gotk-sync.yaml", "prune: true").own, "without a path it is the root");
        assert!(!of("clusters/a/apps.yaml", "path: ./apps").own);
        assert!(!of("clusters/a/apps.yaml", "path: ./${CLUSTER}/apps").own);
        assert_eq!(seen("a.yaml", "kind: ConfigMap\n"), None);
    }

    #[test]
    fn what_did_not_change_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\n");
        write(folder.path(), "b.yaml", "a: 1\n");
        write(folder.path(), "c.txt", "a: 1\n");
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
        for file in ["a.yaml", "b.yaml"] {
            std::fs::File::options()
                .write(true)
                .open(folder.path().join(file))
                .unwrap()
                .set_modified(long_ago)
                .unwrap();
        }
        let mut sieve = CandidateFilter::default();
        assert_eq!(sieve.sift(folder.path()).files.len(), 1);
        assert_eq!(sieve.read.0, 2);
        sieve.refresh();
        assert_eq!(sieve.sift(folder.path()).count, 2);
        assert_eq!(sieve.read.0, 2, "nothing is read again");
    }
}
