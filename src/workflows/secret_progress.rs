//! The progress of a file's last change on its way to the clusters: committed, pushed, applied.

use std::path::PathBuf;

use crate::app::Facts;
use crate::kinds;
use crate::model::{Env, Fault, ObjectRef, State, revision};
use crate::repo::git::{self, CommitEntry};

/// Names the stage at which a change waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The present file is not committed.
    Uncommitted,
    /// Its commit is not pushed.
    Unpushed,
    /// The Kustomization has not applied the commit.
    Unapplied,
    /// The Kustomization has applied it.
    Applied,
}

/// One Kustomization that reads the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingKustomization {
    /// The environment.
    pub env: Env,
    /// The Kustomization.
    pub object: ObjectRef,
    /// The revision that it has applied; empty while that is unknown.
    pub revision: String,
    /// The state, if it is known.
    pub state: Option<State>,
}

/// The input of the query to git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitQuestion {
    root: PathBuf,
    file: String,
    commit: Option<String>,
    /// Whether the file differs from the commit.
    is_changed: bool,
    ahead: Option<u32>,
    readers: Vec<ReadingKustomization>,
}

/// The progress of a change.
#[derive(Debug, Clone)]
pub struct SecretProgress {
    /// The last commit of the file.
    pub commit: Option<CommitEntry>,
    /// Whether the present file is committed.
    pub is_committed: bool,
    /// Whether the upstream branch has it.
    pub is_pushed: bool,
    /// The Kustomizations that read it, and whether each has applied the commit.
    pub readers: Vec<(ReadingKustomization, bool)>,
}

impl CommitQuestion {
    /// Builds the query for a file, below the repository's root; `None` without a repository. Equal queries have the
    /// same answer.
    pub fn new(facts: &Facts, file: &str) -> Option<Self> {
        let snapshot = facts.repository.as_ref()?;
        let state = snapshot.git.as_ref().ok();
        let readers = snapshot.fed_by(file).into_iter().filter_map(|feed| {
            let env = facts.find_environment(&feed.env)?;
            let object = kinds::KUSTOMIZATION.object(&feed.namespace, &feed.name);
            let row = facts.row(env, &object);
            let revision = row.and_then(|row| Some(row.flux.as_ref()?.revision.clone())).unwrap_or_default();
            Some(ReadingKustomization { env, object, revision, state: row.map(|row| row.state) })
        });
        Some(Self {
            root: snapshot.root.clone(),
            file: file.to_owned(),
            commit: state.and_then(|state| state.commit.clone()),
            is_changed: state.is_none_or(|state| state.marks.contains_key(file)),
            ahead: state.and_then(|state| state.upstream.as_ref()?.ahead),
            readers: readers.collect(),
        })
    }

    /// Queries git; this blocks.
    ///
    /// # Errors
    /// If git does not return the file's last change.
    pub fn answer(self) -> Result<SecretProgress, Fault> {
        let root = &self.root;
        let commit = git::last_changes(root, std::slice::from_ref(&self.file))?.remove(&self.file);
        let has = |later: &str| commit.as_ref().is_some_and(|commit| git::contains(root, later, &commit.commit));
        let applied = |reader: ReadingKustomization| {
            let applied = revision::hash(&reader.revision);
            let has = applied.len() >= 7 && has(applied);
            (reader, has)
        };
        let is_committed = commit.is_some() && !self.is_changed;
        Ok(SecretProgress {
            is_committed,
            // Other commits may be unpushed while this one is pushed.
            is_pushed: is_committed && self.ahead.is_some_and(|ahead| ahead == 0 || has("@{upstream}")),
            readers: self.readers.into_iter().map(applied).collect(),
            commit,
        })
    }
}

impl SecretProgress {
    /// Returns the stage in an environment, and the Kustomization that it waits for there.
    pub fn stage(&self, env: Env) -> (Stage, Option<&ReadingKustomization>) {
        let mut readers = self.readers.iter().filter(|(reader, _)| reader.env == env);
        match (self.is_committed, self.is_pushed) {
            (false, _) => (Stage::Uncommitted, None),
            (true, false) => (Stage::Unpushed, None),
            (true, true) => match readers.clone().find(|(_, has)| !has) {
                Some((waiting, _)) => (Stage::Unapplied, Some(waiting)),
                None => (Stage::Applied, readers.next().map(|(reader, _)| reader)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{CommitQuestion, ReadingKustomization, Stage};
    use crate::app::test_support::facts;
    use crate::kinds;
    use crate::model::Env;
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;

    #[test]
    fn a_change_is_followed_from_the_disk_into_the_cluster() {
        let repository = TestRepository::new();
        let kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\nspec:\n  path: ./apps\n";
        repository.write("clusters/staging/apps.yaml", kustomization);
        repository.write("apps/one.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: one}\n");
        repository.commit("begin");
        let mut facts = facts();
        let mut ask = |ahead: Option<u32>, revision: &str| {
            facts.set_repository(Arc::new(Snapshot::load(repository.path())));
            let mut question = CommitQuestion::new(&facts, "apps/one.yaml").unwrap();
            assert_eq!(question.readers.len(), 1);
            question.ahead = ahead;
            for reader in &mut question.readers {
                revision.clone_into(&mut reader.revision);
            }
            let progress = question.answer().unwrap();
            let (stage, reader) = progress.stage(Env(0));
            (stage, reader.cloned())
        };
        let first = repository.git(&["rev-parse", "HEAD"]).trim().to_owned();
        let revision = format!("main@sha1:{first}");
        let by = |revision: &str| {
            let object = kinds::KUSTOMIZATION.object("flux-system", "apps");
            Some(ReadingKustomization { env: Env(0), object, revision: revision.to_owned(), state: None })
        };
        assert_eq!(ask(None, &revision), (Stage::Unpushed, None));
        assert_eq!(ask(Some(0), ""), (Stage::Unapplied, by("")));
        assert_eq!(ask(Some(0), &revision), (Stage::Applied, by(&revision)));
        repository.write("apps/one.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: one}\ndata: {a: b}\n");
        assert_eq!(ask(Some(0), &revision), (Stage::Uncommitted, None));
        repository.commit("change");
        assert_eq!(ask(Some(1), &revision), (Stage::Unpushed, None));
        assert_eq!(ask(Some(0), &revision), (Stage::Unapplied, by(&revision)));
    }
}
