//! What rules may look at beside the file itself, each thing read once.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use super::{ListedFile, rules};
use crate::model::LiveFacts;
use crate::render::{Installation, Rendering};
use crate::repo::{Committed, Snapshot};
use crate::sops::Identities;

/// Holds what rules may look at beside the file itself.
pub struct Context<'a> {
    /// What reads what.
    pub snapshot: &'a Snapshot,
    /// The private keys at hand.
    pub identities: &'a Identities,
    /// What the repository renders to, where that is known.
    pub rendering: Option<&'a Rendering>,
    /// What the clusters of environments say of themselves, beside what settings and repository tell.
    pub(super) live: BTreeMap<String, LiveFacts>,
    /// What several rules read, read once.
    pub(super) once: Once,
    /// Whether no comment silences a rule about secrets.
    pub(super) strict: bool,
    /// Where git is asked: the working tree, also where the files are those of a state that was taken out of it.
    repository: &'a Path,
}

/// Holds what is read when the first rule asks for it.
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
    /// Says what rules may look at; without a rendering those about objects say nothing.
    pub fn new(snapshot: &'a Snapshot, identities: &'a Identities, rendering: Option<&'a Rendering>) -> Self {
        let (live, once, repository) = (BTreeMap::new(), Once::default(), snapshot.root.as_path());
        Self { snapshot, identities, rendering, live, once, strict: false, repository }
    }

    /// Lets no comment of a file silence a rule about secrets: what is about to be committed is judged by what is there, not by its own word.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { strict: true, ..self }
    }

    /// Says what the clusters of environments say of themselves; settings and repository come first.
    pub(super) fn with_live(self, live: &BTreeMap<String, LiveFacts>) -> Self {
        Self { live: live.clone(), ..self }
    }

    /// Says where git is asked about the last commit.
    #[must_use]
    pub fn of_repository(self, repository: &'a Path) -> Self {
        Self { repository, ..self }
    }

    /// Looks at the same as it is known otherwise; what was told beside it stays.
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

    /// Says which files there are, where git has no list: in a state that was taken out of it.
    pub(super) fn listing(self, files: &[ListedFile]) -> Self {
        let names: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        Self { once: Once { listed: OnceLock::from(names), ..self.once }, ..self }
    }

    /// Returns the recipients that the last commit names.
    pub(super) fn committed(&self) -> &Committed {
        self.once.committed.get_or_init(|| Committed::read(self.repository))
    }

    /// Returns the Flux that an environment runs, as its repository says, else its cluster; `None` where nothing is rendered.
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

    /// Lists the files that git has or would take.
    pub(super) fn listed(&self) -> &[String] {
        self.once.listed.get_or_init(|| crate::repo::git::files(&self.snapshot.root, &[]).unwrap_or_default())
    }
}
