//! Writes changed values into an encrypted file: what `save` asks for, and what `fluxdeck secret set` does.

use super::{SCOPE, file};
use crate::app::{Action, Ask, Command, Risk};
use crate::commands::verb::lesson;
use crate::model::{Lesson, ShellLine};
use crate::views::secret::EditorAction;

/// Saves the changes; the editor asks for it once it has shown which they are.
pub static COMMAND: Command = Command {
    id: "secret-set",
    title: "Save the secret",
    keys: &[],
    scope: SCOPE,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| vec![Action::Hand(Box::new(EditorAction::Save(ask.permit)))],
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let env = ask.targets.first().and_then(crate::app::CommandTarget::env);
    let place = env.map_or("of several environments", |env| ask.facts.name(env));
    let lines = ask.answer("shell").and_then(|lines| serde_json::from_str(lines).ok());
    let lines = lines.unwrap_or_else(|| vec![vec!["sops".to_owned(), "edit".to_owned(), file(ask)]]);
    let changes = ask.answer("paths").map_or_else(|| "the changed values".to_owned(), str::to_owned);
    lesson(
        ShellLine::from_words(&lines).remark(place),
        &format!(
            "In the file only {changes} change, besides lastmodified and mac; the cluster has them once they are committed, pushed and reconciled."
        ),
        "git diff, then the Secret in the cluster; pods read it when they start.",
        "https://getsops.io/docs/",
    )
}
