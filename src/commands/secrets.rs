//! Lists every secret of the repository beside the one in the clusters.

use super::known;
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
        let differs = known::secret(ask)
            .map(|file| ShellLine::new("sops decrypt {path} | kubectl diff -f - --context {}", &[&file, context]));
        lesson(
            known::lines(std::iter::once("git grep -l 'ENC\\[AES256_GCM'".into()).chain(differs)),
            "A secret can be in Git and not in the cluster, or be changed by hand there; the values are compared by hash in memory, and nothing is shown; the second line prints them.",
            "keys that differ, and PLAIN in the third column; ‹key:open› opens the editor.",
            "https://git-scm.com/docs/git-grep",
        )
    },
    run: |ask| vec![Action::Push(Box::new(Secrets::new(ask.env())))],
};
