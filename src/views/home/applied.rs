//! The commits that the environments have applied, with their authors, as far as the repository has them.

use std::any::Any;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::environment::PanelItem;
use super::outlook::OutlookLine;
use crate::app::{Action, Facts, Task};
use crate::kinds;
use crate::model::clock::age;
use crate::model::{Env, revision};
use crate::repo::git::{CommitEntry, commit_entry};
use crate::theme::Scope;

/// Holds the applied commits, so that git is queried once for each.
#[derive(Debug, Default)]
pub(super) struct AppliedCommits {
    /// `None` while git is queried, or if it does not have the commit.
    known: BTreeMap<String, Option<CommitEntry>>,
    /// The state of the repository at the query: its HEAD, and the time of the last fetch.
    asked_of: Option<(Option<String>, Option<Timestamp>)>,
}

/// Carries git's answer.
pub(super) struct ReadCommit {
    hash: String,
    entry: Option<CommitEntry>,
}

impl AppliedCommits {
    /// Queries git for unknown commits, and again for missing ones once it may have them.
    pub(super) fn ask(&mut self, facts: &Facts) -> Vec<Action> {
        let Some(snapshot) = &facts.repository else { return Vec::new() };
        let Ok(git) = &snapshot.git else { return Vec::new() };
        let state = Some((git.commit.clone(), git.fetched));
        if self.asked_of != state {
            self.known.retain(|_, entry| entry.is_some());
            self.asked_of = state;
        }
        let mut asked = Vec::new();
        for (env, _) in facts.environments.iter() {
            for hash in applied(facts, env).into_keys() {
                if self.known.contains_key(&hash) {
                    continue;
                }
                self.known.insert(hash.clone(), None);
                let root = snapshot.root.clone();
                asked.push(Action::Task(Task::blocking("what was applied", move |_| {
                    let entry = commit_entry(&root, &hash).ok();
                    ReadCommit { hash, entry }
                })));
            }
        }
        asked
    }

    /// Takes git's answer; returns any other payload.
    pub(super) fn answer(&mut self, payload: Box<dyn Any + Send>) -> Result<(), Box<dyn Any + Send>> {
        let ReadCommit { hash, entry } = *payload.downcast::<ReadCommit>()?;
        self.known.insert(hash, entry);
        Ok(())
    }

    /// Writes the applied commits, the newest first: age, subject, author, and the number of Kustomizations if not all
    /// have it; `None` if there is none. One that the repository has can be opened.
    pub(super) fn lines(&self, facts: &Facts, env: Env) -> Option<Vec<OutlookLine>> {
        facts.repository.as_ref()?.git.as_ref().ok()?;
        let applied = applied(facts, env);
        let all: usize = applied.values().map(Vec::len).sum();
        let known = |hash: &str| self.known.get(hash).and_then(Option::as_ref);
        let mut hashes: Vec<(&String, &Vec<&str>)> = applied.iter().collect();
        hashes.sort_by_key(|(hash, _)| std::cmp::Reverse(known(hash).and_then(|entry| entry.at)));
        let told = |(hash, by): (&String, &Vec<&str>)| {
            let who = match by.as_slice() {
                by if by.len() == all => String::new(),
                [one] => format!("  {one} alone"),
                by => format!("  {} of {all}", by.len()),
            };
            let short = revision::short(hash);
            let Some(entry) = known(hash) else {
                let text = format!("{short}  not in this repository: fetch{who}");
                return OutlookLine::new("?".to_owned(), text, Scope::Text);
            };
            let when = entry.at.map(|at| age(facts.now, at)).unwrap_or_default();
            let text = format!("{short}  {}, {}{who}", entry.subject, entry.author);
            OutlookLine::new(when, text, Scope::Text).about(PanelItem::Commit(hash.clone()))
        };
        (!hashes.is_empty()).then(|| hashes.into_iter().map(told).collect())
    }
}

/// Returns the commits that the Kustomizations of an environment's own source have applied, each with their names.
fn applied(facts: &Facts, env: Env) -> BTreeMap<String, Vec<&str>> {
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let Some((source, _)) = facts.health(env).and_then(|health| health.source.as_ref()) else { return found };
    for row in facts.table(env, kinds::KUSTOMIZATION).into_iter().flat_map(|table| &table.rows) {
        let Some(flux) = row.flux.as_ref().filter(|flux| flux.source.as_ref() == Some(source)) else { continue };
        if let Some(hash) = revision::commit(&flux.revision) {
            found.entry(hash.to_owned()).or_default().push(&row.key.name);
        }
    }
    found
}
