//! The themes: each is shown while the selection is on it.
//!
//! ```text
//! +> themes --------------------------------------+
//! |  terminal                                     |
//! |> dark                                         |
//! | enter keep   esc as before                    |
//! +-----------------------------------------------+
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::{Action, Key, Notice, Scene, View};
use crate::theme::{Scope, names};
use crate::widgets::{Scroll, Span, StyledLine, centred, lines, panel};

/// Lists the themes.
#[derive(Debug, Default)]
pub struct Themes {
    before: String,
    selected: usize,
    scroll: Scroll,
}

impl View for Themes {
    fn id(&self) -> &'static str {
        "themes"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "themes".to_owned()
    }

    fn overlay(&self) -> bool {
        true
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("enter", "keep it"), ("j k", "another"), ("esc", "as before")]
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.before.clone_from(&scene.theme.name);
        self.selected = names().position(|name| name == self.before).unwrap_or(0);
        Vec::new()
    }

    fn text(&mut self, key: Key, scene: &Scene<'_>) -> Vec<Action> {
        let last = names().count().saturating_sub(1);
        if key.is("esc") {
            return vec![Action::Theme(self.before.clone()), Action::Pop];
        } else if key.is("enter") {
            let name = &scene.theme.name;
            let text = format!(
                "{name} stays until you quit; to keep it, write theme = \"{name}\" into ~/.config/fluxdeck/config.toml, above the first [table]"
            );
            return vec![Action::Pop, Action::Tell(Notice::info(scene.facts.now, text))];
        } else if key.is("down") || key.is("tab") || key.typed() == Some('j') {
            self.selected = (self.selected + 1).min(last);
        } else if key.is("up") || key.is("backtab") || key.typed() == Some('k') {
            self.selected = self.selected.saturating_sub(1);
        }
        names().nth(self.selected).map(|name| Action::Theme(name.to_owned())).into_iter().collect()
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let count = names().count();
        let height = u16::try_from(count).unwrap_or(u16::MAX).saturating_add(3);
        // The list is at the right, so that the user can judge the theme by the screen beside it.
        let place = Rect { x: area.x + area.width.saturating_sub(40), width: area.width.min(40), ..area };
        let inside = panel(frame, centred(place, 38, height), "themes", scene.focus, theme);
        let [list, hint] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(inside);
        lines(frame, list, &self.scroll, self.selected, count, |index, selected| {
            let scope = if selected { Scope::Selection } else { Scope::Text };
            StyledLine::from(vec![
                Span::styled(if selected { "> " } else { "  " }, theme.style(Scope::Selection)),
                Span::styled(names().nth(index).unwrap_or_default(), theme.style(scope)),
            ])
        });
        frame.render_widget(StyledLine::styled("enter keep   esc as before", theme.style(Scope::Dim)), hint);
    }
}
