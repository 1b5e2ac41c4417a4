//! Operations of this run: each with its steps and its result.
//!
//! ```text
//! +> operations -------------------------------------------------------+
//! |>~ Reconcile Kustomization/apps   staging   12s   applying main@…    |
//! |    = request    asked at 12:00:01                                   |
//! |    ~ reconcile  waiting for kustomize-controller                    |
//! +---------------------------------------------------------------------+
//! ```

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr as _;

use crate::app::health::state_scope;
use crate::app::motion::step;
use crate::app::{Action, Motion, Op, Scene, View};
use crate::model::signs;
use crate::model::{Outcome, State, StepState};
use crate::theme::Scope;
use crate::widgets::{Paragraph, Scroll, Span, StyledLine, fit, lines, panel, wrap};

/// Tells the list to stop the selected operation.
#[derive(Debug, Clone, Copy)]
pub struct StopOperation;

/// Lists operations, newest first.
#[derive(Debug, Default)]
pub struct Operations {
    selected: usize,
    scroll: Scroll,
}

/// One line: an operation's head, or one of its steps.
enum Row<'a> {
    Head(&'a Op),
    Step(&'a crate::model::Step),
}

fn rows(operations: &[Op]) -> Vec<Row<'_>> {
    operations
        .iter()
        .rev()
        .flat_map(|operation| std::iter::once(Row::Head(operation)).chain(operation.steps.iter().map(Row::Step)))
        .collect()
}

fn state(operation: &Op) -> State {
    match &operation.ended {
        None => State::Progressing,
        Some((_, Outcome::Done(_))) => State::Ready,
        Some((_, Outcome::Cancelled(_))) => State::Suspended,
        Some(_) => State::Failed,
    }
}

impl Operations {
    /// Returns the operation that the selected row belongs to.
    fn chosen<'a>(&self, scene: &Scene<'a>) -> Option<&'a Op> {
        let rows = rows(&scene.facts.operations);
        let upto = rows.get(..=self.selected.min(rows.len().saturating_sub(1))).unwrap_or_default();
        upto.iter().rev().find_map(|row| match row {
            Row::Head(operation) => Some(*operation),
            Row::Step(_) => None,
        })
    }
}

impl View for Operations {
    fn id(&self) -> &'static str {
        "operations"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "operations".to_owned()
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let inside = panel(frame, area, "operations", scene.focus, scene.theme);
        let rows = rows(&scene.facts.operations);
        if rows.is_empty() {
            let text = "nothing has been done yet: ‹key:reconcile› on a Flux object reconciles it";
            frame.render_widget(Paragraph::new(&*scene.keymap.written(text)), inside);
            return;
        }
        let width = usize::from(inside.width);
        let theme = scene.theme;
        let chosen = self.selected.min(rows.len() - 1);
        // The line that is selected is told in full below, where it is cut.
        let whole = match rows.get(chosen) {
            Some(Row::Step(step)) => format!("{}  {}", step.step, step.message),
            Some(Row::Head(operation)) => operation.summary(),
            None => String::new(),
        };
        let told = if whole.width() + 6 > width { wrap(&whole, width) } else { Vec::new() };
        let most = usize::from(inside.height / 2);
        let told: Vec<StyledLine<'_>> = told.into_iter().take(most).map(StyledLine::from).collect();
        let [list, below] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(u16::try_from(told.len()).unwrap_or_default())])
                .areas(inside);
        frame.render_widget(Paragraph::new(told), below);
        lines(frame, list, &self.scroll, chosen, rows.len(), |index, selected| {
            let sign = Span::styled(if selected { signs::SELECTED.sign } else { " " }, theme.style(Scope::Selection));
            match rows.get(index) {
                Some(Row::Head(operation)) => {
                    let state = state(operation);
                    let place = operation.env.map_or("", |env| scene.facts.name(env));
                    let head = format!("{}  {place}  {}  ", operation.title, operation.elapsed(scene.facts.now));
                    let rest = fit(&operation.summary(), width.saturating_sub(head.len() + 3));
                    StyledLine::from(vec![
                        sign,
                        Span::styled(format!("{} ", state.sign()), theme.style(state_scope(state))),
                        Span::styled(head, theme.style(if selected { Scope::Selection } else { Scope::Title })),
                        Span::raw(rest),
                    ])
                }
                Some(Row::Step(step)) => {
                    let state = match step.state {
                        StepState::Running | StepState::Warning => State::Progressing,
                        StepState::Done => State::Ready,
                        StepState::Failed => State::Failed,
                    };
                    StyledLine::from(vec![
                        sign,
                        Span::styled(format!("   {} ", state.sign()), theme.style(state_scope(state))),
                        Span::raw(fit(&format!("{}  {}", step.step, step.message), width.saturating_sub(6))),
                    ])
                }
                None => StyledLine::default(),
            }
        });
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        if !payload.is::<StopOperation>() {
            return Vec::new();
        }
        self.chosen(scene).map(|operation| Action::Cancel(operation.id)).into_iter().collect()
    }

    fn refusal(&self, command: &str, scene: &Scene<'_>) -> Option<String> {
        if command != "cancel-selected" {
            return None;
        }
        match self.chosen(scene) {
            None => Some("no operation is selected".to_owned()),
            Some(operation) => operation.ended.is_some().then(|| "it has ended already".to_owned()),
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let count = rows(&scene.facts.operations).len();
        self.selected = step(self.selected, count, self.scroll.page(), motion)?;
        Some(Vec::new())
    }
}
