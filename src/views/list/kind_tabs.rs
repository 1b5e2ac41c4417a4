//! The kinds of the list as tabs, each with the number of its objects that are not ready.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::app::health::state_scope;
use crate::app::{Facts, KindTable};
use crate::kinds;
use crate::model::{Connection, Env, GroupKind, Kind, Rows, State};
use crate::theme::Scope;
use crate::views::parts::row_list::urgency;
use crate::views::parts::tabs::TabLabel;

/// Holds the counts of each kind, with the revision of their rows.
#[derive(Debug, Default)]
pub(super) struct KindTabs(RefCell<BTreeMap<(Env, GroupKind<'static>), (u64, Tally)>>);

/// Counts the objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tally {
    all: usize,
    unready: usize,
    worst: State,
}

/// Returns the kinds with a tab: those that may have objects, and the one on the screen.
pub(super) fn kinds(facts: &Facts, env: Env, shown: &Kind) -> Vec<&'static Kind> {
    let may_be = |kind: &&'static Kind| {
        let is_empty =
            |table: &KindTable| (table.link.is_listed() || table.link == Connection::Absent) && table.rows.is_empty();
        // A Flux kind without a watch has a tab, too: it is counted once a Flux kind is shown.
        kind.group_kind() == shown.group_kind() || facts.table(env, kind).map_or(!kind.flux, |table| !is_empty(table))
    };
    kinds::KINDS.iter().copied().filter(may_be).collect()
}

impl KindTabs {
    /// Writes the tabs.
    pub(super) fn labels(&self, facts: &Facts, env: Env, shown: &Kind) -> Vec<TabLabel> {
        kinds(facts, env, shown).into_iter().map(|kind| self.label(facts, env, kind, shown)).collect()
    }

    fn label(&self, facts: &Facts, env: Env, kind: &'static Kind, shown: &Kind) -> TabLabel {
        let table = facts.table(env, kind).filter(|table| table.link.is_listed());
        let tally = table.map(|table| self.tally(env, kind, &table.rows));
        let (count, scope) = match tally {
            None => (String::new(), Scope::Dim),
            Some(Tally { all, unready: 0, .. }) => (format!(" {all}"), Scope::Dim),
            Some(Tally { all, unready, worst }) => (format!(" {}{unready}/{all}", worst.sign()), state_scope(worst)),
        };
        let is_shown = kind.group_kind() == shown.group_kind();
        TabLabel { text: kind.plural.to_owned(), mark: count, scope, is_shown }
    }

    fn tally(&self, env: Env, kind: &'static Kind, rows: &Rows) -> Tally {
        let mut known = self.0.borrow_mut();
        let place = (env, kind.group_kind());
        if let Some((_, tally)) = known.get(&place).filter(|(revision, _)| *revision == rows.revision()) {
            return *tally;
        }
        let mut tally = Tally { all: rows.len(), unready: 0, worst: State::Ready };
        for row in rows {
            tally.unready += usize::from(row.state != State::Ready);
            if urgency(row.state) < urgency(tally.worst) {
                tally.worst = row.state;
            }
        }
        known.insert(place, (rows.revision(), tally));
        tally
    }
}
