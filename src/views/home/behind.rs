//! How many commits the environments are behind the repository.

use std::any::Any;
use std::collections::BTreeMap;

use crate::app::{Action, Facts, Task};
use crate::kinds;
use crate::model::Env;
use crate::repo::git::commits_behind;

/// Remembers how far behind HEAD the followed revisions are, so that git is asked once for each revision and HEAD.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// `None` while git is asked or does not know the revision.
    commits: BTreeMap<String, Option<u32>>,
    /// The HEAD that this was asked of.
    head: Option<String>,
}

/// Tells how many commits a revision is behind HEAD.
struct Counted {
    revision: String,
    commits: Option<u32>,
}

impl Behind {
    /// Asks git for what is not known yet.
    pub fn ask(&mut self, facts: &Facts) -> Vec<Action> {
        let Some(snapshot) = &facts.repository else { return Vec::new() };
        // Before git has told the commit, and where there is none yet, nothing is behind it.
        let Some(head) = snapshot.git.as_ref().ok().and_then(|git| git.commit.clone()) else { return Vec::new() };
        if self.head.as_ref() != Some(&head) {
            self.commits.clear();
            self.head = Some(head);
        }
        let mut asked = Vec::new();
        for (env, _) in facts.environments.iter() {
            let Some(revision) = followed(facts, env) else { continue };
            if self.commits.contains_key(&revision) {
                continue;
            }
            self.commits.insert(revision.clone(), None);
            let root = snapshot.root.clone();
            asked.push(Action::Task(Task::blocking("commits behind", move |_| {
                let commits = commits_behind(&root, &revision);
                Counted { revision, commits }
            })));
        }
        asked
    }

    /// Takes git's answer.
    pub fn answer(&mut self, payload: Box<dyn Any + Send>) {
        if let Ok(counted) = payload.downcast::<Counted>() {
            self.commits.insert(counted.revision, counted.commits);
        }
    }

    /// Writes an environment panel's title: name, fetched revision, how far behind the repository it is.
    pub fn title(&self, facts: &Facts, env: Env) -> String {
        let mut title = facts.name(env).to_owned();
        if let Some(word) = facts.exposure(env) {
            title.extend(["  ", word]);
        }
        if let Some(revision) = followed(facts, env) {
            title.push_str("  ");
            title.push_str(&kinds::short_revision(&revision));
            match self.commits.get(&revision).copied().flatten() {
                Some(1) => title.push_str(", 1 commit behind"),
                Some(count) if count > 1 => title.extend([", ", &count.to_string(), " commits behind"]),
                _ => {}
            }
        }
        title
    }
}

/// Returns the revision that an environment's source has fetched; of `flux-system` where there are several.
pub(super) fn followed(facts: &Facts, env: Env) -> Option<String> {
    let table = facts.table(env, kinds::find("GitRepository")?)?;
    let row = table.rows.values().find(|row| &*row.key.name == "flux-system").or_else(|| table.rows.values().next())?;
    row.flux.as_ref().map(|flux| flux.revision.clone()).filter(|revision| !revision.is_empty())
}
