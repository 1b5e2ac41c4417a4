//! Themes: named scopes to styles, read from `themes/*.toml`, where a theme may inherit from another.

mod colour;
mod scope;
mod sgr;

use std::collections::BTreeMap;

use ratatui::style::{Modifier, Style};
use serde::Deserialize;

pub use colour::Depth;
pub use scope::Scope;

/// The built-in themes: name and text.
const BUILT_IN: &[(&str, &str)] = &[
    ("terminal", include_str!("../../themes/terminal.toml")),
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("monochrome", include_str!("../../themes/monochrome.toml")),
    ("catppuccin-mocha", include_str!("../../themes/catppuccin-mocha.toml")),
    ("gruvbox-dark", include_str!("../../themes/gruvbox-dark.toml")),
    ("solarized-light", include_str!("../../themes/solarized-light.toml")),
];

/// Says why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// No theme has the name.
    #[error("no theme is called `{0}`; there are: {1}")]
    Unknown(String, String),
    /// The theme's file is invalid.
    #[error("theme `{0}`: {1}")]
    Invalid(String, String),
    /// Themes inherit from each other in a circle.
    #[error("theme `{0}` inherits from itself")]
    Circle(String),
}

/// Maps every scope to a style, and decides which signs may be drawn.
#[derive(Debug, Clone)]
pub struct Theme {
    /// The theme's name.
    pub name: String,
    /// Whether only ASCII signs are drawn.
    pub ascii: bool,
    depth: Depth,
    styles: BTreeMap<Scope, Style>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    inherits: Option<String>,
    #[serde(default)]
    scopes: BTreeMap<Scope, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underline: bool,
    #[serde(default)]
    reverse: bool,
}

impl Entry {
    /// Tells whether it has exact colours (red, green and blue).
    fn is_exact(&self) -> bool {
        [&self.fg, &self.bg].into_iter().flatten().any(|colour| colour.starts_with('#'))
    }
}

impl Theme {
    /// Loads a built-in theme by name, with its ancestors; without colours when `depth` is [`Depth::None`].
    ///
    /// # Errors
    /// Fails when no theme has the name, a file is invalid, or themes inherit in a circle.
    pub fn load(name: &str, depth: Depth, ascii: bool) -> Result<Self, ThemeError> {
        let mut chain = Vec::new();
        let mut next = Some(name.to_owned());
        let mut seen = Vec::new();
        while let Some(current) = next.take() {
            if seen.contains(&current) {
                return Err(ThemeError::Circle(current));
            }
            let text = BUILT_IN
                .iter()
                .find(|(known, _)| *known == current)
                .map(|(_, text)| *text)
                .ok_or_else(|| ThemeError::Unknown(current.clone(), names().collect::<Vec<_>>().join(", ")))?;
            let file: File =
                toml::from_str(text).map_err(|error| ThemeError::Invalid(current.clone(), error.to_string()))?;
            next.clone_from(&file.inherits);
            seen.push(current.clone());
            chain.push((current, file));
        }
        let mut styles = BTreeMap::new();
        for (owner, file) in chain.iter().rev() {
            for (scope, entry) in &file.scopes {
                // A terminal of 16 or no colours cannot show exact colours, and approximations may be unreadable there:
                // the inherited style stays.
                if matches!(depth, Depth::Ansi | Depth::None) && entry.is_exact() && styles.contains_key(scope) {
                    continue;
                }
                styles.insert(*scope, style(owner, entry, depth)?);
            }
        }
        Ok(Self { name: name.to_owned(), ascii, depth, styles })
    }

    /// Loads another built-in theme for the same terminal.
    ///
    /// # Errors
    /// Fails like [`Theme::load`].
    pub fn another(&self, name: &str) -> Result<Self, ThemeError> {
        Self::load(name, self.depth, self.ascii)
    }

    /// Returns the style of a colour that the user named, such as an environment's own; `None` where it is invalid or
    /// cannot be shown.
    pub fn coloured(&self, colour: &str) -> Option<Style> {
        let colour = self.depth.fit(colour::parse(colour)?)?;
        Some(self.style(Scope::Title).fg(colour))
    }

    /// Returns the style of a scope.
    pub fn style(&self, scope: Scope) -> Style {
        self.styles.get(&scope).copied().unwrap_or_default()
    }

    /// Tells whether a scope has a style of its own.
    pub fn has(&self, scope: Scope) -> bool {
        self.styles.contains_key(&scope)
    }
}

/// Lists the names of the built-in themes.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

fn style(owner: &str, entry: &Entry, depth: Depth) -> Result<Style, ThemeError> {
    let read = |text: &Option<String>| -> Result<_, ThemeError> {
        text.as_deref()
            .map(|text| {
                colour::parse(text)
                    .ok_or_else(|| ThemeError::Invalid(owner.to_owned(), format!("`{text}` is not a colour")))
            })
            .transpose()
            .map(|found| found.and_then(|colour| depth.fit(colour)))
    };
    let mut style = Style { fg: read(&entry.fg)?, bg: read(&entry.bg)?, ..Style::default() };
    for (wanted, modifier) in [
        (entry.bold, Modifier::BOLD),
        (entry.dim, Modifier::DIM),
        (entry.italic, Modifier::ITALIC),
        (entry.underline, Modifier::UNDERLINED),
        (entry.reverse, Modifier::REVERSED),
    ] {
        if wanted {
            style = style.add_modifier(modifier);
        }
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    use super::{Depth, Scope, Theme, names};
    use ratatui::style::{Color, Style};

    /// The relative luminance of WCAG 2.1.
    fn luminance(colour: Color) -> Option<f64> {
        let Color::Rgb(red, green, blue) = colour else { return None };
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        Some(0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue))
    }

    #[test]
    fn text_stands_out_from_its_ground() {
        let mut exact = 0;
        for name in names() {
            let theme = Theme::load(name, Depth::True, false).unwrap();
            let ground = theme.style(Scope::Text);
            for scope in Scope::ALL.iter().filter(|scope| !matches!(scope, Scope::Border)) {
                let Style { fg, bg, .. } = ground.patch(theme.style(*scope));
                let (Some(fg), Some(bg)) = (fg.and_then(luminance), bg.and_then(luminance)) else { continue };
                let ratio = (fg.max(bg) + 0.05) / (fg.min(bg) + 0.05);
                assert!(ratio >= 4.5, "{name}: {scope:?} has {ratio:.1}:1");
                exact += 1;
            }
        }
        assert!(exact > 200, "only {exact} were looked at");
    }

    #[test]
    fn a_terminal_of_16_colours_or_none_gets_no_guessed_ones() {
        let own = Theme::load("terminal", Depth::Ansi, false).unwrap();
        for name in ["light", "solarized-light", "dark"] {
            let theme = Theme::load(name, Depth::Ansi, false).unwrap();
            assert_eq!(theme.style(Scope::Text), own.style(Scope::Text), "{name}");
            assert_eq!(theme.style(Scope::Failed), own.style(Scope::Failed), "{name}");
            let none = theme.another(name).unwrap().coloured("blue").unwrap();
            assert_eq!(none.fg, Some(Color::Blue));
        }
    }

    #[test]
    fn every_theme_has_every_scope() {
        for name in names() {
            let theme = Theme::load(name, Depth::True, false).unwrap();
            for scope in Scope::ALL {
                assert!(theme.has(*scope), "theme {name} lacks {scope:?}");
            }
        }
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let theme = Theme::load("terminal", Depth::None, false).unwrap();
        for scope in Scope::ALL {
            let style = theme.style(*scope);
            assert!(style.fg.is_none() && style.bg.is_none(), "{scope:?} is coloured");
        }
    }

    #[test]
    fn an_unknown_theme_names_those_there_are() {
        let error = Theme::load("solarised", Depth::True, false).unwrap_err().to_string();
        assert!(error.contains("terminal"), "{error}");
    }
}
