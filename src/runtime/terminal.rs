//! The quiet terminal: a draw without change writes nothing, a draw with change is one write; the modes are restored at
//! any end.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;
use zeroize::Zeroize;

use crate::model::text::cell_text;

/// The size in bytes from which an update is wrapped as a synchronized one (private mode 2026), so that it is never
/// visible half drawn; smaller ones arrive in one packet anyway, and 16 bytes are a lot for a key press.
const SYNCHRONISE_FROM_BYTES: usize = 512;

/// The sequence to leave the screen: attributes off, cursor on, bracketed paste off, the former screen back.
const LEAVE: &[u8] = b"\x1b[0m\x1b[?25h\x1b[?2004l\x1b[?1049l";

/// Writes cells to a terminal in few bytes, collected until [`Backend::flush`].
///
/// The terminal's own 16 colours are written as 30 to 37 and 90 to 97 (ECMA-48 and its common extension), not in the
/// longer form of the 256.
pub struct QuietBackend<W: Write> {
    out: W,
    pending: Vec<u8>,
    at: Option<(u16, u16)>,
    look: ScreenState,
    cursor_shown: bool,
    size: Option<Size>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct ScreenState {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl<W: Write> QuietBackend<W> {
    /// Builds a backend that writes to `out`; with `size` `None` it queries the terminal's size.
    pub fn new(out: W, size: Option<Size>) -> Self {
        Self { out, pending: Vec::new(), at: None, look: ScreenState::default(), cursor_shown: true, size }
    }

    fn change_look(&mut self, next: ScreenState) {
        if next == self.look {
            return;
        }
        let mut codes = Vec::new();
        // Attributes can only be removed together with others of their kind: a reset is as short and never wrong.
        let base = if (self.look.modifier - next.modifier).is_empty() {
            self.look
        } else {
            codes.push("0".to_owned());
            ScreenState::default()
        };
        for (flag, code) in [
            (Modifier::BOLD, "1"),
            (Modifier::DIM, "2"),
            (Modifier::ITALIC, "3"),
            (Modifier::UNDERLINED, "4"),
            (Modifier::REVERSED, "7"),
        ] {
            if (next.modifier - base.modifier).contains(flag) {
                codes.push(code.to_owned());
            }
        }
        if next.fg != base.fg {
            codes.push(colour_code(next.fg, 30));
        }
        if next.bg != base.bg {
            codes.push(colour_code(next.bg, 40));
        }
        let text = codes.join(";");
        let text = if text == "0" { String::new() } else { text };
        self.pending.extend_from_slice(format!("\x1b[{text}m").as_bytes());
        self.look = next;
    }

    fn move_to(&mut self, x: u16, y: u16) {
        let text = match self.at {
            Some(at) if at == (x, y) => return,
            Some((from, row)) if row == y && x > from => {
                if x - from == 1 {
                    "\x1b[C".to_owned()
                } else {
                    format!("\x1b[{}C", x - from)
                }
            }
            _ => format!("\x1b[{};{}H", y + 1, x + 1),
        };
        self.pending.extend_from_slice(text.as_bytes());
        self.at = Some((x, y));
    }
}

/// Returns a symbol for which terminals agree on the cells that it takes, in as many cells as the layout gave it.
///
/// Emoji that several characters make up (joined by U+200D, in a colour of skin, chosen by U+FE0F, flags of two letters)
/// take two cells in one terminal and up to eight in another, tmux among them: what follows would be shifted, and what
/// they covered would stay. The first character stands for them, and a flag without a country for a flag.
fn of_agreed_width(symbol: &str) -> Cow<'_, str> {
    const FLAG: char = '\u{2690}';
    let is_letter = |character: char| ('\u{1f1e6}'..='\u{1f1ff}').contains(&character);
    let is_disputed = |character: char| {
        is_letter(character) || matches!(character, '\u{200d}' | '\u{fe0f}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}')
    };
    if symbol.is_ascii() || !symbol.contains(is_disputed) {
        return Cow::Borrowed(symbol);
    }
    let first = symbol.chars().next().map(|first| if is_letter(first) { FLAG } else { first });
    let mut plain: String = first.into_iter().collect();
    // One character alone: whatever is drawn over its first cell clears the second.
    for _ in plain.width()..symbol.width() {
        plain.push(' ');
    }
    Cow::Owned(plain)
}

/// Writes a colour as SGR parameters; `base` is 30 for the foreground and 40 for the background.
pub(super) fn colour_code(colour: Color, base: u8) -> String {
    let named = |index: u8| (base + index).to_string();
    let bright = |index: u8| (base + 60 + index).to_string();
    match colour {
        Color::Reset => (base + 9).to_string(),
        Color::Black => named(0),
        Color::Red => named(1),
        Color::Green => named(2),
        Color::Yellow => named(3),
        Color::Blue => named(4),
        Color::Magenta => named(5),
        Color::Cyan => named(6),
        Color::Gray => named(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
    }
}

impl<W: Write> Backend for QuietBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            self.move_to(x, y);
            self.change_look(ScreenState { fg: cell.fg, bg: cell.bg, modifier: cell.modifier });
            // Texts were made visible before their layout; steering characters here would reach the terminal.
            let symbol = cell_text(cell.symbol());
            let symbol = of_agreed_width(&symbol);
            self.pending.extend_from_slice(symbol.as_bytes());
            let width = u16::try_from(symbol.width()).unwrap_or(1);
            // Marks on a letter have no width of their own in most terminals, and some of them in others.
            let is_sure = symbol.chars().nth(1).is_none() || symbol.is_ascii();
            self.at = is_sure.then(|| (x.saturating_add(width), y));
        }
        // After the last column terminals disagree about the cursor's place.
        if let (Some((x, _)), Ok(size)) = (self.at, self.size())
            && x >= size.width
        {
            self.at = None;
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown {
            self.pending.extend_from_slice(b"\x1b[?25l");
            self.cursor_shown = false;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !self.cursor_shown {
            self.pending.extend_from_slice(b"\x1b[?25h");
            self.cursor_shown = true;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // A query of the terminal would cost a round trip; nothing here needs the answer.
        Ok(self.at.map_or(Position::ORIGIN, Position::from))
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        self.move_to(position.x, position.y);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.change_look(ScreenState::default());
        self.pending.extend_from_slice(b"\x1b[2J");
        self.at = None;
        Ok(())
    }

    fn clear_region(&mut self, _clear_type: ClearType) -> io::Result<()> {
        self.clear()
    }

    fn size(&self) -> io::Result<Size> {
        match self.size {
            Some(size) => Ok(size),
            None => crossterm::terminal::size().map(Size::from),
        }
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if self.pending.len() > SYNCHRONISE_FROM_BYTES {
            let mut wrapped = b"\x1b[?2026h".to_vec();
            wrapped.extend_from_slice(&self.pending);
            wrapped.extend_from_slice(b"\x1b[?2026l");
            self.pending.zeroize();
            self.pending = wrapped;
        }
        let written = self.out.write_all(&self.pending).and_then(|()| self.out.flush());
        // The drawn text may have been a revealed secret.
        self.pending.zeroize();
        written
    }
}

/// Holds the terminal in its drawing modes and restores it on drop.
pub struct Screen {
    /// The terminal to draw on.
    pub terminal: Terminal<QuietBackend<io::Stdout>>,
}

impl Screen {
    /// Enters raw mode and the alternate screen.
    ///
    /// # Errors
    /// Fails if standard output is no terminal or is closed.
    pub fn enter() -> io::Result<Self> {
        // crossterm asks the controlling terminal for the size, while what is drawn would go into the file or the pipe.
        if !io::stdout().is_terminal() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "standard output is not a terminal"));
        }
        let backend = QuietBackend::new(io::stdout(), None);
        backend.size()?;
        let terminal = Terminal::new(backend)?;
        let mut screen = Self { terminal };
        screen.resume()?;
        Ok(screen)
    }

    /// Takes the terminal over, at the start and after a stop.
    ///
    /// # Errors
    /// Fails if the terminal does not accept the modes.
    pub fn resume(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        crate::programs::show_screen(true);
        let mut out = io::stdout();
        out.write_all(b"\x1b[?1049h\x1b[?2004h\x1b[2J")?;
        out.flush()?;
        let backend = self.terminal.backend_mut();
        backend.at = None;
        backend.look = ScreenState::default();
        backend.cursor_shown = true;
        self.terminal.clear()
    }

    /// Gives the terminal back, for a child that needs it or for a stop.
    pub fn pause(&mut self) {
        restore();
    }

    /// Puts text on the operator's clipboard through the terminal (OSC 52).
    ///
    /// # Errors
    /// Fails if the text is longer than terminals accept, or the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        if text.len() > super::clipboard::LIMIT {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the text is longer than terminals take (74,994 bytes)",
            ));
        }
        let sequence = super::clipboard::sequence(text, super::clipboard::TerminalMultiplexer::here());
        let mut out = io::stdout();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }

    /// Draws everything anew.
    ///
    /// # Errors
    /// Fails if the terminal is gone.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().look = ScreenState { modifier: Modifier::all(), ..ScreenState::default() };
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
        super::defect::tell_late();
    }
}

/// Restores the terminal; harmless if called twice, so that panics and signals can call it, too.
pub fn restore() {
    let mut out = io::stdout();
    // A terminal that is gone can be neither restored nor used for a report.
    let _gone = out.write_all(LEAVE).and_then(|()| out.flush());
    let _gone = disable_raw_mode();
    crate::programs::show_screen(false);
}

#[cfg(test)]
mod tests {
    use super::QuietBackend;
    use crate::widgets::StyledLine;
    use ratatui::Terminal;
    use ratatui::layout::Size;
    use ratatui::style::{Color, Style};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Writes(Arc<Mutex<Vec<Vec<u8>>>>);

    impl std::io::Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_terminals_disagree_about_is_drawn_in_cells_that_they_agree_on() {
        use unicode_width::UnicodeWidthStr as _;
        for (symbol, drawn) in [
            ("a", "a"),
            ("é", "é"),
            ("日", "日"),
            ("😀", "😀"),
            ("e\u{301}", "e\u{301}"),
            ("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{1f468}"),
            ("\u{1f1e9}\u{1f1ea}", "\u{2690} "),
            ("\u{1f44d}\u{1f3fd}", "\u{1f44d}"),
            ("\u{2764}\u{fe0f}", "\u{2764} "),
            ("1\u{fe0f}\u{20e3}", "1 "),
        ] {
            let found = super::of_agreed_width(symbol);
            assert_eq!(found, drawn, "{symbol}");
            assert_eq!(found.width(), symbol.width(), "{symbol}");
            let apart = |text: &str| text.chars().map(|one| one.to_string().width()).sum::<usize>();
            assert_eq!(apart(&found), found.width(), "{symbol}: counted one by one, as tmux does");
        }
    }

    #[test]
    fn a_draw_without_change_writes_nothing_and_one_with_change_writes_once() {
        let writes = Writes::default();
        let backend = QuietBackend::new(writes.clone(), Some(Size::new(20, 2)));
        let mut terminal = Terminal::new(backend).unwrap();
        let mut draw = |text: &'static str| {
            let before = writes.0.lock().unwrap().len();
            terminal
                .draw(|frame| frame.render_widget(StyledLine::styled(text, Style::new().fg(Color::Red)), frame.area()))
                .unwrap();
            writes.0.lock().unwrap().get(before..).unwrap().to_vec()
        };
        assert_eq!(draw("hello").len(), 1);
        assert_eq!(draw("hello"), Vec::<Vec<u8>>::new());
        let change = draw("hallo");
        assert_eq!(change, vec![b"\x1b[1;2Ha".to_vec()]);
    }

    #[test]
    fn no_cell_steers_the_terminal() {
        let writes = Writes::default();
        let mut terminal = Terminal::new(QuietBackend::new(writes.clone(), Some(Size::new(20, 1)))).unwrap();
        let steering = ["b\u{202e}", "\u{2066}c", "\u{e0041}", "e\u{301}", "\u{1f468}\u{200d}\u{1f469}"];
        terminal
            .draw(|frame| {
                for (cell, symbol) in frame.buffer_mut().content.iter_mut().step_by(2).zip(steering) {
                    cell.set_symbol(symbol);
                }
            })
            .unwrap();
        let all = String::from_utf8(writes.0.lock().unwrap().concat()).unwrap();
        assert!(!all.contains(['\u{202e}', '\u{2066}', '\u{e0041}']) && all.contains('?'), "{all:?}");
        assert!(all.contains("e\u{301}") && all.contains('\u{1f468}') && !all.contains('\u{200d}'), "{all:?}");
    }

    #[test]
    fn the_terminals_own_colours_take_the_short_form() {
        let writes = Writes::default();
        let mut terminal = Terminal::new(QuietBackend::new(writes.clone(), Some(Size::new(20, 1)))).unwrap();
        terminal
            .draw(|frame| frame.render_widget(StyledLine::styled("x", Style::new().fg(Color::LightRed)), frame.area()))
            .unwrap();
        let all = String::from_utf8(writes.0.lock().unwrap().concat()).unwrap();
        assert!(all.contains("\x1b[91mx"), "{all:?}");
    }
}
