//! The tab of events: the recent events of the object, newest first.

use jiff::Timestamp;

use crate::cluster::Event;
use crate::model::clock::age;
use crate::theme::Scope;
use crate::views::parts::loaded::Loaded;
use crate::views::parts::page::PageLine;

/// Writes the events.
pub(in crate::views) fn lines(events: &Loaded<Vec<Event>>, now: Timestamp) -> Vec<PageLine> {
    let Some(all) = &events.value else { return events.in_place() };
    if all.is_empty() {
        let text = "no events: clusters keep them for an hour, unless told otherwise";
        return vec![PageLine::wrapped(text, Scope::Text)];
    }
    all.iter().rev().map(|event| line(event, now)).collect()
}

/// The number of warnings in the overview; all events have their tab.
const WARNINGS: usize = 3;

/// Writes the last warnings, for the overview; nothing if there are none.
pub(super) fn warnings(events: &Loaded<Vec<Event>>, now: Timestamp) -> Vec<PageLine> {
    let all = events.value.as_deref().unwrap_or_default();
    all.iter().rev().filter(|event| event.kind == "Warning").take(WARNINGS).map(|event| line(event, now)).collect()
}

fn line(event: &Event, now: Timestamp) -> PageLine {
    let bad = event.kind == "Warning";
    let (sign, scope) = if bad { ("x", Scope::Failed) } else { ("=", Scope::Ready) };
    let old = event.at.map(|at| age(now, at)).unwrap_or_default();
    let count = if event.count > 1 { format!("({} times) ", event.count) } else { String::new() };
    let from = if event.from.is_empty() { String::new() } else { format!("  (from {})", event.from) };
    PageLine::wrapped(format!("{count}{}{from}", event.message.trim_end()), Scope::Text)
        .cell(old, Scope::Dim)
        .cell(sign, scope)
        .cell(&event.reason, if bad { Scope::Failed } else { Scope::Title })
}
