//! Revisions as Flux writes them.

/// Returns the first seven digits of a commit, as git and Flux show it.
pub fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// Returns the hash in a revision: `main@sha1:HASH`, or an older Flux's `main/HASH`.
pub fn hash(revision: &str) -> &str {
    revision.rsplit([':', '/', '@']).next().unwrap_or_default()
}

/// Returns the commit in a revision, in full; `None` for an abbreviated one and for the digest of an artifact.
pub fn commit(revision: &str) -> Option<&str> {
    let hash = hash(revision);
    (hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
}

/// Returns the branch in a revision; `None` if it names none.
pub fn branch(revision: &str) -> Option<&str> {
    let name = revision.split_once("@sha").map(|(name, _)| name).or_else(|| Some(revision.rsplit_once('/')?.0))?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{branch, hash};

    #[test]
    fn revisions_fall_into_branch_and_commit() {
        assert_eq!((branch("main@sha1:abc"), hash("main@sha1:abc")), (Some("main"), "abc"));
        assert_eq!((branch("feat/x/abc"), hash("feat/x/abc")), (Some("feat/x"), "abc"));
        assert_eq!(branch("feat/x@sha1:abc"), Some("feat/x"));
        assert_eq!(branch("sha256:abc"), None);
    }
}
