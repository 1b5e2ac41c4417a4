//! The kinds that a cluster serves: every kind that can be listed, including those of Flux and of custom resource
//! definitions.
//!
//! ```text
//! +> staging  kinds  64 ---------------------------------------------+
//! |   KIND            GROUP              NAMES                       |
//! |> Certificate      cert-manager.io    certificates cert certs     |
//! +------------------------------------------------------------------+
//! ```

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::list::List;
use super::parts::loaded::Loaded;
use crate::app::motion::step;
use crate::app::{Action, CommandTarget, Motion, MotionHint, Scene, Task, View};
use crate::cluster::Served;
use crate::kinds;
use crate::model::{Env, Fault};
use crate::theme::Scope;
use crate::widgets::{Paragraph, Scroll, Span, StyledLine, fit, lines, pad, panel, wrap};

/// The most widths of the columns, in cells.
const KIND: usize = 32;
const GROUP: usize = 34;

/// Lists the kinds that a cluster serves.
#[derive(Debug)]
pub struct ServedKinds {
    env: Env,
    served: Loaded<Vec<Served>>,
    selected: usize,
    scroll: Scroll,
    filter: String,
}

/// Answers [`ask`].
pub(super) struct Answer(pub(super) Result<Vec<Served>, Fault>);

/// Requests the served kinds from the cluster of an environment.
pub(super) fn ask(env: Env) -> Action {
    Action::Task(Task::once("kinds that are served", move |task_context| async move {
        Answer(match task_context.cluster(env) {
            Ok(cluster) => cluster.served().await,
            Err(fault) => Err(fault),
        })
    }))
}

impl ServedKinds {
    /// Opens the served kinds of an environment's cluster.
    pub fn new(env: Env) -> Self {
        Self { env, served: Loaded::default(), selected: 0, scroll: Scroll::default(), filter: String::new() }
    }

    fn found(&self) -> Vec<&Served> {
        let wanted = self.filter.to_lowercase();
        let matches = |served: &&Served| {
            let resource = &served.resource;
            wanted.is_empty()
                || resource.kind.to_lowercase().contains(&wanted)
                || resource.plural.contains(&wanted)
                || resource.group.contains(&wanted)
                || served.short.iter().any(|name| name.contains(&wanted))
        };
        self.served.value.iter().flatten().filter(matches).collect()
    }
}

/// Opens the list of a resource: its own if the kind has a file, else as the server prints it.
pub(super) fn list_of(env: Env, served: &Served) -> Box<dyn View> {
    let resource = &served.resource;
    match kinds::KINDS.iter().find(|kind| kind.group_kind() == resource.group_kind()) {
        Some(kind) => Box::new(List::new(env, kind.kind)),
        None => Box::new(List::printed(env, resource.clone())),
    }
}

impl View for ServedKinds {
    fn id(&self) -> &'static str {
        "kinds"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "kinds".to_owned()
    }

    fn opened(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        vec![ask(self.env)]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(answer) = payload.downcast::<Answer>() {
            self.served.take(answer.0.map(Some));
        }
        Vec::new()
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        if let Some(env) = scene.facts.environment_by(motion, self.env) {
            return Some(vec![Action::Replace(Box::new(Self::new(env)))]);
        }
        match motion {
            Motion::Open => {
                let served = self.found().get(self.selected).map(|served| list_of(self.env, served));
                return Some(served.map(Action::Push).into_iter().collect());
            }
            Motion::Redraw => {
                return Some(vec![ask(self.env), Action::Redraw]);
            }
            _ => {
                let count = self.found().len();
                self.selected = step(self.selected, count, self.scroll.page(), motion)?;
            }
        }
        Some(Vec::new())
    }

    fn motions(&self) -> &'static [MotionHint] {
        &[MotionHint::ENVIRONMENT]
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn targets(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        vec![CommandTarget::Environment(self.env)]
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        let selected = self.found().get(self.selected).map(|served| served.resource.clone());
        text.clone_into(&mut self.filter);
        let place = selected.and_then(|resource| self.found().iter().position(|served| served.resource == resource));
        self.selected = place.unwrap_or(0);
        true
    }

    fn filtered(&self, _scene: &Scene<'_>) -> Option<(usize, usize)> {
        let all = self.served.value.as_ref().map_or(0, Vec::len);
        (!self.filter.is_empty()).then(|| (self.found().len(), all))
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let found = self.found();
        let title = format!("{}  kinds  {}", scene.facts.name(self.env), found.len());
        let inside = panel(frame, area, &title, scene.focus, scene.theme);
        let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inside);
        let width = usize::from(inside.width);
        // As wide as the cluster's own kinds need: the names that kubectl takes have the rest.
        let all = self.served.value.iter().flatten().map(|served| &served.resource);
        let widest = |texts: &mut dyn Iterator<Item = usize>, most: usize| texts.max().unwrap_or(0).clamp(5, most);
        let kind = widest(&mut all.clone().map(|resource| resource.kind.len()), KIND);
        let group = widest(&mut all.map(|resource| resource.group.len()), GROUP);
        let heading = format!("  {} {} NAMES", pad("KIND", kind), pad("GROUP", group));
        frame.render_widget(StyledLine::styled(fit(&heading, width), scene.theme.style(Scope::Heading)), head);
        if found.is_empty() {
            let text = match (&self.served.value, &self.served.fault) {
                (_, Some(fault)) => format!("{}: {}. {}", fault.what, fault.why, scene.keymap.written(&fault.todo)),
                (None, None) => "asking the cluster...".to_owned(),
                (Some(_), None) => {
                    format!("nothing matches `{}`; {} shows all again", self.filter, scene.keymap.written("‹key:back›"))
                }
            };
            let wrapped: Vec<StyledLine<'_>> = wrap(&text, width).into_iter().map(StyledLine::from).collect();
            frame.render_widget(Paragraph::new(wrapped), body);
            return;
        }
        lines(frame, body, &self.scroll, self.selected, found.len(), |index, selected| {
            let Some(served) = found.get(index) else { return StyledLine::default() };
            let resource = &served.resource;
            let name = fit(&resource.kind, kind);
            let gap = " ".repeat(kind.saturating_sub(name.len()) + 1);
            let scope = if selected { Scope::Selection } else { Scope::Text };
            let names = format!("{} {}", resource.plural, served.short.join(" "));
            let rest =
                fit(&format!("{} {names}", pad(&fit(&resource.group, group), group)), width.saturating_sub(kind + 3));
            StyledLine::from(vec![
                Span::styled(if selected { "> " } else { "  " }, scene.theme.style(Scope::Selection)),
                Span::styled(name, scene.theme.style(scope)),
                Span::raw(gap),
                Span::styled(rest, scene.theme.style(Scope::Dim)),
            ])
        });
    }
}
