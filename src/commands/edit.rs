//! Edits the selected file: an encrypted one opens in the secret editor, any other in the operator's own editor.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Risk};
use crate::model::{Lesson, ShellLine};
use crate::views::parts::editor;
use crate::views::secret;

/// Opens an encrypted file for editing.
///
/// It reads as far as clusters are concerned, so that --read-only and protected environments let it pass: what changes is a file of the
/// working tree, as an editor in another window would change it. Saving a secret is a write of its own.
pub static COMMAND: Command = Command {
    id: "edit",
    title: "Edit",
    keys: &["e"],
    scope: KeyScope::File(|_| true),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| {
        let Some(target) = ask.targets.first() else { return Vec::new() };
        match (secret::open(target, ask), target) {
            (Some(view), _) => vec![Action::Push(view)],
            (None, CommandTarget::File(_, path)) => editor::open(path, ask.facts),
            (None, _) => Vec::new(),
        }
    },
};

/// Writes the line of sops on the selected file, with the key of the environment that it belongs to.
pub(super) fn sops_line(ask: &Ask<'_>, flag: &'static str) -> ShellLine {
    let (env, file) = match ask.targets.first() {
        Some(CommandTarget::File(env, file)) => (env.or_else(|| ask.facts.environment_of(file)), file.as_str()),
        _ => (None, "FILE"),
    };
    let key = env.and_then(|env| ask.facts.key_files.get(env)?.as_ref());
    let key = key.map_or_else(|| "KEY".to_owned(), |key| key.display().to_string());
    ShellLine::new("SOPS_AGE_KEY_FILE={} sops", &[&key]).and_then(flag, &[]).path(file)
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let file = ask.targets.first().map_or_else(|| "FILE".to_owned(), CommandTarget::name);
    if ask.targets.first().is_some_and(|target| secret::open(target, ask).is_none()) {
        return lesson(
            ShellLine::from("${VISUAL:-$EDITOR}").path(&file),
            "Flux applies what is committed and pushed: until then the change is yours alone.",
            "the mark M beside the file, and git diff.",
            "https://git-scm.com/docs/git-diff",
        );
    }
    lesson(
        sops_line(ask, ""),
        "The values are decrypted in memory only, masked until you reveal them, and changed where they stand.",
        "the line `MAC verified`: nobody changed the file without its key.",
        "https://getsops.io/docs/#usage",
    )
}
