//! Asks once whether the user agrees to the context of an environment that only the repository names.
//!
//! ```text
//! +- Is this your staging? ---------------------------+
//! | environment  staging                              |
//! | context      ops-admin, named by the repository   |
//! | ...                                               |
//! | y yes, remember it   n no, it stays protected     |
//! +---------------------------------------------------+
//! ```

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::remember;
use crate::app::action::Action;
use crate::app::facts::Facts;
use crate::app::key::Key;
use crate::app::task::Task;
use crate::app::view::{Scene, View};
use crate::config::Agreement;
use crate::model::{Env, Fault, Protection};
use crate::theme::Scope;
use crate::widgets::{Span, StyledLine, centred, panel, wrap};

/// Asks about one environment.
#[derive(Debug)]
pub struct Agree {
    env: Env,
    context: String,
    fault: Option<Fault>,
}

/// Reports that the user agreed, and that the answer is saved if there is a place for it.
pub(in crate::app) struct Agreed(pub(in crate::app) Result<(), Fault>);

impl Agree {
    /// Asks about the first environment from an index on whose only protection is the missing agreement; `None` if
    /// there is none, or in read-only mode.
    pub fn next(facts: &Facts, from: usize) -> Option<Self> {
        if facts.read_only {
            return None;
        }
        facts.environments.iter().skip(from).find_map(|(env, known)| match &known.protected_by {
            Some(Protection::Unagreed(context)) => Some(Self { env, context: context.clone(), fault: None }),
            _ => None,
        })
    }

    fn agree(&self, scene: &Scene<'_>) -> Vec<Action> {
        let (env, context) = (scene.facts.name(self.env).to_owned(), self.context.clone());
        vec![Action::Task(Task::blocking("remember the agreement", move |task_context| {
            Agreed(remember(&task_context, |root| Agreement::of_context(root, &env, &context)))
        }))]
    }

    /// Closes this question and asks the next.
    fn done(&self, scene: &Scene<'_>) -> Vec<Action> {
        let next = Self::next(scene.facts, self.env.index() + 1);
        [Action::Pop].into_iter().chain(next.map(|next| Action::Push(Box::new(next)))).collect()
    }
}

impl View for Agree {
    fn id(&self) -> &'static str {
        "agree"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("Is this your {}?", scene.facts.name(self.env))
    }

    fn overlay(&self) -> bool {
        true
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("y", "yes, remember it"), ("n", "no, it stays protected"), ("esc", "no")]
    }

    fn text(&mut self, key: Key, scene: &Scene<'_>) -> Vec<Action> {
        match key.typed() {
            Some('y' | 'Y') => self.agree(scene),
            Some('n' | 'N' | 'q') => self.done(scene),
            _ if key.is("esc") => self.done(scene),
            _ => Vec::new(),
        }
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        match payload.downcast::<Agreed>().map(|agreed| agreed.0) {
            Ok(Ok(())) => {
                [Action::Agreed(self.env, self.context.clone())].into_iter().chain(self.done(scene)).collect()
            }
            Ok(Err(fault)) => {
                self.fault = Some(fault);
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let width = area.width.saturating_sub(8).clamp(20, 90);
        let inner = usize::from(width.saturating_sub(4));
        let row = |label: &str, text: String, scope: Scope| {
            StyledLine::from(vec![
                Span::styled(format!("{label:<13}"), theme.style(Scope::Dim)),
                Span::styled(text, theme.style(scope)),
            ])
        };
        let mut lines = vec![
            row("environment", scene.facts.name(self.env).to_owned(), Scope::Title),
            row("context", self.context.clone(), Scope::Title),
        ];
        let why = "Only the repository says that this context is this environment, and whoever writes to the repository may say so. Until you \
                   agree, writes to it ask first. What you agree to is remembered for this repository.";
        lines.extend(wrap(why, inner).into_iter().map(StyledLine::from));
        if let Some(fault) = &self.fault {
            let told = format!("{}: {}; {}", fault.what, fault.why, scene.keymap.written(&fault.todo));
            lines.extend(
                wrap(&told, inner).into_iter().map(|text| StyledLine::styled(text, theme.style(Scope::Failed))),
            );
        }
        lines.push(StyledLine::default());
        lines.push(StyledLine::from(vec![
            Span::styled("y", theme.style(Scope::Key)),
            Span::raw(" yes, remember it    "),
            Span::styled("n", theme.style(Scope::Key)),
            Span::raw(" no, it stays protected"),
        ]));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = panel(frame, centred(area, width, height), &self.title(scene), true, theme);
        frame.render_widget(crate::widgets::Paragraph::new(lines), inside);
    }
}
