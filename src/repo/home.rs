//! Which sources stand for this repository, decided by what syncs it and by kind: the content of all others is elsewhere, even where a path of
//! the same name is here.

use super::environments::FLUX;
use super::flux::{FluxKustomization, FluxSource, RepoEnvironment, Sync};
use super::path;
use crate::model::ObjectRef;

/// Knows the sources of an environment that stand for this repository.
#[derive(Debug, Clone)]
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
            Sync::Expected | Sync::Named => None,
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

    /// Tells whether a Kustomization reads this repository.
    pub(super) fn feeds(&self, one: &FluxKustomization, sources: &[FluxSource]) -> bool {
        let Some(source) = &one.source else { return true };
        if self.certain {
            return self.known.contains(source);
        }
        let is_bootstrap = source.name == FLUX && source.namespace == FLUX && source.kind != "ExternalArtifact";
        let is_declared = || sources.iter().any(|known| known.env == one.env && known.object() == *source);
        is_bootstrap || (source.kind == "GitRepository" && !is_declared())
    }

    /// Returns `spec.ignore` of the source that the entry folder is read from.
    pub(super) fn ignore(&self, sources: &[FluxSource]) -> Option<String> {
        sources.iter().find(|source| self.known.contains(&source.object()))?.ignore.clone()
    }
}
