//! The commits that each environment has applied.

use std::collections::BTreeSet;

use crate::app::Facts;
use crate::kinds;
use crate::model::revision::{branch, hash};
use crate::model::{Env, Row};
use crate::repo::git::Destination;

/// Writes how many of an environment's Kustomizations have applied a commit, as `staging 5/6`; `None` for zero.
pub fn word(facts: &Facts, env: Env, commit: &str) -> Option<String> {
    let rows = &facts.table(env, kinds::find("Kustomization")?)?.rows;
    let has = |row: &&Row| {
        row.flux
            .as_ref()
            .is_some_and(|flux| hash(&flux.revision).len() >= 7 && commit.starts_with(hash(&flux.revision)))
    };
    let count = rows.iter().filter(has).count();
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
    let revisions = rows.into_iter().flatten().filter_map(|row| Some(&row.flux.as_ref()?.revision));
    revisions.map(|revision| hash(revision).to_owned()).filter(|hash| hash.len() >= 7).collect()
}

/// Tells whether a GitRepository may fetch the pushed commits. It may if its address or its branch is unknown.
pub fn may_fetch(row: &Row, to: &Destination) -> bool {
    let cell = |title: &str| {
        let columns = kinds::find("GitRepository").map(|kind| kind.columns).unwrap_or_default();
        let place = columns.iter().position(|column| column.title == title);
        place.and_then(|place| row.cells.get(place)).map_or("", |text| &**text)
    };
    let fetched = row.flux.as_ref().and_then(|flux| branch(&flux.revision));
    // Both the fetched branch and the one of the next fetch count.
    let pinned = cell("Ref").trim_start_matches("refs/heads/");
    let takes = fetched.is_none_or(|known| known == to.branch()) || pinned == to.branch();
    takes && to.may_reach(cell("URL"))
}

/// Lists the environments whose sources follow a push. One with unknown sources counts: the wrong guess that a push
/// does not reach it would be the worse mistake.
pub fn followers(facts: &Facts, to: &Destination) -> Vec<Env> {
    let follows = |env: Env| {
        let Some(table) = kinds::find("GitRepository").and_then(|kind| facts.table(env, kind)) else { return true };
        table.rows.is_empty() || table.rows.iter().any(|row| may_fetch(row, to))
    };
    facts.environments.iter().map(|(env, _)| env).filter(|env| follows(*env)).collect()
}

#[cfg(test)]
mod tests {
    use super::{followers, may_fetch};
    use crate::app::test_support::facts;
    use crate::kinds;
    use crate::repo::git::Destination;

    fn to(address: &str, reference: &str) -> Destination {
        Destination {
            from: "main".to_owned(),
            commit: String::new(),
            remote: "team/origin".to_owned(),
            reference: reference.to_owned(),
            addresses: vec![address.to_owned()],
            followed: true,
        }
    }

    #[test]
    fn an_environment_that_is_not_known_is_taken_for_a_follower() {
        assert_eq!(followers(&facts(), &to("/srv/git", "refs/heads/main")).len(), 2);
    }

    #[test]
    fn a_source_is_told_by_its_address_and_its_branch() {
        let row = |revision: &str| {
            let object = serde_json::json!({
                "metadata": {"name": "flux-system", "namespace": "flux-system"},
                "spec": {"url": "ssh://git@github.com/team/fleet.git", "ref": {"branch": "main"}},
                "status": {"artifact": {"revision": revision}},
            });
            let kind = kinds::find("GitRepository").unwrap();
            (kind.decode)(object.to_string().as_bytes()).unwrap()
        };
        let (known, never) = (row("main@sha1:2222222222222222222222222222222222222222"), row(""));
        let fleet = "git@github.com:team/fleet";
        assert!(may_fetch(&known, &to(fleet, "refs/heads/main")));
        assert!(may_fetch(&known, &to("/srv/mirror", "refs/heads/main")));
        assert!(!may_fetch(&known, &to(fleet, "refs/heads/fix")));
        assert!(!may_fetch(&known, &to("git@github.com:me/fleet", "refs/heads/main")));
        assert!(may_fetch(&never, &to(fleet, "refs/heads/fix")));
    }
}
