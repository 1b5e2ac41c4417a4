//! The difference of one file: staged against HEAD, or the working tree against the index. It is never decrypted:
//! filters of the operator that would (textconv, external programs) are off.

use std::path::Path;

use super::{run, veil};
use crate::model::Fault;

/// Selects a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The changes of the next commit.
    Staged,
    /// The changes that are not staged.
    Unstaged,
    /// A file that git does not track: all of it is new.
    Untracked,
}

/// Classifies a line of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffKind {
    /// Names the file and its modes.
    Head,
    /// Begins a hunk.
    Hunk,
    /// Is the same on both sides.
    Same,
    /// Is new.
    Added,
    /// Is gone.
    Removed,
}

/// Holds one line of a difference, with its sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// The kind of line.
    pub kind: DiffKind,
    /// The text; encrypted values are named, not shown.
    pub text: String,
}

/// The length, in bytes, at which a difference is cut: a screen is no place to read a longer one.
const LONGEST: usize = 1024 * 1024;

/// Reads the difference of a file as git writes it, without the plain text of Secrets.
///
/// # Errors
/// Fails with git's own words.
pub fn raw(root: &Path, path: &str, side: Side) -> Result<String, Fault> {
    let what = format!("git does not tell how {path} differs");
    let common = ["--literal-pathspecs", "diff", "--no-color"];
    let mut arguments = common.to_vec();
    match side {
        Side::Staged => arguments.extend(["--cached", "--", path]),
        Side::Unstaged => arguments.extend(["--", path]),
        Side::Untracked => arguments.extend(["--no-index", "--", "/dev/null", path]),
    }
    let output = run::bounded(run::comparing(root, &arguments)).map_err(|error| run::not_started(&what, &error))?;
    // `--no-index` ends with 1 if there is a difference.
    if output.status.success() || (side == Side::Untracked && output.status.code() == Some(1)) {
        let mut text = veil::over(root, path, String::from_utf8_lossy(&output.stdout).into_owned());
        if text.len() > LONGEST {
            let cut = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(cut);
            text.push_str("\n the rest is not shown\n");
        }
        return Ok(text);
    }
    Err(run::refused(&what, root, &output.stderr))
}

/// Classifies the lines of a difference; a changed encrypted value becomes one line, because ciphertext is unreadable.
pub fn lines(raw: &str) -> Vec<DiffLine> {
    let mut lines: Vec<DiffLine> = Vec::new();
    let mut inside = false;
    for text in raw.lines() {
        inside = if text.starts_with("@@") { true } else { inside && !text.starts_with("diff --git") };
        let kind = match text.bytes().next() {
            Some(b'@') if inside && text.starts_with("@@") => DiffKind::Hunk,
            _ if !inside => DiffKind::Head,
            Some(b'+') => DiffKind::Added,
            Some(b'-') => DiffKind::Removed,
            _ => DiffKind::Same,
        };
        let Some(name) = sealed(text) else {
            lines.push(DiffLine { kind, text: text.to_owned() });
            continue;
        };
        let word = match kind {
            DiffKind::Added => {
                let removed = format!("-{} [encrypted value removed]", name.get(1..).unwrap_or_default());
                let start = lines.iter().rposition(|line| line.kind == DiffKind::Hunk).unwrap_or(0);
                let before = lines.iter().skip(start).position(|line| line.text == removed);
                match before {
                    Some(offset) => {
                        lines.remove(start + offset);
                        "[encrypted value changed]"
                    }
                    None => "[encrypted value added]",
                }
            }
            DiffKind::Removed => "[encrypted value removed]",
            _ => "[encrypted value]",
        };
        lines.push(DiffLine { kind, text: format!("{name} {word}") });
    }
    lines
}

/// Returns the text before an encrypted value, with the line's sign.
fn sealed(text: &str) -> Option<&str> {
    let (before, _) = text.split_once("ENC[AES256_GCM")?;
    Some(before.trim_end_matches(['"', '\'', ' ']))
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestRepository;
    use super::{DiffKind, Side, lines, raw};

    #[test]
    fn each_side_has_its_own_difference() {
        let repository = TestRepository::new();
        repository.write("a.yaml", "a: 1\n");
        repository.commit("one");
        repository.write("a.yaml", "a: 2\n");
        repository.git(&["add", "a.yaml"]);
        repository.write("a.yaml", "a: 3\n");
        repository.write("b.yaml", "b: 1\n");
        let of = |path: &str, side| {
            let changed = lines(&raw(repository.path(), path, side).unwrap());
            let told = changed.into_iter().filter(|line| matches!(line.kind, DiffKind::Added | DiffKind::Removed));
            told.map(|line| line.text).collect::<Vec<_>>()
        };
        assert_eq!(of("a.yaml", Side::Staged), ["-a: 1", "+a: 2"]);
        assert_eq!(of("a.yaml", Side::Unstaged), ["-a: 2", "+a: 3"]);
        assert_eq!(of("b.yaml", Side::Untracked), ["+b: 1"]);
    }

    #[test]
    fn ciphertext_is_named_and_not_shown() {
        let text = "diff --git a/s b/s\n--- a/s\n+++ b/s\n@@ -1,4 +1,4 @@\n kind: Secret\n-  one: ENC[AES256_GCM,data:old]\n-  two: ENC[AES256_GCM,data:old]\n+  one: ENC[AES256_GCM,data:new]\n+  three: ENC[AES256_GCM,data:new]\n";
        let told: Vec<String> = lines(text).into_iter().skip(4).map(|line| line.text).collect();
        assert_eq!(
            told,
            [
                " kind: Secret",
                "-  two: [encrypted value removed]",
                "+  one: [encrypted value changed]",
                "+  three: [encrypted value added]"
            ]
        );
    }
}
