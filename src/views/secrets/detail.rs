//! What is known of the selected secret: where it is, for whom, how each key stands, and who uses it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{Secrets, key};
use crate::app::Scene;
use crate::app::live_secret::{KeyState, Standing, Use};
use crate::model::clock::age;
use crate::repo::secrets::SecretEntry;
use crate::theme::Scope;
use crate::widgets::{panel, wrap};

/// A line of the details: its parts with their styles.
pub(super) type Detail = Vec<(String, Scope)>;

impl Secrets {
    pub(super) fn detail(&self, entry: &SecretEntry, scene: &Scene<'_>, width: u16) -> Vec<Detail> {
        let width = usize::from(width).max(20);
        let mut lines: Vec<Detail> = Vec::new();
        let mut say = |label: &str, text: &str, scope: Scope| {
            for (index, part) in wrap(text, width.saturating_sub(9)).into_iter().enumerate() {
                let label = if index == 0 { label } else { "" };
                lines.push(vec![(format!("{label:9}"), Scope::Dim), (part, scope)]);
            }
        };
        let by = entry.kustomization.as_ref().map(|by| format!("  read by Kustomization {by}")).unwrap_or_default();
        let document = if entry.document > 0 { format!("  document {}", entry.document) } else { String::new() };
        say("file", &format!("{}{document}{by}", entry.file), Scope::Text);
        if let Some(problem) = &entry.problem {
            say("problem", problem, Scope::Failed);
        } else if entry.encrypted {
            let rule = entry.rule.as_deref().unwrap_or_default();
            let version = entry.version.as_deref().unwrap_or_default();
            say("rule", &format!("{rule}  (sops {version})"), Scope::Dim);
        } else {
            let todo = "it is in plain text: `fluxdeck secret encrypt FILE` encrypts it, and its values must be changed if it was ever pushed";
            say("problem", todo, Scope::Failed);
        }
        if let Some(change) = &entry.last_change {
            let ago = change.at.map(|at| age(scene.facts.now, at)).unwrap_or_default();
            let commit: String = change.commit.chars().take(7).collect();
            say("changed", &format!("{ago} ago by {}, {commit}", change.author), Scope::Dim);
        }
        let standing = self.standing.get(&key(entry));
        match standing {
            Some(Standing::Compared(keys)) => lines.extend(compared(keys, width)),
            Some(Standing::Unknown(fault)) => say("live", &format!("{}: {}", fault.what, fault.why), Scope::Error),
            Some(other) => say("live", &other.words(), Scope::Text),
            None => say("keys", &entry.keys.join("  "), Scope::Text),
        }
        let mut say = |text: &str, scope: Scope| {
            let count = lines.len();
            for part in wrap(text, width.saturating_sub(9)) {
                let label = if lines.len() == count { "used by" } else { "" };
                lines.push(vec![(format!("{label:9}"), Scope::Dim), (part, scope)]);
            }
        };
        match self.users.get(&key(entry)) {
            Some(Ok(found)) if found.is_empty() => say("nothing in its namespace names it", Scope::Dim),
            Some(Ok(found)) => say(&found.iter().map(used).collect::<Vec<_>>().join("; "), Scope::Text),
            Some(Err(fault)) => say(&format!("not known: {}", fault.why), Scope::Dim),
            None if entry.is_object() => say("...", Scope::Dim),
            None => {}
        }
        lines
    }
}

fn used(one: &Use) -> String {
    let hint = if one.restart { ": restart it to see a change" } else { "" };
    format!("{}/{} ({}{hint})", one.object.kind, one.object.name, one.how)
}

/// Writes the keys, as many on a line as there is room for; those that differ first.
fn compared(keys: &[(String, KeyState)], width: usize) -> Vec<Detail> {
    let mut keys: Vec<&(String, KeyState)> = keys.iter().collect();
    keys.sort_by_key(|(_, state)| *state == KeyState::Same);
    let mut lines: Vec<Detail> = Vec::new();
    let mut room = 0;
    for (key, state) in keys {
        let words = if *state == KeyState::Same { String::new() } else { format!(" {}", state.words()) };
        let text = format!("{} {key}{words}  ", state.sign());
        let cells = text.chars().count();
        if cells > room || lines.is_empty() {
            let label = if lines.is_empty() { "keys" } else { "" };
            lines.push(vec![(format!("{label:9}"), Scope::Dim)]);
            room = width.saturating_sub(9);
        }
        room = room.saturating_sub(cells);
        let scope = match state {
            KeyState::Same => Scope::Ready,
            _ => Scope::Failed,
        };
        if let Some(line) = lines.last_mut() {
            line.push((text, scope));
        }
    }
    lines
}

pub(super) fn render(frame: &mut Frame<'_>, area: Rect, detail: &[Detail], scene: &Scene<'_>) {
    let inside = panel(frame, area, "selected", false, scene.theme);
    let span = |(text, scope): &'_ (String, Scope)| Span::styled(text.clone(), scene.theme.style(*scope));
    let lines: Vec<Line<'_>> = detail.iter().map(|parts| parts.iter().map(span).collect()).collect();
    frame.render_widget(Paragraph::new(lines), inside);
}
