//! The field in which one value is edited: a text area in a type of our own, because the text area's `Debug` shows its
//! lines, and it keeps typed and deleted text for undo and paste.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use tui_textarea::{CursorMove, TextArea, WrapMode};
use zeroize::Zeroize;

use crate::app::Key;
use crate::app::key::Code;
use crate::secret::Secret;
use crate::theme::{Scope, Theme};

/// Edits a secret text, and wipes it when it is dropped.
///
/// The copies that the text area makes while it grows are wiped by the program's allocator, which zeroes all freed
/// memory.
pub struct Editor {
    area: TextArea<'static>,
    hidden: bool,
}

impl Editor {
    /// Starts with a text, the cursor at its end.
    pub fn new(text: &Secret) -> Self {
        let mut area = TextArea::new(text.expose().split('\n').map(str::to_owned).collect());
        area.set_max_histories(0);
        area.set_hard_tab_indent(true);
        area.set_wrap_mode(WrapMode::Glyph);
        area.set_cursor_line_style(Style::new());
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, hidden: false }
    }

    /// Shows a sign in place of each character.
    #[must_use]
    pub fn masked(mut self) -> Self {
        self.area.set_mask_char('*');
        self
    }

    /// Returns the present text.
    pub fn text(&self) -> Secret {
        let lines = self.area.lines();
        // Enough capacity from the start, so that growth leaves no copies behind.
        let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            text.push_str(line);
        }
        Secret::new(text)
    }

    /// Returns the number of lines; at least one.
    pub fn lines(&self) -> usize {
        self.area.lines().len().max(1)
    }

    /// Takes a key as text or as a movement of the cursor; the shortcuts are those of readline.
    pub fn key(&mut self, key: Key) {
        match key.code {
            Code::Char('a') if key.ctrl => self.area.move_cursor(CursorMove::Head),
            Code::Char('e') if key.ctrl => self.area.move_cursor(CursorMove::End),
            Code::Char('w') if key.ctrl => drop(self.area.delete_word()),
            Code::Char('u') if key.ctrl => drop(self.area.delete_line_by_head()),
            Code::Char('k') if key.ctrl => drop(self.area.delete_line_by_end()),
            Code::Named("left") => self.area.move_cursor(CursorMove::Back),
            Code::Named("right") => self.area.move_cursor(CursorMove::Forward),
            Code::Named("up") => self.area.move_cursor(CursorMove::Up),
            Code::Named("down") => self.area.move_cursor(CursorMove::Down),
            Code::Named("home") => self.area.move_cursor(CursorMove::Head),
            Code::Named("end") => self.area.move_cursor(CursorMove::End),
            Code::Named("backspace") => drop(self.area.delete_char()),
            Code::Named("delete") => drop(self.area.delete_next_char()),
            Code::Named("tab") => self.area.insert_char('\t'),
            Code::Named("enter") => self.area.insert_newline(),
            _ => {
                if let Some(character) = key.typed() {
                    self.area.insert_char(character);
                }
            }
        }
        self.forget();
    }

    /// Puts a pasted text in at the cursor.
    pub fn paste(&mut self, text: &str) {
        self.area.insert_str(text);
        self.forget();
    }

    /// Starts a new line with the indentation of this one.
    pub fn indented_newline(&mut self) {
        let (row, column) = (self.area.cursor().0, self.area.cursor().1);
        let line = self.area.lines().get(row).map_or("", String::as_str);
        let indent: String = line.chars().take(column).take_while(|letter| *letter == ' ').collect();
        self.area.insert_newline();
        self.area.insert_str(indent);
        self.forget();
    }

    /// Goes to a line, from one.
    pub fn go_to(&mut self, line: usize) {
        let row = u16::try_from(line.saturating_sub(1)).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(row, 0));
    }

    /// Returns the lines, and the row and column of the cursor, in characters.
    pub fn view(&self) -> (&[String], (usize, usize)) {
        let cursor = self.area.cursor();
        (self.area.lines(), (cursor.0, cursor.1))
    }

    /// Tells whether the text is hidden.
    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Hides the text until [`Editor::show`].
    pub fn hide(&mut self) {
        self.hidden = true;
    }

    /// Shows the text again; returns whether it was hidden.
    pub fn show(&mut self) -> bool {
        std::mem::take(&mut self.hidden)
    }

    /// Draws the text, or that it is hidden.
    pub fn render(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        if self.hidden {
            let line = crate::widgets::StyledLine::styled("hidden: any key shows it again", theme.style(Scope::Masked));
            frame.render_widget(line, area);
        } else {
            frame.render_widget(&self.area, area);
        }
    }

    /// Drops the last deleted text, which a paste would insert again.
    fn forget(&mut self) {
        self.area.set_yank_text("");
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.forget();
        for mut line in std::mem::take(&mut self.area).into_lines() {
            line.zeroize();
        }
    }
}

impl std::fmt::Debug for Editor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Editor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Editor;
    use crate::app::key::parse_keys;
    use crate::secret::Secret;

    fn typed(text: &str, keys: &str) -> String {
        let mut editor = Editor::new(&Secret::new(text));
        for key in parse_keys(keys).unwrap() {
            editor.key(key);
        }
        editor.text().expose().to_owned()
    }

    #[test]
    fn texts_come_out_as_they_went_in() {
        for text in ["", "one", "a\nb", "a\nb\n", "\r\n", " spaced ", "é日本"] {
            assert_eq!(typed(text, ""), text, "{text:?}");
        }
    }

    #[test]
    fn it_is_edited_with_the_keys_of_readline_and_nothing_deleted_comes_back() {
        assert_eq!(typed("throw away", "<ctrl-w>n<ctrl-a>x"), "xthrow n");
        assert_eq!(typed("abc", "<left><backspace><enter>"), "a\nc");
        assert_eq!(typed("abc", "<ctrl-u>d<ctrl-y><ctrl-z>"), "d");
    }

    #[test]
    fn debug_says_nothing_of_the_text() {
        let mut editor = Editor::new(&Secret::new("hunter2"));
        editor.paste("hunter3");
        assert_eq!(format!("{editor:?}"), "Editor { .. }");
    }
}
