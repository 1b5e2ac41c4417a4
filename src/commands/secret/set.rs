//! Writes changed values into an encrypted file: the second step of `save`, and `fluxdeck secret set`.

use super::{SCOPE, SopsVerb};
use crate::app::{Action, Ask, Command, Risk};
use crate::commands::known;
use crate::commands::verb::lesson;
use crate::model::{Lesson, ShellLine};
use crate::views::secret::EditorAction;

/// Saves the changes; the editor requests it once it has shown them.
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
    let lines: Option<Vec<Vec<String>>> = ask.answer("shell").and_then(|lines| serde_json::from_str(lines).ok());
    let opened = || known::file(ask).map(|file| ShellLine::from("sops edit").path(file));
    let verb = lines.as_ref().and_then(|lines| lines.first()?.get(1).cloned());
    let docs = match verb.as_deref() {
        Some("set") => "https://getsops.io/docs/#set-a-sub-part-in-a-document-tree",
        Some("unset") => super::page(SopsVerb::Unset),
        _ => super::page(SopsVerb::Edit),
    };
    let lines = lines.map(|lines| ShellLine::from_words(&lines)).or_else(opened);
    let places = known::places(ask);
    let changes = ask.answer("paths").map_or_else(|| "the changed values".to_owned(), str::to_owned);
    lesson(
        lines.unwrap_or_default(),
        &format!(
            "In the file only {changes} change, besides lastmodified and mac; the cluster has them once they are committed, pushed and reconciled."
        ),
        "git diff, then the Secret in the cluster; pods read it when they start.",
        docs,
    )
    .about(if places.is_empty() { "of several environments" } else { &places })
}
