//! How many commits the environments are behind the repository.

use std::any::Any;
use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

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

    /// Writes an environment panel's title: name, fetched revision and how far behind the repository it is, how it fares, and what that rests
    /// on; what does not fit is left out from the end, as a whole.
    pub fn title(&self, facts: &Facts, env: Env, marked: &str, width: u16) -> String {
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
        title.push_str(marked);
        let room = usize::from(width.saturating_sub(4));
        for forms in parts(facts, env) {
            let fits = |part: &&String| title.width() + 2 + part.width() <= room;
            let Some(part) = forms.iter().find(fits) else { break };
            title.extend(["  ", part]);
        }
        title
    }
}

/// Says how an environment fares, and what that rests on, what matters most first, each in its forms from the longest; nothing while it is not
/// known.
fn parts(facts: &Facts, env: Env) -> Vec<Vec<String>> {
    let known = facts.table(env, kinds::KUSTOMIZATION).is_some_and(|table| table.link.is_listed());
    let Some(health) = facts.health(env).filter(|_| known) else { return Vec::new() };
    let mut parts = vec![vec![health.verdict(), health.word()]];
    let shares = [(Some(health.applied), "applied"), (health.workloads, "workloads"), (health.nodes, "nodes")];
    for (share, what) in shares {
        let share = share.filter(|share| share.all > 0);
        parts.extend(share.map(|share| vec![format!("{what} {}/{}", share.good, share.all)]));
    }
    parts
}

/// Returns the revision that an environment's source has fetched.
pub(super) fn followed(facts: &Facts, env: Env) -> Option<String> {
    let (_, revision) = facts.health(env)?.source.as_ref()?;
    Some(revision.clone()).filter(|revision| !revision.is_empty())
}
