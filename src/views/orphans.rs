//! The live objects of an environment that neither Git, nor Helm, nor an operator explains.
//!
//! ```text
//! +> staging: 3 orphans among 412 objects ------------------------------------------+
//! |>ConfigMap/web/notes      made by hand with kubectl create    kubectl create  3d |
//! | Secret/web/app-env       copied by hand from Secret/app/app-env  kubectl   12d  |
//! +----------------------------------------------------------------------------------+
//! ```

use std::any::Any;

use super::parts::loaded::Loaded;
use crate::app::{Action, CommandTarget, MotionHint, Scene, Task};
use crate::model::clock::age;
use crate::model::{Env, Fault};
use crate::orphans::{FoundOrphans, find};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;

/// Lists the orphans of one environment.
#[derive(Debug)]
pub struct Orphans {
    env: Env,
    page: Page,
    found: Loaded<FoundOrphans>,
}

/// Answers the task with the environment of the request.
struct Answer(Env, Result<FoundOrphans, Fault>);

impl Orphans {
    /// Opens the orphans of an environment.
    pub fn new(env: Env) -> Self {
        Self { env, page: Page::new(SearchKey::Filters), found: Loaded::default() }
    }

    fn ask(&self) -> Vec<Action> {
        let env = self.env;
        vec![Action::Task(Task::once("orphans", move |reach| async move {
            let found = match reach.cluster(env) {
                Ok(cluster) => find(&cluster).await,
                Err(fault) => Err(fault),
            };
            Answer(env, found)
        }))]
    }
}

fn lines(env: Env, found: &FoundOrphans, now: jiff::Timestamp) -> Vec<PageLine> {
    let mut lines = Vec::new();
    if found.orphans.is_empty() {
        let (text, scope) = match found.unlisted.as_slice() {
            [] => ("nothing is left over: Git, Helm, Kubernetes or an operator explains every object", Scope::Ready),
            _ => ("nothing is left over among the objects that could be listed", Scope::Unknown),
        };
        lines.push(PageLine::wrapped(text, scope));
    }
    for orphan in &found.orphans {
        let old = orphan.since.map(|since| age(now, since)).unwrap_or_default();
        lines.push(
            PageLine::cut(orphan.why.clone(), Scope::Text)
                .cell(orphan.object.to_string(), Scope::Title)
                .cell(old, Scope::Dim)
                .cell(orphan.by.clone(), Scope::Dim)
                .opens(Some(CommandTarget::Object(env, orphan.object.clone()))),
        );
    }
    if !found.unlisted.is_empty() {
        lines.push(PageLine::heading("kinds that were not looked at"));
        lines.extend(
            found.unlisted.iter().map(|one| {
                PageLine::wrapped(one.why.clone(), Scope::Dim).after(format!("  {}  ", one.kind), Scope::Text)
            }),
        );
    }
    lines
}

impl Paged for Orphans {
    fn id(&self) -> &'static str {
        "orphans"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        let name = scene.facts.name(self.env);
        let Some(found) = &self.found.value else { return format!("{name}: orphans") };
        let old = if self.found.fault.is_some() { ", may be old" } else { "" };
        let count = found.orphans.len();
        let word = if count == 1 { "orphan" } else { "orphans" };
        format!("{name}: {count} {word} among {} objects{old}", found.looked_at)
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        match &self.found.value {
            Some(found) => lines(self.env, found, scene.facts.now_in(self.env)).into(),
            None => self.found.in_place().into(),
        }
    }

    fn load(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        self.ask()
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        (self.env, self.found) = (env, Loaded::default());
        Some(self.ask())
    }

    fn motions(&self) -> &'static [MotionHint] {
        &[MotionHint::ENVIRONMENT]
    }

    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        let object = line.and_then(PageLine::link).cloned();
        vec![object.unwrap_or(CommandTarget::Environment(self.env))]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(answer) = payload.downcast::<Answer>()
            && answer.0 == self.env
        {
            self.found.take(answer.1.map(Some));
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::app::CommandTarget;
    use crate::model::Env;
    use crate::orphans::{FoundOrphans, Orphan, Unlisted};

    #[test]
    fn an_orphan_opens_its_object_and_what_was_passed_over_is_named() {
        let orphan = Orphan {
            object: "ConfigMap/web/notes".parse().unwrap(),
            since: Some("2026-01-12T12:00:00Z".parse().unwrap()),
            by: "kubectl create".to_owned(),
            why: "made by hand with kubectl create".to_owned(),
        };
        let object = orphan.object.clone();
        let unlisted = vec![Unlisted { kind: "Secret".to_owned(), why: "forbidden".to_owned() }];
        let found = FoundOrphans { orphans: vec![orphan], looked_at: 3, unlisted };
        let lines = lines(Env(0), &found, "2026-01-15T12:00:00Z".parse().unwrap());
        assert_eq!(lines[0].link(), Some(&CommandTarget::Object(Env(0), object)));
        let text = format!("{lines:?}");
        assert!(text.contains("\"3d\"") && text.contains("Secret") && text.contains("forbidden"), "{text}");
        let none = FoundOrphans { unlisted: Vec::new(), orphans: Vec::new(), looked_at: 3 };
        assert_eq!(super::lines(Env(0), &none, jiff::Timestamp::UNIX_EPOCH).len(), 1);
        let unlisted = vec![Unlisted { kind: "Secret".to_owned(), why: "forbidden".to_owned() }];
        let some = FoundOrphans { unlisted, orphans: Vec::new(), looked_at: 3 };
        let text = format!("{:?}", super::lines(Env(0), &some, jiff::Timestamp::UNIX_EPOCH));
        assert!(text.contains("that could be listed") && !text.contains("every object"), "{text}");
    }
}
