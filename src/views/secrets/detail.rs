//! The details of the selected secret: its place, its recipients, the state of each key, and its users.

use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::cell::{is_for_another, whose};
use super::{Secrets, Users, key};
use crate::app::{Keymap, Scene};
use crate::model::clock::age;
use crate::model::{Env, State};
use crate::repo::secrets::{Sealing, SecretEntry};
use crate::repo::users::Use;
use crate::theme::Scope;
use crate::widgets::{Paragraph, Span, StyledLine, panel, wrap};
use crate::workflows::live_secret::{KeyState, SyncState};
use crate::workflows::secret_progress::{SecretProgress, Stage};

/// A line of the details: its parts with their styles.
pub(super) type Detail = Vec<(String, Scope)>;

/// The width of a label.
const LABEL: usize = 9;

/// Collects the details, wrapped to a width.
struct Details<'a> {
    keymap: &'a Keymap,
    width: usize,
    lines: Vec<Detail>,
}

impl Details<'_> {
    fn say(&mut self, label: &str, text: &str, scope: Scope) {
        let text = self.keymap.written(text);
        for (index, part) in wrap(&text, self.width.saturating_sub(LABEL)).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.lines.push(vec![(format!("{label:LABEL$}"), Scope::Dim), (part, scope)]);
        }
    }
}

impl Secrets {
    pub(super) fn detail(&self, scene: &Scene<'_>, width: u16) -> Vec<Detail> {
        let mut details = Details { keymap: scene.keymap, width: usize::from(width).max(20), lines: Vec::new() };
        match self.selected() {
            Some(entry) => self.of_entry(entry, scene, &mut details),
            None => self.of_gap(scene, &mut details),
        }
        details.lines
    }

    /// Describes a gap: the other environments have the secret.
    fn of_gap(&self, scene: &Scene<'_>, details: &mut Details<'_>) {
        let shown = self.shown();
        let Some(line) = shown.get(self.row) else { return };
        let env = scene.facts.name(Env(u8::try_from(self.column).unwrap_or(0)));
        let text = format!("{env} has no {} in Git; ‹key:secret-form› makes a new secret", line.title);
        details.say("file", &text, Scope::Text);
        for other in line.cells.iter().copied().flatten().filter_map(|index| self.entries().get(index)) {
            details.say(&other.env, &format!("{}: {}", other.file, other.keys.join("  ")), Scope::Dim);
        }
    }

    /// Writes the most urgent first: on a small screen the rest is cut.
    fn of_entry(&self, entry: &SecretEntry, scene: &Scene<'_>, details: &mut Details<'_>) {
        problems(entry, scene, details);
        match self.sync_state.get(&key(entry)) {
            Some(SyncState::Compared(keys)) => details.lines.extend(compared(keys, details.width)),
            Some(SyncState::Unknown(fault)) => {
                details.say("live", &format!("{}: {}. {}", fault.what, fault.why, fault.todo), Scope::Error);
            }
            Some(SyncState::Nothing(_)) | None => details.say("keys", &entry.keys.join("  "), Scope::Text),
            Some(other) => details.say("live", &other.description(), Scope::Text),
        }
        let env = scene.facts.find_environment(&entry.env);
        if let (Some(progress), Some(env)) = (self.progresses.get(&key(entry)), env) {
            details.say("why", &why(progress, env), Scope::Text);
        }
        if let Some(filler) = &entry.filled_by {
            let keys = if filler.keys.is_empty() { "all of it".to_owned() } else { filler.keys.join("  ") };
            details.say("filled", &format!("by {}: {keys}", filler.by), Scope::Dim);
        }
        self.of_others(entry, details);
        match self.users.get(&key(entry)) {
            Some(users) => details.say("used by", &used(users), Scope::Text),
            None if entry.is_object() && env.is_some() => details.say("used by", "...", Scope::Dim),
            None => {}
        }
        let by = entry.kustomization.as_ref().map(|by| format!("  read by Kustomization {by}")).unwrap_or_default();
        let document = if entry.document > 0 { format!("  document {}", entry.document) } else { String::new() };
        details.say("file", &format!("{}{document}{by}", entry.file), Scope::Text);
        if let Some(generator) = &entry.generator {
            let text = format!("the Secret {generator}, whose name gets a hash: it is not compared");
            details.say("made", &text, Scope::Dim);
        }
        rule(entry, scene, details);
        if let Some(change) = &entry.last_change {
            let ago = change.at.map(|at| age(scene.facts.now, at)).unwrap_or_default();
            let commit: String = change.commit.chars().take(7).collect();
            details.say("changed", &format!("{ago} ago by {}, {commit}", change.author), Scope::Dim);
        }
    }

    /// Lists the keys that the other environments have more or less: a promoted change would break without them.
    fn of_others(&self, entry: &SecretEntry, details: &mut Details<'_>) {
        let shown = self.shown();
        let Some(line) = shown.get(self.row) else { return };
        let own: BTreeSet<&String> = entry.keys.iter().collect();
        for other in line.cells.iter().copied().flatten().filter_map(|index| self.entries().get(index)) {
            let theirs: BTreeSet<&String> = other.keys.iter().collect();
            let list = |keys: Vec<&&String>| keys.into_iter().map(|key| key.as_str()).collect::<Vec<_>>().join(" ");
            let (more, less) = (list(theirs.difference(&own).collect()), list(own.difference(&theirs).collect()));
            let text = match (more.is_empty(), less.is_empty()) {
                (true, true) => continue,
                (false, true) => format!("has {more} more"),
                (true, false) => format!("has no {less}"),
                (false, false) => format!("has {more} more, and no {less}"),
            };
            details.say("keys", &format!("{} {text}", other.env), Scope::Error);
        }
    }
}

/// Lists the faults of the file itself.
fn problems(entry: &SecretEntry, scene: &Scene<'_>, details: &mut Details<'_>) {
    let mut say = |text: &str| details.say("problem", text, Scope::Failed);
    if let Some(problem) = &entry.problem {
        say(problem);
    }
    if entry.sealing() == Sealing::Plain {
        say(
            "it is in plain text: ‹key:secret-encrypt-selected› encrypts it as .sops.yaml says; its values must be changed if it was ever pushed",
        );
    }
    if entry.sealing() == Sealing::Part {
        say(&format!("in plain text: {}", entry.plain.join("  ")));
    }
    if is_for_another(entry, scene.facts) {
        say(&format!("{} cannot open it: it is for {}", entry.env, whose(entry, scene.facts)));
    }
    for difference in &entry.differences {
        say(difference);
    }
}

/// Describes the encrypted values, the recipients, and whether they match the configuration.
fn rule(entry: &SecretEntry, scene: &Scene<'_>, details: &mut Details<'_>) {
    let Some(rule) = &entry.rule else { return };
    let configured = match (&entry.configured, entry.differences.is_empty()) {
        (Some(name), true) => format!("as {name} says"),
        (Some(name), false) => format!("but see {name}"),
        (None, _) => "no .sops.yaml has a rule for it".to_owned(),
    };
    let version = entry.version.as_deref().unwrap_or_default();
    let text = format!("{rule}, {configured}; for {} (sops {version})", whose(entry, scene.facts));
    details.say("rule", &text, Scope::Dim);
}

/// Explains why the cluster differs from Git, and the remedy.
fn why(progress: &SecretProgress, env: Env) -> String {
    let (stage, reader) = progress.stage(env);
    let by = reader.map(|reader| reader.object.short()).unwrap_or_default();
    match (stage, reader.and_then(|reader| reader.state)) {
        (Stage::Uncommitted, _) => {
            "the file is not committed as it is: ‹key:rollout› rolls it out step by step".to_owned()
        }
        (Stage::Unpushed, _) => "its commit is not pushed: ‹key:rollout› rolls it out step by step".to_owned(),
        (Stage::Unapplied, Some(State::Suspended)) => format!("Flux is behind: {by} is suspended"),
        (Stage::Unapplied, Some(State::Failed | State::Waiting)) => {
            format!(
                "Flux is behind: {by} does not get that far; ‹key:open› on it among the Flux objects (‹key:flux›) tells why"
            )
        }
        (Stage::Unapplied, _) => {
            format!("Flux is behind: {by} has not applied the commit yet; ‹key:rollout› leads to it")
        }
        (Stage::Applied, _) => format!(
            "{by} has applied the commit, so somebody changed the cluster since: its next run, or a reconcile, brings back what Git has; keys that are only live stay"
        ),
    }
}

fn used(users: &Users) -> String {
    let one = |one: &Use| {
        let hint = if one.restart { ": restart it to see a change" } else { "" };
        format!("{}/{} ({}{hint})", one.object.kind, one.object.name, one.how)
    };
    let found = users.found.iter().map(one).collect::<Vec<_>>().join("; ");
    match (&users.fault, found.is_empty()) {
        (None, true) => "nothing in its namespace names it".to_owned(),
        (None, false) => found,
        (Some(fault), true) => format!("no manifest names it; the cluster was not asked: {}", fault.why),
        (Some(fault), false) => format!("{found}; by the manifests, the cluster was not asked: {}", fault.why),
    }
}

/// Writes the keys, as many on a line as there is room for; those that differ first.
fn compared(keys: &[(String, KeyState)], width: usize) -> Vec<Detail> {
    let mut keys: Vec<&(String, KeyState)> = keys.iter().collect();
    keys.sort_by_key(|(_, state)| state.is_good());
    let mut lines: Vec<Detail> = Vec::new();
    let mut room = 0;
    for (key, state) in keys {
        let words = if *state == KeyState::Same { String::new() } else { format!(" {}", state.description()) };
        let text = format!("{} {key}{words}  ", state.sign());
        let cells = text.chars().count();
        if cells > room || lines.is_empty() {
            let label = if lines.is_empty() { "keys" } else { "" };
            lines.push(vec![(format!("{label:9}"), Scope::Dim)]);
            room = width.saturating_sub(9);
        }
        room = room.saturating_sub(cells);
        let scope = match state {
            KeyState::Same | KeyState::Filled => Scope::Ready,
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
    let lines: Vec<StyledLine<'_>> = detail.iter().map(|parts| parts.iter().map(span).collect()).collect();
    frame.render_widget(Paragraph::new(lines), inside);
}
