//! Finds the owners of objects, and requests a command on them.
//!
//! ```text
//! +> Reconcile its owner -----------------------------+
//! | looking for what keeps Deployment/web/web...      |
//! +---------------------------------------------------+
//! ```

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::{Action, Command, CommandTarget, Key, Notice, Scene, Task, TaskContext, View};
use crate::lineage;
use crate::model::{Env, Fault, ObjectRef};
use crate::widgets::{Paragraph, StyledLine, centred, panel, wrap};

/// Waits for the answer, and hands the owners to a command.
#[derive(Debug)]
pub struct Owner {
    objects: Vec<(Env, ObjectRef)>,
    command: &'static Command,
}

/// Holds the owner of each object; `None` if it belongs to no Flux object.
struct Found(Result<Vec<Option<ObjectRef>>, Fault>);

impl Owner {
    /// Searches the owners of objects, for a command.
    pub fn new(objects: Vec<(Env, ObjectRef)>, command: &'static Command) -> Self {
        Self { objects, command }
    }

    fn text(&self) -> String {
        match self.objects.as_slice() {
            [(_, only)] => format!("looking for what keeps {only}..."),
            several => format!("looking for what keeps {} objects...", several.len()),
        }
    }
}

async fn find(task_context: TaskContext, objects: Vec<(Env, ObjectRef)>) -> Found {
    let mut found = Vec::new();
    for (env, object) in objects {
        let owner = match task_context.cluster(env) {
            Ok(cluster) => lineage::keeper(&cluster, &object).await,
            Err(fault) => Err(fault),
        };
        match owner {
            Ok(owner) => found.push(owner),
            Err(fault) => return Found(Err(fault)),
        }
    }
    Found(Ok(found))
}

impl View for Owner {
    fn id(&self) -> &'static str {
        "owner"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        "what keeps it".to_owned()
    }

    fn overlay(&self) -> bool {
        true
    }

    fn opened(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        let objects = self.objects.clone();
        vec![Action::Task(Task::once("find what keeps it", |task_context| find(task_context, objects)))]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let Ok(found) = payload.downcast::<Found>() else { return Vec::new() };
        let owners = match found.0 {
            Ok(owners) => owners,
            Err(fault) => return vec![Action::Pop, Action::Tell(Notice::fault(scene.facts.now, fault))],
        };
        let mut targets: Vec<CommandTarget> = Vec::new();
        for ((env, object), owner) in self.objects.iter().zip(owners) {
            let Some(owner) = owner else {
                let place = scene.facts.name(*env);
                let what = format!("nothing of Flux keeps {object} in {place}: there is nothing to reconcile");
                return vec![Action::Pop, Action::Tell(Notice::info(scene.facts.now, what))];
            };
            let target = CommandTarget::Object(*env, owner);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        vec![Action::Pop, Action::Dispatch(self.command, targets, Vec::new())]
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("esc", "stop waiting")]
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        if key.is("esc") { vec![Action::Pop] } else { Vec::new() }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let width = area.width.saturating_sub(8).clamp(20, 72);
        let text = wrap(&self.text(), usize::from(width.saturating_sub(4)));
        let height = u16::try_from(text.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = panel(frame, centred(area, width, height), self.command.title, true, scene.theme);
        frame.render_widget(Paragraph::new(text.into_iter().map(StyledLine::from).collect::<Vec<_>>()), inside);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Found, Owner};
    use crate::app::test_support::facts;
    use crate::app::{Action, Keymap, Scene, View};
    use crate::commands::{COMMANDS, RECONCILE};
    use crate::model::{Env, ObjectRef};
    use crate::theme::{Depth, Theme};

    fn answer(found: Vec<Option<&str>>) -> Vec<Action> {
        let (facts, theme) = (facts(), Theme::load("terminal", Depth::None, true).unwrap());
        let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
        let scene =
            Scene { facts: &facts, theme: &theme, keymap: &keymap, commands: COMMANDS, marks: None, focus: true };
        let objects = ["one", "two"].map(|name| (Env(1), ObjectRef::new("Deployment", "apps", "web", name))).to_vec();
        let owner = |text: &str| -> ObjectRef { text.parse().unwrap() };
        let found = Found(Ok(found.into_iter().map(|text| text.map(owner)).collect()));
        Owner::new(objects, &RECONCILE).reply(Box::new(found), &scene)
    }

    #[test]
    fn the_command_is_asked_for_once_for_each_owner() {
        let apps = Some("Kustomization/flux-system/apps");
        let actions = answer(vec![apps, apps]);
        let [Action::Pop, Action::Dispatch(command, targets, _)] = actions.as_slice() else { panic!("{actions:?}") };
        assert_eq!((command.id, targets.len(), targets[0].env()), ("reconcile", 1, Some(Env(1))));
        assert_eq!(targets[0].name(), "Kustomization/flux-system/apps");
    }

    #[test]
    fn what_nobody_keeps_is_told_and_nothing_is_done() {
        let actions = answer(vec![Some("HelmRelease/web/web"), None]);
        let [Action::Pop, Action::Tell(notice)] = actions.as_slice() else { panic!("{actions:?}") };
        assert_eq!(
            notice.what,
            "nothing of Flux keeps Deployment/web/two in production: there is nothing to reconcile"
        );
    }
}
