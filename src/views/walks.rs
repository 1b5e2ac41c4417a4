//! The guided walks, those for the selected object first.
//!
//! ```text
//! +> walks ------------------------------------------------------------------------------+
//! |> Bootstrap a cluster           A new cluster shall be kept by this repository.        |
//! |  A HelmRelease that is stuck   A HelmRelease does not become Ready, and a plain ...   |
//! +--------------------------------------------------------------------------------------+
//! ```

use super::walk::WalkView;
use crate::app::{Action, MotionHint, Scene};
use crate::model::{Env, ObjectRef};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;
use crate::walks::{self, Walk};

/// Lists the walks.
#[derive(Debug)]
pub struct Walks {
    env: Env,
    object: Option<ObjectRef>,
    page: Page,
}

impl Walks {
    /// Opens the list for an environment; walks for the object come first.
    pub fn new(env: Env, object: Option<ObjectRef>) -> Self {
        Self { env, object, page: Page::new(SearchKey::Filters) }
    }

    /// Returns the object if a walk can be about it.
    fn object_for(&self, walk: &Walk) -> Option<&ObjectRef> {
        self.object.as_ref().filter(|object| walk.takes(object))
    }

    fn sorted(&self) -> Vec<&'static Walk> {
        let mut all: Vec<&'static Walk> = walks::all().collect();
        all.sort_by_key(|walk| self.object_for(walk).is_none());
        all
    }
}

impl Paged for Walks {
    fn id(&self) -> &'static str {
        "walks"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("walks in {}", scene.facts.name(self.env))
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

    fn show_environment(&mut self, env: Env, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        (self.env, self.object) = (env, None);
        Some(Vec::new())
    }

    fn motions(&self) -> &'static [MotionHint] {
        &[MotionHint::ENVIRONMENT]
    }

    fn lines(&self, _scene: &Scene<'_>) -> SharedLines {
        let line = |(index, walk): (usize, &'static Walk)| {
            let of = self.object_for(walk).map(|object| format!("{}. ", object.told())).unwrap_or_default();
            PageLine::wrapped(format!("{of}{}", walk.about), Scope::Dim).cell(walk.title, Scope::Text).at(Some(index))
        };
        self.sorted().into_iter().enumerate().map(line).collect::<Vec<_>>().into()
    }

    fn open(&mut self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        let walk = line.and_then(PageLine::place).and_then(|place| self.sorted().into_iter().nth(place));
        let view = walk.map(|walk| WalkView::new(self.env, walk, self.object_for(walk).cloned()));
        Some(view.map(|view| Action::Push(Box::new(view))).into_iter().collect())
    }

    fn opens(&self, line: Option<&PageLine>, _lines: &[PageLine]) -> bool {
        line.and_then(PageLine::place).is_some()
    }
}
