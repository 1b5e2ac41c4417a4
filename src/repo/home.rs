//! The sources that stand for this repository, by the object that syncs it and by kind: the content of all others is
//! elsewhere, even if a path of the same name is here.

use super::artifact::Selection;
use super::environments::FLUX;
use super::flux::{FluxKustomization, FluxSource, RepoEnvironment, Sync};
use super::kustomize::Declared;
use super::path;
use crate::model::{ObjectRef, known};
use crate::yaml::Value;

/// Holds the sources of an environment that stand for this repository.
#[derive(Debug, Clone, Default)]
pub(super) struct Home {
    known: Vec<ObjectRef>,
    /// Whether an object proves it; else the name is bootstrap's default, or one that nothing declares.
    certain: bool,
}

impl Home {
    /// Finds the sources of an environment that stand for this repository, by the object that syncs it and by the
    /// Kustomizations of its entry folder.
    pub(super) fn find(environment: &RepoEnvironment, entry: &[FluxKustomization]) -> Self {
        let own = match &environment.sync {
            Sync::Kustomization { source, .. } => source.clone(),
            Sync::Instance { source, .. } => Some(source.clone()),
            Sync::Expected | Sync::Named | Sync::Hub | Sync::Patch { .. } => None,
        };
        // A path that holds the entry folder proves it, too, but the root of any repository is written like the root of
        // this one.
        let holds = |one: &&FluxKustomization| {
            let is_root = one.path.is_empty() && !environment.path.is_empty() && one.name != FLUX;
            !is_root && path::is_within(&environment.path, &one.path) && one.spec.get("kubeConfig").is_none()
        };
        let is_git = |source: &ObjectRef| source.kind == "GitRepository";
        let known: Vec<ObjectRef> = match own {
            Some(own) => vec![own],
            None => entry.iter().filter(holds).filter_map(|one| one.source.clone()).filter(is_git).collect(),
        };
        Self { certain: !known.is_empty(), known }
    }

    /// Sets the folder of this repository that a Kustomization reads, or notes that its content is elsewhere.
    pub(super) fn settle(&self, one: &mut FluxKustomization, sources: &[FluxSource], artifacts: &[ExternalArtifact]) {
        one.elsewhere = None;
        one.path.clone_from(&one.written_path);
        let Some(source) = one.source.clone() else { return };
        if self.is_home(&one.env, &source, sources) {
            return;
        }
        let is_it = |artifact: &&ExternalArtifact| {
            artifact.env == one.env
                && source.kind == "ExternalArtifact"
                && source.namespace == artifact.namespace
                && source.name == artifact.name
        };
        let copied = artifacts.iter().find(is_it).filter(|artifact| self.is_home(&one.env, &artifact.source, sources));
        match copied.and_then(|artifact| artifact.find(&one.written_path)) {
            Some(folder) => one.path = folder,
            None => one.elsewhere = Some(format!("{}/{}/{}", source.kind, source.namespace, source.name)),
        }
    }

    fn is_home(&self, env: &str, source: &ObjectRef, sources: &[FluxSource]) -> bool {
        if self.certain {
            return self.known.contains(source);
        }
        let is_bootstrap = source.name == FLUX && source.namespace == FLUX && source.kind != "ExternalArtifact";
        let is_declared = || sources.iter().any(|known| known.env == env && known.object() == *source);
        is_bootstrap || (source.kind == "GitRepository" && !is_declared())
    }

    /// Returns the part of this repository that the entry folder's source has.
    pub(super) fn selection(&self, sources: &[FluxSource]) -> Selection {
        let own = sources.iter().find(|source| self.known.contains(&source.object()));
        own.map(|source| source.selection.clone()).unwrap_or_default()
    }
}

/// Describes an artifact that an `ArtifactGenerator` composes of copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExternalArtifact {
    env: String,
    namespace: String,
    name: String,
    /// The source of the copies.
    source: ObjectRef,
    /// The copied folders of the source, each with its folder in the artifact; empty if something other than folders is
    /// copied.
    copies: Vec<(String, String)>,
}

impl ExternalArtifact {
    /// Tells whether a declared object generates artifacts.
    pub(super) fn is_made_by(declared: &Declared) -> bool {
        Self::is_of(&declared.object)
    }

    /// Tells whether an object generates artifacts.
    pub(super) fn is_of(object: &ObjectRef) -> bool {
        object.kind == "ArtifactGenerator" && object.group == known::EXTENSIONS
    }

    /// Reads the artifacts that an `ArtifactGenerator` generates (source-watcher, `ArtifactGeneratorSpec`).
    pub(super) fn read(env: &str, object: &ObjectRef, body: &Value) -> Vec<Self> {
        let own = Some(object.namespace.as_str()).filter(|name| !name.is_empty()).unwrap_or(FLUX);
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = |value: Option<&Value>, key: &str| {
            value.and_then(|value| value.get(key)).and_then(Value::as_sequence).cloned().unwrap_or_default()
        };
        let spec = body.get("spec");
        let sources: Vec<(String, ObjectRef)> = list(spec, "sources")
            .iter()
            .map(|source| {
                let namespace = text(source, "namespace");
                let namespace = if namespace.is_empty() { own } else { &namespace };
                let object = ObjectRef::new(&text(source, "kind"), known::SOURCE, namespace, &text(source, "name"));
                (text(source, "alias"), object)
            })
            .collect();
        let of = |artifact: &Value| {
            let copies = list(Some(artifact), "copy");
            let copies: Option<Vec<(String, String, String)>> = copies.iter().map(copied).collect();
            let copies = copies.unwrap_or_default();
            let alias = copies.first()?.0.clone();
            let (_, source) = sources.iter().find(|(known, _)| *known == alias)?;
            let is_one = copies.iter().all(|(other, ..)| *other == alias);
            Some(Self {
                env: env.to_owned(),
                namespace: own.to_owned(),
                name: text(artifact, "name"),
                source: source.clone(),
                copies: copies.into_iter().filter(|_| is_one).map(|(_, from, to)| (from, to)).collect(),
            })
        };
        list(spec, "artifacts").iter().filter_map(of).collect()
    }
}

/// Reads a copy of a whole folder: the source's alias, the folder, and the target; `None` for anything else
/// (source-watcher, `applyCopyOperation`: `folder/**` is the content of the folder, and `folder/` is the folder itself,
/// as of `cp -r`).
fn copied(copy: &Value) -> Option<(String, String, String)> {
    let text = |key: &str| copy.get(key).and_then(Value::as_str);
    // Merged, unpacked or excluded content differs from the source's.
    let is_whole = matches!(text("strategy"), None | Some("Overwrite"));
    let mut excluded = copy.get("exclude").and_then(Value::as_sequence).into_iter().flatten();
    if !is_whole || !excluded.all(|pattern| pattern.as_str().is_some_and(leaves_manifests)) {
        return None;
    }
    let (alias, from) = text("from")?.strip_prefix('@')?.split_once('/')?;
    let to = text("to")?.strip_prefix("@artifact")?;
    let contents = if from == "**" { Some("") } else { from.strip_suffix("/**") };
    let from = contents.unwrap_or(from);
    // A copy of a single file is no folder.
    let is_file = contents.is_none() && !from.ends_with('/') && path::name(from).contains('.');
    if is_file || from.contains(['*', '?', '[', '{']) {
        return None;
    }
    let below = |path: &str| path::resolve("", path.trim_start_matches('/'));
    let (from, to) = (below(from)?, below(to)?);
    let to = if contents.is_some() { to } else { path::join(&to, path::name(&from)).trim_end_matches('/').to_owned() };
    Some((alias.to_owned(), from, to))
}

/// Tells whether an exclude pattern matches no manifest: it names the ending of other files.
fn leaves_manifests(pattern: &str) -> bool {
    let ending = pattern.rsplit_once('.').map_or("", |(_, ending)| ending);
    !ending.is_empty()
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !matches!(ending, "yaml" | "yml" | "json")
}

impl ExternalArtifact {
    /// Returns the folder of the source that a path of the artifact is a copy of; `None` if it is not one folder.
    fn find(&self, path: &str) -> Option<String> {
        // Several copies side by side are one folder if they are side by side in the source as well.
        let root = self.copies.first().and_then(|(from, to)| root_of(from, to));
        let same = |(from, to): &(String, String)| root_of(from, to) == root;
        if let Some(root) = root.as_ref().filter(|_| self.copies.iter().all(same)) {
            return Some(path::join(root, path).trim_end_matches('/').to_owned());
        }
        // Else the path belongs to the only copy that targets it.
        let mut near = self.copies.iter().filter(|(_, to)| path::is_within(path, to) || path::is_within(to, path));
        let (from, to) = near.next().filter(|(_, to)| path::is_within(path, to))?;
        let rest = path.strip_prefix(to.as_str())?.trim_start_matches('/');
        near.next().is_none().then(|| path::join(from, rest).trim_end_matches('/').to_owned())
    }
}

/// Returns the folder of the source that the artifact's root stands for, where `from` becomes `to`.
fn root_of(from: &str, to: &str) -> Option<String> {
    if to.is_empty() {
        return Some(from.to_owned());
    }
    if from == to {
        return Some(String::new());
    }
    from.strip_suffix(to)?.strip_suffix('/').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{ExternalArtifact, copied};
    use crate::model::ObjectRef;

    fn find(copies: &[(&str, &str)], path: &str) -> Option<String> {
        let read = |(from, to): &(&str, &str)| {
            let copy = crate::yaml::from_str(&format!("{{from: \"{from}\", to: \"{to}\"}}")).unwrap();
            copied(&copy).map(|(_, from, to)| (from, to))
        };
        let copies: Option<Vec<(String, String)>> = copies.iter().map(read).collect();
        let source = ObjectRef::new("GitRepository", "", "", "");
        let artifact = ExternalArtifact {
            env: String::new(),
            namespace: String::new(),
            name: String::new(),
            source,
            copies: copies?,
        };
        artifact.find(path)
    }

    #[test]
    fn a_path_of_an_artifact_is_a_folder_of_its_source_where_one_is_copied_there() {
        type Copies<'a> = &'a [(&'a str, &'a str)];
        let cases: [(Copies<'_>, &str, Option<&str>); 12] = [
            (&[("@mono/apps/**", "@artifact/")], "web", Some("apps/web")),
            (&[("@mono/apps/base/**", "@artifact/base/")], "base", Some("apps/base")),
            (&[("@mono/**", "@artifact/")], "apps", Some("apps")),
            (&[("@mono/apps/**", "@artifact/apps/")], "apps", Some("apps")),
            (&[("@mono/apps/**", "@artifact/other/")], "other/web", Some("apps/web")),
            (&[("@mono/apps/**", "@artifact/other/")], "apps/web", None),
            (&[("@mono/apps/*.yaml", "@artifact/")], "", None),
            // A folder itself goes into the other, as of `cp -r`.
            (&[("@mono/apps/web/", "@artifact/")], "web", Some("apps/web")),
            (&[("@mono/apps/web/", "@artifact/apps/web/")], "apps/web/web", Some("apps/web")),
            (&[("@mono/", "@artifact/")], "apps", Some("apps")),
            (&[("@mono/a/web/", "@artifact/"), ("@mono/b/db/", "@artifact/")], "db", Some("b/db")),
            (&[("@mono/a/**", "@artifact/x/"), ("@mono/b/**", "@artifact/x/y/")], "x/y", None),
        ];
        for (copies, path, expected) in cases {
            assert_eq!(find(copies, path).as_deref(), expected, "{copies:?} {path}");
        }
    }

    #[test]
    fn what_is_merged_or_left_out_is_not_what_stands_in_the_source() {
        let is_read = |more: &str| {
            let copy = format!("{{from: \"@mono/apps/**\", to: \"@artifact/\"{more}}}");
            copied(&crate::yaml::from_str(&copy).unwrap()).is_some()
        };
        assert!(is_read("") && is_read(", strategy: Overwrite") && is_read(", exclude: [\"*.md\"]"));
        assert!(!is_read(", strategy: Merge") && !is_read(", exclude: [\"**/charts/**\"]"));
    }
}
