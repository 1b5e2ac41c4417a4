//! The repository's panel: the tree, with git marks, locks and the files of the selected object.

use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::tree::{Tree, TreeContext};
use crate::app::motion::step;
use crate::app::{Facts, Motion, Scene};
use crate::check::Severity;
use crate::repo::git::Mark;
use crate::repo::{EntryKind, Snapshot};
use crate::widgets::{Paragraph, Scroll, StyledLine, lines, panel, wrap};

/// Shows the repository's tree and keeps its selection.
#[derive(Debug, Default)]
pub(super) struct Repository {
    tree: Tree,
    selected: usize,
    scroll: Scroll,
}

impl Repository {
    /// Starts with the folders open that lead to the environments and their objects.
    pub fn new() -> Self {
        let open = ["clusters", "apps", "infrastructure", "monitoring"].map(str::to_owned);
        Self { tree: Tree::opened(open), ..Self::default() }
    }

    /// Returns the selected path and its kind.
    pub fn selected(&self, facts: &Facts) -> Option<(String, EntryKind)> {
        let snapshot = facts.repository.as_ref()?;
        self.tree.visible(snapshot).get(self.selected).map(|entry| (entry.path.to_string(), entry.kind))
    }

    /// Shows only paths that contain a text; the selection stays if it is one of them.
    pub fn filter(&mut self, text: &str, facts: &Facts) {
        if self.tree.wanted() == text {
            return;
        }
        let selected = self.selected(facts).map(|(path, _)| path);
        self.tree.filter(text);
        self.selected = 0;
        let (Some(snapshot), Some(path)) = (&facts.repository, selected) else { return };
        if text.is_empty() {
            // The filter did not need the folders around it.
            let folders = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
            self.tree.open_all(folders);
        }
        let visible = self.tree.visible(snapshot);
        let is_it = |index: &usize| visible.get(*index).is_some_and(|entry| *entry.path == *path);
        self.selected = (0..visible.len()).find(is_it).unwrap_or(0);
    }

    /// Counts the paths that the filter leaves, and all of them; `None` without a filter.
    pub fn filtered(&self, facts: &Facts) -> Option<(usize, usize)> {
        let snapshot = facts.repository.as_ref().filter(|_| !self.tree.wanted().is_empty())?;
        let files = snapshot.scan.entries.iter().filter(|entry| entry.kind != EntryKind::Directory);
        Some((self.tree.visible(snapshot).len(), files.count()))
    }

    /// Moves, opens and closes folders; `None` if the motion has no effect here.
    pub fn motion(&mut self, motion: Motion, facts: &Facts) -> Option<()> {
        let snapshot = facts.repository.as_ref()?;
        let visible = self.tree.visible(snapshot);
        if let Some(next) = step(self.selected, visible.len(), self.scroll.page(), motion) {
            self.selected = next;
            return Some(());
        }
        let entry = visible.get(self.selected)?;
        let folder = entry.kind == EntryKind::Directory;
        let open = self.tree.is_open(&entry.path);
        match motion {
            Motion::Open if folder => self.tree.toggle(&entry.path),
            Motion::Right if folder && !open => self.tree.toggle(&entry.path),
            Motion::Left if folder && open => self.tree.toggle(&entry.path),
            Motion::Left => {
                let is_above = |index: &usize| visible.get(*index).is_some_and(|other| other.depth < entry.depth);
                let parent = (0..self.selected).rev().find(is_above);
                self.selected = parent.unwrap_or(self.selected);
            }
            _ => return None,
        }
        Some(())
    }

    /// Draws the panel; `linked` are the files that feed the selected object.
    pub fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, focus: bool, linked: &BTreeSet<String>) {
        let inside = panel(frame, area, "repository", focus && scene.focus, scene.theme);
        let Some(snapshot) = &scene.facts.repository else {
            let text = match &scene.facts.repository_fault {
                Some(fault) => format!("{}: {}. {}", fault.what, fault.why, scene.keymap.written(&fault.todo)),
                None => "reading...".to_owned(),
            };
            let wrapped: Vec<StyledLine<'_>> =
                wrap(&text, usize::from(inside.width)).into_iter().map(StyledLine::from).collect();
            frame.render_widget(Paragraph::new(wrapped), inside);
            return;
        };
        let visible = self.tree.visible(snapshot);
        let selected = self.selected.min(visible.len().saturating_sub(1));
        lines(frame, inside, &self.scroll, selected, visible.len(), |index, chosen| {
            visible.get(index).map_or_else(StyledLine::default, |entry| {
                self.tree.line(
                    entry,
                    &TreeContext {
                        facts: scene.facts,
                        theme: scene.theme,
                        width: usize::from(inside.width),
                        selected: chosen && focus,
                        linked: linked.contains(&*entry.path),
                        wrong: wrong(scene.facts, snapshot, &entry.path),
                        mark: snapshot.git.as_ref().ok().and_then(|git| git.mark(&entry.path)).map(Mark::letter),
                    },
                )
            })
        });
    }
}

/// Returns the worst severity of a file's findings or of those below a folder; before the first survey, only those of
/// reading the files.
fn wrong(facts: &Facts, snapshot: &Snapshot, path: &str) -> Option<Severity> {
    match &facts.survey {
        Some(survey) => survey.worst(path),
        None => snapshot.findings.iter().any(|finding| finding.file == path).then_some(Severity::Error),
    }
}
