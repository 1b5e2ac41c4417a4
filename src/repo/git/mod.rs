//! Data about the repository from the `git` program, so that hooks, signing, credentials, worktrees and sparse
//! checkouts are as the operator set them up.

mod cause;
mod change;
mod commit;
mod diff;
mod discard;
mod files;
mod fresh;
pub mod hook;
mod last_commit;
mod log;
mod pipes;
mod remote;
mod repository;
mod run;
mod seen;
mod status;
mod tree;
mod veil;

pub use cause::{asks, missed_terminal};
pub use change::{GitChange, amendable, head, stage, unstage};
pub use commit::{CommitDetails, commit_details, commit_diff, last_message, pushed_to};
pub use diff::{DiffKind, DiffLine, Side, lines as diff_lines, raw as diff};
pub use discard::{Measured, discard, discarding};
pub use files::{
    Staged, all_files, files, ignored, is_ignored, is_known, not_checked_out, object, staged, tracked_but_ignored,
};
pub use fresh::{Own, first_commit, in_bare};
pub use last_commit::{LastCommit, is_in_repository};
pub use log::{
    CommitEntry, commit_entry, commit_of_line, common, contains, cut_off, last_changes, log, log_between, log_from,
    log_of,
};
pub use remote::{Destination, destination};
pub use repository::Repository;
pub use run::OnTerminal;
pub use seen::{RemoteSight, SeenBy};
pub use status::{Counts, GitState, Head, Mark, UnfinishedOperation, Upstream};
pub use tree::{Between, CommitFolder, changed, check_out, commit};

pub(super) use files::list_files;
pub use status::commits_behind;

#[cfg(test)]
pub(crate) mod tests;
