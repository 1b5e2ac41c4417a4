//! Lists of lines with a selection. The selection is a sign and the name's style, never the whole row: few bytes for
//! each key.

use std::cell::Cell;

use super::StyledLine;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Holds the scroll position of a list; rendering moves it by half a page when the selection leaves the screen, so that
/// many keys cost one scroll. The fields are cells, because rendering only reads the view.
#[derive(Debug, Default)]
pub struct Scroll {
    first: Cell<usize>,
    page: Cell<u16>,
}

impl Scroll {
    /// Returns the first visible line for a selection, list length and page height, and remembers both.
    pub fn follow(&self, selected: usize, count: usize, page: u16) -> usize {
        let height = usize::from(page.max(1));
        self.page.set(page);
        let mut first = self.first.get().min(count.saturating_sub(height));
        if selected < first || selected >= first + height {
            first = selected.saturating_sub(height / 2);
        }
        first = first.min(count.saturating_sub(height));
        self.first.set(first);
        first
    }

    /// Returns the first line that was last drawn.
    pub fn first(&self) -> usize {
        self.first.get()
    }

    /// Returns the height of the last drawn page.
    pub fn page(&self) -> u16 {
        self.page.get().max(2)
    }
}

/// Draws the visible lines of a list; `line(index, selected)` returns each.
pub fn lines<'a>(
    frame: &mut Frame<'_>,
    area: Rect,
    scroll: &Scroll,
    selected: usize,
    count: usize,
    line: impl Fn(usize, bool) -> StyledLine<'a>,
) {
    let first = scroll.follow(selected, count, area.height);
    for (offset, index) in (first..count).take(usize::from(area.height)).enumerate() {
        let row = Rect { y: area.y + u16::try_from(offset).unwrap_or(0), height: 1, ..area };
        frame.render_widget(line(index, index == selected), row);
    }
}

#[cfg(test)]
mod tests {
    use super::Scroll;

    #[test]
    fn the_list_moves_by_half_a_page_at_its_edge() {
        let scroll = Scroll::default();
        assert_eq!(scroll.follow(9, 100, 10), 0);
        assert_eq!(scroll.follow(10, 100, 10), 5);
        assert_eq!(scroll.follow(14, 100, 10), 5);
        assert_eq!(scroll.follow(4, 100, 10), 0);
        assert_eq!(scroll.follow(99, 100, 10), 90);
        assert_eq!(scroll.follow(0, 3, 10), 0);
    }
}
