//! Colours in theme files, and their display on terminals.

use ratatui::style::Color;

/// Names the number of colours that the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// No colours: `NO_COLOR` is set or the terminal is dumb.
    None,
    /// The terminal's own 16 colours.
    Ansi,
    /// 256 colours.
    Indexed,
    /// 24-bit colours.
    True,
}

impl Depth {
    /// Decides from the values of `NO_COLOR`, `COLORTERM` and `TERM`; see <https://no-color.org> for the first.
    pub fn detect(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or("");
        if no_color.is_some_and(|value| !value.is_empty()) || term == "dumb" {
            Self::None
        } else if colorterm.is_some_and(|value| value == "truecolor" || value == "24bit") {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else {
            Self::Ansi
        }
    }

    /// Returns the nearest colour that the terminal shows; `None` when it shows none.
    pub fn fit(self, colour: Color) -> Option<Color> {
        match (self, colour) {
            (Self::None, _) => None,
            (Self::Indexed, Color::Rgb(red, green, blue)) => Some(Color::Indexed(cube(red, green, blue))),
            (Self::Ansi, Color::Rgb(red, green, blue)) => Some(named(red, green, blue)),
            (Self::Ansi, Color::Indexed(_)) => Some(Color::Reset),
            (_, colour) => Some(colour),
        }
    }
}

/// Returns the nearest of the 256 colours that are equal on all terminals: the cube of 6x6x6, or the 24 greys (xterm's
/// table).
fn cube(red: u8, green: u8, blue: u8) -> u8 {
    let step = |value: u8| if value < 48 { 0 } else { (value.saturating_sub(35) / 40).min(5) };
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let distance = |to: (u8, u8, u8)| {
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        square(red, to.0) + square(green, to.1) + square(blue, to.2)
    };
    let (r, g, b) = (step(red), step(green), step(blue));
    let mean = u8::try_from((u16::from(red) + u16::from(green) + u16::from(blue)) / 3).unwrap_or(u8::MAX);
    let grey = (mean.saturating_sub(3) / 10).min(23);
    let shade = 8 + 10 * grey;
    if distance((shade, shade, shade)) < distance((level(r), level(g), level(b))) {
        232 + grey
    } else {
        16 + 36 * r + 6 * g + b
    }
}

/// Returns the nearest of the terminal's own colours, by the dominant channels.
fn named(red: u8, green: u8, blue: u8) -> Color {
    let high = red.max(green).max(blue);
    if high < 64 {
        return Color::Black;
    }
    let strong = |value: u8| u16::from(value) * 3 >= u16::from(high) * 2;
    match (strong(red), strong(green), strong(blue)) {
        (true, false, false) => Color::Red,
        (false, true, false) => Color::Green,
        (true, true, false) => Color::Yellow,
        (false, false, true) => Color::Blue,
        (true, false, true) => Color::Magenta,
        (false, true, true) => Color::Cyan,
        _ => Color::Gray,
    }
}

/// Parses `red`, `bright-red`, `#rrggbb` or a number of the 256; `default` is the terminal's own.
pub fn parse(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        let value = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
        let [_, red, green, blue] = value.to_be_bytes();
        return Some(Color::Rgb(red, green, blue));
    }
    if let Ok(index) = text.parse() {
        return Some(Color::Indexed(index));
    }
    Some(match text {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Color, Depth, parse};

    #[test]
    fn the_terminal_says_how_many_colours_it_has() {
        assert_eq!(Depth::detect(Some("1"), Some("truecolor"), Some("xterm-256color")), Depth::None);
        assert_eq!(Depth::detect(Some(""), None, Some("xterm-256color")), Depth::Indexed);
        assert_eq!(Depth::detect(None, Some("truecolor"), Some("xterm")), Depth::True);
        assert_eq!(Depth::detect(None, None, Some("linux")), Depth::Ansi);
        assert_eq!(Depth::detect(None, None, Some("dumb")), Depth::None);
    }

    #[test]
    fn colours_are_cut_down_to_what_is_there() {
        assert_eq!(parse("#ff0000"), Some(Color::Rgb(255, 0, 0)));
        assert_eq!(Depth::Indexed.fit(Color::Rgb(255, 0, 0)), Some(Color::Indexed(196)));
        assert_eq!(Depth::Indexed.fit(Color::Rgb(30, 30, 46)), Some(Color::Indexed(235)));
        assert_eq!(Depth::Ansi.fit(Color::Rgb(255, 0, 0)), Some(Color::Red));
        assert_eq!(Depth::None.fit(Color::Red), None);
        assert_eq!(parse("reddish"), None);
    }
}
