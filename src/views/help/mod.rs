//! Help: the keys of the screen below, in groups, each with a sentence; the keys of other screens; and the signs.
//!
//! ```text
//! +> help  list  Kustomization/flux-system/apps ----------------------+
//! | What is selected                                                  |
//! | BuildFailed  kustomize could not make manifests of the path: …    |
//! | This screen                                                       |
//! |>o           Sorts by the next column; again by the one after it.  |
//! | On Kustomization/flux-system/apps                                 |
//! | R           Asks its controller to look now rather than …         |
//! +-------------------------------------------------------------------+
//! ```

mod rows;
mod sentences;
#[cfg(test)]
pub(super) mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::motion::step;
use crate::app::{Action, CommandTarget, Motion, Notice, Scene, View};
use crate::explain::Topic;
use crate::theme::Scope;
use crate::widgets::{Scroll, Span, StyledLine, fit, lines, pad, panel};
use rows::{HelpRow, OnEnter, Place};
pub(super) use sentences::sentence;

/// The width of the keys, in cells.
const KEYS: usize = 16;

/// The most width of that column, in cells.
const MOST_KEYS: usize = 32;

/// The width of a key's title, in cells, and the least width of a screen with titles.
const TITLE: usize = 32;
const ROOMY: usize = 116;

/// Lists keys.
#[derive(Debug)]
pub struct Help {
    place: Place,
    selected: usize,
    scroll: Scroll,
    filter: String,
}

impl Help {
    /// Opens it for a screen, with its marks or selection, and its selection.
    pub fn new(view: &'static str, targets: Vec<CommandTarget>, selected: Vec<CommandTarget>) -> Self {
        let place = Place { view, targets, selected, subject: None, refused: Vec::new(), topics: Vec::new() };
        Self { place, selected: 0, scroll: Scroll::default(), filter: String::new() }
    }

    /// Notes the commands that have no effect on that screen, each with its reason.
    pub fn refusing(mut self, refused: Vec<(&'static str, String)>) -> Self {
        self.place.refused = refused;
        self
    }

    /// Notes what that screen is about as a whole.
    pub fn about(mut self, subject: Option<CommandTarget>) -> Self {
        self.place.subject = subject;
        self
    }

    /// Offers the topics that explain the selection, before all keys.
    pub fn explaining(mut self, topics: Vec<Topic>) -> Self {
        self.place.topics = topics;
        self
    }

    /// Lists the rows that contain every word of the filter.
    fn rows(&self, scene: &Scene<'_>) -> Vec<HelpRow> {
        let wanted = self.filter.to_lowercase();
        let all = self.place.rows(scene);
        // The search for a key is case-sensitive: `R` is not `r`.
        let is_key = |row: &HelpRow| row.keys.split(' ').any(|key| key == self.filter.trim());
        if all.iter().any(is_key) {
            return all.into_iter().filter(is_key).collect();
        }
        let is_found = |row: &HelpRow| {
            let text = format!("{} {} {} {}", row.keys, row.text, row.words, row.group).to_lowercase();
            wanted.split_whitespace().all(|word| text.contains(word))
        };
        all.into_iter().filter(is_found).collect()
    }
}

/// A line of the screen: a heading, or a row by its number.
enum Shown {
    Heading(String),
    Row(usize),
}

/// Puts the headings of the groups between the rows.
fn shown(rows: &[HelpRow]) -> Vec<Shown> {
    let mut out = Vec::new();
    let mut group = "";
    for (index, row) in rows.iter().enumerate() {
        if row.group != group {
            group = &row.group;
            out.push(Shown::Heading(group.to_owned()));
        }
        out.push(Shown::Row(index));
    }
    out
}

/// Returns the width of the keys in a row's group: names of topics are longer than keys, and stand in one column.
fn column(rows: &[HelpRow], row: &HelpRow) -> usize {
    let longest = rows.iter().filter(|other| other.group == row.group).map(|other| other.keys.len() + 1).max();
    longest.unwrap_or_default().clamp(KEYS, MOST_KEYS)
}

impl View for Help {
    fn id(&self) -> &'static str {
        "help"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("help  {}", self.place.view)
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let title =
            format!("{}   {}", self.title(scene), scene.keymap.written("‹key:filter› searches, ‹key:open› runs it"));
        let inside = panel(frame, area, &title, scene.focus, theme);
        let rows = self.rows(scene);
        let shown = shown(&rows);
        let width = usize::from(inside.width);
        let at = shown.iter().position(|one| matches!(one, Shown::Row(index) if *index == self.selected));
        lines(frame, inside, &self.scroll, at.unwrap_or_default(), shown.len(), |index, _| match shown.get(index) {
            Some(Shown::Heading(text)) => StyledLine::styled(fit(text, width), theme.style(Scope::Heading)),
            Some(Shown::Row(index)) => {
                let Some(row) = rows.get(*index) else { return StyledLine::default() };
                let is_selected = *index == self.selected;
                let plain = if row.is_refused { Scope::Dim } else { Scope::Text };
                let scope = if is_selected { Scope::Selection } else { plain };
                let keys = column(&rows, row);
                let room = width.saturating_sub(1 + keys);
                let title = if width < ROOMY { String::new() } else { pad(row.title, TITLE) };
                let room = room.saturating_sub(title.len());
                StyledLine::from(vec![
                    Span::styled(
                        if is_selected { crate::model::signs::SELECTED.sign } else { " " },
                        theme.style(Scope::Selection),
                    ),
                    Span::styled(pad(&fit(&row.keys, keys.saturating_sub(1)), keys), theme.style(Scope::Key)),
                    Span::styled(title, theme.style(if row.is_refused { Scope::Dim } else { Scope::Title })),
                    Span::styled(fit(&row.text, room), theme.style(scope)),
                ])
            }
            None => StyledLine::default(),
        });
        if rows.is_empty() {
            let text = "no key and no sign has these words; ‹key:back› shows all";
            frame.render_widget(
                StyledLine::styled(scene.keymap.written(text).into_owned(), theme.style(Scope::Dim)),
                inside,
            );
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let rows = self.rows(scene);
        if motion == Motion::Open {
            let Some(row) = rows.get(self.selected) else { return Some(Vec::new()) };
            return Some(match row.enter {
                OnEnter::Command(command) => {
                    let targets = self.place.targets_of(command).to_vec();
                    vec![Action::Pop, Action::Dispatch(command, targets, Vec::new())]
                }
                OnEnter::Topic(index) => {
                    let Some(command) = scene.command("explain") else { return Some(Vec::new()) };
                    let name = self.place.topics.get(index).map(|topic| topic.id.clone()).unwrap_or_default();
                    let targets = self.place.selected.clone();
                    vec![Action::Pop, Action::Dispatch(command, targets, vec![("topic".to_owned(), name)])]
                }
                OnEnter::Motion(motion) => vec![Action::Pop, Action::Move(motion)],
                OnEnter::Elsewhere => {
                    let text = format!("{} does nothing where this was opened; {}", row.keys, row.text);
                    vec![Action::Tell(Notice::info(scene.facts.now, text))]
                }
                OnEnter::Nothing => {
                    vec![Action::Tell(Notice::info(scene.facts.now, "this line explains a sign: no key belongs to it"))]
                }
            });
        }
        self.selected = step(self.selected, rows.len(), self.scroll.page(), motion)?;
        Some(Vec::new())
    }

    fn own_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("enter", "run it"), ("/", "search")]
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        text.clone_into(&mut self.filter);
        self.selected = 0;
        true
    }

    fn filtered(&self, scene: &Scene<'_>) -> Option<(usize, usize)> {
        (!self.filter.is_empty()).then(|| (self.rows(scene).len(), self.place.rows(scene).len()))
    }
}
