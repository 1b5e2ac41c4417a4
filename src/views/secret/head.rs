//! The lines above a file's values: its recipients, the key that opened it, the time of the last save, the changes; or
//! the reason that it stays closed.

use crate::app::Scene;
use crate::model::Env;
use crate::programs::own_folder;
use crate::sops::Locked;
use crate::theme::Scope;
use crate::widgets::{Span, StyledLine, fit, wrap};
use crate::workflows::secret::document::Document;

/// The most recipients that are listed; more are counted, to leave room for the values.
const LISTED: usize = 3;

/// Names the environments that list a recipient; empty if none does.
fn owners(scene: &Scene<'_>, recipient: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (_, environment) in scene.facts.environments.iter() {
        if environment.recipients.iter().any(|one| one == recipient) {
            names.push(&environment.name);
        }
    }
    names.join(", ")
}

/// Writes a public key after its description, as its end may be cut.
fn whose(recipient: &str, words: &str) -> String {
    let words = words.trim_start_matches(", ");
    if words.is_empty() { recipient.to_owned() } else { format!("{words}: {recipient}") }
}

/// Shortens a path below the home folder as shells do.
fn home_tilde(source: &str) -> String {
    let home = own_folder("HOME").map(|home| home.display().to_string()).unwrap_or_default();
    match source.strip_prefix(&home) {
        Some(rest) if home.len() > 1 && rest.starts_with('/') => format!("~{rest}"),
        _ => source.to_owned(),
    }
}

fn labelled(label: &str, text: &str, scope: Scope, width: usize, scene: &Scene<'_>) -> StyledLine<'static> {
    StyledLine::from(vec![
        Span::styled(format!(" {label:<9}"), scene.theme.style(Scope::Dim)),
        Span::styled(fit(text, width.saturating_sub(10)), scene.theme.style(scope)),
    ])
}

/// Writes the lines above the values.
pub fn lines(
    document: &Document,
    env: Option<Env>,
    saving: bool,
    width: usize,
    scene: &Scene<'_>,
) -> Vec<StyledLine<'static>> {
    let file = document.opened().file();
    let recipients = file.recipients();
    let mut lines = Vec::new();
    for (index, recipient) in recipients.iter().take(LISTED).enumerate() {
        let label = if index == 0 { "for" } else { "" };
        let opener = document.opened().openers().iter().find(|one| one.recipient.as_ref() == Some(recipient));
        let mine = opener.map(|opener| format!("opened with it, from {}", home_tilde(&opener.source)));
        let words: Vec<String> = [Some(owners(scene, recipient)), mine].into_iter().flatten().collect();
        let text = whose(recipient, &words.join(", "));
        lines.push(labelled(label, &text, Scope::Lock, width, scene));
    }
    if recipients.len() > LISTED {
        let more = format!("and {} more", recipients.len() - LISTED);
        lines.push(labelled("", &more, Scope::Dim, width, scene));
    }
    if let Some(environment) = env.and_then(|env| scene.facts.environment(env))
        && !environment.recipients.is_empty()
        && !recipients.iter().any(|one| environment.recipients.contains(one))
    {
        let text = format!("Flux in {} cannot open it: it is not encrypted for its key", environment.name);
        lines.push(labelled("warning", &text, Scope::Error, width, scene));
    }
    let modified = file.last_modified().map_or_else(|| "at an unknown time".to_owned(), |at| at.to_string());
    let text = format!("{modified} by sops {}; MAC verified", file.version());
    lines.push(labelled("saved", &text, Scope::Text, width, scene));
    if let Some(ruling) = &document.ruling {
        lines.push(labelled("rule", &ruling.description(file), Scope::Text, width, scene));
        if !ruling.differences.is_empty() {
            let text =
                format!("{}; :secret-update-keys or :secret-encrypt-anew applies it", ruling.differences.join("; "));
            lines.push(labelled("differs", &text, Scope::Error, width, scene));
        }
    }
    let hazards = file.hazards();
    if let Some(first) = hazards.first() {
        let more = if hazards.len() > 1 { format!(" ({} more places)", hazards.len() - 1) } else { String::new() };
        let text = format!("line {}: {}{more}", first.line, first.what);
        lines.push(labelled("warning", &text, Scope::Error, width, scene));
    }
    let changes = document.changes();
    let (text, scope) = match changes.as_slice() {
        _ if saving => ("being saved".to_owned(), Scope::Progressing),
        [] => ("nothing".to_owned(), Scope::Dim),
        paths => (format!("{}: {}", paths.len(), paths.join(", ")), Scope::Added),
    };
    lines.push(labelled("changed", &text, scope, width, scene));
    lines
}

/// Writes why a file stays closed: the fault, the cause, the remedy, its recipients, the keys at hand.
pub fn locked(locked: &Locked, width: usize, scene: &Scene<'_>) -> Vec<StyledLine<'static>> {
    let theme = scene.theme;
    let mut lines: Vec<StyledLine<'static>> = Vec::new();
    let mut put = |text: &str, scope: Scope| {
        lines.extend(wrap(text, width).into_iter().map(|line| StyledLine::styled(line, theme.style(scope))));
    };
    put(&locked.fault.what, Scope::Error);
    put(&format!("Why: {}.", locked.fault.why), Scope::Text);
    put(&format!("What to do: {}.", scene.keymap.written(&locked.fault.todo)), Scope::Text);
    put("", Scope::Text);
    if !locked.recipients.is_empty() {
        put("It is encrypted for:", Scope::Heading);
        for recipient in &locked.recipients {
            put(&whose(recipient, &owners(scene, recipient)), Scope::Lock);
        }
        put("Keys at hand:", Scope::Heading);
        if locked.at_hand.is_empty() {
            put("none", Scope::Dim);
        }
        for recipient in &locked.at_hand {
            put(&whose(recipient, &owners(scene, recipient)), Scope::Text);
        }
        for problem in &locked.problems {
            put(problem, Scope::Dim);
        }
        put("", Scope::Text);
    }
    let keys = "The file is untouched. ‹key:open› tries again; ‹key:secret-edit› takes a private key for this session.";
    put(&scene.keymap.written(keys), Scope::Dim);
    lines
}
