//! Shows the recipients of an environment's secrets, and whether its key is in its places.

use super::known::{self, without_environment};
use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::model::ShellLine;
use crate::views::keys::Keys;

/// Opens the screen of keys and recipients.
pub static COMMAND: Command = Command {
    id: "age-keys",
    title: "Keys and recipients",
    keys: &["A"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let env = ask.env();
        let known = ask.facts.repository.as_ref().map(|known| known.age_secrets(ask.facts.name(env)));
        let secrets = known.unwrap_or_default().into_iter().map(|secret| {
            let words = [&*secret.name, &*secret.namespace, ask.context(env)];
            ShellLine::new("kubectl describe secret {} -n {} --context {}", &words)
        });
        lesson(
            known::lines(std::iter::once("git grep -h -e 'recipient:' | sort | uniq -c".into()).chain(secrets)),
            "Four things must agree: the key at hand, .sops.yaml, the files, and the cluster's sops-age. A key is replaced by bringing them from one agreement to the next.",
            "the first line that is not in order; ‹key:open› does what it says.",
            "https://fluxcd.io/flux/guides/mozilla-sops/#encrypting-secrets-using-age",
        )
        .about(ask.facts.name(env))
    },
    run: |ask| {
        let env = ask.env();
        vec![Action::Push(Box::new(Keys::new(env)))]
    },
};
