//! The data of one commit: its author, time, message and changes.

use std::path::Path;

use jiff::Timestamp;

use super::log::moment;
use super::tree::commit;
use super::{run, veil};
use crate::model::Fault;

/// The length, in bytes, at which a difference is cut: a screen is no place to read a longer one.
const LONGEST: usize = 256 * 1024;

/// Holds the data of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitDetails {
    /// The commit in full.
    pub commit: String,
    /// Its parents: several for a merge, none for the first commit.
    pub parents: Vec<String>,
    /// The author, with the address.
    pub author: String,
    /// The author's time.
    pub written: Option<Timestamp>,
    /// The committer, if it is not the author.
    pub committer: Option<String>,
    /// The commit time.
    pub committed: Option<Timestamp>,
    /// Its message.
    pub message: String,
    /// The files that it changed, against its first parent, each with git's letter.
    pub files: Vec<(char, String)>,
    /// The branches of remotes that have it, as of the last fetch.
    pub pushed: Vec<String>,
}

/// Reads the data of one commit.
///
/// # Errors
/// Fails when git does not know it.
pub fn commit_details(root: &Path, name: &str) -> Result<CommitDetails, Fault> {
    const WHAT: &str = "the commit is not shown";
    let hash = commit(root, name).ok_or_else(|| {
        Fault::failed(
            WHAT,
            format!("git knows no commit {name} here"),
            "‹key:git-fetch|git fetch› in the git screen fetches what others pushed",
        )
    })?;
    // git allows no NUL in a name or a message: whoever wrote the commit cannot shift the fields.
    let format = "--format=%P%x00%an <%ae>%x00%at%x00%cn <%ce>%x00%ct%x00%B";
    let printed = run::output(root, WHAT, &["log", "--max-count=1", "--no-show-signature", format, &hash, "--"])?;
    let text = String::from_utf8_lossy(&printed);
    let mut fields = text.splitn(6, '\0').map(str::trim);
    let mut next = || fields.next().unwrap_or_default().to_owned();
    let (parents, author, written, committer, date, message) = (next(), next(), next(), next(), next(), next());
    let listing =
        ["log", "--max-count=1", "--root", "-m", "--first-parent", "--format=", "--name-status", "--no-renames", "-z"];
    let listed = run::output(root, WHAT, &[&listing[..], &[&hash, "--"]].concat())?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let mut words = listed.split('\0').map(|word| word.trim_start_matches('\n')).filter(|word| !word.is_empty());
    let mut files = Vec::new();
    while let (Some(letter), Some(file)) = (words.next(), words.next()) {
        files.push((letter.chars().next().unwrap_or('M'), file.to_owned()));
    }
    Ok(CommitDetails {
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        committer: (committer != author).then_some(committer),
        author,
        written: moment(&written),
        committed: moment(&date),
        message,
        files,
        pushed: pushed_to(root, &hash),
        commit: hash,
    })
}

/// Lists the branches of remotes that have a commit, as of the last fetch.
pub fn pushed_to(root: &Path, commit: &str) -> Vec<String> {
    let contains = format!("--contains={commit}");
    let arguments = ["for-each-ref", "--format=%(refname:lstrip=2)", &contains, "refs/remotes"];
    let printed = run::output(root, "git does not tell where it is pushed", &arguments).unwrap_or_default();
    let text = String::from_utf8_lossy(&printed);
    text.lines().filter(|name| !name.ends_with("/HEAD")).map(str::to_owned).collect()
}

/// Reads the message of the last commit; empty before the first.
pub fn last_message(root: &Path) -> String {
    let arguments = ["log", "--max-count=1", "--no-show-signature", "--format=%B"];
    let printed = run::output(root, "git does not tell the last message", &arguments).unwrap_or_default();
    String::from_utf8_lossy(&printed).trim_end().to_owned()
}

/// Reads the change of a commit to one file, as git writes it, without the plain text of Secrets.
///
/// # Errors
/// Fails when git does not know the commit.
pub fn commit_diff(root: &Path, name: &str, path: &str) -> Result<String, Fault> {
    let what = format!("git does not tell how {path} changed");
    let hash = commit(root, name)
        .ok_or_else(|| Fault::failed(what.clone(), format!("git knows no commit {name} here"), "git fetch"))?;
    let common =
        ["--literal-pathspecs", "log", "--max-count=1", "--no-show-signature", "--root", "-m", "--first-parent"];
    let rest = ["--format=", "-p", "--no-color", "--no-renames", &hash, "--", path];
    let printed = run::output(root, &what, &[&common[..], &rest[..]].concat())?;
    let text = String::from_utf8_lossy(&printed).trim_start_matches('\n').to_owned();
    let mut text = veil::over_commit(root, path, &hash, text);
    if text.len() > LONGEST {
        let cut = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(cut);
        text.push_str("\n the rest is not shown\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestRepository;
    use super::{commit_details, commit_diff, last_message, pushed_to};

    #[test]
    fn a_commit_says_who_made_it_and_what_it_changed() {
        let repository = TestRepository::new();
        repository.write("a b.yaml", "a: 1\n");
        let first = repository.commit("feat: a\n\nbecause it is wanted");
        repository.write("a b.yaml", "a: 2\n");
        repository.write("c.yaml", "c: 1\n");
        let second = repository.commit("fix: a");
        let root = repository.path();
        let details = commit_details(root, "HEAD").unwrap();
        assert_eq!((&details.commit, &details.parents), (&second, &vec![first.clone()]));
        assert_eq!(details.author, "Test <test@example.org>");
        assert!(details.committer.is_none() && details.committed.is_some() && details.pushed.is_empty());
        assert_eq!(details.files, [('M', "a b.yaml".to_owned()), ('A', "c.yaml".to_owned())]);
        let details = commit_details(root, &first).unwrap();
        assert_eq!(details.message, "feat: a\n\nbecause it is wanted");
        assert_eq!((details.parents.len(), details.files.len()), (0, 1));
        let diff = commit_diff(root, "HEAD", "a b.yaml").unwrap();
        assert!(diff.contains("-a: 1") && diff.contains("+a: 2") && !diff.contains("c: 1"), "{diff}");
        assert!(commit_diff(root, &first, "a b.yaml").unwrap().contains("+a: 1"));
        assert_eq!(last_message(root), "fix: a");
        assert!(commit_details(root, "nowhere").unwrap_err().why.contains("nowhere"));
        assert!(pushed_to(root, &second).is_empty());
        repository.git(&["update-ref", "refs/remotes/origin/main", &first]);
        assert!(pushed_to(root, &second).is_empty());
        assert_eq!(pushed_to(root, &first), ["origin/main"]);
    }

    #[test]
    fn a_commit_shows_no_value_of_a_secret_that_is_gone_since() {
        let repository = TestRepository::new();
        let secret =
            |value: &str| format!("kind: Secret\napiVersion: v1\nmetadata: {{name: a}}\nstringData:\n  p: {value}\n");
        repository.write("a.yaml", &secret("MARK1"));
        repository.commit("one");
        repository.write("a.yaml", &secret("MARK2"));
        let second = repository.commit("two");
        repository.write("a.yaml", "kind: ConfigMap\n");
        let third = repository.commit("three");
        repository.write("a.yaml", "kind: ConfigMap\na: 1\n");
        repository.commit("four");
        for commit in [&second, &third] {
            let shown = commit_diff(repository.path(), commit, "a.yaml").unwrap();
            assert!(shown.contains("not shown") && !shown.contains("MARK"), "{shown}");
        }
        assert!(commit_diff(repository.path(), "HEAD", "a.yaml").unwrap().contains("+a: 1"));
    }
}
