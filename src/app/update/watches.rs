//! The watches: the kinds that are watched, and their events.

use jiff::Timestamp;

use crate::app::{App, Effect, KindTable, Layer, Watched};
use crate::cluster::WatchEvent;
use crate::kinds;
use crate::model::{Env, GroupKind, Kind, Row, RowKey};

impl App {
    pub(super) fn watched(&mut self, env: Env, kind: &'static Kind, generation: u64, change: WatchEvent) {
        let now = self.facts.now_in(env);
        let Some(table) = self.facts.tables.get_mut(env).and_then(|tables| tables.get_mut(&kind.group_kind())) else {
            return;
        };
        if table.generation != generation {
            return;
        }
        match change {
            WatchEvent::Link(link) => {
                if link.is_live() {
                    table.rows.complete();
                }
                table.link = link;
            }
            // A kind that fluxdeck knows has columns of its own.
            WatchEvent::Columns(_) => {}
            WatchEvent::Rows(mut rows) => {
                for row in &mut rows {
                    row.judge_by_clock(now);
                }
                table.rows.put(rows);
                keep_part(table, kind, now);
            }
            WatchEvent::Gone(keys) => table.rows.remove(&keys),
        }
    }

    /// Drops the outdated rows of kinds of which only a part is kept.
    pub(super) fn forget_old(&mut self) {
        for ((env, kind), watched) in &self.watched {
            let now = self.facts.now_in(*env);
            let table = self.facts.tables.get_mut(*env).and_then(|tables| tables.get_mut(kind));
            if let Some(table) = table.filter(|_| watched.kind.part.is_some()) {
                keep_part(table, watched.kind, now);
            }
        }
    }

    /// Starts the watches that views need and that do not run yet. Flux kinds are always watched.
    pub(super) fn watch_wanted(&mut self, effects: &mut Vec<Effect>) {
        let of_layer = |layer: &Layer| layer.view.watches(&self.scene(layer.ticket, true));
        let mut wanted: Vec<(Env, &'static Kind)> = self.layers.iter().flat_map(of_layer).collect();
        for (env, _) in self.facts.environments.iter() {
            wanted.extend(kinds::watched().map(|kind| (env, kind)));
        }
        for watched in self.watched.values_mut() {
            watched.wanted = false;
        }
        for (env, kind) in wanted {
            if self.facts.unconnected.get(env).is_none_or(Option::is_some) {
                continue;
            }
            if let Some(watched) = self.watched.get_mut(&(env, kind.group_kind())) {
                watched.wanted = true;
                continue;
            }
            let generation = self.next_generation;
            self.next_generation += 1;
            self.watched.insert((env, kind.group_kind()), Watched { kind, wanted: true });
            if let Some(tables) = self.facts.tables.get_mut(env) {
                tables.insert(kind.group_kind(), KindTable { generation, ..KindTable::default() });
            }
            effects.push(Effect::Watch { env, kind, generation });
        }
    }

    /// Ends watches that no view has needed since the last minute.
    pub(super) fn unwatch_unwanted(&mut self, effects: &mut Vec<Effect>) {
        let stale: Vec<(Env, GroupKind<'static>)> =
            self.watched.iter().filter(|(_, watched)| !watched.wanted).map(|(key, _)| *key).collect();
        for key in stale {
            if let Some(watched) = self.watched.remove(&key) {
                if let Some(tables) = self.facts.tables.get_mut(key.0) {
                    tables.remove(&key.1);
                }
                effects.push(Effect::Unwatch { env: key.0, kind: watched.kind });
            }
        }
    }

    /// Lets every view catch up with the facts of all environments.
    pub(super) fn facts_changed(&mut self, effects: &mut Vec<Effect>) {
        self.facts.judge();
        self.views_follow(effects);
    }

    /// Lets every view catch up with the facts, even the covered ones: they are current when the user returns to them.
    pub(super) fn views_follow(&mut self, effects: &mut Vec<Effect>) {
        for index in 0..self.layers.len() {
            let Some(ticket) = self.layers.get(index).map(|layer| layer.ticket) else { continue };
            let actions = self.with_view(index, |view, scene| view.changed(scene));
            self.apply(ticket, actions, effects);
        }
    }
}

/// Keeps the wanted part of a kind's rows, up to a number: the oldest are dropped.
fn keep_part(table: &mut KindTable, kind: &Kind, now: Timestamp) {
    let Some(part) = kind.part else { return };
    let (mut kept, old): (Vec<&Row>, Vec<&Row>) = table.rows.iter().partition(|row| part.takes(row, now));
    kept.sort_by_key(|row| std::cmp::Reverse(row.created));
    let keys: Vec<RowKey> =
        old.into_iter().chain(kept.into_iter().skip(part.most)).map(|row| row.key.clone()).collect();
    table.rows.remove(&keys);
}
