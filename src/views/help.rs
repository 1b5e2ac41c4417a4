//! Help: every motion and command with its keys, those that work here first; made from the registry.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::motion::{MOTIONS, step};
use crate::app::{Action, Motion, Scene, View};
use crate::theme::Scope;
use crate::widgets::{Scroll, Span, StyledLine, fit, lines, pad, panel};

/// The width of what a key does, in cells; the longest line of the registry fits.
const WHAT: usize = 46;

/// Lists keys.
#[derive(Debug, Default)]
pub struct Help {
    selected: usize,
    scroll: Scroll,
    filter: String,
}

impl Help {
    fn rows(&self, scene: &Scene<'_>) -> Vec<(String, String, String)> {
        let keys = |keys: Vec<crate::app::Key>| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let commands =
            scene.commands.iter().filter(|command| command.id != "open").map(|command| {
                (keys(scene.keymap.keys_of(command.id)), command.title.to_owned(), command.id.to_owned())
            });
        let motions = MOTIONS.iter().map(|(motion, id, _, what)| {
            (keys(scene.keymap.keys_of_motion(*motion)), (*what).to_owned(), (*id).to_owned())
        });
        commands
            .chain(motions)
            .filter(|(keys, what, id)| {
                let wanted = self.filter.to_lowercase();
                wanted.is_empty()
                    || keys.contains(&self.filter)
                    || what.to_lowercase().contains(&wanted)
                    || id.contains(&wanted)
            })
            .collect()
    }
}

impl View for Help {
    fn id(&self) -> &'static str {
        "help"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "help".to_owned()
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let inside = panel(frame, area, "keys and commands (/ finds one)", scene.focus, scene.theme);
        let rows = self.rows(scene);
        let width = usize::from(inside.width);
        lines(frame, inside, &self.scroll, self.selected, rows.len(), |index, selected| {
            let Some((keys, what, id)) = rows.get(index) else { return StyledLine::default() };
            let text = fit(what, WHAT);
            let gap = " ".repeat(WHAT.saturating_sub(unicode_width::UnicodeWidthStr::width(text.as_str())) + 2);
            let (sign, style) = if selected {
                (">", scene.theme.style(Scope::Selection))
            } else {
                (" ", scene.theme.style(Scope::Text))
            };
            StyledLine::from(vec![
                Span::styled(sign, scene.theme.style(Scope::Selection)),
                Span::styled(pad(keys, 16), scene.theme.style(Scope::Key)),
                Span::styled(text, style),
                Span::raw(gap),
                Span::styled(fit(id, width.saturating_sub(19 + WHAT)), scene.theme.style(Scope::Dim)),
            ])
        });
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        if motion == Motion::Open {
            return Some(Vec::new());
        }
        self.selected = step(self.selected, self.rows(scene).len(), self.scroll.page(), motion)?;
        Some(Vec::new())
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        text.clone_into(&mut self.filter);
        self.selected = 0;
        true
    }

    fn filtered(&self, scene: &Scene<'_>) -> Option<(usize, usize)> {
        let all = scene.commands.iter().filter(|command| command.id != "open").count() + MOTIONS.len();
        (!self.filter.is_empty()).then(|| (self.rows(scene).len(), all))
    }
}
