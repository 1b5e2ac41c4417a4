//! The files that git tracks or would track, and those of them that are staged.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::super::scan::Listing;
use super::run;
use crate::model::Fault;
use crate::programs::Running;

/// The most that is kept of git's error output, in bytes.
const COMPLAINTS: u64 = 64 * 1024;

const WHAT: &str = "git does not list the files";

/// Lists tracked files first, then those that are neither tracked nor ignored, up to a limit.
///
/// Two calls run side by side, because one call of `git ls-files -co` prints the untracked first: an unignored build
/// folder would fill the limit before the repository's own files.
///
/// # Errors
/// Fails if git is missing or the folder is in no repository.
pub(in super::super) fn list_files(root: &Path, limit: usize) -> Result<Listing, Fault> {
    let start =
        |arguments: &[&str]| run::command(root, arguments).spawn().map_err(|error| run::not_started(WHAT, &error));
    let tracked = start(&["ls-files", "--cached", "-z"])?;
    let untracked = start(&["ls-files", "--others", "--exclude-standard", "-z"])?;
    let mut listing = Listing::default();
    // Both are always collected, so that no child outlives the call.
    let first = collect(root, tracked, limit, &mut listing);
    let second = collect(root, untracked, limit, &mut listing);
    first.and(second).map(|()| listing)
}

fn collect(root: &Path, mut child: Running, limit: usize, listing: &mut Listing) -> Result<(), Fault> {
    let mut full = false;
    // A thread reads the error output meanwhile: git blocks on a full pipe.
    let said = child.stderr();
    let complaints = std::thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut said) = said {
            // An unreadable output gives no message.
            let _ = said.by_ref().take(COMPLAINTS).read_to_end(&mut kept);
            let _ = std::io::copy(&mut said, &mut std::io::sink());
        }
        kept
    });
    if let Some(stdout) = child.stdout() {
        let mut reader = BufReader::new(stdout);
        let mut name = Vec::new();
        while reader.read_until(0, &mut name).is_ok_and(|read| read > 0) {
            if name.last() == Some(&0) {
                name.pop();
            }
            // A path of a Flux repository is UTF-8; another name is left out rather than shown under a wrong name.
            if let Ok(text) = std::str::from_utf8(&name) {
                let text = text.trim_end_matches('/');
                if !listing.paths.contains(text) {
                    if listing.paths.len() >= limit {
                        full = true;
                        break;
                    }
                    listing.paths.insert(text.to_owned());
                }
            }
            name.clear();
        }
    }
    if full {
        listing.truncated = true;
        child.end();
        return Ok(());
    }
    let output = child.finish().map_err(|error| run::not_started(WHAT, &error))?;
    let said = complaints.join().unwrap_or_default();
    if output.status.success() { Ok(()) } else { Err(run::refused(WHAT, root, &said)) }
}

/// Lists the files that git tracks or would track: the named ones, with those in named folders, or all if none is
/// named. A name that is not UTF-8 is left out, as no kustomization can contain it.
///
/// # Errors
/// Fails if git does.
pub fn files(root: &Path, paths: &[String]) -> Result<Vec<String>, Fault> {
    Ok(all_files(root, paths)?.into_iter().filter_map(|name| name.into_string().ok()).collect())
}

/// Lists the same files, whatever bytes their names have.
///
/// # Errors
/// Fails if git does.
pub fn all_files(root: &Path, paths: &[String]) -> Result<Vec<OsString>, Fault> {
    let mut arguments =
        vec!["--literal-pathspecs", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"];
    arguments.extend(paths.iter().map(String::as_str));
    let mut found = names(&run::output(root, WHAT, &arguments)?);
    // The index lists a file in conflict up to three times.
    found.sort();
    found.dedup();
    Ok(found)
}

/// Holds a file of the next commit.
#[derive(Debug, PartialEq, Eq)]
pub struct Staged {
    /// Its name, in bytes.
    pub name: OsString,
    /// The hash under which git keeps its content.
    pub hash: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its content, if it is small; a larger file is read when it is needed.
    pub bytes: Option<Vec<u8>>,
}

/// Lists the files of the next commit that differ from the last, as they are in the index; links and submodules are
/// left out. Those of at most `small` bytes come with their content, up to `together` bytes in all.
///
/// # Errors
/// Fails if git does.
pub fn staged(root: &Path, small: u64, together: u64) -> Result<Vec<Staged>, Fault> {
    let what = "git does not show what is staged";
    let arguments = ["diff", "--cached", "--raw", "--no-abbrev", "--no-renames", "--diff-filter=ACMT", "-z"];
    let printed = names(&run::output(root, what, &arguments)?);
    // `:MODE MODE HASH HASH LETTER`, then the path.
    let wanted: Vec<(&str, &OsString)> = printed
        .chunks_exact(2)
        .filter_map(|pair| {
            let [head, path] = pair else { return None };
            let mut words = head.to_str()?.split(' ').skip(1);
            let (mode, _, hash) = (words.next()?, words.next()?, words.next()?);
            mode.starts_with("100").then_some((hash, path))
        })
        .collect();
    let hashes: Vec<&str> = wanted.iter().map(|(hash, _)| *hash).collect();
    let sizes = sizes(root, what, &hashes)?;
    let mut left = together;
    let is_here = sizes.iter().map(|size| {
        let rest = left.checked_sub(*size).filter(|_| *size <= small);
        left = rest.unwrap_or(left);
        rest.is_some()
    });
    let is_here: Vec<bool> = is_here.collect();
    let here: Vec<&str> = hashes.iter().zip(&is_here).filter(|(_, here)| **here).map(|(hash, _)| *hash).collect();
    let mut read = blobs(root, what, &here)?.into_iter();
    let found = wanted.into_iter().zip(sizes).zip(is_here).map(|(((hash, name), size), is_here)| {
        let bytes = if is_here { read.next() } else { None };
        Staged { name: name.clone(), hash: hash.to_owned(), size, bytes }
    });
    Ok(found.collect())
}

/// Reads the object that git keeps under a hash.
///
/// # Errors
/// If git cannot be started or does not have it, and above the limit.
pub fn object(root: &Path, hash: &str, most: u64) -> std::io::Result<Vec<u8>> {
    run::blob(root, hash, most)?.ok_or_else(|| std::io::Error::other(format!("git does not have {hash}")))
}

/// Returns the sizes of objects, in bytes.
///
/// # Errors
/// If git cannot be started, or does not have one.
pub(super) fn sizes(root: &Path, what: &str, hashes: &[&str]) -> Result<Vec<u64>, Fault> {
    batch(root, what, "--batch-check", hashes, size)
}

/// Reads objects that are small, all at once.
///
/// # Errors
/// If git cannot be started, or does not have one.
pub(super) fn blobs(root: &Path, what: &str, hashes: &[&str]) -> Result<Vec<Vec<u8>>, Fault> {
    batch(root, what, "--batch", hashes, |answers| {
        let size = size(answers)?;
        let mut bytes = Vec::new();
        Read::take(&mut *answers, size).read_to_end(&mut bytes)?;
        // A line end follows.
        answers.read_line(&mut String::new())?;
        Ok(bytes)
    })
}

/// Queries `git cat-file` for objects, and reads an answer for each.
fn batch<T>(
    root: &Path,
    what: &str,
    how: &str,
    hashes: &[&str],
    read: impl Fn(&mut dyn BufRead) -> std::io::Result<T>,
) -> Result<Vec<T>, Fault> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = run::command(root, &["cat-file", how]);
    let mut child = command.piped_input().spawn().map_err(|error| run::not_started(what, &error))?;
    let (Some(mut asked), Some(answers)) = (child.stdin(), child.stdout()) else {
        return Err(Fault::failed(what, "git cat-file has no pipes", "try again"));
    };
    let found = std::thread::scope(|scope| {
        // git answers while it reads: a caller that writes everything first would block for ever.
        scope.spawn(move || hashes.iter().try_for_each(|hash| writeln!(asked, "{hash}")));
        let mut answers = BufReader::new(answers);
        hashes.iter().map(|_| read(&mut answers)).collect::<std::io::Result<Vec<T>>>()
    });
    let output = child.finish().map_err(|error| run::not_started(what, &error))?;
    match found {
        Ok(found) if output.status.success() => Ok(found),
        Err(error) if output.stderr.iter().all(u8::is_ascii_whitespace) => {
            Err(Fault::failed(what, error.to_string(), "does `git fsck` find the repository whole?"))
        }
        _ => Err(run::refused(what, root, &output.stderr)),
    }
}

/// Reads `HASH KIND SIZE` of an answer.
fn size(answers: &mut dyn BufRead) -> std::io::Result<u64> {
    let mut head = String::new();
    answers.read_line(&mut head)?;
    let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
    size.ok_or_else(|| std::io::Error::other(format!("git says of an object: {}", head.trim_end())))
}

/// Splits names that end with a zero byte.
fn names(printed: &[u8]) -> Vec<OsString> {
    let parts = printed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    parts.map(|name| OsStr::from_bytes(name).to_owned()).collect()
}

/// Tells whether git ignores a file: `.gitignore` names it, or it is in `.git` itself.
pub fn is_ignored(root: &Path, path: &Path) -> bool {
    let path = path.to_string_lossy();
    run::output(root, WHAT, &["check-ignore", "--quiet", "--", &path]).is_ok()
}

/// Lists the paths that git ignores and does not track; a fully ignored folder is one entry.
///
/// # Errors
/// Fails if git does.
pub fn ignored(root: &Path) -> Result<BTreeSet<String>, Fault> {
    let arguments = ["ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"];
    let names = names(&run::output(root, WHAT, &arguments)?).into_iter();
    Ok(names.filter_map(|name| Some(name.into_string().ok()?.trim_end_matches('/').to_owned())).collect())
}

/// Lists the files that git tracks although its rules ignore them.
///
/// # Errors
/// Fails if git does.
pub fn tracked_but_ignored(root: &Path) -> Result<Vec<String>, Fault> {
    let arguments = ["ls-files", "--cached", "--ignored", "--exclude-standard", "-z"];
    let names = names(&run::output(root, WHAT, &arguments)?).into_iter();
    Ok(names.filter_map(|name| name.into_string().ok()).collect())
}

/// Lists the files that git tracks and keeps out of the working tree: those beside a sparse checkout.
///
/// # Errors
/// Fails if git does.
pub fn not_checked_out(root: &Path) -> Result<BTreeSet<String>, Fault> {
    let names = names(&run::output(root, WHAT, &["ls-files", "-t", "--cached", "-z"])?).into_iter();
    // `S` stands before a file whose skip-worktree bit is set.
    Ok(names.filter_map(|name| name.into_string().ok()?.strip_prefix("S ").map(str::to_owned)).collect())
}

/// Tells whether git tracks a file, so that its content may be in the history.
pub fn is_known(root: &Path, path: &str) -> bool {
    run::output(root, WHAT, &["--literal-pathspecs", "ls-files", "--error-unmatch", "--", path]).is_ok()
}
