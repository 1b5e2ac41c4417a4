//! The distance between the branch and the one that it follows, in words: the header and the git screen say the same.
//!
//! git counts against what the remote had when it was seen last. How far the branch is behind is told with the age of
//! that sight, and not at all where the remote was never asked.

use jiff::Timestamp;

use super::Keymap;
use crate::model::clock::age;
use crate::repo::git::{SeenBy, Upstream};

/// Describes how far the branch is from the one that it follows, in full, for the title of a screen.
pub fn distance(upstream: &Upstream, now: Timestamp, keymap: &Keymap) -> String {
    let fetches = || keymap.keys_of("git-fetch").first().map(|key| format!(", {key} fetches")).unwrap_or_default();
    let sight = sight(upstream, now);
    match (upstream.ahead.zip(upstream.behind), sight) {
        // A branch that was never fetched, and one that a fetch with `--prune` took away, leave the same traces.
        (None, None) => format!("not known here: never fetched, or gone from the remote{}", fetches()),
        (None, Some(sight)) => format!("which is gone{sight}"),
        (Some((0, _)), None) => format!("behind unknown: never fetched{}", fetches()),
        (Some((ahead, _)), None) => format!("{ahead} ahead, behind unknown: never fetched{}", fetches()),
        (Some((0, 0)), Some(sight)) => format!("up to date{sight}"),
        (Some((ahead, behind)), Some(sight)) => format!("{ahead} ahead, {behind} behind{sight}"),
    }
}

/// Describes the same in the few words of the header; empty if there is nothing to do.
pub(super) fn brief_distance(upstream: &Upstream, now: Timestamp) -> String {
    let sight = sight(upstream, now);
    match (upstream.ahead.zip(upstream.behind), sight) {
        (None, _) | (Some((0, 0)), Some(_)) => String::new(),
        (Some((0, _)), None) => "behind unknown".to_owned(),
        (Some((ahead, _)), None) => format!("{ahead} ahead, behind unknown"),
        (Some((ahead, 0)), Some(_)) => format!("{ahead} ahead"),
        (Some((0, behind)), Some(sight)) => format!("{behind} behind{sight}"),
        (Some((ahead, behind)), Some(sight)) => format!("{ahead} ahead, {behind} behind{sight}"),
    }
}

/// Tells when the followed branch was seen last, as the end of a sentence; `None` if it never was.
fn sight(upstream: &Upstream, now: Timestamp) -> Option<String> {
    if upstream.is_local {
        return Some(String::new());
    }
    let seen = upstream.seen?;
    let word = match seen.by {
        SeenBy::Fetch => ", fetched",
        SeenBy::Push => " when pushed",
        SeenBy::Clone => ", cloned",
    };
    Some(format!("{word} {} ago", age(now, seen.at)))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{brief_distance, distance};
    use crate::app::Keymap;
    use crate::commands::COMMANDS;
    use crate::repo::git::{RemoteSight, SeenBy, Upstream};

    fn told(counts: Option<(u32, u32)>, seen: Option<SeenBy>, keys: &[(&str, &str)]) -> (String, String) {
        let keys = keys.iter().map(|(id, key)| ((*id).to_owned(), vec![(*key).to_owned()])).collect();
        let now = Timestamp::from_second(10_000).unwrap();
        let upstream = Upstream {
            name: "origin/main".to_owned(),
            ahead: counts.map(|(ahead, _)| ahead),
            behind: counts.map(|(_, behind)| behind),
            is_local: false,
            seen: seen.map(|by| RemoteSight { at: Timestamp::from_second(9_700).unwrap(), by }),
        };
        let keymap = Keymap::new(COMMANDS, &keys).unwrap();
        (distance(&upstream, now, &keymap), brief_distance(&upstream, now))
    }

    #[test]
    fn nothing_is_said_of_a_remote_that_was_never_asked() {
        for (counts, full, brief) in [
            (Some((0, 0)), "behind unknown: never fetched, u fetches", "behind unknown"),
            (Some((1, 0)), "1 ahead, behind unknown: never fetched, u fetches", "1 ahead, behind unknown"),
            (Some((1, 2)), "1 ahead, behind unknown: never fetched, u fetches", "1 ahead, behind unknown"),
            (None, "not known here: never fetched, or gone from the remote, u fetches", ""),
        ] {
            assert_eq!(told(counts, None, &[]), (full.to_owned(), brief.to_owned()));
        }
        assert!(told(Some((0, 0)), None, &[("git-fetch", "ctrl-f")]).0.ends_with("ctrl-f fetches"));
    }

    #[test]
    fn what_was_seen_has_its_age() {
        for (counts, by, full, brief) in [
            ((0, 0), SeenBy::Fetch, "up to date, fetched 5m ago", ""),
            ((0, 0), SeenBy::Push, "up to date when pushed 5m ago", ""),
            ((2, 0), SeenBy::Clone, "2 ahead, 0 behind, cloned 5m ago", "2 ahead"),
            ((0, 3), SeenBy::Fetch, "0 ahead, 3 behind, fetched 5m ago", "3 behind, fetched 5m ago"),
            ((1, 3), SeenBy::Fetch, "1 ahead, 3 behind, fetched 5m ago", "1 ahead, 3 behind, fetched 5m ago"),
        ] {
            assert_eq!(told(Some(counts), Some(by), &[]), (full.to_owned(), brief.to_owned()));
        }
        assert_eq!(told(None, Some(SeenBy::Fetch), &[]).0, "which is gone, fetched 5m ago");
    }
}
