//! The column layout of a table: it fills the room, and the user scrolls to the columns that do not fit.

use std::cell::Cell;

/// The cells that every shown column has, if it needs them.
const READABLE: usize = 20;

/// The least cells of a name, which is cut in its middle, beside columns that stay in sight.
const NAME: usize = 16;

/// The least cells of any other column before the name, beside columns that stay in sight.
const NARROW: usize = 12;

/// The cells of the arrow at the edge, with a gap.
const ARROW: usize = 2;

/// The cells between two columns.
pub(crate) const GAP: usize = 1;

/// Gives each column its wanted width; if the room is too small, the widest columns shrink equally until all fit.
pub(crate) fn share(room: usize, asked: &[usize]) -> Vec<usize> {
    let mut given = vec![0; asked.len()];
    let mut order: Vec<usize> = (0..asked.len()).collect();
    order.sort_by_key(|column| asked.get(*column));
    let (mut room, mut left) = (room, asked.len());
    for column in order {
        let fair = room / left.max(1);
        let wanted = asked.get(column).copied().unwrap_or(0);
        let gets = wanted.min(fair);
        if let Some(width) = given.get_mut(column) {
            *width = gets;
        }
        room = room.saturating_sub(gets);
        left = left.saturating_sub(1);
    }
    given
}

/// Holds the shown columns of a list, and their widths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ColumnLayout {
    /// The widths of the fixed first columns.
    pub(crate) fixed: Vec<usize>,
    /// The places and widths of the other shown columns.
    pub(crate) shown: Vec<(usize, usize)>,
    /// Whether there are more to the left.
    pub(crate) before: bool,
    /// Whether there are more to the right.
    pub(crate) behind: bool,
}

/// Describes a column after the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ColumnNeed {
    /// The wanted width.
    pub(crate) asked: usize,
    /// Whether it stays in sight where others scroll away.
    pub(crate) is_kept: bool,
}

impl ColumnNeed {
    /// Returns the width with which it can be read.
    fn readable(self) -> usize {
        self.asked.min(READABLE)
    }
}

/// Holds the first column of a scrolled list; only drawing knows how far it can scroll.
#[derive(Debug, Default)]
pub(crate) struct ColumnScroll {
    first: Cell<usize>,
    behind: Cell<bool>,
}

impl ColumnScroll {
    /// Scrolls by a column, to the right or to the left.
    pub(crate) fn step(&self, to_right: bool) {
        let first = self.first.get();
        self.first.set(match to_right {
            true if self.behind.get() => first.saturating_add(1),
            true => first,
            false => first.saturating_sub(1),
        });
    }

    /// Goes back to the first column.
    pub(crate) fn rewind(&self) {
        self.first.set(0);
    }

    /// Tells whether a column is out of sight.
    pub(crate) fn is_cut(&self) -> bool {
        self.first.get() > 0 || self.behind.get()
    }

    /// Lays out a list in a room: `fixed` are the wanted widths of the columns that never scroll away, the last of them
    /// the name; `others` those of the rest.
    pub(crate) fn lay(&self, room: usize, fixed: &[usize], others: &[ColumnNeed]) -> ColumnLayout {
        // The name identifies a row: it may take more than another column before it shrinks.
        let least = fixed_widths(fixed, READABLE, READABLE.max(room * 2 / 5));
        let all = others.iter().map(|need| need.readable() + GAP).sum::<usize>();
        let is_whole = taken(&least) + all <= room + GAP;
        // An arrow at the edge shows that columns are out of sight.
        let room = if is_whole { room } else { room.saturating_sub(ARROW) };
        let (least, stays) = if is_whole { (least, true) } else { shrink(room, fixed, least, others) };
        let kept = |need: &ColumnNeed| stays && need.is_kept;
        let kept_room: usize = others.iter().filter(|need| kept(need)).map(|need| need.readable() + GAP).sum();
        let scrolled: Vec<(usize, &ColumnNeed)> = others.iter().enumerate().filter(|(_, need)| !kept(need)).collect();
        let free = (room + GAP).saturating_sub(taken(&least) + kept_room);
        let fitting = |columns: &mut dyn Iterator<Item = &(usize, &ColumnNeed)>| {
            let mut used = 0;
            let fits = |(_, need): &&(usize, &ColumnNeed)| {
                used += need.readable() + GAP;
                used <= free
            };
            columns.take_while(fits).count()
        };
        // Scrolling ends once the last column is in sight.
        let furthest = scrolled.len().saturating_sub(fitting(&mut scrolled.iter().rev()).max(1));
        let first = self.first.get().min(furthest);
        let count = fitting(&mut scrolled.iter().skip(first)).max(1);
        let window: Vec<usize> = scrolled.iter().skip(first).take(count).map(|(place, _)| *place).collect();
        let is_shown = |(place, need): &(usize, &ColumnNeed)| kept(need) || window.contains(place);
        let shown: Vec<(usize, &ColumnNeed)> = others.iter().enumerate().filter(is_shown).collect();
        let asked: Vec<usize> = fixed.iter().copied().chain(shown.iter().map(|(_, need)| need.asked)).collect();
        // One that scrolls is shown even where it cannot be read in full, or nothing would lead to it.
        let limit = |need: &ColumnNeed| if kept(need) { READABLE } else { free.saturating_sub(GAP) };
        let least: Vec<usize> =
            least.into_iter().chain(shown.iter().map(|(_, need)| need.readable().min(limit(need)))).collect();
        let more: Vec<usize> = asked.iter().zip(&least).map(|(asked, least)| asked.saturating_sub(*least)).collect();
        let spare = (room + GAP).saturating_sub(taken(&least));
        // What names a row is whole before any other column takes more than it needs.
        let (named, rest) = more.split_at_checked(fixed.len()).unwrap_or_default();
        let mut given = share(spare, named);
        given.extend(share(spare.saturating_sub(given.iter().sum()), rest));
        let mut widths = least.iter().zip(given).map(|(least, more)| least + more);
        let fixed: Vec<usize> = widths.by_ref().take(fixed.len()).collect();
        let shown: Vec<(usize, usize)> = shown.iter().map(|(place, _)| *place).zip(widths).collect();
        let behind = first + window.len() < scrolled.len();
        let layout = ColumnLayout { fixed, before: first > 0, behind, shown };
        self.first.set(first);
        self.behind.set(layout.behind);
        layout
    }
}

/// Shrinks the first columns as far as the kept columns and one more need it. Also tells whether the kept ones stay:
/// where there is no room for all of them, they scroll as the others do.
fn shrink(room: usize, fixed: &[usize], readable: Vec<usize>, others: &[ColumnNeed]) -> (Vec<usize>, bool) {
    let kept: usize = others.iter().filter(|need| need.is_kept).map(|need| need.readable() + GAP).sum();
    // The same for each column that scrolls by, so that the kept ones do not come and go.
    let widest = others.iter().filter(|need| !need.is_kept).map(|need| need.readable().min(READABLE / 2) + GAP).max();
    let free = (room + GAP).saturating_sub(kept + widest.unwrap_or(0));
    let name = readable.last().copied().unwrap_or(0);
    let over = taken(&fixed_widths(fixed, NARROW, name)).saturating_sub(free);
    let least = fixed_widths(fixed, NARROW, name.saturating_sub(over).max(NAME.min(name)));
    if taken(&least) <= free { (least, true) } else { (readable, false) }
}

/// Returns the widths of the first columns within their limits, the last of them that of the name.
fn fixed_widths(asked: &[usize], most: usize, name: usize) -> Vec<usize> {
    let last = asked.len().saturating_sub(1);
    let limit = |place: usize| if place == last { name } else { most };
    asked.iter().enumerate().map(|(place, asked)| (*asked).min(limit(place))).collect()
}

/// Returns the cells of columns with their gaps.
fn taken(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + GAP).sum()
}

#[cfg(test)]
mod tests {
    use super::{ColumnNeed, ColumnScroll, share};

    fn needs<const N: usize>(asked: [usize; N], kept: &[usize]) -> [ColumnNeed; N] {
        let mut place = 0;
        asked.map(|asked| {
            place += 1;
            ColumnNeed { asked, is_kept: kept.contains(&(place - 1)) }
        })
    }

    /// The cells that a layout uses.
    fn used(layout: &super::ColumnLayout) -> usize {
        let widths = layout.fixed.iter().copied().chain(layout.shown.iter().map(|(_, width)| *width));
        widths.map(|width| width + 1).sum::<usize>() - 1
    }

    fn places(layout: &super::ColumnLayout) -> Vec<usize> {
        layout.shown.iter().map(|(place, _)| *place).collect()
    }

    #[test]
    fn the_widest_gives_way_and_room_that_is_there_is_used() {
        assert_eq!(share(100, &[60, 20, 7]), [60, 20, 7]);
        assert_eq!(share(50, &[60, 20, 7]), [23, 20, 7]);
        assert_eq!(share(12, &[60, 20, 7]), [4, 4, 4]);
        assert_eq!(share(0, &[60, 20]), [0, 0]);
        assert_eq!(share(9, &[]), Vec::<usize>::new());
    }

    #[test]
    fn what_does_not_fit_is_scrolled_to_and_the_name_stays() {
        let scroll = ColumnScroll::default();
        let (fixed, others) = ([11, 40], needs([5, 60, 25, 4, 30], &[]));
        let wide = scroll.lay(300, &fixed, &others);
        assert_eq!((wide.fixed, wide.before, wide.behind), (vec![11, 40], false, false));
        assert_eq!(wide.shown, [(0, 5), (1, 60), (2, 25), (3, 4), (4, 30)]);
        let narrow = scroll.lay(80, &fixed, &others);
        assert_eq!((narrow.before, narrow.behind), (false, true));
        assert_eq!(narrow.shown.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(used(&narrow), 78, "nothing is left over while something is cut, but for the arrow");
        for _ in 0..9 {
            scroll.step(true);
            scroll.lay(80, &fixed, &others);
        }
        let end = scroll.lay(80, &fixed, &others);
        assert_eq!((end.before, end.behind, end.shown.last().map(|(place, _)| *place)), (true, false, Some(4)));
        scroll.step(false);
        assert!(scroll.lay(80, &fixed, &others).behind);
        assert!(!ColumnScroll::default().lay(10, &fixed, &[]).behind);
    }

    #[test]
    fn state_and_age_stay_in_sight_and_the_name_gives_way() {
        // Namespace and name of pods; READY, STATUS, RESTARTS, NODE, AGE, MESSAGE.
        let (fixed, others) = ([17, 40], needs([5, 16, 8, 12, 4, 30], &[1, 4]));
        for room in 64..130 {
            let scroll = ColumnScroll::default();
            let mut seen = Vec::new();
            for _ in 0..6 {
                let layout = scroll.lay(room, &fixed, &others);
                let width = |place: usize| layout.shown.iter().find(|(at, _)| *at == place).map(|(_, width)| *width);
                assert_eq!((width(1), width(4)), (Some(16), Some(4)), "{room}: {layout:?}");
                assert!(used(&layout) <= room && layout.fixed.iter().all(|width| *width >= 12), "{room}: {layout:?}");
                seen.extend(places(&layout));
                scroll.step(true);
            }
            assert!((0..6).all(|place| seen.contains(&place)), "{room}: {seen:?}");
        }
        let narrow = ColumnScroll::default().lay(75, &fixed, &others);
        assert_eq!((places(&narrow), narrow.behind), (vec![0, 1, 4], true));
        assert_eq!(used(&narrow), 73, "nothing is left over, but for the arrow");
        // Where there is no room for what stays, it scrolls.
        let tiny = ColumnScroll::default().lay(30, &fixed, &others);
        assert_eq!(places(&tiny), [0]);
    }
}
