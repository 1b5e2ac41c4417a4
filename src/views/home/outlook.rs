//! The outlook below the lines of a panel with enough room: pods that are not ready, warnings of the last minutes,
//! certificates that end soon, and the last applied commits.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::applied::AppliedCommits;
use super::environment::PanelItem;
use super::flow::FlowLine;
use crate::app::health::{pod_why, state_scope};
use crate::app::{Facts, KindTable};
use crate::kinds;
use crate::model::clock::{age, until};
use crate::model::{Connection, Env, ObjectRef, Row, State};
use crate::theme::Scope;
use crate::widgets::{fit, fit_middle};

/// The most lines of one group; no screen shows more.
const MOST: usize = 30;

/// The least rows of a group: its heading and a line.
const LEAST: usize = 2;

/// Holds the groups, the most urgent first.
#[derive(Debug, Default)]
pub(super) struct Outlook(Vec<Group>);

#[derive(Debug)]
struct Group {
    heading: String,
    lines: Vec<OutlookLine>,
}

/// Holds one line: its age, its text, and its colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutlookLine {
    when: String,
    text: String,
    /// The colour.
    pub(super) scope: Scope,
    /// The object or commit that it is about, which can be selected.
    pub(super) about: Option<PanelItem>,
}

impl OutlookLine {
    /// Builds a line that cannot be selected.
    pub(super) fn new(when: String, text: String, scope: Scope) -> Self {
        Self { when, text, scope, about: None }
    }

    /// Names what it is about.
    pub(super) fn about(self, item: PanelItem) -> Self {
        Self { about: Some(item), ..self }
    }

    /// Writes it to a width, and shortens it in the middle: the cause is at the end.
    pub(super) fn write(&self, width: usize) -> String {
        if self.when.is_empty() {
            return fit(&self.text, width);
        }
        let when = format!("  {:>4}  ", self.when);
        let room = width.saturating_sub(when.len());
        format!("{when}{}", fit_middle(&self.text, room))
    }
}

impl Outlook {
    /// Builds the outlook of an environment; `flow` has the lines of its panel.
    pub(super) fn of(facts: &Facts, env: Env, flow: &[FlowLine], applied: &AppliedCommits) -> Self {
        let groups = [
            pods(facts, env),
            warnings(facts, env, flow),
            certificates(facts, env),
            applied.lines(facts, env).map(|lines| Group { heading: "applied last".to_owned(), lines }),
        ];
        Self(groups.into_iter().flatten().collect())
    }

    /// Chooses the lines for a number of rows: the first of each group, as long as there is room, then more of each in
    /// turn.
    pub(super) fn lines(&self, room: usize) -> Vec<OutlookLine> {
        let mut shown: Vec<(&Group, usize)> = Vec::new();
        let mut left = room;
        for group in &self.0 {
            let least = LEAST.min(1 + group.lines.len());
            if left < least {
                break;
            }
            left -= least;
            shown.push((group, group.lines.len().min(1)));
        }
        while left > 0 && shown.iter().any(|(group, count)| *count < group.lines.len()) {
            for (group, count) in &mut shown {
                if left > 0 && *count < group.lines.len() {
                    *count += 1;
                    left -= 1;
                }
            }
        }
        let of_group = |(group, count): (&Group, usize)| {
            let heading = OutlookLine::new(String::new(), group.heading.clone(), Scope::Dim);
            std::iter::once(heading).chain(group.lines.iter().take(count).cloned()).collect::<Vec<_>>()
        };
        shown.into_iter().flat_map(of_group).collect()
    }
}

/// Returns the note for a heading, or a group that reports the missing permission; `None` if nothing is known.
fn how_seen(table: &KindTable, what: &str) -> Option<Result<&'static str, Group>> {
    match &table.link {
        Connection::Live => Some(Ok("")),
        Connection::Polled(_) => Some(Ok(", listed now and then")),
        Connection::Partial(_) => Some(Ok(", some namespaces only")),
        Connection::Forbidden(_) => {
            Some(Err(Group { heading: format!("not allowed to read {what}"), lines: Vec::new() }))
        }
        // The panel reports the lost connection, and the known rows stay.
        Connection::Degraded(_) | Connection::Unreachable(_) if !table.rows.is_empty() => Some(Ok(", as last known")),
        _ => None,
    }
}

/// Lists the pods that are not ready, the worst first. They are watched while a workload is not ready.
fn pods(facts: &Facts, env: Env) -> Option<Group> {
    let table = facts.table(env, kinds::POD)?;
    let part = match how_seen(table, "pods")? {
        Ok(part) => part,
        Err(group) => return Some(group),
    };
    let now = facts.now_in(env);
    let mut unready: Vec<&Row> = table.rows.iter().filter(|row| row.state != State::Ready).collect();
    if unready.is_empty() {
        return None;
    }
    let rank = |state: State| match state {
        State::Failed => 0,
        State::Waiting => 1,
        _ => 2,
    };
    unready.sort_by_key(|row| (rank(row.state), std::cmp::Reverse(row.since)));
    let heading = format!("pods not ready: {}{part}", unready.len());
    let told = |row: &&Row| {
        let since = row.since.map_or_else(|| "?".to_owned(), |since| age(now, since));
        let text = format!("{}/{}  {}", row.key.namespace, row.key.name, pod_why(facts, env, row));
        let object = kinds::POD.object(&row.key.namespace, &row.key.name);
        OutlookLine::new(since, text, state_scope(row.state)).about(PanelItem::Object(object))
    };
    Some(Group { heading, lines: unready.iter().take(MOST).map(told).collect() })
}

/// Tells whether a warning is about a pod: it may belong to no workload, so that all pods are worth a watch.
pub(super) fn has_warned_of_pods(facts: &Facts, env: Env) -> bool {
    let rows = facts.table(env, kinds::WARNING).into_iter().flat_map(|table| &table.rows);
    rows.filter_map(|row| row.cells.get(1)).any(|object| object.starts_with("Pod/"))
}

/// Lists the warnings of the last minutes, the newest first, each reason of an object once, without the objects whose
/// message is in a line of the panel.
fn warnings(facts: &Facts, env: Env, flow: &[FlowLine]) -> Option<Group> {
    let table = facts.table(env, kinds::WARNING)?;
    let part = match how_seen(table, "events")? {
        Ok(part) => part,
        Err(group) => return Some(group),
    };
    let now = facts.now_in(env);
    let said: BTreeSet<String> =
        flow.iter().filter(|line| line.message.is_some()).map(|line| line.object.to_string()).collect();
    let mut rows: Vec<&Row> = table.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.created));
    let (mut seen, mut lines, mut count, mut repeated) = (BTreeSet::new(), Vec::new(), 0_usize, false);
    for row in rows {
        let [reason, object, times] = &*row.cells else { continue };
        let (reason, object, times) = (&**reason, &**object, &**times);
        if !seen.insert((reason, object)) {
            continue;
        }
        if said.contains(object) {
            repeated = true;
            continue;
        }
        count += 1;
        if lines.len() < MOST {
            let line = warning(row, [reason, object, times], now);
            let about = object.parse().ok().map(kinds::complete).filter(|object| !is_gone(facts, env, object));
            lines.push(OutlookLine { about: about.map(PanelItem::Object), ..line });
        }
    }
    let heading = match (count, repeated) {
        (0, false) => format!("no warnings in the last 10 minutes{part}"),
        (0, true) => format!("no other warnings in the last 10 minutes{part}"),
        (count, _) => format!("warnings of the last 10 minutes: {count}{part}"),
    };
    Some(Group { heading, lines })
}

/// Tells whether an object is known not to be there any more: its events stay for an hour, and nothing can be done with it.
fn is_gone(facts: &Facts, env: Env, object: &ObjectRef) -> bool {
    let table = kinds::kind_of(object).and_then(|kind| facts.table(env, kind));
    table.is_some_and(|table| table.link == Connection::Live) && facts.row(env, object).is_none()
}

fn warning(row: &Row, [reason, object, times]: [&str; 3], now: Timestamp) -> OutlookLine {
    let times = if times == "1" { String::new() } else { format!(" x{times}") };
    let text = format!("{reason}{times} {object}: {}", kinds::essence(&row.message));
    OutlookLine::new(row.created.map(|at| age(now, at)).unwrap_or_default(), text, Scope::Waiting)
}

/// Lists the certificates that have expired or whose renewal is late, the nearest end first.
fn certificates(facts: &Facts, env: Env) -> Option<Group> {
    let table = facts.table(env, kinds::CERTIFICATE)?;
    let part = match how_seen(table, "certificates")? {
        Ok(part) => part,
        Err(group) => return Some(group),
    };
    let now = facts.now_in(env);
    let mut ending: Vec<(Timestamp, Option<Timestamp>, &Row)> = table
        .rows
        .iter()
        .filter_map(|row| kinds::certificate_ending(row, now).map(|(end, renewal)| (end, renewal, row)))
        .collect();
    if ending.is_empty() {
        return None;
    }
    ending.sort_by_key(|(end, ..)| *end);
    let told = |(end, renewal, row): &(Timestamp, Option<Timestamp>, &Row)| {
        let name = format!("{}/{}", row.key.namespace, row.key.name);
        let is_over = *end <= now;
        let ended = if is_over { format!(", ended {} ago", age(now, *end)) } else { String::new() };
        let late = renewal.map(|renewal| format!(", renewal {} late", age(now, renewal))).unwrap_or_default();
        let why = if row.message.is_empty() { String::new() } else { format!(": {}", kinds::essence(&row.message)) };
        let when = if is_over { "over".to_owned() } else { until(now, *end) };
        let scope = if is_over { Scope::Failed } else { Scope::Waiting };
        let object = kinds::CERTIFICATE.object(&row.key.namespace, &row.key.name);
        OutlookLine::new(when, format!("{name}{ended}{late}{why}"), scope).about(PanelItem::Object(object))
    };
    let heading = format!("certificates that end soon: {}{part}", ending.len());
    Some(Group { heading, lines: ending.iter().take(MOST).map(told).collect() })
}

#[cfg(test)]
mod tests {
    use super::{Group, Outlook, OutlookLine, Scope};

    #[test]
    fn each_group_has_a_line_before_any_has_two() {
        let group = |name: &str, count: usize| Group {
            heading: name.to_owned(),
            lines: (0..count).map(|at| OutlookLine::new("1m".to_owned(), format!("{name}{at}"), Scope::Text)).collect(),
        };
        let outlook = Outlook(vec![group("a", 3), group("b", 0), group("c", 2)]);
        let texts = |room: usize| outlook.lines(room).into_iter().map(|line| line.text).collect::<Vec<_>>().join(" ");
        assert_eq!(texts(1), "");
        assert_eq!(texts(2), "a a0");
        assert_eq!(texts(4), "a a0 a1 b");
        assert_eq!(texts(5), "a a0 b c c0");
        assert_eq!(texts(6), "a a0 a1 b c c0");
        assert_eq!(texts(99), "a a0 a1 a2 b c c0 c1");
    }
}
