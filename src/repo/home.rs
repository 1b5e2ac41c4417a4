//! Which sources stand for this repository, decided by what syncs it and by kind: the content of all others is elsewhere, even where a path of
//! the same name is here.

use super::artifact::Selection;
use super::environments::FLUX;
use super::flux::{FluxKustomization, FluxSource, RepoEnvironment, Sync};
use super::kustomize::Declared;
use super::path;
use crate::model::{ObjectRef, known};
use crate::yaml::Value;

/// Knows the sources of an environment that stand for this repository.
#[derive(Debug, Clone, Default)]
pub(super) struct Home {
    known: Vec<ObjectRef>,
    /// Whether something says so; else it is what bootstrap will call it, or what nothing declares.
    certain: bool,
}

impl Home {
    /// Finds the sources of an environment that stand for this repository, by what syncs it and by the Kustomizations of its entry folder.
    pub(super) fn of(environment: &RepoEnvironment, entry: &[FluxKustomization]) -> Self {
        let own = match &environment.sync {
            Sync::Kustomization { source, .. } => source.clone(),
            Sync::Instance { source, .. } => Some(source.clone()),
            Sync::Expected | Sync::Named | Sync::Hub => None,
        };
        // A path that holds the entry folder says so too, but the root of any repository is written like the root of this one.
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

    /// Says of a Kustomization which folder of this repository it reads, or that its content is elsewhere.
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
        match copied.and_then(|artifact| artifact.folder.as_deref()) {
            Some(folder) => {
                path::join(folder, &one.written_path).trim_end_matches('/').clone_into(&mut one.path);
            }
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

    /// Returns what the source that the entry folder is read from has of this repository.
    pub(super) fn selection(&self, sources: &[FluxSource]) -> Selection {
        let own = sources.iter().find(|source| self.known.contains(&source.object()));
        own.map(|source| source.selection.clone()).unwrap_or_default()
    }
}

/// Describes an artifact that an `ArtifactGenerator` copies together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExternalArtifact {
    env: String,
    namespace: String,
    name: String,
    /// Where it is copied from.
    source: ObjectRef,
    /// The folder of the source that the artifact's root is a copy of; `None` where no single folder is.
    folder: Option<String>,
}

impl ExternalArtifact {
    /// Tells whether a declared object makes artifacts.
    pub(super) fn is_made_by(declared: &Declared) -> bool {
        Self::is_of(&declared.object)
    }

    /// Tells whether an object makes artifacts.
    pub(super) fn is_of(object: &ObjectRef) -> bool {
        object.kind == "ArtifactGenerator" && object.group == known::EXTENSIONS
    }

    /// Reads the artifacts that an `ArtifactGenerator` makes (source-watcher, `ArtifactGeneratorSpec`).
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
            let copies: Option<Vec<(String, String, String)>> =
                copies.iter().map(|copy| copied(&text(copy, "from"), &text(copy, "to"))).collect();
            let copies = copies.unwrap_or_default();
            let alias = &copies.first()?.0;
            let (_, source) = sources.iter().find(|(known, _)| known == alias)?;
            // What several copies put side by side is one folder only where they stand beside each other in the source as well.
            let folder = copies.first().and_then(|(_, from, to)| root_of(from, to)).filter(|root| {
                copies.iter().all(|(other, from, to)| other == alias && root_of(from, to).as_ref() == Some(root))
            });
            Some(Self {
                env: env.to_owned(),
                namespace: own.to_owned(),
                name: text(artifact, "name"),
                source: source.clone(),
                folder,
            })
        };
        list(spec, "artifacts").iter().filter_map(of).collect()
    }
}

/// Reads a copy of a whole folder: the source's alias, the folder, and where it goes; `None` for anything else.
fn copied(from: &str, to: &str) -> Option<(String, String, String)> {
    let (alias, from) = from.strip_prefix('@')?.split_once('/')?;
    let from = if from == "**" { "" } else { from.strip_suffix("/**")? };
    let to = to.strip_prefix("@artifact")?;
    if from.contains(['*', '?', '[', '{']) {
        return None;
    }
    let below = |path: &str| path::resolve("", path.trim_start_matches('/'));
    Some((alias.to_owned(), below(from)?, below(to)?))
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
    use super::{copied, root_of};

    #[test]
    fn the_root_of_an_artifact_is_a_folder_of_its_source_where_the_copies_keep_their_places() {
        let root = |from: &str, to: &str| copied(from, to).and_then(|(_, from, to)| root_of(&from, &to));
        assert_eq!(root("@mono/apps/**", "@artifact/").as_deref(), Some("apps"));
        assert_eq!(root("@mono/apps/base/**", "@artifact/base/").as_deref(), Some("apps"));
        assert_eq!(root("@mono/**", "@artifact/").as_deref(), Some(""));
        assert_eq!(root("@mono/apps/**", "@artifact/apps/").as_deref(), Some(""));
        assert_eq!(root("@mono/apps/**", "@artifact/other/"), None);
        assert_eq!(root("@mono/apps/*.yaml", "@artifact/"), None);
    }
}
