//! The text of a line of the list: the column of an environment, and the parts of it that have room.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::board::Line;
use super::{Secrets, key};
use crate::app::{Facts, Scene};
use crate::model::Env;
use crate::model::clock::age;
use crate::model::signs;
use crate::repo::secrets::{Sealing, SecretEntry};
use crate::theme::Scope;
use crate::widgets::{Span, StyledLine as Text, fit, fit_end, fit_middle, pad};
use crate::workflows::live_secret::SyncState;
use crate::workflows::secret_progress::Stage;

/// The least width of a column beside another.
const NARROWEST: usize = 22;
/// The least width of the words on the state; longer ones, which report trouble, take the room of the next parts.
const WORDS: usize = 14;

/// Holds the shown columns with their widths.
pub(super) struct Columns {
    title: usize,
    shown: Range<usize>,
    width: usize,
}

/// Describes how much is encrypted.
pub(super) fn sealing(entry: &SecretEntry) -> (&'static str, Scope) {
    match entry.sealing() {
        Sealing::Whole => ("enc", Scope::Lock),
        Sealing::Part => ("PART PLAIN", Scope::Failed),
        Sealing::Plain => ("PLAIN", Scope::Failed),
        Sealing::Open if entry.filled_by.is_some() => ("filled in", Scope::Dim),
        Sealing::Open => ("no secret", Scope::Dim),
        Sealing::Broken => ("BROKEN", Scope::Failed),
    }
}

/// Names the environments whose keys open a file, else the number of recipients.
pub(super) fn whose(entry: &SecretEntry, facts: &Facts) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut others = 0_usize;
    for recipient in &entry.recipients {
        match facts.environments.iter().find(|(_, known)| known.recipients.contains(recipient)) {
            Some((_, known)) if !names.contains(&known.name.as_str()) => names.push(&known.name),
            Some(_) => {}
            None => others = others.saturating_add(1),
        }
    }
    match (names.is_empty(), others) {
        (true, 0) => "-".to_owned(),
        (true, others) => format!("{others} unknown"),
        (false, 0) => names.join(","),
        (false, others) => format!("{} +{others}", names.join(",")),
    }
}

/// Tells whether an environment reads a file that it cannot open, as far as its recipients are known.
pub(super) fn is_for_another(entry: &SecretEntry, facts: &Facts) -> bool {
    let own = facts.find_environment(&entry.env).and_then(|env| facts.environment(env));
    let known = own.is_some_and(|own| !own.recipients.is_empty());
    let opens = own.is_some_and(|own| own.recipients.iter().any(|one| entry.recipients.contains(one)));
    known && entry.encrypted && !entry.recipients.is_empty() && !opens
}

impl Secrets {
    pub(super) fn columns(&self, width: u16, facts: &Facts) -> Columns {
        let width = usize::from(width).saturating_sub(1);
        let longest = self.board.iter().map(|line| line.title.width()).max().unwrap_or(0);
        let count = facts.environments.len().max(1);
        let most = (width / 2).min(width.saturating_sub(2 * NARROWEST + 2)).max(16);
        let title = longest.clamp(10, most);
        let room = width.saturating_sub(title + 2);
        let fits = (room / NARROWEST).clamp(1, count);
        // The selected column is always among the shown ones.
        let first = self.column.min(count - 1).saturating_sub(fits - 1);
        Columns { title, shown: first..first + fits, width: room / fits }
    }

    pub(super) fn head(&self, columns: &Columns, scene: &Scene<'_>) -> Text<'static> {
        let mut text = format!(" {}  ", pad("OBJECT", columns.title));
        for column in columns.shown.clone() {
            let env = Env(u8::try_from(column).unwrap_or(0));
            let name = scene.facts.name(env);
            let count = self.entries().iter().filter(|entry| entry.env == name).count();
            let sign = if column == self.column { signs::SELECTED.sign } else { " " };
            text.push_str(&pad(&fit(&format!("{sign}{name} {count}"), columns.width), columns.width));
        }
        Text::styled(text, scene.theme.style(Scope::Heading))
    }

    pub(super) fn line(&self, line: &Line, selected: bool, columns: &Columns, scene: &Scene<'_>) -> Text<'static> {
        let theme = scene.theme;
        let scope = if selected { Scope::Selection } else { Scope::Text };
        let title = fit_middle(&line.title, columns.title);
        let gap = columns.title.saturating_sub(title.width());
        let mut spans = vec![
            Span::raw(if selected { signs::SELECTED.sign } else { " " }),
            Span::styled(title, theme.style(scope)),
            Span::raw(" ".repeat(gap + 2)),
        ];
        if let Some(entry) = line.unread.and_then(|index| self.entries().get(index)) {
            let (word, scope) = sealing(entry);
            spans.push(Span::styled(format!(" {word}  "), theme.style(scope)));
            let room = (columns.width * columns.shown.len()).saturating_sub(word.len() + 3);
            let text = format!("no environment reads it: {}", entry.file);
            spans.push(Span::styled(fit(&text, room), theme.style(Scope::Dim)));
            return Text::from(spans);
        }
        for column in columns.shown.clone() {
            let sign = if selected && column == self.column { signs::SELECTED.sign } else { " " };
            spans.push(Span::styled(sign, theme.style(Scope::Selection)));
            let room = columns.width.saturating_sub(2);
            let entry = line.cells.get(column).copied().flatten().and_then(|index| self.entries().get(index));
            let mut parts =
                entry.map_or_else(|| vec![("- none".to_owned(), Scope::Dim)], |entry| self.cell(entry, room, scene));
            let mut left = room;
            for (text, scope) in &mut parts {
                *text = fit(text, left);
                left = left.saturating_sub(text.width());
                spans.push(Span::styled(std::mem::take(text), theme.style(*scope)));
            }
            spans.push(Span::raw(" ".repeat(left + 1)));
        }
        Text::from(spans)
    }

    /// Writes an entry into a number of cells, the most important parts first.
    fn cell(&self, entry: &SecretEntry, room: usize, scene: &Scene<'_>) -> Vec<(String, Scope)> {
        let sync_state = self.sync_state.get(&key(entry));
        let (sign, scope) = match sync_state.map(SyncState::agrees) {
            None => (signs::PROGRESSING.sign, Scope::Progressing),
            Some(Some(true)) => (signs::READY.sign, Scope::Ready),
            Some(Some(false)) => (signs::FAILED.sign, Scope::Failed),
            Some(None) => (signs::UNKNOWN.sign, Scope::Unknown),
        };
        let mut parts = vec![(format!("{sign} "), scope)];
        // The fault of the file itself comes before the cluster's state, as not all words have room.
        let (sealed, sealed_scope) = sealing(entry);
        if sealed != "enc" {
            parts.push((format!("{sealed} "), sealed_scope));
        }
        let whose = whose(entry, scene.facts);
        if is_for_another(entry, scene.facts) {
            parts.push((format!("FOR {whose} "), Scope::Failed));
        }
        let told = if sync_state.is_some_and(|one| one.agrees() == Some(false)) { Scope::Failed } else { Scope::Dim };
        let room = room.saturating_sub(parts.iter().map(|(text, _)| text.width()).sum());
        let words = fit(&self.description(entry, scene.facts), room);
        parts.push((if words.width() < WORDS.min(room) { pad(&words, WORDS.min(room)) } else { words }, told));
        let mut room = room.saturating_sub(parts.last().map_or(0, |(text, _)| text.width()));
        let mut put = |text: String, scope: Scope| {
            let cells = text.width();
            if room >= cells {
                room -= cells;
                parts.push((text, scope));
            }
            room
        };
        let age = entry.last_change.as_ref().and_then(|change| change.at).map(|at| age(scene.facts.now, at));
        put(format!(" {}", pad(&age.unwrap_or_else(|| "new".to_owned()), 4)), Scope::Dim);
        if sealed == "enc" {
            put(format!(" {sealed}"), sealed_scope);
        }
        put(format!(" {}", pad(&keys(entry.keys.len()), 7)), Scope::Dim);
        let left = put(format!(" {}", pad(&whose, 10)), Scope::Dim);
        if left > NARROWEST {
            put(format!("  {}", fit_end(&entry.file, left - 2)), Scope::Dim);
        }
        parts
    }

    /// Describes the state of an entry, and the reason that its change waits.
    pub(super) fn description(&self, entry: &SecretEntry, facts: &Facts) -> String {
        let Some(sync_state) = self.sync_state.get(&key(entry)) else {
            return if entry.env.is_empty() { String::new() } else { "comparing...".to_owned() };
        };
        let words = sync_state.description();
        let stage = || Some(self.progresses.get(&key(entry))?.stage(facts.find_environment(&entry.env)?).0);
        match stage() {
            Some(Stage::Uncommitted) => format!("{words}, uncommitted"),
            Some(Stage::Unpushed) => format!("{words}, unpushed"),
            Some(Stage::Unapplied) => format!("{words}, Flux behind"),
            Some(Stage::Applied) => format!("drift: {words}"),
            None => words,
        }
    }
}

fn keys(count: usize) -> String {
    format!("{count} key{}", if count == 1 { "" } else { "s" })
}
