//! Colours in the output of programs: SGR of ECMA-48 (8.3.117), with the 256 and the exact colours of ITU-T T.416
//! (13.1.8).

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};

use super::Theme;
use crate::model::text::{INTRODUCER, by_colour};

/// The terminal's own colours, in the order of their numbers.
const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

impl Theme {
    /// Parses the colours of a text: returns the text without them, and the styles with their first byte, in order.
    ///
    /// Other control sequences stay in the text. No text can be hidden: concealed text and text in the colour of its
    /// background are shown.
    pub fn read_colours<'a>(&self, text: &'a str) -> (Cow<'a, str>, Vec<(usize, Style)>) {
        if !text.contains(INTRODUCER) {
            return (Cow::Borrowed(text), Vec::new());
        }
        let (mut plain, mut styles) = (String::with_capacity(text.len()), Vec::new());
        let mut style = Style::new();
        by_colour(text, |part, sequence| {
            if let Some(parameters) = sequence.strip_prefix(INTRODUCER).and_then(|rest| rest.strip_suffix('m')) {
                style = apply(style, parameters);
                styles.push((plain.len(), self.shown(style)));
            }
            plain.push_str(part);
        });
        (Cow::Owned(plain), styles)
    }

    /// Fits a style to the terminal, and removes a background that would hide the text.
    fn shown(&self, style: Style) -> Style {
        let fit = |colour: Option<Color>| colour.and_then(|colour| self.depth.fit(colour));
        let (fg, bg) = (fit(style.fg), fit(style.bg));
        Style { fg, bg: bg.filter(|bg| Some(*bg) != fg), ..style }
    }
}

/// Applies the parameters of one sequence; an empty one is a reset, and an unknown one has no effect.
fn apply(mut style: Style, parameters: &str) -> Style {
    let numbers: Vec<u16> = parameters.split([';', ':']).map(|number| number.parse().unwrap_or(0)).collect();
    let mut rest = numbers.as_slice();
    while let Some((number, after)) = rest.split_first() {
        rest = after;
        let colour = |from: u16| NAMED.get(usize::from(number.saturating_sub(from))).copied();
        let bright = |from: u16| NAMED.get(usize::from(number.saturating_sub(from).saturating_add(8))).copied();
        style = match number {
            0 => Style::new(),
            1 => style.add_modifier(Modifier::BOLD),
            2 => style.add_modifier(Modifier::DIM),
            3 => style.add_modifier(Modifier::ITALIC),
            4 => style.add_modifier(Modifier::UNDERLINED),
            7 => style.add_modifier(Modifier::REVERSED),
            9 => style.add_modifier(Modifier::CROSSED_OUT),
            22 => without(style, Modifier::BOLD | Modifier::DIM),
            23 => without(style, Modifier::ITALIC),
            24 => without(style, Modifier::UNDERLINED),
            27 => without(style, Modifier::REVERSED),
            29 => without(style, Modifier::CROSSED_OUT),
            30..=37 => Style { fg: colour(30), ..style },
            38 => Style { fg: exact(&mut rest), ..style },
            39 => Style { fg: None, ..style },
            40..=47 => Style { bg: colour(40), ..style },
            48 => Style { bg: exact(&mut rest), ..style },
            49 => Style { bg: None, ..style },
            90..=97 => Style { fg: bright(90), ..style },
            100..=107 => Style { bg: bright(100), ..style },
            _ => style,
        };
    }
    style
}

/// Removes a modifier of the style itself, but not of the style below.
fn without(style: Style, modifier: Modifier) -> Style {
    Style { add_modifier: style.add_modifier.difference(modifier), ..style }
}

/// Parses the parameters after 38 or 48: `5;N`, or `2;R;G;B`.
fn exact(rest: &mut &[u16]) -> Option<Color> {
    let byte = |number: u16| u8::try_from(number).ok();
    match *rest {
        [5, index, after @ ..] => {
            *rest = after;
            byte(*index).map(Color::Indexed)
        }
        [2, red, green, blue, after @ ..] => {
            *rest = after;
            Some(Color::Rgb(byte(*red)?, byte(*green)?, byte(*blue)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier, Style};

    use crate::theme::{Depth, Theme};

    #[test]
    fn colours_are_read_and_nothing_is_hidden_by_them() {
        let theme = Theme::load("dark", Depth::True, false).unwrap();
        let (plain, styles) =
            theme.read_colours("a\u{1b}[1;31mb\u{1b}[22;38;5;200mc\u{1b}[mA\u{1b}[2J\u{1b}[48;2;1;2;3md");
        assert_eq!(plain, "abcA\u{1b}[2Jd");
        let red = Style::new().fg(Color::Red);
        assert_eq!(
            styles,
            [
                (1, red.add_modifier(Modifier::BOLD)),
                (2, Style::new().fg(Color::Indexed(200))),
                (3, Style::new()),
                (8, Style::new().bg(Color::Rgb(1, 2, 3))),
            ]
        );
        let hidden = theme.read_colours("\u{1b}[8m\u{1b}[31;41mx").1;
        assert_eq!(hidden.last(), Some(&(0, red)));
        let none = Theme::load("dark", Depth::None, false).unwrap();
        assert_eq!(none.read_colours("\u{1b}[1;31mx").1, [(0, Style::new().add_modifier(Modifier::BOLD))]);
        // A broken or unknown sequence has no effect.
        for strange in ["\u{1b}[38m", "\u{1b}[38;5m", "\u{1b}[38;9;1m", "\u{1b}[38;5;999m", "\u{1b}[999m", "\u{1b}[;m"]
        {
            assert_eq!(theme.read_colours(strange).0, "", "{strange:?}");
        }
        assert_eq!(theme.read_colours("\u{1b}[31").0, "\u{1b}[31");
    }
}
