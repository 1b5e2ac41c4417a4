//! Pictures of a screen: plain text, text with colours, or SVG.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

/// Selects the format of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PictureFormat {
    /// Plain text.
    Text,
    /// Text with SGR sequences.
    Ansi,
    /// An SVG document.
    Svg,
}

/// The size of a cell in an SVG picture, in user units: the proportions of common monospace fonts.
const CELL: (f32, f32) = (8.4, 16.5);

/// Returns a screen in a format; `light` puts an SVG on light ground.
pub fn picture(buffer: &Buffer, format: PictureFormat, light: bool) -> String {
    match format {
        PictureFormat::Text => text(buffer),
        PictureFormat::Ansi => ansi(buffer),
        PictureFormat::Svg => svg(buffer, light),
    }
}

/// Iterates over runs of equally styled cells of one row: column, text, style.
fn runs(buffer: &Buffer, y: u16) -> Vec<(u16, String, Color, Color, Modifier)> {
    let mut runs: Vec<(u16, String, Color, Color, Modifier)> = Vec::new();
    let mut x = buffer.area.x;
    while x < buffer.area.right() {
        let Some(cell) = buffer.cell((x, y)) else { break };
        let symbol = crate::model::text::cell_text(cell.symbol());
        let width = u16::try_from(unicode_width::UnicodeWidthStr::width(&*symbol)).unwrap_or(1).max(1);
        match runs.last_mut() {
            Some((_, text, fg, bg, modifier)) if (*fg, *bg, *modifier) == (cell.fg, cell.bg, cell.modifier) => {
                text.push_str(&symbol);
            }
            _ => runs.push((x, symbol.into_owned(), cell.fg, cell.bg, cell.modifier)),
        }
        x += width;
    }
    runs
}

fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let line: String = runs(buffer, y).into_iter().map(|(_, text, ..)| text).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn ansi(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        for (_, text, fg, bg, modifier) in runs(buffer, y) {
            let mut codes = vec!["0".to_owned()];
            for (flag, code) in MODIFIERS {
                if modifier.contains(flag) {
                    codes.push(code.to_owned());
                }
            }
            codes.extend([super::terminal::colour_code(fg, 30), super::terminal::colour_code(bg, 40)]);
            let _ = write!(out, "\x1b[{}m{text}", codes.join(";"));
        }
        out.push_str("\x1b[0m\n");
    }
    out
}

const MODIFIERS: [(Modifier, &str); 5] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::REVERSED, "7"),
];

fn svg(buffer: &Buffer, light: bool) -> String {
    let (ground, ink) = if light { ("#fdfdfb", "#24292f") } else { ("#16181d", "#d6d9de") };
    let (cell_width, cell_height) = CELL;
    let width = f32::from(buffer.area.width) * cell_width + 20.0;
    let height = f32::from(buffer.area.height) * cell_height + 20.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{ground}\"/>\n\
         <g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" fill=\"{ink}\" xml:space=\"preserve\">\n"
    );
    for y in buffer.area.top()..buffer.area.bottom() {
        for (x, text, fg, bg, modifier) in runs(buffer, y) {
            let reversed = modifier.contains(Modifier::REVERSED);
            let (front, back) = (hex(fg, light), hex(bg, light));
            let (front, back) = if reversed {
                (Some(back.unwrap_or_else(|| ground.to_owned())), Some(front.unwrap_or_else(|| ink.to_owned())))
            } else {
                (front, back)
            };
            let left = 10.0 + f32::from(x) * cell_width;
            let top = 10.0 + f32::from(y) * cell_height;
            let cells = unicode_width::UnicodeWidthStr::width(text.as_str());
            let span = f32::from(u16::try_from(cells).unwrap_or(0)) * cell_width;
            if let Some(back) = back {
                let _ = writeln!(
                    out,
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{span:.1}\" height=\"{cell_height}\" fill=\"{back}\" shape-rendering=\"crispEdges\"/>"
                );
            }
            if text.trim().is_empty() {
                continue;
            }
            let mut attributes = String::new();
            if let Some(front) = front {
                let _ = write!(attributes, " fill=\"{front}\"");
            }
            for (flag, attribute) in [
                (Modifier::BOLD, " font-weight=\"bold\""),
                (Modifier::DIM, " opacity=\"0.65\""),
                (Modifier::ITALIC, " font-style=\"italic\""),
                (Modifier::UNDERLINED, " text-decoration=\"underline\""),
            ] {
                if modifier.contains(flag) {
                    attributes.push_str(attribute);
                }
            }
            let baseline = top + cell_height - 4.2;
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = writeln!(
                out,
                "<text x=\"{left:.1}\" y=\"{baseline:.1}\" textLength=\"{span:.1}\" lengthAdjust=\"spacingAndGlyphs\"{attributes}>{escaped}</text>"
            );
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Returns a colour for SVG; `None` for the terminal's default.
fn hex(colour: Color, light: bool) -> Option<String> {
    let named = |dark: &str, bright: &str| Some(if light { bright } else { dark }.to_owned());
    match colour {
        Color::Reset => None,
        Color::Black | Color::DarkGray => named("#6e7681", "#57606a"),
        Color::Red | Color::LightRed => named("#f47067", "#cf222e"),
        Color::Green | Color::LightGreen => named("#6bc46d", "#1a7f37"),
        Color::Yellow | Color::LightYellow => named("#daaa3f", "#9a6700"),
        Color::Blue | Color::LightBlue => named("#6cb6ff", "#0969da"),
        Color::Magenta | Color::LightMagenta => named("#dcbdfb", "#8250df"),
        Color::Cyan | Color::LightCyan => named("#56d4dd", "#1b7c83"),
        Color::Gray | Color::White => named("#d6d9de", "#24292f"),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Indexed(index) => Some(indexed(index)),
    }
}

/// Returns one of the 256 colours: a cube of 6x6x6 from 16 on, and 24 greys from 232 on (xterm's table).
fn indexed(index: u8) -> String {
    let level = |value: u8| if value == 0 { 0 } else { 55 + 40 * value };
    match index {
        0..=15 => "#808080".to_owned(),
        16..=231 => {
            let cube = index - 16;
            format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PictureFormat, picture};
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    #[test]
    fn a_screen_in_three_formats() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "a<b", Style::new().fg(Color::Green));
        buffer.set_string(0, 1, "日本", Style::new());
        assert_eq!(picture(&buffer, PictureFormat::Text, false), "a<b\n日本\n");
        assert!(picture(&buffer, PictureFormat::Ansi, false).starts_with("\x1b[0;32;49ma<b"));
        let svg = picture(&buffer, PictureFormat::Svg, false);
        assert!(svg.contains("a&lt;b") && svg.ends_with("</svg>\n"));
    }
}
