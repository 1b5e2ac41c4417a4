//! The files that git tracks or would track, and what is staged of them.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::super::contents;
use super::super::scan::Listing;
use super::run;
use crate::model::Fault;
use crate::programs::Running;

/// The most that is kept of what git complains of, in bytes.
const COMPLAINTS: u64 = 64 * 1024;

const WHAT: &str = "git does not list the files";

/// Lists tracked files first, then those that are neither tracked nor ignored, up to a limit.
///
/// Two calls run side by side, because one call of `git ls-files -co` prints the untracked first: an unignored build folder would fill
/// the limit before the repository's own files.
///
/// # Errors
/// Fails when git is missing or the folder lies in no repository.
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
    // What it complains of is taken while it lists: it waits where nobody does.
    let said = child.stderr();
    let complaints = std::thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut said) = said {
            // What cannot be read tells nothing.
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
            // A name that is not UTF-8 cannot be a path of a Flux repository; it is left out rather than shown under a wrong name.
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

/// Lists the files that git tracks or would track: those that are named, folders looked through, or all where none is. What has a name that is
/// no UTF-8 is left out, as no kustomization can name it.
///
/// # Errors
/// Fails when git does.
pub fn files(root: &Path, paths: &[String]) -> Result<Vec<String>, Fault> {
    Ok(all_files(root, paths)?.into_iter().filter_map(|name| name.into_string().ok()).collect())
}

/// Lists the same files, whatever bytes their names have.
///
/// # Errors
/// Fails when git does.
pub fn all_files(root: &Path, paths: &[String]) -> Result<Vec<OsString>, Fault> {
    let mut arguments =
        vec!["--literal-pathspecs", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"];
    arguments.extend(paths.iter().map(String::as_str));
    let mut found = names(&run::output(root, WHAT, &arguments)?);
    // A file in conflict stands in the index up to three times.
    found.sort();
    found.dedup();
    Ok(found)
}

/// Holds a file of the next commit.
#[derive(Debug, PartialEq, Eq)]
pub struct Staged {
    /// Its name, of whatever bytes.
    pub name: OsString,
    /// What is in it; `None` where that is too much.
    pub bytes: Option<Vec<u8>>,
}

/// Reads the files of the next commit that differ from the last, as they are in the index; larger ones come without their bytes, links and
/// submodules are left out.
///
/// # Errors
/// Fails when git does.
pub fn staged(root: &Path, largest: u64) -> Result<Vec<Staged>, Fault> {
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
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut child = run::command(root, &["cat-file", "--batch"])
        .piped_input()
        .spawn()
        .map_err(|error| run::not_started(what, &error))?;
    let (asked, answers) = (child.stdin(), child.stdout());
    let (Some(mut asked), Some(answers)) = (asked, answers) else { return Ok(Vec::new()) };
    let found = std::thread::scope(|scope| {
        // git answers while it is asked: who writes everything first waits for ever.
        let hashes = &wanted;
        scope.spawn(move || hashes.iter().try_for_each(|(hash, _)| writeln!(asked, "{hash}")));
        blobs(BufReader::new(answers), hashes, largest)
    });
    let output = child.finish().map_err(|error| run::not_started(what, &error))?;
    match found {
        Ok(found) if output.status.success() => Ok(found),
        _ => Err(run::refused(what, root, &output.stderr)),
    }
}

/// Reads the answers of `git cat-file --batch`: a line with the size, the bytes, and a line end, for each.
fn blobs(mut answers: impl BufRead, wanted: &[(&str, &OsString)], largest: u64) -> std::io::Result<Vec<Staged>> {
    let mut found = Vec::new();
    for (_, name) in wanted {
        let mut head = String::new();
        answers.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
        let size = size.ok_or_else(|| std::io::Error::other("git cat-file names no size"))?;
        let mut bytes = Vec::new();
        let is_small = size <= largest;
        if is_small {
            answers.by_ref().take(size).read_to_end(&mut bytes)?;
        } else {
            std::io::copy(&mut answers.by_ref().take(size), &mut std::io::sink())?;
        }
        found.push(Staged { name: (*name).clone(), bytes: is_small.then_some(bytes) });
        answers.read_line(&mut head)?;
    }
    Ok(found)
}

/// Splits names that end with a zero byte.
fn names(printed: &[u8]) -> Vec<OsString> {
    let parts = printed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    parts.map(|name| OsStr::from_bytes(name).to_owned()).collect()
}

/// Tells whether git leaves a file alone: it is named in .gitignore, or lies in `.git` itself.
pub fn is_ignored(root: &Path, path: &Path) -> bool {
    let path = path.to_string_lossy();
    run::output(root, WHAT, &["check-ignore", "--quiet", "--", &path]).is_ok()
}

/// Tells whether git tracks a file, so that what is in it may be in the history.
pub fn is_known(root: &Path, path: &str) -> bool {
    run::output(root, WHAT, &["--literal-pathspecs", "ls-files", "--error-unmatch", "--", path]).is_ok()
}

/// Lists the files of the last commit whose names end so; `None` where there is no commit.
pub fn committed_files(root: &Path, ending: &str) -> Option<Vec<String>> {
    let arguments = ["ls-tree", "-r", "-z", "--full-tree", "--name-only", "HEAD"];
    let names = names(&run::output(root, WHAT, &arguments).ok()?).into_iter();
    Some(names.filter_map(|name| name.into_string().ok()).filter(|name| name.ends_with(ending)).collect())
}

/// Reads a file as the last commit has it; `None` where that has none, no text, or more than is read of a file.
pub fn committed(root: &Path, path: &str) -> Option<String> {
    let bytes = run::blob(root, &format!("HEAD:{path}"), contents::SIZE_LIMIT).ok()??;
    String::from_utf8(bytes).ok()
}
