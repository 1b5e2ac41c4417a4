//! The exercise of a demonstration: the symptom, the hints so far, and whether the fault is mended.
//!
//! ```text
//! +> exercise: no-key ------------------------------------------------------------------+
//! |  In production nothing new arrives since the cluster was made anew.                  |
//! |  1  z names what the controllers lack.                                               |
//! |  2 more hints: , shows the next                                                      |
//! +-------------------------------------------------------------------------------------+
//! ```

use crate::app::{Action, Scene};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;

/// Shows the exercise.
#[derive(Debug)]
pub struct ExerciseView {
    page: Page,
}

impl Default for ExerciseView {
    fn default() -> Self {
        Self { page: Page::new(SearchKey::Searches) }
    }
}

impl Paged for ExerciseView {
    fn id(&self) -> &'static str {
        "exercise"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        match &scene.facts.exercise {
            Some(progress) if progress.is_mended => format!("exercise: {}: mended", progress.exercise.name),
            Some(progress) => format!("exercise: {}", progress.exercise.name),
            None => "exercise".to_owned(),
        }
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        let Some(progress) = &scene.facts.exercise else { return Vec::new().into() };
        let exercise = &progress.exercise;
        let mut lines = vec![PageLine::wrapped(exercise.symptom.clone(), Scope::Title), PageLine::heading("")];
        for (index, hint) in exercise.hints.iter().take(progress.hints).enumerate() {
            let number = format!("{}  ", index.saturating_add(1));
            lines.push(PageLine::wrapped(hint.clone(), Scope::Text).after(number, Scope::Dim));
        }
        if progress.is_mended {
            lines.push(PageLine::wrapped(format!("Mended. {}", exercise.learned), Scope::Ready));
            return lines.into();
        }
        let text = match exercise.hints.len().saturating_sub(progress.hints) {
            0 => "That were all hints. The fault is mended once the doctor does not find it any more.".to_owned(),
            more => format!("Find the fault and mend it. Hints that are left: {more}"),
        };
        lines.push(PageLine::wrapped(text, Scope::Dim));
        lines.into()
    }

    fn open(&mut self, _line: Option<&PageLine>, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }
}
