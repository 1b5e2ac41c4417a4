//! Lists every secret of the repository beside what the clusters hold.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::model::ShellLine;
use crate::views::secrets::Secrets;

/// Opens the list of secrets.
pub static COMMAND: Command = Command {
    id: "secrets",
    title: "Secrets",
    keys: &["S"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let context = ask.context(ask.env());
        lesson(
            ShellLine::new(
                "git grep -l 'ENC\\[AES256_GCM'\nsops decrypt FILE | kubectl diff --context {} -f -   # prints values",
                &[context],
            ),
            "A secret can be in Git and not in the cluster, or be changed by hand there; the values are compared by hash in memory, and nothing is shown.",
            "keys that differ, and PLAIN in the third column; enter opens the editor.",
            "https://fluxcd.io/flux/guides/mozilla-sops/",
        )
    },
    run: |ask| vec![Action::Push(Box::new(Secrets::new(ask.env())))],
};
