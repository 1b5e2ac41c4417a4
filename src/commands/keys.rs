//! Shows for whom an environment's secrets are encrypted, and whether its key is where it must be.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::model::ShellLine;
use crate::views::keys::Keys;

/// Opens the screen of keys and recipients.
pub static COMMAND: Command = Command {
    id: "age-keys",
    title: "Keys and recipients",
    keys: &["A"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let env = ask.env();
        let (context, name) = (ask.context(env), ask.facts.name(env));
        lesson(
            ShellLine::new(
                "grep -rl '^sops:' apps infrastructure | xargs grep -H 'recipient:' && kubectl get secret sops-age -n flux-system --context {}",
                &[context],
            )
            .remark(name),
            "Four things must agree: the key at hand, .sops.yaml, the files, and the cluster's sops-age. A key is replaced by bringing them from one agreement to the next.",
            "the first line that is not in order; enter does what it says.",
            "https://fluxcd.io/flux/guides/mozilla-sops/",
        )
    },
    run: |ask| {
        let env = ask.env();
        vec![Action::Push(Box::new(Keys::new(env)))]
    },
};
