//! A page of lines that scrolls and can be searched: the widget for details, manifests and files.
//!
//! ```text
//! |> 12  spec:                 the cursor is a sign, so that moving it costs a few bytes
//! |      Ready  True  a message that is longer than the line
//! |                   goes on below where it began
//! ```

mod line;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;
use regex::{Regex, RegexBuilder};
use unicode_width::UnicodeWidthStr;

use super::columns::{GAP, share};
use super::kept::Kept;
use crate::app::motion::step;
use crate::app::{Motion, Scene};
use crate::model::signs;
use crate::model::work;
use crate::theme::{Scope, Theme};
use crate::widgets::{Scroll, Span, StyledLine, fit, lines, pad, wrap};
use line::PageName;
pub use line::{PageLine, PageSource, SharedLines};

/// The cells by which one motion shifts lines that are too long.
const SHIFT: usize = 16;
/// The width of the cursor's sign.
const SIGN: usize = 1;

/// One line of the screen: a part of a line of the page.
#[derive(Debug)]
struct Row {
    line: usize,
    part: usize,
    text: Option<String>,
}

/// Holds the rows of a page, and the widths of its tables' columns by their number.
#[derive(Debug, Default)]
struct Laid {
    rows: Vec<Row>,
    tables: BTreeMap<usize, Vec<usize>>,
}

impl Laid {
    fn columns(&self, line: &PageLine) -> &[usize] {
        self.tables.get(&line.cells.len()).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Deref for Laid {
    type Target = [Row];

    fn deref(&self) -> &[Row] {
        &self.rows
    }
}

/// Selects the effect of `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SearchKey {
    /// Goes to the next match.
    #[default]
    Searches,
    /// Leaves only the matches.
    Filters,
}

/// Holds the position of a page and its search; the caller passes the lines each time.
#[derive(Debug, Default)]
pub struct Page {
    search_key: SearchKey,
    line: usize,
    part: usize,
    shift: usize,
    scroll: Scroll,
    width: Cell<u16>,
    wanted: Option<Regex>,
    /// The search text, as the user typed it.
    text: String,
    /// The lines whose folded ones are shown, by their text: their places change with each rewrite of the page.
    unfolded: BTreeSet<String>,
    /// The layout of the lines for a width, and the number of matches.
    laid: Kept<(PageName, usize), Laid>,
    counted: Kept<PageName, usize>,
    /// The last written lines, and their revision of the facts; `None` once something else has changed.
    made: RefCell<(Option<u64>, SharedLines)>,
}

/// Gives the columns of each table of a page the widths that their rows need, as far as there is room: the text after
/// them needs a width, too.
fn tables(page: &[PageLine], room: usize) -> BTreeMap<usize, Vec<usize>> {
    let mut asked: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for line in page.iter().filter(|line| !line.cells.is_empty()) {
        let count = line.cells.len();
        let widths = asked.entry(count).or_insert_with(|| vec![0; count + 1]);
        let texts = line.cells.iter().map(|(text, _)| text).chain([&line.text]);
        for (width, text) in widths.iter_mut().zip(texts) {
            *width = (*width).max(text.width());
        }
    }
    for (count, widths) in &mut asked {
        *widths = share(room.saturating_sub(count * GAP), widths);
        widths.truncate(*count);
    }
    asked
}

impl Page {
    /// Starts at the first line.
    pub fn new(search_key: SearchKey) -> Self {
        Self { search_key, width: Cell::new(80), ..Self::default() }
    }

    /// Counts the matching lines, and all of them; `None` without a search.
    pub fn found_of_all(&self, page: &(impl PageSource + ?Sized)) -> Option<(usize, usize)> {
        Some((self.found(page)?, page.lines().iter().filter(|line| !line.heading).count()))
    }

    /// Tells whether a search hides all other lines.
    pub fn filters(&self) -> bool {
        self.search_key == SearchKey::Filters
    }

    /// Starts at another line.
    pub fn at(self, line: usize) -> Self {
        Self { line, ..self }
    }

    /// Returns the lines of this revision of the facts, or writes them. If they are equal to the last ones, the page
    /// keeps all that it derived from those.
    pub fn kept_lines(&self, revision: u64, write: impl FnOnce() -> SharedLines) -> SharedLines {
        if let (Some(known), lines) = &*self.made.borrow()
            && *known == revision
        {
            return lines.clone();
        }
        let new = write();
        work::count(new.len());
        let mut made = self.made.borrow_mut();
        made.0 = Some(revision);
        if *made.1 != *new {
            made.1 = new;
        }
        made.1.clone()
    }

    /// Notes that the lines may have changed.
    pub fn forget_lines(&self) {
        self.made.borrow_mut().0 = None;
    }

    /// Stays on its line while the number of lines before it changes.
    pub fn head_changed(&mut self, before: usize, now: usize) {
        if self.line >= before && self.line > 0 {
            self.line = self.line - before + now;
        } else {
            self.rewind();
        }
    }

    /// Goes to a line.
    pub fn go_to(&mut self, line: usize) {
        (self.line, self.part) = (line, 0);
    }

    /// Goes back to the first line.
    pub fn rewind(&mut self) {
        (self.line, self.part, self.shift) = (0, 0, 0);
    }

    /// Returns the line of the cursor.
    pub fn current<'a>(&self, page: &'a (impl PageSource + ?Sized)) -> Option<&'a PageLine> {
        page.lines().get(self.index(page)?)
    }

    /// Returns the place of the cursor's line.
    pub fn index(&self, page: &(impl PageSource + ?Sized)) -> Option<usize> {
        let rows = self.rows(page);
        Some(rows.get(self.row(&rows))?.line)
    }

    /// Returns the number of matching lines; `None` without a search.
    pub fn found(&self, page: &(impl PageSource + ?Sized)) -> Option<usize> {
        let wanted = self.wanted.as_ref()?;
        let count = || {
            work::count(page.lines().len());
            page.lines().iter().filter(|line| !line.heading && line.matches(wanted)).count()
        };
        Some(match page.name() {
            Some(name) => *self.counted.get_or_make(name, count),
            None => count(),
        })
    }

    /// Moves; `false` if the motion has no effect on a page.
    pub fn motion(&mut self, motion: Motion, page: &(impl PageSource + ?Sized)) -> bool {
        match motion {
            Motion::Left if self.shift == 0 => self.fold(page),
            Motion::Left => self.shift = self.shift.saturating_sub(SHIFT),
            Motion::Right if self.unfold(page) => {}
            Motion::Right if self.is_cut(page) => self.shift += SHIFT,
            Motion::Right => {}
            Motion::NextMatch => self.jump(page.lines(), true, true),
            Motion::PreviousMatch => self.jump(page.lines(), false, true),
            _ => {
                let rows = self.rows(page);
                let Some(next) = step(self.row(&rows), rows.len(), self.scroll.page(), motion) else { return false };
                self.go(rows.get(next));
            }
        }
        true
    }

    /// Tells whether the end of a line is out of sight, so that a shift shows more.
    fn is_cut(&self, page: &(impl PageSource + ?Sized)) -> bool {
        let room = usize::from(self.width.get()).saturating_sub(SIGN);
        self.rows(page).iter().filter(|row| row.text.is_none()).filter_map(|row| page.lines().get(row.line)).any(
            |line| {
                let lead: usize = line.lead.iter().map(|(text, _)| text.width()).sum();
                let shown = room.saturating_sub(lead);
                !line.heading && line.text.width() > self.shift.saturating_add(shown)
            },
        )
    }

    /// Returns the lines with folded ones at the cursor: its own line, or all below its heading.
    fn folds(&self, page: &(impl PageSource + ?Sized)) -> Vec<usize> {
        let lines = page.lines();
        // Most pages have no folds, and a layout takes long.
        let Some(at) = lines.iter().any(|line| line.below).then(|| self.index(page)).flatten() else {
            return Vec::new();
        };
        let owns = |index: &usize| {
            let next = index.checked_add(1).and_then(|next| lines.get(next));
            lines.get(*index).is_some_and(|line| !line.below) && next.is_some_and(|line| line.below)
        };
        if lines.get(at).is_some_and(|line| line.heading) {
            let first = at.saturating_add(1);
            let below = lines.iter().skip(first).take_while(|line| !line.heading).count();
            return (first..first.saturating_add(below)).filter(owns).collect();
        }
        let owner = (0..=at).rev().find(|index| lines.get(*index).is_some_and(|line| !line.below));
        owner.into_iter().filter(owns).collect()
    }

    /// Unfolds the lines at the cursor; `false` if there are none.
    fn unfold(&mut self, page: &(impl PageSource + ?Sized)) -> bool {
        let texts =
            self.folds(page).into_iter().filter_map(|index| page.lines().get(index)).map(|line| line.text.clone());
        let folded: Vec<String> = texts.filter(|text| !self.unfolded.contains(text)).collect();
        let any = !folded.is_empty();
        self.unfolded.extend(folded);
        self.laid.forget();
        any
    }

    /// Folds them again, and leaves the cursor on the line that they belong to.
    fn fold(&mut self, page: &(impl PageSource + ?Sized)) {
        let folds = self.folds(page);
        let page = page.lines();
        self.laid.forget();
        for line in folds.iter().filter_map(|index| page.get(*index)) {
            self.unfolded.remove(&line.text);
        }
        // On a heading there may be many folds, and the cursor stays; else it goes to the only one.
        if let Some(owner) = folds.first().filter(|_| page.get(self.line).is_some_and(|line| line.below)) {
            self.go_to(*owner);
        }
    }

    /// Sets the search text at each key, in any case; an empty one ends the search.
    pub fn search(&mut self, text: &str, page: &(impl PageSource + ?Sized)) {
        text.clone_into(&mut self.text);
        self.laid.forget();
        self.counted.forget();
        self.wanted = match text {
            "" => None,
            _ => RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build().ok(),
        };
        if self.search_key == SearchKey::Filters {
            let shown = self.shown(page.lines());
            // Without a filter no line is hidden.
            let is_shown = |index: usize| shown.is_empty() || shown.get(index).is_some_and(|shown| *shown);
            let is_line = |index: usize| page.lines().get(index).is_some_and(|line| !line.heading) && is_shown(index);
            if !is_line(self.line) {
                self.rewind();
                self.line = (0..page.lines().len()).find(|index| is_line(*index)).unwrap_or(0);
            }
        } else {
            self.jump(page.lines(), true, false);
        }
    }

    /// Draws the page.
    pub fn render(&self, frame: &mut Frame<'_>, area: Rect, page: &(impl PageSource + ?Sized), scene: &Scene<'_>) {
        let theme = scene.theme;
        self.width.set(area.width);
        let rows = self.rows(page);
        let width = usize::from(area.width);
        if rows.is_empty() && !page.lines().is_empty() {
            let back = scene.keymap.written("‹key:back› shows all again");
            let none = format!(" nothing matches `{}`; {back}", self.text);
            frame.render_widget(StyledLine::styled(fit(&none, width), theme.style(Scope::Dim)), area);
        }
        lines(frame, area, &self.scroll, self.row(&rows), rows.len(), |index, chosen| {
            let Some((row, line)) = rows.get(index).and_then(|row| Some((row, page.lines().get(row.line)?))) else {
                return StyledLine::default();
            };
            self.draw((row, line), rows.columns(line), chosen, width, theme)
        });
    }

    fn draw(
        &self,
        (row, line): (&Row, &PageLine),
        columns: &[usize],
        chosen: bool,
        width: usize,
        theme: &Theme,
    ) -> StyledLine<'static> {
        let mut spans =
            vec![Span::styled(if chosen { signs::SELECTED.sign } else { " " }, theme.style(Scope::Selection))];
        let mut room = width.saturating_sub(SIGN);
        if row.part == 0 {
            let cells = line.cells.iter().zip(columns).map(|((text, scope), width)| (pad(text, *width) + " ", scope));
            for (text, scope) in line.lead.iter().map(|(text, scope)| (text.clone(), scope)).chain(cells) {
                let text = fit(&text, room);
                room = room.saturating_sub(text.width());
                spans.push(Span::styled(text, theme.style(*scope)));
            }
        } else {
            let hang = line.hang(width, columns);
            room = room.saturating_sub(hang);
            spans.push(Span::raw(" ".repeat(hang)));
        }
        let text = match &row.text {
            Some(part) => fit(part, room),
            None if self.shift > 0 && !line.heading => {
                fit(&line.text.chars().skip(self.shift).collect::<String>(), room)
            }
            None => fit(&line.text, room),
        };
        let scope = match line.scope {
            Some(Scope::Text) | None if chosen && line.link.is_some() => Scope::Selection,
            other => other.unwrap_or(Scope::Text),
        };
        self.highlight(&text, scope, theme, &mut spans);
        StyledLine::from(spans)
    }

    fn highlight(&self, text: &str, scope: Scope, theme: &Theme, spans: &mut Vec<Span<'static>>) {
        let mut rest = 0;
        let mut push = |part: Option<&str>, scope: Scope| {
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                spans.push(Span::styled(part.to_owned(), theme.style(scope)));
            }
        };
        if let Some(wanted) = &self.wanted {
            for found in wanted.find_iter(text) {
                push(text.get(rest..found.start()), scope);
                push(text.get(found.range()), Scope::Match);
                rest = found.end();
            }
        }
        push(text.get(rest..), scope);
    }

    /// Lays the lines out for the last drawn width.
    fn rows(&self, page: &(impl PageSource + ?Sized)) -> Arc<Laid> {
        let width = usize::from(self.width.get());
        match page.name() {
            Some(name) => self.laid.get_or_make((name, width), || self.lay(page.lines(), width)),
            None => Arc::new(self.lay(page.lines(), width)),
        }
    }

    fn lay(&self, page: &[PageLine], width: usize) -> Laid {
        work::count(page.len());
        let mut laid = Laid { rows: Vec::new(), tables: tables(page, width.saturating_sub(SIGN)) };
        let shown = self.shown(page);
        let mut rows = Vec::with_capacity(page.len());
        for (index, line) in page.iter().enumerate() {
            if !shown.get(index).is_none_or(|shown| *shown) {
                continue;
            }
            if !line.wrapped {
                rows.push(Row { line: index, part: 0, text: None });
                continue;
            }
            let room = width.saturating_sub(SIGN + line.hang(width, laid.columns(line)));
            for (part, text) in wrap(&line.text, room).into_iter().enumerate() {
                rows.push(Row { line: index, part, text: Some(text) });
            }
        }
        laid.rows = rows;
        laid
    }

    /// Returns the lines that the filter leaves: the matches, the lines below a matching heading, and the headings
    /// above them.
    fn shown(&self, page: &[PageLine]) -> Vec<bool> {
        let Some(wanted) = self.wanted.as_ref().filter(|_| self.search_key == SearchKey::Filters) else {
            if !page.iter().any(|line| line.hidden || line.below) {
                return Vec::new();
            }
            let mut open = false;
            let is_shown = |line: &PageLine| {
                if line.below {
                    return open;
                }
                open = self.unfolded.contains(&line.text);
                !line.hidden
            };
            return page.iter().map(is_shown).collect();
        };
        let mut shown = vec![false; page.len()];
        let mut heading: Option<(usize, bool)> = None;
        let (mut owner, mut open) = (None, false);
        for (index, line) in page.iter().enumerate() {
            let matches = line.matches(wanted);
            if line.heading {
                heading = Some((index, matches));
                continue;
            }
            if !line.below {
                open = self.unfolded.contains(&line.text);
                owner = Some(index);
            }
            let by_heading = heading.is_some_and(|(_, all)| all) && (open || !line.below);
            if matches || by_heading {
                let above = heading.map(|(index, _)| index);
                for index in above.into_iter().chain(owner).chain([index]) {
                    if let Some(slot) = shown.get_mut(index) {
                        *slot = true;
                    }
                }
            }
        }
        shown
    }

    /// Returns the row of the cursor; if its line is hidden, the one before.
    fn row(&self, rows: &[Row]) -> usize {
        rows.partition_point(|row| (row.line, row.part) <= (self.line, self.part)).saturating_sub(1)
    }

    fn go(&mut self, row: Option<&Row>) {
        if let Some(row) = row {
            (self.line, self.part) = (row.line, row.part);
        }
    }

    /// Goes to a match, from the end to the start if need be; `past` leaves the line of the cursor.
    fn jump(&mut self, page: &[PageLine], forward: bool, past: bool) {
        let Some(wanted) = &self.wanted else { return };
        let matches: Vec<usize> = page
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.heading && line.matches(wanted))
            .map(|(index, _)| index)
            .collect();
        let here = self.line;
        let next = if forward {
            matches.iter().find(|line| **line > here || (**line == here && !past)).or(matches.first())
        } else {
            matches.iter().rfind(|line| **line < here).or(matches.last())
        };
        if let Some(line) = next {
            (self.line, self.part) = (*line, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, PageLine, SearchKey};
    use crate::app::Motion;
    use crate::theme::Scope;

    fn page(texts: &[&str]) -> Vec<PageLine> {
        texts.iter().map(|text| PageLine::cut(*text, Scope::Text)).collect()
    }

    fn text(state: &Page, page: &[PageLine]) -> String {
        state.current(page).unwrap().text.clone()
    }

    #[test]
    fn searching_goes_around_and_ignores_case() {
        let lines = page(&["kind: Pod", "name: a", "image: b", "namespace: c"]);
        let mut state = Page::new(SearchKey::Searches);
        state.search("NAME", &lines);
        assert_eq!((text(&state, &lines).as_str(), state.found(&lines)), ("name: a", Some(2)));
        assert!(state.motion(Motion::NextMatch, &lines));
        assert_eq!(text(&state, &lines), "namespace: c");
        state.motion(Motion::NextMatch, &lines);
        assert_eq!(text(&state, &lines), "name: a");
        state.motion(Motion::PreviousMatch, &lines);
        assert_eq!(text(&state, &lines), "namespace: c");
        state.search("", &lines);
        assert_eq!(state.found(&lines), None);
    }

    #[test]
    fn filtering_leaves_what_matches_and_its_headings() {
        let mut lines = page(&["a", "b", "ab"]);
        lines.insert(0, PageLine::heading("all"));
        lines.push(PageLine::heading("without any"));
        lines.push(PageLine::cut("c", Scope::Text));
        let mut state = Page::new(SearchKey::Filters);
        state.search("b", &lines);
        let shown: Vec<usize> = state.rows(&lines).iter().map(|row| row.line).collect();
        assert_eq!(shown, [0, 2, 3]);
        assert_eq!(text(&state, &lines), "b");
        state.search("WITHOUT", &lines);
        assert_eq!(text(&state, &lines), "c");
        state.search("b", &lines);
        state.motion(Motion::Bottom, &lines);
        assert_eq!(text(&state, &lines), "ab");
    }

    #[test]
    fn what_is_folded_is_shown_on_request_or_where_it_is_found() {
        let line = |text: &str| PageLine::cut(text, Scope::Text);
        let lines = vec![
            PageLine::heading("all"),
            line("one"),
            line("one a").below(),
            line(&"one b ".repeat(20)).below(),
            line("two"),
            line("two a").below(),
            PageLine::heading("others"),
            line("three"),
        ];
        let mut state = Page::new(SearchKey::Filters);
        let shown = |state: &Page| state.rows(&lines).iter().map(|row| row.line).collect::<Vec<_>>();
        assert_eq!(shown(&state), [0, 1, 4, 6, 7]);
        state.go_to(1);
        state.motion(Motion::Right, &lines);
        assert_eq!(shown(&state), [0, 1, 2, 3, 4, 6, 7]);
        state.motion(Motion::Right, &lines);
        assert_eq!(state.shift, super::SHIFT, "what is unfolded shifts");
        for _ in 0..9 {
            state.motion(Motion::Right, &lines);
        }
        assert_eq!(state.shift, 3 * super::SHIFT, "and no further than its end");
        for _ in 0..3 {
            state.motion(Motion::Left, &lines);
        }
        state.go_to(3);
        state.motion(Motion::Left, &lines);
        assert_eq!((shown(&state), text(&state, &lines).as_str()), (vec![0, 1, 4, 6, 7], "one"));
        state.motion(Motion::Right, &lines);
        state.motion(Motion::Left, &lines);
        state.go_to(7);
        state.motion(Motion::Right, &lines);
        assert_eq!((state.shift, shown(&state).len()), (0, 5), "nothing is out of sight");
        state.go_to(0);
        state.motion(Motion::Right, &lines);
        assert_eq!(shown(&state).len(), 8);
        state.motion(Motion::Left, &lines);
        assert_eq!((shown(&state).len(), text(&state, &lines).as_str()), (5, "all"));
        state.search("two a", &lines);
        assert_eq!(shown(&state), [0, 4, 5]);
        state.search("two", &lines);
        assert_eq!(shown(&state), [0, 4, 5]);
        state.search("all", &lines);
        assert_eq!(shown(&state), [0, 1, 4]);
    }

    #[test]
    fn a_long_message_is_walked_through_and_its_place_survives_another_width() {
        let lines = vec![
            PageLine::wrapped("one two three four five six seven eight nine ten", Scope::Text).after("x ", Scope::Dim),
            PageLine::cut("end", Scope::Text),
        ];
        let mut state = Page::new(SearchKey::Searches);
        state.width.set(26);
        assert_eq!(state.rows(&lines).len(), 4);
        state.motion(Motion::Down, &lines);
        state.motion(Motion::Down, &lines);
        assert_eq!((state.line, state.part), (0, 2));
        state.width.set(80);
        assert_eq!(state.row(&state.rows(&lines)), 0);
        state.motion(Motion::Down, &lines);
        assert_eq!(text(&state, &lines), "end");
    }
}
