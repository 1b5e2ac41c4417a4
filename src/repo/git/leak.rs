//! What must not enter a repository: private keys, Secrets that are not encrypted, and conflicts that nobody has solved.

use std::path::Path;

use super::run;
use crate::model::{Fault, FaultKind};

/// Larger files are not looked into: keys and manifests are small.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Finds the first file among these, folders looked through, that would leak what nobody may have.
///
/// # Errors
/// Fails with what was found, why it matters and what to do; the path is in `.0`.
pub fn in_files(root: &Path, paths: &[String], allowed: &dyn Fn(&str) -> bool) -> Result<(), (String, Fault)> {
    let mut arguments =
        vec!["--literal-pathspecs", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"];
    arguments.extend(paths.iter().map(String::as_str));
    let printed = run::output(root, "git does not list the files", &arguments).unwrap_or_default();
    for path in String::from_utf8_lossy(&printed).split('\0').filter(|path| !path.is_empty() && !allowed(path)) {
        let file = root.join(path);
        // A link is stored as its target's name, never as what it points at.
        let small = file.symlink_metadata().is_ok_and(|data| data.is_file() && data.len() <= LARGEST);
        if let Some(what) = small.then(|| std::fs::read(&file).ok()).flatten().and_then(|bytes| danger(&bytes)) {
            return Err((path.to_owned(), refusal(path, what, "staged")));
        }
    }
    Ok(())
}

/// Finds the first file of the next commit that would leak what nobody may have.
///
/// # Errors
/// Fails like [`in_files`].
pub fn in_index(root: &Path, allowed: &dyn Fn(&str) -> bool) -> Result<(), (String, Fault)> {
    let arguments = ["diff", "--cached", "--name-only", "--diff-filter=ACMRT", "--no-renames", "-z"];
    let printed = run::output(root, "git does not list what is staged", &arguments).unwrap_or_default();
    for path in String::from_utf8_lossy(&printed).split('\0').filter(|path| !path.is_empty() && !allowed(path)) {
        let bytes = run::output(root, "git does not show the file", &["cat-file", "blob", &format!(":{path}")]);
        if let Some(what) = bytes.ok().as_deref().and_then(danger) {
            return Err((path.to_owned(), refusal(path, what, "committed")));
        }
    }
    Ok(())
}

/// What a merge leaves where both sides changed the same lines.
const CONFLICT: &str = "a conflict that is not solved";

fn refusal(path: &str, what: &str, verb: &str) -> Fault {
    if what == CONFLICT {
        return Fault::failed(
            format!("{path} is not {verb}"),
            format!("it holds {what}: lines between <<<<<<< and >>>>>>>"),
            "e edits it: keep what is right and take the marks out; `git add` in a shell stages it as it is",
        );
    }
    Fault::new(
        FaultKind::Refused,
        format!("{path} is not {verb}"),
        format!("it holds {what}; once pushed, everybody who reads the repository has it, in its history too"),
        "encrypt it (sops -e -i), or move it out of the repository and name it in .gitignore",
    )
}

/// Says what a text holds that nobody may have.
fn danger(bytes: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let holds = |line: &str| {
        let line = line.trim_start_matches([' ', '\t', '-', '"', '\'', '+']);
        line.contains("AGE-SECRET-KEY-1") || line.contains("AGE-SECRET-KEY-PQ-1")
    };
    if text.lines().any(holds) {
        return Some("an age private key");
    }
    if text.lines().any(|line| line.contains("-----BEGIN ") && line.contains("PRIVATE KEY-----")) {
        return Some("a private key");
    }
    if text.lines().any(|line| line.starts_with("<<<<<<< ")) && text.lines().any(|line| line.starts_with(">>>>>>> ")) {
        return Some(CONFLICT);
    }
    text.split("\n---").find_map(plain_secret)
}

/// Tells whether a document is a Secret whose values are not encrypted.
fn plain_secret(document: &str) -> Option<&'static str> {
    let is_secret =
        document.lines().any(|line| line.split('#').next().is_some_and(|line| line.trim_end() == "kind: Secret"));
    if !is_secret {
        return None;
    }
    let mut inside = false;
    for line in document.lines() {
        if !line.starts_with([' ', '\t', '#']) && !line.trim().is_empty() {
            inside = matches!(line.split(':').next(), Some("data" | "stringData"));
            if inside && line.contains('{') && !line.contains("{}") && !line.contains("ENC[") {
                return Some("a Secret that is not encrypted");
            }
            continue;
        }
        let value = line.split_once(':').map_or("", |(_, value)| value.trim());
        let filled = !value.is_empty() && value != "\"\"" && value != "''" && !line.trim_start().starts_with('#');
        if inside && filled && !value.contains("ENC[AES256_GCM") {
            return Some("a Secret that is not encrypted");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestRepository;
    use super::{danger, in_files, in_index};

    #[test]
    fn keys_and_plain_secrets_are_found_and_encrypted_ones_are_not() {
        assert_eq!(danger(b"# key\nAGE-SECRET-KEY-1QQQ\n"), Some("an age private key"));
        assert_eq!(danger(b"key: |\n  -----BEGIN OPENSSH PRIVATE KEY-----\n"), Some("a private key"));
        let plain = b"kind: ConfigMap\n---\napiVersion: v1\nkind: Secret\nstringData:\n  a: hunter2\n";
        assert_eq!(danger(plain), Some("a Secret that is not encrypted"));
        assert_eq!(danger(b"kind: Secret\nstringData:\n  a: ENC[AES256_GCM,data:x]\nsops:\n  mac: x\n"), None);
        assert_eq!(danger(b"kind: Secret\nmetadata:\n  name: made-elsewhere\n"), None);
        assert_eq!(danger(b"-----BEGIN CERTIFICATE-----\n"), None);
        let conflict = danger(b"<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> side\n");
        assert_eq!(conflict, Some("a conflict that is not solved"));
    }

    #[test]
    fn folders_and_the_index_are_looked_through() {
        let repository = TestRepository::new();
        repository.write("apps/key.txt", "AGE-SECRET-KEY-1QQQ\n");
        repository.write(".gitignore", "ignored\n");
        repository.write("ignored", "AGE-SECRET-KEY-1QQQ\n");
        let (path, fault) = in_files(repository.path(), &["apps/".to_owned()], &|_| false).unwrap_err();
        assert_eq!(path, "apps/key.txt");
        assert!(fault.why.contains("age private key") && !fault.to_string().contains("QQQ"));
        in_files(repository.path(), &["apps/".to_owned()], &|path| path == "apps/key.txt").unwrap();
        repository.git(&["add", "--all"]);
        assert_eq!(in_index(repository.path(), &|_| false).unwrap_err().0, "apps/key.txt");
        in_index(repository.path(), &|_| true).unwrap();
    }
}
