//! The number of commits by which the environments are behind the repository.

use std::any::Any;
use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use crate::app::health::Gravity;
use crate::app::{Action, Facts, Task};
use crate::kinds;
use crate::model::clock::age;
use crate::model::{Env, ObjectRef};
use crate::repo::git::commits_behind;

/// Holds how far the followed revisions are behind HEAD, so that git is queried once for each revision and HEAD.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// `None` while git is queried or does not know the revision.
    commits: BTreeMap<String, Option<u32>>,
    /// The HEAD of these counts.
    head: Option<String>,
}

/// Holds how many commits a revision is behind HEAD.
struct Counted {
    revision: String,
    commits: Option<u32>,
}

impl Behind {
    /// Queries git for the missing counts.
    pub fn ask(&mut self, facts: &Facts) -> Vec<Action> {
        let Some(snapshot) = &facts.repository else { return Vec::new() };
        // Without a commit, nothing is behind it.
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

    /// Writes an environment panel's title: name, fetched revision with its commits behind, health, and the numbers
    /// behind that; parts that do not fit are at the panel's foot, as far as that has room.
    pub fn title(&self, facts: &Facts, env: Env, marked: &str, width: u16) -> PanelTitle {
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
        let mut parts = parts(facts, env).into_iter().peekable();
        while let Some(forms) = parts.peek() {
            let fits = |part: &&String| title.width() + 2 + part.width() <= room;
            let Some(part) = forms.iter().find(fits) else { break };
            title.extend(["  ", part]);
            parts.next();
        }
        let mut foot = String::new();
        for part in parts.filter_map(|forms| forms.into_iter().next()) {
            let gap = if foot.is_empty() { "" } else { "  " };
            if foot.width() + gap.len() + part.width() <= room {
                foot.extend([gap, &part]);
            }
        }
        PanelTitle { title, foot }
    }
}

/// Holds the texts in a panel's border.
#[derive(Debug, Default)]
pub(super) struct PanelTitle {
    /// The title.
    pub title: String,
    /// The parts that have no room in the title.
    pub foot: String,
}

/// Returns the health of an environment and the numbers behind it, the most important first, each in its forms from the
/// longest; empty if it is unknown.
fn parts(facts: &Facts, env: Env) -> Vec<Vec<String>> {
    let known = facts.table(env, kinds::KUSTOMIZATION).is_some_and(|table| table.link.is_listed());
    let Some(health) = facts.health(env).filter(|_| known) else { return Vec::new() };
    let root = |object: &ObjectRef| {
        let root = facts.root_of(env, object).filter(|root| !root.is_unrecognised());
        root.map(|root| root.told_at(object))
    };
    let mut verdict = health.verdicts(root);
    verdict.push(health.word());
    let mut parts = vec![verdict];
    let shares = [(Some(health.applied), "applied"), (health.workloads, "workloads"), (health.nodes, "nodes")];
    for (share, what) in shares {
        let share = share.filter(|share| share.all > 0);
        parts.extend(share.map(|share| vec![format!("{what} {}/{}", share.good, share.all)]));
    }
    // A failing source is the first problem; for any other, the time of its last new revision follows.
    let is_fetched = health.problems.first().is_none_or(|problem| problem.gravity != Gravity::Cut);
    let fetched = health.fetched.filter(|_| is_fetched);
    parts.extend(fetched.map(|at| vec![format!("fetch ok, new {} ago", age(facts.now_in(env), at))]));
    parts
}

/// Returns the revision that an environment's source has fetched.
pub(super) fn followed(facts: &Facts, env: Env) -> Option<String> {
    let (_, revision) = facts.health(env)?.source.as_ref()?;
    Some(revision.clone()).filter(|revision| !revision.is_empty())
}
