//! What git knows of the repository, asked of the `git` program, so that hooks, signing, credentials, worktrees and sparse checkouts are as
//! the operator set them up.

mod change;
mod diff;
mod files;
mod fresh;
pub mod hook;
mod last_commit;
mod log;
mod pipes;
mod remote;
mod repository;
mod run;
mod status;
mod tree;
mod veil;

pub use change::{GitChange, asks, head, missed_terminal, stage, unstage};
pub use diff::{DiffKind, DiffLine, Side, lines as diff_lines, raw as diff};
pub use files::{Staged, all_files, files, ignored, is_ignored, is_known, object, staged, tracked_but_ignored};
pub use fresh::{Own, first_commit, in_bare};
pub use last_commit::{LastCommit, is_in_repository};
pub use log::{CommitEntry, contains, last_changes, log, log_between, log_of};
pub use remote::{Destination, destination};
pub use repository::Repository;
pub use run::OnTerminal;
pub use status::{Counts, GitState, Head, Mark, UnfinishedOperation, Upstream};
pub use tree::{Between, changed, check_out, commit};

pub(super) use files::list_files;
pub use status::commits_behind;

#[cfg(test)]
pub(crate) mod tests;
