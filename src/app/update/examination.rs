//! Examinations for root causes: when an environment is examined, and what its answers change.

use std::sync::Arc;

use crate::app::health::Problem;
use crate::app::{App, Effect};
use crate::doctor::Examination;
use crate::kinds;
use crate::model::{Env, Fault};

/// The screen that shows root causes.
const SCREEN: &str = "doctor";

/// Holds the request of the last examination of an environment.
pub(in crate::app) struct Examined {
    /// Its number.
    generation: u64,
    /// Whether its answer is still to come.
    is_running: bool,
    /// What it was requested for: another state of these requests another one.
    of: ExaminedState,
}

impl Examined {
    /// Returns its number.
    #[cfg(test)]
    pub(in crate::app) fn generation(&self) -> u64 {
        self.generation
    }
}

/// What an examination depends on. The age of a problem is part of it, so that one that lasts is looked at each minute.
#[derive(PartialEq, Eq)]
struct ExaminedState {
    problems: Vec<Problem>,
    minute: i64,
    survey: usize,
}

impl App {
    /// Requests examinations: while something is not well, while the last one found a cause, and while the doctor's
    /// screen is open. One that runs is waited for.
    pub(super) fn examine_wanted(&mut self, effects: &mut Vec<Effect>) {
        let is_open = self.layers.iter().any(|layer| layer.view.id() == SCREEN);
        let envs: Vec<Env> = self.facts.environments.iter().map(|(env, _)| env).collect();
        for env in envs {
            let problems = self.facts.health(env).map(|health| health.problems.clone()).unwrap_or_default();
            let has_roots = self
                .facts
                .examination(env)
                .is_some_and(|found| found.as_ref().is_ok_and(|found| !found.roots.is_empty()));
            let is_wanted = (is_open || has_roots || !problems.is_empty()) && self.is_listed(env);
            if !is_wanted || self.examined.get(&env).is_some_and(|last| last.is_running) {
                continue;
            }
            let survey = self.facts.survey.as_ref().map_or(0, |survey| Arc::as_ptr(survey).addr());
            let of = ExaminedState { problems, minute: self.facts.now.as_second() / 60, survey };
            if self.examined.get(&env).is_some_and(|last| last.of == of) {
                continue;
            }
            let generation = self.next_generation;
            self.next_generation += 1;
            self.examined.insert(env, Examined { generation, is_running: true, of });
            let root = self.facts.repository.as_ref().map(|snapshot| snapshot.root.clone());
            effects.push(Effect::Examine {
                env,
                generation,
                context: self.facts.context(env).to_owned(),
                survey: self.facts.survey.clone().zip(root),
            });
        }
    }

    fn is_listed(&self, env: Env) -> bool {
        self.facts.table(env, kinds::KUSTOMIZATION).is_some_and(|table| table.link.is_listed())
    }

    /// Takes the answer of an examination; an older one is dropped.
    pub(super) fn examined(
        &mut self,
        env: Env,
        generation: u64,
        found: Result<Arc<Examination>, Fault>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(last) = self.examined.get_mut(&env).filter(|last| last.generation == generation) else { return };
        last.is_running = false;
        self.facts.set_examination(env, found);
        self.views_follow(effects);
    }
}
