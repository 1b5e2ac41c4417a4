//! Names of the files that git tracks or would track.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;

use super::super::scan::Listing;
use super::run;
use crate::model::Fault;

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

fn collect(root: &Path, mut child: Child, limit: usize, listing: &mut Listing) -> Result<(), Fault> {
    let mut full = false;
    if let Some(stdout) = child.stdout.take() {
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
        let _ = child.kill();
        let _ = child.wait();
        return Ok(());
    }
    let output = child.wait_with_output().map_err(|error| run::not_started(WHAT, &error))?;
    if output.status.success() { Ok(()) } else { Err(run::refused(WHAT, root, &output.stderr)) }
}
