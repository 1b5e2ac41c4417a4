//! The input of rules beside the file itself; each part is read once.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use super::{ListedFile, rules};
use crate::model::LiveFacts;
use crate::render::{Installation, Rendering};
use crate::repo::{Committed, Snapshot};
use crate::sops::Identities;

/// Holds the input of rules beside the file itself.
pub struct Context<'a> {
    /// The repository's files, and the Kustomizations that read them.
    pub snapshot: &'a Snapshot,
    /// The private keys at hand.
    pub identities: &'a Identities,
    /// The rendered repository, where it is known.
    pub rendering: Option<&'a Rendering>,
    /// The facts that the clusters of environments report, beside those of settings and repository.
    pub(super) live: BTreeMap<String, LiveFacts>,
    /// The inputs that several rules share, each read once.
    pub(super) once: Once,
    /// Whether no comment silences a rule about secrets.
    pub(super) strict: bool,
    /// The repository that git is queried in: the working tree, even where the files are of a state extracted from it.
    repository: &'a Path,
}

/// Holds the inputs that are read when the first rule needs them.
#[derive(Default)]
pub(super) struct Once {
    pub(super) kustomizations: OnceLock<Vec<rules::kustomize::File>>,
    pub(super) manifests: Mutex<HashMap<String, Option<Arc<rules::kustomize::Manifest>>>>,
    pub(super) encrypted: OnceLock<Vec<rules::secrets::encrypted::EncryptedFile>>,
    listed: OnceLock<Vec<String>>,
    committed: OnceLock<Committed>,
    flux: OnceLock<BTreeMap<String, Installation>>,
}

impl<'a> Context<'a> {
    /// Creates the input of rules; without a rendering, rules about objects find nothing.
    pub fn new(snapshot: &'a Snapshot, identities: &'a Identities, rendering: Option<&'a Rendering>) -> Self {
        let (live, once, repository) = (BTreeMap::new(), Once::default(), snapshot.root.as_path());
        Self { snapshot, identities, rendering, live, once, strict: false, repository }
    }

    /// Disables the comments that silence rules about secrets: a commit is judged by its content, not by its own
    /// claims.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { strict: true, ..self }
    }

    /// Adds the facts that the clusters report; settings and repository take precedence.
    pub(super) fn with_live(self, live: &BTreeMap<String, LiveFacts>) -> Self {
        Self { live: live.clone(), ..self }
    }

    /// Sets the repository in which git is queried about the last commit.
    #[must_use]
    pub fn of_repository(self, repository: &'a Path) -> Self {
        Self { repository, ..self }
    }

    /// Returns this input for another snapshot of the same repository, without the rendering; shared inputs other than
    /// the list of files are read again.
    pub(super) fn on<'b>(&'b self, snapshot: &'b Snapshot) -> Context<'b> {
        let listed = self.once.listed.get().map_or_else(OnceLock::new, |listed| OnceLock::from(listed.clone()));
        Context {
            strict: self.strict,
            repository: self.repository,
            live: self.live.clone(),
            once: Once { listed, ..Once::default() },
            ..Context::new(snapshot, self.identities, None)
        }
    }

    /// Sets the list of files where git has none: in a state that was extracted from the repository.
    pub(super) fn listing(self, files: &[ListedFile]) -> Self {
        let names: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        Self { once: Once { listed: OnceLock::from(names), ..self.once }, ..self }
    }

    /// Returns the recipients that the last commit names.
    pub(super) fn committed(&self) -> &Committed {
        self.once.committed.get_or_init(|| Committed::read(self.repository))
    }

    /// Returns the Flux that an environment runs, as its repository declares, else as its cluster reports; `None` where
    /// nothing is rendered.
    pub(super) fn flux(&self, env: &str) -> Option<&Installation> {
        let all = self.once.flux.get_or_init(|| {
            let Some(rendering) = self.rendering else { return BTreeMap::new() };
            let of = |env: &str| {
                let live = self.live.get(env).and_then(|live| live.flux);
                Installation::of_environment(rendering, env, &self.snapshot.root).or_live(live)
            };
            rendering.environments().into_iter().map(|env| (env.to_owned(), of(env))).collect()
        });
        all.get(env)
    }

    /// Lists the files that git tracks or would add.
    pub(super) fn listed(&self) -> &[String] {
        self.once.listed.get_or_init(|| crate::repo::git::files(&self.snapshot.root, &[]).unwrap_or_default())
    }
}
