//! What Flux would change in a cluster now, and what has drifted, of a Kustomization, a HelmRelease, an object or an
//! environment.
//!
//! ```text
//! +> Kustomization/apps  production: 1 of 42 objects differs ------------------------------+
//! |  next run  [drift]                                                                     |
//! |> ~ differs  Deployment/web/web                                                         |
//! |      spec.replicas: 3, applied: 1; set by kubectl 5m ago; the next run takes it back   |
//! |      -  replicas: 1                                                                    |
//! |      +  replicas: 3                                                                    |
//! +----------------------------------------------------------------------------------------+
//! ```

mod lines;
mod request;

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::lines::lines;
use self::request::{Answer, Piece, Request};
use crate::app::{Action, CommandTarget, Motion, MotionHint, Scene, Task};
use crate::difference::{ComparisonProgress, DifferenceKind, LiveComparison};
use crate::model::{Env, ObjectRef};
use crate::theme::Scope;
use crate::views::parts::loaded::Loaded;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;
use crate::views::parts::tabs::{self, TabLabel};

/// The tabs.
const TABS: [DifferenceKind; 2] = [DifferenceKind::Next, DifferenceKind::Drift];

/// Shows what differs.
#[derive(Debug)]
pub struct DifferenceView {
    env: Env,
    object: Option<ObjectRef>,
    tab: DifferenceKind,
    parts: [Part; 2],
}

/// Holds one tab.
#[derive(Debug)]
struct Part {
    page: Page,
    found: Loaded<Box<LiveComparison>>,
    progress: Option<ComparisonProgress>,
    is_asked: bool,
}

impl Default for Part {
    fn default() -> Self {
        Self { page: Page::new(SearchKey::Searches), found: Loaded::default(), progress: None, is_asked: false }
    }
}

impl DifferenceView {
    /// Opens what differs in an environment: of a Kustomization, a HelmRelease or an object that one of them applied, or of
    /// all.
    pub fn new(env: Env, object: Option<ObjectRef>) -> Self {
        Self { env, object, tab: DifferenceKind::Next, parts: Default::default() }
    }

    fn part(&self) -> &Part {
        let [next, drift] = &self.parts;
        if self.tab == DifferenceKind::Next { next } else { drift }
    }

    fn part_mut(&mut self, kind: DifferenceKind) -> &mut Part {
        let [next, drift] = &mut self.parts;
        if kind == DifferenceKind::Next { next } else { drift }
    }

    /// Begins the comparison of the open tab, once the repository is read.
    fn ask(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let Some(snapshot) = scene.facts.repository.clone() else { return Vec::new() };
        let (env, kind, object) = (self.env, self.tab, self.object.clone());
        let name = scene.facts.name(env).to_owned();
        let part = self.part_mut(kind);
        (part.is_asked, part.progress) = (true, None);
        vec![Action::Task(Task::stream("difference", move |reach, mut reply| async move {
            let stop = reach.renderer.newest("difference");
            let _given_up_with_the_screen = stop.with_its_owner();
            let request = Request { env, name, kind, object, snapshot };
            let found = request.run(&reach, &stop, &mut reply).await;
            reply.send(Answer(env, kind, Piece::Done(found.map(Box::new)))).await;
        }))]
    }
}

impl Paged for DifferenceView {
    fn id(&self) -> &'static str {
        "difference"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        let name = scene.facts.name(self.env);
        let what = self.object.as_ref().map_or_else(|| "all that Flux applies".to_owned(), ObjectRef::short);
        match &self.part().found.value {
            None => format!("{what}  {name}"),
            Some(found) => {
                let count = found.differences.len();
                let differ = if count == 1 { "differs" } else { "differ" };
                format!("{what}  {name}: {count} of {} objects {differ}", found.compared)
            }
        }
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.part().page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.part_mut(self.tab).page)
    }

    fn forget_lines(&self) {
        self.parts.iter().for_each(|part| part.page.forget_lines());
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        let part = self.part();
        match (&part.found.value, &part.found.fault, part.progress) {
            (Some(found), _, _) => lines(found, self.tab, self.env, scene).into(),
            (None, Some(fault), _) => tabs::fault(fault).into(),
            (None, None, Some(ComparisonProgress { done, total })) => {
                let text = format!("{done} of {total} objects compared; ‹key:back› stops");
                vec![PageLine::cut(text, Scope::Progressing)].into()
            }
            (None, None, None) => match &scene.facts.repository_fault {
                Some(fault) => tabs::fault(fault).into(),
                None => vec![PageLine::cut("rendering...", Scope::Dim)].into(),
            },
        }
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.ask(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        // It waits for the repository; afterwards only a request compares again, because that asks for every object.
        if self.part().is_asked { Vec::new() } else { self.ask(scene) }
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(answer) = payload.downcast::<Answer>() {
            let Answer(env, kind, piece) = *answer;
            // The user may have changed the environment meanwhile.
            if env == self.env {
                let part = self.part_mut(kind);
                match piece {
                    Piece::Progress(progress) => part.progress = Some(progress),
                    Piece::Done(found) => part.found.take(found.map(Some)),
                }
            }
        }
        Vec::new()
    }

    fn head(&self, frame: &mut Frame<'_>, inside: Rect, scene: &Scene<'_>) -> Rect {
        let word = |kind: DifferenceKind| if kind == DifferenceKind::Next { "next run" } else { "drift" };
        let labels = TABS.map(|kind| TabLabel::new(word(kind), kind == self.tab));
        tabs::head(
            frame,
            inside,
            &labels,
            &self.part().found.warning(usize::from(inside.width), scene.keymap),
            scene.theme,
        )
    }

    fn motions(&self) -> &'static [MotionHint] {
        &[MotionHint::TABS, MotionHint::ENVIRONMENT]
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, scene: &Scene<'_>) -> Option<Vec<Action>> {
        (self.env, self.parts) = (env, Default::default());
        Some(self.ask(scene))
    }

    fn own_motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.tab = tabs::by_motion(&TABS, self.tab, motion)?;
        Some(if self.part().is_asked { Vec::new() } else { self.ask(scene) })
    }

    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        let own = self.object.clone().map(|object| CommandTarget::Object(self.env, object));
        line.and_then(PageLine::link).cloned().or(own).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use serde_json::json;

    use super::{Answer, DifferenceView, Piece};
    use crate::app::{Action, Facts, Keymap, Motion, Scene, View};
    use crate::commands::COMMANDS;
    use crate::difference::{
        ComparisonProgress, DifferenceKind, FieldDrift, LiveComparison, LiveDifference, Uncompared,
    };
    use crate::helm::diff::DocumentChange;
    use crate::kinds;
    use crate::model::{Env, Fault};
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;
    use crate::runtime::{PictureFormat, picture};
    use crate::theme::{Depth, Theme};

    fn found() -> LiveComparison {
        let target = kinds::find("Deployment").unwrap().object("web", "web");
        let at = Some("2026-01-15T11:55:00Z".parse().unwrap());
        let field = FieldDrift {
            path: "spec.replicas".to_owned(),
            applied: Some(json!(1)),
            live: Some(json!(3)),
            by: Some("kubectl".to_owned()),
            at,
            undone: true,
            why: "kustomize-controller applies it".to_owned(),
        };
        let stays = FieldDrift {
            path: "metadata.annotations.team".to_owned(),
            applied: None,
            live: Some(json!("a")),
            by: Some("k9s".to_owned()),
            undone: false,
            why: "nothing that kustomize-controller applies sets it".to_owned(),
            ..field.clone()
        };
        let one = LiveDifference {
            env: "staging".to_owned(),
            kustomization: "apps".to_owned(),
            object: target.to_string(),
            change: DocumentChange::Update,
            diff: "@@ -8,3 +8,4 @@\n spec:\n-  replicas: 1\n+  replicas: 3\n".to_owned(),
            note: None,
            fields: vec![field, stays],
            events: Vec::new(),
            target: target.clone(),
        };
        let uncompared = Uncompared {
            env: "staging".to_owned(),
            kustomization: "apps".to_owned(),
            object: "Secret/web/login".to_owned(),
            why: "you may not get Secret".to_owned(),
            refused: false,
        };
        LiveComparison { differences: vec![one], uncompared: vec![uncompared], remarks: Vec::new(), compared: 41 }
    }

    #[test]
    fn a_drift_says_who_did_it_and_whether_it_is_taken_back() {
        let here = TestRepository::new();
        let mut facts = Facts::new("2026-01-15T12:00:00Z".parse::<Timestamp>().unwrap());
        let theme = Theme::load("terminal", Depth::None, true).unwrap();
        let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
        let apps = kinds::find("Kustomization").unwrap().object("flux-system", "apps");
        let mut view = DifferenceView::new(Env(0), Some(apps));
        let scene =
            Scene { facts: &facts, theme: &theme, keymap: &keymap, focus: true, marks: None, commands: COMMANDS };
        assert!(view.opened(&scene).is_empty(), "it waits for the repository");
        facts.set_repository(std::sync::Arc::new(Snapshot::load(here.path())));
        let scene =
            Scene { facts: &facts, theme: &theme, keymap: &keymap, focus: true, marks: None, commands: COMMANDS };
        assert!(matches!(View::changed(&mut view, &scene).as_slice(), [Action::Task(_)]));
        assert!(View::changed(&mut view, &scene).is_empty(), "only a request compares again");
        let drift = View::motion(&mut view, Motion::NextTab, &scene);
        assert!(matches!(drift.as_deref(), Some([Action::Task(_)])));
        let draw = |view: &DifferenceView| {
            let mut terminal = Terminal::new(TestBackend::new(100, 18)).unwrap();
            terminal.draw(|frame| view.render(frame, frame.area(), &scene)).unwrap();
            picture(terminal.backend().buffer(), PictureFormat::Text, false)
        };
        let tell = |view: &mut DifferenceView, env: Env, kind, piece| {
            View::reply(view, Box::new(Answer(env, kind, piece)), &scene);
        };
        let progress = Piece::Progress(ComparisonProgress { done: 16, total: 42 });
        tell(&mut view, Env(0), DifferenceKind::Drift, progress);
        assert!(draw(&view).contains("16 of 42 objects compared; esc stops"), "{}", draw(&view));
        tell(&mut view, Env(0), DifferenceKind::Next, Piece::Done(Err(Fault::failed("no", "because", "do"))));
        tell(&mut view, Env(1), DifferenceKind::Drift, Piece::Done(Err(Fault::failed("other", "", ""))));
        tell(&mut view, Env(0), DifferenceKind::Drift, Piece::Done(Ok(Box::new(found()))));
        insta::assert_snapshot!(draw(&view));
        View::motion(&mut view, Motion::NextTab, &scene);
        assert!(draw(&view).contains("because"), "{}", draw(&view));
    }
}
