//! Edits the selected file: an encrypted one in the secret editor, any other in the user's own editor.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Risk};
use crate::model::{Lesson, ShellLine};
use crate::views::parts::editor;
use crate::views::secret;

/// Opens an encrypted file for editing.
///
/// It only reads as far as clusters are concerned, so --read-only and protected environments permit it: it changes a
/// file of the working tree, as an editor in another window would. Saving a secret is a write of its own.
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

/// Returns the sops line for the selected file, with the key of its environment.
pub(super) fn sops_line(ask: &Ask<'_>, verb: &'static str) -> ShellLine {
    let (env, file) = match ask.targets.first() {
        Some(CommandTarget::File(env, file)) => (env.or_else(|| ask.facts.environment_of(file)), file.as_str()),
        _ => return ShellLine::default(),
    };
    let key = env.and_then(|env| ask.facts.key_files.get(env)?.as_ref());
    let key = key.map_or_else(String::new, |key| key.display().to_string());
    ShellLine::default().option("SOPS_AGE_KEY_FILE={} ", &key).and_then("sops ", &[]).and_then(verb, &[]).path(file)
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let file = ask.targets.first().map_or_else(String::new, CommandTarget::name);
    if ask.targets.first().is_some_and(|target| secret::open(target, ask).is_none()) {
        return lesson(
            ShellLine::from("${VISUAL:-${EDITOR:-vi}}").path(&file),
            "Flux applies what is committed and pushed: until then the change is yours alone.",
            "the mark M beside the file, and git diff.",
            "https://fluxcd.io/flux/concepts/#gitops",
        );
    }
    lesson(
        sops_line(ask, "edit"),
        "The values are decrypted in memory only, masked until you reveal them, and changed where they stand.",
        "the line `MAC verified`: nobody changed the file without its key.",
        "https://getsops.io/docs/#usage",
    )
}
