//! Panels: a border, a title, and the focus.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear};

use crate::theme::{Scope, Theme};

const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Draws a panel and returns the area inside. The colour and `>` before the title show the focus.
pub fn panel(frame: &mut Frame<'_>, area: Rect, title: &str, focus: bool, theme: &Theme) -> Rect {
    titled(frame, area, title, theme.style(Scope::Title), focus, theme)
}

/// Draws a panel whose title has its own style, such as an environment's colour.
pub fn titled(frame: &mut Frame<'_>, area: Rect, title: &str, title_style: Style, focus: bool, theme: &Theme) -> Rect {
    footed(frame, area, (title, title_style), "", focus, theme)
}

/// Draws a panel that says more at its foot than its title has room for.
pub fn footed(
    frame: &mut Frame<'_>,
    area: Rect,
    (title, title_style): (&str, Style),
    foot: &str,
    focus: bool,
    theme: &Theme,
) -> Rect {
    let set = if theme.ascii { ASCII } else { border::PLAIN };
    let style = theme.style(if focus { Scope::BorderFocus } else { Scope::Border });
    let sign = if focus { ">" } else { " " };
    let title = super::fit(&format!("{sign}{title} "), usize::from(area.width.saturating_sub(2)));
    let block = Block::bordered().border_set(set).border_style(style).title(Line::styled(title, title_style));
    let block = if foot.is_empty() {
        block
    } else {
        let foot = super::fit(&format!(" {foot} "), usize::from(area.width.saturating_sub(2)));
        block.title_bottom(Line::styled(foot, theme.style(Scope::Dim)))
    };
    let inside = block.inner(area);
    frame.render_widget(Clear, area);
    // The theme's own background replaces the cells below.
    frame.buffer_mut().set_style(area, theme.style(Scope::Text));
    frame.render_widget(block, area);
    inside
}

/// Returns a rectangle of a size in the middle of an area, cut to the area.
pub fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}
