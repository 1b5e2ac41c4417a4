//! A guided walk: the steps with what is done, the next one in full.
//!
//! ```text
//! +> Add the decryption key in production: 2 of 4 done -----------------------------------+
//! |  done   1 Know whose files they are   encrypted for age1...                            |
//! |> now    3 Give the cluster its age key                                                 |
//! |           kustomize-controller opens the encrypted files with it ...                   |
//! |           fluxdeck secret age-key --create --env production                            |
//! |           Look for: an entry that ends in .agekey.                                     |
//! |  asked    Does the Secret sops-age have an entry that ends in .agekey?                 |
//! |  later  4 Reconcile what waited for the key                                            |
//! +---------------------------------------------------------------------------------------+
//! ```

use std::any::Any;
use std::collections::BTreeSet;

use crate::app::{Action, CommandTarget, MotionHint, Notice, Scene, Task};
use crate::model::{Env, Fault, ObjectRef};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::{Paged, follow};
use crate::views::parts::tabs;
use crate::walks::{self, Walk, WalkCheck, WalkProgress, WalkStep, WalkSubject};

/// Tells a walk that the operator has done its next step.
#[derive(Debug, Clone, Copy)]
pub struct StepDone;

/// The answer of a verification.
#[derive(Debug)]
struct Verified(Result<WalkProgress, Fault>);

/// Shows a walk. Its steps are known by their titles, because another look at the cluster may bring others.
#[derive(Debug)]
pub struct WalkView {
    env: Env,
    walk: &'static Walk,
    object: Option<ObjectRef>,
    page: Page,
    progress: Option<Result<WalkProgress, Fault>>,
    /// The step that the operator says is done, while it is verified.
    claimed: Option<String>,
    /// The steps whose question was asked.
    asked: BTreeSet<String>,
    /// The steps of which it was told what is wrong.
    told: BTreeSet<String>,
    /// The steps that cannot be verified and that the operator says are done.
    believed: BTreeSet<String>,
    /// The steps that are shown in full beside the next one.
    unfolded: BTreeSet<String>,
}

impl WalkView {
    /// Opens a walk in an environment, about an object where one is given.
    pub fn new(env: Env, walk: &'static Walk, object: Option<ObjectRef>) -> Self {
        Self {
            env,
            walk,
            object,
            page: Page::new(SearchKey::Searches),
            progress: None,
            claimed: None,
            asked: BTreeSet::new(),
            told: BTreeSet::new(),
            believed: BTreeSet::new(),
            unfolded: BTreeSet::new(),
        }
    }

    fn steps(&self) -> &[WalkStep] {
        match &self.progress {
            Some(Ok(progress)) => &progress.steps,
            Some(Err(_)) | None => &[],
        }
    }

    fn is_over(&self, step: &WalkStep) -> bool {
        step.check.is_done() || self.believed.contains(&step.title)
    }

    /// Finds the step that is next.
    fn next(&self) -> Option<&WalkStep> {
        self.steps().iter().find(|step| !self.is_over(step))
    }

    fn verify(&self, scene: &Scene<'_>) -> Vec<Action> {
        let (env, walk) = (self.env, self.walk);
        let context = scene.facts.context(env).to_owned();
        let subject = WalkSubject { repository: scene.facts.repository.clone(), object: self.object.clone() };
        vec![Action::Task(Task::once(format!("verify {}", walk.id), move |tasks| async move {
            let verified = async {
                let cluster = tasks.cluster(env)?;
                walks::follow(walk, &cluster, &context, &tasks.clock, &subject).await
            };
            Verified(verified.await)
        }))]
    }

    /// Answers the claim that a step is done: its question first, then what is wrong.
    fn answer(&mut self, title: String, scene: &Scene<'_>) -> Vec<Action> {
        let Some(step) = self.steps().iter().find(|step| step.title == title) else { return Vec::new() };
        let check = step.check.clone();
        let is_asked = !self.asked.insert(title.clone());
        let text = match check {
            WalkCheck::Done(told) => format!("done: {told}"),
            _ if !is_asked => {
                "not verified: answer the question first; the key says on a second press what is wrong".to_owned()
            }
            WalkCheck::NotYet(told) => {
                self.told.insert(title);
                format!("not yet: {told}")
            }
            WalkCheck::Unknown(told) => {
                self.believed.insert(title);
                format!("taken from you, for it cannot be verified: {told}")
            }
        };
        vec![Action::Tell(Notice::info(scene.facts.now, text))]
    }

    /// Writes a step in full, below its title.
    fn body(&self, step: &WalkStep) -> Vec<PageLine> {
        let lead = " ".repeat(9);
        let put = |text: &str, scope: Scope| PageLine::wrapped(text, scope).after(lead.clone(), Scope::Dim);
        let mut lines = vec![put(&step.why, Scope::Text)];
        for line in step.lines.iter().flat_map(|line| line.as_str().lines()) {
            let shell = put(line, Scope::Shell);
            lines.push(match &step.command {
                Some((id, Some(object))) => shell.runs(id, vec![CommandTarget::Object(self.env, object.clone())]),
                Some((id, None)) => shell.runs(id, vec![CommandTarget::Environment(self.env)]),
                None => shell,
            });
        }
        lines.push(put(&format!("Look for: {}", step.look_for), Scope::Dim));
        if self.asked.contains(&step.title) && !step.check.is_done() {
            lines.push(PageLine::wrapped(step.question.clone(), Scope::Waiting).after("asked    ", Scope::Dim));
        }
        if self.told.contains(&step.title) && !step.check.is_done() {
            lines.push(PageLine::wrapped(step.check.told(), Scope::Failed).after("wrong    ", Scope::Dim));
        }
        lines
    }
}

impl Paged for WalkView {
    fn id(&self) -> &'static str {
        "walk"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        let (title, name) = (self.walk.title, scene.facts.name(self.env));
        match self.steps() {
            [] => format!("{title} in {name}"),
            steps => {
                let over = steps.iter().filter(|step| self.is_over(step)).count();
                format!("{title} in {name}: {over} of {} done", steps.len())
            }
        }
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let (walk, object) = (self.walk, None);
        *self = Self::new(env, walk, object);
        Some(self.load(scene))
    }

    fn motions(&self) -> &'static [MotionHint] {
        &[MotionHint::ENVIRONMENT]
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.verify(scene)
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let Err(payload) = payload.downcast::<StepDone>() else {
            self.claimed = self.next().map(|step| step.title.clone());
            return if self.claimed.is_some() { self.verify(scene) } else { Vec::new() };
        };
        let Ok(verified) = payload.downcast::<Verified>() else { return Vec::new() };
        self.progress = Some(verified.0);
        self.claimed.take().map(|title| self.answer(title, scene)).unwrap_or_default()
    }

    fn lines(&self, _scene: &Scene<'_>) -> SharedLines {
        let progress = match &self.progress {
            None => return vec![PageLine::wrapped("reading the cluster...", Scope::Dim)].into(),
            Some(Err(fault)) => return tabs::fault(fault).into(),
            Some(Ok(progress)) => progress,
        };
        let next = self.next().map(|step| step.title.as_str());
        let mut lines = Vec::new();
        for (index, step) in progress.steps.iter().enumerate() {
            let is_next = next == Some(step.title.as_str());
            let (word, scope) = match &step.check {
                WalkCheck::Done(_) => ("done", Scope::Ready),
                _ if self.believed.contains(&step.title) => ("said", Scope::Ready),
                _ if is_next => ("now", Scope::Progressing),
                WalkCheck::NotYet(_) | WalkCheck::Unknown(_) => ("later", Scope::Dim),
            };
            let number = format!("{} ", index.saturating_add(1));
            let text_scope = if is_next { Scope::Title } else { Scope::Text };
            lines.push(
                PageLine::wrapped(step.title.clone(), text_scope)
                    .after(number, Scope::Dim)
                    .after(format!("{word:<7}"), scope)
                    .at(Some(index)),
            );
            if let WalkCheck::Done(told) = &step.check {
                lines.push(PageLine::wrapped(told.clone(), Scope::Dim).after(" ".repeat(9), Scope::Dim));
            }
            if is_next || self.unfolded.contains(&step.title) {
                lines.extend(self.body(step));
            }
        }
        if next.is_none() {
            lines.push(PageLine::wrapped("every step is done", Scope::Ready).after(" ".repeat(9), Scope::Dim));
        }
        for unread in &progress.unread {
            lines.push(
                PageLine::wrapped(format!("not looked at: {unread}"), Scope::Unknown).after(" ".repeat(9), Scope::Dim),
            );
        }
        lines.into()
    }

    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let line = line?;
        if line.command().is_some() {
            return Some(follow(line, scene).into_iter().collect());
        }
        if let Some(title) = line.place().and_then(|place| self.steps().get(place)).map(|step| step.title.clone())
            && !self.unfolded.remove(&title)
        {
            self.unfolded.insert(title);
        }
        Some(Vec::new())
    }

    fn opens(&self, line: Option<&PageLine>, _lines: &[PageLine]) -> bool {
        let next = self.next().map(|step| step.title.as_str());
        let folds = |place: usize| self.steps().get(place).is_some_and(|step| next != Some(step.title.as_str()));
        line.is_some_and(|line| line.command().is_some() || line.place().is_some_and(folds))
    }

    fn refusal(&self, command: &str) -> Option<String> {
        if command != "walk-done" {
            return None;
        }
        match (&self.progress, self.next()) {
            (None, _) => Some("the cluster is being read".to_owned()),
            (Some(Err(_)), _) => Some("the cluster could not be read; ‹key:redraw› tries again".to_owned()),
            (Some(Ok(_)), None) => Some("every step is done".to_owned()),
            (Some(Ok(_)), Some(_)) => None,
        }
    }
}
