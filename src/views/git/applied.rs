//! Which environment has applied which commit.

use std::collections::BTreeSet;

use crate::app::Facts;
use crate::kinds;
use crate::model::Env;
use crate::model::revision::{branch, hash};

/// Writes how many of an environment's Kustomizations have applied a commit, as `staging 5/6`; `None` when none has.
pub fn word(facts: &Facts, env: Env, commit: &str) -> Option<String> {
    let rows = &facts.table(env, kinds::find("Kustomization")?)?.rows;
    let has = |row: &&crate::model::Row| {
        row.flux
            .as_ref()
            .is_some_and(|flux| hash(&flux.revision).len() >= 7 && commit.starts_with(hash(&flux.revision)))
    };
    let count = rows.values().filter(has).count();
    let name = facts.name(env);
    match count {
        0 => None,
        all if all == rows.len() => Some(format!("{name} all {all}")),
        some => Some(format!("{name} {some}/{}", rows.len())),
    }
}

/// Returns the commits that an environment's Kustomizations have applied, each once.
pub fn commits(facts: &Facts, env: Env) -> BTreeSet<String> {
    let rows = kinds::find("Kustomization").and_then(|kind| facts.table(env, kind)).map(|table| &table.rows);
    let revisions =
        rows.into_iter().flat_map(|rows| rows.values()).filter_map(|row| Some(&row.flux.as_ref()?.revision));
    revisions.map(|revision| hash(revision).to_owned()).filter(|hash| hash.len() >= 7).collect()
}

/// Lists the environments whose sources follow a branch. One whose sources are not known counts: to guess that a push does not reach it would
/// be the worse mistake.
pub fn followers(facts: &Facts, branch_pushed: &str) -> Vec<Env> {
    let follows = |env: Env| {
        let Some(table) = kinds::find("GitRepository").and_then(|kind| facts.table(env, kind)) else { return true };
        let revisions: Vec<&str> =
            table.rows.values().filter_map(|row| Some(row.flux.as_ref()?.revision.as_str())).collect();
        revisions.is_empty() || revisions.iter().any(|known| branch(known).is_none_or(|known| known == branch_pushed))
    };
    facts.environments.iter().map(|(env, _)| env).filter(|env| follows(*env)).collect()
}

#[cfg(test)]
mod tests {
    use super::followers;
    use crate::app::test_support::facts;

    #[test]
    fn an_environment_that_is_not_known_is_taken_for_a_follower() {
        assert_eq!(followers(&facts(), "main").len(), 2);
    }
}
